"""The report of a run: one HTML file with its pictures inside."""

import base64
import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from intern_detection_kd.config import RunConfig
from intern_runs import RunFolder

TEMPLATE = Path(__file__).parent / "templates" / "report.html"
COLOURS = ("#888888", "#222222", "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def write_report(folder: RunFolder, config: RunConfig) -> Path:
    """Write `report.html` and `summary.json` of a finished run.

    Returns:
        Where the report stands.
    """
    import jinja2

    rows = table(folder, config)
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    html = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        rows=rows,
        config=config.model_dump(mode="json"),
        config_text=json.dumps(config.model_dump(mode="json"), indent=1),
        versions=folder.read_json("versions.json"),
        curve=_curve(folder, [row["stage"] for row in rows]),
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


def curve(folder: RunFolder, stage: str) -> list[tuple[int, float]]:
    """(step, mAP) of a stage's evaluations."""
    return [(line["step"], line["map"]) for line in folder.metrics(stage) if "map" in line]


def _curve(folder: RunFolder, names: list[str]) -> str:
    """The convergence curves as a PNG in a data URI."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, colour in zip(names, COLOURS * (1 + len(names) // len(COLOURS)), strict=False):
        points = curve(folder, name)
        left.plot(*zip(*points, strict=True), "o-", color=colour, label=name, markersize=3) if (
            points
        ) else None
        lines = folder.metrics(name)
        loss = np.array([x["loss"] - x.get("loss_distill", 0.0) for x in lines])
        if len(loss):
            window = max(1, len(loss) // 40)
            smooth = np.convolve(loss, np.ones(window) / window, mode="valid")
            right.plot(np.arange(len(smooth)) + window, smooth, color=colour, label=name)
    left.set(xlabel="step", ylabel="mAP on the evaluation set", ylim=(0, None))
    right.set(xlabel="step", ylabel="detection loss (moving mean)")
    left.legend(frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=120)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
