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
PANEL_COLUMNS = 3


def curves(panels: Sequence[tuple[str, str, Sequence[Mapping[str, Any]], str]]) -> str:
    """One panel per quantity: raw values pale, their running mean strong.

    Args:
        panels: (title, axis label, metric lines, name of the value) each.

    Returns:
        SVG text.
    """
    columns = min(len(panels), PANEL_COLUMNS)
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(3.4 * columns, 2.6 * rows), layout="constrained")
    for place, (title, label, lines, name) in enumerate(panels, start=1):
        axes = figure.add_subplot(rows, columns, place)
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
    axes.set_ylim(-0.8, len(tasks) - 0.2)  # the default margin grows with the number of tasks
    axes.set_xlabel("pass@1 on held-out questions", fontsize=9)
    axes.legend(loc="lower right", fontsize=8, frameon=False)
    axes.grid(axis="x", alpha=0.25)
    _plain(axes)
    return _svg(figure)


def task_map(lines: Sequence[Mapping[str, Any]], tasks: Sequence[str], *, bins: int = 24) -> str:
    """Pass rate of every task in training, as a map: a row per task, a column per span of steps.

    Args:
        lines: Metric lines of the RL stage.
        tasks: Tasks, one row each; sorted by their last known rate.
        bins: Most columns.

    Returns:
        SVG text.
    """
    last = max((line["step"] for line in lines), default=1)
    columns = min(bins, last)
    sums, counts = np.zeros((2, len(tasks), columns))
    for line in lines:
        column = (line["step"] - 1) * columns // last
        for row, task in enumerate(tasks):
            rate = line.get(f"task/{task}/pass_rate")
            if rate is not None:
                sums[row, column] += rate
                counts[row, column] += 1
    rates = np.divide(sums, counts, out=np.full_like(sums, np.nan), where=counts > 0)
    known = [row[~np.isnan(row)] for row in rates]
    order = sorted(range(len(tasks)), key=lambda i: known[i][-1] if len(known[i]) else -1.0)
    figure = Figure(figsize=(7.6, max(0.13 * len(tasks), 0.6) + 1.0), layout="constrained")
    axes = figure.add_subplot()
    axes.set_facecolor("#f1f3f5")
    image = axes.imshow(
        rates[order],
        aspect="auto",
        origin="lower",
        cmap="viridis",
        vmin=0,
        vmax=1,
        extent=(0.5, last + 0.5, -0.5, len(tasks) - 0.5),
        interpolation="nearest",
    )
    axes.set_yticks(range(len(tasks)), [tasks[i] for i in order], fontsize=6.5)
    axes.set_xlabel("step", fontsize=9)
    figure.colorbar(image, ax=axes, label="pass rate in training", shrink=0.6)
    _plain(axes)
    return _svg(figure)


def pass_rate_histograms(lines: Sequence[Mapping[str, Any]]) -> str:
    """Groups by pass rate, in the first and in the last fifth of the steps.

    Args:
        lines: Metric lines of the RL stage, with `pass_rate_histogram`.

    Returns:
        SVG text.
    """
    counted = [line["pass_rate_histogram"] for line in lines if "pass_rate_histogram" in line]
    figure = Figure(figsize=(7.2, 2.4), layout="constrained")
    axes = figure.add_subplot()
    if counted:
        span = max(len(counted) // 5, 1)
        places = np.arange(len(counted[0]))
        parts = ((counted[:span], "first fifth", ORANGE), (counted[-span:], "last fifth", BLUE))
        for offset, (part, label, color) in enumerate(parts):
            total = np.sum(part, axis=0)
            axes.bar(
                places + 0.4 * offset, total / max(total.sum(), 1), 0.4, color=color, label=label
            )
        inner = len(places) - 2
        names = ["none", *(f"≤{(i + 1) / inner:.2f}" for i in range(inner)), "all"]
        axes.set_xticks(places + 0.2, names)
        axes.legend(fontsize=8, frameon=False)
    axes.set_xlabel("share of right answers in a group", fontsize=9)
    axes.set_ylabel("share of groups", fontsize=9)
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
