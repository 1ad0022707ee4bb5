"""GRPO: group z-score and PPO's clip, mean over all tokens of the update.

GRPO (arXiv 2402.03300), equation 3. Differs: one mean over tokens (as DAPO and TRL's default do) in
place of a mean per response.
"""

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from oreal_rl.advantages import grpo_advantages
from oreal_rl.algorithms.base import Algorithm, LossInputs
from oreal_rl.errors import ConfigError
from oreal_rl.losses import clipped_policy_loss


@dataclass(frozen=True, kw_only=True)
class GrpoConfig:
    """Options of GRPO.

    Attributes:
        clip_low: Distance of the lower clip bound from 1, in [0, 1).
        clip_high: Distance of the upper clip bound from 1.
        scale_by_std: Divide advantages by the group's standard deviation.
    """

    clip_low: float = 0.2
    clip_high: float = 0.2
    scale_by_std: bool = True

    def __post_init__(self) -> None:
        """Check the bounds."""
        if not 0 <= self.clip_low < 1 or not self.clip_high >= 0:
            raise ConfigError(
                f"clip_low is {self.clip_low} and clip_high {self.clip_high}; expected clip_low in "
                "[0, 1) and clip_high of at least 0"
            )


class Grpo(Algorithm):
    """Clipped policy gradient with group z-scores."""

    Config: ClassVar[type] = GrpoConfig

    def advantages(self, rewards: Float[Tensor, "G"]) -> Float[Tensor, "G"]:
        """Z-score of the group."""
        return grpo_advantages(rewards, scale_by_std=self.options.scale_by_std)

    def policy_loss(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Clip per token."""
        loss = clipped_policy_loss(
            inputs.logprobs,
            inputs.old_logprobs,
            inputs.batch.mask,
            inputs.batch.advantages[:, None],
            num_tokens=inputs.totals.tokens,
            clip_low=self.options.clip_low,
            clip_high=self.options.clip_high,
            token_weights=inputs.token_weights * inputs.importance,
        )
        return loss, {}
