"""Checks of what a task says of answers: oracle, prompts, mutants, junk, constants, second."""

import re
import time
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

from internbootcamp_env import adversarial
from internbootcamp_env.episodes import Episode, MultiTurnTask
from internbootcamp_env.extract import WRAPPERS, wrap
from internbootcamp_env.task import LANGS, LEVELS, Case, Options, Score, Task

from .subject import SEED, Subject, cases_of

HIDDEN_ANSWER_RATE = 0.02
JUNK_SECONDS = 0.05
JUNK_BYTES = 64 << 20
DECISIVE_CASES = 400
"""Cases that settle what a smaller sample leaves open."""
_CHINESE_LINE = "答案："
_COMPARES = re.compile(
    r"\b(best|better|cheap\w*|few\w*|great\w*|larg\w*|least|less|long\w*|max\w*|min\w*|more|most"
    r"|optim\w*|possible|short\w*|small\w*)\b"
)


def check_oracle(subject: Subject) -> list[str]:
    """The oracle scores 1 after a JSON round trip, in every wrapper of both languages."""
    task, found = subject.task, []
    for made in subject.sample():
        case = Case.from_json(made.to_json())
        oracle = task.oracle(case)
        forms = [(wrap(oracle, name), name) for name in ("plain", *WRAPPERS)]
        forms.append((_CHINESE_LINE + oracle, "line"))
        for text, wrapper in forms:
            for kind in {wrapper} if wrapper == "plain" else {wrapper, "auto"}:
                response = f"<think>Let me see.</think>\n{text}"
                score = task.score(case, response, Options(wrapper=kind))
                if score.value != 1.0:
                    found.append(f"oracle {oracle!r} in {wrapper}: {score.status}, {score.reason}")
    return found[:5]


def check_prompts(subject: Subject) -> list[str]:
    """Every wording renders in both languages, all different, and does not give the answer."""
    task, found, told, asked = subject.task, [], 0, 0
    for case in subject.sample():
        oracle = task.oracle(case)
        for lang in LANGS:
            texts = [task.prompt(case, lang=lang, wording=n) for n in range(len(task.en))]
            if len(set(texts)) != len(texts):
                found.append(f"two wordings come out the same for {case.question}")
            if len(oracle) >= 4:
                asked += 1
                told += oracle in texts[-1]
    for lang in LANGS:
        case = subject.case("train", 0, 1)
        texts = {task.prompt(case, lang=lang, wrapper=name) for name in ("plain", *WRAPPERS)}
        if len(texts) != len(WRAPPERS) + 1:
            found.append(f"the {lang} instructions of two wrappers are the same")
    if not task.echoes and told > HIDDEN_ANSWER_RATE * asked + 1:
        found.append(f"the prompt contains the answer in {told} of {asked} cases")
    return found[:5]


def check_mutants(subject: Subject) -> list[str]:
    """Wrong answers are rejected as wrong (or unreadable), and there are some."""
    task, found, tried = subject.task, [], 0
    for case in subject.sample():
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


def check_optimum(subject: Subject) -> list[str] | None:
    """In tasks that ask for an optimum, valid but worse witnesses are rejected for being worse."""
    task = subject.task
    if task.verifier != "O" or task.check is None:
        return None
    for case in subject.sample():
        for mutant in task.mutants(case):
            score = task.score(case, wrap(mutant, "answer"))
            if score.status == "wrong" and _COMPARES.search(score.reason):
                return []
    return ["no mutant is a valid witness that is refused for not being the best"]


def check_junk(subject: Subject) -> list[str]:
    """Adversarial answers earn 0 (or are right in truth), raise nothing and cost little."""
    task, found = subject.task, []
    for level in (1, 10):
        case = subject.case("train", 0, level)
        right = task.oracle(case)
        for text in _junk(subject, case):
            for wrapper in ("auto", "plain"):
                started = time.process_time()
                score = task.score(case, text, Options(wrapper=wrapper))
                seconds = time.process_time() - started
                subject.slowest_score = max(subject.slowest_score, seconds)
                if score.value != 0.0 and not _is_right(task, case, text):
                    found.append(f"{text[:60]!r} ({wrapper}) earns {score.value} for {right!r}")
                if seconds > JUNK_SECONDS:
                    found.append(f"{text[:60]!r} ({wrapper}) takes {seconds:.3f} s")
    if subject.plan.heavy:
        found += _hungry(subject)
    return found[:5]


def _junk(subject: Subject, case: Case) -> Iterator[str]:
    task = subject.task
    yield from adversarial.RESPONSES
    yield from adversarial.about(task, case)
    if task.check is None:  # else a distorted answer may be right
        others = [subject.case("train", index, case.level) for index in range(1, 6)]
        for answer in adversarial.distorted(task, case, others):
            yield wrap(answer, "answer")
    for answer in adversarial.ANSWERS:
        if answer != task.oracle(case):
            for wrapper in ("plain", *WRAPPERS):
                yield wrap(answer, wrapper)
    if subject.plan.heavy:
        for text in adversarial.HEAVY:
            yield from (wrap(text, "plain"), wrap(text, "answer"))


def _hungry(subject: Subject) -> list[str]:
    """Long answers do not make the verifier hold more than 64 MB at once."""
    task, case = subject.task, subject.case("train", 0, 10)
    texts = [wrap(text, "answer") for text in adversarial.HEAVY]
    tracemalloc.start(1)
    try:
        for text in texts:
            task.score(case, text)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return [f"a long answer takes {peak >> 20} MB"] if peak > JUNK_BYTES else []


def _is_right(task: Task, case: Case, text: str) -> bool:
    """Whether the bare text is a right answer in truth, by another road than `score`."""
    oracle = task.oracle(case)
    for wrapper in ("plain", *WRAPPERS):
        head, tail = wrap("\0", wrapper).split("\0")
        if text.startswith(head) and text.endswith(tail):
            answer = text[len(head) : len(text) - len(tail)].strip()
            if answer == oracle.strip() and task.check is None:
                return True
            said, meant = _number(answer), _number(oracle)
            close = Fraction(1, 50) if task.verifier == "N" else 0
            if said is not None and meant is not None and abs(said - meant) <= close * abs(meant):
                return True
    return False


def _number(text: str) -> Fraction | None:
    """Read a short plain number in any script, as a person would."""
    text = text.replace(",", "").replace("_", "").replace("−", "-").strip()
    if len(text) > 40:
        return None
    try:
        return Fraction(text)
    except (ValueError, ZeroDivisionError):
        return None


def check_constants(subject: Subject) -> list[str]:
    """No constant answer is right more often than 10 % (k-way: 1/k + 5 %), noise allowed for.

    What a small sample raises as a suspicion, a sample of `DECISIVE_CASES` settles: among hundreds
    of tasks and four levels each, chance alone exceeds two standard errors every time.
    """
    found = []
    for level in (1, 4, 7, 10):
        of = subject.plan.constants // (1 if subject.task.check is None else 4)
        complaint = _best_constant(subject, level, of)
        if complaint and of < DECISIVE_CASES:
            complaint = _best_constant(subject, level, DECISIVE_CASES)
        if complaint:
            found.append(complaint)
    return found


def _best_constant(subject: Subject, level: int, of: int) -> str:
    """What is wrong with the best constant answer over `of` cases, or nothing."""
    task = subject.task
    ways = task.ways_at(level)
    bound = max(0.10, 1 / ways + 0.05 if ways else 0.0)
    if task.check is None:
        cases = (subject.case("train", i, level) for i in range(of))
        counts = Counter(task.oracle(case) for case in cases)
        answer, hits = counts.most_common(1)[0]
    else:
        answer, hits = _best_guess(subject, level, of)
    noise = 2 * (bound * (1 - bound) / of) ** 0.5
    if hits / of <= bound + noise:
        return ""
    return f"level {level}: {answer!r} is right in {hits / of:.1%}, bound {bound:.1%}"


def _best_guess(subject: Subject, level: int, tried: int) -> tuple[str, int]:
    """Score plausible guesses and other cases' answers where several answers are right."""
    task = subject.task
    cases = [subject.case("train", i, level) for i in range(tried)]
    others = [task.oracle(subject.case("train", i, level, seed=SEED + 6)) for i in range(8)]
    guesses = [*adversarial.PLAUSIBLE, *others]
    hits = {
        guess: sum(task.score(case, wrap(guess, "answer")).value == 1.0 for case in cases)
        for guess in guesses
    }
    best = max(guesses, key=hits.__getitem__)
    return best, hits[best]


def check_second(subject: Subject) -> list[str] | None:
    """An independent solver agrees with oracle and checker; a second right answer is accepted."""
    task, found, different = subject.task, [], 0
    if task.second is None and task.another is None:
        return None
    for case in subject.sample():
        oracle = task.oracle(case)
        if task.second is not None:
            value = task.second(case.question)
            agrees = (
                value == case.answer if task.check is None else not task.check(case.question, value)
            )
            different += task.check is not None and value != case.answer
            if not agrees:
                found.append(f"second solver says {value!r}, oracle {case.answer!r}")
        if task.another is not None and (value := task.another(case.question)) is not None:
            text = task.answer.format(value)
            score = task.score(case, wrap(text, "answer"))
            different += text != oracle
            if score.value != 1.0:
                found.append(f"another right answer {value!r} is {score.status}: {score.reason}")
    several = task.check is not None and task.verifier in ("C", "O")
    if several and not different and not _has_two_answers(subject):
        found.append("no second right answer, different from the oracle's, was ever tried")
    return found[:5]


def _has_two_answers(subject: Subject) -> bool:
    """Look further than the sample for a case with a second right answer, and see it accepted."""
    task = subject.task
    solver = task.another or task.second
    if solver is None:
        return False
    for i in range(DECISIVE_CASES):
        case = subject.case("train", i, LEVELS[i % len(LEVELS)])
        value = solver(case.question)
        if value is None or (text := task.answer.format(value)) == task.oracle(case):
            continue
        return task.score(case, wrap(text, "answer")).value == 1.0
    return False


def check_turns(subject: Subject) -> list[str] | None:
    """Tasks played in turns: the oracle's log step by step; junk actions end an episode unpaid."""
    task, found = subject.task, []
    if not isinstance(task, MultiTurnTask):
        return None
    for case in cases_of(task, 2):
        for lang in LANGS:
            episode = Episode(task, case, lang=lang)
            steps = [episode.step(wrap(action, "answer")) for action in case.answer]
            ends = [(step.reward, step.done) for step in steps]
            right = [(0.0, False)] * (len(steps) - 1) + [(1.0, True)]
            if ends != right or episode.log != case.answer:
                found.append(f"the oracle's log {case.answer} played in {lang} brings {ends}")
        score = _play_junk(task, case)
        if score.value != 0.0:
            found.append(f"junk actions end with {score}")
    return found[:5]


def _play_junk(task: MultiTurnTask, case: Case) -> Score:
    """Play junk until the episode ends, which it must within its budget."""
    answers = [text for text in adversarial.ANSWERS if text not in case.answer]
    episode = Episode(task, case)
    for turn in range(episode.turns_left):
        if episode.step(answers[turn % len(answers)]).done:
            break
    if not episode.done or task.replayed(case.question, episode.log) == "":
        return Score(None, "internal_error", "the budget does not end the episode")
    return episode.score()
