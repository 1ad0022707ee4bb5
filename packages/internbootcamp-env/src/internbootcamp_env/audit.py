"""Test one task, or all, against everything the package promises about a task.

Each check is a function from a task and a plan to the list of what it found wrong; an empty
list is a pass. `audit(task)` runs them all. Costs about a second per task at the default size.
What is checked, and the bound: see `CHECKS` at the end of the file and each docstring.
"""

import locale
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from unittest import mock

from . import adversarial
from .episodes import Episode, MultiTurnTask
from .extract import WRAPPERS, wrap
from .task import LANGS, LEVELS, SPLITS, Case, Options, Task

SEED = 2026
HIDDEN_ANSWER_RATE = 0.02
JUNK_SECONDS = 0.05


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much to try.

    Args:
        per_level: Cases at each of the ten levels, for most checks.
        constants: Cases at each of four levels, for the best constant answer.
        heavy: Whether to try the long adversarial answers.
    """

    per_level: int = 20
    constants: int = 400
    heavy: bool = True


@dataclass(frozen=True)
class Report:
    """Outcome for one task: what was wrong, by check, and how long it took."""

    task: str
    failures: dict[str, list[str]]
    seconds: float

    @property
    def passed(self) -> bool:
        """Whether every check found nothing."""
        return not any(self.failures.values())


def cases_of(task: Task, per_level: int, *, seed: int = SEED) -> Iterator[Case]:
    """Yield cases over all levels, the splits taking turns."""
    splits = list(SPLITS)
    for level in LEVELS:
        for index in range(per_level):
            split = splits[index % 4 % 3]
            yield task.generate(split=split, seed=seed, index=index, level=level)


def digest(task: Task, per_level: int = 3) -> str:
    """Return a hash of cases, prompts, answers and mutants, to compare between processes."""
    state = blake2b(digest_size=16)
    for case in cases_of(task, per_level):
        parts = [case.to_json(), task.oracle(case), *task.mutants(case)]
        for lang in LANGS:
            parts += [task.prompt(case, lang=lang, wording=n) for n in range(len(task.en))]
        state.update("\n".join(parts).encode())
    return state.hexdigest()


def _refuse(*_: object, **__: object) -> None:
    raise AssertionError("a task must not use the global random state, the clock or the locale")


@contextmanager
def sealed() -> Iterator[None]:
    """Make the global random state, the clock, the locale and the environment unusable."""
    names = ("random", "randint", "randrange", "choice", "shuffle", "sample", "getrandbits")
    with (
        mock.patch.multiple(random, **dict.fromkeys(names, _refuse)),
        mock.patch.multiple(time, time=_refuse, time_ns=_refuse, localtime=_refuse),
        mock.patch.multiple(os, getenv=_refuse, urandom=_refuse),
        mock.patch.object(locale, "getlocale", _refuse),
    ):
        yield


def check_form(task: Task, plan: Plan) -> list[str]:
    """Metadata: id, version, at least three wordings a language, as many in each."""
    found = []
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
    return found


def check_generation(task: Task, plan: Plan) -> list[str]:
    """The same case again, in isolation, sealed off from global state; JSON round trip."""
    found = []
    with sealed():
        cases = list(cases_of(task, plan.per_level))
        for case in cases[:: max(1, len(cases) // 40)][::-1]:
            again = task.generate(
                split=case.split, seed=case.seed, index=case.index, level=case.level
            )
            if again != case or again.to_json() != case.to_json():
                found.append(f"index {case.index} at level {case.level} is not reproducible")
    for case in cases:
        if Case.from_json(case.to_json()) != case:
            found.append(f"not plain JSON: {case.question}")
            break
    return found


def check_splits(task: Task, plan: Plan) -> list[str]:
    """No question of one split in another; neighbouring seeds unrelated; few repeats."""
    found = []
    seen: dict[str, str] = {}
    fingerprints = []
    for split in SPLITS:
        for level in LEVELS:
            for index in range(plan.per_level):
                case = task.generate(split=split, seed=SEED, index=index, level=level)
                if seen.setdefault(case.fingerprint, split) != split:
                    found.append(f"{case.question} is in {split} and {seen[case.fingerprint]}")
    for level in LEVELS:
        for index in range(100):
            case = task.generate(split="train", seed=SEED, index=index, level=level)
            fingerprints.append(case.fingerprint)
    repeats = len(fingerprints) - len(set(fingerprints))
    if repeats > 10:
        found.append(f"{repeats} of 1,000 training cases repeat another; at most 10")
    return found


def check_neighbours(task: Task, plan: Plan) -> list[str]:
    """Seed s + 1 at index i is not seed s at index i + 1."""

    def row(seed: int) -> list[str]:
        return [
            task.generate(split="train", seed=seed, index=i, level=5).fingerprint
            for i in range(plan.per_level)
        ]

    shared = len(set(row(SEED)) & set(row(SEED + 1)))
    limit = 2 + plan.per_level // 10
    return [f"neighbouring seeds share {shared} cases"] if shared > limit else []


def check_oracle(task: Task, plan: Plan) -> list[str]:
    """The oracle scores 1 after a JSON round trip, in every wrapper; prompts render."""
    found = []
    for case in cases_of(task, plan.per_level):
        case = Case.from_json(case.to_json())
        oracle = task.oracle(case)
        for wrapper in ("plain", *WRAPPERS):
            kinds = {wrapper} if wrapper == "plain" else {wrapper, "auto"}
            for kind in sorted(kinds):
                text = f"<think>Let me see.</think>\n{wrap(oracle, wrapper)}"
                score = task.score(case, text, Options(wrapper=kind))
                if score.value != 1.0:
                    found.append(f"oracle {oracle!r} in {wrapper}: {score.status}, {score.reason}")
    return found[:5]


def check_prompts(task: Task, plan: Plan) -> list[str]:
    """Every wording renders in both languages, all different, and does not give the answer."""
    found, told, asked = [], 0, 0
    for case in cases_of(task, plan.per_level):
        oracle = task.oracle(case)
        for lang in LANGS:
            texts = [task.prompt(case, lang=lang, wording=n) for n in range(len(task.en))]
            if len(set(texts)) != len(texts):
                found.append(f"two wordings come out the same for {case.question}")
            if len(oracle) >= 4:
                asked += 1
                told += oracle in texts[-1]
    if not task.echoes and told > HIDDEN_ANSWER_RATE * asked + 1:
        found.append(f"the prompt contains the answer in {told} of {asked} cases")
    return found[:5]


def check_mutants(task: Task, plan: Plan) -> list[str]:
    """Wrong answers are rejected as wrong (or unreadable), and there are some."""
    found, tried = [], 0
    for case in cases_of(task, plan.per_level):
        mutants = task.mutants(case)
        least = min(3, (task.ways_at(case.level) or 4) - 1)
        if len(mutants) < least:
            found.append(f"{len(mutants)} mutants of {task.oracle(case)!r}; at least {least}")
        for mutant in mutants:
            tried += 1
            score = task.score(case, wrap(mutant, "answer"))
            if score.value != 0.0:
                found.append(f"mutant {mutant!r} of {task.oracle(case)!r} is {score.status}")
    return found[:5] if tried else ["no mutants at all"]


def check_junk(task: Task, plan: Plan) -> list[str]:
    """Adversarial answers earn 0 (or are right in truth), raise nothing and cost little."""
    found = []
    for level in (1, 10):
        case = task.generate(split="train", seed=SEED, index=0, level=level)
        right = task.oracle(case)
        texts = [*adversarial.RESPONSES, *adversarial.about(task, case)]
        texts += [
            wrap(answer, wrapper)
            for answer in adversarial.ANSWERS
            if answer != right
            for wrapper in ("plain", *WRAPPERS)
        ]
        if plan.heavy:
            texts += [wrap(text, w) for text in adversarial.HEAVY for w in ("plain", "answer")]
        for text in texts:
            for wrapper in ("auto", "plain"):
                started = time.process_time()
                score = task.score(case, text, Options(wrapper=wrapper))
                seconds = time.process_time() - started
                if score.value != 0.0 and not _is_right(task, case, text):
                    found.append(f"{text[:60]!r} ({wrapper}) earns {score.value} for {right!r}")
                if seconds > JUNK_SECONDS:
                    found.append(f"{text[:60]!r} ({wrapper}) takes {seconds:.3f} s")
    return found[:5]


def _is_right(task: Task, case: Case, text: str) -> bool:
    """Whether the bare text is a right answer in truth, by another road than `score`."""
    if task.check is not None:
        return False
    return any(wrap(task.oracle(case), w).strip() == text.strip() for w in ("plain", *WRAPPERS))


def check_constants(task: Task, plan: Plan) -> list[str]:
    """No constant answer is right more often than 10 % (k ways: 1/k + 5 %), noise allowed for."""
    found = []
    for level in (1, 4, 7, 10):
        counts = Counter(
            task.oracle(task.generate(split="train", seed=SEED + 5, index=i, level=level))
            for i in range(plan.constants)
        )
        answer, hits = counts.most_common(1)[0]
        ways = task.ways_at(level)
        bound = max(0.10, 1 / ways + 0.05 if ways else 0.0)
        tried = plan.constants
        if task.check is not None:
            tried = plan.constants // 4
            answer, hits = _best_guess(task, level, tried)
        noise = 2 * (bound * (1 - bound) / tried) ** 0.5
        if hits / tried > bound + noise:
            found.append(
                f"level {level}: {answer!r} is right in {hits / tried:.1%}, bound {bound:.1%}"
            )
    return found


def _best_guess(task: Task, level: int, tried: int) -> tuple[str, int]:
    """Score plausible guesses and other cases' answers where several answers are right."""
    cases = [
        task.generate(split="train", seed=SEED + 5, index=i, level=level) for i in range(tried)
    ]
    others = [
        task.oracle(task.generate(split="train", seed=SEED + 6, index=i, level=level))
        for i in range(8)
    ]
    guesses = [*adversarial.PLAUSIBLE, *others]
    hits = {
        guess: sum(task.score(case, wrap(guess, "answer")).value == 1.0 for case in cases)
        for guess in guesses
    }
    best = max(guesses, key=hits.__getitem__)
    return best, hits[best]


def check_levels(task: Task, plan: Plan) -> list[str]:
    """The mean size of a question grows with the level: rank correlation at least 0.9."""
    means = []
    for level in LEVELS:
        sizes = [
            _size(task, task.generate(split="train", seed=SEED, index=i, level=level))
            for i in range(max(30, 2 * plan.per_level))
        ]
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


def check_second(task: Task, plan: Plan) -> list[str]:
    """An independent solver agrees with the oracle; a second right answer is accepted."""
    found = []
    for case in cases_of(task, plan.per_level):
        if task.second is not None:
            value = task.second(case.question)
            agrees = (
                value == case.answer if task.check is None else not task.check(case.question, value)
            )
            if not agrees:
                found.append(f"second solver says {value!r}, oracle {case.answer!r}")
        if task.another is not None and (value := task.another(case.question)) is not None:
            score = task.score(case, wrap(task.answer.format(value), "answer"))
            if score.value != 1.0:
                found.append(f"another right answer {value!r} is {score.status}: {score.reason}")
    return found[:5]


def check_turns(task: Task, plan: Plan) -> list[str]:
    """Tasks played in turns: the oracle's log step by step; junk actions end an episode unpaid."""
    if not isinstance(task, MultiTurnTask):
        return []
    found = []
    for case in list(cases_of(task, 2)):
        log = case.answer
        for lang in LANGS:
            episode = Episode(task, case, lang=lang)
            steps = [episode.step(wrap(action, "answer")) for action in log]
            ends = [(step.reward, step.done) for step in steps]
            if ends != [(0.0, False)] * (len(log) - 1) + [(1.0, True)] or episode.log != log:
                found.append(f"the oracle's log {log} played in {lang} brings {ends}")
        junk = Episode(task, case)
        answers = [text for text in adversarial.ANSWERS if text not in log]
        for turn in range(junk.turns_left):
            step = junk.step(answers[turn % len(answers)])
            if step.done:
                break
        if step.reward or not step.done or task.replayed(case.question, junk.log) == "":
            found.append(f"junk actions end with {step}")
    return found[:5]


CHECKS: dict[str, Callable[[Task, Plan], list[str]]] = {
    "form": check_form,
    "generation": check_generation,
    "splits": check_splits,
    "neighbours": check_neighbours,
    "oracle": check_oracle,
    "prompts": check_prompts,
    "mutants": check_mutants,
    "junk": check_junk,
    "constants": check_constants,
    "levels": check_levels,
    "second": check_second,
    "turns": check_turns,
}
"""Name and function of every check, in the order in which they run."""


def audit(task: Task, plan: Plan | None = None) -> Report:
    """Run every check on one task; a check that raises counts as failed."""
    plan = plan or Plan()
    started = time.perf_counter()
    failures = {}
    for name, check in CHECKS.items():
        try:
            failures[name] = check(task, plan)
        except Exception as error:
            failures[name] = [f"{type(error).__name__}: {error}"]
    return Report(task.id, failures, time.perf_counter() - started)
