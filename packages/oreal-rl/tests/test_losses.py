"""Losses against hand-written float64 closed forms, gradients included."""

import math

import pytest
import torch

from oreal_rl.advantages import grpo_advantages, oreal_weights, rloo_advantages
from oreal_rl.algorithms import ALGORITHMS
from oreal_rl.algorithms.base import LossInputs
from oreal_rl.config import OrealConfig
from oreal_rl.errors import ConfigError, GroupSizeError
from oreal_rl.kl import kl_cov_loss, kl_loss, kl_per_token, select_high_covariance
from oreal_rl.losses import (
    clipped_policy_loss,
    negative_sample_loss,
    policy_gradient_loss,
    sequence_clipped_loss,
)
from oreal_rl.ranks import OneProcess
from oreal_rl.types import TrainBatch
from oreal_rl.update import count_totals

FP64, FP32 = 1e-12, 1e-5  # the promised relative errors; rounding of ~30 operations is far below


def make_batch(is_positive, lengths, advantages, dtype=torch.float64):
    width = max(lengths)
    mask = torch.arange(width)[None, :] < torch.tensor(lengths)[:, None]
    rows = len(lengths)
    zeros = torch.zeros(rows, width, dtype=dtype)
    return TrainBatch(
        prompt_ids=torch.zeros(rows, 1, dtype=torch.long),
        prompt_mask=torch.ones(rows, 1, dtype=torch.bool),
        prompt_index=torch.arange(rows),
        response_ids=torch.zeros(rows, width, dtype=torch.long),
        mask=mask,
        attention=mask,
        advantages=torch.tensor(advantages, dtype=dtype),
        rewards=torch.tensor(is_positive, dtype=dtype),
        is_positive=torch.tensor(is_positive),
        sampling_logprobs=zeros,
        support_logmass=zeros,
    )


def relative_error(value, expected):
    value = torch.as_tensor(value, dtype=torch.float64)
    expected = torch.as_tensor(expected, dtype=torch.float64)
    scale = expected.abs().max().clamp(min=1e-300)
    return float((value - expected).abs().max() / scale)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, FP64), (torch.float32, FP32)])
@pytest.mark.parametrize("preset", ["paper", "repo", "s1"])
def test_each_preset_equals_its_closed_form(preset, dtype, tolerance):
    config = OrealConfig.preset(preset, group_size=4)
    is_positive = [True, False, False, False, True, True]
    lengths = [3, 2, 4, 1, 2, 4]
    weights = [
        *oreal_weights(
            torch.tensor(is_positive[:4]),
            positive=config.positive_weight,
            negative=config.negative_weight,
        ).tolist(),
        1.5,
        0.25,
    ]
    c, g = 1, 4
    by_hand = {
        "paper": (1.0, -(1 - c / g)),
        "repo": (2 * (g - c) / (g - 1), -2 * c / (g - 1)),
        "s1": (1.0, -2 * c / (g - 1)),
    }[preset]
    assert weights[0] == pytest.approx(by_hand[0], rel=FP64)
    assert weights[1] == pytest.approx(by_hand[1], rel=FP64)

    generator = torch.Generator().manual_seed(0)
    batch = make_batch(is_positive, lengths, weights, dtype)
    logprobs = -torch.rand(6, 4, generator=generator, dtype=torch.float64)
    old = logprobs + 0.1 * torch.randn(6, 4, generator=generator, dtype=torch.float64)
    omega = torch.rand(6, 4, generator=generator, dtype=torch.float64)
    live = logprobs.to(dtype, copy=True).requires_grad_()
    algorithm = ALGORITHMS["oreal"](config)
    loss, _ = algorithm.policy_loss(
        LossInputs(
            logprobs=live,
            old_logprobs=old.to(dtype),
            token_weights=omega.to(dtype),
            importance=torch.ones_like(live),
            batch=batch,
            totals=count_totals([batch], OneProcess()),
        )
    )
    loss.backward()

    num_positive, num_negative = 9, 7
    value, gradient = 0.0, torch.zeros(6, 4, dtype=torch.float64)
    for row in range(6):
        for t in range(lengths[row]):
            strength = abs(weights[row]) * float(omega[row, t])
            lp = float(logprobs[row, t])
            if is_positive[row]:
                value += config.positive_coef * strength * -lp / num_positive
                gradient[row, t] = -config.positive_coef * strength / num_positive
            else:
                form = lp - float(old[row, t]) if preset == "paper" else 1.0
                value += config.negative_coef * strength * form / num_negative
                gradient[row, t] = config.negative_coef * strength / num_negative
    assert relative_error(loss.detach(), value) <= tolerance
    assert relative_error(live.grad, gradient) <= tolerance


def test_weights_of_the_released_trainer_match_the_published_counts():
    # K=16: c=4 gives 1.6 and -0.533, c=12 gives 0.533 and -1.6
    few = oreal_weights(torch.arange(16) < 4, positive="rloo", negative="rloo")
    many = oreal_weights(torch.arange(16) < 12, positive="rloo", negative="rloo")
    torch.testing.assert_close(few[[0, -1]], torch.tensor([1.6, -8 / 15]).double())
    torch.testing.assert_close(many[[0, -1]], torch.tensor([8 / 15, -1.6]).double())


def test_one_positive_in_64():
    weights = oreal_weights(torch.arange(64) < 1, positive="rloo", negative="rloo")
    assert float(weights[0]) == pytest.approx(2.0)
    assert float(weights[1]) == pytest.approx(-2 / 63)
    paper = oreal_weights(torch.arange(64) < 1, positive="one", negative="one_minus_p")
    assert float(paper[1]) == pytest.approx(-(1 - 1 / 64))


def test_group_of_one_has_no_baseline():
    for estimate in (rloo_advantages, grpo_advantages):
        with pytest.raises(GroupSizeError, match="at least 2"):
            estimate(torch.ones(1))


def test_equal_rewards_give_zero_advantages():
    assert torch.equal(grpo_advantages(torch.ones(4)), torch.zeros(4))
    assert torch.equal(rloo_advantages(torch.ones(4)), torch.zeros(4))


def test_unknown_weight_rule_is_refused():
    with pytest.raises(ConfigError, match="positive_weight"):
        oreal_weights(torch.tensor([True, False]), positive="one_minus_p", negative="one")


def test_kl_estimates_by_hand():
    lp, ref = torch.tensor([[-1.0]]).double(), torch.tensor([[-1.5]]).double()
    assert float(kl_per_token(lp, ref, estimator="k1")) == pytest.approx(0.5)
    assert float(kl_per_token(lp, ref, estimator="k2")) == pytest.approx(0.125)
    assert float(kl_per_token(lp, ref, estimator="k3")) == pytest.approx(math.exp(-0.5) - 0.5)


@pytest.mark.parametrize("estimator", ["k1", "k2", "k3"])
def test_kl_estimators_agree_with_the_exact_divergence_in_expectation(estimator):
    # Sum over all tokens of a 5-way distribution, weighted by its probability: no sampling error.
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(5, generator=generator, dtype=torch.float64)
    other = logits + 0.05 * torch.randn(5, generator=generator, dtype=torch.float64)
    lp, ref = logits.log_softmax(0), other.log_softmax(0)
    exact = (lp.exp() * (lp - ref)).sum()
    estimate = (lp.exp() * kl_per_token(lp[None], ref[None], estimator=estimator)[0]).sum()
    # k1 and k3 are unbiased; k2 is biased by the third order of the 0.05 perturbation.
    assert float(estimate) == pytest.approx(float(exact), rel=0.1 if estimator == "k2" else 1e-9)


LOSSES = {
    "policy_gradient": lambda lp, old, mask, w: policy_gradient_loss(
        lp, mask, w[:, None], num_tokens=3
    ),
    "negative_ratio": lambda lp, old, mask, w: negative_sample_loss(
        lp, old, mask, w[:, None].abs(), num_tokens=3, form="ratio"
    ),
    "negative_log_ratio": lambda lp, old, mask, w: negative_sample_loss(
        lp, old, mask, w[:, None].abs(), num_tokens=3, form="log_ratio"
    ),
    "clipped": lambda lp, old, mask, w: clipped_policy_loss(
        lp, old, mask, w[:, None], num_tokens=3, clip_low=0.2, clip_high=0.28
    ),
    "sequence_clipped": lambda lp, old, mask, w: sequence_clipped_loss(
        lp, old, mask, w, num_sequences=2, clip_low=0.2, clip_high=0.28
    ),
    "k3": lambda lp, old, mask, w: kl_loss(lp, old, mask, estimator="k3", num_tokens=3),
    "kl_cov": lambda lp, old, mask, w: kl_cov_loss(lp, old, mask, num_tokens=3),
}


@pytest.mark.parametrize("name", LOSSES)
def test_what_stands_at_masked_positions_never_matters(name):
    generator = torch.Generator().manual_seed(2)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    base = -torch.rand(2, 3, generator=generator, dtype=torch.float64)
    old = base + 0.05
    weights = torch.tensor([1.3, -0.7]).double()
    results = []
    for junk in (0.0, -50.0, float("nan"), float("inf")):
        lp = torch.where(mask, base, torch.full_like(base, junk)).requires_grad_()
        other = torch.where(mask, old, torch.full_like(old, junk))
        loss = LOSSES[name](lp, other, mask, weights)
        (grad,) = torch.autograd.grad(loss, lp)
        results.append((loss.detach(), grad))
    for loss, grad in results:
        assert torch.equal(loss, results[0][0])
        assert torch.equal(grad, results[0][1])
        assert torch.equal(grad[~mask], torch.zeros(3, dtype=torch.float64))


@pytest.mark.parametrize("name", [n for n in LOSSES if n != "negative_ratio"])
def test_gradients_pass_gradcheck(name):
    # "ratio" stops the gradient in its denominator on purpose, so its value does not integrate it.
    generator = torch.Generator().manual_seed(3)
    mask = torch.tensor([[True, True, False], [True, False, False]])
    lp = (-torch.rand(2, 3, generator=generator, dtype=torch.float64)).requires_grad_()
    old = lp.detach() + 0.05
    weights = torch.tensor([1.3, -0.7]).double()
    assert torch.autograd.gradcheck(lambda x: LOSSES[name](x, old, mask, weights), (lp,))


@pytest.mark.parametrize("name", LOSSES)
def test_an_empty_side_gives_zero_and_not_nan(name):
    mask = torch.zeros(2, 3, dtype=torch.bool)
    lp = torch.full((2, 3), -1.0, requires_grad=True)
    loss = LOSSES[name](lp, lp.detach(), mask, torch.ones(2))
    loss.backward()
    assert float(loss.detach()) == 0.0
    assert torch.equal(lp.grad, torch.zeros(2, 3))


def test_clipped_loss_by_hand():
    lp = torch.tensor([[math.log(1.5), math.log(0.5)]], dtype=torch.float64)
    old = torch.zeros(1, 2, dtype=torch.float64)
    mask = torch.ones(1, 2, dtype=torch.bool)

    def loss(advantage):
        weights = torch.tensor([[advantage]]).double()
        return float(
            clipped_policy_loss(lp, old, mask, weights, num_tokens=2, clip_low=0.2, clip_high=0.28)
        )

    assert loss(1.0) == pytest.approx(-(1.28 + 0.5) / 2)
    assert loss(-1.0) == pytest.approx((1.5 + 0.8) / 2)


def test_sequence_ratio_is_the_geometric_mean():
    lp = torch.tensor([[math.log(1.2), math.log(0.9), 7.0]], dtype=torch.float64)
    mask = torch.tensor([[True, True, False]])
    loss = sequence_clipped_loss(
        lp, torch.zeros_like(lp), mask, torch.ones(1).double(), num_sequences=1,
        clip_low=0.5, clip_high=0.5,
    )  # fmt: skip
    assert float(loss) == pytest.approx(-math.sqrt(1.2 * 0.9), rel=FP64)


def test_kl_cov_holds_back_the_tokens_with_the_highest_covariance():
    lp = torch.tensor([[-0.1, -3.0], [-0.1, -3.0]])
    advantages = torch.tensor([[1.0], [-1.0]])
    mask = torch.ones(2, 2, dtype=torch.bool)
    chosen = select_high_covariance(lp, advantages, mask, fraction=0.5)
    # likely tokens that gain and unlikely tokens that lose move the entropy most
    assert chosen.tolist() == [[True, False], [False, True]]
    assert not select_high_covariance(lp, advantages, mask, fraction=0.0).any()
    assert int(select_high_covariance(lp, advantages, mask, fraction=1e-9).sum()) == 1
