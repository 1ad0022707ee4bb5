"""Ray workers of a run: results do not depend on who works, and what is lost is counted and shown.

One run loses a rollout worker, a verifier worker and its judge on the way; a fork of it with other
workers loses nothing, and every number that both share must be the same.
"""

import importlib.util
import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
import torch

from intern_rl.config import RewardsConfig, RunConfig
from intern_rl.main import main
from intern_rl.models import (
    describe_config,
    make_architecture,
    make_rollout_sampler,
    silence_placeholders,
)
from intern_rl.report import _lost_rows
from intern_rl.rewards import Defect, Rewards, make_verifier
from oreal_rl.errors import VerifierError
from oreal_rl.protocols import SamplingParams
from oreal_rl.samplers.selfcheck import measure_gap
from oreal_rl.types import Prompt, RewardAudit, Verdict

STEPS = 8
WORKERS = """
[workers]
rollout = 2
verifier = 2
chunk_prompts = 2
[rewards]
sources = [
  {{ kind = "environment" }},
  {{ kind = "form" }},
  {{ kind = "judge", base_url = "{url}", model = "m", role = "verdict", cache_size = 0 }},
]
[rewards.routes]
"logic.parity" = ["judge"]
"*" = ["environment", "form"]
"""


def is_as_wanted(text: str) -> bool:
    """Compare the given answer with the wanted one."""
    wanted = re.search(r"Wanted answer:\n(.*?)\n\n", text, re.DOTALL)[1].strip()
    return re.search(r"<given>\n(.*?)\n</given>", text, re.DOTALL)[1].strip() == wanted


def descendants(pid: int) -> list[int]:
    """Processes below one, by /proc."""
    parents = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            _, _, rest = status.read_text().rpartition(")")
        except OSError:
            continue  # it has just ended
        parents[int(status.parent.name)] = int(rest.split()[1])
    found, last = [], [pid]
    while last:
        last = [child for child, parent in parents.items() if parent in last]
        found += last
    return found


def kill_one(program: int, kind: str) -> None:
    """What a machine that goes away does to a worker: SIGKILL, no goodbye."""
    for pid in descendants(program):
        if kind in Path(f"/proc/{pid}/cmdline").read_text():
            os.kill(pid, signal.SIGKILL)
            return
    raise AssertionError(f"no process of {kind}")


def wait_for_step(folder: Path, step: int, program: subprocess.Popen) -> None:
    wanted = f'{{"stage": "rl", "step": {step},'
    metrics, deadline = folder / "metrics.jsonl", time.monotonic() + 600
    while not (metrics.exists() and wanted in metrics.read_text()):
        assert program.poll() is None, "the run ended before its time"
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(scope="module")
def finished(cli, tiny_config, judge_endpoint, tmp_path_factory):
    """The run with losses, and its fork with other workers and none."""
    folder = tmp_path_factory.mktemp("workers")
    endpoint = judge_endpoint(is_as_wanted)
    environment = {
        **cli.environment, "no_proxy": "127.0.0.1",
        "RAY_AUTH_MODE": "disabled",  # the cluster lives for a minute, on the loopback
    }  # fmt: skip
    config = folder / "workers.toml"
    config.write_text(tiny_config.read_text() + WORKERS.format(url=endpoint.url))
    lossy, fork = folder / "lossy", folder / "fork"
    with (folder / "log").open("w") as log:
        program = subprocess.Popen(
            cli.command("quickstart", "--config", config, "--steps", STEPS, "--output", lossy),
            env=environment, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            for step, loss in enumerate(("_RolloutWorker", "_VerifierWorker", "judge"), start=1):
                wait_for_step(lossy, step, program)
                if loss == "judge":
                    endpoint.stop()
                else:
                    kill_one(program.pid, loss)
            assert program.wait(600) == 0, (folder / "log").read_text()[-3000:]
        finally:
            program.kill()
    endpoint.start()
    done = subprocess.run(
        cli.command("fork", lossy, "--output", fork, "--set", "workers.rollout=1",
                    "--set", "workers.verifier=0"),
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    endpoint.stop()
    assert done.returncode == 0, done.stderr[-3000:]
    return lossy, fork


def rl_lines(folder: Path) -> list[dict]:
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [line for line in lines if line["stage"] == "rl"]


def total(folder: Path, name: str) -> float:
    return sum(line.get(f"count/{name}", 0.0) for line in rl_lines(folder))


needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="the extra intern-rl[ray] is not installed"
)


@needs_ray
@pytest.mark.slow
def test_a_killed_rollout_worker_is_replaced_counted_and_shown(finished):
    assert [line["step"] for line in rl_lines(finished[0])] == list(range(1, STEPS + 1))
    assert total(finished[0], "rollout_workers_lost") == 1
    assert total(finished[0], "rollouts_repeated") >= 1
    assert total(finished[0], "rollouts_aborted") == 0
    assert "ray" in json.loads((finished[0] / "versions.json").read_text())["packages"]
    page = (finished[0] / "report.html").read_text()
    assert "Work lost and repeated" in page
    assert '<td>rollout workers that went away, replaced</td><td class="n">1</td>' in page


@needs_ray
@pytest.mark.slow
def test_a_killed_verifier_worker_is_replaced_counted_and_shown(finished):
    assert total(finished[0], "verifier_workers_lost") == 1
    assert total(finished[0], "verifications_repeated") >= 1
    assert total(finished[0], "verifications_given_up") == 0
    log = " ".join((finished[0].parent / "log").read_text().split())
    assert re.search(r"step \d: verifier workers that went away, replaced: 1", log)
    page = (finished[0] / "report.html").read_text()
    assert '<td>verifier workers that went away, replaced</td><td class="n">1</td>' in page


@needs_ray
@pytest.mark.slow
def test_a_judge_that_goes_away_is_counted_shown_and_never_wrong(finished):
    lines = rl_lines(finished[0])
    failed = total(finished[0], "reward_failures/judge")
    assert failed > 0
    # An answer that the judge could not see is an abstention, and there are no others.
    assert total(finished[0], "rewards_abstained") == failed
    assert any(line["rollouts_trained"] for line in lines[4:]), "nothing was trained on after it"
    assert (
        f'source “judge” failed on (error, timeout, given up)</td><td class="n">{failed:.0f}<'
        in (finished[0] / "report.html").read_text()
    )


@needs_ray
@pytest.mark.slow
def test_results_do_not_depend_on_who_works_nor_on_workers_that_die(finished):
    lossy, fork = map(rl_lines, finished)
    fields = re.compile(r"seconds|count/(rollout_workers|verifier_workers|.*_repeated)")
    kept = [
        [{k: v for k, v in line.items() if not fields.match(k)} for line in lines]
        for lines in (lossy, fork)
    ]
    with_judge = next(i for i, line in enumerate(lossy) if "count/reward_failures/judge" in line)
    assert with_judge >= 3
    assert kept[0][:with_judge] == kept[1][:with_judge]
    assert any(line["rollouts_trained"] for line in lossy[:with_judge])
    assert "Nothing was lost." in (finished[1] / "report.html").read_text()


def test_workers_that_cannot_be_are_named(capsys, monkeypatch, tiny_config, tmp_path):
    folder = tmp_path / "run"

    def failure(*assignments: str) -> str:
        flags = [part for assignment in assignments for part in ("--set", assignment)]
        with pytest.raises(SystemExit) as stopped:
            main(["quickstart", "--config", str(tiny_config), "--output", str(folder), *flags])
        assert stopped.value.code == 2
        assert not folder.exists()
        return capsys.readouterr().err

    assert "workers.rollout: Input should be greater than or equal to 0" in failure(
        "workers.rollout=-1"
    )
    assert "did you mean 'address'" in failure("workers.adress='auto'")
    assert "address is 'lokal'; expected 'local', 'auto' or host:port" in failure(
        "workers.address='lokal'"
    )
    monkeypatch.setattr("intern_rl.workers.find_spec", lambda name: None)
    error = failure("workers.rollout=2")
    assert error.count("\n") == 1
    assert "Ray is not installed; install the extra intern-rl[ray]" in error


@needs_ray
def test_a_cluster_that_is_not_there_is_named():
    from oreal_rl.errors import ConfigError
    from oreal_rl.ray_workers import connect

    with pytest.raises(ConfigError, match=r"no Ray cluster at '127.0.0.1:9': .*ray start --head"):
        connect("127.0.0.1:9", namespace="none")
    with pytest.raises(ConfigError, match="expected 'local', 'auto' or the host:port"):
        connect("lokal", namespace="none")


class NoTokenizer:
    pad_token_id = 0

    def decode(self, ids, skip_special_tokens=True):
        return " ".join(map(str, ids))


def test_a_rollout_worker_draws_from_the_policy_after_a_sync():
    config = describe_config("none", {"preset": "tiny"})
    policy = make_architecture(config)
    silence_placeholders(policy)
    settings = {"dtype": torch.float32, "device": "cpu", "is_silenced": True}
    sampler = make_rollout_sampler(config, NoTokenizer(), **settings)
    prompts, params = [(5, 6, 7), (9, 8)], SamplingParams(max_new_tokens=4)

    def gap():
        groups = sampler.sample(prompts, num_samples=1, params=params, seed=1)
        return measure_gap(policy, prompts, [group[0] for group in groups]).max_gap

    sampler.load_weights(policy.state_dict(), 3)
    assert gap() <= 1e-5
    with torch.no_grad():
        policy.get_output_embeddings().weight.mul_(3)
    assert gap() > 1e-2
    half = make_rollout_sampler(config, NoTokenizer(), **{**settings, "dtype": torch.bfloat16})
    assert {p.dtype for p in half.replica.parameters()} == {torch.bfloat16}


def test_without_workers_a_run_has_none():
    config = RunConfig.model_validate(
        {"policy": {"path": "x"}, "tasks": {"patterns": ["logic.*"]}, "rl": {"steps": 1}}
    )
    assert not config.workers.are_used


def test_what_no_worker_could_verify_is_an_abstention():
    audit = (RewardAudit(source="environment", status="error"),)
    answers = [None, Verdict(reward=None, audit=audit), Verdict(reward=1.0)]
    rewards = Rewards(RewardsConfig(), lambda prompts, responses: answers)
    verdicts = rewards([Prompt(text="q")] * 3, ["a", "b", "c"])
    assert [verdict.reward for verdict in verdicts] == [None, None, 1.0]
    assert rewards.drain_counts() == {"reward_failures/environment": 1}
    assert rewards.drain_counts() == {}


def test_a_defect_in_a_worker_stops_the_run_as_it_would_in_one_process():
    class Broken:
        has_verifier = True

        def score(self, response):
            raise ZeroDivisionError("a defect")

    prompts = [Prompt(text="q", case=Broken())]
    with pytest.raises(VerifierError, match="a defect"):
        Rewards(RewardsConfig())(prompts, ["1"])
    verify = make_verifier(RewardsConfig())
    (answer,) = verify(prompts, ["1"])
    assert isinstance(answer, Defect)
    with pytest.raises(VerifierError, match="a defect"):
        Rewards(RewardsConfig(), verify)(prompts, ["1"])


def test_lost_work_is_listed_by_kind_and_step():
    lines = [
        {"step": 1},
        {"step": 2, "count/rollout_workers_lost": 1.0, "count/rollouts_repeated": 8.0},
        {"step": 3, "count/rollouts_repeated": 8.0, "count/reward_failures/mine": 3.0},
    ]
    rows = {row["kind"]: (row["count"], row["steps"]) for row in _lost_rows(lines)}
    assert rows == {
        "rollout workers that went away, replaced": ("1", "2"),
        "rollouts given to another worker": ("16", "2, 3"),
        "answers that source “mine” failed on (error, timeout, given up)": ("3", "3"),
    }
