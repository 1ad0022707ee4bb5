"""The schedule kernel: one launch turns group sizes into everything the other kernels read.

```text
group_sizes [G] -> schedule int32 [1 + tiles, 4]     row 0: (group tiles, all tiles, group rows, 0)
                                                     then per tile: (group, first row, end row of
                                                     the group, position in the columns layout)
                -> groups   int32 [G, 4]             (first row, rows, first position, first scale)
```

One program per group sums the sizes before its own (at most a few thousand, read in one vector) and
writes its own tiles; one more program does the tail. Sizes are clamped here, so that no kernel can
leave its tensors whatever the sizes say. The torch model is `layout.tile_schedule` and
`layout.column_layout`.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from fp8_grouped_gemm.layout import GROUP_ALIGN, TILE, tile_capacity


@triton.jit
def schedule_kernel(
    sizes_ptr,  # int32 or int64 [G]
    schedule_ptr,  # int32 [1 + tiles, 4]
    groups_ptr,  # int32 [G, 4]
    num_groups,
    num_rows,
    BLOCK_M: tl.constexpr,
    BLOCK_G: tl.constexpr,  # power of two, at least G
    ALIGN: tl.constexpr,
    SCALE_TILE: tl.constexpr,
    CHUNK: tl.constexpr,
):
    """Write one group's tiles; program `num_groups` writes the tail's and the header."""
    group = tl.program_id(0)
    lanes = tl.arange(0, BLOCK_G)
    sizes = tl.load(sizes_ptr + lanes, mask=lanes < num_groups, other=0).to(tl.int64)
    sizes = tl.maximum(sizes, 0)
    # Ends are clamped to the rows there are, as layout.group_ends does.
    ends = tl.minimum(tl.cumsum(sizes, 0), num_rows)
    begins = tl.minimum(tl.cumsum(sizes, 0) - sizes, num_rows)
    sizes = (ends - begins).to(tl.int32)
    before = lanes < group
    tiles_before = tl.sum(tl.where(before, (sizes + BLOCK_M - 1) // BLOCK_M, 0), 0)
    rows_before = tl.sum(tl.where(before, sizes, 0), 0)
    padded = (sizes + ALIGN - 1) // ALIGN * ALIGN
    position = tl.sum(tl.where(before, padded, 0), 0)
    scale = tl.sum(tl.where(before, (sizes + SCALE_TILE - 1) // SCALE_TILE, 0), 0)
    size = tl.sum(tl.where(lanes == group, sizes, 0), 0)
    if group == num_groups:
        size = num_rows - rows_before
        count = (size + BLOCK_M - 1) // BLOCK_M
        tl.store(schedule_ptr, tiles_before)
        tl.store(schedule_ptr + 1, tiles_before + count)
        tl.store(schedule_ptr + 2, rows_before)
        tl.store(schedule_ptr + 3, 0)
    else:
        tl.store(groups_ptr + group * 4, rows_before)
        tl.store(groups_ptr + group * 4 + 1, size)
        tl.store(groups_ptr + group * 4 + 2, position)
        tl.store(groups_ptr + group * 4 + 3, scale)
    count = (size + BLOCK_M - 1) // BLOCK_M
    for first in range(0, count, CHUNK):
        index = first + tl.arange(0, CHUNK)
        entry = schedule_ptr + (1 + tiles_before + index) * 4
        used = index < count
        tl.store(entry, tl.zeros_like(index) + group, mask=used)
        tl.store(entry + 1, rows_before + index * BLOCK_M, mask=used)
        tl.store(entry + 2, tl.zeros_like(index) + rows_before + size, mask=used)
        tl.store(entry + 3, position + index * BLOCK_M, mask=used)


def build_schedule(group_sizes: Tensor, num_rows: int, block_m: int) -> tuple[Tensor, Tensor]:
    """Launch the schedule kernel.

    Args:
        group_sizes: int32 or int64 `[G]`.
        num_rows: Rows of the activation.
        block_m: Rows per tile.

    Returns:
        The schedule and the groups table described above. Entries behind the last tile are
        undefined.
    """
    num_groups = group_sizes.numel()
    capacity = tile_capacity(num_rows, num_groups + 1, block_m)
    schedule = torch.empty((1 + capacity, 4), dtype=torch.int32, device=group_sizes.device)
    groups = torch.empty((num_groups, 4), dtype=torch.int32, device=group_sizes.device)
    schedule_kernel[(num_groups + 1,)](
        group_sizes.contiguous(),
        schedule,
        groups,
        num_groups,
        num_rows,
        BLOCK_M=block_m,
        BLOCK_G=triton.next_power_of_2(max(num_groups, 2)),
        ALIGN=GROUP_ALIGN,
        SCALE_TILE=TILE,
        CHUNK=128,
        num_warps=4,
        enable_fp_fusion=True,
    )
    return schedule, groups
