"""Schedules in steps or tokens: batch-size warm-up, warmup-stable-decay (WSD) learning rate.

Everything a step needs is a function of the configuration alone (`plan_steps`), so a resumed run
reads on from its step number.

Source: WSD, Hu et al., "MiniCPM", section 4; decay by one minus square root, Hägele et al.,
"Scaling Laws and Compute-Optimal Training Beyond Fixed Training Durations". Batch-size warm-up: the
Intern-S1 report trains with 66M tokens per batch at first and 132M later.
"""

import math
import re
from dataclasses import dataclass
from typing import Literal

Unit = Literal["steps", "tokens"]
Decay = Literal["linear", "1-sqrt", "cosine"]


@dataclass(frozen=True, kw_only=True)
class StepPlan:
    """What one step does.

    Attributes:
        step: From 1.
        batch_size: Packs.
        first_pack: Packs taken by the steps before.
        learning_rate: Rate of the update.
    """

    step: int
    batch_size: int
    first_pack: int
    learning_rate: float


def parse_batch_sizes(text: str) -> list[tuple[int, int]]:
    """Read `from:size` pairs such as "0:4 200:8".

    Returns:
        (from, size), rising in `from`, which begins at 0.

    Raises:
        ValueError: If the text is of another form.
    """
    pairs = []
    for part in text.split():
        if not (match := re.fullmatch(r"(\d{1,15}):(\d{1,6})", part)) or int(match[2]) == 0:
            raise ValueError(
                f"batch_sizes must be `from:size` pairs such as '0:4 200:8', got {part!r}"
            )
        pairs.append((int(match[1]), int(match[2])))
    starts = [start for start, _ in pairs]
    if not pairs or starts[0] != 0 or starts != sorted(set(starts)):
        raise ValueError(f"batch_sizes must begin at 0 and rise, for example '0:4', got {text!r}")
    return pairs


def batch_size_at(position: int, sizes: list[tuple[int, int]]) -> int:
    """The size in force at a position."""
    return next(size for start, size in reversed(sizes) if start <= position)


def wsd_scale(
    position: float,
    total: float,
    *,
    warmup: float,
    decay_fraction: float,
    decay: Decay,
    final_ratio: float,
) -> float:
    """Share of the peak rate.

    Args:
        position: Steps or tokens with the coming step counted, in (0, total].
        total: Where the fall ends.
        warmup: Length of the linear rise.
        decay_fraction: Share of `total`, at the end, in which the rate falls.
        decay: "linear"; "1-sqrt": one minus the square root of the share fallen; "cosine".
        final_ratio: What is left at the end.

    Returns:
        In [final_ratio, 1] after the warm-up; 1 on the plateau.
    """
    rise = min(1.0, position / warmup) if warmup else 1.0
    start = total * (1.0 - decay_fraction)
    if position <= start or decay_fraction == 0:
        return rise
    fallen = (position - start) / (total - start)
    shapes = {
        "linear": 1.0 - fallen,
        "1-sqrt": 1.0 - math.sqrt(fallen),
        "cosine": 0.5 * (1.0 + math.cos(math.pi * fallen)),
    }
    return rise * (final_ratio + (1.0 - final_ratio) * max(0.0, shapes[decay]))


def plan_steps(
    *,
    steps: int,
    sequence_length: int,
    batch_sizes: str,
    unit: Unit,
    learning_rate: float,
    warmup: float,
    decay_fraction: float,
    decay: Decay,
    final_ratio: float,
) -> list[StepPlan]:
    """Batch size, place in the data and learning rate of every step.

    Args:
        steps: Steps of the run.
        sequence_length: Tokens per pack; padding counts, as the hardware computes it.
        batch_sizes: See `parse_batch_sizes`; positions in `unit`.
        unit: What positions and `warmup` count.
        learning_rate: Peak.
        warmup: See `wsd_scale`; likewise the rest.
        decay_fraction: See `wsd_scale`.
        decay: See `wsd_scale`.
        final_ratio: See `wsd_scale`.

    Returns:
        One plan per step.
    """
    sizes = parse_batch_sizes(batch_sizes)
    batches: list[tuple[int, int]] = []
    packs = 0
    for step in range(steps):
        size = batch_size_at(packs * sequence_length if unit == "tokens" else step, sizes)
        batches.append((packs, size))
        packs += size
    # The rate would reach its end one step after the last: an update with rate 0 would be lost.
    total = (packs + batches[-1][1]) * sequence_length if unit == "tokens" else steps + 1
    plans = []
    for index, (first, size) in enumerate(batches):
        position = (first + size) * sequence_length if unit == "tokens" else index + 1
        scale = wsd_scale(
            position,
            total,
            warmup=warmup,
            decay_fraction=decay_fraction,
            decay=decay,
            final_ratio=final_ratio,
        )
        plans.append(
            StepPlan(
                step=index + 1,
                batch_size=size,
                first_pack=first,
                learning_rate=learning_rate * scale,
            )
        )
    return plans
