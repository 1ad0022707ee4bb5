"""Experts spread over two gloo processes under torchrun, against all of them in one process."""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

from oreal_rl import OrealConfig, OrealTrainer
from oreal_rl.algorithms import ALGORITHMS
from oreal_rl.errors import ConfigError
from oreal_rl.protocols import SamplingParams
from oreal_rl.ranks import OneProcess
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy
from oreal_rl.types import TrainItem
from oreal_rl.update import Updater

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),  # torchrun and two processes that import transformers, on busy cores
]

TASK = SortTask(num_digits=2)
TOKENIZER = CharTokenizer(TASK.alphabet)
CONFIG = OrealConfig.preset(
    "repo", num_steps=2, prompts_per_step=8, group_size=8, max_new_tokens=3, top_p=1.0,
    learning_rate=1e-3, min_learning_rate=1e-3, lr_warmup_steps=0, truncated="verify",
    token_reward="none", selection="all", micro_batch_tokens=60,
)  # fmt: skip


def make_model():
    torch.manual_seed(0)
    return Qwen3MoeForCausalLM(
        Qwen3MoeConfig(
            vocab_size=TOKENIZER.vocabulary_size, hidden_size=16, intermediate_size=32,
            moe_intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, head_dim=8, num_experts=4, num_experts_per_tok=2,
            norm_topk_prob=True, max_position_embeddings=32, initializer_range=0.2,
            pad_token_id=0, eos_token_id=1, bos_token_id=None,
        )
    )  # fmt: skip


def make_items():
    prompts = [tuple(TOKENIZER.encode(p.text)) for p in TASK.prompts(0, 5)]
    params = SamplingParams(max_new_tokens=4, stop_token_ids=(1,))
    rollouts = KVLoopSampler(make_model(), TOKENIZER).sample(
        prompts, num_samples=3, params=params, seed=0
    )
    return [
        TrainItem(
            group=g, prompt_ids=prompts[g], rollout=r, reward=float(i == 0), is_positive=i == 0,
            advantage=1.0 if i == 0 else -0.5,
        )
        for g, group in enumerate(rollouts)
        for i, r in enumerate(group)
    ]  # fmt: skip


def make_updater(policy, reference, ranks):
    return Updater(
        config=CONFIG,
        algorithm=ALGORITHMS["oreal"](CONFIG),
        policy=policy,
        optimizer=torch.optim.SGD(policy.parameters(), lr=1.0),  # the step shows the gradient
        reference=reference,
        token_trainer=None,
        pad_token_id=0,
        ranks=ranks,
    )


def first_digit(prompts, responses):
    return [r[:1] == p.case[:1] for p, r in zip(prompts, responses, strict=True)]


def whole(module):
    return {
        name: (v.full_tensor() if hasattr(v, "full_tensor") else v).detach().clone()
        for name, v in module.state_dict().items()
    }


def run_rank(folder):
    from oreal_rl.distributed import (
        ProcessRanks,
        ReplicaSampler,
        load_checkpoint,
        save_checkpoint,
        shard,
    )

    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    rank = dist.get_rank()
    try:
        policy, reference = make_model(), make_model()
        shard(reference, expert_parallel=True)
        shard(policy, expert_parallel=True)
        experts = policy.model.layers[0].mlp.experts
        local = tuple(experts.gate_up_proj.to_local().shape)
        # Uneven on purpose: the second process runs out of micro-batches first.
        items = [item for item in make_items() if (item.group < 4) == (rank == 0)]
        metrics = make_updater(policy, reference, ProcessRanks()).update(
            items, freeze=False, version=0
        )

        def make_trainer(model):
            replica = ReplicaSampler(copy.deepcopy(model), TOKENIZER)
            frozen = shard(copy.deepcopy(model), expert_parallel=True)
            return OrealTrainer(
                policy=shard(model, expert_parallel=True), tokenizer=TOKENIZER, config=CONFIG,
                verifier=first_digit, prompts=lambda cursor: TASK.prompts(cursor, 4),
                sampler=replica, reference=frozen, ranks=ProcessRanks(),
            )  # fmt: skip

        straight = make_trainer(make_model())
        steps = straight.train(1)
        save_checkpoint(straight, folder / "checkpoint")
        steps += straight.train(1)
        resumed = make_trainer(make_model())
        load_checkpoint(resumed, folder / "checkpoint")
        resumed.train(1)
        results = {
            "local": local, "updated": whole(policy), "metrics": metrics, "steps": steps,
            "straight": whole(straight.policy), "resumed": whole(resumed.policy),
            "totals": (dict(straight.totals), dict(resumed.totals)),
        }  # fmt: skip
        (folder / f"result_{rank}.pkl").write_bytes(pickle.dumps(results))
    finally:
        dist.destroy_process_group()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("experts")
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
         __file__, str(folder)],
        capture_output=True, text=True, timeout=500, check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-5000:]
    return [pickle.loads((folder / f"result_{rank}.pkl").read_bytes()) for rank in range(2)]


def test_each_process_holds_half_of_the_experts(results):
    assert [r["local"] for r in results] == [(2, 32, 16)] * 2


def test_two_processes_of_experts_update_as_one_does(results):
    policy, reference = make_model(), make_model()
    before = whole(policy)
    metrics = make_updater(policy, reference, OneProcess()).update(
        make_items(), freeze=False, version=0
    )
    moved = 0.0
    for rank in range(2):
        got = results[rank]["updated"]
        for name, value in policy.state_dict().items():
            # float32 sums in another order: 1e-6 of gradients clipped to a norm of 1
            torch.testing.assert_close(got[name], value, rtol=0, atol=2e-6, msg=name)
            moved = max(moved, float((value - before[name]).abs().max()))
        for name in ("loss", "grad_norm", "kl", "tokens_trained"):
            assert results[rank]["metrics"][name] == pytest.approx(metrics[name], rel=1e-4), name
    assert moved > 1e-2  # the comparison is about something


def test_a_run_with_spread_experts_trains_and_resumes_bit_for_bit(results):
    for result in results:
        assert [m["updated"] for m in result["steps"]] == [1.0, 1.0]
        left, right = result["straight"], result["resumed"]
        assert all(torch.equal(left[name], right[name]) for name in left)
        assert result["totals"][0] == result["totals"][1]


def test_models_and_meshes_that_do_not_fit_are_told():
    from oreal_rl.expert_parallel import parallelize_experts

    class Mesh:
        ndim = 1

        def size(self):
            return 3

    with pytest.raises(ConfigError, match="no experts"):
        parallelize_experts(TinyPolicy(8), Mesh())
    with pytest.raises(ConfigError, match="4 experts over 3"):
        parallelize_experts(make_model(), Mesh())


if __name__ == "__main__":
    run_rank(Path(sys.argv[1]))
