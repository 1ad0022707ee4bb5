"""Two rollout workers on a local Ray, two gloo training processes, and workers killed on the way.

This file is also the program that the training processes run: see `run_rank` and `run_one`.
"""

import contextlib
import http.server
import importlib.util
import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from oreal_rl import OrealConfig, OrealTrainer
from oreal_rl.errors import ConfigError
from oreal_rl.samplers.selfcheck import CheckedSampler
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),  # a Ray cluster and its workers start on busy cores
    pytest.mark.skipif(
        importlib.util.find_spec("ray") is None, reason="the extra oreal-rl[ray] is not installed"
    ),
]

TASK = SortTask(num_digits=2)
TOKENIZER = CharTokenizer(TASK.alphabet)
PROBE = [(2, 3, 12), (5, 12)]


def make_config(**overrides):
    settings = {
        "num_steps": 3, "prompts_per_step": 8, "group_size": 8, "max_new_tokens": 3, "top_p": 1.0,
        "learning_rate": 1e-3, "min_learning_rate": 1e-3, "lr_warmup_steps": 0,
        "truncated": "verify", "token_reward": "none", "kl_coef": 0.0, "selection": "all",
    }  # fmt: skip
    return OrealConfig.preset("repo", **{**settings, **overrides})


def make_policy():
    return TinyPolicy(TOKENIZER.vocabulary_size, width=16)


def make_worker_sampler():
    from oreal_rl.distributed import ReplicaSampler

    return ReplicaSampler(make_policy(), TOKENIZER)


def first_digit(prompts, responses):
    return [r[:1] == p.case[:1] for p, r in zip(prompts, responses, strict=True)]


def make_verifier():
    return first_digit


def make_trap():
    """A verifier that hangs for as long as the file that $TRAP names is there."""

    def verify(prompts, responses):
        while Path(os.environ["TRAP"]).exists():  # workers inherit the cluster's environment
            time.sleep(0.05)
        return first_digit(prompts, responses)

    return verify


def kill_worker(name):
    """What a machine that goes away does: SIGKILL, no goodbye."""
    import ray

    actor = ray.get_actor(name)
    process = ray.get(actor.__ray_call__.remote(lambda self: os.getpid()))
    os.kill(process, signal.SIGKILL)
    time.sleep(0.5)


def weights(policy):
    return {
        name: (v.full_tensor() if hasattr(v, "full_tensor") else v).detach().clone()
        for name, v in policy.state_dict().items()
    }


def run_rank(rank, folder):
    """One of two training processes that share two rollout workers and two verifier workers."""
    import ray
    import torch.distributed as dist

    from oreal_rl.distributed import ProcessRanks, shard
    from oreal_rl.ray_workers import RaySampler, RayVerifier

    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meet", rank=rank, world_size=2)
    ray.init(address=os.environ["RAY_TEST_ADDRESS"], namespace="test", log_to_driver=False)
    try:
        ranks = ProcessRanks()
        policy = make_policy()
        options = {"num_cpus": 0.5}
        sampler = RaySampler(
            make_worker_sampler, num_workers=2, chunk_prompts=2, ranks=ranks, worker_options=options
        )
        checked = CheckedSampler(sampler, probe_prompt_ids=PROBE, stop_token_ids=(1,))
        verifier = RayVerifier(
            make_verifier, num_workers=2, chunk_responses=16, worker_options=options
        )
        trainer = OrealTrainer(
            policy=shard(policy), tokenizer=TOKENIZER, verifier=verifier, config=make_config(),
            prompts=lambda cursor: TASK.prompts(cursor, 4), sampler=checked, ranks=ranks,
        )  # fmt: skip
        checked.sync(policy, 0)
        metrics = []
        for step in range(3):
            if step == 1 and rank == 0:
                kill_worker("rollout_workers-0")
            if step == 2 and rank == 0:
                kill_worker("verifier_workers-1")
            ranks.max(0)
            metrics.append(trainer.step())
        result = {"metrics": metrics, "weights": weights(policy), "gap": checked.last_gap.max_gap}
        (folder / f"rank_{rank}.pkl").write_bytes(pickle.dumps(result))
        ranks.max(0)
    finally:
        ray.shutdown()
        dist.destroy_process_group()


def run_one(folder):
    """One process: the same run without Ray, a hung verifier, a judge that goes away."""
    from oreal_rl.ray_workers import RaySampler, RayVerifier
    from oreal_rl.rewards import RewardMixture, RewardSource
    from oreal_rl.rewards.judge import Judge, JudgeConfig

    trap = RayVerifier(
        make_trap, num_workers=1, chunk_responses=2, timeout_seconds=3.0, max_attempts=1,
        worker_options={"num_cpus": 0.1},
    )  # fmt: skip
    prompts = TASK.prompts(0, 2)
    Path(os.environ["TRAP"]).touch()
    hung = trap(prompts, [p.case for p in prompts])
    counts = dict(trap.drain_counts())
    Path(os.environ["TRAP"]).unlink()
    healed = trap(prompts, [p.case for p in prompts])
    trap.close()

    sampler = RaySampler(
        make_worker_sampler, num_workers=1, chunk_prompts=2, pool="solo",
        worker_options={"num_cpus": 0.1},
    )  # fmt: skip
    endpoint = Endpoint()
    source = RewardSource(
        name="judge", role="fallback", max_attempts=1,
        score=Judge(JudgeConfig(base_url=endpoint.url, model="judge", timeout_seconds=5.0)),
    )  # fmt: skip
    unsure = RewardSource(
        name="rule", score=lambda p, r: [None if i % 2 else x for i, x in enumerate(
            first_digit(p, r))],
    )  # fmt: skip
    policy = make_policy()
    trainer = OrealTrainer(
        policy=policy, tokenizer=TOKENIZER, verifier=RewardMixture([unsure, source]),
        config=make_config(), prompts=lambda cursor: TASK.prompts(cursor, 8), sampler=sampler,
    )  # fmt: skip
    sampler.sync(policy, 0)
    steps = [trainer.step()]
    endpoint.stop()
    steps.append(trainer.step())
    result = {"hung": hung, "counts": counts, "healed": healed, "steps": steps}
    (folder / "one.pkl").write_bytes(pickle.dumps(result))
    sampler.close()


class Endpoint:
    """An OpenAI-compatible endpoint that finds everything correct, until it is stopped."""

    def __init__(self):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                answer = {"choices": [{"message": {"content": "CORRECT"}}]}
                payload = json.dumps(answer).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *args):
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/v1"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self):
        self.http.shutdown()
        self.http.server_close()


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


@contextlib.contextmanager
def cluster(folder):
    """A local Ray with its ports given: a node then waits for none of its agents' port files.

    `ray.init()` gives the agents 30 seconds to write those, too few on busy cores.
    """
    names = ("port", "dashboard-agent-grpc-port", "dashboard-agent-listen-port",
             "runtime-env-agent-port", "metrics-export-port", "node-manager-port",
             "object-manager-port")  # fmt: skip
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    flags = [f"--{name}={port}" for name, port in ports.items()]
    with (folder / "ray.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block",
             "--num-cpus=4", "--include-dashboard=false", "--node-ip-address=127.0.0.1",
             f"--object-store-memory={100 * 2**20}", "--disable-usage-stats", *flags],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        yield f"127.0.0.1:{ports['port']}"
    finally:
        process.terminate()
        process.wait(60)


def connect(address, **options):
    """`ray.init` on a cluster that may still be starting."""
    import ray

    for attempt in range(60):
        try:
            return ray.init(address=address, log_to_driver=False, **options)
        except (ConnectionError, RuntimeError, TimeoutError):
            if attempt == 59:
                raise
            time.sleep(3)


def run_all(folder):
    """Start a cluster, the two training processes, then the single one."""
    import ray

    with cluster(folder) as address:
        connect(address, namespace="one")
        environment = {**os.environ, "RAY_TEST_ADDRESS": address}
        processes = [
            subprocess.Popen([sys.executable, __file__, rank, str(folder)], env=environment)
            for rank in "01"
        ]
        for process in processes:
            assert process.wait(timeout=700) == 0
        run_one(folder)
        ray.shutdown()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ray")
    environment = {
        **os.environ,
        "RAY_USAGE_STATS_ENABLED": "0",
        # Under `uv run`, Ray would make an environment anew for every worker.
        "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
        "RAY_AUTH_MODE": "disabled",  # the cluster lives for a minute, on the loopback
        "RAY_worker_register_timeout_seconds": "300",  # on busy cores
        "OMP_NUM_THREADS": "1",
        "no_proxy": "127.0.0.1",
        "TRAP": str(folder / "trap"),
    }
    done = subprocess.run(
        [sys.executable, __file__, "all", str(folder)],
        capture_output=True, text=True, env=environment, timeout=800, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-6000:]
    names = ("rank_0", "rank_1", "one")
    return {name: pickle.loads((folder / f"{name}.pkl").read_bytes()) for name in names}


def test_two_training_processes_share_two_rollout_workers(results):
    left, right = results["rank_0"], results["rank_1"]
    assert [m["updated"] for m in left["metrics"]] == [1.0, 1.0, 1.0]
    assert all(torch.equal(left["weights"][n], right["weights"][n]) for n in left["weights"])
    assert any(
        not torch.equal(v, make_policy().state_dict()[n]) for n, v in left["weights"].items()
    )
    assert max(left["gap"], right["gap"]) <= 1e-5  # the workers hold the newest weights
    for rank in (left, right):
        assert [m["count/rollouts"] for m in rank["metrics"]] == [32.0] * 3


def test_a_killed_rollout_worker_is_replaced_and_its_loss_counted(results):
    steps = [results[f"rank_{rank}"]["metrics"][1] for rank in range(2)]
    assert sum(m.get("count/rollout_workers_lost", 0.0) for m in steps) >= 1
    assert sum(m.get("count/rollouts_repeated", 0.0) for m in steps) >= 8
    assert all(m["count/rollouts_aborted"] == 0.0 for m in steps)
    assert all(m["updated"] == 1.0 for m in steps)


def test_a_killed_verifier_worker_is_replaced_and_its_loss_counted(results):
    steps = [results[f"rank_{rank}"]["metrics"][2] for rank in range(2)]
    assert sum(m.get("count/verifier_workers_lost", 0.0) for m in steps) >= 1
    assert sum(m.get("count/verifications_repeated", 0.0) for m in steps) >= 16
    assert all(m["count/rewards_abstained"] == 0.0 for m in steps)


def test_a_hung_verifier_is_killed_abstained_on_and_healed(results):
    got = results["one"]
    assert got["hung"] == [None, None]
    assert got["counts"] == {"verifier_workers_timeouts": 1, "verifications_given_up": 2}
    assert got["healed"] == [True, True]


def test_a_judge_that_goes_away_is_counted_and_training_goes_on(results):
    before, after = results["one"]["steps"]
    assert before["source/judge/scored"] == 32.0
    assert before["count/rewards_abstained"] == 0.0
    assert after.get("source/judge/scored", 0.0) == 0.0
    assert after["source/judge/error"] + after.get("source/judge/skipped", 0.0) == 32.0
    assert after["count/rewards_abstained"] == 32.0  # not one of them wrong
    assert after["updated"] == 1.0


def test_a_cluster_is_needed():
    import ray

    from oreal_rl.ray_workers import RaySampler, RayVerifier

    assert not ray.is_initialized()
    with pytest.raises(ConfigError, match=r"ray\.init"):
        RaySampler(make_worker_sampler, num_workers=1)
    with pytest.raises(ConfigError, match=r"ray\.init"):
        RayVerifier(make_verifier, num_workers=1)


if __name__ == "__main__":
    if sys.argv[1] == "all":
        run_all(Path(sys.argv[2]))
    else:
        run_rank(int(sys.argv[1]), Path(sys.argv[2]))
