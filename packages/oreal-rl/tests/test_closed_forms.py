"""A whole update of each preset, KL and KL-Cov terms included, against a closed form by hand.

The policy is a table of logits W[previous token, next token], so the gradient of a log-probability
is the indicator minus a softmax and everything can be written with `math` on Python floats: no
autograd, no tensors, float64. One step of plain gradient descent shows the gradient.
"""

import copy
import math
from types import SimpleNamespace

import pytest
import torch

from oreal_rl.algorithms import ALGORITHMS
from oreal_rl.config import OrealConfig
from oreal_rl.ranks import OneProcess
from oreal_rl.types import Rollout, TrainItem
from oreal_rl.update import Updater

V = 5  # tokens
FP64, FP32 = 1e-12, 1e-5  # the promised relative errors


class TablePolicy(torch.nn.Module):
    """Logits depend on the previous token alone."""

    def __init__(self, table):
        super().__init__()
        self.table = torch.nn.Parameter(table.clone())

    def forward(self, input_ids, **kwargs):
        return SimpleNamespace(logits=self.table[input_ids], past_key_values=None)


def make_items(negative_weight):
    """Two groups of rollouts: (right?, tokens); prompts end with token 2 and 3."""
    generator = torch.Generator().manual_seed(0)
    items = []
    rows = [(0, True, (1, 2, 4)), (0, False, (3,)), (0, False, (4, 4, 0, 1)), (1, True, (2, 0)),
            (1, True, (1,)), (1, False, (0, 3))]  # fmt: skip
    for group, right, tokens in rows:
        logprobs = (
            -0.3 - torch.rand(len(tokens), generator=generator, dtype=torch.float64)
        ).tolist()
        items.append(
            TrainItem(
                group=group, prompt_ids=((0, 2), (1, 3))[group], reward=float(right),
                is_positive=right, advantage=1.25 if right else -negative_weight * (group + 1),
                rollout=Rollout(
                    response_ids=tokens, logprobs=tuple(logprobs), finish_reason="stop",
                    policy_versions=(0,) * len(tokens),
                ),
            )
        )  # fmt: skip
    return items


def log_softmax(row):
    top = max(row)
    total = math.log(sum(math.exp(value - top) for value in row)) + top
    return [value - total for value in row]


def by_hand(items, table, reference, config):
    """Loss and gradient of the published objective, token by token."""
    tokens = []
    for item in items:
        previous = item.prompt_ids[-1]
        for token, sampled in zip(item.rollout.response_ids, item.rollout.logprobs, strict=True):
            tokens.append((previous, token, item.is_positive, item.advantage, sampled))
            previous = token
    total = len(tokens)
    num_right = sum(right for _, _, right, _, _ in tokens)
    held = set()
    if config.kl_cov_fraction:
        mean_lp = sum(t[4] for t in tokens) / total
        mean_gain = sum(t[3] for t in tokens) / total
        covariance = [(t[4] - mean_lp) * (t[3] - mean_gain) for t in tokens]
        count = max(1, int(total * config.kl_cov_fraction))
        held = set(sorted(range(total), key=lambda i: -covariance[i])[:count])
    loss, gradient = 0.0, [[0.0] * V for _ in range(V)]
    for place, (previous, token, right, weight, sampled) in enumerate(tokens):
        row = log_softmax(table[previous])
        lp = row[token]
        if right:
            loss += -config.positive_coef * weight * lp / num_right
            slope = -config.positive_coef * weight / num_right
        else:
            scale = config.negative_coef * abs(weight) / (total - num_right)
            # log(pi / pi_old) and exp(lp - sg(lp)): values 0 and 1, slopes 1 and 1, on policy
            loss += scale * (0.0 if config.negative_form == "log_ratio" else 1.0)
            slope = scale
        if config.kl_coef:
            initial = config.kl_reference == "initial"
            gap = (log_softmax(reference[previous])[token] - lp) if initial else 0.0
            loss += config.kl_coef * (math.exp(gap) - gap - 1) / total
            slope += config.kl_coef * (1 - math.exp(gap)) / total
        if place in held:
            loss += config.kl_cov_coef * abs(lp - sampled) / total
            slope += config.kl_cov_coef * math.copysign(1.0, lp - sampled) / total
        for other in range(V):
            gradient[previous][other] += slope * ((other == token) - math.exp(row[other]))
    return loss, torch.tensor(gradient, dtype=torch.float64)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, FP64), (torch.float32, FP32)])
@pytest.mark.parametrize("micro_batch_tokens", [10_000, 1])
@pytest.mark.parametrize("preset", ["paper", "repo", "s1"])
def test_a_whole_update_equals_its_closed_form(preset, micro_batch_tokens, dtype, tolerance):
    config = OrealConfig.preset(
        preset, token_reward="none", num_minibatches=1, share_prompts=False, max_grad_norm=1e9,
        skip_grad_norm=None, micro_batch_tokens=micro_batch_tokens, group_size=4, kl_cov_coef=(
            0.3 if preset == "s1" else 0.0
        ),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(1)
    # float32 values, so that both precisions start from the same numbers
    table = torch.randn(V, V, generator=generator).double()
    other = (table + 0.3 * torch.randn(V, V, generator=generator)).float().double()
    policy = TablePolicy(table.to(dtype))
    items = make_items(0.75)
    updater = Updater(
        config=config,
        algorithm=ALGORITHMS["oreal"](config),
        policy=policy,
        optimizer=torch.optim.SGD(policy.parameters(), lr=1.0),
        reference=TablePolicy(other.to(dtype)) if preset == "repo" else None,
        token_trainer=None,
        pad_token_id=0,
        ranks=OneProcess(),
    )
    grabbed = {}
    policy.table.register_hook(lambda g: grabbed.update(sum=grabbed.get("sum", 0.0) + g.double()))
    metrics = updater.update(items, freeze=False, version=0)
    # The sampler's log-probabilities are stored in float32; the hand sees the same numbers.
    seen = copy.deepcopy(items)
    for item in seen:
        stored = torch.tensor(item.rollout.logprobs).double().tolist()
        object.__setattr__(item.rollout, "logprobs", tuple(stored))
    loss, gradient = by_hand(seen, table.tolist(), other.tolist(), config)
    assert metrics["updates_skipped"] == 0.0
    assert abs(metrics["loss"] - loss) <= tolerance * abs(loss)
    error = (grabbed["sum"] - gradient).abs().max() / gradient.abs().max()
    assert float(error) <= tolerance
    moved = table.to(dtype).double() - policy.table.detach().double()
    assert float((moved - gradient).abs().max() / gradient.abs().max()) <= max(tolerance, 1e-11)
