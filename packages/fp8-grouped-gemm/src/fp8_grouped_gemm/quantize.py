"""FP8 tensors with scales: 1x128 tiles for activations and gradients, 128x128 blocks for weights.

The rules of rounding, scaling, saturation and NaN are stated in `reference_quantize`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Integer
from torch import Tensor

from fp8_grouped_gemm import ops, reference_quantize
from fp8_grouped_gemm.errors import DeviceError, DtypeError, OptionError, ShapeError
from fp8_grouped_gemm.layout import TILE, ceil_div, check_group_sizes

FP8_DTYPES = (torch.float8_e4m3fn, torch.float8_e5m2)
WIDE_DTYPES = (torch.bfloat16, torch.float16, torch.float32)


@dataclass(frozen=True)
class QuantizedTensor:
    """FP8 values and their float32 scales: the number meant is `data * scale`.

    | layout    | data             | scale                           | one scale per            |
    |-----------|------------------|---------------------------------|--------------------------|
    | `tile`    | `[M, K]`         | `[M, ceil(K/128)]`              | 1 x 128                  |
    | `block`   | `[G, N, K]`      | `[G, ceil(N/128), ceil(K/128)]` | 128 x 128                |
    | `columns` | `[C, P]`, see `layout.column_layout` | `[C, T]`    | 128 rows of one group    |

    Attributes:
        data: `float8_e4m3fn` or `float8_e5m2`.
        scale: float32 on the same device.
        layout: Taken from the number of dimensions unless stated: 2 is `tile`, 3 is `block`.

    Raises:
        ShapeError: If shapes do not fit the layout.
        DtypeError: If an element type is not as above.
        DeviceError: If data and scale live apart.
    """

    data: Tensor
    scale: Tensor
    layout: Literal["tile", "block", "columns", ""] = ""

    def __post_init__(self) -> None:
        if self.data.dtype not in FP8_DTYPES:
            raise DtypeError(
                f"data has dtype {self.data.dtype}; expected one of {FP8_DTYPES}. "
                "Quantise with quantize_tile or quantize_block."
            )
        if self.scale.dtype != torch.float32:
            raise DtypeError(f"scale has dtype {self.scale.dtype}; expected torch.float32.")
        if self.data.device != self.scale.device:
            raise DeviceError(f"data is on {self.data.device}, scale on {self.scale.device}.")
        if not self.layout:
            object.__setattr__(self, "layout", "block" if self.data.ndim == 3 else "tile")
        shape = tuple(self.data.shape)
        expected: tuple[int, ...]
        if self.layout == "block":
            if len(shape) != 3:
                raise ShapeError(f"block data has shape {shape}; expected [G, N, K].")
            expected = (shape[0], ceil_div(shape[1], TILE), ceil_div(shape[2], TILE))
        elif len(shape) != 2:
            raise ShapeError(f"{self.layout} data has shape {shape}; expected two dimensions.")
        elif self.layout == "tile":
            expected = (shape[0], ceil_div(shape[1], TILE))
        else:
            expected = (shape[0], *self.scale.shape[1:2])
        if tuple(self.scale.shape) != expected:
            raise ShapeError(
                f"scale has shape {tuple(self.scale.shape)}; {self.layout} data of shape {shape} "
                f"needs {expected}."
            )

    @property
    def shape(self) -> torch.Size:
        """Shape of the data."""
        return self.data.shape

    def dequantize(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """Return `data * scale` for tiles and blocks.

        Raises:
            OptionError: For the columns layout, which needs the group sizes to be read.
        """
        if self.layout == "columns":
            raise OptionError("a columns layout cannot be dequantised without its group sizes.")
        return reference_quantize.dequantize(self.data, self.scale, dtype)


def _check_input(x: Tensor, ndim: int, dtype: torch.dtype, shape: str) -> None:
    if x.ndim != ndim:
        raise ShapeError(f"the tensor has shape {tuple(x.shape)}; expected {shape}.")
    if x.dtype not in WIDE_DTYPES:
        raise DtypeError(f"the tensor has dtype {x.dtype}; expected one of {WIDE_DTYPES}.")
    if dtype not in FP8_DTYPES:
        raise DtypeError(f"dtype is {dtype}; expected one of {FP8_DTYPES}.")


def check_sizes_tensor(group_sizes: Tensor, num_rows: int, device: torch.device) -> None:
    """Raise unless `group_sizes` is an int32 or int64 vector on `device` that fits `num_rows`."""
    if group_sizes.ndim != 1 or group_sizes.dtype not in (torch.int32, torch.int64):
        raise DtypeError(
            f"group_sizes has dtype {group_sizes.dtype} and shape {tuple(group_sizes.shape)}; "
            "expected a vector of int32 or int64 (rows per group)."
        )
    if group_sizes.device != device:
        raise DeviceError(
            f"group_sizes is on {group_sizes.device}, the tensor on {device}. Move it there once; "
            "reading it from another device would stall every call."
        )
    if group_sizes.device.type == "cpu" and not torch.compiler.is_compiling():
        check_group_sizes(group_sizes, num_rows)


def check_row_map(name: str, x: Tensor | None, rows: int | None, device: torch.device) -> None:
    """Raise unless `x` is None or a vector on `device` of the right type, with `rows` entries.

    A `row_weight` is a float type, a `gather` or `scatter` int32 or int64.
    """
    if x is None:
        return
    if x.ndim != 1 or (rows is not None and x.shape[0] != rows):
        expected = "a vector" if rows is None else f"({rows},)"
        raise ShapeError(f"{name} has shape {tuple(x.shape)}; expected {expected}.")
    if x.device != device:
        raise DeviceError(f"{name} is on {x.device}; expected {device}.")
    is_weight = name == "row_weight"
    if x.dtype not in (WIDE_DTYPES if is_weight else (torch.int32, torch.int64)):
        kind = "a float type" if is_weight else "int32 or int64"
        raise DtypeError(f"{name} has dtype {x.dtype}; expected {kind}.")


def _check_sorted_rows(
    x: Tensor, group_sizes: Tensor, gather: Tensor | None, row_weight: Tensor | None
) -> None:
    check_row_map("gather", gather, None, x.device)
    rows = x.shape[0] if gather is None else gather.shape[0]
    check_row_map("row_weight", row_weight, rows, x.device)
    check_sizes_tensor(group_sizes, rows, x.device)


def quantize_tile(
    x: Float[Tensor, "rows depth"],
    *,
    dtype: torch.dtype = torch.float8_e4m3fn,
    power_of_two_scales: bool = False,
    backend: str = "auto",
    gather: Integer[Tensor, " sorted_rows"] | None = None,
) -> QuantizedTensor:
    """Quantise an activation or gradient in 1x128 tiles along its last axis.

    Args:
        x: bfloat16, float16 or float32 `[M, K]`, any strides.
        dtype: `float8_e4m3fn` or `float8_e5m2`.
        power_of_two_scales: Round scales up to powers of two.
        backend: See `backends`.
        gather: Row `i` of the result is `x[gather[i]]`; on a GPU without a copy in between.

    Returns:
        A `tile` tensor.

    Source: DeepSeek-V3, arXiv 2412.19437, section 3.3.1. Differs: rules 1 and 4 of
    `reference_quantize`.
    """
    _check_input(x, 2, dtype, "[M, K]")
    check_row_map("gather", gather, None, x.device)
    return QuantizedTensor(
        *ops.quantize_rows(x, dtype, power_of_two_scales, backend, gather), "tile"
    )


def quantize_tile_columns(
    x: Float[Tensor, "rows width"],
    group_sizes: Integer[Tensor, " groups"],
    *,
    dtype: torch.dtype = torch.float8_e4m3fn,
    power_of_two_scales: bool = False,
    backend: str = "auto",
    gather: Integer[Tensor, " sorted_rows"] | None = None,
    row_weight: Float[Tensor, " sorted_rows"] | None = None,
    schedule: Tensor | None = None,
) -> QuantizedTensor:
    """Quantise along the rows of each group, transposed: an operand of the weight gradient.

    Args:
        x: bfloat16, float16 or float32 `[M, C]`, rows sorted by group unless `gather` sorts them.
        group_sizes: Rows per group, int32 or int64 `[G]`.
        dtype: `float8_e4m3fn` or `float8_e5m2`.
        power_of_two_scales: Round scales up to powers of two.
        backend: See `backends`.
        gather: Sorted row `i` is `x[gather[i]]`; on a GPU without a copy in between.
        row_weight: Factor of each sorted row, applied before quantising.
        schedule: `ops.schedule` of the same group sizes and sorted rows, which saves its launch.

    Returns:
        A `columns` tensor.
    """
    _check_input(x, 2, dtype, "[M, C]")
    _check_sorted_rows(x, group_sizes, gather, row_weight)
    options = (dtype, power_of_two_scales, backend, gather, row_weight, schedule)
    return QuantizedTensor(*ops.quantize_columns(x, group_sizes, *options), "columns")


def quantize_tile_dual(
    x: Float[Tensor, "rows depth"],
    group_sizes: Integer[Tensor, " groups"],
    *,
    dtype: torch.dtype = torch.float8_e4m3fn,
    power_of_two_scales: bool = False,
    backend: str = "auto",
    gather: Integer[Tensor, " sorted_rows"] | None = None,
    row_weight: Float[Tensor, " sorted_rows"] | None = None,
    schedule: Tensor | None = None,
) -> tuple[QuantizedTensor, QuantizedTensor]:
    """Quantise once along the last axis and once along each group's rows, in one read of `x`.

    The first result feeds `grouped_gemm` or `grouped_gemm_dgrad`, the second
    `grouped_gemm_wgrad`. Arguments as `quantize_tile_columns`; the row weight is for the second
    result only.

    Returns:
        A `tile` and a `columns` tensor.
    """
    _check_input(x, 2, dtype, "[M, K]")
    _check_sorted_rows(x, group_sizes, gather, row_weight)
    options = (dtype, power_of_two_scales, backend, gather, row_weight, schedule)
    parts = ops.quantize_dual(x, group_sizes, *options)
    return QuantizedTensor(*parts[:2], "tile"), QuantizedTensor(*parts[2:], "columns")


def quantize_block(
    w: Float[Tensor, "groups rows depth"],
    *,
    dtype: torch.dtype = torch.float8_e4m3fn,
    power_of_two_scales: bool = False,
    backend: str = "auto",
) -> QuantizedTensor:
    """Quantise stacked weights in 128x128 blocks.

    Args:
        w: bfloat16, float16 or float32 `[G, N, K]`, any strides.
        dtype: `float8_e4m3fn` or `float8_e5m2`.
        power_of_two_scales: Round scales up to powers of two.
        backend: See `backends`.

    Returns:
        A `block` tensor.
    """
    _check_input(w, 3, dtype, "[G, N, K]")
    return QuantizedTensor(*ops.quantize_blocks(w, dtype, power_of_two_scales, backend), "block")


def quantize_block_dual(
    w: Float[Tensor, "groups rows depth"],
    *,
    dtype: torch.dtype = torch.float8_e4m3fn,
    power_of_two_scales: bool = False,
    backend: str = "auto",
) -> tuple[QuantizedTensor, QuantizedTensor]:
    """Quantise stacked weights and their transposes `[G, K, N]`, in one read of `w`.

    Both hold the same FP8 values: blocks are square, so the transpose shares its scales. On a CPU
    the second is a view of the first. Arguments as `quantize_block`.

    Returns:
        Two `block` tensors: for `grouped_gemm` and for `grouped_gemm_dgrad`.
    """
    _check_input(w, 3, dtype, "[G, N, K]")
    if w.device.type == "cpu" and backend in ("auto", "cpu", "reference"):
        plain = quantize_block(
            w, dtype=dtype, power_of_two_scales=power_of_two_scales, backend=backend
        )
        return plain, QuantizedTensor(plain.data.mT, plain.scale.mT, "block")
    data, scale, data_t = ops.quantize_blocks_dual(w, dtype, power_of_two_scales, backend)
    return (
        QuantizedTensor(data, scale, "block"),
        QuantizedTensor(data_t, scale.mT, "block"),
    )
