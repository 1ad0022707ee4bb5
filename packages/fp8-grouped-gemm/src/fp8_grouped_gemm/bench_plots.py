"""Plots of the benchmark's ratios; without matplotlib there are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def plot_cpu(results: dict[str, Any], path: Path) -> bool:
    """Draw how many times faster than naive decoding each way is; False without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    product = results["product"]
    bars = product["times faster than naive in float32"]
    targets = product.get("targets", {})
    figure = Figure(figsize=(7, 0.5 * len(bars) + 1.4), layout="constrained")
    axes = figure.subplots()
    drawn = axes.barh(list(bars), list(bars.values()), color="#4878a8", height=0.6)
    axes.bar_label(drawn, fmt="%.1f", padding=3)
    for index, name in enumerate(bars):
        if name in targets:
            axes.vlines(targets[name], index - 0.4, index + 0.4, color="#c44e52", linewidth=2)
    axes.plot([], [], color="#c44e52", linewidth=2, label="target")
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_xlim(0, max(*bars.values(), *targets.values()) * 1.12)
    axes.set_xlabel("times faster than decoding to float32, then multiplying")
    axes.set_title(f"{product['shape']['name']}, one thread, one run", fontsize=10)
    axes.legend(loc="upper right", frameon=False)
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=120)
    return True


SERIES = (
    ("ragged over pad then product", "o", "pad kernel, then the own product"),
    ("ragged over pad in the quantiser", "v", "pad in the quantiser, then the own product"),
    ("aligned over torch bf16", "s", "torch bf16 grouped_mm, aligned"),
    ("aligned over torch row-wise", "D", "torch row-wise scaled_grouped_mm, aligned"),
    ("aligned over DeepGEMM", "^", "DeepGEMM, aligned"),
)


def plot_cuda(results: dict[str, Any], path: Path) -> bool:
    """Draw each shape's ratios over its peers as points; False without matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    shapes = results["shapes"]
    figure = Figure(figsize=(8, 0.35 * len(shapes) + 1.8), layout="constrained")
    axes = figure.subplots()
    names = [record["shape"]["name"] for record in shapes]
    for ratio, marker, label in SERIES:
        points = [(r["ratios"].get(ratio), i) for i, r in enumerate(shapes)]
        points = [point for point in points if point[0] is not None]
        if points:
            axes.scatter(*zip(*points, strict=True), marker=marker, label=label, s=30)
    axes.axvline(1.0, color="black", linewidth=0.8)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("times faster than the peer, same run")
    axes.set_title(results["device"], fontsize=10)
    axes.grid(axis="y", linewidth=0.3)
    if axes.collections:
        figure.legend(fontsize=8, loc="outside lower center", ncols=2, frameon=False)
    figure.savefig(path, dpi=120)
    return True
