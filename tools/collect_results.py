"""Collect finished quickstart runs into `apps/rl/results`: one summary per run and a table.

uv run python tools/collect_results.py runs/seed-0 runs/seed-1 runs/seed-2 --mixture runs/mixture
"""

import argparse
import json
from pathlib import Path

from intern_rl.evaluate import Evaluation, average, change
from intern_runs import RunFolder

RESULTS = Path(__file__).parents[1] / "apps" / "rl" / "results"
COMMAND = "uv run intern-rl quickstart --seed {seed} --output runs/seed-{seed}"
MIXTURE = "uv run intern-rl train apps/rl/configs/cpu-mixture.toml --output runs/mixture"


def summarize(run: RunFolder, command: str = COMMAND) -> tuple[int, list[dict], str]:
    """Lines of a run's summary and its row of the table."""
    config, versions = run.config(), run.read_json("versions.json")
    before = Evaluation.from_json(run.result("evaluate-before") or {})
    after = Evaluation.from_json(run.result("evaluate-after") or {})
    gain, seed = change(before, after), config["seed"]
    seconds = sum(line["seconds"] for line in run.metrics())
    lines: list[dict] = [
        {
            "kind": "run",
            "command": command.format(seed=seed),
            "seed": seed,
            "tasks": len(before.rates),
            "questions": sum(map(len, before.rates.values())),
            "pass_at_1_before": vars(average(before.rates)),
            "pass_at_1_after": vars(average(after.rates)),
            "change": vars(gain),
            "greedy_before": average(before.greedy).mean,
            "greedy_after": average(after.greedy).mean,
            "seconds_in_steps": round(seconds),
            "versions": versions,
        }
    ]
    for task, rates in before.rates.items():
        new = after.rates[task]
        lines.append(
            {
                "kind": "task",
                "task": task,
                "questions": len(rates),
                "pass_at_1_before": sum(rates) / len(rates),
                "pass_at_1_after": sum(new) / len(new),
            }
        )
    for line in run.metrics():
        kept = {k: v for k, v in line.items() if not k.startswith(("count/", "task/"))}
        lines.append({"kind": "step", **kept})
    row = (
        f"| {seed} | {average(before.rates)} | {average(after.rates)} | "
        f"{100 * gain.mean:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}] | "
        f"{100 * average(before.greedy).mean:.1f} → {100 * average(after.greedy).mean:.1f} % |"
    )
    return seed, lines, row


def write(name: str, lines: list[dict]) -> None:
    """Write one summary."""
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (RESULTS / f"{name}.metrics.jsonl").write_text(text, encoding="utf-8")


def describe_mixture(folder: str) -> str:
    """Write the mixture's summary and return its part of the page."""
    _, lines, row = summarize(RunFolder.open(folder), MIXTURE)
    write("mixture", lines)
    gains = sorted(
        100 * (line["pass_at_1_after"] - line["pass_at_1_before"])
        for line in lines
        if line["kind"] == "task"
    )
    tenth = gains[: len(gains) // 10]
    return f"""
## A mixture of {len(gains)} tasks

`{MIXTURE}`:
three sources of reward, {lines[0]["questions"]} held-out questions.

| seed | pass@1 before RL | after RL | change in points | greedy |
|---|---|---|---|---|
{row}

{sum(gain > 0 for gain in gains)} tasks rose, {sum(gain < 0 for gain in gains)} fell, \
{sum(gain < -2 for gain in gains)} of them by more than 2 points; the tenth that changed least \
favourably lost {-sum(tenth) / len(tenth):.1f} points on average. A task has \
{lines[0]["questions"] // len(gains)} questions here, so a single task's change is mostly chance.
`mixture.metrics.jsonl` has a line for each.
"""


def main() -> None:
    """Write the summaries and the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folders", nargs="+", help="quickstart runs of several seeds")
    parser.add_argument("--mixture", help="run of apps/rl/configs/cpu-mixture.toml")
    options = parser.parse_args()
    folders = options.folders
    RESULTS.mkdir(exist_ok=True)
    rows = []
    for folder in folders:
        seed, lines, row = summarize(RunFolder.open(folder))
        write(f"seed-{seed}", lines)
        rows.append(row)
    first = RunFolder.open(folders[0])
    before = Evaluation.from_json(first.result("evaluate-before") or {})
    versions = first.read_json("versions.json")
    page = f"""# Results of the quickstart

`{COMMAND.format(seed="N")}`, one run per seed, on {versions["cpu_count"]} CPU cores
(Python {versions["python"]}, torch {versions["packages"]["torch"]}, transformers \
{versions["packages"]["transformers"]}; {versions["started"][:10]}). pass@1 is at temperature 1,
averaged over {len(before.rates)} tasks, on held-out questions; brackets are 95 % intervals over
questions, the change is paired. Both evaluations stand after the cold start: the change is
reinforcement learning alone.

| seed | pass@1 before RL | after RL | change in points | greedy |
|---|---|---|---|---|
{chr(10).join(rows)}

`seed-N.metrics.jsonl` has the run's figures, a line per task and per training step. Written by
`uv run python tools/collect_results.py runs/seed-0 runs/seed-1 runs/seed-2 --mixture runs/mixture`.
"""
    if options.mixture:
        page += describe_mixture(options.mixture)
    (RESULTS / "README.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
