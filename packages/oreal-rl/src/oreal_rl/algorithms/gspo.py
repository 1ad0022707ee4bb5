"""GSPO: importance ratio and clip per response in place of per token.

GSPO (arXiv 2507.18071), equations 5-7; the default bounds are those of its section 5.1. Token
weights do not apply. Importance correction applies as its mean over the response.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from oreal_rl.algorithms.base import LossInputs
from oreal_rl.algorithms.grpo import Grpo, GrpoConfig
from oreal_rl.losses import sequence_clipped_loss


@dataclass(frozen=True, kw_only=True)
class GspoConfig(GrpoConfig):
    """Options of GSPO: those of GRPO with bounds that fit a geometric mean."""

    clip_low: float = 3e-4
    clip_high: float = 4e-4


class Gspo(Grpo):
    """Sequence-level clipped policy gradient."""

    Config: ClassVar[type] = GspoConfig

    def policy_loss(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Clip per response."""
        mask = inputs.batch.mask
        correction = (inputs.importance * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1)
        loss = sequence_clipped_loss(
            inputs.logprobs,
            inputs.old_logprobs,
            mask,
            inputs.batch.advantages,
            num_sequences=inputs.totals.sequences,
            clip_low=self.options.clip_low,
            clip_high=self.options.clip_high,
            sequence_weights=correction,
        )
        return loss, {}
