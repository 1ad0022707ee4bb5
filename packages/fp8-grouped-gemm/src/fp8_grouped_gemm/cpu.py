"""The fast CPU path: decode FP8 with a table, fold the scales, multiply.

On a CPU the casts cost more than the product. Three things make it fast:

1. Two FP8 bytes at a time index a table of 65,536 pairs of values (exact, NaN included).
2. Scales are folded into the decoded values, so one plain product per group does the rest. Where
   oneDNN multiplies bfloat16 (on x86 with AVX-512), this rounds each operand to bfloat16
   (relative error 2**-9), once. float32 results use float32 operands instead, and so does every
   result on other processors, where bfloat16 products are several times slower.
3. A weight that is used once, or once forward and once backward, is decoded group by group into
   one buffer, which stays in the processor's cache; from its second use on, the decoded weight is
   kept as long as the FP8 tensor lives unchanged (`kept_weight`).
"""

from __future__ import annotations

import weakref
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from fp8_grouped_gemm import reference_quantize as rules
from fp8_grouped_gemm.layout import (
    TILE,
    ceil_div,
    column_capacity,
    column_layout,
    group_ends,
    tile_capacity,
)


@cache
def _pair_table(dtype: torch.dtype) -> np.ndarray:
    """Map two FP8 bytes, as one uint16, to two float32 as one int64; all little endian."""
    values = torch.arange(256, dtype=torch.uint8).view(dtype).float()
    pairs = torch.stack((values.repeat(256), values.repeat_interleave(256)), -1)
    return pairs.view(torch.int64).view(-1).numpy()


def decode(data: Tensor, out: Tensor) -> Tensor:
    """Write an FP8 tensor's values, exactly, to `out`, which is contiguous and float32."""
    if data.numel() % 2:
        return out.copy_(data)
    codes = data.contiguous().view(-1).view(torch.uint16).numpy()
    pairs = out.view(-1).view(torch.int64).numpy()
    # Every code is in range; "wrap" only spares numpy a second, checked copy.
    np.take(_pair_table(data.dtype), codes, out=pairs, mode="wrap")
    return out


CHUNK_VALUES = 1 << 17
"""Values worked on at a time: 512 KB in float32, which stays in a core's own cache."""


def decode_scaled(
    data: Tensor, scale: Tensor, dtype: torch.dtype, out: Tensor | None = None
) -> Tensor:
    """Return `data * scale` in `dtype`, tiles `[M, K]` or blocks `[G, N, K]`.

    Keeps the memory order of a transposed view, so that its base is read once, in order. Products
    are formed in float32 and rounded once.

    Args:
        data: FP8.
        scale: float32, `[M, ceil(K / 128)]` or `[G, ceil(N / 128), ceil(K / 128)]`.
        dtype: bfloat16 or float32.
        out: What an earlier call for the same shape, strides and `dtype` returned; written over.
    """
    if data.ndim == 3 and not data.is_contiguous() and data.mT.is_contiguous():
        return decode_scaled(data.mT, scale.mT, dtype, None if out is None else out.mT).mT
    if out is None:
        out = torch.empty(data.shape, dtype=dtype)
    depth = data.shape[-1]
    if data.ndim == 3:
        step = TILE
        chunks = [(g, r) for g in range(data.shape[0]) for r in range(0, data.shape[1], step)]
    else:
        step = max(1, CHUNK_VALUES // max(depth, 1))
        chunks = [(None, r) for r in range(0, data.shape[0], step)]
    for group, row in chunks:
        here = (slice(row, row + step),) if group is None else (group, slice(row, row + step))
        factor = scale[here] if group is None else scale[group, row // TILE]
        values = _fold(decode(data[here], _float32(out[here])), factor)
        if dtype != torch.float32:
            out[here] = values
    return out


def _fold(values: Tensor, factor: Tensor) -> Tensor:
    """Multiply float32 `values` `[R, K]` in place by `factor` `[ceil(K / 128)]` or `[R, ...]`."""
    depth = values.shape[-1]
    whole = depth // TILE * TILE
    if whole:
        values[:, :whole].unflatten(1, (-1, TILE)).mul_(factor[..., : whole // TILE, None])
    if depth > whole:
        values[:, whole:].mul_(factor[..., whole // TILE :])
    return values


def operand_dtype(out_dtype: torch.dtype) -> torch.dtype:
    """Return what operands are decoded to for a result of `out_dtype`: see the module's 2."""
    is_fast = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if is_fast and out_dtype != torch.float32 else torch.float32


class _Decoded(NamedTuple):
    owner: weakref.ref[torch.UntypedStorage]
    version: int
    views: frozenset[bool]  # used as it is (False), transposed (True)
    values: Tensor | None


_decoded: dict[tuple[object, ...], _Decoded] = {}


def version_of(tensor: Tensor) -> int:
    """Return the tensor's in-place version; inference tensors count none and give -1."""
    return -1 if tensor.is_inference() else tensor._version


def forget_weight(data: Tensor) -> None:
    """Free what is kept of a weight; its next use counts as its first."""
    for key in [key for key in _decoded if key[0] == id(data.untyped_storage())]:
        del _decoded[key]


def kept_weight(data: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor | None:
    """Return `decode_scaled(data, scale, dtype)`, remembered while `data` lives unchanged.

    Returns None at the first use of a weight, and at the first of its transposed view: a training
    step uses each once, which is not worth the memory. The key is the storage's identity and
    version; an entry leaves with its storage. A transposed view shares its base's entry.
    """
    is_view = not data.is_contiguous() and data.mT.is_contiguous()
    if is_view:
        data, scale = data.mT, scale.mT
    storage = data.untyped_storage()
    key = (id(storage), data.storage_offset(), data.shape, scale.data_ptr(), dtype)
    entry = _decoded.get(key)
    version = version_of(data)
    if entry is None or entry.owner() is not storage or entry.version != version:
        owner = weakref.ref(storage, lambda _: _decoded.pop(key, None))
        entry = _Decoded(owner, version, frozenset(), None)
    values = entry.values
    if values is None and is_view in entry.views:
        values = decode_scaled(data, scale, dtype)
    _decoded[key] = entry._replace(views=entry.views | {is_view}, values=values)
    return values.mT if is_view and values is not None else values


def quantize_rows(x: Tensor, dtype: torch.dtype, power_of_two: bool) -> tuple[Tensor, Tensor]:
    """Quantise 1x128 tiles; same results as `reference_quantize.quantize_rows`, faster."""
    rows, depth = x.shape
    if depth % TILE or not rows:
        return rules.quantize_rows(x, dtype, power_of_two)
    tiles = depth // TILE
    data = torch.empty(rows, tiles, TILE, dtype=dtype)
    scale = torch.empty(rows, tiles)
    step = max(1, CHUNK_VALUES // depth)
    for row in range(0, rows, step):
        here = slice(row, row + step)
        values = x[here].reshape(-1, tiles, TILE)
        amax = values.abs().amax(-1).float()
        if not bool(amax.isfinite().all()):
            return rules.quantize_rows(x, dtype, power_of_two)
        scale[here], inverse = rules.scale_and_inverse(amax, dtype, power_of_two)
        data[here] = _round(values, inverse[..., None], dtype)
    return data.view(rows, depth), scale


def quantize_blocks(w: Tensor, dtype: torch.dtype, power_of_two: bool) -> tuple[Tensor, Tensor]:
    """Quantise 128x128 blocks; same results as `reference_quantize.quantize_blocks`, faster."""
    groups, rows, depth = w.shape
    if depth % TILE or not w.numel():
        return rules.quantize_blocks(w, dtype, power_of_two)
    tiles = depth // TILE
    data = torch.empty(groups, rows, tiles, TILE, dtype=dtype)
    scale = torch.empty(groups, ceil_div(rows, TILE), tiles)
    for group in range(groups):
        for row in range(0, rows, TILE):
            here = slice(row, row + TILE)
            values = w[group, here].reshape(-1, tiles, TILE)
            amax = values.abs().amax(0).amax(-1).float()
            if not bool(amax.isfinite().all()):
                return rules.quantize_blocks(w, dtype, power_of_two)
            factors = rules.scale_and_inverse(amax, dtype, power_of_two)
            scale[group, row // TILE] = factors[0]
            data[group, here] = _round(values, factors[1][:, None], dtype)
    return data.view(groups, rows, depth), scale


def _round(values: Tensor, inverse: Tensor, dtype: torch.dtype) -> Tensor:
    """Round finite values by rule 3 of `reference_quantize`."""
    limit = rules.FP8_MAX[dtype]
    return (values.float() * inverse).clamp_(-limit, limit).to(dtype)


def quantize_columns(
    x: Tensor, group_sizes: Tensor, dtype: torch.dtype, power_of_two: bool
) -> tuple[Tensor, Tensor]:
    """Quantise 128x1 tiles per group; same values as the reference.

    The result is a transposed view of a row-major buffer: nothing is transposed in memory, because
    `grouped_gemm_wgrad` below wants rows anyway.
    """
    rows, width = x.shape
    num_groups = group_sizes.numel()
    layout = column_layout(group_sizes, rows)
    data = torch.zeros(column_capacity(rows, num_groups), width, dtype=torch.uint8).view(dtype)
    scale = torch.full(
        (tile_capacity(rows, num_groups), width), rules.MIN_AMAX / rules.FP8_MAX[dtype]
    )
    if power_of_two:
        scale = rules.scale_and_inverse(torch.zeros_like(scale), dtype, True)[0]
    for row, size, start, tile in zip(*(part.tolist() for part in layout), strict=True):
        for index in range(ceil_div(size, TILE)):
            begin, end = index * TILE, min((index + 1) * TILE, size)
            values = x[row + begin : row + end]
            amax = values.abs().amax(0).float()
            finite = bool(amax.isfinite().all())
            if not finite:
                amax = torch.where(values.isfinite(), values.abs(), 0.0).amax(0).float()
            scale[tile + index], inverse = rules.scale_and_inverse(amax, dtype, power_of_two)
            target = data[start + begin : start + end]
            if finite:
                target.copy_(_round(values, inverse, dtype))
            else:
                target.copy_(rules.to_fp8(values.float(), inverse, dtype))
    return data.t(), scale.t()


def grouped_gemm(
    a: Tensor,
    scale_a: Tensor,
    b: Tensor,
    scale_b: Tensor,
    group_sizes: Tensor,
    out_dtype: torch.dtype,
) -> Tensor:
    """Return `a[rows of g] @ b[g].T` for every group; the tail is undefined.

    Args, shapes and types as `reference.grouped_gemm`.
    """
    work = operand_dtype(out_dtype)
    ends = group_ends(group_sizes, a.shape[0]).tolist()
    out = a.new_empty(a.shape[0], b.shape[1], dtype=out_dtype)
    kept = kept_weight(b, scale_b, work)
    buffer = None
    for group, (begin, end) in enumerate(pairwise([0, *ends])):
        if begin == end:
            continue
        if kept is None:
            one = slice(group, group + 1)
            buffer = decode_scaled(b[one], scale_b[one], work, out=buffer)
        weight = buffer[0] if kept is None else kept[group]
        out[begin:end] = decode_scaled(a[begin:end], scale_a[begin:end], work) @ weight.T
    return out


def grouped_gemm_wgrad(
    lhs: Tensor,
    scale_lhs: Tensor,
    rhs: Tensor,
    scale_rhs: Tensor,
    group_sizes: Tensor,
    num_rows: int,
    out_dtype: torch.dtype,
) -> Tensor:
    """Return `lhs[:, g] @ rhs[:, g].T` for every group.

    Args, shapes and types as `reference.grouped_gemm_wgrad`.
    """
    work = operand_dtype(out_dtype)
    layout = column_layout(group_sizes, num_rows)
    out = lhs.new_zeros(group_sizes.numel(), lhs.shape[0], rhs.shape[0], dtype=out_dtype)
    for group, (size, start, tile) in enumerate(
        zip(*(part.tolist() for part in layout[1:]), strict=True)
    ):
        if not size:
            continue
        columns, tiles = slice(start, start + size), slice(tile, tile + ceil_div(size, TILE))
        left, right = (
            _decode_columns(data[:, columns].t(), scale[:, tiles].t(), work)
            for data, scale in ((lhs, scale_lhs), (rhs, scale_rhs))
        )
        out[group] = left.T @ right
    return out


def _decode_columns(data: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Return 128x1 tiles `[R, W]` times their scales `[ceil(R / 128), W]` in `dtype`."""
    out = torch.empty(data.shape, dtype=dtype)
    for row, factor in zip(range(0, data.shape[0], TILE), scale, strict=True):
        here = slice(row, row + TILE)
        values = decode(data[here], _float32(out[here])).mul_(factor)
        if dtype != torch.float32:
            out[here] = values
    return out


def _float32(out: Tensor) -> Tensor:
    """Return where float32 values bound for `out` are formed: `out` itself if it can hold them."""
    return out if out.dtype == torch.float32 else torch.empty(out.shape)
