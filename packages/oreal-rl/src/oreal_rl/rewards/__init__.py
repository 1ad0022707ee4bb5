"""Rewards: from verifier answers to verdicts, and several sources mixed into one reward."""

from oreal_rl.rewards.calibration import GroupCalibration, LogisticCalibration, RangeCalibration
from oreal_rl.rewards.mixture import MixtureConfig, RewardMixture
from oreal_rl.rewards.sources import RewardSource

__all__ = [
    "GroupCalibration",
    "LogisticCalibration",
    "MixtureConfig",
    "RangeCalibration",
    "RewardMixture",
    "RewardSource",
]
