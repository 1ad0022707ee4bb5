"""What an algorithm is: three hooks on the frame that the trainer drives.

1. `select`: which rollouts of a group are trained on.
2. `advantages`: a signed weight per rollout.
3. `policy_loss`: the loss of a micro-batch, as a share of the whole update.

Shape legend: G rollouts of a group, B rollouts of a micro-batch, T response positions.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from oreal_rl.losses import policy_gradient_loss
from oreal_rl.types import TrainBatch

if TYPE_CHECKING:
    from oreal_rl.config import OrealConfig


@dataclass(frozen=True, kw_only=True)
class Totals:
    """Counts over the whole optimiser step; micro-batches divide by these.

    Attributes:
        tokens: Trained tokens.
        positive_tokens: Trained tokens of right rollouts.
        negative_tokens: Trained tokens of wrong rollouts.
        sequences: Rollouts with at least one trained token.
    """

    tokens: float
    positive_tokens: float
    negative_tokens: float
    sequences: float


@dataclass(frozen=True, kw_only=True)
class LossInputs:
    """What a policy loss may look at.

    Attributes:
        logprobs: Under the trained policy, nats, with gradient, [B, T].
        old_logprobs: At the start of the update, nats, [B, T].
        token_weights: From the token reward model, all 1 where there is none, [B, T].
        importance: Correction factors of the sampler's mismatch, all 1 where off, [B, T].
        batch: The rollouts.
        totals: Normalisers.
    """

    logprobs: Float[Tensor, "B T"]
    old_logprobs: Float[Tensor, "B T"]
    token_weights: Float[Tensor, "B T"]
    importance: Float[Tensor, "B T"]
    batch: TrainBatch
    totals: Totals


@dataclass(frozen=True, kw_only=True)
class NoOptions:
    """Options of an algorithm that has none."""


class Algorithm:
    """Base of all algorithms; as it stands, REINFORCE with a given advantage.

    Args:
        config: The trainer's settings.
        options: This algorithm's own settings.
    """

    Config: ClassVar[type] = NoOptions
    min_group_size: ClassVar[int] = 2
    drops_equal_groups: ClassVar[bool] = True

    def __init__(self, config: "OrealConfig", options: Mapping[str, Any] | None = None) -> None:
        self.config = config
        self.options: Any = self.Config(**(options or {}))

    def select(self, is_positive: list[bool], generator: torch.Generator) -> list[int]:
        """Choose the rollouts of one group to train on.

        Args:
            is_positive: Whether each rollout is right.
            generator: Keyed to seed, step and group.

        Returns:
            Indices into the group; all of them unless overridden.
        """
        return list(range(len(is_positive)))

    def advantages(self, rewards: Float[Tensor, "G"]) -> Float[Tensor, "G"]:
        """Weigh the rollouts of one group.

        Args:
            rewards: In [0, 1], of every rollout of the group that has one.

        Returns:
            Signed weights.
        """
        raise TypeError(f"{type(self).__name__} must define advantages()")

    def is_mixed(self, rewards: list[float]) -> bool:
        """Whether a group tells right from wrong, so that training on it means something.

        Args:
            rewards: In [0, 1], of every rollout of the group that has one.

        Returns:
            True unless all rewards are equal.
        """
        return min(rewards) != max(rewards)

    def policy_loss(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute this micro-batch's share of the policy loss.

        Args:
            inputs: Log-probabilities, weights and counts.

        Returns:
            Scalar loss, and terms to report (they add up over micro-batches).
        """
        weights = inputs.batch.advantages[:, None] * inputs.token_weights * inputs.importance
        loss = policy_gradient_loss(
            inputs.logprobs, inputs.batch.mask, weights, num_tokens=inputs.totals.tokens
        )
        return loss, {}


def random_pair(is_positive: list[bool], generator: torch.Generator) -> list[int]:
    """Choose one random right and one random wrong rollout.

    Args:
        is_positive: Whether each rollout is right.
        generator: Source of randomness.

    Returns:
        One index of each side that is not empty.
    """
    chosen = []
    for side in (True, False):
        members = [index for index, value in enumerate(is_positive) if value is side]
        if members:
            draw = torch.randint(len(members), (1,), generator=generator)
            chosen.append(members[int(draw)])
    return chosen
