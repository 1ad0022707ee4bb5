"""DAPO's clipping: GRPO with a wider upper bound, mixed groups only, mean over tokens.

DAPO (arXiv 2503.14476), sections 3.1-3.3. Overlong responses are handled by the trainer's
`truncated="mask"`, dynamic sampling by `oversample_cap`; set them to have all of DAPO.
"""

from dataclasses import dataclass
from typing import ClassVar

from oreal_rl.algorithms.grpo import Grpo, GrpoConfig


@dataclass(frozen=True, kw_only=True)
class DapoConfig(GrpoConfig):
    """Options of DAPO: those of GRPO with the published upper bound."""

    clip_high: float = 0.28


class Dapo(Grpo):
    """GRPO with separate clip bounds."""

    Config: ClassVar[type] = DapoConfig
