"""Checks of what a task generates: form, sameness, splits, neighbours, levels."""

import os
import subprocess
import sys

from internbootcamp_env.task import LEVELS, SPLITS, Case, Task

from .sealing import fingerprint_of_process, sealed
from .source import forbidden_in, module_of, own_modules
from .subject import SEED, Subject, digest

_ELSEWHERE = {"PYTHONHASHSEED": "12345", "TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C"}


def check_form(subject: Subject) -> list[str]:
    """Metadata: id, version, at least three wordings a language, as many in each."""
    task, found = subject.task, []
    field, dot, name = task.id.partition(".")
    if not (dot and field.isidentifier() and name.isidentifier() and task.id.islower()):
        found.append(f"id {task.id!r} is not field.task in lower case")
    if len(task.en) < 3 or len(task.en) != len(task.zh):
        found.append(f"{len(task.en)} English and {len(task.zh)} Chinese wordings; at least 3 each")
    if len(set(task.en)) != len(task.en) or len(set(task.zh)) != len(task.zh):
        found.append("two wordings are the same")
    if any(text.isascii() for text in task.zh[:-1]):
        found.append("a Chinese wording has no Chinese in it")
    if task.check is not None and task.wrong is None:
        found.append("a task with its own checker must make its own wrong answers")
    if task.verifier not in "UCONESDXM" or len(task.verifier) != 1:
        found.append(f"verifier {task.verifier!r} is not one letter of U C O N E S D X M")
    return found


def check_source(subject: Subject) -> list[str]:
    """No eval, exec, pickle, clock, global chance or hash() in the family and its engines."""
    modules = own_modules(module_of(subject.task).__name__)
    return [line for name in modules for line in forbidden_in(name)][:5]


def check_generation(subject: Subject) -> list[str]:
    """The same case again, alone and sealed off from global state; plain JSON; nothing changed."""
    task, found = subject.task, []
    before = fingerprint_of_process()
    cases = subject.sample()  # also loads what a generator loads at its first call
    written = [case.to_json() for case in cases]
    step = max(1, len(cases) // 40)
    with sealed():
        for case in cases[::step][::-1]:
            again = task.generate(
                split=case.split, seed=case.seed, index=case.index, level=case.level
            )
            if again != case or again.to_json() != case.to_json():
                found.append(f"index {case.index} at level {case.level} is not reproducible")
            task.prompt(case, lang="zh")
            task.mutants(case)
            task.score(case, f"<answer>{task.oracle(case)}</answer>")
            for solver in (task.second, task.another):
                if solver is not None:
                    solver(case.question)
    if fingerprint_of_process() != before:
        found.append("global chance, the environment, the locale or the path was changed")
    for case, text in zip(cases, written, strict=True):
        if case.to_json() != text:
            found.append(f"index {case.index} at level {case.level} was changed by its own task")
        if Case.from_json(text) != case:
            found.append(f"not plain JSON: {case.question}")
    return found[:5]


def check_processes(subject: Subject) -> list[str] | None:
    """Another process with another hash seed, time zone and order makes the same bytes."""
    plan = subject.plan
    if not plan.processes:
        return None
    command = [
        sys.executable,
        "-m",
        f"{__package__}.other_process",
        subject.task.id,
        str(plan.per_level),
    ]
    done = subprocess.run(
        command, env=os.environ | _ELSEWHERE, capture_output=True, text=True, timeout=600
    )
    if done.returncode:
        return [f"the other process failed: {done.stderr.strip()[-300:]}"]
    here = digest(subject.task, plan.per_level)
    return [] if done.stdout.strip() == here else ["another process makes other bytes"]


def check_splits(subject: Subject) -> list[str]:
    """No question of one split in another; at least 99 % of 1,000 cases distinct."""
    found = []
    seen: dict[str, str] = {}
    for split in SPLITS:
        for level in LEVELS:
            for index in range(subject.plan.per_level):
                case = subject.case(split, index, level)
                if seen.setdefault(case.fingerprint, split) != split:
                    found.append(f"{case.question} is in {split} and {seen[case.fingerprint]}")
    train = [subject.case("train", i, level).fingerprint for level in LEVELS for i in range(100)]
    repeats = len(train) - len(set(train))
    if repeats > 10:
        found.append(f"{repeats} of 1,000 training cases repeat another; at most 10")
    return found[:5]


def check_neighbours(subject: Subject) -> list[str]:
    """Seed s + 1 at index i is not seed s at index i + 1, nor anywhere near."""
    count = subject.plan.per_level

    def row(seed: int) -> set[str]:
        return {subject.case("train", i, 5, seed=seed).fingerprint for i in range(count)}

    shared = len(row(SEED) & row(SEED + 1))
    limit = 2 + count // 10
    return [f"neighbouring seeds share {shared} cases"] if shared > limit else []


def check_levels(subject: Subject) -> list[str]:
    """The mean size of a question grows with the level: rank correlation at least 0.9."""
    means = []
    for level in LEVELS:
        count = max(30, 2 * subject.plan.per_level)
        sizes = [_size(subject.task, subject.case("train", i, level)) for i in range(count)]
        means.append(sum(sizes) / len(sizes))
    rho = spearman(means)
    return [f"level against size has rank correlation {rho:.2f}, below 0.9"] if rho < 0.9 else []


def _size(task: Task, case: Case) -> float:
    if task.size is not None:
        return task.size(case.question)
    return sum(len(str(value)) for value in case.question.values())


def spearman(values: list[float]) -> float:
    """Return the rank correlation of a list with its own order, ties averaged."""
    order = sorted(values)
    ranks = [order.index(value) + (order.count(value) - 1) / 2 for value in values]
    middle = (len(values) - 1) / 2
    spread = sum((rank - middle) ** 2 for rank in ranks)
    if not spread:
        return 0.0
    cross = sum((rank - middle) * (place - middle) for place, rank in enumerate(ranks))
    whole = sum((place - middle) ** 2 for place in range(len(values)))
    return cross / (spread * whole) ** 0.5
