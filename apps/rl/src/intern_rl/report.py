"""`report.html`: one self-contained page that says what a run did and what came of it."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

import internbootcamp_env as bootcamp
from intern_pretrain.report import data_section
from intern_rl.config import RunConfig
from intern_rl.evaluate import Evaluation, average, change
from intern_rl.figures import before_and_after, curves
from intern_runs import CheckpointError, RunFolder

TRANSCRIPTS_PER_TASK = 1


def write_report(run: RunFolder) -> Path:
    """Write the report of a finished run.

    Args:
        run: Its folder.

    Returns:
        Path of the page.

    Raises:
        CheckpointError: If the run has not got as far as its second evaluation.
    """
    results = {name: run.result(name) for name in ("evaluate-before", "evaluate-after", "rl")}
    missing = [name for name, result in results.items() if result is None]
    if missing:
        raise CheckpointError(
            f"{run.path}: stage {missing[0]} has not finished; resume the run with "
            f"intern-rl quickstart --resume {run.path}"
        )
    config = RunConfig.model_validate(run.config())
    before = Evaluation.from_json(run.result("evaluate-before") or {})
    after = Evaluation.from_json(run.result("evaluate-after") or {})
    template = (Path(__file__).parent / "report.html.j2").read_text(encoding="utf-8")
    page = Environment(undefined=StrictUndefined, autoescape=True).from_string(template)
    text = page.render(
        title=f"Intern-S1 in small: {run.path.name}",
        lead="One model from raw data to reinforcement learning: continual pretraining on real "
        "compounds, cold start on verified answers, then OREAL with Mixture-of-Rewards.",
        headline=_headline(before, after),
        num_tasks=len(before.rates),
        num_questions=sum(map(len, before.rates.values())),
        num_samples=config.evaluation.num_samples,
        dumbbell=Markup(before_and_after(before, after)),
        rows=_task_rows(before, after),
        rl_curves=Markup(_rl_curves(run)),
        rl_text=_rl_text(config, run.result("rl") or {}),
        reward_rows=(run.result("rl") or {})["rewards"],
        training_curves=Markup(_training_curves(run)),
        cold_start_text=_cold_start_text(run.result("cold-start") or {}),
        transcripts=_transcripts(before, after),
        data_html=Markup(data_section(run)),
        times=_times(run),
        command=f"uv run intern-rl quickstart --seed {config.seed} --config config.toml"
        if config.seed
        else "uv run intern-rl quickstart",
        config=json.dumps(run.config(), indent=1),
        versions=json.dumps(run.read_json("versions.json"), indent=1),
    )
    run.write_text("report.html", text)
    return run.path / "report.html"


def _headline(before: Evaluation, after: Evaluation) -> list[dict[str, str]]:
    gain = change(before, after)
    return [
        {"value": str(average(before.rates)), "label": "pass@1 before RL"},
        {"value": str(average(after.rates)), "label": "pass@1 after RL"},
        {
            "value": f"{100 * gain.mean:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]",
            "label": "change in points, paired",
        },
        {
            "value": f"{100 * average(before.greedy).mean:.1f} → "
            f"{100 * average(after.greedy).mean:.1f} %",
            "label": "greedy accuracy",
        },
    ]


def _task_rows(before: Evaluation, after: Evaluation) -> list[dict[str, Any]]:
    rows = []
    for task in sorted(before.rates):
        old, new = float(np.mean(before.rates[task])), float(np.mean(after.rates[task]))
        rows.append(
            {
                "task": task,
                "title": bootcamp.get(task).title,
                "questions": len(before.rates[task]),
                "before": f"{100 * old:.1f}",
                "after": f"{100 * new:.1f}",
                "change": f"{100 * (new - old):+.1f}",
                "direction": "up" if new > old else "down" if new < old else "",
                "greedy_before": f"{100 * float(np.mean(before.greedy[task])):.0f}",
                "greedy_after": f"{100 * float(np.mean(after.greedy[task])):.0f}",
            }
        )
    return rows


def _rl_curves(run: RunFolder) -> str:
    lines = run.metrics("rl")
    return curves(
        [
            ("Mean reward of the rollouts", "reward", lines, "reward_mean"),
            ("Entropy of the policy", "nats per token", lines, "entropy"),
            ("Rollouts trained on", "rollouts", lines, "rollouts_trained"),
        ]
    )


def _training_curves(run: RunFolder) -> str:
    pretraining, cold_start = run.metrics("pretrain"), run.metrics("cold-start")
    return curves(
        [
            ("Pretraining loss", "nats per token", pretraining, "loss"),
            ("Cold start loss", "nats per answer token", cold_start, "loss"),
            ("Cold start learning rate", "", cold_start, "learning_rate"),
        ]
    )


def _rl_text(config: RunConfig, result: dict[str, Any]) -> str:
    counters = result["counters"]
    settings = config.rl.oreal_config(seed=config.seed)
    taken, kept = counters["prompts_taken"], counters["groups_kept"]
    return (
        f"{config.rl.steps} steps of {settings.prompts_per_step} questions with "
        f"{settings.group_size} answers each, preset “{config.rl.preset}”: {taken:,} groups, of "
        f"which {kept:,} were trained on; {counters.get('groups_all_right', 0):,} were all right "
        f"and {counters.get('groups_all_wrong', 0):,} all wrong, so that they teach nothing. The "
        "reward curve is of training questions, which are drawn towards tasks of middling pass "
        "rate: it does not have to rise as the held-out pass@1 does."
    )


def _cold_start_text(result: dict[str, Any]) -> str:
    best = result["best_of_n"]
    if not best["questions"]:
        return "The cold start imitated oracle answers only."
    return (
        f"Best of N: {best['candidates']:,} answers sampled for {best['questions']:,} questions, "
        f"{best['right']:,} of them right; {best['kept_own']:,} questions kept the policy's own "
        "best answer, the others the oracle's."
    )


def _transcripts(before: Evaluation, after: Evaluation) -> list[dict[str, Any]]:
    return [
        {
            "task": task,
            "prompt": old["prompt"],
            "oracle": old["oracle"],
            "before": old["answer"],
            "after": new["answer"],
            "before_right": old["status"] == "correct",
            "after_right": new["status"] == "correct",
        }
        for task in sorted(before.transcripts)
        for old, new in zip(
            before.transcripts[task][:TRANSCRIPTS_PER_TASK],
            after.transcripts[task][:TRANSCRIPTS_PER_TASK],
            strict=True,
        )
    ]


def _times(run: RunFolder) -> list[tuple[str, str]]:
    seconds: dict[str, float] = {}
    for line in run.metrics():
        seconds[line["stage"]] = seconds.get(line["stage"], 0.0) + line["seconds"]
    return [(stage, f"{spent:.0f}") for stage, spent in seconds.items()]
