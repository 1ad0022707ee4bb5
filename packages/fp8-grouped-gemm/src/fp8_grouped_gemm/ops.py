"""The torch custom operators behind the public functions, with fake kernels for `torch.compile`.

Operators take and return plain tensors, never look at group sizes on the host when tensors are on a
GPU, and choose the backend when they run. Those that read a schedule build one unless it is given:
a differentiable product makes one, for its backward too. Validation lives in `functional` and
`quantize`.

| operator                                   | result                                            |
|--------------------------------------------|---------------------------------------------------|
| `fp8_grouped_gemm::schedule`               | tables of groups and tiles, see `kernels.schedule`|
| `fp8_grouped_gemm::quantize_rows`          | tiles along the last axis                         |
| `fp8_grouped_gemm::quantize_columns`       | tiles along each group's rows, transposed         |
| `fp8_grouped_gemm::quantize_dual`          | both of these from one read                       |
| `fp8_grouped_gemm::quantize_blocks`        | 128x128 blocks                                    |
| `fp8_grouped_gemm::quantize_blocks_dual`   | blocks, and the values transposed                 |
| `fp8_grouped_gemm::gemm`                   | rows x weights, forward and input gradient        |
| `fp8_grouped_gemm::wgrad`                  | weight gradient                                   |
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Optional

import torch
from torch import Tensor

from fp8_grouped_gemm import backends, cpu, reference
from fp8_grouped_gemm import reference_quantize as rules
from fp8_grouped_gemm.layout import (
    TILE,
    ceil_div,
    column_capacity,
    group_ends,
    schedule_length,
    tile_capacity,
)

if TYPE_CHECKING:
    from types import ModuleType


def _kernels(name: str) -> ModuleType:
    # Triton is optional and slow to import: only when a GPU asks for it.
    return importlib.import_module(f"fp8_grouped_gemm.kernels.{name}")


def by_kernels(x: Tensor, backend: str) -> bool:
    """Return whether the Triton kernels will run: they lay scales out in their own order."""
    return backend != "reference" and (x.device.type != "cpu" or backend == "triton")


def _num_rows(x: Tensor, gather: Tensor | None) -> int:
    return x.shape[0] if gather is None else gather.shape[0]


def _gathered(x: Tensor, gather: Tensor | None) -> Tensor:
    return x if gather is None else x.index_select(0, gather)


def _weighted(x: Tensor, row_weight: Tensor | None) -> Tensor:
    return x if row_weight is None else (x.float() * row_weight[:, None].float()).to(x.dtype)


def _fake_rows(x: Tensor, rows: int, dtype: torch.dtype, backend: str) -> tuple[Tensor, Tensor]:
    tiles = ceil_div(x.shape[1], TILE)
    data = x.new_empty((rows, x.shape[1]), dtype=dtype)
    if by_kernels(x, backend):
        return data, x.new_empty((tiles, rows), dtype=torch.float32).t()
    return data, x.new_empty((rows, tiles), dtype=torch.float32)


@torch.library.custom_op("fp8_grouped_gemm::schedule", mutates_args=())
def schedule(group_sizes: Tensor, num_rows: int, backend: str) -> Tensor:
    """Turn group sizes into what the kernels read; for `by_kernels` only."""
    backends.resolve(backend, group_sizes.device)
    return _kernels("schedule").build_schedule(group_sizes, num_rows)


@schedule.register_fake
def _(group_sizes: Tensor, num_rows: int, backend: str) -> Tensor:
    del backend
    length = schedule_length(num_rows, group_sizes.shape[0])
    return group_sizes.new_empty((length, 4), dtype=torch.int32)


@torch.library.custom_op("fp8_grouped_gemm::quantize_rows", mutates_args=())
def quantize_rows(
    x: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    backend: str,
    gather: Optional[Tensor] = None,  # noqa: UP045  torch's schema parser reads this spelling
) -> tuple[Tensor, Tensor]:
    """Quantise 1x128 tiles: FP8 `[M, K]`, float32 `[M, ceil(K/128)]`."""
    chosen = backends.resolve(backend, x.device)
    if chosen in ("reference", "cpu"):
        module = rules if chosen == "reference" else cpu
        return module.quantize_rows(_gathered(x, gather), dtype, power_of_two)
    return _kernels("cast").quantize_rows(x, dtype, power_of_two, gather)


@quantize_rows.register_fake
def _(
    x: Tensor, dtype: torch.dtype, power_of_two: bool, backend: str, gather: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    del power_of_two
    return _fake_rows(x, _num_rows(x, gather), dtype, backend)


@torch.library.custom_op("fp8_grouped_gemm::quantize_columns", mutates_args=())
def quantize_columns(
    x: Tensor,
    group_sizes: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    backend: str,
    gather: Optional[Tensor] = None,  # noqa: UP045
    row_weight: Optional[Tensor] = None,  # noqa: UP045
    schedule: Optional[Tensor] = None,  # noqa: UP045
) -> tuple[Tensor, Tensor]:
    """Quantise along groups: FP8 `[C, P]`, float32 `[C, T]` (see `layout`)."""
    chosen = backends.resolve(backend, x.device)
    if chosen in ("reference", "cpu"):
        module = rules if chosen == "reference" else cpu
        rows = _weighted(_gathered(x, gather), row_weight)
        return module.quantize_columns(rows, group_sizes, dtype, power_of_two)
    return _kernels("cast").quantize_columns(
        x, group_sizes, dtype, power_of_two, gather, row_weight, schedule
    )


def _fake_columns(
    x: Tensor, rows: int, groups: int, dtype: torch.dtype, backend: str
) -> tuple[Tensor, Tensor]:
    width = x.shape[1]
    positions, tiles = column_capacity(rows, groups), tile_capacity(rows, groups)
    if not by_kernels(x, backend):
        return (
            x.new_empty((positions, width), dtype=dtype).t(),
            x.new_empty((tiles, width), dtype=torch.float32).t(),
        )
    return (
        x.new_empty((width, positions), dtype=dtype),
        x.new_empty((tiles, width), dtype=torch.float32).t(),
    )


@quantize_columns.register_fake
def _(
    x: Tensor,
    group_sizes: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    backend: str,
    gather: Tensor | None = None,
    row_weight: Tensor | None = None,
    schedule: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    del power_of_two, row_weight, schedule
    return _fake_columns(x, _num_rows(x, gather), group_sizes.shape[0], dtype, backend)


@torch.library.custom_op("fp8_grouped_gemm::quantize_dual", mutates_args=())
def quantize_dual(
    x: Tensor,
    group_sizes: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    backend: str,
    gather: Optional[Tensor] = None,  # noqa: UP045
    row_weight: Optional[Tensor] = None,  # noqa: UP045
    schedule: Optional[Tensor] = None,  # noqa: UP045
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Quantise rows and (weighted) columns from one read: the results of both operators above."""
    chosen = backends.resolve(backend, x.device)
    if chosen in ("reference", "cpu"):
        module = rules if chosen == "reference" else cpu
        rows = _gathered(x, gather)
        return (
            *module.quantize_rows(rows, dtype, power_of_two),
            *module.quantize_columns(_weighted(rows, row_weight), group_sizes, dtype, power_of_two),
        )
    return _kernels("cast").quantize_dual(
        x, group_sizes, dtype, power_of_two, gather, row_weight, schedule
    )


@quantize_dual.register_fake
def _(
    x: Tensor,
    group_sizes: Tensor,
    dtype: torch.dtype,
    power_of_two: bool,
    backend: str,
    gather: Tensor | None = None,
    row_weight: Tensor | None = None,
    schedule: Tensor | None = None,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    del power_of_two, row_weight, schedule
    rows = _num_rows(x, gather)
    return (
        *_fake_rows(x, rows, dtype, backend),
        *_fake_columns(x, rows, group_sizes.shape[0], dtype, backend),
    )


@torch.library.custom_op("fp8_grouped_gemm::quantize_blocks", mutates_args=())
def quantize_blocks(
    w: Tensor, dtype: torch.dtype, power_of_two: bool, backend: str
) -> tuple[Tensor, Tensor]:
    """Quantise 128x128 blocks: FP8 `[G, N, K]`, float32 `[G, ceil(N/128), ceil(K/128)]`."""
    chosen = backends.resolve(backend, w.device)
    if chosen in ("reference", "cpu"):
        return (rules if chosen == "reference" else cpu).quantize_blocks(w, dtype, power_of_two)
    data, scale, _ = _kernels("cast").quantize_blocks(w, dtype, power_of_two, transposed=False)
    return data, scale


@quantize_blocks.register_fake
def _(w: Tensor, dtype: torch.dtype, power_of_two: bool, backend: str) -> tuple[Tensor, Tensor]:
    del power_of_two, backend
    groups, rows, depth = w.shape
    return (
        w.new_empty((groups, rows, depth), dtype=dtype),
        w.new_empty((groups, ceil_div(rows, TILE), ceil_div(depth, TILE)), dtype=torch.float32),
    )


@torch.library.custom_op("fp8_grouped_gemm::quantize_blocks_dual", mutates_args=())
def quantize_blocks_dual(
    w: Tensor, dtype: torch.dtype, power_of_two: bool, backend: str
) -> tuple[Tensor, Tensor, Tensor]:
    """Quantise blocks and return the values, the scales, and the values transposed."""
    chosen = backends.resolve(backend, w.device)
    if chosen in ("reference", "cpu"):
        data, scale = rules.quantize_blocks(w, dtype, power_of_two)
        return data, scale, data.mT.contiguous()
    return _kernels("cast").quantize_blocks(w, dtype, power_of_two, transposed=True)


@quantize_blocks_dual.register_fake
def _(
    w: Tensor, dtype: torch.dtype, power_of_two: bool, backend: str
) -> tuple[Tensor, Tensor, Tensor]:
    del power_of_two, backend
    groups, rows, depth = w.shape
    return (
        w.new_empty((groups, rows, depth), dtype=dtype),
        w.new_empty((groups, ceil_div(rows, TILE), ceil_div(depth, TILE)), dtype=torch.float32),
        w.new_empty((groups, depth, rows), dtype=dtype),
    )


@torch.library.custom_op("fp8_grouped_gemm::gemm", mutates_args=())
def gemm(
    a: Tensor,
    scale_a: Tensor,
    b: Tensor,
    scale_b: Tensor,
    group_sizes: Tensor,
    gather: Optional[Tensor],  # noqa: UP045
    scatter: Optional[Tensor],  # noqa: UP045
    row_weight: Optional[Tensor],  # noqa: UP045
    out_rows: int,
    out_dtype: torch.dtype,
    zero_tail: bool,
    backend: str,
    store: str,
    schedule: Optional[Tensor] = None,  # noqa: UP045
) -> Tensor:
    """Multiply grouped rows with their group's weight; see `functional.grouped_gemm`."""
    chosen = backends.resolve(backend, a.device)
    if chosen not in ("reference", "cpu"):
        return _kernels("gemm").gemm(
            a, scale_a, b, scale_b, group_sizes, gather, scatter, row_weight,
            out_rows, out_dtype, zero_tail, chosen, store, schedule,
        )  # fmt: skip
    if gather is not None:
        a = a.view(torch.uint8).index_select(0, gather).view(a.dtype)
        scale_a = scale_a.index_select(0, gather)
    module = reference if chosen == "reference" else cpu
    out = module.grouped_gemm(a, scale_a, b, scale_b, group_sizes, out_dtype)
    ends = group_ends(group_sizes, a.shape[0])
    rows = torch.arange(a.shape[0], device=a.device)
    inside = rows < ends[-1] if ends.numel() else rows < 0
    if row_weight is not None:
        out = (out.float() * row_weight[:, None]).to(out_dtype)
    if scatter is None:
        return out if not zero_tail else torch.where(inside[:, None], out, 0)
    target = a.new_zeros((out_rows, b.shape[1]), dtype=out_dtype)
    target[scatter[inside]] = out[inside]
    return target


@gemm.register_fake
def _(
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
    del scale_a, scale_b, group_sizes, gather, scatter, row_weight, zero_tail, backend, store
    del schedule
    return a.new_empty((out_rows, b.shape[1]), dtype=out_dtype)


@torch.library.custom_op("fp8_grouped_gemm::wgrad", mutates_args=())
def wgrad(
    lhs: Tensor,
    scale_lhs: Tensor,
    rhs: Tensor,
    scale_rhs: Tensor,
    group_sizes: Tensor,
    num_rows: int,
    out_dtype: torch.dtype,
    backend: str,
    schedule: Optional[Tensor] = None,  # noqa: UP045
) -> Tensor:
    """Contract two columns layouts over each group; see `functional.grouped_gemm_wgrad`."""
    chosen = backends.resolve(backend, lhs.device)
    if chosen in ("reference", "cpu"):
        module = reference if chosen == "reference" else cpu
        return module.grouped_gemm_wgrad(
            lhs, scale_lhs, rhs, scale_rhs, group_sizes, num_rows, out_dtype
        )
    return _kernels("wgrad").wgrad(
        lhs, scale_lhs, rhs, scale_rhs, group_sizes, num_rows, out_dtype, schedule
    )


@wgrad.register_fake
def _(
    lhs: Tensor,
    scale_lhs: Tensor,
    rhs: Tensor,
    scale_rhs: Tensor,
    group_sizes: Tensor,
    num_rows: int,
    out_dtype: torch.dtype,
    backend: str,
    schedule: Tensor | None = None,
) -> Tensor:
    del scale_lhs, scale_rhs, num_rows, backend, schedule
    shape = (group_sizes.shape[0], lhs.shape[0], rhs.shape[0])
    return lhs.new_empty(shape, dtype=out_dtype)
