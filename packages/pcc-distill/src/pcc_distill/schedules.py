"""Factors of a distillation loss over the course of training.

A schedule is any function from progress, 0 at the start and 1 at the end, to a factor that is not
negative. Where every factor is 0 the distiller does not run the teacher at all, so a schedule that
reaches 0 also stops distillation early.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

from pcc_distill.errors import ConfigError

Schedule = Callable[[float], float]


def constant(factor: float = 1.0) -> Schedule:
    """The same factor from start to end."""
    _check(factor=factor)
    return lambda progress: factor


def linear(start: float = 1.0, end: float = 0.0) -> Schedule:
    """A straight line from `start` to `end`."""
    _check(start=start, end=end)
    return lambda progress: start + (end - start) * progress


def cosine(start: float = 1.0, end: float = 0.0) -> Schedule:
    """Half a cosine from `start` to `end`."""
    _check(start=start, end=end)
    return lambda progress: end + (start - end) * 0.5 * (1 + math.cos(math.pi * progress))


def stop_after(fraction: float, factor: float = 1.0) -> Schedule:
    """The same factor until a fraction of the training is done, then 0."""
    _check(factor=factor)
    if not 0 < fraction <= 1:
        raise ConfigError(f"stop_after needs a fraction above 0 and at most 1; got {fraction!r}")
    return lambda progress: factor if progress < fraction else 0.0


SCHEDULES = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "stop_after": stop_after,
}


def make_schedule(setting: Schedule | Mapping[str, Any] | None) -> Schedule:
    """A schedule from a configuration such as `dict(type="stop_after", fraction=0.5)`.

    Raises:
        ConfigError: If the type or an argument is unknown.
    """
    if setting is None:
        return constant()
    if callable(setting):
        return setting
    arguments = dict(setting)
    kind = arguments.pop("type", None)
    if kind not in SCHEDULES:
        raise ConfigError(f"schedule type must be one of {', '.join(SCHEDULES)}; got {kind!r}")
    try:
        return SCHEDULES[kind](**arguments)
    except TypeError as error:
        raise ConfigError(f"schedule {kind!r}: {error}") from None


def _check(**factors: float) -> None:
    for name, value in factors.items():
        if not (math.isfinite(value) and value >= 0):
            raise ConfigError(f"{name} must be finite and not negative; got {value!r}")
