"""Grouped matrix products in block-scaled FP8: forward, input gradient, weight gradient.

Rows of `a` are sorted by group (expert); `group_sizes[g]` rows belong to group `g`, in order, any
number including none. Nothing is padded, and on a GPU nothing waits for the host.

```text
grouped_gemm        out[M, N]    = a[M, K]  · b[g, N, K]ᵀ      per group's rows
grouped_gemm_dgrad  da[M, K]     = dout[M, N] · b[g, N, K]
grouped_gemm_wgrad  db[g, N, K]  = dout[rows of g]ᵀ · a[rows of g]
```

Operands may be `QuantizedTensor`s, or bfloat16/float16/float32 tensors that are quantised on the
way. `grouped_gemm` of two wide tensors is differentiable: its backward runs the other two, on FP8
copies made in the forward (no weight or activation is transposed or copied again).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from fp8_grouped_gemm import backends, ops
from fp8_grouped_gemm.errors import DeviceError, DtypeError, OptionError, ShapeError
from fp8_grouped_gemm.quantize import (
    WIDE_DTYPES,
    QuantizedTensor,
    check_sizes_tensor,
    quantize_block,
    quantize_block_dual,
    quantize_tile,
    quantize_tile_columns,
    quantize_tile_dual,
)

CONTRACTION_MULTIPLE = 16
"""Contractions come in multiples of 16 values: 16 bytes, what TMA wants of a row pitch."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How wide tensors are quantised on the way, and where the product runs.

    Attributes:
        dtype: FP8 type of activations and weights.
        grad_dtype: FP8 type of output gradients.
        power_of_two_scales: Round scales up to powers of two.
        backend: See `backends`.
        store: Store mode of the Hopper kernels: `auto`, `ragged`, `masked` or `pool`.
    """

    dtype: torch.dtype = torch.float8_e4m3fn
    grad_dtype: torch.dtype = torch.float8_e4m3fn
    power_of_two_scales: bool = False
    backend: str = "auto"
    store: str = "auto"

    def __post_init__(self) -> None:
        backends.check_options(self.backend, self.store)


DEFAULT_RECIPE = Recipe()


@dataclass(frozen=True)
class PreparedWeight:
    """A weight's two FP8 forms: `[G, N, K]` for the forward, `[G, K, N]` for the input gradient."""

    forward: QuantizedTensor
    transposed: QuantizedTensor | None


def prepare_weight(
    w: Float[Tensor, "groups out_features in_features"],
    *,
    recipe: Recipe = DEFAULT_RECIPE,
    needs_grad: bool = True,
) -> PreparedWeight:
    """Quantise a weight for `grouped_gemm`, once for as many calls as it stays unchanged.

    Args:
        w: bfloat16, float16 or float32 `[G, N, K]`, any strides.
        recipe: See `Recipe`.
        needs_grad: Also make the transposed form, which the input gradient reads.
    """
    options = {
        "dtype": recipe.dtype,
        "power_of_two_scales": recipe.power_of_two_scales,
        "backend": "triton" if recipe.backend == "gluon" else recipe.backend,
    }
    if needs_grad:
        return PreparedWeight(*quantize_block_dual(w.detach(), **options))
    return PreparedWeight(quantize_block(w.detach(), **options), None)


def grouped_gemm(
    a: Float[Tensor, "rows in_features"] | QuantizedTensor,
    b: Float[Tensor, "groups out_features in_features"] | QuantizedTensor,
    group_sizes: Integer[Tensor, " groups"],
    *,
    gather: Integer[Tensor, " sorted_rows"] | None = None,
    scatter: Integer[Tensor, " sorted_rows"] | None = None,
    row_weight: Float[Tensor, " sorted_rows"] | None = None,
    out_rows: int | None = None,
    out_dtype: torch.dtype | None = None,
    zero_tail: bool = False,
    recipe: Recipe = DEFAULT_RECIPE,
    prepared: PreparedWeight | None = None,
) -> Float[Tensor, "out_rows out_features"]:
    """Multiply each group's rows with that group's weight: `a[rows of g] @ b[g].T`.

    Differentiable in `a`, `b` and `row_weight` where `a` and `b` are wide tensors.

    Args:
        a: `[M, K]` wide, or a `tile` tensor. Sorted by group, unless `gather` sorts it.
        b: `[G, N, K]` wide, or a `block` tensor.
        group_sizes: Rows per group, int32 or int64 `[G]`; their sum may be less than the rows.
        gather: Sorted row `i` is `a[gather[i]]`: routed tokens need no sorted copy.
        scatter: Sorted row `i` is written to `out[scatter[i]]`; targets are distinct. Rows that are
            no target are zero.
        row_weight: Factor of each sorted row (the router's), applied before rounding.
        out_rows: Rows of the result with `scatter`; default as many as sorted rows.
        out_dtype: Default: that of a wide `a`, else bfloat16.
        zero_tail: Zero the rows behind the last group; otherwise they are undefined.
        recipe: How wide tensors are quantised, and where it runs.
        prepared: FP8 forms of `b` made before by `prepare_weight`.

    Returns:
        `[M, N]` (or `[out_rows, N]`) in `out_dtype`.

    Raises:
        ShapeError, DtypeError, DeviceError: If operands do not fit.
        GroupSizeError: If sizes are negative or too large (CPU tensors; GPU kernels clamp).

    Source: arXiv 2508.16584 (forward without padding). Differs: three store modes, gather, scatter.
    """
    sorted_rows = a.shape[0] if gather is None else gather.shape[0]
    _check_operands(a, b, group_sizes, sorted_rows)
    _check_rows(gather, scatter, row_weight, sorted_rows, group_sizes.device)
    if out_rows is not None and scatter is None and out_rows != sorted_rows:
        raise OptionError(f"out_rows is {out_rows}; without scatter it must be {sorted_rows}.")
    rows = sorted_rows if out_rows is None else out_rows
    if out_dtype is None:
        out_dtype = torch.bfloat16 if isinstance(a, QuantizedTensor) else a.dtype
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        call = _Call(rows, out_dtype, zero_tail, recipe, prepared)
        return _GroupedGemm.apply(a, b, row_weight, group_sizes, gather, scatter, call)
    left = a if isinstance(a, QuantizedTensor) else _tile(a, recipe, recipe.dtype)
    right = b if isinstance(b, QuantizedTensor) else prepare_weight(
        b, recipe=recipe, needs_grad=False
    ).forward  # fmt: skip
    return _gemm(
        left, right, group_sizes, gather, scatter, row_weight, rows, out_dtype, zero_tail, recipe
    )


def grouped_gemm_dgrad(
    grad: Float[Tensor, "rows out_features"] | QuantizedTensor,
    b: Float[Tensor, "groups out_features in_features"] | QuantizedTensor,
    group_sizes: Integer[Tensor, " groups"],
    *,
    out_dtype: torch.dtype | None = None,
    zero_tail: bool = False,
    recipe: Recipe = DEFAULT_RECIPE,
) -> Float[Tensor, "rows in_features"]:
    """Return the input gradient: `grad[rows of g] @ b[g]`.

    Args:
        grad: `[M, N]` wide, or a `tile` tensor.
        b: The weight `[G, N, K]` wide, or its *transposed* `block` tensor `[G, K, N]`, the second
            result of `quantize_block_dual`.
        group_sizes: Rows per group, int32 or int64 `[G]`.
        out_dtype: Default: that of a wide `grad`, else bfloat16.
        zero_tail: Zero the rows behind the last group; otherwise they are undefined.
        recipe: How wide tensors are quantised, and where it runs.

    Returns:
        `[M, K]` in `out_dtype`.
    """
    if isinstance(b, Tensor):
        right = prepare_weight(b, recipe=recipe).transposed
        assert right is not None
    else:
        right = b
    _check_operands(grad, right, group_sizes, grad.shape[0])
    if out_dtype is None:
        out_dtype = torch.bfloat16 if isinstance(grad, QuantizedTensor) else grad.dtype
    left = grad if isinstance(grad, QuantizedTensor) else _tile(grad, recipe, recipe.grad_dtype)
    rows = grad.shape[0]
    return _gemm(left, right, group_sizes, None, None, None, rows, out_dtype, zero_tail, recipe)


def grouped_gemm_wgrad(
    grad: Float[Tensor, "rows out_features"] | QuantizedTensor,
    a: Float[Tensor, "rows in_features"] | QuantizedTensor,
    group_sizes: Integer[Tensor, " groups"],
    *,
    num_rows: int | None = None,
    out_dtype: torch.dtype | None = None,
    recipe: Recipe = DEFAULT_RECIPE,
) -> Float[Tensor, "groups out_features in_features"]:
    """Return the weight gradient: `grad[rows of g].T @ a[rows of g]`, any number of rows.

    Args:
        grad: `[M, N]` wide, or a `columns` tensor.
        a: `[M, K]` wide, or a `columns` tensor.
        group_sizes: Rows per group, int32 or int64 `[G]`.
        num_rows: M; needed only when both operands are quantised already.
        out_dtype: Default: that of a wide operand, else bfloat16.
        recipe: How wide tensors are quantised, and where it runs.

    Returns:
        `[G, N, K]` in `out_dtype`; zero for empty groups.
    """
    wide = [x for x in (grad, a) if isinstance(x, Tensor)]
    if num_rows is None:
        if not wide:
            raise OptionError(
                "num_rows is missing: both operands are quantised, so the number of rows they were "
                "made from is unknown. Pass num_rows=M."
            )
        num_rows = wide[0].shape[0]
    if out_dtype is None:
        out_dtype = wide[0].dtype if wide else torch.bfloat16
    check_sizes_tensor(group_sizes, num_rows, grad_device(grad))
    left = _columns(grad, group_sizes, recipe, recipe.grad_dtype)
    right = _columns(a, group_sizes, recipe, recipe.dtype)
    if left.shape[1] != right.shape[1]:
        raise ShapeError(
            f"grad has {left.shape[1]} positions and a has {right.shape[1]}; both must come from "
            "the same number of rows and groups."
        )
    return _wgrad(left, right, group_sizes, num_rows, out_dtype, recipe)


def grad_device(x: Tensor | QuantizedTensor) -> torch.device:
    """Return where an operand lives."""
    return x.data.device if isinstance(x, QuantizedTensor) else x.device


@dataclass(frozen=True)
class _Call:
    out_rows: int
    out_dtype: torch.dtype
    zero_tail: bool
    recipe: Recipe
    prepared: PreparedWeight | None


class _GroupedGemm(torch.autograd.Function):
    """Forward, input gradient and weight gradient over wide tensors.

    Kept for the backward: the transposed FP8 weight and the FP8 columns of `a`; `a` itself only if
    the row weight wants a gradient.
    """

    @staticmethod
    def forward(ctx, a, b, row_weight, group_sizes, gather, scatter, call):
        recipe = call.recipe
        needs_a, needs_b, needs_row_weight = ctx.needs_input_grad[:3]
        prepared = call.prepared
        needs_transposed = needs_a or needs_row_weight
        if prepared is None or (needs_transposed and prepared.transposed is None):
            prepared = prepare_weight(b, recipe=recipe, needs_grad=needs_transposed)
        columns = None
        if needs_b and gather is None:
            tiles, columns = quantize_tile_dual(
                a, group_sizes, dtype=recipe.dtype,
                power_of_two_scales=recipe.power_of_two_scales, backend=_portable(recipe),
            )  # fmt: skip
        else:
            tiles = _tile(a, recipe, recipe.dtype)
            if needs_b:
                columns = _columns(a.index_select(0, gather), group_sizes, recipe, recipe.dtype)
        out = _gemm(
            tiles, prepared.forward, group_sizes, gather, scatter, row_weight,
            call.out_rows, call.out_dtype, call.zero_tail, recipe,
        )  # fmt: skip
        saved = [group_sizes, gather, scatter, row_weight, a if needs_row_weight else None]
        saved += [columns.data, columns.scale] if columns is not None else [None, None]
        transposed = prepared.transposed if needs_transposed else None
        saved += [transposed.data, transposed.scale] if transposed is not None else [None, None]
        ctx.save_for_backward(*saved)
        ctx.recipe = recipe
        row_weight_dtype = None if row_weight is None else row_weight.dtype
        ctx.types = (a.dtype, a.shape[0], b.dtype, row_weight_dtype)
        return out

    @staticmethod
    def backward(ctx, grad):
        recipe = ctx.recipe
        needs_a, needs_b, needs_row_weight = ctx.needs_input_grad[:3]
        a_dtype, a_rows, b_dtype, _ = ctx.types
        (group_sizes, gather, scatter, row_weight, a,
         columns, columns_scale, weight, weight_scale) = ctx.saved_tensors  # fmt: skip
        if scatter is not None:
            grad = grad.index_select(0, scatter)
        weighted = grad if row_weight is None else (grad * row_weight[:, None]).to(grad.dtype)
        options = {
            "dtype": recipe.grad_dtype,
            "power_of_two_scales": recipe.power_of_two_scales,
            "backend": _portable(recipe),
        }
        d_a = d_b = d_row_weight = tiles = grad_columns = None
        if needs_b and (needs_a or needs_row_weight) and row_weight is None:
            tiles, grad_columns = quantize_tile_dual(grad, group_sizes, **options)
        else:
            if needs_b:
                grad_columns = quantize_tile_columns(weighted, group_sizes, **options)
            if needs_a or needs_row_weight:
                tiles = quantize_tile(grad, **options)
        if tiles is not None:
            d_a = _gemm(
                tiles, QuantizedTensor(weight, weight_scale, "block"), group_sizes,
                None, None, None, grad.shape[0], a_dtype, True, recipe,
            )  # fmt: skip
            if needs_row_weight:
                # <grad_i, W a_i> = <Wᵀ grad_i, a_i>: the unweighted output need not be kept.
                rows = a if gather is None else a.index_select(0, gather)
                d_row_weight = (d_a.float() * rows.float()).sum(-1).to(ctx.types[3])
            if row_weight is not None:
                d_a = (d_a * row_weight[:, None]).to(a_dtype)
            if gather is not None:
                d_a = d_a.new_zeros(a_rows, d_a.shape[1]).index_add(0, gather, d_a)
        if grad_columns is not None:
            saved = QuantizedTensor(columns, columns_scale, "columns")
            d_b = _wgrad(grad_columns, saved, group_sizes, grad.shape[0], b_dtype, recipe)
        return (d_a if needs_a else None), d_b, d_row_weight, None, None, None, None


def _portable(recipe: Recipe) -> str:
    return "triton" if recipe.backend == "gluon" else recipe.backend


def _tile(x: Tensor, recipe: Recipe, dtype: torch.dtype) -> QuantizedTensor:
    return quantize_tile(
        x,
        dtype=dtype,
        power_of_two_scales=recipe.power_of_two_scales,
        backend=_portable(recipe),
    )


def _columns(
    x: Tensor | QuantizedTensor, group_sizes: Tensor, recipe: Recipe, dtype: torch.dtype
) -> QuantizedTensor:
    if isinstance(x, QuantizedTensor):
        if x.layout != "columns":
            raise ShapeError(
                f"an operand has the {x.layout!r} layout; the weight gradient reads 'columns'. "
                "Quantise it with quantize_tile_columns or quantize_tile_dual."
            )
        return x
    return quantize_tile_columns(
        x,
        group_sizes,
        dtype=dtype,
        power_of_two_scales=recipe.power_of_two_scales,
        backend=_portable(recipe),
    )


def _gemm(
    left: QuantizedTensor,
    right: QuantizedTensor,
    group_sizes: Tensor,
    gather: Tensor | None,
    scatter: Tensor | None,
    row_weight: Tensor | None,
    out_rows: int,
    out_dtype: torch.dtype,
    zero_tail: bool,
    recipe: Recipe,
) -> Tensor:
    return ops.gemm(
        left.data, left.scale, right.data, right.scale, group_sizes, gather, scatter,
        row_weight, out_rows, out_dtype, zero_tail, recipe.backend, recipe.store,
    )  # fmt: skip


def _wgrad(
    left: QuantizedTensor,
    right: QuantizedTensor,
    group_sizes: Tensor,
    num_rows: int,
    out_dtype: torch.dtype,
    recipe: Recipe,
) -> Tensor:
    return ops.wgrad(
        left.data, left.scale, right.data, right.scale, group_sizes, num_rows, out_dtype,
        _portable(recipe),
    )  # fmt: skip


def _check_operands(
    a: Tensor | QuantizedTensor, b: Tensor | QuantizedTensor, group_sizes: Tensor, num_rows: int
) -> None:
    for name, x, layout, ndim in (("a", a, "tile", 2), ("b", b, "block", 3)):
        if isinstance(x, QuantizedTensor):
            if x.layout != layout:
                raise ShapeError(f"{name} has the {x.layout!r} layout; expected {layout!r}.")
        elif x.ndim != ndim:
            raise ShapeError(
                f"{name} has shape {tuple(x.shape)}; "
                f"expected {'[M, K]' if ndim == 2 else '[G, N, K]'}."
            )
        elif x.dtype not in WIDE_DTYPES:
            raise DtypeError(f"{name} has dtype {x.dtype}; expected one of {WIDE_DTYPES}.")
    depth = a.shape[1]
    if b.shape[2] != depth:
        raise ShapeError(
            f"a contracts over {depth} values, b over {b.shape[2]} (shapes {tuple(a.shape)} and "
            f"{tuple(b.shape)}); expected [M, K] and [G, N, K] with the same K."
        )
    if depth % CONTRACTION_MULTIPLE or depth == 0:
        raise ShapeError(
            f"the contraction has {depth} values; it must be a positive multiple of "
            f"{CONTRACTION_MULTIPLE}. Pad that dimension with zeros once, in the model."
        )
    if group_sizes.shape[0] != b.shape[0]:
        raise ShapeError(
            f"group_sizes has {group_sizes.shape[0]} entries, b has {b.shape[0]} groups."
        )
    if grad_device(a) != grad_device(b):
        raise DeviceError(f"a is on {grad_device(a)}, b on {grad_device(b)}.")
    check_sizes_tensor(group_sizes, num_rows, grad_device(a))


def _check_rows(
    gather: Tensor | None,
    scatter: Tensor | None,
    row_weight: Tensor | None,
    rows: int,
    device: torch.device,
) -> None:
    for name, x in (("gather", gather), ("scatter", scatter), ("row_weight", row_weight)):
        if x is None:
            continue
        if x.ndim != 1 or x.shape[0] != rows:
            raise ShapeError(f"{name} has shape {tuple(x.shape)}; expected ({rows},).")
        if x.device != device:
            raise DeviceError(f"{name} is on {x.device}; expected {device}.")
        wanted = x.dtype in WIDE_DTYPES if name == "row_weight" else not x.is_floating_point()
        if not wanted:
            kind = "a float type" if name == "row_weight" else "int32 or int64"
            raise DtypeError(f"{name} has dtype {x.dtype}; expected {kind}.")
