"""The algorithms by name; one file each."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from oreal_rl.algorithms.base import Algorithm, LossInputs, Totals
from oreal_rl.algorithms.best_of_n import BestOfN
from oreal_rl.algorithms.dapo import Dapo
from oreal_rl.algorithms.grpo import Grpo
from oreal_rl.algorithms.gspo import Gspo
from oreal_rl.algorithms.oreal import Oreal
from oreal_rl.algorithms.reinforce import Reinforce
from oreal_rl.algorithms.rloo import Rloo
from oreal_rl.algorithms.rloo_pairs import RlooPairs
from oreal_rl.errors import ConfigError

ALGORITHMS: dict[str, type[Algorithm]] = {
    "oreal": Oreal,
    "reinforce": Reinforce,
    "rloo": Rloo,
    "rloo_pairs": RlooPairs,
    "grpo": Grpo,
    "dapo": Dapo,
    "gspo": Gspo,
    "best_of_n": BestOfN,
}


def check_options(name: str, options: Mapping[str, Any], *, group_size: int) -> None:
    """Refuse an unknown algorithm, an unknown option or a group that is too small.

    Args:
        name: Key of `ALGORITHMS`.
        options: Options for the algorithm's `Config`.
        group_size: Rollouts per prompt.

    Raises:
        ConfigError: Where one of them does not fit.
    """
    if name not in ALGORITHMS:
        raise ConfigError(f"algorithm is {name!r}; expected one of {sorted(ALGORITHMS)}")
    algorithm = ALGORITHMS[name]
    known = {item.name for item in fields(algorithm.Config)}
    unknown = sorted(set(options) - known)
    if unknown:
        raise ConfigError(
            f"algorithm_options for {name!r} has {unknown}; expected some of {sorted(known)}"
        )
    algorithm.Config(**options)
    if group_size < algorithm.min_group_size:
        raise ConfigError(
            f"group_size is {group_size}; {name!r} expects at least {algorithm.min_group_size}, "
            "for its baseline comes from the group; raise it or use algorithm='reinforce'"
        )


__all__ = ["ALGORITHMS", "Algorithm", "LossInputs", "Totals", "check_options"]
