"""What is audited: a task, how much to try, and its cases, each of them made once."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b

from internbootcamp_env.task import LANGS, LEVELS, SPLITS, Case, Task

SEED = 2026


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to try.

    Args:
        per_level: Cases at each of the ten levels, for most checks.
        constants: Cases at each of four levels, for the best constant answer.
        heavy: Whether to try the long adversarial answers.
        processes: Whether to compare with another process, which starts one for each task.
    """

    per_level: int = 20
    constants: int = 400
    heavy: bool = True
    processes: bool = False


FULL = Plan(processes=True)
"""What `internbootcamp-env audit` does: 200 cases for most checks, another process too."""

QUICK = Plan(per_level=4, constants=100, heavy=False)
"""A sample for tests of hundreds of tasks."""


@dataclass(frozen=True)
class Report:
    """Outcome for one task: what was wrong, by check, and how long it took.

    Args:
        task: Id of the task.
        failures: Check to what it found; an empty list is a pass.
        skipped: Checks with nothing to try in this task, such as a second solver it lacks.
        seconds: Processor time of the audit.
        slowest_score: Longest verdict on an adversarial answer, in seconds of processor time.
    """

    task: str
    failures: dict[str, list[str]]
    skipped: tuple[str, ...]
    seconds: float
    slowest_score: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether every check found nothing."""
        return not any(self.failures.values())


def places(per_level: int) -> Iterator[tuple[str, int, int]]:
    """Yield split, index and level of the sample: all levels, the splits taking turns."""
    splits = list(SPLITS)
    for level in LEVELS:
        for index in range(per_level):
            yield splits[index % 4 % 3], index, level


def cases_of(task: Task, per_level: int, *, seed: int = SEED) -> Iterator[Case]:
    """Yield the cases of the sample in order."""
    for split, index, level in places(per_level):
        yield task.generate(split=split, seed=seed, index=index, level=level)


@dataclass
class Subject:
    """A task under audit. Cases are kept, as several checks look at the same ones."""

    task: Task
    plan: Plan
    slowest_score: float = 0.0
    _made: dict[tuple[str, int, int, int], Case] = field(default_factory=dict)

    def case(self, split: str, index: int, level: int, *, seed: int = SEED) -> Case:
        """Return a case, made at the first call."""
        place = (split, seed, index, level)
        if place not in self._made:
            self._made[place] = self.task.generate(split=split, seed=seed, index=index, level=level)
        return self._made[place]

    def sample(self) -> list[Case]:
        """Return `per_level` cases of each level, the splits taking turns."""
        return [self.case(*place) for place in places(self.plan.per_level)]


def digest(task: Task, per_level: int = 3, *, backwards: bool = False) -> str:
    """Return a hash of cases, prompts, answers and mutants, to compare between processes.

    Args:
        task: Task to look at.
        per_level: Cases at each level.
        backwards: Whether to make the last case first; the hash must be the same.
    """
    order = list(places(per_level))
    texts: dict[tuple[str, int, int], str] = {}
    for place in reversed(order) if backwards else order:
        split, index, level = place
        case = task.generate(split=split, seed=SEED, index=index, level=level)
        parts = [case.to_json(), task.oracle(case), *task.mutants(case)]
        for lang in LANGS:
            parts += [task.prompt(case, lang=lang, wording=n) for n in range(len(task.en))]
        texts[place] = "\n".join(parts)
    state = blake2b(digest_size=16)
    for place in order:
        state.update(texts[place].encode())
    return state.hexdigest()
