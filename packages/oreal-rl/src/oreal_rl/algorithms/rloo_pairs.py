"""RLOO on the pairs that OREAL would use: the control for what pair selection alone does.

The baseline comes from the whole group; one random right and one random wrong rollout per group
are trained on, drawn from the same generator as OREAL's.
"""

import torch

from oreal_rl.algorithms.base import random_pair
from oreal_rl.algorithms.rloo import Rloo


class RlooPairs(Rloo):
    """Leave-one-out policy gradient on one right and one wrong rollout per group."""

    def select(self, is_positive: list[bool], generator: torch.Generator) -> list[int]:
        """Choose the pair."""
        return random_pair(is_positive, generator)
