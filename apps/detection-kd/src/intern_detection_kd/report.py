"""The report of a run: one HTML file with its pictures inside."""

import base64
import errno
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from intern_detection_kd.config import RunConfig
from intern_detection_kd.summary import as_markdown, joined_table, read_summaries
from intern_runs import RunFolder, RunFolderError

TEMPLATE = Path(__file__).parent / "templates" / "report.html"
JOINED = TEMPLATE.with_name("joined.html")
COLOURS = ("#888888", "#222222", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def write_report(folder: RunFolder, config: RunConfig) -> Path:
    """Write `report.html` and `summary.json` of a finished run.

    Returns:
        Where the report stands.
    """
    rows = table(folder, config)
    names = [row["stage"] for row in rows]
    html = (
        _environment()
        .from_string(TEMPLATE.read_text(encoding="utf-8"))
        .render(
            rows=rows,
            config=config.model_dump(mode="json"),
            config_text=json.dumps(config.model_dump(mode="json"), indent=1),
            versions=folder.read_json("versions.json"),
            curve=_figure(
                {name: curve(folder, name) for name in names},
                {name: _losses(folder, name) for name in names},
            ),
            maps=folder_picture(folder),
        )
    )
    folder.write_text("report.html", html)
    folder.write_json("summary.json", {"seed": config.seed, "rows": rows})
    return folder.path / "report.html"


def table(folder: RunFolder, config: RunConfig) -> list[dict[str, Any]]:
    """One row per stage: final metrics, the curve, the difference from the student alone."""
    alone = (folder.result("student") or {})["map"]
    rows = []
    for stage in ("teacher", "student", *config.arms):
        result = folder.result(stage) or {}
        arm = config.arms.get(stage)
        rows.append(
            {
                "stage": stage,
                "loss": arm.loss if arm else "",
                "weight": arm.weight if arm else None,
                "parameters": result["parameters"],
                **{name: result[name] for name in ("map", "map50", "map75")},
                "gain": result["map"] - alone if arm else None,
                "curve": curve(folder, stage),
            }
        )
    return rows


def folder_picture(folder: RunFolder) -> dict[str, str]:
    """Pictures of features that the run left, by stage, as data URIs."""
    return {
        path.stem: "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
        for path in sorted((folder.path / "maps").glob("*.png"))
    }


def curve(folder: RunFolder, stage: str) -> list[tuple[int, float]]:
    """(step, mAP) of a stage's evaluations."""
    return [(line["step"], line["map"]) for line in folder.metrics(stage) if "map" in line]


def write_joined_report(folders: Sequence[Path], output: Path) -> str:
    """Join finished runs of several seeds into one HTML file and a JSON file beside it.

    Args:
        folders: Run folders, or their `summary.json` files.
        output: HTML file to write.

    Returns:
        The table in Markdown.

    Raises:
        RunFolderError: If a run is not finished, runs do not belong together, or the file cannot be
            written.
    """
    summaries = read_summaries(folders)
    rows = joined_table(summaries)
    markdown = as_markdown(rows)
    html = (
        _environment()
        .from_string(JOINED.read_text(encoding="utf-8"))
        .render(
            rows=rows,
            seeds=sorted(summary["seed"] for summary in summaries),
            curve=_figure({row["stage"]: row["curve"] for row in rows}, {}),
        )
    )
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(html, encoding="utf-8")
        output.with_suffix(".json").write_text(
            json.dumps({"rows": rows, "runs": summaries}, indent=1) + "\n", encoding="utf-8"
        )
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise
        raise RunFolderError(f"{output}: cannot be written: {error.strerror}") from None
    return markdown


def _environment() -> Any:
    import jinja2

    return jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)


def _losses(folder: RunFolder, stage: str) -> np.ndarray:
    """Detection loss per step, without the distillation term."""
    lines = folder.metrics(stage)
    return np.array([x["loss"] - x.get("loss_distill", 0.0) for x in lines])


def _figure(curves: dict[str, Any], losses: dict[str, np.ndarray]) -> str:
    """Convergence curves, and losses if there are any, as a PNG in a data URI."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9 if losses else 6, 3.6), layout="constrained")
    axes = figure.subplots(1, 2 if losses else 1, squeeze=False)[0]
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(curves)}
    for name, points in curves.items():
        if points:
            steps, values = zip(*points, strict=True)
            axes[0].plot(steps, values, "o-", color=colours[name], label=name, markersize=3)
    axes[0].set(xlabel="step", ylabel="mAP on the evaluation set", ylim=(0, None))
    axes[0].legend(frameon=False)
    for name, values in losses.items():
        if len(values):
            window = max(1, len(values) // 40)
            smooth = np.convolve(values, np.ones(window) / window, mode="valid")
            axes[1].plot(np.arange(len(smooth)) + window, smooth, color=colours[name])
            axes[1].set(xlabel="step", ylabel="detection loss (moving mean)")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
