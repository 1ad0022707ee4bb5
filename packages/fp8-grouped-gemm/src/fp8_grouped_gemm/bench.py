"""`python -m fp8_grouped_gemm bench`: print a table, write `bench-<device>.json` and a plot."""

from __future__ import annotations

import json
import platform
import sys
from pathlib import Path
from typing import Any, TextIO

import torch

from fp8_grouped_gemm import bench_cpu, bench_cuda


def main(device: str, out: Path | None, seconds: float, stream: TextIO | None = None) -> int:
    """Run the comparison for `device`; returns the exit status."""
    stream = sys.stdout if stream is None else stream
    assert stream is not None  # sys.stdout is None only in programs without a console
    if device == "cuda" and not torch.cuda.is_available():
        stream.write("No CUDA device was found. Use --device cpu here.\n")
        return 2
    results = bench_cpu.run() if device == "cpu" else bench_cuda.run(seconds)
    results["machine"] = {"platform": platform.platform(), "torch": torch.__version__}
    bars: dict[str, float] = {}
    if device == "cpu":
        _print_cpu(results, stream)
        bars = results["product"]["times faster than naive in float32"]
    else:
        _print_cuda(results, stream)
        for record in results["shapes"][:1]:
            bars = {k: v for k, v in record["ratios"].items() if k.startswith("over")}
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"bench-{device}.json").write_text(json.dumps(results, indent=1) + "\n")
        if _plot(bars, out / f"bench-{device}.png"):
            stream.write(f"wrote bench-{device}.json and bench-{device}.png to {out}\n")
        else:
            stream.write(f"wrote bench-{device}.json to {out}; no plot without matplotlib\n")
    return 0


def _print_cpu(results: dict[str, Any], stream: TextIO) -> None:
    product, training = results["product"], results["training"]
    stream.write(f"one product, {product['shape']['name']}, one thread\n")
    for name, value in product["milliseconds"].items():
        over_bf16 = product["milliseconds"]["naive in bfloat16"] / value
        over_fp32 = product["milliseconds"]["naive in float32"] / value
        error = product["error against exact promotion"][name]
        stream.write(
            f"  {name:22} {over_fp32:5.2f}x naive float32  {over_bf16:5.2f}x naive bfloat16  "
            f"error {error:.1e}\n"
        )
    if training is None:
        stream.write("training step: transformers is not installed\n")
    else:
        stream.write(f"forward and backward, {training['layer']}\n")
        stream.write(f"  {training['time over grouped_mm']:.2f}x the time of grouped_mm\n")


def _print_cuda(results: dict[str, Any], stream: TextIO) -> None:
    stream.write(f"{results['device']}, torch {results['torch']}\n")
    for record in results["shapes"]:
        stream.write(f"{record['shape']['name']}  (+{record['padded rows']} rows if padded)\n")
        for name, value in record["seconds"].items():
            ratio = record["ratios"].get(f"over {name}")
            error = record["error"].get(name)
            stream.write(
                f"  {name:38} {value * 1e6:10.1f} us"
                + (f"  {ratio:5.2f}x" if ratio else "")
                + (f"  error {error:.1e}" if error is not None else "")
                + "\n"
            )
        for name, reason in record["refused"].items():
            stream.write(f"  {name:38} refused: {reason}\n")
        for name in ("of FP8 peak", "over pad then gluon", "over pad then triton"):
            if name in record["ratios"]:
                stream.write(f"  {name:38} {record['ratios'][name]:10.2f}\n")
    for name in results["not reached"]:
        stream.write(f"{name}: not reached within the time limit\n")


def _plot(bars: dict[str, float], path: Path) -> bool:
    """Draw ratios as bars; returns whether matplotlib is installed."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    figure = Figure(figsize=(7, 0.4 * len(bars) + 1.2), layout="constrained")
    axes = figure.subplots()
    axes.barh(list(bars), list(bars.values()))
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xlabel("times faster, same run")
    axes.invert_yaxis()
    figure.savefig(path, dpi=120)
    return True
