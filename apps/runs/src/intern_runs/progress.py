"""One live display for a whole run: a bar per stage, the latest numbers, the time left.

On a terminal it redraws itself; elsewhere each stage leaves one line when it ends.
"""

import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table


class RunDisplay:
    """A bar per stage and a line of current numbers.

    Args:
        stages: (name, description) of each stage, in order.
        console: Where to draw; stderr by default, so that stdout stays for results.
    """

    def __init__(self, stages: Mapping[str, str], console: Console | None = None) -> None:
        self.console = console or Console(stderr=True)
        self._bars = Progress(
            TextColumn("{task.description:<28}"),
            BarColumn(bar_width=28),
            MofNCompleteColumn(),
            TimeRemainingColumn(elapsed_when_finished=True, compact=True),
            console=self.console,
        )
        self._stages = {
            name: self._bars.add_task(text, total=None, start=False)
            for name, text in stages.items()
        }
        self._numbers: dict[str, Any] = {}
        self._live = Live(console=self.console, get_renderable=self._draw, refresh_per_second=4)
        self._started = time.monotonic()

    def __enter__(self) -> "RunDisplay":
        if self.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.console.is_terminal:
            self._live.stop()

    def begin(self, stage: str, total: int, *, completed: int = 0) -> None:
        """Start a stage's bar.

        Args:
            stage: Its name.
            total: Steps in all.
            completed: Steps done already, after a resume.
        """
        self._bars.start_task(self._stages[stage])
        self._bars.update(self._stages[stage], total=total, completed=completed)
        self._numbers = {}

    def advance(
        self, stage: str, numbers: Mapping[str, Any] | None = None, *, steps: int = 1
    ) -> None:
        """Some steps done; `numbers` replace the line under the bars."""
        self._bars.advance(self._stages[stage], steps)
        if numbers is not None:
            self._numbers = dict(numbers)

    def end(self, stage: str, summary: str) -> None:
        """Fill a stage's bar and leave its one-line summary."""
        task = self._bars.tasks[self._stages[stage]]
        total = task.total or 1
        self._bars.start_task(task.id)
        self._bars.update(task.id, total=total, completed=total)
        elapsed = time.monotonic() - self._started
        self.console.print(f"[dim]{elapsed:6.0f} s[/dim]  {stage}: {summary}", highlight=False)

    def _draw(self) -> Group:
        table = Table.grid(padding=(0, 2))
        table.add_row(*[f"[dim]{k}[/dim] {_short(v)}" for k, v in self._numbers.items()])
        return Group(self._bars, table)


def _short(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
