"""GPU comparison: every installed peer on the same operands, times per call from CUDA events.

Peers: own kernels (Triton in three store modes, Gluon), own kernels on aligned groups and on rows
padded to 128 (with the pad kernel apart, and fused into the quantiser), torch's bfloat16
`grouped_mm`, torch's row-wise `scaled_grouped_mm`, one block-wise `scaled_mm` per group, and
DeepGEMM where it is installed. A peer that refuses a shape is listed with its reason. All figures
are of one run; compare ratios (`bench_targets`).
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fp8_grouped_gemm import (
    grouped_gemm,
    grouped_gemm_dgrad,
    grouped_gemm_wgrad,
    quantize_block,
    quantize_block_dual,
    quantize_tile,
)
from fp8_grouped_gemm.bench_targets import judge, ratios
from fp8_grouped_gemm.functional import Recipe
from fp8_grouped_gemm.quantize import QuantizedTensor, quantize_tile_columns
from fp8_grouped_gemm.shapes import DEEPGEMM, PAPER, Shape, draw_group_sizes, intern_s1
from fp8_grouped_gemm.testing import relative_error

E4M3 = torch.float8_e4m3fn
OWN = (
    ("gluon", "ragged"),
    ("gluon", "masked"),
    ("triton", "ragged"),
    ("triton", "masked"),
    ("triton", "pool"),
)

Peer = Callable[[], Callable[[], Any]]
"""Prepares operands (untimed) and returns the call to time; may raise to refuse."""


def time_call(function: Callable[[], object], rounds: int = 20, *, in_graph: bool = True) -> float:
    """Return the median time of one call on the device in seconds, the L2 cache flushed before.

    The call is captured in a CUDA graph and replayed, so that the host's work is not in it
    (`time_host` has that); what cannot be captured is called. Copies are called too: in a graph
    they run on the copy engine.
    """
    flush = torch.empty(256 * 2**20, dtype=torch.uint8, device="cuda")
    for _ in range(3):
        function()
    run = function
    if in_graph:
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph):
                function()
            run = graph.replay
        except RuntimeError:
            torch.cuda.synchronize()
    times = []
    for _ in range(rounds):
        flush.zero_()
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        run()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end) / 1e3)
    return statistics.median(times)


def time_host(function: Callable[[], object], rounds: int = 10) -> float:
    """Return the median time in seconds that the host needs to issue one call."""
    times = []
    for _ in range(rounds):
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


@dataclass(frozen=True)
class Operands:
    """One shape's tensors: wide and quantised, group sizes as drawn and aligned to 128."""

    a: Tensor
    b: Tensor
    grad: Tensor
    qa: QuantizedTensor
    qb: QuantizedTensor
    sizes: Tensor
    aligned: Tensor
    padded: Tensor
    padded_rows: int

    @classmethod
    def draw(cls, shape: Shape, device: str) -> Operands:
        """Draw normal operands from a fixed seed."""
        torch.manual_seed(0)
        options = {"device": device, "dtype": torch.bfloat16}
        a = torch.randn(shape.rows, shape.k, **options)
        b = torch.randn(shape.groups, shape.n, shape.k, **options)
        grad = torch.randn(shape.rows, shape.n, **options)
        host = draw_group_sizes(shape)
        padded = (host + 127) // 128 * 128
        return cls(
            a, b, grad,
            quantize_tile(a, backend="triton"), quantize_block(b, backend="triton"),
            host.to(device), draw_group_sizes(shape, aligned=True).to(device),
            padded.to(device), int(padded.sum()),
        )  # fmt: skip


def _ends(sizes: Tensor) -> Tensor:
    return torch.cumsum(sizes, 0, dtype=torch.int32)


def _torch_rowwise(a: Tensor, b: Tensor, sizes: Tensor) -> Callable[[], Tensor]:
    scale_a = a.abs().amax(1).float() / 448
    scale_b = b.abs().amax(2).float() / 448
    qa = (a / scale_a[:, None]).to(E4M3)
    qb = (b / scale_b[..., None]).to(E4M3)
    kind, ends = F.ScalingType.RowWise, _ends(sizes)
    return lambda: F.scaled_grouped_mm(
        qa, qb.mT, scale_a, kind, scale_b, kind, offs=ends, output_dtype=torch.bfloat16
    )


def _torch_blockwise(a: QuantizedTensor, b: QuantizedTensor, host: list[int]) -> Callable[[], None]:
    """One block-wise product per group; its row counts must be multiples of 4."""
    kinds = F.ScalingType.BlockWise1x128, F.ScalingType.BlockWise128x128
    out = torch.empty(a.shape[0], b.shape[1], dtype=torch.bfloat16, device=a.data.device)
    # Blocks along K padded to a multiple of 4, as cuBLAS wants them.
    blocks = b.scale.shape[2]
    scales = F.pad(b.scale, (0, -blocks % 4))[..., :blocks].unbind()

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


def _own(a: QuantizedTensor, x: Operands, sizes: Tensor, backend: str, store: str) -> Callable:
    recipe = Recipe(backend=backend, store=store)
    return lambda: grouped_gemm(a, x.qb, sizes, recipe=recipe)


def _forward_peers(x: Operands) -> dict[str, Peer]:
    from fp8_grouped_gemm.kernels.pad import pad_rows, quantize_padded

    full = QuantizedTensor(*pad_rows(x.qa.data, x.qa.scale, x.sizes, x.padded_rows), "tile")
    peers: dict[str, Peer] = {
        f"{backend} {store}": lambda backend=backend, store=store: _own(
            x.qa, x, x.sizes, backend, store
        )
        for backend, store in OWN
    }
    for backend in ("gluon", "triton"):
        peers[f"{backend} aligned groups"] = lambda b=backend: _own(x.qa, x, x.aligned, b, "auto")
        peers[f"{backend} on padded rows"] = lambda b=backend: _own(full, x, x.padded, b, "auto")
    peers["pad kernel"] = lambda: lambda: pad_rows(x.qa.data, x.qa.scale, x.sizes, x.padded_rows)
    peers["quantiser"] = lambda: lambda: quantize_tile(x.a, backend="triton")
    peers["quantiser that pads"] = lambda: (
        lambda: quantize_padded(x.a, x.sizes, x.padded_rows, E4M3)
    )
    for tag, sizes in (("", x.sizes), (" aligned groups", x.aligned)):
        peers[f"torch bf16 grouped_mm{tag}"] = lambda s=sizes: (
            lambda: F.grouped_mm(x.a, x.b.mT, offs=_ends(s))
        )
        peers[f"torch row-wise scaled_grouped_mm{tag}"] = lambda s=sizes: _torch_rowwise(
            x.a, x.b, s
        )
        peers[f"torch block-wise scaled_mm per group{tag}"] = lambda s=sizes: _torch_blockwise(
            x.qa, x.qb, s.tolist()
        )
    peers["deep_gemm aligned groups"] = lambda: _deep_gemm(x.qa, x.qb, x.aligned)
    return peers


def _backward_peers(x: Operands) -> dict[str, Peer]:
    recipe = Recipe(backend="triton")

    def dgrad() -> Callable[[], Tensor]:
        qg = quantize_tile(x.grad, backend="triton")
        weight = quantize_block_dual(x.b, backend="triton")[1]
        return lambda: grouped_gemm_dgrad(qg, weight, x.sizes, recipe=recipe)

    def wgrad() -> Callable[[], Tensor]:
        left, right = (quantize_tile_columns(y, x.sizes, backend="triton") for y in (x.grad, x.a))
        rows = x.a.shape[0]
        return lambda: grouped_gemm_wgrad(left, right, x.sizes, num_rows=rows, recipe=recipe)

    def step(product: Callable[[Tensor, Tensor], Tensor]) -> Callable[[], tuple[Tensor, ...]]:
        """Product and both gradients from wide operands; weights are quantised in it."""
        a, b = (wide.detach().requires_grad_() for wide in (x.a, x.b))
        return lambda: torch.autograd.grad(product(a, b), (a, b), x.grad)

    steps: dict[str, Peer] = {
        f"training step {backend}": lambda backend=backend: step(
            lambda a, b: grouped_gemm(a, b, x.sizes, recipe=Recipe(backend=backend))
        )
        for backend in ("gluon", "triton")
    }
    return {
        "input gradient triton": dgrad,
        "input gradient torch bf16 grouped_mm": lambda: (
            lambda: F.grouped_mm(x.grad, x.b, offs=_ends(x.sizes))
        ),
        "weight gradient triton": wgrad,
        "weight gradient torch bf16 grouped_mm": lambda: (
            lambda: F.grouped_mm(x.grad.t(), x.a, offs=_ends(x.sizes))
        ),
        **steps,
        "training step torch bf16 grouped_mm": lambda: step(
            lambda a, b: F.grouped_mm(a, b.mT, offs=_ends(x.sizes))
        ),
    }


def run_shape(
    shape: Shape, *, device: str = "cuda", timer: Callable[..., float] = time_call
) -> dict[str, Any]:
    """Time every peer on one shape; returns a JSON-able record.

    Args:
        shape: The product.
        device: Where; a CPU only under Triton's interpreter, to try the code out.
        timer: Returns the seconds that one call takes.
    """
    x = Operands.draw(shape, device)
    record: dict[str, Any] = {
        "shape": shape._asdict(), "rows if padded": x.padded_rows,
        "seconds": {}, "host seconds": {}, "refused": {}, "error": {},
    }  # fmt: skip
    exact = F.grouped_mm(x.a, x.b.mT, offs=_ends(x.sizes))
    results: dict[str, Tensor] = {}
    for name, prepare in {**_forward_peers(x), **_backward_peers(x)}.items():
        try:
            function = prepare()
            result = function()
            record["seconds"][name] = timer(function)
            record["host seconds"][name] = time_host(function)
        except Exception as error:
            record["refused"][name] = f"{type(error).__name__}: {error}"[:300]
            continue
        if name in {f"{backend} {store}" for backend, store in OWN}:
            results[name] = result
        forward = isinstance(result, Tensor) and "gradient" not in name and "aligned" not in name
        if forward and result.shape == exact.shape:
            record["error"][name] = relative_error(result, exact)
        if name in ("gluon on padded rows", "triton on padded rows"):
            results[name] = result[_padded_places(x)]
    record["same bits"] = {
        name: all(torch.equal(result, other) for other in results.values())
        for name, result in list(results.items())[:1]
    }
    return record


def _padded_places(x: Operands) -> Tensor:
    """Return the padded row of each row."""
    shift = (torch.cumsum(x.padded, 0) - x.padded) - (torch.cumsum(x.sizes, 0) - x.sizes)
    rows = torch.arange(x.a.shape[0], device=x.a.device)
    return rows + torch.repeat_interleave(shift, x.sizes.long())


def _driver_version() -> str:
    command = ["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError) as error:
        return f"unknown ({error})"
    return done.stdout.split("\n")[0]


def _ceilings() -> dict[str, float]:
    """Measure what this board does: a large copy, and torch's bfloat16 product at full power."""
    copy = torch.empty(2**30, dtype=torch.uint8, device="cuda")
    target = torch.empty_like(copy)
    seconds = time_call(lambda: target.copy_(copy), in_graph=False)
    square = torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16)
    return {
        "copy bytes per second": 2 * copy.numel() / seconds,
        "bf16 8192 x 8192 x 8192 flops per second": 2
        * 8192**3
        / time_call(lambda: square @ square),
    }


def run(limit_seconds: float) -> dict[str, Any]:
    """Run all shapes, most telling first, until the time limit; then judge the targets."""
    start = time.monotonic()
    shapes = [*intern_s1((4096, 32768, 1024)), *PAPER, *DEEPGEMM, *intern_s1((8192, 2048, 65536))]
    results: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "device": torch.cuda.get_device_name(),
        "driver": _driver_version(),
        "torch": torch.__version__,
        "triton": version("triton"),
        **_ceilings(),
        "shapes": [],
        "not reached": [],
    }
    for shape in shapes:
        if time.monotonic() - start > limit_seconds:
            results["not reached"].append(shape.name)
            continue
        record = run_shape(shape)
        record["ratios"] = ratios(record, results["device"], results["copy bytes per second"])
        results["shapes"].append(record)
        torch.cuda.empty_cache()
    results["targets"] = judge(results["shapes"])
    return results
