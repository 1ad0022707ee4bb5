"""OREAL's claims on a bandit small enough to enumerate every group of samples.

Arms 0..4 with probabilities pi, two of them right; p is the chance of a right one. Nothing here is
sampled: expectations are sums over all groups, so only float64 rounding separates the two sides.
"""

import itertools

import pytest
import torch

from oreal_rl.advantages import oreal_weights

THETA = torch.tensor([0.3, -0.5, 1.1, -0.2, 0.4], dtype=torch.float64)
RIGHT = torch.tensor([True, False, False, True, False])


def probability(group, pi):
    return float(torch.stack([pi[arm] for arm in group]).prod())


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_law_of_best_of_n(n):
    pi = THETA.softmax(0)
    p = float(pi[RIGHT].sum())
    law = torch.zeros(5, dtype=torch.float64)
    for group in itertools.product(range(5), repeat=n):
        best = [arm for arm in group if RIGHT[arm]] or list(group)
        for arm in best:
            law[arm] += probability(group, pi) / len(best)
    right = pi * (1 - (1 - p) ** n) / p
    wrong = pi * (1 - p) ** (n - 1)
    torch.testing.assert_close(law, torch.where(RIGHT, right, wrong), rtol=1e-12, atol=0)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_cloning_best_of_n_positives_learns_the_kl_regularised_optimum_whatever_n(n):
    pi = THETA.softmax(0)
    positives = torch.zeros(
        5, dtype=torch.float64
    )  # law of one random right sample, if there is one
    for group in itertools.product(range(5), repeat=n):
        right = [arm for arm in group if RIGHT[arm]]
        for arm in right:
            positives[arm] += probability(group, pi) / len(right)
    cloned = positives / positives.sum()  # the minimiser of the cross-entropy to that law
    # Optimum of E[r] - beta KL(.||pi) is pi exp(r / beta) / Z; beta -> 0 leaves pi on right arms.
    beta = 1 / 60
    optimum = pi * torch.exp(RIGHT.double() / beta)
    optimum = optimum / optimum.sum()
    # What is left on wrong arms is below exp(-60) = 1e-26.
    torch.testing.assert_close(cloned, optimum, rtol=1e-12, atol=1e-20)


def expected_gradient(positive, negative, size, normalise):
    """Minus the expected OREAL gradient over all mixed groups."""
    theta = THETA.clone().requires_grad_()
    pi = THETA.softmax(0)
    objective = torch.zeros((), dtype=torch.float64)
    logprobs = theta.log_softmax(0)
    for group in itertools.product(range(5), repeat=size):
        flags = RIGHT[list(group)]
        count = int(flags.sum())
        if count in (0, size):
            continue
        weights = oreal_weights(flags, positive=positive, negative=negative)
        if normalise:  # one random right and one random wrong of each group
            weights = weights / torch.where(flags, count, size - count)
        objective = objective + probability(group, pi) * (weights * logprobs[list(group)]).sum()
    (gradient,) = torch.autograd.grad(objective, theta)
    return gradient


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize(
    ("positive", "negative"), [("one", "one_minus_p"), ("rloo", "rloo"), ("one", "rloo")]
)
def test_reshaped_negatives_keep_the_gradient_consistent(positive, negative, pairs):
    # Every preset's expected update points along the gradient of p, hence of best-of-n's success.
    theta = THETA.clone().requires_grad_()
    (wanted,) = torch.autograd.grad(theta.softmax(0)[RIGHT].sum(), theta)
    got = expected_gradient(positive, negative, 3, pairs)
    cosine = torch.nn.functional.cosine_similarity(got, wanted, dim=0)
    assert float(cosine) == pytest.approx(1.0, abs=1e-12)


def test_positive_and_negative_halves_pull_the_same_way():
    # E+[grad log pi] = -(1 - p) / p E-[grad log pi]: why negatives help where positives are rare.
    theta = THETA.clone().requires_grad_()
    pi = THETA.softmax(0)
    p = pi[RIGHT].sum()
    halves = []
    for side, mass in ((RIGHT, p), (~RIGHT, 1 - p)):
        law = torch.where(side, pi, torch.zeros_like(pi)) / mass
        (gradient,) = torch.autograd.grad((law * theta.log_softmax(0)).sum(), theta)
        halves.append(gradient)
    torch.testing.assert_close(halves[0], -(1 - p) / p * halves[1], rtol=1e-12, atol=1e-15)


def test_the_gradient_of_best_of_n_success_is_a_multiple_of_that_of_p():
    n = 4
    theta = THETA.clone().requires_grad_()
    p = theta.softmax(0)[RIGHT].sum()
    (left,) = torch.autograd.grad(1 - (1 - p) ** n, theta, retain_graph=True)
    (right,) = torch.autograd.grad(p, theta)
    scale = n * (1 - p.detach()) ** (n - 1)
    torch.testing.assert_close(left, scale * right, rtol=1e-12, atol=1e-16)
