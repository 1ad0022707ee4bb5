"""Outcome-reward reinforcement learning: OREAL, token reward model, Mixture-of-Rewards."""

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
