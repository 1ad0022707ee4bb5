"""Randomness keyed by a hash of names and indices.

Every random draw of the package comes from a generator made here, so no generator state has to be
saved: the same (seed, purpose, step) gives the same draws after a resume. Neighbouring seeds share
nothing, which `seed + index` would not promise.
"""

import hashlib

import torch


def derive_seed(*key: str | int) -> int:
    """Hash a key of strings and integers to a seed in [0, 2**63).

    Args:
        key: What the draw is for, for example `("sample", seed, step, fetch)`.

    Returns:
        A non-negative 63-bit integer; the same on every machine and Python version.
    """
    text = "/".join(f"{type(part).__name__}:{part}" for part in key)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def derive_generator(*key: str | int, device: torch.device | str = "cpu") -> torch.Generator:
    """Make a generator seeded by `derive_seed`.

    Args:
        key: What the draws are for.
        device: Device on which the generator draws.

    Returns:
        A fresh generator.
    """
    return torch.Generator(device=device).manual_seed(derive_seed(*key))
