"""A run on two ranks: equal updates to one process' with the same rollouts, and a resume."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time

import pytest

from intern_rl.placement import merged

CONFIG = """
threads = 1
[policy]
path = "{path}"
[tasks]
patterns = ["logic.majority", "chem.smiles_rings", "logic.parity"]
[rl]
steps = 4
record_every = 2
record_groups = 5
[rl.oreal]
prompts_per_step = 6
group_size = 4
num_minibatches = 1
max_new_tokens = 4
learning_rate = 1e-3
truncated = "wrong"
token_reward = "threshold"
token_learning_rate = 1e-2
token_gate = 0.0
policy_freeze_steps = 1
[evaluation]
questions_per_task = 3
num_samples = 2
max_new_tokens = 4
"""


def torchrun(*arguments: object) -> list[str]:
    start = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    return [*start, "-m", "intern_rl", *map(str, arguments)]


def test_metrics_of_ranks_are_added_or_averaged():
    one = {"count/rollouts": 4.0, "reward_mean": 0.5, "task/a/pass_rate": 1.0, "histogram": [1, 0]}
    two = {"count/rollouts": 2.0, "reward_mean": 0.1, "histogram": [0, 3]}
    assert merged([one, two]) == {
        "count/rollouts": 6.0,
        "reward_mean": 0.3,
        "task/a/pass_rate": 1.0,
        "histogram": [1, 3],
    }
    assert merged([one]) is one


@pytest.mark.slow
def test_two_ranks_train_and_resume_after_a_kill_to_the_same_metrics(cli, finished_run, tmp_path):
    path = tmp_path / "ranks.toml"
    path.write_text(CONFIG.format(path=finished_run / "checkpoints" / "cold-start"))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}

    # Where there is Ray, the ranks of one run share a verifier worker: nothing else may differ.
    workers = ("--set", "workers.verifier=1") if importlib.util.find_spec("ray") else ()
    whole = tmp_path / "whole"
    done = subprocess.run(
        torchrun("train", path, "--output", whole, *workers),
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [line for line in cli.metrics(whole) if line["stage"] == "rl"]
    assert [line["step"] for line in lines] == [1, 2, 3, 4]
    assert all(line["count/prompts_taken"] == 6 for line in lines)
    assert all(line["count/rollouts"] == 24 for line in lines)
    assert any(line["rollouts_trained"] for line in lines), "nothing was trained on"
    assert any(line.get("token_reward/gate_open") for line in lines)
    counters = json.loads((whole / "done" / "rl.json").read_text())["counters"]
    assert counters["rollouts"] == 4 * 24
    assert list((whole / "state").iterdir()) == []
    assert "Groups to read" in (whole / "report.html").read_text()
    kept = {path.name: json.loads(path.read_text()) for path in (whole / "groups").iterdir()}
    assert sorted(kept) == ["000001.json", "000002.json", "000004.json"]
    # A rank has three groups of a step: five in one file come from both.
    assert any(sum(group["trained"] for group in groups) > 3 for groups in kept.values())
    rows = [row for groups in kept.values() for group in groups for row in group["rollouts"]]
    assert all(len(row["tokens"]) == len(row["weights"]) == row["num_tokens"] for row in rows)
    assert any(len(set(row["weights"])) > 1 for row in rows), "all tokens of an answer weigh alike"

    killed = tmp_path / "killed"
    process = subprocess.Popen(
        torchrun("train", path, "--output", killed),
        env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    metrics = killed / "metrics.jsonl"
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and process.poll() is None:
        if metrics.exists() and '{"stage": "rl", "step": 2,' in metrics.read_text():
            break
        time.sleep(0.005)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL, "the run ended before it could be killed"
    done = subprocess.run(
        torchrun("resume", killed), env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert cli.metrics(killed) == cli.metrics(whole)
    again = {path.name: json.loads(path.read_text()) for path in (killed / "groups").iterdir()}
    assert again == kept
