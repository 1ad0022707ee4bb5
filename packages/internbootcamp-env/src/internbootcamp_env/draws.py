"""Keyed random draws: the only source of chance in a generator.

A key is the BLAKE2b hash of everything that names an item (task, version, split, seed, index,
level), so neighbouring seeds and indices are unrelated and no state is shared. Only
`getrandbits` of the Mersenne Twister is used, whose output is fixed across Python versions; the
selection algorithms on top are written here for the same reason.
"""

import random
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

Item = TypeVar("Item")


def key_of(*parts: object) -> int:
    """Return a 128-bit key for a tuple of strings and integers.

    Args:
        *parts: What names the item; `repr` of each part enters the hash, separated by newlines.
    """
    text = "\n".join(map(repr, parts))
    return int.from_bytes(blake2b(text.encode(), digest_size=16).digest())


class Draws:
    """A private stream of draws.

    Args:
        key: Key of the stream, as made by `key_of`.
    """

    __slots__ = ("_bits",)

    def __init__(self, key: int) -> None:
        self._bits = random.Random(key).getrandbits

    def below(self, bound: int) -> int:
        """Return a uniform integer in [0, bound)."""
        if bound <= 0:
            raise ValueError(f"bound must be positive, got {bound}")
        width = bound.bit_length()
        value = self._bits(width)
        while value >= bound:
            value = self._bits(width)
        return value

    def between(self, low: int, high: int) -> int:
        """Return a uniform integer in [low, high], both ends included."""
        return low + self.below(high - low + 1)

    def chance(self, numerator: int, denominator: int) -> bool:
        """Return True with probability numerator / denominator."""
        return self.below(denominator) < numerator

    def pick(self, items: Sequence[Item]) -> Item:
        """Return one item, uniformly."""
        return items[self.below(len(items))]

    def weighted(self, items: Sequence[Item], weights: Sequence[int]) -> Item:
        """Return one item with probability proportional to its integer weight."""
        point = self.below(sum(weights))
        for item, weight in zip(items, weights, strict=True):
            if point < weight:
                return item
            point -= weight
        raise AssertionError("the weights sum to more than their parts")

    def shuffled(self, items: Sequence[Item]) -> list[Item]:
        """Return a uniformly permuted copy."""
        result = list(items)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result

    def sample(self, items: Sequence[Item], count: int) -> list[Item]:
        """Return `count` distinct positions' items in random order."""
        pool = list(items)
        if count > len(pool):
            raise ValueError(f"cannot sample {count} of {len(pool)} items")
        for place in range(count):
            other = place + self.below(len(pool) - place)
            pool[place], pool[other] = pool[other], pool[place]
        return pool[:count]

    def text(self, alphabet: str, length: int) -> str:
        """Return a string of independent uniform characters."""
        return "".join([alphabet[self.below(len(alphabet))] for _ in range(length)])

    def integers(self, count: int, low: int, high: int) -> list[int]:
        """Return `count` independent uniform integers in [low, high]."""
        return [self.between(low, high) for _ in range(count)]

    def parts(self, total: int, count: int) -> list[int]:
        """Split `total` into `count` positive integers, uniformly over compositions."""
        cuts = sorted(self.sample(range(1, total), count - 1))
        return [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
