"""Token-level reward model: loss, weights, gate."""

import math

import pytest
import torch

from oreal_rl.errors import ConfigError
from oreal_rl.testing import TinyPolicy
from oreal_rl.token_reward import (
    balanced_accuracy,
    calibration_bins,
    make_token_reward_model,
    normalize_weights,
    outcome_loss,
    outcome_probability,
    running_mean,
    threshold_weights,
    top_fraction_weights,
)

MASK = torch.tensor([[True, True, True], [True, True, False]])
SCORES = torch.tensor([[1.0, -1.0, 3.0], [-2.0, 0.5, 99.0]], dtype=torch.float64)
RIGHT = torch.tensor([True, False])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def test_the_outcome_is_the_sigmoid_of_the_mean_score():
    probabilities = outcome_probability(SCORES, MASK)
    assert probabilities.tolist() == pytest.approx([sigmoid(1.0), sigmoid(-0.75)], rel=1e-12)
    loss = outcome_loss(SCORES, MASK, RIGHT, num_sequences=2)
    by_hand = -(math.log(sigmoid(1.0)) + math.log(1 - sigmoid(-0.75))) / 2
    assert float(loss) == pytest.approx(by_hand, rel=1e-12)


def test_the_outcome_loss_passes_gradcheck_and_ignores_empty_rows():
    scores = SCORES.clone().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: outcome_loss(s, MASK, RIGHT, num_sequences=2), scores)
    empty = torch.zeros_like(MASK)
    assert float(outcome_loss(SCORES, empty, RIGHT, num_sequences=0)) == 0.0


def test_threshold_weights_are_the_papers():
    weights = threshold_weights(SCORES, MASK, RIGHT, token_score="token")
    by_hand = [
        [2 * sigmoid(1) - 1, 0.0, 2 * sigmoid(3) - 1],
        [1 - 2 * sigmoid(-2), 0.0, 0.0],
    ]
    torch.testing.assert_close(
        weights, torch.tensor(by_hand, dtype=torch.float64), rtol=1e-12, atol=1e-15
    )


def test_running_mean_is_the_released_trainers():
    means = running_mean(SCORES, MASK)
    assert means[0].tolist() == pytest.approx([1.0, 0.0, 1.0])
    assert means[1, :2].tolist() == pytest.approx([-2.0, -0.75])
    weights = threshold_weights(SCORES, MASK, RIGHT, token_score="running_mean", threshold=0.6)
    assert float(weights[1, 1]) == pytest.approx((sigmoid(0.75) - 0.6) / 0.4)


def test_a_zero_head_gives_zero_weights():
    zero = torch.zeros(2, 3)
    assert not threshold_weights(zero, MASK, RIGHT, token_score="token").any()


def test_top_fraction_keeps_the_most_telling_tokens():
    weights = top_fraction_weights(SCORES, MASK, RIGHT, token_score="token", fraction=0.34)
    assert (weights > 0).tolist() == [[False, False, True], [True, False, False]]
    assert weights.max(dim=1).values.tolist() == [1.0, 1.0]
    ties = top_fraction_weights(torch.zeros(2, 3), MASK, RIGHT, token_score="token", fraction=0.5)
    assert ties.sum(dim=1).tolist() == [1.0, 1.0]
    none = top_fraction_weights(SCORES, torch.zeros_like(MASK), RIGHT, token_score="token")
    assert not none.any()


def test_normalised_weights_have_mean_one_per_side():
    weights = threshold_weights(SCORES, MASK, RIGHT, token_score="token")
    scaled = normalize_weights(weights, MASK, RIGHT)
    assert float(scaled[0][MASK[0]].mean()) == pytest.approx(1.0)
    assert float(scaled[1][MASK[1]].mean()) == pytest.approx(1.0)
    assert not normalize_weights(torch.zeros_like(weights), MASK, RIGHT).any()


def test_balanced_accuracy_and_calibration_by_hand():
    probabilities = torch.tensor([0.9, 0.9, 0.9, 0.2, 0.5])
    right = torch.tensor([True, True, False, True, False])
    assert balanced_accuracy(probabilities, right) == pytest.approx((2 / 3 + 0.25) / 2)
    assert balanced_accuracy(probabilities, torch.ones(5, dtype=torch.bool)) is None
    assert balanced_accuracy(torch.full((5,), 0.5), right) == 0.5
    bins = calibration_bins(probabilities, right)
    assert [(b["low"], b["count"]) for b in bins] == [(0.2, 1.0), (0.4, 1.0), (0.8, 3.0)]
    assert bins[-1]["observed"] == pytest.approx(2 / 3)


def test_the_reward_model_is_a_trainable_copy_with_a_scalar_head():
    policy = TinyPolicy(13)
    policy.embed.weight.requires_grad_(False)
    model = make_token_reward_model(policy)
    assert model.lm_head.out_features == 1
    assert policy.lm_head.out_features == 13
    assert all(p.requires_grad for p in model.parameters())
    with pytest.raises(ConfigError, match="output head"):
        make_token_reward_model(torch.nn.Linear(2, 2))
