"""The fast CPU path: decode FP8 with a table, fold the scales, multiply.

On a CPU the casts cost more than the product. Three things make it fast:

1. Two FP8 bytes at a time index a table of 65,536 pairs of bfloat16 (exact, NaN included).
2. Scales are folded into the decoded values, so one `torch.nn.functional.grouped_mm` does the rest.
   Where oneDNN multiplies bfloat16 (on x86 with AVX-512), this rounds each operand to bfloat16
   (relative error 2**-9), once. float32 results use float32 operands instead, and so does every
   result on other processors, where bfloat16 products are several times slower.
3. Decoded weights are kept as long as the FP8 tensor lives unchanged (`decode_cached`).
"""

from __future__ import annotations

import weakref
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fp8_grouped_gemm import reference_quantize as rules
from fp8_grouped_gemm.layout import (
    GROUP_ALIGN,
    TILE,
    ceil_div,
    column_capacity,
    column_layout,
    group_ends,
    tile_capacity,
)


@cache
def _pair_table(dtype: torch.dtype) -> np.ndarray:
    """Map two FP8 bytes to two bfloat16 in one uint32 (little endian on both sides)."""
    values = torch.arange(256, dtype=torch.uint8).view(dtype).to(torch.bfloat16)
    codes = values.view(torch.int16).numpy().view(np.uint16).astype(np.uint32)
    low, high = np.meshgrid(codes, codes, indexing="xy")
    return (low | (high << 16)).reshape(-1)


def decode(data: Tensor) -> Tensor:
    """Return an FP8 tensor as bfloat16, exactly; contiguous, same shape."""
    flat = data.contiguous().view(torch.uint8).view(-1)
    if flat.numel() % 2:
        return data.to(torch.bfloat16)
    codes = flat.numpy().view(np.uint16)
    pairs = np.empty(codes.size, dtype=np.uint32)
    # Every code is in range; "wrap" only spares numpy a second, checked copy.
    np.take(_pair_table(data.dtype), codes, out=pairs, mode="wrap")
    return torch.from_numpy(pairs.view(np.int16)).view(torch.bfloat16).view(data.shape)


CHUNK_VALUES = 1 << 17
"""Values worked on at a time: 512 KB in float32, which stays in a core's own cache."""


def decode_scaled(data: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Return `data * scale` in `dtype`, tiles `[M, K]` or blocks `[G, N, K]`.

    Keeps the memory order of a transposed view, so that its base is read once, in order. Products
    are formed in float32 and rounded once.
    """
    if data.ndim == 3 and not data.is_contiguous() and data.mT.is_contiguous():
        return decode_scaled(data.mT, scale.mT, dtype).mT
    out = torch.empty(data.shape, dtype=dtype)
    depth = data.shape[-1]
    if data.ndim == 3:
        step = TILE
        chunks = [(g, r) for g in range(data.shape[0]) for r in range(0, data.shape[1], step)]
    else:
        step = max(1, CHUNK_VALUES // max(depth, 1))
        chunks = [(None, r) for r in range(0, data.shape[0], step)]
    whole = depth // TILE * TILE
    for group, row in chunks:
        here = (slice(row, row + step),) if group is None else (group, slice(row, row + step))
        values = decode(data[here]).float()
        factor = scale[here] if group is None else scale[group, row // TILE]
        if whole:
            values[:, :whole].unflatten(1, (-1, TILE)).mul_(factor[..., : whole // TILE, None])
        if depth > whole:
            values[:, whole:].mul_(factor[..., whole // TILE :])
        out[here] = values
    return out


def operand_dtype(out_dtype: torch.dtype) -> torch.dtype:
    """Return what operands are decoded to for a result of `out_dtype`: see the module's 2."""
    is_fast = torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return torch.bfloat16 if is_fast and out_dtype != torch.float32 else torch.float32


class _Decoded(NamedTuple):
    owner: weakref.ref[torch.UntypedStorage]
    version: int
    values: Tensor


_decoded: dict[tuple[object, ...], _Decoded] = {}


def version_of(tensor: Tensor) -> int:
    """Return the tensor's in-place version; inference tensors count none and give -1."""
    return -1 if tensor.is_inference() else tensor._version


def decode_cached(data: Tensor, scale: Tensor, dtype: torch.dtype) -> Tensor:
    """Return `decode_scaled(data, scale, dtype)`, remembered while `data` lives unchanged.

    The key is the storage's identity and version; an entry leaves with its storage. A transposed
    view shares its base's entry.
    """
    if not data.is_contiguous() and data.mT.is_contiguous():
        return decode_cached(data.mT, scale.mT, dtype).mT
    storage = data.untyped_storage()
    key = (id(storage), data.storage_offset(), data.shape, scale.data_ptr(), dtype)
    entry = _decoded.get(key)
    version = version_of(data)
    if entry is None or entry.owner() is not storage or entry.version != version:
        values = decode_scaled(data, scale, dtype)
        owner = weakref.ref(storage, lambda _: _decoded.pop(key, None))
        entry = _Decoded(owner, version, values)
        _decoded[key] = entry
    return entry.values


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
    left = decode_scaled(a, scale_a, work)
    right = decode_cached(b, scale_b, work)
    ends = group_ends(group_sizes, a.shape[0])
    if not a.shape[0] or not b.shape[0]:
        return a.new_zeros(a.shape[0], b.shape[1], dtype=out_dtype)
    if b.shape[1] % 16 or b.shape[2] % 16:
        out = left.new_empty(a.shape[0], b.shape[1])
        begin = 0
        for group, end in enumerate(ends.tolist()):
            torch.mm(left[begin:end], right[group].T, out=out[begin:end])
            begin = end
    else:
        out = F.grouped_mm(left, right.mT, offs=ends)
    return out.to(out_dtype)


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

    Args, shapes and types as `reference.grouped_gemm_wgrad`. Positions between groups hold zeros,
    so a group may be multiplied up to the start of the next one.
    """
    work = operand_dtype(out_dtype)
    layout = column_layout(group_sizes, num_rows)
    padded = (layout.sizes + GROUP_ALIGN - 1) // GROUP_ALIGN * GROUP_ALIGN
    ends = (layout.starts + padded).to(torch.int32)
    used = int(ends[-1]) if ends.numel() else 0
    operands = []
    for data, scale in ((lhs, scale_lhs), (rhs, scale_rhs)):
        codes, factors = data.t()[:used], scale.t()
        rows = torch.zeros(codes.shape, dtype=work)
        for size, start, tile in zip(*(part.tolist() for part in layout[1:]), strict=True):
            for index in range(ceil_div(size, TILE)):
                here = slice(start + index * TILE, start + min((index + 1) * TILE, size))
                rows[here] = decode(codes[here]).float().mul_(factors[tile + index])
        operands.append(rows)
    if not used:
        return lhs.new_zeros(ends.numel(), lhs.shape[0], rhs.shape[0], dtype=out_dtype)
    if lhs.shape[0] % 16 or rhs.shape[0] % 16:
        out = operands[0].new_empty(ends.numel(), lhs.shape[0], rhs.shape[0])
        begin = 0
        for group, end in enumerate(ends.tolist()):
            torch.mm(operands[0][begin:end].T, operands[1][begin:end], out=out[group])
            begin = end
    else:
        out = F.grouped_mm(operands[0].t(), operands[1], offs=ends)
    return out.to(out_dtype)
