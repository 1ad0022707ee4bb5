"""How numbers become FP8: the rules, in branch-free torch; runs on any device.

One rule set for every layout and backend, tested bit for bit against each other:

1. A tile's `amax` is the largest finite magnitude in it, but at least 2**-100 (so that an empty or
   all-zero tile has a usable scale).
2. `scale = amax / fp8_max` in float32 (448 for e4m3, 57344 for e5m2). With power-of-two scales it
   is rounded up to the next power of two.
3. `q = round_to_nearest_even(x * inverse)`, where `inverse` is `fp8_max / amax`, or exactly
   `1 / scale` for power-of-two scales; the product is clamped to +-fp8_max, so nothing overflows.
4. A value that is not finite becomes NaN in its own place and leaves the rest of its tile alone:
   e4m3 has no infinity, and an overflow must stay visible to a gradient scaler.

Source: tile and block sizes as in DeepSeek-V3 (arXiv 2412.19437, section 3.3); rules 1 and 4 are
this package's.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fp8_grouped_gemm.layout import (
    TILE,
    ceil_div,
    column_capacity,
    column_layout,
    row_groups,
    tile_capacity,
)

MIN_AMAX = 2.0**-100
FP8_MAX = {torch.float8_e4m3fn: 448.0, torch.float8_e5m2: 57344.0}


def scale_and_inverse(
    amax: Tensor, dtype: torch.dtype, power_of_two: bool
) -> tuple[Tensor, Tensor]:
    """Return a tile's scale and the factor its values are multiplied with, float32.

    Args:
        amax: Largest finite magnitude per tile, float32, any shape.
        dtype: FP8 element type.
        power_of_two: Round the scale up to a power of two.
    """
    fp8_max = FP8_MAX[dtype]
    amax = amax.clamp(min=MIN_AMAX)
    # Tensor by tensor: with a number on either side torch multiplies with a rounded reciprocal
    # (`number / tensor` everywhere, `tensor / number` on GPUs).
    limit = torch.full_like(amax, fp8_max)
    scale = amax / limit
    if not power_of_two:
        return scale, limit / amax
    bits = (scale.view(torch.int32) + 0x7FFFFF) & 0x7F800000
    scale = bits.view(torch.float32)
    return scale, torch.ones_like(scale) / scale


def to_fp8(values: Tensor, inverse: Tensor, dtype: torch.dtype) -> Tensor:
    """Round `values * inverse` (float32, same shape) to FP8 by rules 3 and 4."""
    fp8_max = FP8_MAX[dtype]
    scaled = (values * inverse).clamp(-fp8_max, fp8_max)
    return torch.where(values.isfinite(), scaled, torch.nan).to(dtype)


def _finite_magnitude(values: Tensor) -> Tensor:
    return torch.where(values.isfinite(), values.abs(), 0.0)


def quantize_rows(x: Tensor, dtype: torch.dtype, power_of_two: bool) -> tuple[Tensor, Tensor]:
    """Quantise 1x128 tiles along the last axis.

    Args:
        x: Any float type, `[M, K]`.
        dtype: FP8 element type.
        power_of_two: Round scales up to powers of two.

    Returns:
        FP8 `[M, K]` and float32 `[M, ceil(K/128)]`.
    """
    rows, depth = x.shape
    tiles = ceil_div(depth, TILE)
    values = torch.nn.functional.pad(x.float(), (0, tiles * TILE - depth))
    values = values.view(rows, tiles, TILE)
    scale, inverse = scale_and_inverse(_finite_magnitude(values).amax(-1), dtype, power_of_two)
    data = to_fp8(values, inverse[..., None], dtype)
    return data.view(rows, tiles * TILE)[:, :depth].contiguous(), scale


def quantize_columns(
    x: Tensor, group_sizes: Tensor, dtype: torch.dtype, power_of_two: bool
) -> tuple[Tensor, Tensor]:
    """Quantise 128x1 tiles along the rows of each group and return the columns layout.

    Args:
        x: Any float type, `[M, C]`, rows sorted by group.
        group_sizes: int32 or int64 `[G]`.
        dtype: FP8 element type.
        power_of_two: Round scales up to powers of two.

    Returns:
        FP8 `[C, P]` with `P = column_capacity(M, G)`, zero where no row lies, and float32 `[C, T]`
        with `T = tile_capacity(M, G)`.
    """
    rows, width = x.shape
    num_groups = group_sizes.numel()
    tiles = tile_capacity(rows, num_groups)
    positions = column_capacity(rows, num_groups)
    layout = column_layout(group_sizes, rows)
    group = row_groups(layout.row_starts + layout.sizes, rows)
    inside = group < num_groups
    group = group.clamp(max=max(num_groups - 1, 0))
    offset = torch.arange(rows, device=x.device) - layout.row_starts[group]
    values = torch.where(inside[:, None], x.float(), 0.0)
    # Rows of the tail go to one spare slot behind the real ones.
    slot = torch.where(inside, layout.tile_starts[group] * TILE + offset, tiles * TILE)
    padded = values.new_zeros(tiles * TILE + 1, width)
    padded[slot] = _finite_magnitude(values)
    amax = padded[: tiles * TILE].view(tiles, TILE, width).amax(1)
    scale, inverse = scale_and_inverse(amax, dtype, power_of_two)
    tile = (layout.tile_starts[group] + offset // TILE).clamp(0, max(tiles - 1, 0))
    quantized = to_fp8(values, inverse[tile], dtype)
    place = torch.where(inside, layout.starts[group] + offset, positions)
    data = torch.zeros(positions + 1, width, dtype=torch.uint8, device=x.device)
    data[place] = quantized.view(torch.uint8)
    return data[:positions].view(dtype).t(), scale.t()


def quantize_blocks(w: Tensor, dtype: torch.dtype, power_of_two: bool) -> tuple[Tensor, Tensor]:
    """Quantise 128x128 blocks of each matrix.

    Args:
        w: Any float type, `[G, N, K]`.
        dtype: FP8 element type.
        power_of_two: Round scales up to powers of two.

    Returns:
        FP8 `[G, N, K]` and float32 `[G, ceil(N/128), ceil(K/128)]`.
    """
    groups, rows, depth = w.shape
    n_blocks, k_blocks = ceil_div(rows, TILE), ceil_div(depth, TILE)
    values = torch.nn.functional.pad(
        w.float(), (0, k_blocks * TILE - depth, 0, n_blocks * TILE - rows)
    ).view(groups, n_blocks, TILE, k_blocks, TILE)
    amax = _finite_magnitude(values).amax((2, 4))
    scale, inverse = scale_and_inverse(amax, dtype, power_of_two)
    data = to_fp8(values, inverse[:, :, None, :, None], dtype)
    data = data.view(groups, n_blocks * TILE, k_blocks * TILE)
    return data[:, :rows, :depth].contiguous(), scale


def dequantize(data: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Return `data * scale` for tiles `[M, K]` or blocks `[G, N, K]`."""
    full = scale.repeat_interleave(TILE, -1)[..., : data.shape[-1]]
    if data.ndim == 3:
        full = full.repeat_interleave(TILE, -2)[..., : data.shape[-2], :]
    return (data.float() * full).to(dtype)
