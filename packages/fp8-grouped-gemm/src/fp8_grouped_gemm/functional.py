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

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from fp8_grouped_gemm.autograd import NO_MAPS, Call, GroupedGemm, RowMaps, run_gemm, run_wgrad
from fp8_grouped_gemm.errors import DeviceError, DtypeError, OptionError, ShapeError
from fp8_grouped_gemm.quantize import (
    WIDE_DTYPES,
    QuantizedTensor,
    check_row_map,
    check_sizes_tensor,
    quantize_tile,
    quantize_tile_columns,
)
from fp8_grouped_gemm.recipe import DEFAULT_RECIPE, PreparedWeight, Recipe, prepare_weight

CONTRACTION_MULTIPLE = 16
"""Contractions come in multiples of 16 values: 16 bytes, what TMA wants of a row pitch."""


def grouped_gemm(
    a: Float[Tensor, "rows in_features"] | QuantizedTensor,
    b: Float[Tensor, "groups out_features in_features"] | QuantizedTensor,
    group_sizes: Integer[Tensor, " groups"],
    *,
    gather: Integer[Tensor, " sorted_rows"] | None = None,
    gathers_per_row: int | None = None,
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
        gathers_per_row: How often `gather` names each row of `a`, if that is the same number for
            all (the router's top-k). The gradient of `a` is then summed in float32 in a fixed
            order; otherwise by `index_add`, whose order on a GPU varies from run to run.
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
    for name, x in (("gather", gather), ("scatter", scatter), ("row_weight", row_weight)):
        check_row_map(name, x, sorted_rows, group_sizes.device)
    _check_gathers(gather, gathers_per_row, a.shape[0])
    if out_rows is not None and scatter is None and out_rows != sorted_rows:
        raise OptionError(f"out_rows is {out_rows}; without scatter it must be {sorted_rows}.")
    rows = sorted_rows if out_rows is None else out_rows
    if out_dtype is None:
        out_dtype = torch.bfloat16 if isinstance(a, QuantizedTensor) else a.dtype
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        _check_trainable(a, b, row_weight)
        call = Call(rows, out_dtype, zero_tail, recipe, prepared, gathers_per_row)
        return GroupedGemm.apply(a, b, row_weight, group_sizes, gather, scatter, call)
    if isinstance(a, Tensor):
        a = quantize_tile(a, **recipe.quantizer_options())
    if isinstance(b, Tensor):
        b = (prepared or prepare_weight(b, recipe=recipe, needs_grad=False)).forward
    maps = RowMaps(gather, scatter, row_weight)
    return run_gemm(a, b, group_sizes, maps, rows, out_dtype, zero_tail, recipe)


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
    rows = grad.shape[0]
    if isinstance(grad, Tensor):
        grad = quantize_tile(grad, **recipe.quantizer_options(is_grad=True))
    return run_gemm(grad, right, group_sizes, NO_MAPS, rows, out_dtype, zero_tail, recipe)


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
    left = _columns("grad", grad, group_sizes, recipe)
    right = _columns("a", a, group_sizes, recipe)
    if left.shape[1] != right.shape[1]:
        raise ShapeError(
            f"grad has {left.shape[1]} positions and a has {right.shape[1]}; both must come from "
            "the same number of rows and groups."
        )
    return run_wgrad(left, right, group_sizes, num_rows, out_dtype, recipe)


def grad_device(x: Tensor | QuantizedTensor) -> torch.device:
    """Return where an operand lives."""
    return x.data.device if isinstance(x, QuantizedTensor) else x.device


def _columns(
    name: str, x: Tensor | QuantizedTensor, group_sizes: Tensor, recipe: Recipe
) -> QuantizedTensor:
    if isinstance(x, Tensor):
        options = recipe.quantizer_options(is_grad=name == "grad")
        return quantize_tile_columns(x, group_sizes, **options)
    if x.layout != "columns":
        raise ShapeError(
            f"{name} has the {x.layout!r} layout; the weight gradient reads 'columns'. "
            "Quantise it with quantize_tile_columns or quantize_tile_dual."
        )
    return x


MAX_ROWS = 2**30
"""Rows of one call: the reach of the ragged descriptor's clipped axis, and half of int32."""


def _check_trainable(a: Tensor, b: Tensor, row_weight: Tensor | None) -> None:
    """Raise if an input gradient will be asked for that the kernels cannot contract."""
    wants = a.requires_grad or (row_weight is not None and row_weight.requires_grad)
    if torch.is_grad_enabled() and wants and b.shape[1] % CONTRACTION_MULTIPLE:
        raise ShapeError(
            f"b has {b.shape[1]} output features; expected a multiple of {CONTRACTION_MULTIPLE}, "
            "because the input gradient contracts over them. Pad the weight with zero rows once, "
            "in the model, or call under torch.no_grad()."
        )


def _check_gathers(gather: Tensor | None, gathers_per_row: int | None, a_rows: int) -> None:
    if gathers_per_row is None:
        return
    if gather is None:
        raise OptionError("gathers_per_row was given without gather. Pass both, or neither.")
    if gather.shape[0] != a_rows * gathers_per_row:
        raise OptionError(
            f"gathers_per_row is {gathers_per_row} and a has {a_rows} rows, so gather needs "
            f"{a_rows * gathers_per_row} entries; it has {gather.shape[0]}."
        )
    if gather.device.type == "cpu" and not torch.compiler.is_compiling() and gather.numel():
        counts = torch.bincount(gather, minlength=a_rows)
        if not bool((counts == gathers_per_row).all()):
            raise OptionError(
                f"gather does not name every row of a exactly {gathers_per_row} times, as "
                "gathers_per_row says. Leave gathers_per_row out."
            )


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
    if max(num_rows, a.shape[0]) > MAX_ROWS:
        raise ShapeError(f"there are {num_rows} rows; expected at most {MAX_ROWS}. Split the call.")
    if grad_device(a) != grad_device(b):
        raise DeviceError(f"a is on {grad_device(a)}, b on {grad_device(b)}.")
    check_sizes_tensor(group_sizes, num_rows, grad_device(a))
