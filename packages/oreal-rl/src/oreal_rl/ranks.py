"""What the trainer needs to know about other processes; one process knows of none."""

from collections.abc import Sequence
from typing import Protocol


class Ranks(Protocol):
    """Position among the training processes, and two reductions over them."""

    @property
    def rank(self) -> int:
        """This process, from 0."""
        ...

    @property
    def world_size(self) -> int:
        """Number of processes."""
        ...

    def sum(self, values: Sequence[float]) -> list[float]:
        """Add values over all processes, element by element."""
        ...

    def max(self, value: int) -> int:
        """Largest value over all processes."""
        ...


class OneProcess:
    """The only process there is."""

    rank = 0
    world_size = 1

    def sum(self, values: Sequence[float]) -> list[float]:
        """Give the values back."""
        return list(values)

    def max(self, value: int) -> int:
        """Give the value back."""
        return value
