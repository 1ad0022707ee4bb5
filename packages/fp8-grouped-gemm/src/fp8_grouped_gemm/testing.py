"""Measures and canaries for tests of FP8 products; public, because users test with them."""

from __future__ import annotations

import torch
from torch import Tensor


def relative_error(got: Tensor, expected: Tensor) -> float:
    """Return `1 - 2<x, y> / (<x, x> + <y, y>)` in float64: 0 for equal tensors.

    About half the squared relative distance of close tensors. The measure that the DeepGEMM
    test-suite uses; two all-zero tensors give 0.
    """
    x, y = got.double().flatten(), expected.double().flatten()
    norm = (x @ x + y @ y).item()
    return 0.0 if norm == 0 else 1 - 2 * (x @ y).item() / norm


def bits_equal(x: Tensor, y: Tensor) -> bool:
    """Return whether two tensors hold the same bytes, so NaN equals itself and +0 is not -0."""
    if x.shape != y.shape or x.dtype != y.dtype:
        return False
    bytes_x, bytes_y = (z.reshape(-1).contiguous().view(torch.uint8) for z in (x, y))
    return torch.equal(bytes_x, bytes_y)


def with_canaries(x: Tensor, before: int = 128, after: int = 128) -> tuple[Tensor, Tensor]:
    """Return a copy of `x` inside a larger buffer of NaN, and that buffer.

    A kernel that reads a neighbour's rows turns its result into NaN; one that writes there changes
    the buffer (see `canaries_alive`).

    Args:
        x: FP8 or float `[M, ...]`.
        before: Rows of NaN in front.
        after: Rows of NaN behind.
    """
    shape = (before + x.shape[0] + after, *x.shape[1:])
    buffer = torch.full(shape, float("nan"), device=x.device).to(x.dtype)
    view = buffer[before : before + x.shape[0]]
    view.copy_(x)
    return view, buffer


def canaries_alive(buffer: Tensor, before: int = 128, after: int = 128) -> bool:
    """Return whether the NaN rows around a tensor made by `with_canaries` are still NaN."""
    edge = torch.cat([buffer[:before], buffer[buffer.shape[0] - after :]])
    return bool(edge.float().isnan().all())


def padded_bytes(group_sizes: Tensor, row_bytes: int, multiple: int = 128) -> int:
    """Return the bytes that padding every group to `multiple` rows would add to one tensor."""
    return int(((-group_sizes) % multiple).sum()) * row_bytes
