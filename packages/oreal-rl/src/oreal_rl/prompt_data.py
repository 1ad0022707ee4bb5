"""Prompt files in the OREAL-RL-Prompts format, with repetition by pass rate.

One JSON object per line: `question`, `gold_answer`, and `pass_rate`, the share of right answers
that the starting policy gave. Harder prompts are repeated more often; the repeats of one pass over
the data are spread evenly, not put next to each other.

Source of bins and repeats: the released OREAL configuration, [0, .2) x 6, [.2, .4) x 4,
[.4, .6) x 4, [.6, .8) x 2; prompts of 0.8 and above are left out.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import torch

from oreal_rl.errors import ConfigError, PromptError
from oreal_rl.seeding import derive_generator
from oreal_rl.types import Prompt

MAX_LINE_CHARS = 1_000_000


@dataclass(frozen=True, kw_only=True)
class PassRateBin:
    """Prompts with a pass rate in [low, high) appear `repeats` times per epoch."""

    low: float
    high: float
    repeats: int

    def __post_init__(self) -> None:
        """Check bounds and count."""
        if not 0 <= self.low < self.high or self.repeats < 0:
            raise ConfigError(
                f"a pass-rate bin is [{self.low}, {self.high}) x {self.repeats}; expected "
                "0 <= low < high and repeats of at least 0"
            )


OREAL_BINS = (
    PassRateBin(low=0.0, high=0.2, repeats=6),
    PassRateBin(low=0.2, high=0.4, repeats=4),
    PassRateBin(low=0.4, high=0.6, repeats=4),
    PassRateBin(low=0.6, high=0.8, repeats=2),
)


def load_prompts(
    path: str | Path,
    *,
    template: str = "{question}",
    task: str = "math",
) -> list[Prompt]:
    """Read a prompt file.

    Args:
        path: JSON lines.
        template: Text around the question; `{question}` is replaced.
        task: Task of all prompts.

    Returns:
        Prompts; `case` is the gold answer, `uid` the file's name and line number.

    Raises:
        PromptError: For a line that is not such an object; says which.
        ConfigError: For a template without `{question}`.
    """
    if "{question}" not in template:
        raise ConfigError(f"template is {template!r}; expected it to contain {{question}}")
    path = Path(path)
    prompts = []
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                record = _parse(line, f"{path.name}, line {number}")
                prompts.append(
                    Prompt(
                        text=template.replace("{question}", record["question"]),
                        task=task,
                        case=str(record["gold_answer"]),
                        uid=f"{path.name}:{number}",
                        pass_rate=record.get("pass_rate"),
                    )
                )
    if not prompts:
        raise PromptError(f"{path} has no prompts; expected one JSON object per line")
    return prompts


def _parse(line: str, where: str) -> Mapping:
    if len(line) > MAX_LINE_CHARS:
        raise PromptError(f"{where}: longer than {MAX_LINE_CHARS} characters; split or drop it")
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise PromptError(f"{where}: not JSON ({error}); expected an object per line") from error
    wanted = isinstance(record, dict) and isinstance(record.get("question"), str)
    if not wanted or "gold_answer" not in record:
        raise PromptError(f"{where}: expected an object with question (text) and gold_answer")
    rate = record.get("pass_rate")
    is_number = isinstance(rate, (int, float)) and not isinstance(rate, bool)
    if rate is not None and not (is_number and 0 <= rate <= 1):
        raise PromptError(f"{where}: pass_rate is {rate!r}; expected a number in [0, 1]")
    return record


def repeat_by_pass_rate(
    prompts: Sequence[Prompt], *, bins: Sequence[PassRateBin] = OREAL_BINS
) -> tuple[list[Prompt], Counter]:
    """Repeat prompts as their bins say, the rounds one after the other.

    Args:
        prompts: Prompts; one without a pass rate appears once.
        bins: Must not overlap; prompts in none of them are left out.

    Returns:
        The repeated prompts, and counts of prompts by bin ("[0, 0.2)", "outside", "unknown").

    Raises:
        ConfigError: For bins that overlap.
    """
    ordered = sorted(bins, key=lambda item: item.low)
    for left, right in pairwise(ordered):
        if right.low < left.high:
            raise ConfigError(f"pass-rate bins {left} and {right} overlap; separate them")
    counts: Counter = Counter()
    wanted: list[tuple[Prompt, int]] = []
    for prompt in prompts:
        if prompt.pass_rate is None:
            counts["unknown"] += 1
            wanted.append((prompt, 1))
            continue
        found = next((b for b in ordered if b.low <= prompt.pass_rate < b.high), None)
        counts["outside" if found is None else f"[{found.low}, {found.high})"] += 1
        if found is not None:
            wanted.append((prompt, found.repeats))
    rounds = max((repeats for _, repeats in wanted), default=0)
    repeated = [
        prompt for number in range(rounds) for prompt, repeats in wanted if number < repeats
    ]
    return repeated, counts


@dataclass(frozen=True)
class PromptStream:
    """An endless provider: batches of a list, in a new order every epoch.

    Attributes:
        items: The prompts.
        batch_size: Prompts per call.
        seed: Key of the order.
    """

    items: tuple[Prompt, ...]
    batch_size: int
    seed: int = 0

    def __call__(self, cursor: int) -> list[Prompt]:
        """Give the batch at a cursor; pure in the cursor."""
        size = len(self.items)
        start = cursor * self.batch_size
        orders: dict[int, list[int]] = {}
        batch = []
        for index in range(start, start + self.batch_size):
            epoch, place = divmod(index, size)
            if epoch not in orders:
                generator = derive_generator("prompt_stream", self.seed, epoch)
                orders[epoch] = torch.randperm(size, generator=generator).tolist()
            batch.append(self.items[orders[epoch][place]])
        return batch


def filter_by_pass_rate(
    prompts: Sequence[Prompt], pass_rates: Sequence[float], *, low: float, high: float
) -> list[Prompt]:
    """Keep prompts whose measured pass rate lies in (low, high].

    Args:
        prompts: The prompts.
        pass_rates: Measured, one each (see `evaluation.pass_rates`).
        low: Excluded lower bound; -1 keeps prompts that were never right.
        high: Included upper bound.

    Returns:
        The kept prompts, with their pass rate written in.

    Raises:
        PromptError: Where the two lengths differ.

    Source: Intern-S1 (arXiv 2508.15763) drops pass@8 = 1 and pass rates up to 0.25.
    """
    if len(prompts) != len(pass_rates):
        raise PromptError(
            f"{len(prompts)} prompts but {len(pass_rates)} pass rates; expected one each"
        )
    return [
        replace(prompt, pass_rate=rate)
        for prompt, rate in zip(prompts, pass_rates, strict=True)
        if low < rate <= high
    ]
