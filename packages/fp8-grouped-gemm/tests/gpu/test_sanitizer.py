"""compute-sanitizer finds nothing while every backend and store mode runs.

`initcheck` is left out: it does not follow descriptor stores, so it calls every value that one of
them wrote uninitialised (seen on an H200: each element of a ragged result, none of a masked one).
"""

import os
import shutil
import subprocess
import sys

import pytest
import torch

TOOL = shutil.which("compute-sanitizer")
pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
    pytest.mark.skipif(TOOL is None, reason="needs compute-sanitizer of the CUDA toolkit on PATH"),
]


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["memcheck", "synccheck"])
def test_the_installation_check_is_clean(tool: str) -> None:
    # torch's caching allocator would hide accesses behind an allocation's end.
    environment = os.environ | {"PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}
    command = [
        str(TOOL), "--tool", tool, "--error-exitcode", "9",
        sys.executable, "-m", "fp8_grouped_gemm", "check", "--device", "cuda",
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "ERROR SUMMARY: 0 errors" in done.stdout
