"""The same operations in plain torch, exactly as the hardware promises them; runs on any device.

Each 128-wide slice of the contraction is multiplied in float32 (products of two FP8 values are
exact there), then promoted: `acc += scale_a * scale_b * partial`, in ascending order of slices.
That is the promotion DeepGEMM introduced to get around Hopper's short FP8 accumulator
(arXiv 2412.19437, section 3.3.2), and what the kernels do; the order of additions inside a slice is
the one difference left. Loops over groups on the host: exact first, fast elsewhere.
"""

from __future__ import annotations

import torch
from torch import Tensor

from fp8_grouped_gemm.layout import TILE, ceil_div, column_layout, group_ends


def gemm_block_scaled(
    a: Tensor, scale_a: Tensor, b: Tensor, scale_b: Tensor, out_dtype: torch.dtype
) -> Tensor:
    """Return `a @ b.T` for one group.

    Args:
        a: FP8 `[M, K]`.
        scale_a: float32 `[M, ceil(K/128)]`.
        b: FP8 `[N, K]`.
        scale_b: float32, per row `[N, ceil(K/128)]` or per block `[ceil(N/128), ceil(K/128)]`.
        out_dtype: Element type of the result.

    Returns:
        `[M, N]` in `out_dtype`.
    """
    num_cols, depth = b.shape
    if scale_b.shape[0] != num_cols:
        scale_b = scale_b.repeat_interleave(TILE, 0)[:num_cols]
    acc = torch.zeros(a.shape[0], num_cols, dtype=torch.float32, device=a.device)
    for index in range(ceil_div(depth, TILE)):
        part = slice(index * TILE, (index + 1) * TILE)
        partial = a[:, part].float() @ b[:, part].float().T
        acc += partial * (scale_a[:, index, None] * scale_b[None, :, index])
    return acc.to(out_dtype)


def grouped_gemm(
    a: Tensor,
    scale_a: Tensor,
    b: Tensor,
    scale_b: Tensor,
    group_sizes: Tensor,
    out_dtype: torch.dtype,
) -> Tensor:
    """Return `a[rows of g] @ b[g].T` for every group; rows of the tail are zero.

    Args:
        a: FP8 `[M, K]`, rows sorted by group.
        scale_a: float32 `[M, ceil(K/128)]`.
        b: FP8 `[G, N, K]`.
        scale_b: float32 `[G, ceil(N/128), ceil(K/128)]`.
        group_sizes: int32 or int64 `[G]`.
        out_dtype: Element type of the result.

    Returns:
        `[M, N]` in `out_dtype`.
    """
    out = torch.zeros(a.shape[0], b.shape[1], dtype=out_dtype, device=a.device)
    begin = 0
    for group, end in enumerate(group_ends(group_sizes, a.shape[0]).tolist()):
        rows = slice(begin, end)
        out[rows] = gemm_block_scaled(a[rows], scale_a[rows], b[group], scale_b[group], out_dtype)
        begin = end
    return out


def grouped_gemm_wgrad(
    lhs: Tensor,
    scale_lhs: Tensor,
    rhs: Tensor,
    scale_rhs: Tensor,
    group_sizes: Tensor,
    num_rows: int,
    out_dtype: torch.dtype,
) -> Tensor:
    """Return `lhs[:, g] @ rhs[:, g].T` for every group, contracting over the group's rows.

    Args:
        lhs: FP8 `[N, P]` in the columns layout (see `layout`).
        scale_lhs: float32 `[N, T]`, one scale per 128 rows of a group.
        rhs: FP8 `[K, P]`.
        scale_rhs: float32 `[K, T]`.
        group_sizes: int32 or int64 `[G]`.
        num_rows: Rows of the activation from which both sides were made.
        out_dtype: Element type of the result.

    Returns:
        `[G, N, K]` in `out_dtype`; zero for empty groups.
    """
    layout = column_layout(group_sizes, num_rows)
    sizes, starts, tiles = (part.tolist() for part in layout[1:])
    out = torch.zeros(len(sizes), lhs.shape[0], rhs.shape[0], dtype=out_dtype, device=lhs.device)
    for group, (size, start, tile) in enumerate(zip(sizes, starts, tiles, strict=True)):
        columns = slice(start, start + size)
        scales = slice(tile, tile + ceil_div(size, TILE))
        out[group] = gemm_block_scaled(
            lhs[:, columns], scale_lhs[:, scales], rhs[:, columns], scale_rhs[:, scales], out_dtype
        )
    return out
