"""Best-of-N supervised training: clone right responses, do nothing else.

Cross-entropy on the right responses of every group that has one, mean over their tokens. This is
the offline stage of Intern-S1 (arXiv 2508.15763) when run on stored groups or with one step per
pass, and the ablation of OREAL without negatives.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from oreal_rl.algorithms.base import Algorithm


class BestOfN(Algorithm):
    """Behaviour cloning on right responses."""

    min_group_size: ClassVar[int] = 1

    def select(self, is_positive: list[bool], generator: torch.Generator) -> list[int]:
        """Choose the right ones."""
        return [index for index, right in enumerate(is_positive) if right]

    def is_mixed(self, rewards: list[float]) -> bool:
        """Whether there is anything to clone."""
        return any(reward >= self.config.success_threshold for reward in rewards)

    def advantages(self, rewards: Float[Tensor, "G"]) -> Float[Tensor, "G"]:
        """Weigh all alike."""
        return torch.ones_like(rewards)
