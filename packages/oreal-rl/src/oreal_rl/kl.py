"""KL estimators and KL-Cov entropy control, per token.

Shape legend: B rollouts, T response positions.
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from oreal_rl.errors import ConfigError
from oreal_rl.losses import clean, masked_sum

KlEstimator = Literal["k1", "k2", "k3"]
MAX_LOG_RATIO = 20.0  # e^20 = 4.9e8 still squares within float32


def kl_per_token(
    logprobs: Float[Tensor, "B T"],
    reference_logprobs: Float[Tensor, "B T"],
    *,
    estimator: KlEstimator,
) -> Float[Tensor, "B T"]:
    """Estimate KL(policy || reference) from the drawn tokens.

    With d = reference - logprob: k1 = -d; k2 = d^2 / 2; k3 = e^d - d - 1. All but k1 are
    non-negative. As a loss, the expected gradient of k1 is zero (it is useful as a metric), that of
    k2 is the true KL gradient, that of k3 is the gradient of KL(reference || policy).

    Args:
        logprobs: Under the trained policy, nats.
        reference_logprobs: Under the reference, nats; no gradient flows into it.
        estimator: Which one.

    Returns:
        Estimate per token, nats.

    Raises:
        ConfigError: For an unknown estimator.

    Source: J. Schulman, "Approximating KL divergence" (2020). Differs: |d| is capped at 20.
    """
    d = (reference_logprobs.detach() - logprobs).clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO)
    if estimator == "k1":
        return -d
    if estimator == "k2":
        return d.square() / 2
    if estimator == "k3":
        return torch.expm1(d) - d
    raise ConfigError(f"kl_estimator is {estimator!r}; expected one of 'k1', 'k2', 'k3'")


def kl_loss(
    logprobs: Float[Tensor, "B T"],
    reference_logprobs: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    estimator: KlEstimator,
    num_tokens: float,
) -> Float[Tensor, ""]:
    """Sum the KL estimate over trained tokens and divide by `num_tokens`.

    Args:
        logprobs: Under the trained policy, nats.
        reference_logprobs: Under the reference, nats.
        mask: Trained tokens.
        estimator: Which estimate, see `kl_per_token`.
        num_tokens: Normaliser of the whole update.

    Returns:
        Scalar loss, nats per token.
    """
    values = kl_per_token(
        clean(logprobs, mask), clean(reference_logprobs, mask), estimator=estimator
    )
    return masked_sum(values, mask) / max(num_tokens, 1.0)


def select_high_covariance(
    logprobs: Float[Tensor, "B T"],
    advantages: Float[Tensor, "B #T"],
    mask: Bool[Tensor, "B T"],
    *,
    fraction: float,
) -> Bool[Tensor, "B T"]:
    """Choose the tokens whose log-probability and advantage vary together most (KL-Cov).

    Args:
        logprobs: At the start of the update, nats.
        advantages: Per rollout ([B, 1]) or token.
        mask: Trained tokens.
        fraction: Share of trained tokens to choose, in [0, 1]; at least one token if positive.

    Returns:
        True at chosen tokens.

    Source: Cui et al., "The Entropy Mechanism of RL for Reasoning Language Models"
    (arXiv 2505.22617), KL-Cov. Differs: as published.
    """
    chosen = torch.zeros_like(mask)
    count = int(mask.sum())
    if fraction <= 0 or count == 0:
        return chosen
    values = logprobs[mask].detach()
    gains = advantages.detach().expand_as(logprobs)[mask]
    covariance = (values - values.mean()) * (gains - gains.mean())
    top = covariance.topk(min(count, max(1, int(count * fraction)))).indices
    flat = torch.zeros(count, dtype=torch.bool, device=mask.device)
    flat[top] = True
    chosen[mask] = flat
    return chosen


def kl_cov_loss(
    logprobs: Float[Tensor, "B T"],
    old_logprobs: Float[Tensor, "B T"],
    chosen: Bool[Tensor, "B T"],
    *,
    num_tokens: float,
) -> Float[Tensor, ""]:
    """Penalise movement of the chosen tokens, |log(pi / pi_old)|, over `num_tokens`.

    At logprobs == old_logprobs the gradient is zero: KL-Cov acts from the second optimiser step on
    the same rollouts onwards, or where the rollout engine's log-probabilities differ.

    Args:
        logprobs: Under the trained policy, nats.
        old_logprobs: At the start of the update, nats.
        chosen: From `select_high_covariance`.
        num_tokens: Normaliser of the whole update.

    Returns:
        Scalar loss, nats per token.
    """
    moved = (clean(logprobs, chosen) - clean(old_logprobs, chosen).detach()).abs()
    return masked_sum(moved, chosen) / max(num_tokens, 1.0)
