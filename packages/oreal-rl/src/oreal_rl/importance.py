"""Correction for a sampler whose probabilities differ from the trainer's.

The ratio of a token is pi_train(token) / pi_sampler(token). Both must speak about the same support:
with top_p < 1 the sampler drew from a renormalised nucleus, so dividing a full-softmax probability
by the sampler's gives ratios that average to the nucleus' mass, not to 1. Here the trainer's
probability is renormalised over the recorded nucleus where the sampler recorded it (exact), else by
the sampler's own nucleus mass (first order: exact when both nuclei weigh the same).

Shape legend: B rollouts, T response positions.
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from oreal_rl.errors import ConfigError
from oreal_rl.losses import clean

ImportanceKind = Literal[
    "none", "truncate", "mask", "sequence_truncate", "sequence_mask", "geometric_mask"
]
MAX_LOG_RATIO = 20.0


def importance_weights(
    train_logprobs: Float[Tensor, "B T"],
    sampling_logprobs: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    *,
    kind: ImportanceKind,
    cap: float,
    floor: float,
) -> Float[Tensor, "B T"]:
    """Factor per token for the policy loss.

    Args:
        train_logprobs: Under the trainer's weights at the start of the update, over the same
            support as `sampling_logprobs`, nats.
        sampling_logprobs: Under the distribution drawn from, nats.
        mask: Trained tokens.
        kind: "truncate": min(ratio, cap) per token; "mask": ratio where it lies in [floor, cap],
            else 0; "sequence_truncate" and "sequence_mask": the same on the product over the
            response; "geometric_mask": 1 where the geometric mean lies in [floor, cap], else 0.
        cap: Upper bound.
        floor: Lower bound of the masking kinds.

    Returns:
        Factors without gradient, 1 everywhere for "none".

    Raises:
        ConfigError: For an unknown kind.

    Source: truncated ratios after IMPALA (arXiv 1802.01561); the sequence kinds after common RL
    trainers. Differs: the log-ratio is capped at +-20 before the exponential.
    """
    if kind == "none":
        return torch.ones_like(train_logprobs)
    log_ratio = (clean(train_logprobs, mask) - clean(sampling_logprobs, mask)).detach()
    if kind in ("sequence_truncate", "sequence_mask", "geometric_mask"):
        total = log_ratio.sum(dim=1, keepdim=True)
        if kind == "geometric_mask":
            total = total / mask.sum(dim=1, keepdim=True).clamp(min=1)
        log_ratio = total.expand_as(log_ratio)
    ratio = torch.exp(log_ratio.clamp(-MAX_LOG_RATIO, MAX_LOG_RATIO))
    if kind in ("truncate", "sequence_truncate"):
        return ratio.clamp(max=cap)
    inside = ((ratio >= floor) & (ratio <= cap)).to(ratio.dtype)
    if kind in ("mask", "sequence_mask"):
        return ratio * inside
    if kind == "geometric_mask":
        return inside
    raise ConfigError(f"importance is {kind!r}; expected one of the documented kinds")


def staleness_mask(
    token_versions: Int[Tensor, "B T"], *, version: int, max_staleness: int
) -> Bool[Tensor, "B T"]:
    """Tokens whose weights are at most `max_staleness` versions behind.

    Args:
        token_versions: Version of the weights that drew each token.
        version: Version of the weights now.
        max_staleness: Allowed lag in versions.

    Returns:
        True where the token is fresh enough.
    """
    return (version - token_versions) <= max_staleness
