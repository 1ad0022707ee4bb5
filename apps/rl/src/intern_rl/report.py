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
from intern_rl.figures import before_and_after, curves, pass_rate_histograms, task_map
from intern_rl.groups import read_groups
from intern_rl.rewards import FAILURES
from intern_rl.workers import LOST
from intern_runs import CheckpointError, RunFolder

TRANSCRIPTS_PER_TASK = 1
NAMED_STEPS = 8
MAX_GROUPS = 24
UP, DOWN = "23, 104, 58", "163, 51, 31"


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
            f"intern-rl resume {run.path}"
        )
    config = RunConfig.model_validate(run.config())
    before = Evaluation.from_json(run.result("evaluate-before") or {})
    after = Evaluation.from_json(run.result("evaluate-after") or {})
    rl, lines = run.result("rl") or {}, run.metrics("rl")
    template = (Path(__file__).parent / "report.html.j2").read_text(encoding="utf-8")
    page = Environment(undefined=StrictUndefined, autoescape=True).from_string(template)
    text = page.render(
        title=f"Intern-S1 in small: {run.path.name}"
        if config.pretrain is not None
        else f"Reinforcement learning: {run.path.name}",
        lead=_lead(config),
        headline=_headline(before, after),
        num_tasks=len(before.rates),
        num_questions=sum(map(len, before.rates.values())),
        num_samples=config.evaluation.num_samples,
        dumbbell=Markup(before_and_after(before, after)) if before.rates else "",
        rows=_task_rows(before, after),
        rl_curves=Markup(_rl_curves(run)),
        rl_text=_rl_text(config, rl),
        task_map=Markup(task_map(lines, _tasks_of(lines))),
        histograms=Markup(pass_rate_histograms(lines)),
        source_curves=Markup(_source_curves(lines, rl["rewards"])),
        reward_rows=rl["rewards"],
        workers_text=_workers_text(config),
        lost_rows=_lost_rows(lines),
        groups=_groups(run),
        training_curves=Markup(_training_curves(run)) if config.pretrain is not None else "",
        cold_start_text=_cold_start_text(run.result("cold-start")),
        transcripts=_transcripts(before, after),
        data_html=Markup(data_section(run)) if config.pretrain is not None else "",
        times=_times(run),
        command=_command(run, config),
        config=json.dumps(run.config(), indent=1),
        versions=json.dumps(run.read_json("versions.json"), indent=1),
    )
    run.write_text("report.html", text)
    return run.path / "report.html"


def _lead(config: RunConfig) -> str:
    if config.policy is not None:
        start = f"A policy from {config.policy.path}"
    else:
        start = (
            "One model from raw data to reinforcement learning: continual pretraining on real "
            "compounds"
        )
    cold = ", cold start on verified answers" if config.cold_start is not None else ""
    names = ", ".join(source.label for source in config.rewards.sources)
    return f"{start}{cold}, then OREAL with Mixture-of-Rewards ({names})."


def _command(run: RunFolder, config: RunConfig) -> str:
    seed = f" --seed {config.seed}" if config.seed else ""
    return f"uv run intern-rl train {run.path}/config.json{seed} --output NEW"


def _tasks_of(lines: list[dict[str, Any]]) -> list[str]:
    found = {name[5:-10] for line in lines for name in line if name.endswith("/pass_rate")}
    return sorted(found)


def _source_curves(lines: list[dict[str, Any]], rewards: list[dict[str, Any]]) -> str:
    panels = [
        (f"Source “{row['source']}”", "mean value", lines, f"source/{row['source']}/mean")
        for row in rewards
        if row["gave"]
    ]
    return curves(panels) if panels else ""


def _workers_text(config: RunConfig) -> str:
    workers = config.workers
    if not workers.are_used:
        return ""
    return (
        f"Workers on Ray: {workers.rollout} for rollouts, {workers.verifier} for verification. One "
        "that went away or took too long was replaced and its work given to another one, up to "
        f"{workers.max_attempts} tries."
    )


def _lost_rows(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How often each kind of work was lost or repeated, and in which steps."""
    rows = []
    sources = {name for line in lines for name in line if name.startswith(f"count/{FAILURES}")}
    texts = dict(LOST)
    for name in sorted(sources):
        source = name.removeprefix(f"count/{FAILURES}")
        texts[name] = f"answers that source “{source}” failed on (error, timeout, given up)"
    for name, text in texts.items():
        steps = [line["step"] for line in lines if line.get(name)]
        if steps:
            named = ", ".join(map(str, steps[:NAMED_STEPS]))
            more = len(steps) - NAMED_STEPS
            rows.append(
                {
                    "kind": text,
                    "count": f"{sum(int(line.get(name, 0)) for line in lines):,}",
                    "steps": named + (f" and {more} more" if more > 0 else ""),
                }
            )
    return rows


def _groups(run: RunFolder) -> list[dict[str, Any]]:
    """Kept groups, first and last steps before those between, ready to draw."""
    found = [(step, group) for step, groups in read_groups(run).items() for group in groups]
    if len(found) > MAX_GROUPS:
        found = found[: MAX_GROUPS // 2] + found[-MAX_GROUPS // 2 :]
    return [_drawn(step, group) for step, group in found]


def _drawn(step: int, group: dict[str, Any]) -> dict[str, Any]:
    largest = max((abs(w) for row in group["rollouts"] for w in row["weights"]), default=0.0)
    rollouts = []
    for row in group["rollouts"]:
        tokens = []
        for text, logprob, weight in zip(
            row["tokens"], row["logprobs"], row["weights"], strict=True
        ):
            alpha = 0.1 + 0.7 * abs(weight) / largest if weight else 0.0
            tokens.append(
                {
                    "text": text.replace("\n", "⏎"),
                    "style": f"background: rgba({UP if weight > 0 else DOWN}, {alpha:.2f})",
                    "title": f"weight {weight:+.3f}, log-probability {logprob:.2f}",
                }
            )
        reward = "–" if row["reward"] is None else f"{row['reward']:.3f}"
        rollouts.append(
            {
                "tokens": tokens,
                "left": row["num_tokens"] - len(row["tokens"]),
                "reward": reward,
                "detail": row["detail"] or row["finish_reason"],
                "audit": "; ".join(_audit_text(entry) for entry in row["audit"]),
            }
        )
    return {**group, "step": step, "rollouts": rollouts}


def _audit_text(entry: dict[str, Any]) -> str:
    if entry["value"] is None:
        return f"{entry['source']}: {entry['status']}"
    raw = "" if entry["raw"] == entry["value"] else f" (raw {entry['raw']:g})"
    return f"{entry['source']}: {entry['value']:.2f}{raw}"


def _headline(before: Evaluation, after: Evaluation) -> list[dict[str, str]]:
    if not before.rates:
        return []
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
    rows, known = [], set(bootcamp.names("*"))
    for task in sorted(before.rates):
        old, new = float(np.mean(before.rates[task])), float(np.mean(after.rates[task]))
        rows.append(
            {
                "task": task,
                "title": bootcamp.get(task).title if task in known else "questions of a file",
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


def _cold_start_text(result: dict[str, Any] | None) -> str:
    if result is None:
        return "There was no cold start."
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
