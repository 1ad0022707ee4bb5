"""The token-level reward model: its loss, its token weights, its gate.

A copy of the policy whose output head is replaced by one zero-initialised scalar. It learns, from
outcome rewards alone, w(s_t): how much each response token speaks for a right answer. The policy
loss of token t is then scaled by how far sigma(w) is from undecided. A fresh zero head gives
weights of zero, hence no policy gradient: freeze the policy for some warm-up steps.

Shape legend: B rollouts, T response positions, D hidden.
"""

import copy
from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from oreal_rl.errors import ConfigError
from oreal_rl.losses import clean

TokenScore = Literal["token", "running_mean"]


def make_token_reward_model(policy: nn.Module) -> nn.Module:
    """Copy a policy and replace its output head by a zero scalar head.

    Args:
        policy: A causal model with `get_output_embeddings` or an attribute `lm_head`.

    Returns:
        A model of the same calling convention whose `.logits` are [rows, positions, 1].

    Raises:
        ConfigError: Where no linear output head is found.
    """
    get_head = getattr(policy, "get_output_embeddings", None)
    head = get_head() if callable(get_head) else getattr(policy, "lm_head", None)
    name = next((n for n, m in policy.named_modules() if m is head), None)
    if not isinstance(head, nn.Linear) or not name:
        raise ConfigError(
            f"the policy's output head is {type(head).__name__}; expected a torch.nn.Linear found "
            "through get_output_embeddings() or lm_head; pass token_reward_model=... instead"
        )
    model = copy.deepcopy(policy)
    scalar = nn.Linear(head.in_features, 1, bias=False, device=head.weight.device)
    nn.init.zeros_(scalar.weight)
    parent, _, attribute = name.rpartition(".")
    setattr(model.get_submodule(parent), attribute, scalar.to(head.weight.dtype))
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return model


def outcome_probability(
    scores: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]
) -> Float[Tensor, "B"]:
    """Predicted probability that a response is right: sigmoid of the mean token score.

    Args:
        scores: w(s_t), logits.
        mask: Response tokens.

    Returns:
        In (0, 1); 0.5 for a response without tokens.
    """
    lengths = mask.sum(dim=1).clamp(min=1)
    return torch.sigmoid(clean(scores, mask).sum(dim=1) / lengths)


def outcome_loss(
    scores: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    is_positive: Bool[Tensor, "B"],
    *,
    num_sequences: float,
) -> Float[Tensor, ""]:
    """Binary cross-entropy of the outcome from the mean token score.

    Args:
        scores: w(s_t), logits.
        mask: Response tokens; a row without any contributes nothing.
        is_positive: Whether the response is right.
        num_sequences: Normaliser of the whole update.

    Returns:
        Scalar loss, nats per response.

    Source: OREAL (arXiv 2502.06781), token-level reward model. Differs: as published (the sigmoid
    of the mean, not the mean of sigmoids).
    """
    lengths = mask.sum(dim=1)
    mean_score = clean(scores, mask).sum(dim=1) / lengths.clamp(min=1)
    losses = nn.functional.binary_cross_entropy_with_logits(
        mean_score, is_positive.to(mean_score.dtype), reduction="none"
    )
    return torch.where(lengths > 0, losses, torch.zeros_like(losses)).sum() / max(
        num_sequences, 1.0
    )


def running_mean(scores: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """Mean of the scores up to and including each position, over unmasked positions."""
    counts = mask.cumsum(dim=1).clamp(min=1)
    return clean(scores, mask).cumsum(dim=1) / counts


def threshold_weights(
    scores: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    is_positive: Bool[Tensor, "B"],
    *,
    token_score: TokenScore,
    threshold: float = 0.5,
) -> Float[Tensor, "B T"]:
    """Weight tokens by how clearly their score agrees with the outcome.

    With q = sigma(w) for right and 1 - sigma(w) for wrong responses, the weight is
    clip((q - t) / (1 - t), 0, 1).
    With t = 0.5 this is the paper's max(2 sigma(w) - 1, 0) and max(1 - 2 sigma(w), 0).

    Args:
        scores: w(s_t), logits.
        mask: Response tokens.
        is_positive: Whether the response is right.
        token_score: "token" uses w(s_t) (paper); "running_mean" its mean so far (released trainer).
        threshold: t, in [0, 1).

    Returns:
        Weights in [0, 1], 0 at masked positions; no gradient.
    """
    scores = scores.detach()
    values = running_mean(scores, mask) if token_score == "running_mean" else clean(scores, mask)
    agreement = torch.sigmoid(torch.where(is_positive[:, None], values, -values))
    weights = ((agreement - threshold) / (1 - threshold)).clamp(0, 1)
    return clean(weights, mask)


def top_fraction_weights(
    scores: Float[Tensor, "B T"],
    mask: Bool[Tensor, "B T"],
    is_positive: Bool[Tensor, "B"],
    *,
    token_score: TokenScore,
    fraction: float = 0.25,
) -> Float[Tensor, "B T"]:
    """Keep each response's most telling tokens, scaled to [0, 1] by minimum and maximum.

    Args:
        scores: w(s_t), logits.
        mask: Response tokens.
        is_positive: Whether the response is right; wrong ones are ranked by 1 - sigma(w).
        token_score: As in `threshold_weights`.
        fraction: Share of a response's tokens to keep, in (0, 1]; at least one.

    Returns:
        Weights in [0, 1], 0 at tokens not kept; all 1 on the kept ones where they tie.

    Source: the released OREAL trainer, `topk_rescale`. Differs: ties give 1, not 0/0.
    """
    scores = scores.detach()
    values = running_mean(scores, mask) if token_score == "running_mean" else clean(scores, mask)
    agreement = torch.sigmoid(torch.where(is_positive[:, None], values, -values))
    weights = torch.zeros_like(agreement)
    for row in range(agreement.shape[0]):
        positions = mask[row].nonzero().flatten()
        if positions.numel() == 0:
            continue
        row_values = agreement[row, positions]
        keep = row_values.topk(max(1, int(positions.numel() * fraction))).indices
        low, high = row_values.min(), row_values.max()
        spread = high - low
        scaled = (row_values - low) / spread if spread > 0 else torch.ones_like(row_values)
        weights[row, positions[keep]] = scaled[keep]
    return weights


def normalize_weights(
    weights: Float[Tensor, "B T"], mask: Bool[Tensor, "B T"], is_positive: Bool[Tensor, "B"]
) -> Float[Tensor, "B T"]:
    """Scale the weights of right and of wrong responses to a mean of 1 each.

    Without this an undecided reward model quietly shrinks the step; Adam, which is blind to scale,
    then amplifies the noise of what is left.

    Args:
        weights: From `threshold_weights` or `top_fraction_weights`.
        mask: Response tokens.
        is_positive: Whether the response is right.

    Returns:
        Scaled weights; a side whose weights are all zero stays zero.
    """
    result = weights.clone()
    for side in (is_positive, ~is_positive):
        members = mask & side[:, None]
        total, count = weights[members].sum(), members.sum()
        if total > 0:
            result[members] = weights[members] * (count / total)
    return result


def balanced_accuracy(
    probabilities: Float[Tensor, "B"], is_positive: Bool[Tensor, "B"]
) -> float | None:
    """Mean of the accuracies on right and on wrong responses.

    A probability of exactly 0.5 counts half, so an untrained reward model scores 0.5.

    Args:
        probabilities: Predicted probability of being right.
        is_positive: The outcome.

    Returns:
        In [0, 1]; None where one of the two sides is empty.
    """
    hits = (probabilities > 0.5).double() + (probabilities == 0.5).double() / 2
    right, wrong = hits[is_positive], 1 - hits[~is_positive]
    if right.numel() == 0 or wrong.numel() == 0:
        return None
    return float((right.mean() + wrong.mean()) / 2)


def calibration_bins(
    probabilities: Float[Tensor, "B"], is_positive: Bool[Tensor, "B"], *, num_bins: int = 5
) -> list[dict[str, float]]:
    """Compare predicted with observed rates in bins of equal width.

    Args:
        probabilities: Predicted probability of being right.
        is_positive: The outcome.
        num_bins: Number of bins over [0, 1].

    Returns:
        One dict per non-empty bin: `low`, `high`, `count`, `predicted`, `observed`.
    """
    index = (probabilities * num_bins).long().clamp(max=num_bins - 1)
    rows = []
    for number in index.unique().tolist():
        members = index == number
        rows.append(
            {
                "low": number / num_bins,
                "high": (number + 1) / num_bins,
                "count": float(members.sum()),
                "predicted": float(probabilities[members].mean()),
                "observed": float(is_positive[members].double().mean()),
            }
        )
    return rows
