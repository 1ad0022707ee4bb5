"""Policy losses as pure tensor functions.

Shape legend: B rollouts, T response positions. `mask` is True at trained tokens; what stands at
masked positions never matters, neither to a value nor to a gradient. Each function returns a *sum*
over this micro-batch divided by a caller-given count (`num_tokens`, `num_sequences`) that belongs
to the whole update, so micro-batches add up to the same loss as one big batch. A count of zero
gives a loss of exactly zero with a zero gradient, never NaN.
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

TokenFloat = Float[Tensor, "B T"]
TokenMask = Bool[Tensor, "B T"]
NegativeForm = Literal["log_ratio", "ratio"]


def masked_sum(values: TokenFloat, mask: TokenMask) -> Float[Tensor, ""]:
    """Sum over unmasked positions; NaN or inf at masked positions does no harm.

    Args:
        values: Any float dtype.
        mask: True at positions that count.

    Returns:
        Scalar sum.
    """
    return torch.where(mask, values, torch.zeros_like(values)).sum()


def clean(values: TokenFloat, mask: TokenMask) -> TokenFloat:
    """Replace masked positions by 0 before non-linear arithmetic, so gradients stay finite."""
    return torch.where(mask, values, torch.zeros_like(values))


def policy_gradient_loss(
    logprobs: TokenFloat,
    mask: TokenMask,
    weights: Float[Tensor, "B #T"],
    *,
    num_tokens: float,
) -> Float[Tensor, ""]:
    """Weighted negative log-likelihood, -sum(weight * logprob) / num_tokens.

    With unit weights this is behaviour cloning (cross-entropy); with advantages it is REINFORCE.

    Args:
        logprobs: Log-probabilities under the trained policy, nats.
        mask: Trained tokens.
        weights: Weight per rollout ([B, 1]) or token ([B, T]), dimensionless; treated as constant.
        num_tokens: Normaliser of the whole update.

    Returns:
        Scalar loss.
    """
    terms = -weights.detach() * clean(logprobs, mask)
    return masked_sum(terms, mask) / max(num_tokens, 1.0)


def negative_sample_loss(
    logprobs: TokenFloat,
    old_logprobs: TokenFloat,
    mask: TokenMask,
    weights: Float[Tensor, "B #T"],
    *,
    num_tokens: float,
    form: NegativeForm = "ratio",
) -> Float[Tensor, ""]:
    """Push down wrong responses: OREAL's loss on negatives.

    Args:
        logprobs: Log-probabilities under the trained policy, nats.
        old_logprobs: Log-probabilities at the start of the update, nats; used by "log_ratio" only.
        mask: Trained tokens.
        weights: Positive weight per rollout or token; treated as constant.
        num_tokens: Normaliser of the whole update.
        form: "log_ratio": weight * log(pi / pi_old), as in the paper's total loss; "ratio":
            weight * exp(logprob - stop_gradient(logprob)), as in the released trainer. Both have
            the gradient weight * grad(logprob); only the reported value differs.

    Returns:
        Scalar loss.

    Source: OREAL (arXiv 2502.06781), section 2, loss on negative samples. Differs: as published.
    """
    current = clean(logprobs, mask)
    if form == "log_ratio":
        terms = weights.detach() * (current - clean(old_logprobs, mask).detach())
    else:
        terms = weights.detach() * torch.exp(current - current.detach())
    return masked_sum(terms, mask) / max(num_tokens, 1.0)


def clipped_policy_loss(
    logprobs: TokenFloat,
    old_logprobs: TokenFloat,
    mask: TokenMask,
    advantages: Float[Tensor, "B #T"],
    *,
    num_tokens: float,
    clip_low: float,
    clip_high: float,
    token_weights: Float[Tensor, "B #T"] | None = None,
) -> Float[Tensor, ""]:
    """PPO's clipped surrogate per token, -min(r A, clip(r, 1-low, 1+high) A).

    Args:
        logprobs: Log-probabilities under the trained policy, nats.
        old_logprobs: Log-probabilities at the start of the update, nats.
        mask: Trained tokens.
        advantages: Dimensionless; treated as constant.
        num_tokens: Normaliser of the whole update.
        clip_low: Distance of the lower bound from 1, in [0, 1).
        clip_high: Distance of the upper bound from 1.
        token_weights: Factor per token, outside the minimum (importance correction).

    Returns:
        Scalar loss.

    Source: PPO (arXiv 1707.06347), equation 7; separate bounds after DAPO (arXiv 2503.14476).
    """
    advantages = advantages.detach()
    log_ratio = clean(logprobs, mask) - clean(old_logprobs, mask).detach()
    ratio = torch.exp(log_ratio.clamp(-20.0, 20.0))
    clipped = ratio.clamp(1.0 - clip_low, 1.0 + clip_high)
    terms = -torch.minimum(ratio * advantages, clipped * advantages)
    if token_weights is not None:
        terms = terms * token_weights.detach()
    return masked_sum(terms, mask) / max(num_tokens, 1.0)


def sequence_clipped_loss(
    logprobs: TokenFloat,
    old_logprobs: TokenFloat,
    mask: TokenMask,
    advantages: Float[Tensor, "B"],
    *,
    num_sequences: float,
    clip_low: float,
    clip_high: float,
    sequence_weights: Float[Tensor, "B"] | None = None,
) -> Float[Tensor, ""]:
    """GSPO: clip the geometric-mean ratio of a whole response.

    Args:
        logprobs: Log-probabilities under the trained policy, nats.
        old_logprobs: Log-probabilities at the start of the update, nats.
        mask: Trained tokens; a row without any contributes nothing.
        advantages: Dimensionless; treated as constant.
        num_sequences: Normaliser of the whole update.
        clip_low: Distance of the lower bound from 1.
        clip_high: Distance of the upper bound from 1.
        sequence_weights: Factor per response (importance correction).

    Returns:
        Scalar loss.

    Source: GSPO (arXiv 2507.18071), equations 5-7. Differs: as published.
    """
    advantages = advantages.detach()
    lengths = mask.sum(dim=1)
    log_ratio = clean(clean(logprobs, mask) - clean(old_logprobs, mask).detach(), mask).sum(dim=1)
    ratio = torch.exp((log_ratio / lengths.clamp(min=1)).clamp(-20.0, 20.0))
    clipped = ratio.clamp(1.0 - clip_low, 1.0 + clip_high)
    terms = -torch.minimum(ratio * advantages, clipped * advantages)
    if sequence_weights is not None:
        terms = terms * sequence_weights.detach()
    terms = torch.where(lengths > 0, terms, torch.zeros_like(terms))
    return terms.sum() / max(num_sequences, 1.0)
