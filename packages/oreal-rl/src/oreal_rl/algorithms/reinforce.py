"""REINFORCE: -(2 reward - 1) * logprob, mean over tokens, no baseline.

Right responses are pushed up and wrong ones down whatever the group did, so all-right and all-wrong
groups train as well, and a group of one is enough. Williams (1992); rewards of -1 and +1 as in the
OREAL paper's ablation.
"""

from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from oreal_rl.algorithms.base import Algorithm


class Reinforce(Algorithm):
    """Policy gradient without a baseline."""

    min_group_size: ClassVar[int] = 1
    drops_equal_groups: ClassVar[bool] = False

    def advantages(self, rewards: Float[Tensor, "G"]) -> Float[Tensor, "G"]:
        """Map rewards from [0, 1] to [-1, 1]."""
        return 2 * rewards - 1
