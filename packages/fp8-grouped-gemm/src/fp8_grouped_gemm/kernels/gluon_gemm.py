"""The grouped product in Gluon, warp-specialised for Hopper.

```text
  producer warp      A and B boxes by TMA into a ring of STAGES; waits `free`, signals `ready`
  consumers 0, 1     64 rows (or, in 64-row tiles, 64 columns) each: wait `ready`, one FP8 wgmma
  (4 warps each)     over 128 of K, wait, signal `free`, promote  acc += scale · partial

  consumer 0   │ wgmma │ promote │ wgmma │ promote │          one's promotion runs under the
  consumer 1       │ wgmma │ promote │ wgmma │ promote │      other's wgmma: what plain Triton
                                                              cannot arrange inside a program
```

Scales for a step are loaded before waiting for its boxes. Stores are `ragged` (from shared memory,
clipped by the hardware) or `masked` (from registers). Layouts as in `gemm`.
"""

# A type checker sees plain Python where Triton's compiler sees compile-time constants.
# pyright: reportAssignmentType=false, reportOperatorIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

from typing import NamedTuple

import torch
import triton
from torch import Tensor
from triton.experimental import gluon
from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.hopper import (
    fence_async_shared,
    mbarrier,
    tma,
    warpgroup_mma,
    warpgroup_mma_wait,
)
from triton.experimental.gluon.nvidia.hopper import TensorDescriptor

from fp8_grouped_gemm.kernels.gluon_compat import async_load, async_store, group_barrier
from fp8_grouped_gemm.kernels.schedule import build_schedule
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
def _produce(
    a_desc, b_desc, schedule_ptr, a_smem, b_smem, ready, free, m_tiles, n_blocks, num_groups, N, K,
    WALK: gl.constexpr, BLOCK_N: gl.constexpr, STAGES: gl.constexpr,
):  # fmt: skip
    """Keep the ring of boxes full."""
    step = 0
    for tile in range(gl.program_id(0), m_tiles * n_blocks, gl.num_programs(0)):
        group, row0, _, n0 = _find_tile(schedule_ptr, tile, m_tiles, n_blocks, WALK, BLOCK_N)
        depth = gl.where(group < num_groups, K, 0)
        for k in range(0, depth, 128):
            stage = step % STAGES
            # A fresh barrier counts as completed for the other parity: first round passes.
            mbarrier.wait(free.index(stage), ((step // STAGES) & 1) ^ 1)
            mbarrier.expect(ready.index(stage), a_desc.block_type.nbytes + b_desc.block_type.nbytes)
            async_load(a_desc, [row0, k], ready.index(stage), a_smem.index(stage))
            async_load(b_desc, [group * N + n0, k], ready.index(stage), b_smem.index(stage))
            step += 1


@gluon.jit
def _consume(
    c_ptr, c_desc, c_smem, scale_a_ptr, scale_b_ptr, schedule_ptr, a_smem, b_smem, ready, free,
    m_tiles, n_blocks, num_groups, N, K,
    stride_sam, stride_sak, stride_sbg, stride_sbn, stride_sbk,
    HALF: gl.constexpr, ROWS: gl.constexpr, COLS: gl.constexpr, BLOCK_N: gl.constexpr,
    RAGGED: gl.constexpr, WALK: gl.constexpr, STAGES: gl.constexpr,
):  # fmt: skip
    """Multiply, promote and store one half of every tile."""
    HUGE: gl.constexpr = 1073741824
    layout: gl.constexpr = gl.NVMMADistributedLayout(
        version=[3, 0], warps_per_cta=[4, 1], instr_shape=[16, COLS, 32]
    )
    row_lane = gl.arange(0, ROWS, gl.SliceLayout(1, layout))
    col_lane = gl.arange(0, COLS, gl.SliceLayout(0, layout))
    by_rows: gl.constexpr = COLS == BLOCK_N
    step = 0
    for tile in range(gl.program_id(0), m_tiles * n_blocks, gl.num_programs(0)):
        group, row0, end, n0 = _find_tile(schedule_ptr, tile, m_tiles, n_blocks, WALK, BLOCK_N)
        depth = gl.where(group < num_groups, K, 0)
        if by_rows:
            row0 = row0 + HALF * ROWS
        else:
            n0 = n0 + HALF * COLS
        row = row0 + row_lane
        inside = row < end
        scale_a = scale_a_ptr + row.to(gl.int64) * stride_sam
        scale_b = scale_b_ptr + group.to(gl.int64) * stride_sbg + (n0 // 128) * stride_sbn
        acc = gl.zeros([ROWS, COLS], gl.float32, layout)
        for k in range(0, depth, 128):
            sa = gl.load(scale_a + (k // 128) * stride_sak, mask=inside, other=0.0)
            sb = gl.load(scale_b + (k // 128) * stride_sbk)
            stage = step % STAGES
            mbarrier.wait(ready.index(stage), (step // STAGES) & 1)
            if by_rows:
                a = a_smem.index(stage).slice(HALF * ROWS, ROWS, 0)
                b = b_smem.index(stage)
            else:
                a = a_smem.index(stage)
                b = b_smem.index(stage).slice(HALF * COLS, COLS, 0)
            zero = gl.zeros([ROWS, COLS], gl.float32, layout)
            partial = warpgroup_mma(a, b.permute((1, 0)), zero, use_acc=False, is_async=True)
            partial = warpgroup_mma_wait(0, deps=(partial,))
            # Every warp has read the boxes before one thread gives them back.
            group_barrier()
            mbarrier.arrive(free.index(stage), count=1)
            acc += partial * gl.expand_dims(sa * sb, 1)
            step += 1
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
            col = n0 + col_lane
            place = gl.expand_dims(row.to(gl.int64) * N, 1) + gl.expand_dims(col, 0)
            mask = gl.expand_dims(inside, 1) & gl.expand_dims(col < N, 0)
            gl.store(c_ptr + place, c, mask=mask)
    if RAGGED:
        tma.store_wait(0)


@gluon.jit
def gluon_gemm_kernel(
    a_desc,  # FP8 [M, K] in boxes [BLOCK_M, 128]
    scale_a_ptr,  # float32 [M, K/128]
    b_desc,  # FP8 [G*N, K] in boxes [BLOCK_N, 128]
    scale_b_ptr,  # float32 [G, N/128, K/128]
    c_ptr,  # wide [M, N], contiguous
    c_desc,  # ragged view of it in boxes [1, 1, ROWS, COLS], or None
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
    ROWS: gl.constexpr,  # of one consumer
    COLS: gl.constexpr,
    WALK: gl.constexpr,
    STAGES: gl.constexpr,
):
    """Compute every tile of the schedule; see the module docstring."""
    a_smem = gl.allocate_shared_memory(a_desc.dtype, [STAGES, BLOCK_M, 128], a_desc.layout)
    b_smem = gl.allocate_shared_memory(b_desc.dtype, [STAGES, BLOCK_N, 128], b_desc.layout)
    ready = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    free = gl.allocate_shared_memory(gl.int64, [STAGES, 1], mbarrier.MBarrierLayout())
    for stage in gl.static_range(STAGES):
        mbarrier.init(ready.index(stage), count=1)
        mbarrier.init(free.index(stage), count=2)
    fence_async_shared()
    if RAGGED:
        box: gl.constexpr = [1, 1, ROWS, COLS]
        c_smem0 = gl.allocate_shared_memory(c_desc.dtype, box, c_desc.layout)
        c_smem1 = gl.allocate_shared_memory(c_desc.dtype, box, c_desc.layout)
    else:
        c_smem0 = ready
        c_smem1 = ready
    n_blocks = gl.cdiv(N, BLOCK_N)
    m_tiles = gl.load(schedule_ptr + 1) if ZERO_TAIL else gl.load(schedule_ptr)
    gl.warp_specialize(
        [
            (_consume, (
                c_ptr, c_desc, c_smem0, scale_a_ptr, scale_b_ptr, schedule_ptr,
                a_smem, b_smem, ready, free, m_tiles, n_blocks, num_groups, N, K,
                stride_sam, stride_sak, stride_sbg, stride_sbn, stride_sbk,
                0, ROWS, COLS, BLOCK_N, RAGGED, WALK, STAGES,
            )),
            (_consume, (
                c_ptr, c_desc, c_smem1, scale_a_ptr, scale_b_ptr, schedule_ptr,
                a_smem, b_smem, ready, free, m_tiles, n_blocks, num_groups, N, K,
                stride_sam, stride_sak, stride_sbg, stride_sbn, stride_sbk,
                1, ROWS, COLS, BLOCK_N, RAGGED, WALK, STAGES,
            )),
            (_produce, (
                a_desc, b_desc, schedule_ptr, a_smem, b_smem, ready, free,
                m_tiles, n_blocks, num_groups, N, K, WALK, BLOCK_N, STAGES,
            )),
        ],
        [4, 1],
        [232, 40],
    )  # fmt: skip


class Config(NamedTuple):
    """One compiled shape: tile, and depth of the ring of boxes."""

    block_m: int
    block_n: int
    stages: int


LARGE = Config(128, 128, 5)
"""160 KB of boxes; each consumer has 64 rows."""
SMALL = Config(64, 128, 8)
"""192 KB of boxes, deep because small groups wait for memory; each consumer has 64 columns."""
CONFIGS = {"large": LARGE, "small": SMALL}
SMALL_GROUP_ROWS = 96
"""Mean rows per group below which 64-row tiles waste less (as in `gemm`)."""

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


def _describe(x: Tensor, shape: list[int], strides: list[int], box: list[int]) -> TensorDescriptor:
    layout = gl.NVMMASharedLayout.get_default_for(box, _GL_TYPES[x.dtype])
    return TensorDescriptor(x, shape, strides, box, layout)


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
    programs: int,
) -> None:
    """Schedule and launch; arguments as `gemm.launch_gemm`."""
    groups, cols, depth = b.shape
    num_rows = a.shape[0]
    if config is None:
        config = SMALL if num_rows < SMALL_GROUP_ROWS * groups else LARGE
    rows_each, cols_each = (64, config.block_n) if config.block_m == 128 else (64, 64)
    schedule, _ = build_schedule(group_sizes, num_rows, config.block_m)
    ragged = store != "masked"
    c_desc = None
    if ragged:
        shape = [0x7FFF0000, 0x7FFF0000, 2**30, cols]
        strides = [2**34 - out.stride(0), out.stride(0), out.stride(0), 1]
        c_desc = _describe(out, shape, strides, [1, 1, rows_each, cols_each])
    a_desc = _describe(a, list(a.shape), list(a.stride()), [config.block_m, TILE])
    b_desc = _describe(b, [groups * cols, depth], [depth, 1], [config.block_n, TILE])
    tiles = triton.cdiv(cols, config.block_n) * (schedule.shape[0] - 1)
    gluon_gemm_kernel[(min(programs, tiles),)](
        a_desc, scale_a, b_desc, scale_b, out, c_desc, schedule, groups, cols, depth,
        *scale_a.stride(), *scale_b.stride(),
        RAGGED=ragged, ZERO_TAIL=zero_tail, BLOCK_M=config.block_m, BLOCK_N=config.block_n,
        ROWS=rows_each, COLS=cols_each, WALK=16, STAGES=config.stages,
        num_warps=4, enable_fp_fusion=True,
    )  # fmt: skip
