"""The weight gradient in Triton: both operands in the columns layout, any number of rows.

```text
   dW[g, n0:n0+128, k0:k0+128] = sum over the tiles t of group g:
       scale_l[n, t] * scale_r[k, t] * ( lhs[n, 128 rows] · rhs[k, 128 rows]ᵀ )

   position  start                                        start + size
             |  box  |  box  |  box  |  masked box |   next group ...
```

Whole steps of 128 rows load descriptor boxes; the last, partial step is masked on both sides, so
that a neighbour's values never meet a product (a NaN there times zero would be NaN). Groups start
at multiples of 16 positions, which is what descriptors and vector loads want. One program per
output tile; an empty group writes zeros.

Layouts: lhs FP8 `[N, P]`, rhs FP8 `[K, P]`, scales float32 `[N, T]` and `[K, T]`; out `[G, N, K]`.
Source: contraction over groups as in DeepGEMM's k-grouped kernel, whose groups are padded to 128.
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
from fp8_grouped_gemm.kernels.gemm import device_facts
from fp8_grouped_gemm.kernels.schedule import build_schedule
from fp8_grouped_gemm.layout import GROUP_ALIGN, TILE, ceil_div, groups_table


@triton.jit
def wgrad_kernel(
    lhs_ptr,  # FP8 [N, P]
    lhs_desc,  # boxes [BLOCK_N, 128], or None
    scale_l_ptr,  # float32 [N, T]
    rhs_ptr,  # FP8 [K, P]
    rhs_desc,  # boxes [BLOCK_K, 128], or None
    scale_r_ptr,  # float32 [K, T]
    out_ptr,  # wide [G, N, K], contiguous
    groups_ptr,  # int32 [G, 4]
    N,
    K,
    stride_l,  # P of lhs
    stride_r,
    stride_sl_row,
    stride_sl_tile,
    stride_sr_row,
    stride_sr_tile,
    TMA: tl.constexpr,
    BLOCK_N: tl.constexpr,
    BLOCK_K: tl.constexpr,
    ALIGN: tl.constexpr,
    STAGES: tl.constexpr,
    SOFTWARE_L: tl.constexpr,  # see `codes`; only where nothing is loaded by TMA
    SOFTWARE_R: tl.constexpr,
):
    """Compute one output tile."""
    STEP: tl.constexpr = 128
    group = tl.program_id(2)
    size = tl.load(groups_ptr + group * 4 + 1)
    start = tl.multiple_of(tl.load(groups_ptr + group * 4 + 2), ALIGN)
    tile = tl.load(groups_ptr + group * 4 + 3)
    n0 = tl.program_id(1) * BLOCK_N
    k0 = tl.program_id(0) * BLOCK_K
    n = n0 + tl.arange(0, BLOCK_N)
    k = k0 + tl.arange(0, BLOCK_K)
    n_in, k_in = n < N, k < K
    scale_l = scale_l_ptr + n.to(tl.int64) * stride_sl_row + tile.to(tl.int64) * stride_sl_tile
    scale_r = scale_r_ptr + k.to(tl.int64) * stride_sr_row + tile.to(tl.int64) * stride_sr_tile
    lane = tl.arange(0, STEP)
    lhs = lhs_ptr + n.to(tl.int64)[:, None] * stride_l + (start + lane)[None, :]
    rhs = rhs_ptr + k.to(tl.int64)[None, :] * stride_r + (start + lane)[:, None]
    acc = tl.zeros((BLOCK_N, BLOCK_K), tl.float32)
    # Descriptors load whole steps here; pointers load all of them under their masks.
    # Up to the next multiple of 16 the layout holds zeros, so masks keep whole vectors.
    room = tl.multiple_of((size + ALIGN - 1) // ALIGN * ALIGN, ALIGN)
    whole = size // STEP * STEP if TMA else room
    for step in tl.range(0, whole, STEP, num_stages=STAGES):
        if TMA:
            left = lhs_desc.load([n0, start + step])
            right = rhs_desc.load([k0, start + step]).T
        else:
            inside = lane < tl.multiple_of(room - step, ALIGN)
            left = tl.load(lhs + step, mask=n_in[:, None] & inside[None, :], other=0.0)
            right = tl.load(rhs + step, mask=k_in[None, :] & inside[:, None], other=0.0)
            if SOFTWARE_L:
                left = decode(left, SOFTWARE_L)
            if SOFTWARE_R:
                right = decode(right, SOFTWARE_R)
        sl = tl.load(scale_l + (step // STEP) * stride_sl_tile, mask=n_in, other=0.0)
        sr = tl.load(scale_r + (step // STEP) * stride_sr_tile, mask=k_in, other=0.0)
        acc += tl.dot(left, right) * (sl[:, None] * sr[None, :])
    if TMA and whole < size:
        # The partial step is masked as bytes on its way from box to product.
        inside = (lane < size - whole)[None, :]
        left = tl.where(inside, lhs_desc.load([n0, start + whole]), 0.0)
        right = tl.where(inside, rhs_desc.load([k0, start + whole]), 0.0).T
        sl = tl.load(scale_l + (whole // STEP) * stride_sl_tile, mask=n_in, other=0.0)
        sr = tl.load(scale_r + (whole // STEP) * stride_sr_tile, mask=k_in, other=0.0)
        acc += tl.dot(left, right) * (sl[:, None] * sr[None, :])
    out = out_ptr + group.to(tl.int64) * N * K + n.to(tl.int64)[:, None] * K + k[None, :]
    tl.store(out, acc.to(out_ptr.dtype.element_ty), mask=n_in[:, None] & k_in[None, :])


class Config(NamedTuple):
    """One compiled shape: output tile, warps, depth of the load pipeline."""

    block_n: int
    block_k: int
    warps: int
    stages: int


LARGE = Config(128, 128, 8, 4)
PORTABLE = Config(64, 64, 4, 3)


def launch_wgrad(
    lhs: Tensor,
    scale_lhs: Tensor,
    rhs: Tensor,
    scale_rhs: Tensor,
    table: Tensor,
    out: Tensor,
    *,
    config: Config,
    hopper: bool,
    software: bool = False,
) -> None:
    """Launch over `[G, N, K]`; tensors as `wgrad_kernel`, options as `gemm.launch_gemm`."""
    groups, rows, cols = out.shape
    boxes = None, None
    formats = [fp8_format(x.dtype) if software else 0 for x in (lhs, rhs)]
    if hopper:
        boxes = (
            TensorDescriptor.from_tensor(lhs, [config.block_n, TILE]),
            TensorDescriptor.from_tensor(rhs, [config.block_k, TILE]),
        )
    wgrad_kernel[(ceil_div(cols, config.block_k), ceil_div(rows, config.block_n), groups)](
        payload(lhs, formats[0]), boxes[0], scale_lhs, payload(rhs, formats[1]), boxes[1],
        scale_rhs, out, table, rows, cols,
        lhs.stride(0), rhs.stride(0), *scale_lhs.stride(), *scale_rhs.stride(),
        TMA=hopper, BLOCK_N=config.block_n, BLOCK_K=config.block_k, ALIGN=GROUP_ALIGN,
        STAGES=config.stages, SOFTWARE_L=formats[0], SOFTWARE_R=formats[1],
        num_warps=config.warps, enable_fp_fusion=True,
    )  # fmt: skip


def wgrad(
    lhs: Tensor,
    scale_lhs: Tensor,
    rhs: Tensor,
    scale_rhs: Tensor,
    group_sizes: Tensor,
    num_rows: int,
    out_dtype: torch.dtype,
    schedule: Tensor | None = None,
) -> Tensor:
    """Allocate the result and launch; arguments as `ops.wgrad`."""
    shape = (group_sizes.numel(), lhs.shape[0], rhs.shape[0])
    out = torch.empty(shape, dtype=out_dtype, device=lhs.device)
    if not out.numel():
        return out
    if not lhs.shape[1]:
        return out.zero_()
    if schedule is None:
        schedule = build_schedule(group_sizes, num_rows)
    table = groups_table(schedule, group_sizes.numel())
    hopper, _ = device_facts(lhs.device)
    launch_wgrad(
        lhs.contiguous(), scale_lhs, rhs.contiguous(), scale_rhs, table, out,
        config=LARGE if hopper else PORTABLE, hopper=hopper, software=in_software(lhs.device),
    )  # fmt: skip
    return out
