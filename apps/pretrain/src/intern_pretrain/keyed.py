"""Randomness keyed by names: the same key gives the same draw on every machine and in any order."""

import hashlib
from random import Random


def digest(*parts: object) -> int:
    """A 64-bit hash of the parts joined by slashes."""
    text = "/".join(str(part) for part in parts)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def fraction(*parts: object) -> float:
    """A hash of the parts as a number in [0, 1)."""
    return digest(*parts) / 2**64


def generator(*parts: object) -> Random:
    """A generator that the parts alone determine."""
    return Random(digest(*parts))
