"""Padding kernels: the step this package saves, for the benchmark to compare with.

```text
rows of group g     |  128  |  128  | 37 |            one program = 128 rows of one group; tile t of
padded rows         |  128  |  128  | 37, zeros |     the schedule starts at padded row 128 t
```

`pad_rows` copies FP8 rows and scales, as the baseline of the paper does before a product that wants
groups of whole tiles. `quantize_padded` writes its FP8 rows to padded places at once, which costs
only the zeros: the fairer peer.
"""

# A type checker sees plain Python where Triton's compiler sees compile-time constants.
# pyright: reportAssignmentType=false, reportOperatorIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from fp8_grouped_gemm.kernels.cast import _finite, _scale_and_inverse, _to_fp8
from fp8_grouped_gemm.kernels.schedule import tiles_of
from fp8_grouped_gemm.layout import TILE, ceil_div
from fp8_grouped_gemm.reference_quantize import FP8_MAX, MIN_AMAX


@triton.jit
def pad_rows_kernel(
    a_ptr,  # FP8 [M, K], contiguous
    scale_ptr,  # float32 [M, K/128]
    out_ptr,  # FP8 [P, K], contiguous
    scale_out_ptr,  # float32 [P, K/128], strides (1, P)
    schedule_ptr,  # int32 [1 + tiles, 4]
    K,
    stride_row,  # of the scales
    stride_block,
    padded_rows,  # P
):
    """Copy one tile of rows and their scales, zeros behind the group's end."""
    tile = tl.program_id(0)
    if tile >= tl.load(schedule_ptr):
        return
    row0 = tl.load(schedule_ptr + (1 + tile) * 4 + 1)
    end = tl.load(schedule_ptr + (1 + tile) * 4 + 2)
    lane = tl.arange(0, 128)
    row, target = row0 + lane, tile * 128 + lane
    block = tl.program_id(1)
    col = block * 128 + lane
    inside = (row < end)[:, None] & (col < K)[None, :]
    x = tl.load(a_ptr + row.to(tl.int64)[:, None] * K + col[None, :], mask=inside, other=0.0)
    place = target.to(tl.int64)[:, None] * K + col[None, :]
    tl.store(out_ptr + place, x, mask=(col < K)[None, :])
    from_scale = row.to(tl.int64) * stride_row + block.to(tl.int64) * stride_block
    scale = tl.load(scale_ptr + from_scale, mask=row < end, other=0.0)
    tl.store(scale_out_ptr + block.to(tl.int64) * padded_rows + target, scale)


@triton.jit
def quantize_padded_kernel(
    x_ptr,  # wide [M, K], contiguous
    out_ptr,  # FP8 [P, K], contiguous
    scale_out_ptr,  # float32 [P, K/128], strides (1, P)
    schedule_ptr,  # int32 [1 + tiles, 4]
    K,
    padded_rows,  # P
    FP8_MAX: tl.constexpr,
    MIN_AMAX: tl.constexpr,
):
    """Quantise one tile of rows to its padded place."""
    tile = tl.program_id(0)
    if tile >= tl.load(schedule_ptr):
        return
    row0 = tl.load(schedule_ptr + (1 + tile) * 4 + 1)
    end = tl.load(schedule_ptr + (1 + tile) * 4 + 2)
    lane = tl.arange(0, 128)
    row, target = row0 + lane, tile * 128 + lane
    block = tl.program_id(1)
    col = block * 128 + lane
    inside = (row < end)[:, None] & (col < K)[None, :]
    x = tl.load(x_ptr + row.to(tl.int64)[:, None] * K + col[None, :], mask=inside, other=0.0)
    x = x.to(tl.float32)
    finite = _finite(x)
    amax = tl.max(tl.where(finite, tl.abs(x), 0.0), 1)
    scale, inverse = _scale_and_inverse(amax, FP8_MAX, MIN_AMAX, False)
    data = _to_fp8(x, inverse[:, None], finite, FP8_MAX, out_ptr.dtype.element_ty, 0)
    place = target.to(tl.int64)[:, None] * K + col[None, :]
    tl.store(out_ptr + place, data, mask=(col < K)[None, :])
    tl.store(scale_out_ptr + block.to(tl.int64) * padded_rows + target, scale)


def _allocate(rows: int, depth: int, dtype: torch.dtype, device: torch.device):
    data = torch.empty((rows, depth), dtype=dtype, device=device)
    blocks = ceil_div(depth, TILE)
    return data, torch.empty((blocks, rows), dtype=torch.float32, device=device).t()


def pad_rows(
    a: Tensor, scale: Tensor, group_sizes: Tensor, padded_rows: int
) -> tuple[Tensor, Tensor]:
    """Return FP8 rows and scales with every group padded to a multiple of 128 rows.

    Args:
        a: FP8 `[M, K]`, contiguous.
        scale: float32 `[M, ceil(K/128)]`.
        group_sizes: int32 or int64 `[G]`.
        padded_rows: Sum of the padded sizes.
    """
    data, out_scale = _allocate(padded_rows, a.shape[1], a.dtype, a.device)
    tiles = tiles_of(group_sizes, a.shape[0], TILE)
    pad_rows_kernel[(tiles.shape[0] - 1, scale.shape[1])](
        a, scale, data, out_scale, tiles, a.shape[1], *scale.stride(), padded_rows, num_warps=8
    )
    return data, out_scale


def quantize_padded(
    x: Tensor, group_sizes: Tensor, padded_rows: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Quantise wide rows `[M, K]`, contiguous, to padded places; results as `pad_rows`."""
    data, scale = _allocate(padded_rows, x.shape[1], dtype, x.device)
    tiles = tiles_of(group_sizes, x.shape[0], TILE)
    quantize_padded_kernel[(tiles.shape[0] - 1, scale.shape[1])](
        x, data, scale, tiles, x.shape[1], padded_rows, FP8_MAX=FP8_MAX[dtype],
        MIN_AMAX=MIN_AMAX, num_warps=8,
    )  # fmt: skip
    return data, scale
