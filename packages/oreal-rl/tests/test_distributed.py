"""Two gloo processes: the sharded update equals the single one, and a run resumes bit for bit."""

import copy
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from oreal_rl import OrealConfig, OrealTrainer
from oreal_rl.algorithms import ALGORITHMS
from oreal_rl.errors import ConfigError
from oreal_rl.optimizer import make_optimizer
from oreal_rl.protocols import SamplingParams
from oreal_rl.ranks import OneProcess
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy
from oreal_rl.token_reward import make_token_reward_model
from oreal_rl.token_trainer import TokenRewardTrainer
from oreal_rl.types import TrainItem
from oreal_rl.update import Updater

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # two processes that import much, on busy cores
]

TASK = SortTask(num_digits=2)
TOKENIZER = CharTokenizer(TASK.alphabet)


def make_config(**overrides):
    settings = {
        "num_steps": 4,
        "prompts_per_step": 8,
        "group_size": 8,
        "max_new_tokens": 3,
        "top_p": 1.0,
        "learning_rate": 1e-3,
        "min_learning_rate": 1e-3,
        "lr_warmup_steps": 0,
        "truncated": "verify",
        "policy_freeze_steps": 0,
        "micro_batch_tokens": 40,
        "num_minibatches": 2,
        "selection": "all",
    }
    return OrealConfig.preset("repo", **{**settings, **overrides})


def make_policy():
    return TinyPolicy(TOKENIZER.vocabulary_size, width=16).double()


def make_items():
    prompts = [tuple(TOKENIZER.encode(p.text)) for p in TASK.prompts(0, 5)]
    rollouts = KVLoopSampler(make_policy(), TOKENIZER).sample(
        prompts, num_samples=3, params=SamplingParams(max_new_tokens=4, stop_token_ids=(1,)), seed=0
    )
    return [
        TrainItem(
            group=g, prompt_ids=prompts[g], rollout=r, reward=float(i == 0), is_positive=i == 0,
            advantage=1.0 if i == 0 else -0.5,
        )
        for g, group in enumerate(rollouts)
        for i, r in enumerate(group)
    ]  # fmt: skip


def make_updater(policy, reference, reward_model, ranks, config):
    return Updater(
        config=config,
        algorithm=ALGORITHMS["oreal"](config),
        policy=policy,
        optimizer=make_optimizer(policy, config, config.learning_rate),
        reference=reference,
        token_trainer=TokenRewardTrainer(reward_model, config, ranks),
        pad_token_id=0,
        ranks=ranks,
    )


def first_digit(prompts, responses):
    return [r[:1] == p.case[:1] for p, r in zip(prompts, responses, strict=True)]


def make_trainer(config, seed=0):
    from oreal_rl.distributed import ProcessRanks, ReplicaSampler, shard

    policy = TinyPolicy(TOKENIZER.vocabulary_size, width=16, seed=seed)
    replica = ReplicaSampler(copy.deepcopy(policy), TOKENIZER)
    reference = shard(copy.deepcopy(policy))
    reward_model = shard(make_token_reward_model(policy))
    return OrealTrainer(
        policy=shard(policy), tokenizer=TOKENIZER, verifier=first_digit, config=config,
        prompts=lambda cursor: TASK.prompts(cursor, 4), sampler=replica, reference=reference,
        token_reward_model=reward_model, ranks=ProcessRanks(),
    )  # fmt: skip


def whole(module):
    return {
        name: (v.full_tensor() if hasattr(v, "full_tensor") else v).detach().clone()
        for name, v in module.state_dict().items()
    }


def run_rank(rank, folder):
    torch.set_num_threads(1)
    dist.init_process_group(
        "gloo", init_method=f"file://{folder}/rendezvous", rank=rank, world_size=2
    )
    try:
        results = {"update": sharded_update(rank), "resume": resumed_run(folder)}
        (folder / f"result_{rank}.pkl").write_bytes(pickle.dumps(results))
    finally:
        dist.destroy_process_group()


def sharded_update(rank):
    from oreal_rl.distributed import ProcessRanks, shard

    config = make_config(num_minibatches=1)
    policy = make_policy()
    reward_model = shard(make_token_reward_model(policy))
    reference = shard(copy.deepcopy(policy))
    updater = make_updater(shard(policy), reference, reward_model, ProcessRanks(), config)
    # Uneven on purpose: the second process runs out of micro-batches first.
    items = [item for item in make_items() if (item.group < 4) == (rank == 0)]
    metrics = updater.update(items, freeze=False, version=0)
    return whole(policy), whole(reward_model), metrics


def resumed_run(folder):
    from oreal_rl.distributed import load_checkpoint, save_checkpoint

    config = make_config(token_gate=0.4)
    straight = make_trainer(config)
    straight.train(4)
    first = make_trainer(config)
    first.train(2)
    save_checkpoint(first, folder / "checkpoint")
    second = make_trainer(config, seed=3)
    load_checkpoint(second, folder / "checkpoint")
    metrics = second.train(2)
    return whole(straight.policy), whole(second.policy), second.step_index, metrics


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    # Plain subprocesses of this file: it is not importable under pytest's importlib mode.
    processes = [
        subprocess.Popen(
            [sys.executable, __file__, str(rank), str(folder)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(2)
    ]
    for process in processes:
        output, _ = process.communicate(timeout=500)
        assert process.returncode == 0, output
    return [pickle.loads((folder / f"result_{rank}.pkl").read_bytes()) for rank in range(2)]


def test_two_processes_update_as_one_does(results):
    config = make_config(num_minibatches=1)
    policy = make_policy()
    reward_model = make_token_reward_model(policy)
    reference = copy.deepcopy(policy)
    updater = make_updater(policy, reference, reward_model, OneProcess(), config)
    metrics = updater.update(make_items(), freeze=False, version=0)
    for rank in range(2):
        got_policy, got_reward, got_metrics = results[rank]["update"]
        for name, value in policy.state_dict().items():
            # float64, but Adam divides by |gradient| + 1e-8: tiny gradients amplify rounding.
            torch.testing.assert_close(got_policy[name], value, rtol=0, atol=1e-8)
        for name, value in reward_model.state_dict().items():
            torch.testing.assert_close(got_reward[name], value, rtol=0, atol=1e-8)
        for name in ("loss", "grad_norm", "kl", "token_reward/loss", "tokens_trained"):
            assert got_metrics[name] == pytest.approx(metrics[name], rel=1e-6), name


def test_two_processes_resume_bit_for_bit(results):
    for rank in range(2):
        straight, resumed, step, metrics = results[rank]["resume"]
        assert step == 4
        assert metrics[-1]["updated"] == 1.0
        assert all(torch.equal(straight[name], resumed[name]) for name in straight)


def test_several_processes_need_parts_made_before_sharding():
    class Two(OneProcess):
        world_size = 2

    with pytest.raises(ConfigError, match="before sharding"):
        OrealTrainer(
            policy=make_policy(), tokenizer=TOKENIZER, verifier=first_digit,
            config=make_config(), prompts=TASK.prompts(0, 4), ranks=Two(),
        )  # fmt: skip
    with pytest.raises(ConfigError, match="multiple"):
        OrealTrainer(
            policy=make_policy(), tokenizer=TOKENIZER, verifier=first_digit,
            config=make_config(prompts_per_step=3), prompts=TASK.prompts(0, 4), ranks=Two(),
        )  # fmt: skip


if __name__ == "__main__":
    run_rank(int(sys.argv[1]), Path(sys.argv[2]))
