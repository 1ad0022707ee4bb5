"""FSDP2 and expert parallelism on two gloo ranks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FILE = Path(__file__).with_name("distributed_cases.py")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fsdp", "mixed", "experts"])
def test_on_two_ranks(name: str, tmp_path: Path) -> None:
    command = [sys.executable, str(FILE), name, str(tmp_path / "rendezvous")]
    ranks = [
        subprocess.Popen(
            command,
            env=os.environ | {"RANK": str(rank), "WORLD_SIZE": "2", "OMP_NUM_THREADS": "1"},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(2)
    ]
    for process in ranks:
        _, errors = process.communicate(timeout=200)
        assert process.returncode == 0, errors
