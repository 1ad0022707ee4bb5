"""Every adapter's example runs against the real library.

Those whose libraries are not installed here skip and say so. OpenEnv and verl want other versions
than the workspace has; `uv run` gives their scripts an environment each.
"""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-2000:]}\n{done.stderr[-3000:]}"
    return done.stdout


# Model libraries take seconds to import, a cluster and a language model's endpoint seconds to
# start: on two idle cores they take 15 to 30 s each.
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("name", "library", "says"),
    [
        ("trl_grpo", "trl", "environment, several turns: [0.5, 0.5]"),
        ("verifiers_rollouts", "verifiers", "'multi.guess_number'] [1.0, 0.0]"),
        ("ray_scoring", "ray", "the same after an actor was lost: True"),
    ],
)
def test_an_example_runs_against_its_library(name, library, says):
    if importlib.util.find_spec(library) is None:
        pytest.skip(f"the extra {library} is not installed")
    assert says in run(sys.executable, str(EXAMPLES / f"{name}.py"))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "says"), [("openenv_episode", '"deserved": 1.0')])
def test_an_example_runs_in_its_own_environment(name, says):
    if shutil.which("uv") is None:
        pytest.skip("uv, which makes the environment, is not installed")
    assert says in run("uv", "run", "--quiet", str(EXAMPLES / f"{name}.py"))


def test_every_example_is_run_here():
    source = Path(__file__).read_text(encoding="utf-8")
    for path in EXAMPLES.glob("*.py"):
        assert path.stem in source or path.stem == "bootcamp_v1", path.name
