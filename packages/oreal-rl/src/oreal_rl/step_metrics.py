"""What a step reports about the rollouts it sampled and the time it took."""

import time
from collections import Counter, defaultdict
from collections.abc import Sequence

from oreal_rl.collect import Collected
from oreal_rl.config import OrealConfig
from oreal_rl.types import RolloutGroup


def summarize(collected: Collected, config: OrealConfig) -> dict[str, float]:
    """Metrics of the sampled groups: counts, mean reward, pass rate, each also per task.

    Args:
        collected: Groups of one step.
        config: Success threshold.

    Returns:
        `reward_mean`, `pass_rate`, `response_tokens_mean`, `count/...`, `task/<name>/...`, and
        `source/<name>/<status>`: answers of each reward source that left audit rows.
    """
    metrics = {f"count/{name}": float(value) for name, value in collected.counts.items()}
    by_task: defaultdict[str, list[float]] = defaultdict(list)
    for group in collected.groups:
        by_task[group.prompt.task] += [r for r in group.rewards if r is not None]
    for status, number in source_statuses(collected.groups).items():
        metrics[f"source/{status}"] = float(number)
    for task, rewards in [*by_task.items(), (None, [r for rs in by_task.values() for r in rs])]:
        if not rewards:
            continue
        prefix = "" if task is None else f"task/{task}/"
        right = sum(reward >= config.success_threshold for reward in rewards)
        metrics[f"{prefix}reward_mean"] = sum(rewards) / len(rewards)
        metrics[f"{prefix}pass_rate"] = right / len(rewards)
    if collected.counts["rollouts"]:
        metrics["response_tokens_mean"] = (
            collected.counts["response_tokens"] / collected.counts["rollouts"]
        )
    return metrics


def source_statuses(groups: Sequence[RolloutGroup]) -> Counter:
    """How often each reward source scored, abstained, failed or hung, as `<name>/<status>`."""
    return Counter(
        f"{row.source}/{row.status}"
        for group in groups
        for verdict in group.verdicts
        for row in verdict.audit
    )


class StepClock:
    """Wall and CPU seconds between marks."""

    def __init__(self) -> None:
        self.last = (time.perf_counter(), time.process_time())
        self.spent: dict[str, float] = {}

    def mark(self, name: str) -> None:
        """End a phase that began at the last mark."""
        now = (time.perf_counter(), time.process_time())
        self.spent[f"seconds/{name}"] = now[0] - self.last[0]
        self.spent[f"cpu_seconds/{name}"] = now[1] - self.last[1]
        self.last = now

    def metrics(self) -> dict[str, float]:
        """`seconds/<phase>` and `cpu_seconds/<phase>`."""
        return self.spent
