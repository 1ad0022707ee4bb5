"""GPU comparison: every installed peer on the same operands, times per call from CUDA events.

Peers: own kernels (Triton in three store modes, Gluon), own kernel on rows padded to 128 (with the
pad kernel apart, and with aligned groups), torch's bfloat16 `grouped_mm`, torch's row-wise
`scaled_grouped_mm`, one block-wise `scaled_mm` per group, and DeepGEMM where it is installed. A
peer that refuses a shape is listed with its reason. All figures are of one run; compare ratios.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fp8_grouped_gemm import grouped_gemm, grouped_gemm_wgrad, quantize_block, quantize_tile
from fp8_grouped_gemm.functional import Recipe
from fp8_grouped_gemm.quantize import QuantizedTensor, quantize_tile_columns
from fp8_grouped_gemm.shapes import DEEPGEMM, PAPER, Shape, draw_group_sizes, intern_s1
from fp8_grouped_gemm.testing import relative_error

H200_FP8_FLOPS = 1979e12
"""Dense FP8 peak per second, NVIDIA H200 datasheet."""


def time_call(function: Callable[[], object], rounds: int = 20) -> float:
    """Return the median time of one call in seconds, with the L2 cache flushed in between."""
    flush = torch.empty(256 * 2**20, dtype=torch.uint8, device="cuda")
    for _ in range(3):
        function()
    times = []
    for _ in range(rounds):
        flush.zero_()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        function()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return statistics.median(times)


def _pad(a: QuantizedTensor, sizes: Tensor) -> tuple[Callable[[], QuantizedTensor], Tensor, Tensor]:
    """Return a function that pads every group to 128 rows, the sizes after it, and the row map."""
    padded = (sizes + 127) // 128 * 128
    shift = (torch.cumsum(padded, 0) - padded) - (torch.cumsum(sizes, 0) - sizes)
    group = torch.repeat_interleave(torch.arange(len(sizes), device=sizes.device), sizes.long())
    rows = torch.arange(int(sizes.sum()), device=sizes.device) + shift[group]
    total = int(padded.sum())

    def run() -> QuantizedTensor:
        data = torch.zeros(total, a.shape[1], dtype=torch.uint8, device=rows.device)
        data[rows] = a.data.view(torch.uint8)
        scale = torch.zeros(a.scale.shape[1], total, device=rows.device).t()
        scale[rows] = a.scale
        return QuantizedTensor(data.view(a.data.dtype), scale, "tile")

    return run, padded, rows


def _torch_rowwise(a: Tensor, b: Tensor, ends: Tensor) -> Callable[[], Tensor]:
    scale_a = a.abs().amax(1).float() / 448
    scale_b = b.abs().amax(2).float() / 448
    qa = (a / scale_a[:, None]).to(torch.float8_e4m3fn)
    qb = (b / scale_b[..., None]).to(torch.float8_e4m3fn)
    kind = F.ScalingType.RowWise
    return lambda: F.scaled_grouped_mm(
        qa, qb.mT, scale_a, kind, scale_b, kind, offs=ends, output_dtype=torch.bfloat16
    )


def _torch_blockwise(a: QuantizedTensor, b: QuantizedTensor, host: list[int]) -> Callable[[], None]:
    """One block-wise product per group; its row counts must be multiples of 4."""
    kinds = F.ScalingType.BlockWise1x128, F.ScalingType.BlockWise128x128
    out = torch.empty(a.shape[0], b.shape[1], dtype=torch.bfloat16, device=a.data.device)
    scales = [b.scale[g].t().contiguous().t() for g in range(len(host))]

    def run() -> None:
        start = 0
        for group, size in enumerate(host):
            if size:
                rows = slice(start, start + size)
                scale = a.scale[rows].t().contiguous().t()
                out[rows] = F.scaled_mm(
                    a.data[rows], b.data[group].t(), scale, kinds[0], scales[group].t(), kinds[1],
                    output_dtype=torch.bfloat16,
                )  # fmt: skip
            start += size

    return run


def _deep_gemm(a: QuantizedTensor, b: QuantizedTensor, sizes: Tensor) -> Callable[[], None]:
    import deep_gemm

    groups = torch.arange(len(sizes), device=sizes.device, dtype=torch.int32)
    index = torch.repeat_interleave(groups, sizes.long())
    out = torch.empty(a.shape[0], b.shape[1], dtype=torch.bfloat16, device=a.data.device)
    name = "m_grouped_fp8_gemm_nt_contiguous"
    function = getattr(deep_gemm, name, None) or deep_gemm.m_grouped_gemm_fp8_fp8_bf16_nt_contiguous
    return lambda: function((a.data, a.scale), (b.data, b.scale), out, index)


def run_shape(shape: Shape) -> dict[str, Any]:
    """Time every peer on one shape, ragged and aligned; returns a JSON-able record."""
    torch.manual_seed(0)
    a = torch.randn(shape.rows, shape.k, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(shape.groups, shape.n, shape.k, device="cuda", dtype=torch.bfloat16)
    qa, qb = quantize_tile(a), quantize_block(b)
    record: dict[str, Any] = {"shape": shape._asdict(), "seconds": {}, "refused": {}, "error": {}}
    host = draw_group_sizes(shape)
    sizes = host.cuda()
    ends = torch.cumsum(sizes, 0, dtype=torch.int32)
    exact = F.grouped_mm(a, b.mT, offs=ends)
    pad, padded, rows = _pad(qa, sizes)
    full = pad()
    even = draw_group_sizes(shape, aligned=True).cuda()

    def own(x: QuantizedTensor, where: Tensor, backend: str, store: str) -> Callable[[], Tensor]:
        recipe = Recipe(backend=backend, store=store)
        return lambda: grouped_gemm(x, qb, where, recipe=recipe)

    peers: dict[str, Callable[[], Callable[[], Any]]] = {
        f"{backend} {store}": lambda backend=backend, store=store: own(qa, sizes, backend, store)
        for backend, store in (
            ("gluon", "ragged"),
            ("gluon", "masked"),
            ("triton", "ragged"),
            ("triton", "masked"),
            ("triton", "pool"),
        )
    }
    for backend in ("gluon", "triton"):
        peers[f"{backend} aligned groups"] = lambda b=backend: own(qa, even, b, "auto")
        peers[f"{backend} on padded rows"] = lambda b=backend: own(full, padded, b, "auto")
    peers["pad kernel"] = lambda: pad
    peers["torch bf16 grouped_mm"] = lambda: lambda: F.grouped_mm(a, b.mT, offs=ends)
    peers["torch row-wise scaled_grouped_mm"] = lambda: _torch_rowwise(a, b, ends)
    peers["torch block-wise scaled_mm per group"] = lambda: _torch_blockwise(qa, qb, host.tolist())
    peers["deep_gemm aligned groups"] = lambda: _deep_gemm(qa, qb, even)
    for name, prepare in peers.items():
        try:
            function = prepare()
            result = function()
            record["seconds"][name] = time_call(function)
        except Exception as error:
            record["refused"][name] = f"{type(error).__name__}: {error}"[:300]
            continue
        if isinstance(result, Tensor) and result.shape == exact.shape and "aligned" not in name:
            record["error"][name] = relative_error(result, exact)
    record["padded rows"] = int(padded.sum()) - shape.rows
    record["bitwise: gluon ragged = padded"] = _same(
        own(qa, sizes, "gluon", "ragged"), own(full, padded, "gluon", "ragged"), rows
    )
    record["seconds"]["triton wgrad"] = _time_wgrad(a, shape, sizes)
    return record | {"ratios": ratios(record, shape)}


def _same(left: Callable[[], Tensor], right: Callable[[], Tensor], rows: Tensor) -> bool | str:
    try:
        return torch.equal(left(), right()[rows])
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:300]


def _time_wgrad(a: Tensor, shape: Shape, sizes: Tensor) -> float:
    grad = torch.randn(shape.rows, shape.n, device="cuda", dtype=torch.bfloat16)
    left, right = quantize_tile_columns(grad, sizes), quantize_tile_columns(a, sizes)
    return time_call(lambda: grouped_gemm_wgrad(left, right, sizes, num_rows=shape.rows))


def ratios(record: dict[str, Any], shape: Shape) -> dict[str, float]:
    """Return how many times faster the best own ragged run is than each peer, and its roofline."""
    seconds = record["seconds"]
    own = [seconds[n] for n in ("gluon ragged", "triton ragged", "gluon masked") if n in seconds]
    if not own:
        return {}
    best = min(own)
    found = {f"over {name}": value / best for name, value in seconds.items() if "wgrad" not in name}
    for backend in ("gluon", "triton"):
        padded = f"{backend} on padded rows"
        if padded in seconds and "pad kernel" in seconds:
            found[f"over pad then {backend}"] = (seconds["pad kernel"] + seconds[padded]) / best
    flops = 2 * shape.rows * shape.n * shape.k
    moved = shape.rows * shape.k + shape.groups * shape.n * shape.k + 2 * shape.rows * shape.n
    found["of FP8 peak"] = flops / best / H200_FP8_FLOPS
    found["bytes per second"] = moved / best
    return found


def run(limit_seconds: float) -> dict[str, Any]:
    """Run all shapes, most telling first, until the time limit."""
    start = time.monotonic()
    shapes = [*intern_s1((4096, 32768, 1024)), *PAPER, *DEEPGEMM, *intern_s1((8192, 2048, 65536))]
    copy = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(copy)
    results: dict[str, Any] = {
        "device": torch.cuda.get_device_name(),
        "torch": torch.__version__,
        "copy bytes per second": 2 * copy.numel() / time_call(lambda: target.copy_(copy)),
        "shapes": [],
        "not reached": [],
    }
    del copy, target
    for shape in shapes:
        if time.monotonic() - start > limit_seconds:
            results["not reached"].append(shape.name)
            continue
        results["shapes"].append(run_shape(shape))
        torch.cuda.empty_cache()
    return results
