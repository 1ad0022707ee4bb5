"""`python -m fp8_grouped_gemm check`: verify this installation in under a minute."""

from __future__ import annotations

import sys
from typing import TextIO

import torch

from fp8_grouped_gemm import grouped_gemm, quantize_block, quantize_tile, quantize_tile_dual
from fp8_grouped_gemm.functional import Recipe, grouped_gemm_wgrad
from fp8_grouped_gemm.testing import bits_equal, relative_error

SIZES = [5, 0, 300, 128, 0, 1, 70]


def main(device: str | None, stream: TextIO | None = None) -> int:
    """Compare every backend that runs on `device` with the reference; 1 if any disagrees."""
    stream = sys.stdout if stream is None else stream
    assert stream is not None  # sys.stdout is None only in programs without a console
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    modes = [("cpu", "auto")]
    if device == "cuda":
        modes = [("triton", store) for store in ("ragged", "masked", "pool")]
        if torch.cuda.get_device_capability()[0] == 9:
            modes += [("gluon", "ragged"), ("gluon", "masked")]
    generator = torch.Generator().manual_seed(0)
    rows, cols, depth = sum(SIZES) + 20, 272, 400
    a = torch.randn(rows, depth, generator=generator).to(torch.bfloat16).to(device)
    b = torch.randn(len(SIZES), cols, depth, generator=generator).to(torch.bfloat16).to(device)
    grad = torch.randn(rows, cols, generator=generator).to(torch.bfloat16).to(device)
    sizes = torch.tensor(SIZES, dtype=torch.int32, device=device)
    exact = Recipe(backend="reference")
    qa = quantize_tile(a, backend="reference")
    qb = quantize_block(b, backend="reference")
    same = bits_equal(quantize_tile(a).data, qa.data) and bits_equal(
        quantize_block(b).data, qb.data
    )
    failures = 0

    def say(name: str, good: bool, detail: str) -> None:
        nonlocal failures
        failures += not good
        stream.write(f"{'ok    ' if good else 'WRONG '} {name:22} {detail}\n")

    say("quantisers", same, "bits equal to the reference" if same else "bits differ")
    expected = grouped_gemm(qa, qb, sizes, out_dtype=torch.float32, zero_tail=True, recipe=exact)
    results = []
    for backend, store in modes:
        recipe = Recipe(backend=backend, store=store)
        out = grouped_gemm(qa, qb, sizes, zero_tail=True, recipe=recipe)
        error = relative_error(out, expected)
        say(f"{backend} {store}", error < 1e-5, f"error {error:.1e}, limit 1.0e-05")
        results.append(out)
    agree = all(bits_equal(out, results[0]) for out in results)
    say("backends and stores", agree, "bits equal to each other" if agree else "bits differ")
    left, right = quantize_tile_dual(grad, sizes)[1], quantize_tile_dual(a, sizes)[1]
    d_b = grouped_gemm_wgrad(left, right, sizes, num_rows=rows, out_dtype=torch.float32)
    expected = grouped_gemm_wgrad(
        left, right, sizes, num_rows=rows, out_dtype=torch.float32, recipe=exact
    )
    error = relative_error(d_b, expected)
    say("weight gradient", error < 1e-5, f"error {error:.1e}, limit 1.0e-05")
    return int(failures > 0)
