"""Importance correction, by hand and under a nucleus."""

import math

import pytest
import torch

from oreal_rl.importance import importance_weights, staleness_mask
from oreal_rl.protocols import SamplingParams
from oreal_rl.samplers.drawing import draw_tokens

TRAIN = torch.tensor([[math.log(0.6), math.log(0.1), 5.0]], dtype=torch.float64)
SAMPLER = torch.tensor([[math.log(0.2), math.log(0.4), -5.0]], dtype=torch.float64)
MASK = torch.tensor([[True, True, False]])


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("none", [1.0, 1.0]),
        ("truncate", [2.0, 0.25]),
        ("mask", [0.0, 0.0]),
        ("sequence_truncate", [0.75, 0.75]),
        ("sequence_mask", [0.75, 0.75]),
        ("geometric_mask", [1.0, 1.0]),
    ],
)
def test_kinds_by_hand(kind, wanted):
    weights = importance_weights(TRAIN, SAMPLER, MASK, kind=kind, cap=2.0, floor=0.5)
    assert weights[0, :2].tolist() == pytest.approx(wanted)
    assert math.isfinite(float(weights[0, 2]))


def test_under_a_nucleus_the_corrected_ratio_averages_to_one_and_the_naive_one_does_not():
    generator = torch.Generator().manual_seed(0)
    sampler_logits = torch.randn(12, generator=generator)
    train_logits = sampler_logits + 0.05 * torch.randn(12, generator=generator)
    rows = sampler_logits.expand(50_000, 12)
    draw = draw_tokens(rows, SamplingParams(max_new_tokens=1, top_p=0.8), generator)
    full = train_logits.log_softmax(0)
    support = draw.support[0]
    exact = train_logits.masked_fill(~support, float("-inf")).log_softmax(0)
    mask = torch.ones(50_000, 1, dtype=torch.bool)

    def mean_ratio(train):
        weights = importance_weights(
            train[:, None], draw.logprobs[:, None], mask, kind="truncate", cap=100.0, floor=0.0
        )
        return float(weights.mean())

    naive = mean_ratio(full[draw.token_ids])
    first_order = mean_ratio(full[draw.token_ids] - draw.support_logmass)
    corrected = mean_ratio(exact[draw.token_ids])
    # Standard error of the mean: ratio spread of about 0.05 over sqrt(50,000) draws = 2e-4.
    assert corrected == pytest.approx(1.0, abs=1e-3)
    assert first_order == pytest.approx(1.0, abs=0.03)
    assert naive == pytest.approx(float(full.exp()[support].sum()), abs=1e-3)
    assert naive < 0.9


def test_tokens_of_old_weights_are_masked():
    versions = torch.tensor([[5.0, 4.0, 3.0]])
    assert staleness_mask(versions, version=5, max_staleness=1).tolist() == [[True, True, False]]
