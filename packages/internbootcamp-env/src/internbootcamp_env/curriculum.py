"""An adaptive curriculum: per task, the level follows the recent pass rate.

curriculum = Curriculum()
for case in stream("chem.*", split="train", seed=0, level=curriculum):
curriculum.report(case.task, score.value)
"""

from collections import deque
from dataclasses import dataclass
from typing import Any

from .errors import RequestError
from .task import LEVELS


@dataclass(frozen=True, kw_only=True)
class CurriculumConfig:
    """When to move.

    Args:
        start: First level of every task.
        lower: Below this pass rate a task goes one level down.
        upper: At or above this pass rate it goes one level up.
        window: Results that a decision rests on; counted anew after each move.
    """

    start: int = 1
    lower: float = 0.2
    upper: float = 0.8
    window: int = 32

    def __post_init__(self) -> None:
        if self.start not in LEVELS:
            raise RequestError(f"start must be a level from 1 to 10, got {self.start}")
        if not 0.0 <= self.lower < self.upper <= 1.0:
            raise RequestError(
                f"0 <= lower < upper <= 1 must hold, got {self.lower} and {self.upper}"
            )
        if self.window < 1:
            raise RequestError(f"window must be at least 1, got {self.window}")


class Curriculum:
    """Levels by task; call it with a task id to get the level, report scores to move it."""

    def __init__(self, config: CurriculumConfig | None = None) -> None:
        self.config = config or CurriculumConfig()
        self._levels: dict[str, int] = {}
        self._results: dict[str, deque[float]] = {}

    def __call__(self, task: str) -> int:
        """Return the present level of a task."""
        return self._levels.get(task, self.config.start)

    def report(self, task: str, value: float | None) -> None:
        """Take in one score; None (an internal error) says nothing about the learner."""
        if value is None:
            return
        results = self._results.setdefault(task, deque(maxlen=self.config.window))
        results.append(value)
        if len(results) < self.config.window:
            return
        rate = sum(results) / len(results)
        step = (rate >= self.config.upper) - (rate < self.config.lower)
        level = self(task)
        if step and level + step in LEVELS:
            self._levels[task] = level + step
            results.clear()

    def state_dict(self) -> dict[str, Any]:
        """Return levels and windows as plain JSON."""
        return {
            "levels": dict(self._levels),
            "results": {task: list(results) for task, results in self._results.items()},
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over a state made by `state_dict`."""
        self._levels = dict(state["levels"])
        self._results = {
            task: deque(results, maxlen=self.config.window)
            for task, results in state["results"].items()
        }
