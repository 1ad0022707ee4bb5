"""Calibrations: from a source's own numbers to [0, 1], where 0.5 divides right from wrong.

All are stateless, so a resumed run calibrates as an uninterrupted one would.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from oreal_rl.errors import ConfigError

Numbers = Sequence[float | None]
MAD_TO_STD = 1.4826  # of a normal distribution


class Calibration(Protocol):
    """Maps a batch of numbers to [0, 1]; None stays None."""

    @property
    def needs_bounds(self) -> bool:
        """Whether the source's range must be finite."""
        ...

    def calibrate(
        self, numbers: Numbers, groups: Sequence[int], value_range: tuple[float, float]
    ) -> list[float | None]:
        """Map the numbers.

        Args:
            numbers: Raw scores within `value_range`, None for abstentions.
            groups: Group number of each score.
            value_range: The source's declared range.

        Returns:
            Values in [0, 1], None for abstentions.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class RangeCalibration:
    """Linear from the declared range to [0, 1]."""

    @property
    def needs_bounds(self) -> bool:
        """Linear needs both ends."""
        return True

    def calibrate(
        self, numbers: Numbers, groups: Sequence[int], value_range: tuple[float, float]
    ) -> list[float | None]:
        """Map linearly; see `Calibration`."""
        low, high = value_range
        return [None if x is None else (x - low) / (high - low) for x in numbers]


@dataclass(frozen=True, kw_only=True)
class LogisticCalibration:
    """A logistic curve with a fixed centre and scale.

    Attributes:
        center: Score that maps to 0.5.
        scale: Distance from the centre that maps to 0.73; positive.
    """

    center: float = 0.0
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Check the scale."""
        if not self.scale > 0:
            raise ConfigError(f"scale is {self.scale}; expected above 0")

    @property
    def needs_bounds(self) -> bool:
        """Any number fits."""
        return False

    def calibrate(
        self, numbers: Numbers, groups: Sequence[int], value_range: tuple[float, float]
    ) -> list[float | None]:
        """Map through the curve; see `Calibration`."""
        return [
            None if x is None else 0.5 + 0.5 * math.tanh((x - self.center) / (2 * self.scale))
            for x in numbers
        ]


@dataclass(frozen=True, kw_only=True)
class GroupCalibration:
    """Robust z-score within the group, clipped and mapped linearly to [0, 1].

    Median and median absolute deviation, so that one score of 1e4 moves nothing but itself. A group
    whose scores all agree maps to 0.5 throughout: nothing to prefer.

    Attributes:
        clip: z-score that maps to 1 (and its negative to 0); positive.
        min_scores: Groups with fewer scores abstain.
    """

    clip: float = 3.0
    min_scores: int = 2

    def __post_init__(self) -> None:
        """Check the bounds."""
        if not self.clip > 0 or self.min_scores < 2:
            raise ConfigError(
                f"clip is {self.clip} and min_scores {self.min_scores}; expected clip above 0 and "
                "min_scores of at least 2"
            )

    @property
    def needs_bounds(self) -> bool:
        """Any number fits."""
        return False

    def calibrate(
        self, numbers: Numbers, groups: Sequence[int], value_range: tuple[float, float]
    ) -> list[float | None]:
        """Map within each group; see `Calibration`."""
        members: defaultdict[int, list[float]] = defaultdict(list)
        for number, group in zip(numbers, groups, strict=True):
            if number is not None:
                members[group].append(number)
        stats = {group: _robust_stats(values) for group, values in members.items()}
        results: list[float | None] = []
        for number, group in zip(numbers, groups, strict=True):
            if number is None or len(members[group]) < self.min_scores:
                results.append(None)
                continue
            center, spread = stats[group]
            z = 0.0 if number == center else math.copysign(math.inf, number - center)
            if spread > 0:
                z = (number - center) / spread
            z = max(-self.clip, min(self.clip, z))
            results.append(0.5 + z / (2 * self.clip))
        return results


def _robust_stats(values: list[float]) -> tuple[float, float]:
    """Median, and median absolute deviation scaled to a standard deviation."""
    center = median(values)
    return center, median(abs(value - center) for value in values) * MAD_TO_STD
