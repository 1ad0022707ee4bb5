"""The grouped product in Gluon, warp-specialised for Hopper.

```text
  producer warp      boxes of A and B by TMA, their scales by asynchronous copies, into a ring of
                     STAGES; waits `free`, signals `ready`
  consumers          64 rows and 128 columns of the tile each: wait `ready`, one FP8 wgmma over 128
  (4 warps each)     of K, wait, signal `free`, promote  acc += scale · partial

  consumer 0   │ wgmma │ promote │       │ wgmma │ promote │       one's promotion runs under the
  consumer 1           │ wgmma │ promote │       │ wgmma │ ...     others' wgmma: what plain Triton
  consumer 2                   │ wgmma │ promote │       │ wgmma   cannot arrange inside a program
```

Tiles are 192 rows tall (three consumers share a weight box) or, for small groups, 64 rows flat (two
consumers share an activation box). A consumer reads nothing from global memory: its scales wait in
the ring beside the boxes. Stores are `ragged` (from shared memory, clipped by the hardware) or
`masked` (from registers). Layouts as in `gemm`.
"""

# A type checker sees plain Python where Triton's compiler sees compile-time constants.
# pyright: reportAssignmentType=false, reportOperatorIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import torch
import triton
from torch import Tensor
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.ampere import async_copy
from triton.experimental.gluon.language.nvidia.hopper import (
    fence_async_shared,
    mbarrier,
    tma,
    warpgroup_mma,
    warpgroup_mma_wait,
)
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from fp8_grouped_gemm.kernels.gluon_compat import (
    async_load,
    async_store,
    async_values,
    group_barrier,
)
from fp8_grouped_gemm.kernels.schedule import tiles_of
from fp8_grouped_gemm.layout import TILE


@gluon.jit
def _find_tile(schedule_ptr, tile, m_tiles, n_blocks, WALK: gl.constexpr, BLOCK_N: gl.constexpr):
    """Return (group, first row, end row, first column) of a tile, walked as in `gemm`."""
    walk = tile // (m_tiles * WALK)
    rest = tile - walk * (m_tiles * WALK)
    width = gl.minimum(n_blocks - walk * WALK, WALK)
    m_tile = rest // width
    column = (walk * WALK + rest - m_tile * width) * BLOCK_N
    entry = schedule_ptr + (1 + m_tile) * 4
    return gl.load(entry), gl.load(entry + 1), gl.load(entry + 2), column


@gluon.jit
def _advance(stage, phase, STAGES: gl.constexpr):
    """Return the next place in the ring, and the parity of its round."""
    stage += 1
    if stage == STAGES:
        stage = 0
        phase ^= 1
    return stage, phase


@gluon.jit
def _produce(
    a_desc, b_desc, scale_a_ptr, scale_b_ptr, schedule_ptr, a_smem, b_smem, sa_smem, sb_smem,
    ready, free, m_tiles, n_blocks, num_groups, N, K,
    stride_sam, stride_sak, stride_sbg, stride_sbn, stride_sbk,
    WALK: gl.constexpr, BLOCK_M: gl.constexpr, BLOCK_N: gl.constexpr, STAGES: gl.constexpr,
):  # fmt: skip
    """Keep the ring of boxes and scales full."""
    A_BOXES: gl.constexpr = BLOCK_M // 64
    B_BOXES: gl.constexpr = BLOCK_N // 128
    a_bytes: gl.constexpr = A_BOXES * a_desc.block_type.nbytes
    nbytes: gl.constexpr = a_bytes + B_BOXES * b_desc.block_type.nbytes
    lanes: gl.constexpr = gl.BlockedLayout([1], [32], [1], [0])
    lane = gl.arange(0, 64, lanes)
    one = gl.arange(0, 1, lanes)
    stage = 0
    phase = 0
    for tile in range(gl.program_id(0), m_tiles * n_blocks, gl.num_programs(0)):
        group, row0, end, n0 = _find_tile(schedule_ptr, tile, m_tiles, n_blocks, WALK, BLOCK_N)
        depth = gl.where(group < num_groups, K, 0)
        scale_b = scale_b_ptr + group.to(gl.int64) * stride_sbg
        for k in range(0, depth, 128):
            block = k // 128
            full = ready.index(stage)
            # A fresh barrier counts as completed for the other parity: first round passes.
            mbarrier.wait(free.index(stage), phase ^ 1)
            mbarrier.expect(full, nbytes)
            for box in gl.static_range(A_BOXES):
                place = a_smem.index(stage * A_BOXES + box)
                async_load(a_desc, [row0 + box * 64, k], full, place)
            for box in gl.static_range(B_BOXES):
                place = b_smem.index(stage * B_BOXES + box)
                async_load(b_desc, [group * N + n0 + box * 128, k], full, place)
            for box in gl.static_range(A_BOXES):
                # Rows behind the group's end are dropped by the store, whatever their scale.
                row = gl.minimum(row0 + box * 64 + lane, end - 1)
                async_values(
                    sa_smem.index(stage * A_BOXES + box),
                    scale_a_ptr + row.to(gl.int64) * stride_sam + block * stride_sak,
                )
            for box in gl.static_range(B_BOXES):
                # The second half of the last tile may lie behind N, where there is no scale.
                column = gl.minimum(n0 + box * 128, N - 1) // 128
                async_values(
                    sb_smem.index(stage * B_BOXES + box),
                    scale_b + column * stride_sbn + block * stride_sbk + one,
                )
            async_copy.mbarrier_arrive(full, increment_count=False)
            stage, phase = _advance(stage, phase, STAGES)


@gluon.jit
def _store(
    acc, row0, n0, end, N, c_ptr, c_desc, c_smem,
    ROWS: gl.constexpr, COLS: gl.constexpr, RAGGED: gl.constexpr, layout: gl.constexpr,
):  # fmt: skip
    """Write one part of a tile, clipped at the end of its group."""
    HUGE: gl.constexpr = 1073741824
    c = acc.to(c_ptr.dtype.element_ty)
    if RAGGED:
        # One thread issues stores and waits for them; the others must not overtake it.
        tma.store_wait(0)
        group_barrier()
        c_smem.reshape([ROWS, COLS]).store(c)
        fence_async_shared()
        group_barrier()
        async_store(c_desc, [HUGE, end, HUGE - end + row0, n0], c_smem)
    else:
        row = row0 + gl.arange(0, ROWS, gl.SliceLayout(1, layout))
        col = n0 + gl.arange(0, COLS, gl.SliceLayout(0, layout))
        place = gl.expand_dims(row.to(gl.int64) * N, 1) + gl.expand_dims(col, 0)
        mask = gl.expand_dims(row < end, 1) & gl.expand_dims(col < N, 0)
        gl.store(c_ptr + place, c, mask=mask)


@gluon.jit
def _consume(
    c_ptr, c_desc, c_smem, schedule_ptr, a_smem, b_smem, sa_smem, sb_smem, ready, free,
    m_tiles, n_blocks, num_groups, N, K,
    PART: gl.constexpr, BLOCK_M: gl.constexpr, BLOCK_N: gl.constexpr,
    RAGGED: gl.constexpr, WALK: gl.constexpr, STAGES: gl.constexpr,
):  # fmt: skip
    """Multiply, promote and store one part of every tile: 64 rows and 128 columns."""
    ROWS: gl.constexpr = 64
    COLS: gl.constexpr = 128
    A_BOXES: gl.constexpr = BLOCK_M // ROWS
    B_BOXES: gl.constexpr = BLOCK_N // COLS
    # Parts share the weight's box and have rows of their own, or the other way round.
    a_box: gl.constexpr = PART if A_BOXES > 1 else 0
    b_box: gl.constexpr = PART if A_BOXES == 1 else 0
    layout: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[4, 1], instr_shape=[16, COLS, 32]
    )
    rows_layout: gl.constexpr = gl.SliceLayout(1, layout)
    zero = gl.zeros([ROWS, COLS], gl.float32, layout)
    stage = 0
    phase = 0
    for tile in range(gl.program_id(0), m_tiles * n_blocks, gl.num_programs(0)):
        group, row0, end, n0 = _find_tile(schedule_ptr, tile, m_tiles, n_blocks, WALK, BLOCK_N)
        depth = gl.where(group < num_groups, K, 0)
        acc = zero
        for _ in range(0, depth, 128):
            mbarrier.wait(ready.index(stage), phase)
            sa = sa_smem.index(stage * A_BOXES + a_box).load(rows_layout)
            scale = sa * sb_smem.index(stage * B_BOXES + b_box).load(rows_layout)
            a = a_smem.index(stage * A_BOXES + a_box)
            b = b_smem.index(stage * B_BOXES + b_box).permute((1, 0))
            # Within 128 of K the tensor cores add; between them float32 does.
            partial = warpgroup_mma(a, b, zero, use_acc=False, is_async=True)
            partial = warpgroup_mma_wait(0, deps=(partial,))
            # Every warp has read the boxes before one thread gives them back.
            group_barrier()
            mbarrier.arrive(free.index(stage), count=1)
            acc += partial * gl.expand_dims(scale, 1)
            stage, phase = _advance(stage, phase, STAGES)
        row0 = row0 + a_box * ROWS
        n0 = n0 + b_box * COLS
        _store(acc, row0, n0, end, N, c_ptr, c_desc, c_smem, ROWS, COLS, RAGGED, layout)
    if RAGGED:
        tma.store_wait(0)


@gluon.jit
def gluon_gemm_kernel(
    a_desc,  # FP8 [M, K] in boxes [64, 128]
    scale_a_ptr,  # float32 [M, K/128]
    b_desc,  # FP8 [G*N, K] in boxes [128, 128]
    scale_b_ptr,  # float32 [G, N/128, K/128]
    c_ptr,  # wide [M, N], contiguous
    c_desc,  # ragged view of it in boxes [1, 1, 64, 128], or None
    schedule_ptr,  # int32 [1 + tiles, 4]
    num_groups,
    N,
    K,
    stride_sam,
    stride_sak,
    stride_sbg,
    stride_sbn,
    stride_sbk,
    RAGGED: gl.constexpr,
    ZERO_TAIL: gl.constexpr,
    BLOCK_M: gl.constexpr,
    BLOCK_N: gl.constexpr,
    WALK: gl.constexpr,
    STAGES: gl.constexpr,
):
    """Compute every tile of the schedule; see the module docstring."""
    A_BOXES: gl.constexpr = BLOCK_M // 64
    B_BOXES: gl.constexpr = BLOCK_N // 128
    PARTS: gl.constexpr = A_BOXES * B_BOXES
    a_smem = gl.allocate_shared_memory(a_desc.dtype, [STAGES * A_BOXES, 64, 128], a_desc.layout)
    b_smem = gl.allocate_shared_memory(b_desc.dtype, [STAGES * B_BOXES, 128, 128], b_desc.layout)
    flat: gl.constexpr = gl.SwizzledSharedLayout(1, 1, 1, order=[0])
    sa_smem = gl.allocate_shared_memory(gl.float32, [STAGES * A_BOXES, 64], flat)
    sb_smem = gl.allocate_shared_memory(gl.float32, [STAGES * B_BOXES, 1], flat)
    ready = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    free = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for stage in gl.static_range(STAGES):
        # The boxes, and the scales that each thread of the producer has copied.
        mbarrier.init(ready.index(stage), count=1 + 32)
        mbarrier.init(free.index(stage), count=PARTS)
    fence_async_shared()
    if RAGGED:
        box: gl.constexpr = [1, 1, 64, 128]
        c_smem0 = gl.allocate_shared_memory(c_desc.dtype, box, c_desc.layout)
        c_smem1 = gl.allocate_shared_memory(c_desc.dtype, box, c_desc.layout)
    else:
        c_smem0 = ready
        c_smem1 = ready
    n_blocks = gl.cdiv(N, BLOCK_N)
    m_tiles = gl.load(schedule_ptr + 1) if ZERO_TAIL else gl.load(schedule_ptr)
    if PARTS == 2:
        gl.warp_specialize(
            [
                (_consume, (
                    c_ptr, c_desc, c_smem0, schedule_ptr, a_smem, b_smem, sa_smem, sb_smem,
                    ready, free, m_tiles, n_blocks, num_groups, N, K,
                    0, BLOCK_M, BLOCK_N, RAGGED, WALK, STAGES,
                )),
                (_consume, (
                    c_ptr, c_desc, c_smem1, schedule_ptr, a_smem, b_smem, sa_smem, sb_smem,
                    ready, free, m_tiles, n_blocks, num_groups, N, K,
                    1, BLOCK_M, BLOCK_N, RAGGED, WALK, STAGES,
                )),
                (_produce, (
                    a_desc, b_desc, scale_a_ptr, scale_b_ptr, schedule_ptr,
                    a_smem, b_smem, sa_smem, sb_smem, ready, free,
                    m_tiles, n_blocks, num_groups, N, K,
                    stride_sam, stride_sak, stride_sbg, stride_sbn, stride_sbk,
                    WALK, BLOCK_M, BLOCK_N, STAGES,
                )),
            ],
            [4, 1],
            [232, 40],
        )  # fmt: skip
    else:
        if RAGGED:
            c_smem2 = gl.allocate_shared_memory(c_desc.dtype, [1, 1, 64, 128], c_desc.layout)
        else:
            c_smem2 = ready
        gl.warp_specialize(
            [
                (_consume, (
                    c_ptr, c_desc, c_smem0, schedule_ptr, a_smem, b_smem, sa_smem, sb_smem,
                    ready, free, m_tiles, n_blocks, num_groups, N, K,
                    0, BLOCK_M, BLOCK_N, RAGGED, WALK, STAGES,
                )),
                (_consume, (
                    c_ptr, c_desc, c_smem1, schedule_ptr, a_smem, b_smem, sa_smem, sb_smem,
                    ready, free, m_tiles, n_blocks, num_groups, N, K,
                    1, BLOCK_M, BLOCK_N, RAGGED, WALK, STAGES,
                )),
                (_consume, (
                    c_ptr, c_desc, c_smem2, schedule_ptr, a_smem, b_smem, sa_smem, sb_smem,
                    ready, free, m_tiles, n_blocks, num_groups, N, K,
                    2, BLOCK_M, BLOCK_N, RAGGED, WALK, STAGES,
                )),
                (_produce, (
                    a_desc, b_desc, scale_a_ptr, scale_b_ptr, schedule_ptr,
                    a_smem, b_smem, sa_smem, sb_smem, ready, free,
                    m_tiles, n_blocks, num_groups, N, K,
                    stride_sam, stride_sak, stride_sbg, stride_sbn, stride_sbk,
                    WALK, BLOCK_M, BLOCK_N, STAGES,
                )),
            ],
            [4, 4, 1],
            [160, 160, 24],
        )  # fmt: skip


class Config(NamedTuple):
    """One compiled shape: tile, depth of the ring of boxes, column blocks walked together."""

    block_m: int
    block_n: int
    stages: int
    walk: int = 16


TALL = Config(192, 128, 4)
"""160 KB of boxes, three consumers with 64 rows each."""
FLAT = Config(64, 256, 4, walk=4)
"""160 KB of boxes, two consumers with 128 columns each; for small groups."""
CONFIGS = {"tall": TALL, "flat": FLAT}
SMALL_GROUP_ROWS = 384
"""Mean rows per group below which 64-row tiles waste less than 192-row tiles save (H200: 256 rows
7 % faster flat, 512 rows 3 % faster tall)."""

_GL_TYPES = {
    torch.float8_e4m3fn: gl.float8e4nv,
    torch.float8_e5m2: gl.float8e5,
    torch.bfloat16: gl.bfloat16,
    torch.float16: gl.float16,
    torch.float32: gl.float32,
}


def fits(out: Tensor) -> bool:
    """Return whether a result can be described: a row pitch of 16 bytes."""
    return out.shape[1] * out.element_size() % 16 == 0


@cache
def _layout(box: tuple[int, ...], dtype: torch.dtype) -> gl.NVMMASharedLayout:
    # Kept: working it out costs the host more than the rest of a descriptor.
    return gl.NVMMASharedLayout.get_default_for(list(box), _GL_TYPES[dtype])


def _describe(x: Tensor, shape: list[int], strides: list[int], box: list[int]) -> TensorDescriptor:
    return TensorDescriptor(x, shape, strides, box, _layout(tuple(box), x.dtype))


def launch_gemm(
    a: Tensor,
    scale_a: Tensor,
    b: Tensor,
    scale_b: Tensor,
    group_sizes: Tensor,
    out: Tensor,
    *,
    zero_tail: bool = False,
    store: str = "auto",
    config: Config | None = None,
    schedule: Tensor | None = None,
    programs: int,
) -> None:
    """Launch; arguments as `gemm.launch_gemm`."""
    groups, cols, depth = b.shape
    num_rows = a.shape[0]
    if config is None:
        config = FLAT if num_rows < SMALL_GROUP_ROWS * groups else TALL
    # float32 results take twice the room of 16-bit ones on their way out.
    stages = config.stages - (out.element_size() == 4)
    tiles = tiles_of(group_sizes, num_rows, config.block_m, schedule)
    ragged = store != "masked"
    c_desc = None
    if ragged:
        shape = [0x7FFF0000, 0x7FFF0000, 2**30, cols]
        strides = [2**34 - out.stride(0), out.stride(0), out.stride(0), 1]
        c_desc = _describe(out, shape, strides, [1, 1, 64, TILE])
    a_desc = _describe(a, list(a.shape), list(a.stride()), [64, TILE])
    b_desc = _describe(b, [groups * cols, depth], [depth, 1], [TILE, TILE])
    most = triton.cdiv(cols, config.block_n) * (tiles.shape[0] - 1)
    gluon_gemm_kernel[(min(programs, most),)](
        a_desc, scale_a, b_desc, scale_b, out, c_desc, tiles, groups, cols, depth,
        *scale_a.stride(), *scale_b.stride(),
        RAGGED=ragged, ZERO_TAIL=zero_tail, BLOCK_M=config.block_m, BLOCK_N=config.block_n,
        WALK=config.walk, STAGES=stages,
        num_warps=4, enable_fp_fusion=True,
    )  # fmt: skip
