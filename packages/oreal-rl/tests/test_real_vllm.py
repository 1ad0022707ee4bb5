"""The samplers against a real vLLM, in its own environment; skips where that is not there.

`uv run python tools/make_vllm_env.py` makes the environment. The last result is committed as
`results/real_vllm.json`; `OREAL_WRITE_RESULTS=1` writes it anew.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1]
ENVIRONMENT = Path(os.environ.get("VLLM_ENV", PACKAGE.parents[1] / ".venv-vllm"))
PYTHON = ENVIRONMENT / "bin" / "python"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1500),  # three engines start, up to a minute each on one free core
    pytest.mark.skipif(
        not PYTHON.exists() or sys.platform != "linux",
        reason=f"no vLLM at {ENVIRONMENT}; make it: uv run python tools/make_vllm_env.py",
    ),
]


@pytest.fixture(scope="module")
def result():
    environment = {
        **os.environ,
        "VLLM_CPU_KVCACHE_SPACE": "1",  # GiB
        "VLLM_NO_USAGE_STATS": "1",
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",  # each process imports for half a minute
        "VLLM_ENGINE_READY_TIMEOUT_S": "900",  # on busy cores
        "OMP_NUM_THREADS": "1",
        "GOMP_SPINCOUNT": "0",
        "HF_HUB_OFFLINE": "1",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    environment.pop("PYTEST_CURRENT_TEST", None)
    done = subprocess.run(
        [PYTHON, Path(__file__).with_name("real_vllm.py")],
        capture_output=True, text=True, env=environment, timeout=1400, check=False,
    )  # fmt: skip
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    answer = json.loads(lines[-1].removeprefix("RESULT "))
    if os.environ.get("OREAL_WRITE_RESULTS"):
        target = PACKAGE / "results" / "real_vllm.json"
        target.write_text(json.dumps(answer, indent=2) + "\n")
    return answer


TOLERANCE = 1e-5  # nats; float32 engines agree to about 1e-6


def test_the_engine_in_this_process_agrees_after_every_sync(result):
    got = result["in_process"]
    assert got["gap_at_start"] <= TOLERANCE
    assert got["gap_before_sync"] > 100 * TOLERANCE  # the check can fail
    assert got["gap_after_sync"] <= TOLERANCE
    assert got["tokens_compared"] >= 6
    assert got["nucleus_gap"] <= TOLERANCE
    assert got["same_seed_same_rollouts"]


def test_a_tied_head_left_stale_is_refused(result):
    got = result["tied"]
    assert got["gap_at_start"] <= TOLERANCE
    assert got["refused"]
    assert got["gap_after_sync"] > 100 * TOLERANCE
    assert "tied heads" in got["message"]


def test_the_server_agrees_after_every_sync(result):
    got = result["server"]
    assert got["gap_at_start"] <= TOLERANCE
    assert got["gap_after_sync"] <= TOLERANCE
    assert got["nucleus_gap"] <= TOLERANCE
    assert got["failed_requests"] == 0


@pytest.mark.parametrize("engine", ["in_process", "server"])
def test_training_runs_through_the_engine(result, engine):
    got = result[engine]["training"]
    assert got["updated"] == 2.0
    assert got["gap_after_last_sync"] <= TOLERANCE
    assert got["importance_mean"] == pytest.approx([1.0, 1.0], abs=1e-4)
    assert got["sampler_kl"] < 1e-8
