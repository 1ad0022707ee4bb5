import os
import subprocess
import sys

import pytest

from intern_runs import ProgramError, run_program

PROBE = """
import os, sys
import intern_runs, {main}
assert "torch" not in sys.modules
intern_runs.run_program(lambda: print(os.environ["OMP_WAIT_POLICY"]))
"""


@pytest.mark.parametrize(
    "main", ["intern_rl.main", "intern_pretrain.main", "intern_detection_kd.main"]
)
def test_a_program_says_how_threads_wait_before_torch_is_loaded(main):
    done = subprocess.run(
        [sys.executable, "-c", PROBE.format(main=main)],
        env={k: v for k, v in os.environ.items() if k != "OMP_WAIT_POLICY"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "PASSIVE\n"


def test_a_mistake_of_the_user_is_one_line_and_a_defect_keeps_its_traceback(capsys, monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")

    def mistake():
        raise ProgramError("steps is 0;\n  expected at least 1")

    assert run_program(mistake) == 2
    assert capsys.readouterr().err == "error: steps is 0; expected at least 1\n"
    with pytest.raises(IndexError):
        run_program(lambda: [][0])
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
