"""compute-sanitizer finds nothing while every backend and store mode runs.

`initcheck` looks at masked stores alone: it does not follow descriptor stores, so it calls every
value that one of them wrote uninitialised (seen on an H200: each element of a ragged result).
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


MASKED = """
import torch
import fp8_grouped_gemm as fgg
a = torch.randn(600, 256, device="cuda", dtype=torch.bfloat16)
b = torch.randn(3, 256, 256, device="cuda", dtype=torch.bfloat16)
sizes = torch.tensor([100, 200, 300], device="cuda", dtype=torch.int32)
recipe = fgg.Recipe(backend="triton", store="masked")
print(float(fgg.grouped_gemm(a, b, sizes, recipe=recipe).float().sum()))
"""
CHECK = ["-m", "fp8_grouped_gemm", "check", "--device", "cuda"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("tool", "program"), [("memcheck", CHECK), ("synccheck", CHECK), ("initcheck", ["-c", MASKED])]
)
def test_the_sanitizer_finds_nothing(tool: str, program: list[str]) -> None:
    # torch's caching allocator would hide accesses behind an allocation's end.
    environment = os.environ | {"PYTORCH_NO_CUDA_MEMORY_CACHING": "1"}
    command = [
        str(TOOL), "--tool", tool, "--error-exitcode", "9",
        sys.executable, *program,
    ]  # fmt: skip
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "ERROR SUMMARY: 0 errors" in done.stdout
