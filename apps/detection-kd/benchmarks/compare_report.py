"""Tables and curves of `compare_losses.py`, from the lines it wrote.

    uv run --no-sync python apps/detection-kd/benchmarks/compare_report.py

Writes `results/README.md` and `results/curves.png`. Gains are paired: each seed's student with a
loss against the same seed's student without, which starts from the same weights and sees the same
batches.
"""

import statistics
from pathlib import Path
from typing import Any

from compare_losses import LOSSES, RESULTS, SEEDS, TUNING_SEED, Job, chosen_weight, read_lines
from matplotlib.figure import Figure

from intern_detection_kd.summary import interval, joined_curve

Lines = dict[str, dict[str, Any]]
COLOURS = {"": "#222222", "PCCLoss": "#0072b2", "MSELoss": "#d55e00", "CWDLoss": "#009e73"}
# Heading, setting, factor on the teacher's features, factor at which the weights were chosen.
TABLES = (
    ("Heterogeneous: FCOS teaches RetinaNet", "heterogeneous", 1.0, 1.0),
    ("The teacher's features x8, weights as chosen above", "heterogeneous", 8.0, 1.0),
    ("The teacher's features x8, weights chosen anew", "heterogeneous", 8.0, 8.0),
    ("Homogeneous: FCOS teaches FCOS", "homogeneous", 1.0, 1.0),
)
HEAD = """# PCC, MSE and CWD on the digits set

Written by `compare_report.py` from [runs.jsonl](runs.jsonl), one line per training:

```sh
# goes on where it stopped
uv run --no-sync python apps/detection-kd/benchmarks/compare_losses.py --minutes 30
uv run --no-sync python apps/detection-kd/benchmarks/compare_report.py
```

"""


def weight_of(lines: Lines, setting: str, tuned_at: float, loss: str) -> float | None:
    """The chosen weight; PCC does not see the teacher's factor and keeps its own."""
    return chosen_weight(lines, setting, 1.0 if loss == "PCCLoss" else tuned_at, loss)


def runs_of(
    lines: Lines, setting: str, scale: float, loss: str, weight: float | None
) -> dict[int, dict[str, Any]]:
    """Finished trainings by seed."""
    if loss and weight is None:
        return {}
    jobs = {seed: Job(setting, scale if loss else 1.0, seed, loss, weight or 0.0) for seed in SEEDS}
    return {seed: lines[job.key] for seed, job in jobs.items() if job.key in lines}


def cell(values: list[float], sign: str = "") -> str:
    if not values:
        return "–"
    mean, half = interval(values)
    return f"{mean:{sign}.3f}" + (f" ± {half:.3f}" if len(values) > 1 else "")


def table(lines: Lines, setting: str, scale: float, tuned_at: float) -> tuple[str, dict[str, Any]]:
    """The table of one setting in Markdown, and the mean curve per loss."""
    alone = runs_of(lines, setting, 1.0, "", None)
    rows, curves = [], {}
    for loss in ("", *LOSSES):
        weight = weight_of(lines, setting, tuned_at, loss) if loss else None
        runs = runs_of(lines, setting, scale, loss, weight)
        shared = sorted(set(runs) & set(alone))
        gains = [runs[seed]["map"] - alone[seed]["map"] for seed in shared] if loss else []
        columns = [
            loss or "student alone",
            "–" if weight is None else f"{weight:g}",
            str(len(runs)),
            *(cell([run[name] for run in runs.values()]) for name in ("map", "map50")),
            cell(gains, "+"),
        ]
        rows.append(f"| {' | '.join(columns)} |")
        if runs:
            curves[loss] = joined_curve([run["curve"] for run in runs.values()])
    head = "| loss | weight | seeds | mAP | AP50 | gain in mAP |\n|---|---|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n", curves


def grid_table(lines: Lines) -> str:
    """mAP of every tuning run."""
    weights = sorted({line["weight"] for line in lines.values() if line.get("seed") == TUNING_SEED})
    rows = ["| setting | loss | " + " | ".join(f"weight {w:g}" for w in weights) + " |"]
    rows.append("|---|---|" + "---|" * len(weights))
    for setting, scale in (("heterogeneous", 1.0), ("heterogeneous", 8.0), ("homogeneous", 1.0)):
        for loss in LOSSES:
            keys = [Job(setting, scale, TUNING_SEED, loss, weight).key for weight in weights]
            if any(key in lines for key in keys):
                cells = [f"{lines[key]['map']:.3f}" if key in lines else "–" for key in keys]
                name = setting if scale == 1.0 else f"{setting}, x{scale:g}"
                rows.append(f"| {name} | {loss} | " + " | ".join(cells) + " |")
    return "\n".join(rows) + "\n"


def figure(curves: dict[str, dict[str, Any]]) -> Figure:
    """Mean mAP during training, one panel per table."""
    made = Figure(figsize=(4 * len(curves), 3.4), layout="constrained")
    panels = made.subplots(1, len(curves), squeeze=False, sharey=True)[0]
    for axis, (title, found) in zip(panels, curves.items(), strict=True):
        for loss, points in found.items():
            steps, values = zip(*points, strict=True)
            name = loss or "student alone"
            axis.plot(steps, values, "o-", color=COLOURS[loss], label=name, markersize=3)
        axis.set(title=title.replace(", ", ",\n"), xlabel="step", ylim=(0, None))
        axis.title.set_fontsize(9)
    panels[0].set(ylabel="mAP, mean over seeds")
    panels[0].legend(frameon=False)
    return made


def main(output: Path = RESULTS) -> str:
    lines = read_lines()
    text, curves = HEAD, {}
    if "teacher" in lines:
        teacher = lines["teacher"]
        text += (
            f"Teacher: FCOS, {teacher['parameters']:,} parameters, {teacher['steps']} steps, mAP "
            f"{teacher['map']:.3f}. Intervals are 95 %, Student's t over seeds; torch "
            f"{teacher['torch']}.\n"
        )
    students = [line for line in lines.values() if line["key"] != "teacher"]
    if students:
        seconds = statistics.median(line["cpu_seconds"] for line in students)
        text += (
            f"Students: {len(students)} trainings of {students[0]['curve'][-1][0]} steps, median "
            f"{seconds:.0f} processor seconds.\n"
        )
    for title, *setting in TABLES:
        markdown, found = table(lines, *setting)
        if len(found) > 1:
            text += f"\n## {title}\n\n{markdown}"
            curves[title] = found
    text += f"\n## Weights: mAP of the tuning run\n\n{grid_table(lines)}"
    if curves:
        text += "\n![mAP during training](curves.png)\n"
        figure(curves).savefig(output / "curves.png", dpi=110)
    (output / "README.md").write_text(text, encoding="utf-8")
    return text


if __name__ == "__main__":
    print(main(), end="")
