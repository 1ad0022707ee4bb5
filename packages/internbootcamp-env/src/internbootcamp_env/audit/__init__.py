"""Test one task, or all, against everything the package promises about a task.

Each check is a function from a `Subject` (a task, a plan, and its cases) to the list of what it
found wrong: empty is a pass, None means that there was nothing to try. `audit(task)` runs them
all; `runner` does so for many tasks in several processes. What is checked, and the bound: see
each function's docstring, and `families` for what concerns pairs of tasks.
"""

import time
from collections.abc import Callable

from internbootcamp_env.task import Task

from .answers import (
    check_constants,
    check_junk,
    check_mutants,
    check_optimum,
    check_oracle,
    check_prompts,
    check_second,
    check_turns,
)
from .generation import (
    check_form,
    check_generation,
    check_levels,
    check_neighbours,
    check_processes,
    check_source,
    check_splits,
    spearman,
)
from .sealing import sealed
from .subject import FULL, QUICK, Plan, Report, Subject, cases_of, digest

__all__ = [
    "CHECKS",
    "FULL",
    "QUICK",
    "Plan",
    "Report",
    "Subject",
    "audit",
    "cases_of",
    "digest",
    "sealed",
    "spearman",
]

CHECKS: dict[str, Callable[[Subject], list[str] | None]] = {
    "form": check_form,
    "source": check_source,
    "generation": check_generation,
    "processes": check_processes,
    "splits": check_splits,
    "neighbours": check_neighbours,
    "oracle": check_oracle,
    "prompts": check_prompts,
    "mutants": check_mutants,
    "optimum": check_optimum,
    "junk": check_junk,
    "constants": check_constants,
    "levels": check_levels,
    "second": check_second,
    "turns": check_turns,
}
"""Name and function of every check, in the order in which they run."""


def audit(task: Task, plan: Plan | None = None) -> Report:
    """Run every check on one task; a check that raises counts as failed."""
    subject = Subject(task, plan or Plan())
    started = time.process_time()
    failures: dict[str, list[str]] = {}
    skipped = []
    for name, check in CHECKS.items():
        try:
            found = check(subject)
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        if found is None:
            skipped.append(name)
        failures[name] = found or []
    seconds = time.process_time() - started
    return Report(task.id, failures, tuple(skipped), seconds, subject.slowest_score)
