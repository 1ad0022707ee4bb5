"""RLOO: policy gradient with the mean reward of the other rollouts as baseline.

-(r_i - mean of the others) * logprob, mean over tokens. RLOO (arXiv 2402.14740). Differs: mean over
tokens in place of a sum per response, as every algorithm here.
"""

from jaxtyping import Float
from torch import Tensor

from oreal_rl.advantages import rloo_advantages
from oreal_rl.algorithms.base import Algorithm


class Rloo(Algorithm):
    """Leave-one-out policy gradient on all rollouts of mixed groups."""

    def advantages(self, rewards: Float[Tensor, "G"]) -> Float[Tensor, "G"]:
        """Subtract the mean of the others."""
        return rloo_advantages(rewards)
