"""The shapes that the benchmark runs, each with its source, and uneven group sizes."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import torch
from torch import Tensor


class Shape(NamedTuple):
    """One grouped product: `rows` rows over `groups` groups, `[N, K]` weights."""

    name: str
    rows: int
    groups: int
    n: int
    k: int


def intern_s1(rows: tuple[int, ...] = (1024, 2048, 4096, 8192, 16384, 32768, 65536)) -> list[Shape]:
    """Return Intern-S1's experts (hidden 4096, expert 1536, 128 experts) on one of 8 ranks.

    Source: the model's `config.json`; gate and up projections are one product.
    """
    return [
        Shape(f"intern-s1 {part} M={m}", m, 16, n, k)
        for m in rows
        for part, n, k in (("gate-up", 3072, 4096), ("down", 4096, 1536))
    ]


DEEPGEMM = [
    Shape(f"deepgemm G={groups} N={n} K={k}", groups * rows, groups, n, k)
    for groups, rows in ((4, 8192), (8, 4096))
    for n, k in ((6144, 7168), (7168, 3072), (4096, 4096), (4096, 2048))
]
"""Source: the contiguous grouped shapes of DeepGEMM's own tests."""

PAPER = [Shape("paper G=32 N=3072 K=8192", 16384, 32, 3072, 8192)]
"""Source: the single shape of the test in arXiv 2508.16584's repository."""

CPU = Shape("cpu G=16 N=1024 K=2048", 2048, 16, 1024, 2048)
"""The CPU comparison: 16 uneven groups, one of them empty."""


def draw_group_sizes(shape: Shape, *, aligned: bool = False, seed: int = 0) -> Tensor:
    """Draw rows per group from a Dirichlet-multinomial (concentration 4), int32 `[G]`, on the CPU.

    Keyed by the shape's name and the seed. With `aligned`, sizes are multiples of 128 with the same
    sum (the largest group takes what rounding leaves); the sum must then be a multiple of 128.
    """
    key = hashlib.sha256(f"{shape.name}/{seed}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(key[:7], "big"))
    # A gamma variate of integer shape 4 is a sum of four exponentials.
    draws = torch.rand(shape.groups, 4, generator=generator, dtype=torch.float64)
    weights = -draws.clamp(min=1e-12).log().sum(1)
    unit = 128 if aligned else 1
    sizes = (weights / weights.sum() * shape.rows / unit).floor().long() * unit
    sizes[int(sizes.argmax())] += shape.rows - int(sizes.sum())
    return sizes.to(torch.int32)
