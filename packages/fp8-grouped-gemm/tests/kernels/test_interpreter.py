"""The Triton kernels themselves, run by Triton's interpreter on a CPU."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("triton", reason="kernels need Triton, which exists for Linux only")
FILE = Path(__file__).with_name("interpreter_cases.py")
NAMES = [
    node.name
    for node in ast.parse(FILE.read_text()).body
    if isinstance(node, ast.FunctionDef) and "case" in map(ast.unparse, node.decorator_list)
]


@pytest.fixture(scope="module")
def results() -> dict[str, str]:
    environment = os.environ | {"TRITON_INTERPRET": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(FILE)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", NAMES)
def test_in_the_interpreter(results: dict[str, str], name: str) -> None:
    assert results[name] == "ok", results[name]
