"""Advantages and OREAL's weights of one group.

Shape legend: G rollouts of one prompt. Rewards are in [0, 1]. OREAL sees only which rollouts are
correct (a count c of G), so rewards coded as 0/1 or as -1/+1 give the same update.
"""

from typing import Literal

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from oreal_rl.errors import ConfigError, GroupSizeError

PositiveWeight = Literal["one", "rloo", "grpo"]
NegativeWeight = Literal["one", "one_minus_p", "rloo", "grpo"]
STD_EPSILON = 1e-8  # the released trainer's


def _require_two(count: int) -> None:
    if count < 2:
        raise GroupSizeError(
            f"a group has {count} rollouts with a reward; expected at least 2 for a baseline from "
            "the group; raise group_size or use algorithm='reinforce'"
        )


def rloo_advantages(rewards: Float[Tensor, "G"]) -> Float[Tensor, "G"]:
    """Reward minus the mean reward of the other rollouts.

    Args:
        rewards: In [0, 1] (any scale works).

    Returns:
        Advantages, on the scale of the rewards.

    Raises:
        GroupSizeError: For fewer than 2 rollouts.

    Source: RLOO (arXiv 2402.14740). Differs: as published.
    """
    count = rewards.numel()
    _require_two(count)
    return (rewards - rewards.mean()) * (count / (count - 1))


def grpo_advantages(
    rewards: Float[Tensor, "G"], *, scale_by_std: bool = True
) -> Float[Tensor, "G"]:
    """Z-score within the group; zero where all rewards are equal.

    Args:
        rewards: In [0, 1] (any scale works).
        scale_by_std: Divide by the (unbiased) standard deviation; False gives Dr. GRPO.

    Returns:
        Advantages, dimensionless.

    Raises:
        GroupSizeError: For fewer than 2 rollouts.

    Source: GRPO (arXiv 2402.03300); without the division, Dr. GRPO (arXiv 2503.20783).
    """
    _require_two(rewards.numel())
    centered = rewards - rewards.mean()
    return centered / (rewards.std() + STD_EPSILON) if scale_by_std else centered


def oreal_weights(
    is_positive: Bool[Tensor, "G"],
    *,
    positive: PositiveWeight,
    negative: NegativeWeight,
) -> Float[Tensor, "G"]:
    """Signed weight of each rollout: positive for right, negative for wrong ones.

    With c of G right and p = c / G:

    | rule          | weight of a right one | weight of a wrong one |
    |---------------|-----------------------|-----------------------|
    | `one`         | 1                     | -1                    |
    | `one_minus_p` |                       | -(1 - p)              |
    | `rloo`        | 2 (G - c) / (G - 1)   | -2 c / (G - 1)        |
    | `grpo`        | z-score of r = +-1    | z-score of r = +-1    |

    Args:
        is_positive: True for right rollouts.
        positive: Rule for right ones.
        negative: Rule for wrong ones.

    Returns:
        Float64 weights.

    Raises:
        GroupSizeError: For a rule that needs a baseline in a group of one.
        ConfigError: For an unknown rule.

    Source: OREAL (arXiv 2502.06781), section 2, `one` and `one_minus_p`; its released trainer,
    `rloo` and `grpo` on rewards of -1 and +1.
    """
    rewards = is_positive.double() * 2 - 1
    ones = torch.ones_like(rewards)
    pass_rate = is_positive.double().mean()
    rules = {
        "one": lambda: ones * rewards.sign(),
        "one_minus_p": lambda: (1 - pass_rate) * rewards.sign(),
        "rloo": lambda: rloo_advantages(rewards),
        "grpo": lambda: grpo_advantages(rewards),
    }
    for side, rule in (("positive", positive), ("negative", negative)):
        if rule not in rules or (side == "positive" and rule == "one_minus_p"):
            raise ConfigError(
                f"{side}_weight is {rule!r}; expected one of "
                f"{[name for name in rules if side == 'negative' or name != 'one_minus_p']}"
            )
    return torch.where(is_positive, rules[positive](), rules[negative]())
