"""Quantising kernels: rows, columns, both in one read, and weight blocks.

```text
quantize_tiles   one program = 128 rows of one group x 128 columns
   x tile ── amax over columns ──> 128 row scales    ──> data   [M, K]  row-major
          └─ amax over rows    ──> 128 column scales ──> data_t [K, P]  (columns layout)
quantize_blocks  one program = 128 x 128 of one matrix
   w tile ── amax over all ──> 1 scale ──> data [G, N, K], data_t [G, K, N]
```

A gather reads row `gather[i]` of x as sorted row `i`, and a row weight multiplies what the columns
hold: the gradient of routed rows is sorted, weighted and quantised twice in one read, without a
sorted copy. On GPUs without FP8 conversions (`SOFTWARE`) bytes are encoded by integer arithmetic.

Scales are stored with the long axis contiguous (`[M, K/128]` with strides `(1, M)`, `[C, T]` with
strides `(1, C)`), so that a product kernel reads 128 of them as one line. The rules (see
`reference_quantize`) hold bit for bit: divisions are IEEE (`div_rn`), products are clamped before
the hardware's rounding.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from fp8_grouped_gemm.kernels.codes import encode, fp8_format, in_software, payload
from fp8_grouped_gemm.kernels.schedule import tiles_of
from fp8_grouped_gemm.layout import (
    GROUP_ALIGN,
    TILE,
    ceil_div,
    column_capacity,
    tile_capacity,
)
from fp8_grouped_gemm.reference_quantize import FP8_MAX, MIN_AMAX


@triton.jit
def _finite(x):
    """Return whether float32 values are finite, from their exponent bits."""
    return (x.to(tl.int32, bitcast=True) & 0x7F800000) != 0x7F800000


@triton.jit
def _scale_and_inverse(amax, FP8_MAX: tl.constexpr, MIN_AMAX: tl.constexpr, POW2: tl.constexpr):
    """Rules 1 and 2 of `reference_quantize`."""
    amax = tl.maximum(amax, MIN_AMAX)
    limit = tl.full(amax.shape, FP8_MAX, tl.float32)
    scale = tl.div_rn(amax, limit)
    if POW2:
        bits = (scale.to(tl.int32, bitcast=True) + 0x7FFFFF) & 0x7F800000
        scale = bits.to(tl.float32, bitcast=True)
        inverse = tl.div_rn(tl.full(amax.shape, 1.0, tl.float32), scale)
    else:
        inverse = tl.div_rn(limit, amax)
    return scale, inverse


@triton.jit
def _to_fp8(x, inverse, finite, FP8_MAX: tl.constexpr, DTYPE: tl.constexpr, SOFTWARE: tl.constexpr):
    """Rules 3 and 4 of `reference_quantize`; bytes in software, else `DTYPE`."""
    scaled = tl.minimum(tl.maximum(x * inverse, -FP8_MAX), FP8_MAX)
    if SOFTWARE == 0:
        data = tl.where(finite, scaled, float("nan")).to(DTYPE)
    else:
        data = tl.where(finite, encode(scaled, SOFTWARE), 0x7F).to(tl.uint8)
    return data


@triton.jit
def quantize_tiles_kernel(
    x_ptr,  # wide [M, C]
    data_ptr,  # FP8 [M, C], contiguous
    scale_ptr,  # float32 [M, C/128], strides (1, M)
    data_t_ptr,  # FP8 [C, P], contiguous
    scale_t_ptr,  # float32 [C, T], strides (1, C)
    schedule_ptr,  # int32 [1 + tiles, 4], 128 rows per tile; unused without COLUMNS
    gather_ptr,  # integer [M], or None
    weight_ptr,  # float [M], or None; columns only
    num_rows,
    num_cols,
    num_groups,
    num_positions,
    stride_x_row,
    stride_x_col,
    ROWS: tl.constexpr,
    COLUMNS: tl.constexpr,
    BLOCK_M: tl.constexpr,  # 128 with COLUMNS
    FP8_MAX: tl.constexpr,
    MIN_AMAX: tl.constexpr,
    POW2: tl.constexpr,
    ALIGN: tl.constexpr,
    SOFTWARE: tl.constexpr,  # see `codes`
):
    """Quantise one tile along its columns, its rows, or both."""
    tile = tl.program_id(0)
    col = tl.program_id(1) * 128 + tl.arange(0, 128)
    group = 0
    row0 = tile * BLOCK_M
    end = num_rows
    position = 0
    if COLUMNS:
        if tile >= tl.load(schedule_ptr + 1):
            return
        entry = schedule_ptr + (1 + tile) * 4
        group = tl.load(entry)
        row0 = tl.load(entry + 1)
        end = tl.load(entry + 2)
        position = tl.load(entry + 3)
    row = row0 + tl.arange(0, BLOCK_M)
    inside = (row < end)[:, None] & (col < num_cols)[None, :]
    source = row
    if gather_ptr is not None:
        source = tl.load(gather_ptr + row, mask=row < end, other=0)
    offset = source.to(tl.int64)[:, None] * stride_x_row + col.to(tl.int64)[None, :] * stride_x_col
    x = tl.load(x_ptr + offset, mask=inside, other=0.0).to(tl.float32)
    finite = _finite(x)
    magnitude = tl.where(finite, tl.abs(x), 0.0)
    if ROWS:
        scale, inverse = _scale_and_inverse(tl.max(magnitude, 1), FP8_MAX, MIN_AMAX, POW2)
        data = _to_fp8(x, inverse[:, None], finite, FP8_MAX, data_ptr.dtype.element_ty, SOFTWARE)
        tl.store(data_ptr + row.to(tl.int64)[:, None] * num_cols + col[None, :], data, mask=inside)
        block = tl.program_id(1).to(tl.int64)
        tl.store(scale_ptr + block * num_rows + row, scale, mask=row < end)
    if COLUMNS and group < num_groups:
        if weight_ptr is not None:
            weight = tl.load(weight_ptr + row, mask=row < end, other=0.0).to(tl.float32)
            # Rounded as a weighted copy in the type of x would be.
            x = (x * weight[:, None]).to(x_ptr.dtype.element_ty).to(tl.float32)
            finite = _finite(x)
            magnitude = tl.where(finite, tl.abs(x), 0.0)
        scale, inverse = _scale_and_inverse(tl.max(magnitude, 0), FP8_MAX, MIN_AMAX, POW2)
        data = _to_fp8(x, inverse[None, :], finite, FP8_MAX, data_t_ptr.dtype.element_ty, SOFTWARE)
        place = tl.arange(0, BLOCK_M)
        # Zeros (masked loads) fill up to the start of the next group.
        room = (tl.minimum(end - row0, BLOCK_M) + ALIGN - 1) // ALIGN * ALIGN
        target = col.to(tl.int64)[:, None] * num_positions + position + place[None, :]
        mask = (col < num_cols)[:, None] & (place < room)[None, :]
        tl.store(data_t_ptr + target, tl.trans(data), mask=mask)
        scales = scale_t_ptr + tile.to(tl.int64) * num_cols + col
        tl.store(scales, scale, mask=col < num_cols)


@triton.jit
def quantize_blocks_kernel(
    w_ptr,  # wide [G, N, K]
    data_ptr,  # FP8 [G, N, K], contiguous
    scale_ptr,  # float32 [G, N/128, K/128], contiguous
    data_t_ptr,  # FP8 [G, K, N], contiguous
    num_rows,
    num_cols,
    stride_group,
    stride_row,
    stride_col,
    TRANSPOSED: tl.constexpr,
    FP8_MAX: tl.constexpr,
    MIN_AMAX: tl.constexpr,
    POW2: tl.constexpr,
    SOFTWARE: tl.constexpr,
):
    """Quantise one 128x128 block, and write it transposed too."""
    group = tl.program_id(2).to(tl.int64)
    row = tl.program_id(1) * 128 + tl.arange(0, 128)
    col = tl.program_id(0) * 128 + tl.arange(0, 128)
    inside = (row < num_rows)[:, None] & (col < num_cols)[None, :]
    offset = row.to(tl.int64)[:, None] * stride_row + col.to(tl.int64)[None, :] * stride_col
    wide = tl.load(w_ptr + group * stride_group + offset, mask=inside, other=0.0)
    x = wide.to(tl.float32)
    finite = _finite(x)
    amax = tl.max(tl.max(tl.where(finite, tl.abs(x), 0.0), 1, keep_dims=True), 0, keep_dims=True)
    scale, inverse = _scale_and_inverse(amax, FP8_MAX, MIN_AMAX, POW2)
    data = _to_fp8(x, inverse, finite, FP8_MAX, data_ptr.dtype.element_ty, SOFTWARE)
    base = group * num_rows * num_cols
    tl.store(
        data_ptr + base + row.to(tl.int64)[:, None] * num_cols + col[None, :], data, mask=inside
    )
    block = (group * tl.num_programs(1) + tl.program_id(1)) * tl.num_programs(0)
    one = tl.arange(0, 1)
    tl.store(scale_ptr + block + tl.program_id(0) + one[:, None] + one[None, :], scale)
    if TRANSPOSED:
        # Transposed before the rounding: Triton 3.6 mixes up FP8 bytes on their way from rows to
        # columns here (seen on an H200).
        x = tl.trans(wide).to(tl.float32)
        data = _to_fp8(x, inverse, _finite(x), FP8_MAX, data_ptr.dtype.element_ty, SOFTWARE)
        target = base + col.to(tl.int64)[:, None] * num_rows + row[None, :]
        inside = (col < num_cols)[:, None] & (row < num_rows)[None, :]
        tl.store(data_t_ptr + target, data, mask=inside)


def _launch_tiles(
    x: Tensor,
    gather: Tensor | None,
    row_weight: Tensor | None,
    group_sizes: Tensor | None,
    dtype: torch.dtype,
    power_of_two: bool,
    with_rows: bool,
    software: bool | None,
    schedule: Tensor | None = None,
) -> tuple[Tensor | None, Tensor | None, Tensor | None, Tensor | None]:
    """Allocate and launch; columns if there are group sizes. None stands for what is not made.

    `schedule` is built where it is wanted and not given.
    `software` says whether bytes are encoded by arithmetic; None asks the device.
    """
    rows, cols = x.shape[0] if gather is None else gather.numel(), x.shape[1]
    data = scale = data_t = scale_t = table = None
    groups = positions = tiles = 0
    if with_rows:
        data = torch.empty((rows, cols), dtype=dtype, device=x.device)
        scale = torch.empty((ceil_div(cols, TILE), rows), dtype=torch.float32, device=x.device).t()
    block, grid_rows = 32, ceil_div(rows, 32)
    if group_sizes is not None:
        groups = group_sizes.numel()
        positions, tiles = column_capacity(rows, groups), tile_capacity(rows, groups)
        data_t = torch.empty((cols, positions), dtype=dtype, device=x.device)
        scale_t = torch.empty((tiles, cols), dtype=torch.float32, device=x.device).t()
    if not rows or not cols:
        return data, scale, data_t, scale_t
    if group_sizes is not None:
        table = tiles_of(group_sizes, rows, TILE, schedule)
        block, grid_rows = TILE, table.shape[0] - 1
    coded = in_software(x.device) if software is None else software
    form = fp8_format(dtype) if coded else 0
    quantize_tiles_kernel[(grid_rows, ceil_div(cols, TILE))](
        x, payload(data, form), scale, payload(data_t, form), scale_t, table, gather,
        row_weight, rows, cols, groups, positions, x.stride(0), x.stride(1),
        ROWS=with_rows, COLUMNS=group_sizes is not None, BLOCK_M=block, FP8_MAX=FP8_MAX[dtype],
        MIN_AMAX=MIN_AMAX, POW2=power_of_two, ALIGN=GROUP_ALIGN, SOFTWARE=form,
        # Encoding by arithmetic takes more registers; spread them over more warps.
        num_warps=4 if group_sizes is None else 16 if form else 8, enable_fp_fusion=True,
    )  # fmt: skip
    return data, scale, data_t, scale_t


def quantize_rows(
    x: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    gather: Tensor | None = None,
    *,
    software: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Launch for 1x128 tiles; results as `reference_quantize.quantize_rows`."""
    data, scale, _, _ = _launch_tiles(x, gather, None, None, dtype, power_of_two, True, software)
    assert data is not None
    assert scale is not None
    return data, scale


def quantize_columns(
    x: Tensor,
    group_sizes: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    gather: Tensor | None = None,
    row_weight: Tensor | None = None,
    schedule: Tensor | None = None,
    *,
    software: bool | None = None,
) -> tuple[Tensor, Tensor]:
    """Launch for tiles along groups; results as the reference, undefined behind the last group."""
    parts = _launch_tiles(
        x, gather, row_weight, group_sizes, dtype, power_of_two, False, software, schedule
    )
    assert parts[2] is not None
    assert parts[3] is not None
    return parts[2], parts[3]


def quantize_dual(
    x: Tensor,
    group_sizes: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    gather: Tensor | None = None,
    row_weight: Tensor | None = None,
    schedule: Tensor | None = None,
    *,
    software: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Launch for both, from one read of `x`; the row weight is for the columns."""
    return _launch_tiles(  # pyright: ignore[reportReturnType]
        x, gather, row_weight, group_sizes, dtype, power_of_two, True, software, schedule
    )


def quantize_blocks(
    w: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    *,
    transposed: bool,
    software: bool | None = None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Launch for 128x128 blocks: values, scales, and the values transposed if asked for."""
    groups, rows, cols = w.shape
    n_blocks, k_blocks = ceil_div(rows, TILE), ceil_div(cols, TILE)
    data = torch.empty((groups, rows, cols), dtype=dtype, device=w.device)
    scale = torch.empty((groups, n_blocks, k_blocks), dtype=torch.float32, device=w.device)
    data_t = torch.empty((groups, cols, rows), dtype=dtype, device=w.device) if transposed else data
    coded = in_software(w.device) if software is None else software
    form = fp8_format(dtype) if coded else 0
    if w.numel():
        quantize_blocks_kernel[(k_blocks, n_blocks, groups)](
            w, payload(data, form), scale, payload(data_t, form), rows, cols,
            w.stride(0), w.stride(1), w.stride(2), TRANSPOSED=transposed, FP8_MAX=FP8_MAX[dtype],
            MIN_AMAX=MIN_AMAX, POW2=power_of_two, SOFTWARE=form, num_warps=8,
            enable_fp_fusion=True,
        )  # fmt: skip
    return data, scale, data_t
