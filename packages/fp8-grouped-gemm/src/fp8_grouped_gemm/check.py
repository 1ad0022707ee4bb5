"""`python -m fp8_grouped_gemm check`: verify this installation in under a minute.

On a GPU every backend and store mode is compared with the exact reference; without one the CPU path
is, and the output says that no GPU kernel ran.
"""

from __future__ import annotations

import sys
import time
from typing import TextIO

import torch
from torch import Tensor

from fp8_grouped_gemm import backends, quantize_block, quantize_block_dual, quantize_tile_dual
from fp8_grouped_gemm.functional import (
    Recipe,
    grouped_gemm,
    grouped_gemm_dgrad,
    grouped_gemm_wgrad,
)
from fp8_grouped_gemm.quantize import QuantizedTensor
from fp8_grouped_gemm.testing import bits_equal, relative_error

SIZES = [5, 0, 300, 128, 0, 1, 70]
COLS, DEPTH, TAIL = 272, 400, 20
LIMIT = 1e-5
EXACT = Recipe(backend="reference")


class Report:
    """Prints one line per comparison and counts those that fail."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.failures = 0

    def same(self, name: str, good: bool, what: str) -> None:
        """Report a comparison of bits."""
        self._line(name, good, f"bits {'equal' if good else 'differ from'} {what}")

    def near(self, name: str, got: Tensor, expected: Tensor) -> None:
        """Report a comparison with the exact reference."""
        error = relative_error(got, expected)
        self._line(name, error < LIMIT, f"error {error:.1e}, limit {LIMIT:.1e}")

    def _line(self, name: str, good: bool, detail: str) -> None:
        self.failures += not good
        self.stream.write(f"{'ok    ' if good else 'WRONG '} {name:24} {detail}\n")


def modes_of(device: str) -> list[tuple[str, str]]:
    """List the backends and store modes that `device` has."""
    if device == "cpu":
        return [("cpu", "auto")]
    if backends.capability(torch.cuda.current_device())[0] != 9:
        return [("triton", "masked")]
    stores = [("triton", store) for store in ("ragged", "masked", "pool")]
    return [*stores, ("gluon", "ragged"), ("gluon", "masked")]


def compare(device: str, modes: list[tuple[str, str]], report: Report) -> None:
    """Compare quantisers, products, row maps and gradients with the reference."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator).to(torch.bfloat16).to(device)

    rows = sum(SIZES) + TAIL
    a, b, grad = draw(rows, DEPTH), draw(len(SIZES), COLS, DEPTH), draw(rows, COLS)
    sizes = torch.tensor(SIZES, dtype=torch.int32, device=device)
    portable = "cpu" if device == "cpu" and modes[0][0] == "cpu" else "triton"
    (qa, a_columns), (qg, g_columns) = (
        quantize_tile_dual(x, sizes, backend="reference") for x in (a, grad)
    )
    qb, qb_t = quantize_block_dual(b, backend="reference")
    tiles, _ = quantize_tile_dual(a, sizes, backend=portable)
    same = bits_equal(tiles.data, qa.data) and torch.equal(tiles.scale, qa.scale)
    same &= bits_equal(quantize_block(b, backend=portable).data, qb.data)
    report.same("quantisers", same, "to the reference")

    options = {"zero_tail": True, "out_dtype": torch.float32}
    expected = grouped_gemm(qa, qb, sizes, recipe=EXACT, **options)
    results = []
    for backend, store in modes:
        recipe = Recipe(backend=backend, store=store)
        results.append(grouped_gemm(qa, qb, sizes, recipe=recipe, zero_tail=True))
        report.near(f"{backend} {store}", results[-1], expected)
    if len(results) > 1:
        agree = all(bits_equal(out, results[0]) for out in results)
        report.same("backends and stores", agree, "to each other")

    recipe = Recipe(backend=portable)
    maps = {
        "gather": torch.arange(rows, device=device).flip(0),
        "scatter": torch.arange(rows, device=device).roll(7),
        "row_weight": torch.rand(rows, generator=generator).to(device),
        "out_dtype": torch.float32,
    }
    report.near(
        "gather, scatter, weight",
        grouped_gemm(qa, qb, sizes, recipe=recipe, **maps),
        grouped_gemm(qa, qb, sizes, recipe=EXACT, **maps),
    )
    report.near(
        "input gradient",
        grouped_gemm_dgrad(qg, _dense(qb_t), sizes, recipe=recipe, **options),
        grouped_gemm_dgrad(qg, qb_t, sizes, recipe=EXACT, **options),
    )
    columns, options = (g_columns, a_columns), {"num_rows": rows, "out_dtype": torch.float32}
    report.near(
        "weight gradient",
        grouped_gemm_wgrad(*columns, sizes, recipe=recipe, **options),
        grouped_gemm_wgrad(*columns, sizes, recipe=EXACT, **options),
    )


def _dense(x: QuantizedTensor) -> QuantizedTensor:
    return QuantizedTensor(x.data.contiguous(), x.scale, x.layout)


def main(device: str | None, stream: TextIO | None = None) -> int:
    """Compare every backend that runs on `device`; 1 if any disagrees, 2 if it cannot run."""
    stream = sys.stdout if stream is None else stream
    assert stream is not None  # sys.stdout is None only in programs without a console
    start = time.monotonic()
    has_gpu = torch.cuda.is_available()
    device = device or ("cuda" if has_gpu else "cpu")
    if device == "cuda" and not has_gpu:
        stream.write(
            "No CUDA device was found. Use --device cpu, or install a CUDA build of torch.\n"
        )
        return 2
    if device == "cuda" and not backends.has_triton():
        stream.write("Triton is missing: pip install 'fp8-grouped-gemm[triton]'\n")
        return 2
    where = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    stream.write(f"{where}, torch {torch.__version__}, Triton {_triton_version()}\n")
    report = Report(stream)
    compare(device, modes_of(device), report)
    verdict = f"{report.failures} WRONG" if report.failures else "all agree"
    stream.write(f"{verdict}, {time.monotonic() - start:.0f} s\n")
    if device == "cpu":
        reason = "" if has_gpu else " (there is no CUDA device)"
        stream.write(
            f"This checked the CPU path; no GPU kernel ran{reason}. "
            "To compile the kernels without one: python -m fp8_grouped_gemm aot\n"
        )
    return int(report.failures > 0)


def _triton_version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("triton")
    except PackageNotFoundError:
        return "not installed"
