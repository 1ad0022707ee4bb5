"""Where groups lie: offsets, tile schedules and the column layout of the weight gradient.

Rows of an activation are sorted by group (expert). Nothing is padded:

```text
rows      0 ........ s0 ........ s0+s1 ........ Σs ..... M
group     |--- 0 ---|---- 1 ----|---- 2 ... ---|  tail  |
```

The weight gradient contracts over rows, so it wants each group's rows along the last axis
("columns layout"). There a group starts at a multiple of `GROUP_ALIGN` = 16 positions, which makes
every vector load aligned and costs at most 15 positions per group; a scale covers 128 rows counted
from the group's own start, so no scale is shared by two groups.

```text
position  0 ........ start1 = 16*ceil(s0/16) ........ start2 ...
          |group 0|00|group 1                     |0|group 2 ...      00 = zeros
scale     |t0|t1.|   |t2|t3|t4.|                     |t5 ...          one per 128 rows of a group
```

All functions are device-only torch arithmetic: no host synchronisation, safe in CUDA graphs.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from fp8_grouped_gemm.errors import GroupSizeError

TILE = 128
"""Elements per scale along a contraction, and side of a weight block (paper, section 2)."""

GROUP_ALIGN = 16
"""Positions to which a group's start is rounded in the columns layout: 16 one-byte values, the
width of the largest vector load and the alignment TMA wants of a row pitch."""


def ceil_div(value: int, divisor: int) -> int:
    """Return `value / divisor` rounded up."""
    return (value + divisor - 1) // divisor


def group_ends(group_sizes: Tensor, num_rows: int) -> Tensor:
    """Return the end row of each group, int32 `[G]`, clamped to `num_rows`.

    Args:
        group_sizes: Rows per group, int32 or int64 `[G]`.
        num_rows: Rows of the activation.
    """
    ends = torch.cumsum(group_sizes.clamp(min=0), 0, dtype=torch.int64)
    return ends.clamp(max=num_rows).to(torch.int32)


def row_groups(ends: Tensor, num_rows: int) -> Tensor:
    """Return the group of each row, int64 `[num_rows]`; rows of the tail get `G`.

    Args:
        ends: End row of each group, int32 `[G]`.
        num_rows: Rows of the activation.
    """
    rows = torch.arange(num_rows, device=ends.device, dtype=ends.dtype)
    return torch.searchsorted(ends, rows, right=True)


def column_capacity(num_rows: int, num_groups: int) -> int:
    """Return the positions the columns layout needs at most, a multiple of 16.

    Known without looking at the group sizes, so nothing waits for the device.
    """
    return ceil_div(num_rows + (GROUP_ALIGN - 1) * num_groups, GROUP_ALIGN) * GROUP_ALIGN


def tile_capacity(num_rows: int, num_groups: int, tile: int = TILE) -> int:
    """Return the most tiles of `tile` rows that `num_rows` rows in `num_groups` groups can need."""
    return num_rows // tile + num_groups


TILE_HEIGHTS = (64, 128, 192)
"""Rows per tile of the tile tables in a schedule: those of the kernels' configurations."""


def schedule_length(num_rows: int, num_groups: int) -> int:
    """Return the rows of a schedule: the groups' table, then a tile table per height."""
    return num_groups + sum(
        1 + tile_capacity(num_rows, num_groups + 1, height) for height in TILE_HEIGHTS
    )


def groups_table(schedule: Tensor, num_groups: int) -> Tensor:
    """Return a schedule's view int32 `[G, 4]`: first row, rows, first position, first scale."""
    return schedule.narrow(0, 0, num_groups)


def tile_table(schedule: Tensor, num_rows: int, num_groups: int, block_m: int) -> Tensor:
    """Return a schedule's view for tiles of `block_m` rows; contents as `tile_schedule`."""
    first = num_groups
    for height in TILE_HEIGHTS:
        length = 1 + tile_capacity(num_rows, num_groups + 1, height)
        if height == block_m:
            return schedule.narrow(0, first, length)
        first += length
    raise ValueError(f"tiles have {block_m} rows; expected one of {TILE_HEIGHTS}.")


class ColumnLayout(NamedTuple):
    """Place of every group in the columns layout; each int32 `[G]`."""

    row_starts: Tensor
    sizes: Tensor
    starts: Tensor
    tile_starts: Tensor


def column_layout(group_sizes: Tensor, num_rows: int) -> ColumnLayout:
    """Return where each group's rows, positions and scales begin.

    Args:
        group_sizes: Rows per group, int32 or int64 `[G]`.
        num_rows: Rows of the activation; groups are cut off there.

    Returns:
        First row, number of rows, first position and first scale of each group.
    """
    ends = group_ends(group_sizes, num_rows)
    row_starts = torch.cat([ends.new_zeros(1), ends[:-1]])
    sizes = ends - row_starts
    padded = (sizes + (GROUP_ALIGN - 1)) // GROUP_ALIGN * GROUP_ALIGN
    tiles = (sizes + (TILE - 1)) // TILE
    return ColumnLayout(
        row_starts,
        sizes,
        (torch.cumsum(padded, 0) - padded).to(torch.int32),
        (torch.cumsum(tiles, 0) - tiles).to(torch.int32),
    )


def tile_schedule(group_sizes: Tensor, num_rows: int, block_m: int) -> Tensor:
    """List the row tiles a forward kernel visits; the model of the schedule kernel.

    Args:
        group_sizes: Rows per group, int32 or int64 `[G]`.
        num_rows: Rows of the activation.
        block_m: Rows per tile.

    Returns:
        int32 `[1 + tile_capacity(num_rows, G + 1, block_m), 4]`. Row 0 holds (tiles of groups, all
        tiles, rows in groups, 0). Each further row is a tile: (group, first row, end row of the
        group, 0); tiles of the tail have group `G`, unused entries are -1.
    """
    num_groups = group_sizes.numel()
    ends = group_ends(group_sizes, num_rows)
    all_ends = torch.cat([ends, ends.new_full((1,), num_rows)])
    begins = torch.cat([ends.new_zeros(1), ends])
    counts = (all_ends - begins + block_m - 1) // block_m
    firsts = torch.cumsum(counts, 0) - counts
    capacity = tile_capacity(num_rows, num_groups + 1, block_m)
    schedule = ends.new_full((1 + capacity, 4), -1)
    index = torch.arange(capacity, device=ends.device)
    group = (torch.searchsorted(firsts + counts, index, right=True)).clamp(max=num_groups)
    used = index < counts.sum()
    row = begins[group] + (index - firsts[group]).to(torch.int32) * block_m
    entries = torch.stack([group.to(torch.int32), row, all_ends[group], torch.zeros_like(row)], 1)
    schedule[1:] = torch.where(used[:, None], entries, schedule[1:])
    header = torch.stack([counts[:-1].sum(), counts.sum(), ends[-1] if num_groups else ends.sum()])
    schedule[0, :3] = header.to(torch.int32)
    schedule[0, 3] = 0
    return schedule


def check_group_sizes(group_sizes: Tensor, num_rows: int) -> None:
    """Raise if group sizes are negative or need more rows than there are.

    Reads the values, so on a GPU it waits for the device: the operations call it for CPU tensors
    only, and GPU kernels clamp instead. Call it yourself while debugging.

    Raises:
        GroupSizeError: If a size is negative or the sum exceeds `num_rows`.
    """
    sizes: list[int] = group_sizes.tolist()
    for group, size in enumerate(sizes):
        if size < 0:
            raise GroupSizeError(
                f"group_sizes[{group}] is {size}; expected 0 or more. "
                "Pass rows per group (counts), not offsets."
            )
    if sum(sizes) > num_rows:
        raise GroupSizeError(
            f"group_sizes add up to {sum(sizes)} rows, but the tensor has only {num_rows}. "
            "Pass rows per group (counts), not offsets, and sort the rows by group."
        )
