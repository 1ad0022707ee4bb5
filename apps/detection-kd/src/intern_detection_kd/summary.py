"""Joining runs of several seeds: means, differences from the student alone, and intervals."""

import json
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from intern_runs import RunFolderError

# Two-sided 95 % quantiles of Student's t by degrees of freedom; above 30 the normal one.
T95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)


def interval(values: Sequence[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % interval; the width is NaN for a single value.

    Args:
        values: One per seed.

    Returns:
        (mean, half width) in the units of the values.
    """
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, math.nan
    quantile = T95[len(values) - 2] if len(values) - 1 <= len(T95) else 1.96
    return mean, quantile * statistics.stdev(values) / math.sqrt(len(values))


def read_summaries(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """The summaries of finished runs.

    Raises:
        RunFolderError: If a folder holds no finished run, or a seed comes twice.
    """
    found: list[dict[str, Any]] = []
    for folder in folders:
        path = folder if folder.suffix == ".json" else folder / "summary.json"
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
            seed, rows = summary["seed"], summary["rows"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise RunFolderError(
                f"{path}: no summary of a finished run ({error}); finish it with --resume"
            ) from None
        if not isinstance(rows, list) or not isinstance(seed, int):
            raise RunFolderError(
                f"{path}: damaged summary; run the report stage again with --resume"
            )
        if seed in [other["seed"] for other in found]:
            raise RunFolderError(f"{path}: seed {seed} comes twice; give each run its own seed")
        found.append(summary)
    return found


def joined_table(summaries: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per stage with mean and half width of mAP, AP50 and the paired gain.

    Raises:
        RunFolderError: If the runs have different stages.
    """
    stages = [row["stage"] for row in summaries[0]["rows"]]
    rows = []
    for index, stage in enumerate(stages):
        per_seed = []
        for summary in summaries:
            names = [row["stage"] for row in summary["rows"]]
            if names != stages:
                raise RunFolderError(f"runs with different stages: {stages} and {names}")
            per_seed.append(summary["rows"][index])
        gains = [row["gain"] for row in per_seed if row["gain"] is not None]
        rows.append(
            {
                "stage": stage,
                "loss": per_seed[0]["loss"],
                "weight": per_seed[0]["weight"],
                "seeds": len(per_seed),
                "map": interval([row["map"] for row in per_seed]),
                "map50": interval([row["map50"] for row in per_seed]),
                "gain": interval(gains) if gains else None,
                "curve": joined_curve([row["curve"] for row in per_seed]),
            }
        )
    return rows


def joined_curve(curves: Sequence[Sequence[Sequence[float]]]) -> list[tuple[float, float]]:
    """Mean mAP at the steps that all curves share."""
    shared = set.intersection(*({point[0] for point in curve} for curve in curves))
    return [
        (step, statistics.fmean(dict(map(tuple, curve))[step] for curve in curves))
        for step in sorted(shared)
    ]


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The joined table in Markdown."""

    def cell(value: tuple[float, float] | None, sign: str = "") -> str:
        if value is None:
            return "–"
        width = "" if math.isnan(value[1]) else f" ± {value[1]:.3f}"
        return f"{value[0]:{sign}.3f}{width}"

    lines = [
        "| model | loss | weight | seeds | mAP | AP50 | against student alone |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        weight = "–" if row["weight"] is None else f"{row['weight']:g}"
        lines.append(
            f"| {row['stage']} | {row['loss'] or '–'} | {weight} | {row['seeds']} "
            f"| {cell(row['map'])} | {cell(row['map50'])} | {cell(row['gain'], '+')} |"
        )
    return "\n".join(lines) + "\n"
