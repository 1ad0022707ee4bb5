"""`python -m fp8_grouped_gemm bench`: print a table, write `bench-<device>.json` and a plot."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any, TextIO

import torch

from fp8_grouped_gemm import bench_cpu, bench_cuda, bench_plots


def main(device: str | None, out: Path | None, seconds: float, stream: TextIO | None = None) -> int:
    """Run the comparison for `device`; returns the exit status.

    Args:
        device: `cpu`, `cuda`, or None for the GPU where there is one.
        out: Folder for the JSON and the plot; None writes nothing.
        seconds: Time after which a GPU run starts no new shape.
        stream: Where to print; standard output unless given.
    """
    stream = sys.stdout if stream is None else stream
    assert stream is not None  # sys.stdout is None only in programs without a console
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda" and not torch.cuda.is_available():
        stream.write("No CUDA device was found. Use --device cpu here.\n")
        return 2
    results = bench_cpu.run() if device == "cpu" else bench_cuda.run(seconds)
    results["machine"] = {
        "platform": platform.platform(),
        "torch": torch.__version__,
        "vector instructions": torch.backends.cpu.get_cpu_capability(),
    }
    (print_cpu if device == "cpu" else print_cuda)(results, stream)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"bench-{device}.json").write_text(json.dumps(results, indent=1) + "\n")
        draw = bench_plots.plot_cpu if device == "cpu" else bench_plots.plot_cuda
        if draw(results, out / f"bench-{device}.png"):
            stream.write(f"wrote bench-{device}.json and bench-{device}.png to {out}\n")
        else:
            stream.write(f"wrote bench-{device}.json to {out}; no plot without matplotlib\n")
    return 0


def _verdict(value: float, limit: float | None, *, at_most: bool = False) -> str:
    if limit is None:
        return ""
    reached = value <= limit if at_most else value >= limit
    sign = "at most" if at_most else "at least"
    return f"  target {sign} {limit:g}: {'reached' if reached else 'MISSED'}"


def print_cpu(results: dict[str, Any], stream: TextIO) -> None:
    """Print the CPU comparison as a table."""
    product, training = results["product"], results["training"]
    stream.write(f"one product, {product['shape']['name']}, one thread\n")
    stream.write(f"  {'':20} {'ms':>8} {'x float32':>10} {'x bfloat16':>10} {'error':>8}\n")
    times = product["milliseconds"]
    for name, value in times.items():
        faster = times["naive in float32"] / value
        stream.write(
            f"  {name:20} {value:8.1f} {faster:10.2f} {times['naive in bfloat16'] / value:10.2f} "
            f"{product['error against exact promotion'][name]:8.1e}"
            f"{_verdict(faster, product.get('targets', {}).get(name))}\n"
        )
    if training is None:
        stream.write("training step: transformers is not installed\n")
        return
    ratio = training["time over grouped_mm"]
    stream.write(f"forward and backward, {training['layer']}\n")
    limit = training.get("target")
    stream.write(
        f"  {ratio:.2f} times the time of grouped_mm{_verdict(ratio, limit, at_most=True)}\n"
    )


def print_cuda(results: dict[str, Any], stream: TextIO) -> None:
    """Print every shape's times, ratios and refusals, then the targets."""
    stream.write(f"{results['device']}, torch {results['torch']}\n")
    for record in results["shapes"]:
        shape = record["shape"]
        extra = record["rows if padded"] - shape["rows"]
        stream.write(f"{shape['name']}  (+{extra} rows if padded)\n")
        for name, value in record["seconds"].items():
            error = record["error"].get(name)
            note = "" if error is None else f"  error {error:.1e}"
            stream.write(f"  {name:52} {value * 1e6:10.1f} us{note}\n")
        for name, value in record["ratios"].items():
            stream.write(f"  {name:52} {value:10.2f}\n")
        for name, same in record["same bits"].items():
            stream.write(f"  {'every own mode, and padded, bit for bit as ' + name:52} {same}\n")
        for name, reason in record["refused"].items():
            stream.write(f"  {name:52} refused: {reason}\n")
    for name in results["not reached"]:
        stream.write(f"{name}: not started within the time limit\n")
    stream.write("targets, least ratio over the shapes they are meant for\n")
    for target in results["targets"]:
        name = f"{target['ratio']}, {target['where']}"
        if target["least"] is None:
            stream.write(f"  {name:52} not measured\n")
        else:
            verdict = _verdict(target["least"], target["at least"])
            stream.write(f"  {name:52} {target['least']:10.2f}{verdict}\n")
