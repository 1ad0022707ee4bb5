"""Audit many tasks in several processes, keep what is done, and write the table.

A file of JSON lines keeps each finished report with a hash of the source it is about, so that an
audit that was interrupted goes on where it stopped, and one that is repeated looks only at what
has changed.
"""

import inspect
import json
import multiprocessing
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict
from functools import cache
from hashlib import blake2b
from pathlib import Path

from internbootcamp_env.registry import get
from internbootcamp_env.task_index import INDEX

from . import CHECKS, Plan, Report, audit
from .families import pairs_alike
from .source import module_of, own_modules

TASK_SECONDS = 300.0
"""Processor time after which a check of a task is broken off as failed."""

_FRAMEWORK = ("adversarial", "answers", "draws", "episodes", "extract", "limits", "numbers", "task")


def audit_many(
    names: Sequence[str],
    plan: Plan,
    *,
    workers: int = 1,
    kept: Path | None = None,
    done: Callable[[Report], None] = lambda report: None,
) -> list[Report]:
    """Audit tasks, the slow ones anywhere, and return their reports in the order of the names.

    Args:
        names: Ids of tasks.
        plan: How much to try.
        workers: Processes; 1 works in this one.
        kept: File of JSON lines with the reports of earlier runs; reports are added to it.
        done: Called with each report as it comes, kept ones first.
    """
    if kept is not None and kept.exists() and not kept.read_bytes().endswith(b"\n"):
        with kept.open("a", encoding="utf-8") as file:  # the last line of a run that was killed
            file.write("\n")
    hashes = {name: source_hash(name, plan) for name in names}
    reports = _kept(kept, hashes)
    for report in reports.values():
        done(report)
    for report in _fresh([name for name in names if name not in reports], plan, workers):
        reports[report.task] = report
        if kept is not None:
            with kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps({"source": hashes[report.task]} | asdict(report)) + "\n")
        done(report)
    return [reports[name] for name in names]


def _fresh(names: Sequence[str], plan: Plan, workers: int) -> Iterator[Report]:
    if workers == 1:
        yield from (_audit_one(name, plan) for name in names)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for future in as_completed([pool.submit(_audit_one, name, plan) for name in names]):
            yield future.result()


def _audit_one(name: str, plan: Plan) -> Report:
    with _time_limit(TASK_SECONDS):
        return audit(get(name), plan)


@contextmanager
def _time_limit(seconds: float) -> Iterator[None]:
    """Raise in a check that computes too long; a check that raises counts as failed."""

    def expire(*_: object) -> None:
        raise TimeoutError(f"more than {seconds} s of processor time")

    before = signal.signal(signal.SIGPROF, expire)
    signal.setitimer(signal.ITIMER_PROF, seconds, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


def _kept(path: Path | None, hashes: dict[str, str]) -> dict[str, Report]:
    reports: dict[str, Report] = {}
    if path is None or not path.exists():
        return reports
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            fields = json.loads(line)
        except ValueError:  # cut off
            continue
        if hashes.get(fields["task"]) == fields.pop("source"):
            fields["skipped"] = tuple(fields["skipped"])
            reports[fields["task"]] = Report(**fields)
    return reports


def source_hash(name: str, plan: Plan) -> str:
    """Return a hash of the plan and of all source that an audit of the task depends on."""
    task = get(name)
    modules = own_modules(module_of(task).__name__)
    parts = [name, repr(plan), _framework(), *map(_source_of, modules)]
    return blake2b("\n".join(parts).encode(), digest_size=16).hexdigest()


@cache
def _framework() -> str:
    root = Path(__file__).parents[1]
    paths = [root / f"{name}.py" for name in _FRAMEWORK] + sorted(
        Path(__file__).parent.glob("*.py")
    )
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


@cache
def _source_of(module: str) -> str:
    return inspect.getsource(sys.modules[module])


def summary(reports: Sequence[Report]) -> list[str]:
    """Return lines with the three numbers side by side, and what goes with them."""
    variants = sum(bool(INDEX[report.task][4]) for report in reports)
    passed = [report for report in reports if report.passed]
    base_passed = sum(not INDEX[report.task][4] for report in passed)
    second = sum("second" not in report.skipped for report in reports)
    alike = pairs_alike(get(report.task) for report in reports)
    same = [pair for pair in alike if pair.same_judge]
    slowest = max((report.slowest_score for report in reports), default=0.0)
    lines = [
        f"{len(reports) - variants} base tasks | {variants} rule variants | {len(passed)} audited "
        f"({base_passed} base tasks and {len(passed) - base_passed} variants pass every check)",
        f"{second} of {len(reports)} have an independent second solver or a second right answer",
        f"{len(alike)} pairs read alike and {len(same)} of them are judged by the same code",
        f"slowest adversarial answer: {1000 * slowest:.1f} ms of processor time",
    ]
    return lines + [
        f"near-duplicates: {pair.first} and {pair.second} ({pair.similarity:.2f})" for pair in same
    ]


def is_sound(reports: Sequence[Report]) -> bool:
    """Tell whether every task passes and no two are near-duplicates."""
    alike = pairs_alike(get(report.task) for report in reports)
    return all(report.passed for report in reports) and not any(p.same_judge for p in alike)


def table(reports: Sequence[Report], command: str) -> str:
    """Return the Markdown page of an audit.

    Args:
        reports: Reports in the order of the rows.
        command: The command that made them, to stand at the top.
    """
    rows = []
    for report in reports:
        marks = [
            "**failed**" if report.failures[check] else "–" if check in report.skipped else "ok"
            for check in CHECKS
        ]
        _, _, verifier, _, variant_of = INDEX[report.task]
        rows.append(f"| `{report.task}` | {verifier} | {variant_of or ''} | {' | '.join(marks)} |")
    head = f"| task | V | variant of | {' | '.join(CHECKS)} |\n|---|---|---|{'---|' * len(CHECKS)}"
    told = "\n".join(f"- {line}" for line in summary(reports))
    return (
        f"# Audit\n\nWritten by `{command}`.\n\n{told}\n\n"
        "– means that there is nothing to try: no second solver, no optimum, no turns.\n\n"
        f"{head}\n" + "\n".join(rows) + "\n"
    )
