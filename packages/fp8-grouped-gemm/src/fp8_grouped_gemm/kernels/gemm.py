"""The grouped product in Triton: forward, and input gradient on the transposed weight.

```text
            K                     one program owns tiles  out[row0 : row0+BLOCK_M, n0 : n0+BLOCK_N]
      ┌───────────┐               of one group; it loops over K in steps of 128:
 rows │  A tile   │  x  B[g] ᵀ      acc += scale_a[row, k] * scale_b[g, n0/128, k] * (A · Bᵀ)
      └───────────┘               The last tile of a group loads its neighbour's first rows too
                                  (one static box); their results are dropped by the store.
```

Stores, for the `r` rows of a group that a tile holds:

* `masked`  plain stores under a row mask; any GPU.
* `ragged`  one 4-D descriptor whose strides wrap modulo 2**64: the hardware clips at the end of the
            group (the idea of Triton's `ragged_tma`); one instruction whatever `r`.
* `pool`    the paper's way: descriptors of heights BLOCK_M, BLOCK_M/2, ..., 1; a full tile takes
            one, else the largest height h <= r stores rows [0, h) and [r-h, r), which overlap with
            the same bytes.

Persistent programs walk the tiles 16 column blocks at a time, so that weights stay in L2.
Layouts: A FP8 `[M, K]`, its scales `[M, K/128]` any strides; B FP8 `[G, N, K]`; K a multiple of 16.
The kernel is long because the three stores and both kinds of loads share everything else.

Source: tiles, promotion, walk and pool after arXiv 2508.16584 and DeepGEMM (facts, no code).
"""

# A type checker sees plain Python where Triton's compiler sees compile-time constants.
# pyright: reportAssignmentType=false, reportOperatorIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

from typing import NamedTuple

import torch
import triton
import triton.language as tl
from torch import Tensor
from triton.tools.tensor_descriptor import TensorDescriptor

from fp8_grouped_gemm.kernels.codes import decode, fp8_format, in_software, payload
from fp8_grouped_gemm.kernels.schedule import tiles_of
from fp8_grouped_gemm.layout import TILE

MASKED, RAGGED, POOL = 0, 1, 2
_HUGE = 2**30  # rows of the ragged view's clipped axis; twice its reach must fit an int32


@triton.jit
def _store_pool(c, desc, row0, col0, rows, HEIGHT: tl.constexpr):
    """Store rows [0, h) and [rows-h, rows) with the descriptor of height `h <= rows < 2h`."""
    if (rows >= HEIGHT) & (rows < 2 * HEIGHT):
        lane = tl.arange(0, HEIGHT)[:, None] + tl.zeros([1, c.shape[1]], tl.int32)
        head = tl.gather(c, lane, 0)
        tail = tl.gather(c, lane + (rows - HEIGHT), 0)
        desc.store([row0, col0], head)
        desc.store([row0 + rows - HEIGHT, col0], tail)


@triton.jit
def gemm_kernel(  # noqa: C901, PLR0915  one kernel, all paths: see above
    a_ptr,  # FP8 [M, K]
    a_desc,  # the same as boxes [BLOCK_M, 128], or None
    scale_a_ptr,  # float32 [M, K/128]
    b_ptr,  # FP8 [G, N, K], contiguous
    b_desc,  # the same as [G*N, K] in boxes [BLOCK_N, 128], or None
    scale_b_ptr,  # float32 [G, N/128, K/128]
    c_ptr,  # wide [rows, N], contiguous
    c_desc,  # ragged view of it, or None
    pool_0,  # descriptors of heights BLOCK_M, BLOCK_M/2, ..., 1, or None; Triton 3.6 takes no
    pool_1,  # tuple of descriptors
    pool_2,
    pool_3,
    pool_4,
    pool_5,
    pool_6,
    pool_7,
    schedule_ptr,  # int32 [1 + tiles, 4]
    gather_ptr,  # integer [M], or None
    scatter_ptr,  # integer [M], or None
    weight_ptr,  # float [M], or None
    num_groups,
    N,
    K,
    stride_am,
    stride_sam,
    stride_sak,
    stride_sbg,
    stride_sbn,
    stride_sbk,
    A_TMA: tl.constexpr,
    B_TMA: tl.constexpr,
    STORE: tl.constexpr,
    ZERO_TAIL: tl.constexpr,
    BLOCK_M: tl.constexpr,
    BLOCK_N: tl.constexpr,
    WALK: tl.constexpr,  # column blocks walked together
    STAGES: tl.constexpr,
    SOFTWARE_A: tl.constexpr,  # see `codes`; only where nothing is loaded by TMA
    SOFTWARE_B: tl.constexpr,
):
    """Compute every tile of the schedule; see the module docstring."""
    BLOCK_K: tl.constexpr = 128
    HUGE: tl.constexpr = 1073741824
    n_blocks = tl.cdiv(N, BLOCK_N)
    m_tiles = tl.load(schedule_ptr + 1) if ZERO_TAIL else tl.load(schedule_ptr)
    for tile in tl.range(tl.program_id(0), m_tiles * n_blocks, tl.num_programs(0)):
        walk = tile // (m_tiles * WALK)
        rest = tile - walk * (m_tiles * WALK)
        width = tl.minimum(n_blocks - walk * WALK, WALK)
        m_tile = rest // width
        n0 = (walk * WALK + rest - m_tile * width) * BLOCK_N
        entry = schedule_ptr + (1 + m_tile) * 4
        group = tl.load(entry)
        row0 = tl.load(entry + 1)
        end = tl.load(entry + 2)
        row = row0 + tl.arange(0, BLOCK_M)
        col = n0 + tl.arange(0, BLOCK_N)
        acc = tl.zeros((BLOCK_M, BLOCK_N), tl.float32)
        # The tail behind the last group is a group with nothing to sum.
        depth = K if group < num_groups else 0
        b_row = group * N + n0
        source = row
        if gather_ptr is not None:
            source = tl.load(gather_ptr + row, mask=row < end, other=0)
        k_lane = tl.arange(0, BLOCK_K)
        scale_a = scale_a_ptr + source.to(tl.int64) * stride_sam
        scale_b = scale_b_ptr + group.to(tl.int64) * stride_sbg + (n0 // 128) * stride_sbn
        a_base = a_ptr + source.to(tl.int64)[:, None] * stride_am + k_lane[None, :]
        b_lane = (group.to(tl.int64) * N + tl.minimum(col, N - 1)) * K
        b_base = b_ptr + b_lane[None, :] + k_lane[:, None]
        for k in tl.range(0, depth, BLOCK_K, num_stages=STAGES):
            if A_TMA:
                a = a_desc.load([row0, k])
            else:
                inside = (row < end)[:, None] & (k_lane < K - k)[None, :]
                a = tl.load(a_base + k, mask=inside, other=0.0)
                if SOFTWARE_A:
                    a = decode(a, SOFTWARE_A)
            if B_TMA:
                b = b_desc.load([b_row, k]).T
            else:
                b = tl.load(b_base + k, mask=(k_lane < K - k)[:, None], other=0.0)
                if SOFTWARE_B:
                    b = decode(b, SOFTWARE_B)
            sa = tl.load(scale_a + (k // 128) * stride_sak, mask=row < end, other=0.0)
            sb = tl.load(scale_b + (k // 128) * stride_sbk)
            acc += tl.dot(a, b) * (sa * sb)[:, None]
        if weight_ptr is not None:
            weight = tl.load(weight_ptr + row, mask=row < end, other=0.0).to(tl.float32)
            acc = acc * weight[:, None]
        c = acc.to(c_ptr.dtype.element_ty)
        if STORE == 1:
            # Clipped axis: its end lies at the group's end, whatever the group's start.
            c_desc.store([HUGE, end, HUGE - end + row0, n0], c[None, None, :, :])
        elif STORE == 2:
            rows = end - row0
            if rows >= BLOCK_M:
                pool_0.store([row0, n0], c)
            _store_pool(c, pool_1, row0, n0, rows, BLOCK_M // 2)
            _store_pool(c, pool_2, row0, n0, rows, BLOCK_M // 4)
            _store_pool(c, pool_3, row0, n0, rows, BLOCK_M // 8)
            _store_pool(c, pool_4, row0, n0, rows, BLOCK_M // 16)
            _store_pool(c, pool_5, row0, n0, rows, BLOCK_M // 32)
            _store_pool(c, pool_6, row0, n0, rows, BLOCK_M // 64)
            if BLOCK_M == 128:
                _store_pool(c, pool_7, row0, n0, rows, 1)
        else:
            target = row
            if scatter_ptr is not None:
                target = tl.load(scatter_ptr + row, mask=row < end, other=0)
            place = target.to(tl.int64)[:, None] * N + col[None, :]
            tl.store(c_ptr + place, c, mask=(row < end)[:, None] & (col < N)[None, :])


class Config(NamedTuple):
    """One compiled shape of the kernel.

    Attributes:
        block_m: Rows per tile.
        block_n: Columns per tile, a divisor of 128, so that a tile meets one weight scale.
        warps: Warps per program.
        stages: Depth of the load pipeline.
        walk: Column blocks walked together.
    """

    block_m: int
    block_n: int
    warps: int
    stages: int
    walk: int = 16


LARGE = Config(128, 128, 8, 4)
"""164 KB of shared memory, one program per SM, two warpgroups of 64 rows each."""
SMALL = Config(64, 128, 4, 3)
"""90 KB: two programs per SM, whose promotions and products overlap; for small groups."""
PORTABLE = Config(64, 64, 4, 3)
"""Pointer loads on GPUs with 100 KB of shared memory or less."""
SOFTWARE = Config(64, 32, 8, 3)
"""The same where bytes are decoded by arithmetic: float16 operands take twice the registers, and
four warps spill."""

SMALL_GROUP_ROWS = 96
"""Mean rows per group below which 64-row tiles waste less than 128-row tiles save."""


def choose_config(num_rows: int, num_groups: int, hopper: bool, software: bool = False) -> Config:
    """Choose a tile shape from what the host knows: rows and groups, not their sizes."""
    if not hopper:
        return SOFTWARE if software else PORTABLE
    return SMALL if num_rows < SMALL_GROUP_ROWS * num_groups else LARGE


def ragged_descriptor(c: Tensor, block_m: int, block_n: int) -> TensorDescriptor:
    """Describe `[rows, N]` so that a store is clipped at a row known only on the device.

    A row `r` of a group that ends at `e` has coordinates (HUGE, e, HUGE - e + r, column): the first
    two strides cancel modulo 2**64 up to `r`, and the third axis ends at HUGE, so rows at or past
    `e` are out of bounds to the hardware.
    """
    pitch = c.stride(0)
    shape = [0x7FFF0000, 0x7FFF0000, _HUGE, c.shape[1]]
    strides = [2**34 - pitch, pitch, pitch, 1]
    return TensorDescriptor(c, shape, strides, [1, 1, block_m, block_n])


def pool_descriptors(c: Tensor, block_m: int, block_n: int) -> tuple[TensorDescriptor, ...]:
    """Describe `[rows, N]` once per power of two from `block_m` rows down to one."""
    heights = [block_m >> shift for shift in range(block_m.bit_length())]
    shape, strides = list(c.shape), [c.stride(0), 1]
    return tuple(TensorDescriptor(c, shape, strides, [height, block_n]) for height in heights)


def choose_store(requested: str, c: Tensor, scattered: bool, hopper: bool) -> int:
    """Return the store mode: what was asked for where the tensor allows it, else `masked`.

    A descriptor wants a row pitch of 16 bytes; a scatter has no boxes to describe.
    """
    describable = (
        hopper and not scattered and c.shape[1] * c.element_size() % 16 == 0 and c.shape[0] > 0
    )
    if requested == "masked" or not describable:
        return MASKED
    return POOL if requested == "pool" else RAGGED


def launch_gemm(
    a: Tensor,
    scale_a: Tensor,
    b: Tensor,
    scale_b: Tensor,
    group_sizes: Tensor,
    out: Tensor,
    *,
    gather: Tensor | None = None,
    scatter: Tensor | None = None,
    row_weight: Tensor | None = None,
    zero_tail: bool = False,
    store: str = "auto",
    config: Config | None = None,
    schedule: Tensor | None = None,
    hopper: bool,
    programs: int,
    software: bool = False,
) -> None:
    """Launch, with a schedule made here unless one is given; tensors as `gemm_kernel`.

    `out` is contiguous.
    `hopper` says whether descriptors may be used, `programs` how many programs may be resident at
    once, `software` whether bytes are decoded by arithmetic; `config` defaults to `choose_config`.
    """
    num_rows = a.shape[0] if gather is None else gather.shape[0]
    groups, cols, depth = b.shape
    config = config or choose_config(num_rows, groups, hopper, software)
    mode = choose_store(store, out, scatter is not None, hopper)
    tiles = tiles_of(group_sizes, num_rows, config.block_m, schedule)
    a_tma = hopper and gather is None
    a_desc = TensorDescriptor.from_tensor(a, [config.block_m, TILE]) if a_tma else None
    flat = b.view(groups * cols, depth)
    b_desc = TensorDescriptor.from_tensor(flat, [config.block_n, TILE]) if hopper else None
    boxes = (config.block_m, config.block_n)
    pools = pool_descriptors(out, *boxes) if mode == POOL else ()
    # A float32 tile on its way to the pool takes the room of a stage.
    stages = config.stages - (mode == POOL and out.element_size() == 4)
    formats = [fp8_format(x.dtype) if software else 0 for x in (a, b)]
    gemm_kernel[(programs,)](
        payload(a, formats[0]), a_desc, scale_a, payload(b, formats[1]), b_desc, scale_b, out,
        ragged_descriptor(out, *boxes) if mode == RAGGED else None,
        *pools, *[None] * (8 - len(pools)),
        tiles, gather, scatter, row_weight, groups, cols, depth,
        a.stride(0), *scale_a.stride(), *scale_b.stride(),
        A_TMA=a_tma, B_TMA=hopper, STORE=mode, ZERO_TAIL=zero_tail and scatter is None,
        BLOCK_M=config.block_m, BLOCK_N=config.block_n, WALK=config.walk, STAGES=stages,
        SOFTWARE_A=formats[0], SOFTWARE_B=formats[1],
        num_warps=config.warps, enable_fp_fusion=True,
    )  # fmt: skip


def gemm(
    a: Tensor,
    scale_a: Tensor,
    b: Tensor,
    scale_b: Tensor,
    group_sizes: Tensor,
    gather: Tensor | None,
    scatter: Tensor | None,
    row_weight: Tensor | None,
    out_rows: int,
    out_dtype: torch.dtype,
    zero_tail: bool,
    backend: str,
    store: str,
    schedule: Tensor | None = None,
) -> Tensor:
    """Allocate the result and launch; arguments as `ops.gemm`."""
    new = a.new_zeros if scatter is not None else a.new_empty
    out = new((out_rows, b.shape[1]), dtype=out_dtype)
    num_rows = a.shape[0] if gather is None else gather.shape[0]
    if not num_rows or not b.shape[1]:
        return out
    a, b = row_pitched(a), b.contiguous()
    if b.data_ptr() % 16:  # a view into a larger buffer; descriptors start at 16 bytes
        b = b.clone()
    if not b.shape[0]:
        return out.zero_() if zero_tail else out
    hopper, sms = device_facts(a.device)
    fused = gather is not None or scatter is not None or row_weight is not None
    if backend == "gluon" and store != "pool" and not fused:
        from fp8_grouped_gemm.kernels import gluon_gemm

        if gluon_gemm.fits(out):
            gluon_gemm.launch_gemm(
                a, scale_a, b, scale_b, group_sizes, out,
                zero_tail=zero_tail, store=store, schedule=schedule, programs=sms,
            )  # fmt: skip
            return out
    software = in_software(a.device)
    config = choose_config(num_rows, b.shape[0], hopper, software)
    launch_gemm(
        a, scale_a, b, scale_b, group_sizes, out,
        gather=gather, scatter=scatter, row_weight=row_weight, zero_tail=zero_tail, store=store,
        config=config, schedule=schedule, hopper=hopper,
        programs=sms * (1 if config == LARGE else 2), software=software,
    )  # fmt: skip
    return out


def row_pitched(a: Tensor) -> Tensor:
    """Return `a` with unit column stride, a pitch of 16 bytes and an aligned start; a copy if not.

    What a descriptor needs; views into wider buffers usually qualify as they are.
    """
    fits = a.stride(1) == 1 and a.stride(0) % 16 == 0 and a.data_ptr() % 16 == 0
    if fits and a.stride(0) >= a.shape[1]:
        return a
    return a.clone(memory_format=torch.contiguous_format)


def device_facts(device: torch.device) -> tuple[bool, int]:
    """Return whether descriptors exist (Hopper) and how many SMs there are."""
    if device.type != "cuda":  # the interpreter: exercises the descriptor paths
        return True, 2
    properties = torch.cuda.get_device_properties(device)
    return properties.major == 9, properties.multi_processor_count
