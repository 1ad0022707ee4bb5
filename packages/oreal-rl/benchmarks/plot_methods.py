"""Table and plot of `compare_methods.py`'s results.

    uv run python packages/oreal-rl/benchmarks/plot_methods.py

Prints the table (Markdown), writes it to `results/compare_methods.md` and draws
`results/compare_methods.png`. Gains are pass@1 after minus before; intervals are 95 % of the mean
over seeds (Student's t). A ratio of gains counts as a win only where its interval excludes 1.
"""

import itertools
import json
import math
import statistics
from pathlib import Path

from compare_methods import CPU_SECONDS, METHODS, RESULTS, SAMPLE_STEPS, SEEDS, VARIANTS
from tiny_tasks import TASKS

T_975 = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776}  # by number of seeds
LABELS = {"samples": f"{SAMPLE_STEPS} steps", "compute": f"{CPU_SECONDS} processor seconds"}


def gains(records: list[dict], task: str, method: str, reading: str) -> list[float]:
    return [
        r[reading]["pass_at_1"] - r["before"]
        for r in records
        if (r["task"], r["method"]) == (task, method) and r["seed"] in SEEDS
    ]


def interval(values: list[float]) -> tuple[float, float]:
    """Mean and half width of its 95 % interval; infinite for one value."""
    mean = statistics.fmean(values)
    if len(values) < 2:
        return mean, math.inf
    return mean, T_975[len(values)] * statistics.stdev(values) / math.sqrt(len(values))


def cell(values: list[float]) -> str:
    if not values:
        return "not run"
    mean, half = interval(values)
    return f"{mean:+.3f}" + (f" ± {half:.3f}" if math.isfinite(half) else " (1 seed)")


def table(records: list[dict]) -> str:
    lines = []
    rates = {(r["task"], r["method"]): r["learning_rate"] for r in records if r["seed"] in SEEDS}
    for reading, label in LABELS.items():
        lines += [f"Gain in pass@1 after {label}:", ""]
        lines.append("| method | " + " | ".join(TASKS) + " | learning rates |")
        lines.append("|---|" + "---|" * (len(TASKS) + 1))
        for method in [*METHODS, *VARIANTS]:
            row = [cell(gains(records, task, method, reading)) for task in TASKS]
            if set(row) == {"not run"}:
                continue
            chosen = ", ".join(f"{rates.get((task, method), math.nan):g}" for task in TASKS)
            lines.append(f"| {method} | " + " | ".join(row) + f" | {chosen} |")
        lines.append("")
    return "\n".join([*lines, ratios(records), token_accuracies(records)])


PAIRS = (
    ("oreal_repo", "rloo"),
    ("oreal_repo", "grpo"),
    ("oreal_repo", "rloo_pairs"),
    ("oreal_paper", "rloo"),
    ("oreal_paper", "grpo"),
    ("oreal_paper", "rloo_pairs"),
    ("s1", "grpo"),
)


def token_accuracies(records: list[dict]) -> str:
    """Balanced accuracy of the token reward model (0.5: none), where it was recorded."""
    title = (
        "Balanced accuracy of the token reward model, moving average over steps; mean over seeds"
    )
    lines = [f"{title} (least to most):", ""]
    lines += ["| after | " + " | ".join(TASKS) + " |", "|---|" + "---|" * len(TASKS)]
    for reading, label in LABELS.items():
        row = []
        for task in TASKS:
            found = [
                r[reading]["token_accuracy"]
                for r in records
                if r["task"] == task and r["seed"] in SEEDS and "token_accuracy" in r[reading]
            ]
            span = f" ({min(found):.2f} to {max(found):.2f})" if found else ""
            row.append(f"{statistics.fmean(found):.2f}{span}" if found else "not run")
        lines.append(f"| {label} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def ratios(records: list[dict]) -> str:
    """OREAL's presets against the baselines: ratio of mean gains, per task and reading."""
    lines = ["Ratio of mean gains (paired by seed; * where the 95 % interval of the difference "
             "excludes 0):", ""]  # fmt: skip
    lines += [
        "| preset | over | at equal | " + " | ".join(TASKS) + " |",
        "|---|---|---|" + "---|" * len(TASKS),
    ]
    for (method, control), reading in itertools.product(PAIRS, LABELS):
        row = []
        for task in TASKS:
            own = gains(records, task, method, reading)
            other = gains(records, task, control, reading)
            if not own or len(own) != len(other) or statistics.fmean(other) <= 0:
                row.append("–")
                continue
            ratio = statistics.fmean(own) / statistics.fmean(other)
            mean, half = interval([a - b for a, b in zip(own, other, strict=True)])
            row.append(f"{ratio:.2f}" + ("*" if abs(mean) > half else ""))
        lines.append(f"| {method} | {control} | {reading} | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def plot(records: list[dict], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    methods = [m for m in [*METHODS, *VARIANTS] if any(r["method"] == m for r in records)]
    figure, axes = plt.subplots(1, 2, figsize=(12, 5), sharey=True, layout="constrained")
    colors = plt.get_cmap("tab20").colors
    for axis, (reading, label) in zip(axes, LABELS.items(), strict=True):
        for place, method in enumerate(methods):
            for number, task in enumerate(TASKS):
                values = gains(records, task, method, reading)
                if not values:
                    continue
                mean, half = interval(values)
                x = number + ((place + 0.5) / len(methods) - 0.5) * 0.8
                error = half if math.isfinite(half) else 0.0
                axis.errorbar(
                    x, mean, yerr=error, fmt="o", markersize=4, capsize=2, color=colors[place],
                    label=method if number == 0 else None,
                )  # fmt: skip
        axis.set_xticks(range(len(TASKS)), list(TASKS))
        axis.set_title(f"after {label}")
        axis.axhline(0, color="0.7", linewidth=0.8)
    axes[0].set_ylabel("gain in pass@1 (95 % interval over seeds)")
    figure.legend(
        *axes[0].get_legend_handles_labels(), loc="outside lower center", fontsize=8, ncols=5
    )
    figure.savefig(path, dpi=110)


def main() -> None:
    records = [json.loads(line) for line in RESULTS.read_text().splitlines()]
    counts = {
        m: len([r for r in records if r["method"] == m and r["seed"] in SEEDS]) for m in METHODS
    }
    wanted = len(SEEDS) * len(TASKS)
    note = (
        ""
        if all(c >= wanted for c in counts.values())
        else f"Incomplete: runs per method {counts}."
    )
    text = "\n".join(filter(None, [note, table(records)]))
    print(text)
    RESULTS.with_suffix(".md").write_text(text)
    plot(records, RESULTS.with_suffix(".png"))


if __name__ == "__main__":
    main()
