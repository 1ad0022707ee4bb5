"""The differentiable product of two wide tensors: one `torch.autograd.Function`.

```text
forward    a ──> tiles ───────────┐                  out[scatter] = row_weight · (a[gather] @ b[g]ᵀ)
           a[gather] ──> columns ─┼─ kept
           b ──> blocks, blocksᵀ ─┘
backward   grad[scatter] ──> tiles, and columns times row_weight     (one read, no sorted copy)
           d_a   = row_weight · (tiles @ b[g])    summed over the uses of each row
           d_b   = columnsᵀ @ columns of a
           d_row_weight = <tiles @ b[g], a[gather]>
```
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from fp8_grouped_gemm import ops
from fp8_grouped_gemm.quantize import (
    QuantizedTensor,
    quantize_tile,
    quantize_tile_columns,
    quantize_tile_dual,
)
from fp8_grouped_gemm.recipe import PreparedWeight, Recipe, prepare_weight


@dataclass(frozen=True)
class Call:
    """The options of one product that are no tensors; see `functional.grouped_gemm`."""

    out_rows: int
    out_dtype: torch.dtype
    zero_tail: bool
    recipe: Recipe
    prepared: PreparedWeight | None
    gathers_per_row: int | None


@dataclass(frozen=True)
class RowMaps:
    """Where sorted rows come from and go to, and their factors; each `[sorted_rows]` or None."""

    gather: Tensor | None = None
    scatter: Tensor | None = None
    row_weight: Tensor | None = None


NO_MAPS = RowMaps()


def run_gemm(
    left: QuantizedTensor,
    right: QuantizedTensor,
    group_sizes: Tensor,
    maps: RowMaps,
    out_rows: int,
    out_dtype: torch.dtype,
    zero_tail: bool,
    recipe: Recipe,
    schedule: Tensor | None = None,
) -> Tensor:
    """Call the operator on quantised operands."""
    return ops.gemm(
        left.data, left.scale, right.data, right.scale, group_sizes, maps.gather, maps.scatter,
        maps.row_weight, out_rows, out_dtype, zero_tail, recipe.backend, recipe.store, schedule,
    )  # fmt: skip


def run_wgrad(
    left: QuantizedTensor,
    right: QuantizedTensor,
    group_sizes: Tensor,
    num_rows: int,
    out_dtype: torch.dtype,
    recipe: Recipe,
    schedule: Tensor | None = None,
) -> Tensor:
    """Call the operator on quantised operands."""
    return ops.wgrad(
        left.data, left.scale, right.data, right.scale, group_sizes, num_rows, out_dtype,
        recipe.portable_backend, schedule,
    )  # fmt: skip


class GroupedGemm(torch.autograd.Function):
    """Forward, input gradient and weight gradient over wide tensors.

    Kept for the backward: the schedule, the transposed FP8 weight and the FP8 columns of `a`; `a`
    itself only if the row weight wants a gradient.
    """

    @staticmethod
    def forward(ctx, a, b, row_weight, group_sizes, gather, scatter, call):
        """Quantise, multiply, and keep what the backward reads."""
        recipe = call.recipe
        needs_a, needs_b, needs_row_weight = ctx.needs_input_grad[:3]
        prepared = call.prepared
        needs_transposed = needs_a or needs_row_weight
        if prepared is None or (needs_transposed and prepared.transposed is None):
            prepared = prepare_weight(b, recipe=recipe, needs_grad=needs_transposed)
        columns = schedule = None
        options = recipe.quantizer_options()
        if any(ctx.needs_input_grad) and ops.by_kernels(a, recipe.portable_backend):
            # One launch for all products and quantisers, those of the backward included.
            rows = a.shape[0] if gather is None else gather.shape[0]
            schedule = ops.schedule(group_sizes, rows, recipe.portable_backend)
        if needs_b and gather is None:
            tiles, columns = quantize_tile_dual(a, group_sizes, schedule=schedule, **options)
        else:
            # With a gather, rows are quantised once and read top-k times.
            tiles = quantize_tile(a, **options)
            if needs_b:
                columns = quantize_tile_columns(
                    a, group_sizes, gather=gather, schedule=schedule, **options
                )
        maps = RowMaps(gather, scatter, row_weight)
        out = run_gemm(
            tiles, prepared.forward, group_sizes, maps, call.out_rows, call.out_dtype,
            call.zero_tail, recipe, schedule,
        )  # fmt: skip
        saved = [
            schedule,
            group_sizes,
            gather,
            scatter,
            row_weight,
            a if needs_row_weight else None,
        ]
        saved += [columns.data, columns.scale] if columns is not None else [None, None]
        transposed = prepared.transposed if needs_transposed else None
        saved += [transposed.data, transposed.scale] if transposed is not None else [None, None]
        ctx.save_for_backward(*saved)
        ctx.recipe, ctx.gathers_per_row = recipe, call.gathers_per_row
        row_weight_dtype = None if row_weight is None else row_weight.dtype
        ctx.types = (a.dtype, a.shape[0], b.dtype, row_weight_dtype)
        return out

    @staticmethod
    def backward(ctx, grad):
        """Return the gradients of `a`, `b` and `row_weight`."""
        recipe = ctx.recipe
        needs_a, needs_b, needs_row_weight = ctx.needs_input_grad[:3]
        (schedule, group_sizes, gather, scatter, row_weight, a,
         columns, columns_scale, weight, weight_scale) = ctx.saved_tensors  # fmt: skip
        options = recipe.quantizer_options(is_grad=True)
        sorted_rows = grad.shape[0] if scatter is None else scatter.shape[0]
        tiles = grad_columns = d_a = d_b = d_row_weight = None
        if needs_b and (needs_a or needs_row_weight):
            tiles, grad_columns = quantize_tile_dual(
                grad,
                group_sizes,
                gather=scatter,
                row_weight=row_weight,
                schedule=schedule,
                **options,
            )
        elif needs_b:
            grad_columns = quantize_tile_columns(
                grad,
                group_sizes,
                gather=scatter,
                row_weight=row_weight,
                schedule=schedule,
                **options,
            )
        else:
            tiles = quantize_tile(grad, gather=scatter, **options)
        if tiles is not None:
            block = QuantizedTensor(weight, weight_scale, "block")
            maps = RowMaps(gather, None, row_weight)
            d_a, d_row_weight = _input_gradients(
                ctx, tiles, block, group_sizes, maps, a, sorted_rows, schedule
            )
        if grad_columns is not None:
            saved = QuantizedTensor(columns, columns_scale, "columns")
            d_b = run_wgrad(
                grad_columns, saved, group_sizes, sorted_rows, ctx.types[2], recipe, schedule
            )
        return (d_a if needs_a else None), d_b, d_row_weight, None, None, None, None


def _input_gradients(
    ctx,
    tiles: QuantizedTensor,
    block: QuantizedTensor,
    group_sizes: Tensor,
    maps: RowMaps,
    a: Tensor | None,
    sorted_rows: int,
    schedule: Tensor | None,
) -> tuple[Tensor, Tensor | None]:
    """Return the gradients of `a` and, if it needs one, of the row weight."""
    needs_row_weight = ctx.needs_input_grad[2]
    a_dtype, a_rows, _, weight_dtype = ctx.types
    gather, per_row, d_row_weight = maps.gather, ctx.gathers_per_row, None
    order = None
    if gather is not None and per_row is not None:
        # Sorted rows, ordered by the row they came from: `per_row` neighbours to sum, in fp32 and
        # always in the same order.
        order = torch.argsort(gather, stable=True)
    if needs_row_weight:
        # <grad_i, W a_i> = <Wᵀ grad_i, a_i>: the unweighted output need not be kept.
        assert a is not None
        d_a = run_gemm(
            tiles, block, group_sizes, NO_MAPS, sorted_rows, a_dtype, True, ctx.recipe, schedule
        )
        rows = a if gather is None else a.index_select(0, gather)
        d_row_weight = (d_a.float() * rows.float()).sum(-1).to(weight_dtype)
        d_a = (d_a * maps.row_weight[:, None]).to(a_dtype)  # pyright: ignore[reportOptionalSubscript]
        if order is not None:
            d_a = d_a.index_select(0, order)
    else:
        place = None
        if order is not None:
            place = torch.empty_like(order)
            place[order] = torch.arange(sorted_rows, device=order.device)
        epilogue = RowMaps(None, place, maps.row_weight)
        d_a = run_gemm(
            tiles, block, group_sizes, epilogue, sorted_rows, a_dtype, True, ctx.recipe, schedule
        )
    if order is not None:
        d_a = d_a.view(a_rows, per_row, -1).sum(1, dtype=torch.float32).to(a_dtype)
    elif gather is not None:
        wide = d_a.new_zeros(a_rows, d_a.shape[1], dtype=torch.float32)
        d_a = wide.index_add_(0, gather, d_a.float()).to(a_dtype)
    return d_a, d_row_weight
