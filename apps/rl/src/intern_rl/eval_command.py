"""`intern-rl eval`: greedy accuracy and pass@k of a saved model, with intervals, per task."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from intern_rl.chat import ChatFormat
from intern_rl.config import PromptsConfig
from intern_rl.evaluate import Estimate, Evaluation, average, evaluate
from intern_rl.mixture import TaskMixture
from intern_rl.models import hide_progress_bars, load_policy
from intern_rl.prompt_file import PromptFile
from intern_rl.questions import Questions
from intern_runs import ConfigError
from oreal_rl.evaluation import pass_at_k
from oreal_rl.samplers.kv_loop import KVLoopSampler

FINAL = Path("checkpoints") / "final"


def evaluate_model(
    model: str,
    *,
    patterns: Sequence[str],
    level: int,
    wording: str,
    prompts: Path | None,
    questions: int,
    samples: int,
    ks: Sequence[int],
    max_new_tokens: int,
    seed: int,
    threads: int,
    output: Path | None,
) -> None:
    """Evaluate and print a table; see `intern_rl.main.evaluation` for the arguments.

    Raises:
        ConfigError: For impossible arguments.
        CheckpointError: If the model cannot be loaded.
        DataError: If the file of prompts is wrong.
    """
    least = {"questions": questions, "samples": samples, "max-new-tokens": max_new_tokens}
    for name, value in {**least, "threads": threads}.items():
        if value < 1:
            raise ConfigError(f"--{name} is {value}; expected at least 1")
    for k in ks:
        if not 1 <= k <= samples:
            raise ConfigError(f"--k {k}: expected 1 to {samples}, the samples per question")
    asked = _questions(patterns, level, wording, prompts, seed).held_out(questions)
    folder = Path(model)
    path = (
        folder / FINAL
        if (folder / "config.json").is_file() and (folder / FINAL).is_dir()
        else model
    )
    hide_progress_bars()
    torch.set_num_threads(threads)
    policy, processor = load_policy(path)
    chat = ChatFormat(getattr(processor, "tokenizer", processor))
    console = Console(stderr=True)
    with Progress(console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("questions", total=sum(map(len, asked.values())))
        result = evaluate(
            KVLoopSampler(policy, chat.tokenizer),
            chat,
            asked,
            num_samples=samples,
            max_new_tokens=max_new_tokens,
            seed=seed,
            on_batch=lambda done: progress.advance(bar, done),
        )
    by_k = {k: _pass_at(result, k, samples) for k in ks}
    Console().print(_table(result, by_k))
    if output is not None:
        value = {
            "model": str(path),
            "samples": samples,
            "pass_at_k": {str(k): vars(average(rates)) for k, rates in by_k.items()},
            **result.to_json(),
        }
        output.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _questions(
    patterns: Sequence[str], level: int, wording: str, prompts: Path | None, seed: int
) -> Questions:
    if not patterns and prompts is None:
        raise ConfigError(
            "nothing to evaluate on: name tasks with --tasks, or a file with --prompts"
        )
    mixture = file = None
    if patterns:
        number: Any = int(wording) if wording.isdecimal() else wording
        mixture = TaskMixture.from_patterns(patterns, seed=seed, level=level, wording=number)
    if prompts is not None:
        settings = PromptsConfig(
            path=str(prompts), held_out=str(prompts), repeat_by_pass_rate=False
        )
        file = PromptFile(settings, seed=seed)
    return Questions(mixture, file, 1.0)


def _pass_at(result: Evaluation, k: int, samples: int) -> dict[str, list[float]]:
    return {
        task: [pass_at_k(samples, round(rate * samples), k) for rate in rates]
        for task, rates in result.rates.items()
    }


def _table(result: Evaluation, by_k: dict[int, dict[str, list[float]]]) -> Table:
    table = Table("task", "questions", "greedy %", *(f"pass@{k} %" for k in by_k))
    for task, greedy in result.greedy.items():
        cells = [f"{100 * float(np.mean(rates[task])):.1f}" for rates in by_k.values()]
        table.add_row(task, str(len(greedy)), f"{100 * float(np.mean(greedy)):.1f}", *cells)
    table.add_section()
    total = sum(map(len, result.greedy.values()))
    cells = [_interval(average(rates)) for rates in by_k.values()]
    table.add_row("all, tasks alike", str(total), _interval(average(result.greedy)), *cells)
    return table


def _interval(value: Estimate) -> str:
    return f"{100 * value.mean:.1f} [{100 * value.low:.1f}, {100 * value.high:.1f}]"
