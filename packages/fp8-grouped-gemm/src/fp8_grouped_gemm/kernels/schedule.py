"""The schedule kernel: one launch turns group sizes into everything the other kernels read.

```text
group_sizes [G] -> schedule int32 [length, 4]
    groups   [G]          (first row, rows, first position, first scale)
    tiles    [1 + tiles]  row 0: (group tiles, all tiles, group rows, 0); then per tile:
                          (group, first row, end row of the group, position in the columns layout)
    ...                   one such table for tiles of 64, of 128 and of 192 rows
```

So one schedule serves the quantisers, the product and both gradients of a call, whatever tiles each
of them takes. One program per group and height sums the sizes before its own (at most a few
thousand, read in one vector) and writes its own tiles; one more program does the tail. Sizes are
clamped here, so that no kernel can leave its tensors whatever the sizes say. The torch model is
`layout.tile_schedule` and `layout.column_layout`; `layout.tile_table` and `layout.groups_table` are
the views.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from fp8_grouped_gemm.layout import GROUP_ALIGN, TILE, TILE_HEIGHTS, schedule_length, tile_table


@triton.jit
def schedule_kernel(
    sizes_ptr,  # int32 or int64 [G]
    schedule_ptr,  # int32 [length, 4]
    num_groups,
    num_rows,
    UNIT: tl.constexpr,  # heights are UNIT, 2 * UNIT, ...
    BLOCK_G: tl.constexpr,  # power of two, at least G
    ALIGN: tl.constexpr,
    SCALE_TILE: tl.constexpr,
    CHUNK: tl.constexpr,
):
    """Write one group's tiles of one height; program `num_groups` writes the tail's and row 0."""
    group = tl.program_id(0)
    height = (tl.program_id(1) + 1) * UNIT
    lanes = tl.arange(0, BLOCK_G)
    sizes = tl.load(sizes_ptr + lanes, mask=lanes < num_groups, other=0).to(tl.int64)
    sizes = tl.maximum(sizes, 0)
    # Ends are clamped to the rows there are, as layout.group_ends does.
    ends = tl.minimum(tl.cumsum(sizes, 0), num_rows)
    begins = tl.minimum(tl.cumsum(sizes, 0) - sizes, num_rows)
    sizes = (ends - begins).to(tl.int32)
    before = lanes < group
    tiles_before = tl.sum(tl.where(before, (sizes + height - 1) // height, 0), 0)
    rows_before = tl.sum(tl.where(before, sizes, 0), 0)
    padded = (sizes + ALIGN - 1) // ALIGN * ALIGN
    position = tl.sum(tl.where(before, padded, 0), 0)
    scale = tl.sum(tl.where(before, (sizes + SCALE_TILE - 1) // SCALE_TILE, 0), 0)
    size = tl.sum(tl.where(lanes == group, sizes, 0), 0)
    table = schedule_ptr + num_groups * 4
    for lower in range(UNIT, height, UNIT):
        table += (1 + num_rows // lower + num_groups + 1) * 4
    if group == num_groups:
        size = num_rows - rows_before
        count = (size + height - 1) // height
        tl.store(table, tiles_before)
        tl.store(table + 1, tiles_before + count)
        tl.store(table + 2, rows_before)
        tl.store(table + 3, 0)
    elif height == UNIT:
        tl.store(schedule_ptr + group * 4, rows_before)
        tl.store(schedule_ptr + group * 4 + 1, size)
        tl.store(schedule_ptr + group * 4 + 2, position)
        tl.store(schedule_ptr + group * 4 + 3, scale)
    count = (size + height - 1) // height
    for first in range(0, count, CHUNK):
        index = first + tl.arange(0, CHUNK)
        entry = table + (1 + tiles_before + index) * 4
        used = index < count
        tl.store(entry, tl.zeros_like(index) + group, mask=used)
        tl.store(entry + 1, rows_before + index * height, mask=used)
        tl.store(entry + 2, tl.zeros_like(index) + rows_before + size, mask=used)
        tl.store(entry + 3, position + index * height, mask=used)


def build_schedule(group_sizes: Tensor, num_rows: int) -> Tensor:
    """Launch the schedule kernel.

    Args:
        group_sizes: int32 or int64 `[G]`.
        num_rows: Rows of the activation.

    Returns:
        The schedule described above, int32 `[layout.schedule_length(num_rows, G), 4]`. Entries
        behind the last tile of a table are undefined.
    """
    num_groups = group_sizes.numel()
    length = schedule_length(num_rows, num_groups)
    schedule = torch.empty((length, 4), dtype=torch.int32, device=group_sizes.device)
    schedule_kernel[(num_groups + 1, len(TILE_HEIGHTS))](
        group_sizes.contiguous(),
        schedule,
        num_groups,
        num_rows,
        UNIT=TILE_HEIGHTS[0],
        BLOCK_G=triton.next_power_of_2(max(num_groups, 2)),
        ALIGN=GROUP_ALIGN,
        SCALE_TILE=TILE,
        CHUNK=128,
        num_warps=4,
        enable_fp_fusion=True,
    )
    return schedule


def tiles_of(
    group_sizes: Tensor, num_rows: int, block_m: int, schedule: Tensor | None = None
) -> Tensor:
    """Return the table for tiles of `block_m` rows, of a schedule made here unless one is given."""
    if schedule is None:
        schedule = build_schedule(group_sizes, num_rows)
    return tile_table(schedule, num_rows, group_sizes.numel(), block_m)
