"""Figures of the report, as SVG text that stands in the page itself."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from intern_rl.evaluate import Evaluation

BLUE, ORANGE, GREY = "#2563a8", "#c2571a", "#8a8f98"
SMOOTHING_STEPS = 10


def curves(panels: Sequence[tuple[str, str, Sequence[Mapping[str, Any]], str]]) -> str:
    """One panel per quantity: raw values pale, their running mean strong.

    Args:
        panels: (title, axis label, metric lines, name of the value) each.

    Returns:
        SVG text.
    """
    figure = Figure(figsize=(3.4 * len(panels), 2.6), layout="constrained")
    for place, (title, label, lines, name) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), place)
        points = [(line["step"], line[name]) for line in lines if line.get(name) is not None]
        if points:
            steps, values = np.array(points, dtype=float).T
            axes.plot(steps, values, color=BLUE, alpha=0.25, linewidth=1)
            axes.plot(steps, running_mean(values), color=BLUE, linewidth=1.8)
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step", fontsize=9)
        axes.set_ylabel(label, fontsize=9)
        _plain(axes)
    return _svg(figure)


def before_and_after(before: Evaluation, after: Evaluation) -> str:
    """pass@1 per task, before and after, sorted by the change.

    Returns:
        SVG text.
    """
    old = {task: float(np.mean(values)) for task, values in before.rates.items()}
    new = {task: float(np.mean(values)) for task, values in after.rates.items()}
    tasks = sorted(old, key=lambda task: new[task] - old[task])
    figure = Figure(figsize=(7.2, 0.24 * len(tasks) + 0.9), layout="constrained")
    axes = figure.add_subplot()
    rows = range(len(tasks))
    axes.hlines(rows, [old[t] for t in tasks], [new[t] for t in tasks], color=GREY, linewidth=1.5)
    axes.scatter([old[t] for t in tasks], rows, color=ORANGE, s=26, label="before RL", zorder=3)
    axes.scatter([new[t] for t in tasks], rows, color=BLUE, s=26, label="after RL", zorder=3)
    axes.set_yticks(rows, tasks, fontsize=8)
    axes.set_xlim(-0.02, 1.02)
    axes.set_xlabel("pass@1 on held-out questions", fontsize=9)
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    axes.grid(axis="x", alpha=0.25)
    _plain(axes)
    return _svg(figure)


def running_mean(values: np.ndarray) -> np.ndarray:
    """Mean of the last few values at each place, [N] -> [N]."""
    sums = np.cumsum(np.insert(values, 0, 0.0))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - SMOOTHING_STEPS, 0)
    return (sums[ends] - sums[starts]) / (ends - starts)


def _plain(axes: Any) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)


def _svg(figure: Figure) -> str:
    FigureCanvasSVG(figure)
    text = io.StringIO()
    figure.savefig(text, format="svg")
    return text.getvalue()[text.getvalue().index("<svg") :]
