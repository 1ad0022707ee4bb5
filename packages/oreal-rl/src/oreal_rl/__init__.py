"""Outcome-reward reinforcement learning: OREAL, token reward model, Mixture-of-Rewards."""

from importlib.metadata import version

from oreal_rl.config import OrealConfig
from oreal_rl.trainer import Event, OrealTrainer
from oreal_rl.types import Prompt, Rollout, RolloutGroup, Verdict

__all__ = [
    "Event",
    "OrealConfig",
    "OrealTrainer",
    "Prompt",
    "Rollout",
    "RolloutGroup",
    "Verdict",
]

__version__ = version("oreal-rl")
