"""Drawing one token per row: temperature, nucleus, and the log-probabilities that go with them.

Shape legend: R rows, V vocabulary.
"""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from oreal_rl.protocols import SamplingParams


class Draw(NamedTuple):
    """One drawn token per row.

    Attributes:
        token_ids: [R].
        logprobs: Under the distribution drawn from, nats, [R].
        support_logmass: Log of the nucleus' mass before renormalising, nats, [R].
        support: True inside the nucleus, [R, V]; None where all tokens are.
    """

    token_ids: Int[Tensor, "R"]
    logprobs: Float[Tensor, "R"]
    support_logmass: Float[Tensor, "R"]
    support: Bool[Tensor, "R V"] | None


def draw_tokens(
    logits: Float[Tensor, "R V"], params: SamplingParams, generator: torch.Generator
) -> Draw:
    """Draw from softmax(logits / temperature) cut to its top_p nucleus.

    The nucleus is the smallest set of most likely tokens whose mass reaches top_p. At temperature 0
    the most likely token is taken, and its log-probability at temperature 1 is reported.

    Args:
        logits: Any float dtype.
        params: Temperature and top_p.
        generator: Source of randomness, on the device of `logits`.

    Returns:
        The draw.
    """
    values = logits.float()
    if params.temperature not in (0.0, 1.0):
        values = values / params.temperature
    log_softmax = torch.log_softmax(values, dim=-1)
    zero = log_softmax.new_zeros(len(log_softmax))
    if params.temperature == 0:
        best = log_softmax.argmax(dim=-1, keepdim=True)
        return Draw(best[:, 0], log_softmax.gather(-1, best)[:, 0], zero, None)
    probabilities = log_softmax.exp()
    if params.top_p == 1:
        drawn = _race(probabilities, generator)
        return Draw(drawn[:, 0], log_softmax.gather(-1, drawn)[:, 0], zero, None)
    ordered, order = probabilities.sort(dim=-1, descending=True)
    inside = ordered.cumsum(dim=-1) - ordered < params.top_p
    support = torch.zeros_like(inside).scatter_(-1, order, inside)
    probabilities = torch.where(support, probabilities, torch.zeros_like(probabilities))
    logmass = probabilities.sum(dim=-1).log()
    drawn = _race(probabilities, generator)
    logprobs = log_softmax.gather(-1, drawn)[:, 0] - logmass
    return Draw(drawn[:, 0], logprobs, logmass, support)


def _race(weights: Float[Tensor, "R V"], generator: torch.Generator) -> Int[Tensor, "R 1"]:
    """Draw in proportion to the weights: the first of exponential clocks with these rates to ring.

    `torch.multinomial` draws the same tokens from the same generator, but looks at every weight
    before; here not-a-number goes through, to be found in the log-probabilities.
    """
    clocks = torch.empty_like(weights).exponential_(generator=generator)
    return (weights / clocks).argmax(dim=-1, keepdim=True)
