"""CPU comparison: the fast path against naive decoding, and a training step against transformers.

Ratios of process time on one thread, alternating between the two sides, best of several rounds; so
a loaded machine moves both alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from fp8_grouped_gemm import cpu, quantize_block, quantize_tile, reference
from fp8_grouped_gemm.functional import grouped_gemm
from fp8_grouped_gemm.quantize import QuantizedTensor
from fp8_grouped_gemm.shapes import CPU, draw_group_sizes
from fp8_grouped_gemm.testing import relative_error

TARGETS = {"decoded each call": 3.0, "weights kept": 6.0}
"""Times faster than decoding to float32 and multiplying, at least."""
TRAINING_TARGET = 1.5
"""Times as long as transformers' `grouped_mm`, at most."""
ENOUGH_SECONDS = 60.0


def best_of(functions: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return each function's least process time in seconds, over alternating rounds.

    No round begins after `ENOUGH_SECONDS`, which slow peers would multiply.
    """
    best = dict.fromkeys(functions, float("inf"))
    begin = time.process_time()
    for done in range(rounds):
        if done and time.process_time() - begin > ENOUGH_SECONDS:
            break
        for name, function in functions.items():
            start = time.process_time()
            function()
            best[name] = min(best[name], time.process_time() - start)
    return best


def naive(a: QuantizedTensor, b: QuantizedTensor, sizes: list[int], dtype: torch.dtype) -> Tensor:
    """Decode both sides with torch casts, then one product per group: the usual fallback."""
    left, right = a.dequantize(dtype), b.dequantize(dtype)
    out = torch.empty(a.shape[0], b.shape[1], dtype=dtype)
    start = 0
    for group, size in enumerate(sizes):
        torch.mm(left[start : start + size], right[group].T, out=out[start : start + size])
        start += size
    return out.to(torch.bfloat16)


def operands() -> tuple[QuantizedTensor, QuantizedTensor, Tensor]:
    """Activation, weights and group sizes of the `CPU` shape; one group is empty."""
    sizes = draw_group_sizes(CPU)
    sizes[3], sizes[4] = 0, sizes[3] + sizes[4]
    generator = torch.Generator().manual_seed(0)
    a = torch.randn(CPU.rows, CPU.k, generator=generator).to(torch.bfloat16)
    b = torch.randn(CPU.groups, CPU.n, CPU.k, generator=generator).to(torch.bfloat16)
    return quantize_tile(a), quantize_block(b), sizes


def compare_products(rounds: int) -> dict[str, Any]:
    """Compare one product; weights decoded every time, and kept."""
    a, b, sizes = operands()
    host = sizes.tolist()
    kept = QuantizedTensor(b.data.clone(), b.scale, b.layout)
    for _ in range(2):  # it is kept from its second use on
        grouped_gemm(a, kept, sizes)

    def uncached() -> Tensor:
        cpu.forget_weight(b.data)
        return grouped_gemm(a, b, sizes)

    sides: dict[str, Callable[[], Tensor]] = {
        "naive in float32": lambda: naive(a, b, host, torch.float32),
        "naive in bfloat16": lambda: naive(a, b, host, torch.bfloat16),
        "decoded each call": uncached,
        "weights kept": lambda: grouped_gemm(a, kept, sizes),
    }
    times = best_of(sides, rounds)
    exact = reference.grouped_gemm(a.data, a.scale, b.data, b.scale, sizes, torch.float32)
    return {
        "shape": CPU._asdict(),
        "targets": TARGETS,
        "milliseconds": {name: value * 1e3 for name, value in times.items()},
        "times faster than naive in float32": {
            name: times["naive in float32"] / value for name, value in times.items()
        },
        "error against exact promotion": {
            name: relative_error(function(), exact) for name, function in sides.items()
        },
    }


def compare_training(rounds: int) -> dict[str, Any] | None:
    """Compare forward and backward of a Qwen3-MoE experts layer with transformers' grouped_mm.

    Returns None where transformers is not installed.
    """
    try:
        from transformers.models.qwen3_moe.modeling_qwen3_moe import (
            Qwen3MoeConfig,
            Qwen3MoeExperts,
        )
    except ImportError:
        return None
    from fp8_grouped_gemm.integrations.transformers import NAME, register

    register()
    config = Qwen3MoeConfig(
        hidden_size=2048, moe_intermediate_size=768, num_experts=8, num_experts_per_tok=4,
        num_hidden_layers=1, vocab_size=32,
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    experts = Qwen3MoeExperts(config).to(torch.bfloat16)
    for parameter in experts.parameters():
        with torch.no_grad():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) / 20)
    x = torch.randn(1024, 2048, generator=generator).to(torch.bfloat16)
    scores = torch.randn(1024, 8, generator=generator).softmax(-1)
    weights, index = scores.topk(4)

    def step(name: str) -> Callable[[], None]:
        def run() -> None:
            config._experts_implementation = name
            inputs = x.clone().requires_grad_()
            with torch.no_grad():  # as an optimizer step would: FP8 weights are made anew
                experts.down_proj.mul_(1.0)
                experts.gate_up_proj.mul_(1.0)
            experts(inputs, index, weights.to(x.dtype)).sum().backward()

        return run

    times = best_of({"grouped_mm": step("grouped_mm"), NAME: step(NAME)}, rounds)
    return {
        "layer": "Qwen3MoeExperts 2048 -> 768, 8 experts, top 4, 1024 tokens, bfloat16",
        "milliseconds": {name: value * 1e3 for name, value in times.items()},
        "target": TRAINING_TARGET,
        "time over grouped_mm": times[NAME] / times["grouped_mm"],
    }


def run(rounds: int = 7) -> dict[str, Any]:
    """Run both comparisons on one thread."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return {"product": compare_products(rounds), "training": compare_training(rounds)}
    finally:
        torch.set_num_threads(threads)
