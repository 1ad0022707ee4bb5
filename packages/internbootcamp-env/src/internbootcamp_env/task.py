"""The contract: a task, a case of it, and the score of an answer.

A `Task` is a frozen record of pure functions. `draw` makes an instance (the *question*: plain
JSON, all that the prompt shows), `solve` finds the right answer from the question alone, and
`check`, where several answers are right, tests the rules from the question alone.

Splits are disjoint by construction. The BLAKE2b hash of the question decides which split an
instance belongs to, and `generate` draws until the instance falls into the split asked for. So
no question of one split can come up in another, whatever the seeds and however small the space
of instances.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from .answers import AnswerKind, Json
from .draws import Draws, key_of
from .errors import AnswerError, CaseError, GenerationError, RequestError, ScoringError
from .extract import extract

SPLITS: Mapping[str, range] = {
    "train": range(0, 12),
    "validation": range(12, 14),
    "test": range(14, 16),
}
"""Which of sixteen hash buckets make up each split: 75 %, 12.5 % and 12.5 % of all instances."""

LEVELS = range(1, 11)
LANGS = ("en", "zh")
STATUSES = ("correct", "wrong", "unparsable", "over_limit", "internal_error")
MAX_ATTEMPTS = 2_000

_INSTRUCTIONS = {
    "en": {
        "answer": "Give the final answer inside <answer>...</answer>.",
        "boxed": "Give the final answer inside \\boxed{...}.",
        "fence": "Give the final answer in a ``` fenced block at the end.",
        "line": "End with the line 'Answer: ' followed by the final answer.",
        "plain": "Reply with the answer only.",
    },
    "zh": {
        "answer": "请把最终答案写在 <answer>...</answer> 中。",
        "boxed": "请把最终答案写在 \\boxed{...} 中。",
        "fence": "请在最后用 ``` 代码块给出最终答案。",
        "line": "最后一行写“Answer: ”，后接最终答案。",
        "plain": "只回复答案。",
    },
}


def canonical_json(value: Json) -> str:
    """Write plain JSON with sorted keys and no spaces, so that equal values are equal texts."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Case:
    """One instance of a task; plain JSON throughout.

    Args:
        task: Id of the task.
        version: Version of the task's generator and rules.
        split: `train`, `validation` or `test`.
        seed: Seed that it was drawn with.
        index: Index within the seed.
        level: Difficulty, 1 to 10.
        question: All that the prompt shows, and all that a checker may use (and in a task
            played in turns what is to be found out, which the prompt does not show).
        answer: The reference answer, as a value of the task's answer kind.
        fingerprint: Hash that decided the split: equal for questions that count as the same.
    """

    task: str
    version: int
    split: str
    seed: int
    index: int
    level: int
    question: dict[str, Any]
    answer: Json
    fingerprint: str

    def to_json(self) -> str:
        """Write the case as one line of canonical JSON."""
        return canonical_json({name: getattr(self, name) for name in _CASE_FIELDS})

    @classmethod
    def from_json(cls, text: str) -> "Case":
        """Read a case written by `to_json`.

        Raises:
            CaseError: If the text is not JSON, or has other fields than a case has.
        """
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise CaseError(f"a case must be one JSON object: {error}") from error
        if not isinstance(fields, dict) or set(fields) != set(_CASE_FIELDS):
            got = sorted(fields) if isinstance(fields, dict) else type(fields).__name__
            raise CaseError(f"a case has the fields {sorted(_CASE_FIELDS)}, got {got}")
        return cls(**fields)


_CASE_FIELDS = tuple(Case.__slots__)


@dataclass(frozen=True, slots=True)
class Score:
    """Verdict on one answer.

    Args:
        value: Reward in [0, 1]; None only when the status is `internal_error`.
        status: One of `STATUSES`.
        reason: What was found, for people.
    """

    value: float | None
    status: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to score.

    Args:
        wrapper: Where the answer stands: `auto` (any closed wrapper, the last one counts),
            `plain` (the whole response), `answer`, `boxed`, `fence` or `line`.
        on_internal_error: `raise` a `ScoringError`, or `flag` it as a score without value.
    """

    wrapper: str = "auto"
    on_internal_error: str = "raise"

    def __post_init__(self) -> None:
        if self.wrapper not in ("auto", *_INSTRUCTIONS["en"]):
            allowed = ["auto", *_INSTRUCTIONS["en"]]
            raise RequestError(f"wrapper must be one of {allowed}, got {self.wrapper!r}")
        if self.on_internal_error not in ("raise", "flag"):
            raise RequestError(
                f"on_internal_error must be 'raise' or 'flag', got {self.on_internal_error!r}"
            )


DEFAULT_OPTIONS = Options()
PLAIN = Options(wrapper="plain")


def _default_show(question: dict[str, Any]) -> dict[str, Any]:
    return {
        name: " ".join(map(str, value)) if isinstance(value, list) else value
        for name, value in question.items()
    }


@dataclass(frozen=True, kw_only=True, eq=False)
class Task:
    """A rule set with its generator, oracle and verifier.

    Args:
        id: `field.task`, lower case.
        title: One line that says what is asked.
        knob: Name of the quantity that grows with the level.
        draw: Makes a question from draws and a level, or None to draw again.
        solve: Finds the reference answer from a question.
        answer: Kind of the answer.
        en: English wordings, `str.format` templates over `show(question)`; the last is terse.
        zh: Chinese wordings, likewise.
        version: To be raised whenever `draw`, `solve` or `check` change what they return.
        verifier: Letter of the verifier class: U one right answer, C any valid answer,
            O optimum with witness, N number with tolerance, E expression, S set,
            D decision with certificate, X program, M multi-turn.
        variant_of: Id of the base task whose rules this one extends, or empty.
        show: Turns a question into what the templates name; by default lists are joined.
        check: Returns an empty string if a parsed value is right, else what is wrong. By
            default a value is right when it equals the reference answer.
        second: An independent solver, slow and obvious, for the audit on small cases.
        another: Returns a second right answer where one exists, for the audit, else None.
        wrong: Extra wrong answers, as texts; must be wrong by construction.
        canon: What makes two questions the same (for the split); by default the question.
        size: Size of a question, for the audit; by default the length of its JSON.
        ways: Number of equally likely answers where there are few (fixed or per level), else 0.
        echoes: Whether the answer naturally stands in the prompt, as a maximum does.
    """

    id: str
    title: str
    knob: str
    draw: Callable[[Draws, int], dict[str, Any] | None]
    solve: Callable[[dict[str, Any]], Json]
    answer: AnswerKind
    en: tuple[str, ...]
    zh: tuple[str, ...]
    version: int = 1
    verifier: str = "U"
    variant_of: str = ""
    show: Callable[[dict[str, Any]], dict[str, Any]] = _default_show
    check: Callable[[dict[str, Any], Json], str] | None = None
    second: Callable[[dict[str, Any]], Json] | None = None
    another: Callable[[dict[str, Any]], Json] | None = None
    wrong: Callable[[dict[str, Any], Json, Draws], list[str]] | None = None
    canon: Callable[[dict[str, Any]], Json] | None = None
    size: Callable[[dict[str, Any]], float] | None = None
    ways: int | Callable[[int], int] = 0
    echoes: bool = False

    def generate(self, *, split: str, seed: int, index: int, level: int = 1) -> Case:
        """Return the case named by the arguments: always the same one, on any machine.

        Raises:
            RequestError: If the split or level is unknown, or seed or index is not an integer.
            GenerationError: If no instance was accepted in `MAX_ATTEMPTS` draws.
        """
        if split not in SPLITS:
            raise RequestError(f"split must be one of {list(SPLITS)}, got {split!r}")
        if level not in LEVELS:
            raise RequestError(f"level must be an integer from 1 to 10, got {level!r}")
        if not isinstance(seed, int) or not isinstance(index, int):
            raise RequestError(f"seed and index must be integers, got {seed!r} and {index!r}")
        draws = Draws(key_of(self.id, self.version, split, seed, index, level))
        buckets = SPLITS[split]
        for _ in range(MAX_ATTEMPTS):
            question = self.draw(draws, level)
            if question is None:
                continue
            fingerprint, bucket = self._fingerprint(question)
            if bucket in buckets:
                answer = self.solve(question)
                return Case(
                    self.id, self.version, split, seed, index, level, question, answer, fingerprint
                )
        raise GenerationError(
            f"{self.id}: no {split} instance at level {level} in {MAX_ATTEMPTS} draws "
            f"(seed {seed}, index {index}); its space of instances is too small"
        )

    def _fingerprint(self, question: dict[str, Any]) -> tuple[str, int]:
        same = question if self.canon is None else self.canon(question)
        text = canonical_json([self.id, self.version, same])
        digest = blake2b(text.encode(), digest_size=16).digest()
        return digest.hex(), digest[0] & 15

    def prompt(
        self, case: Case, *, lang: str = "en", wording: int | str = 0, wrapper: str = "answer"
    ) -> str:
        """Write the question.

        Args:
            case: A case of this task.
            lang: `en` or `zh`.
            wording: Number of the wording, `terse` for the last (which carries no instructions
                on form), or `any` for one chosen by the case's fingerprint.
            wrapper: Wrapper that the instructions ask for; see `Options`.

        Raises:
            CaseError: If the case belongs to another task or version.
            RequestError: If the language, wording or wrapper is unknown.
        """
        self._own(case)
        if lang not in LANGS:
            raise RequestError(f"lang must be one of {LANGS}, got {lang!r}")
        if wrapper not in _INSTRUCTIONS[lang]:
            raise RequestError(
                f"wrapper must be one of {list(_INSTRUCTIONS[lang])}, got {wrapper!r}"
            )
        templates = self.en if lang == "en" else self.zh
        if wording == "terse":
            wording = len(templates) - 1
        elif wording == "any":
            wording = int(case.fingerprint[-6:], 16) % len(templates)
        if not isinstance(wording, int) or not 0 <= wording < len(templates):
            raise RequestError(
                f"wording must be 0 to {len(templates) - 1}, 'terse' or 'any', got {wording!r}"
            )
        text = templates[wording].format_map(self.show(case.question))
        if wording == len(templates) - 1:
            return text
        return f"{text}\n{self.instructions(lang, wrapper)}"

    def instructions(self, lang: str, wrapper: str) -> str:
        """Say how to write the answer and where to put it."""
        between = " " if lang == "en" else ""
        return f"{self.answer.describe(lang)}{between}{_INSTRUCTIONS[lang][wrapper]}"

    def oracle(self, case: Case) -> str:
        """Return the text of a right answer, without a wrapper."""
        self._own(case)
        return self.answer.format(case.answer)

    def mutants(self, case: Case) -> list[str]:
        """Return at least three near and wrong answers, without wrappers, where as many exist."""
        self._own(case)
        draws = Draws(key_of("mutants", case.fingerprint))
        texts = [self.answer.format(value) for value in self._near(case, draws)]
        if self.wrong is not None:
            texts += self.wrong(case.question, case.answer, draws)
        return list(dict.fromkeys(texts))

    def _near(self, case: Case, draws: Draws) -> list[Json]:
        # Where several answers are right, a near value may be right too: `wrong` makes the
        # mutants of such tasks, by construction and not with the help of the checker.
        return [] if self.check is not None else self.answer.near(case.answer, draws)

    def score(self, case: Case, text: str, options: Options = DEFAULT_OPTIONS) -> Score:
        """Judge a response.

        Args:
            case: A case of this task.
            text: The response of a model.
            options: How to find the answer, and what to do if the verifier fails.

        Raises:
            CaseError: If the case belongs to another task or version.
            ScoringError: If the verifier itself failed and `options` say to raise.
        """
        self._own(case)
        try:
            answer = extract(text, options.wrapper, multiline=self.answer.multiline)
            value = self.answer.parse(answer)
            if self.check is not None:
                reason = self.check(case.question, value)
            else:
                reason = "" if value == case.answer else "differs from the right answer"
        except AnswerError as error:
            return Score(0.0, error.status, str(error))
        except RequestError:
            raise
        except Exception as error:
            message = f"{self.id}: the verifier failed with {type(error).__name__}: {error}"
            if options.on_internal_error == "raise":
                raise ScoringError(message) from error
            return Score(None, "internal_error", message)
        return Score(0.0, "wrong", reason) if reason else Score(1.0, "correct", "")

    def ways_at(self, level: int) -> int:
        """Return the number of equally likely answers at a level, or 0 if there are many."""
        return self.ways(level) if callable(self.ways) else self.ways

    def _own(self, case: Case) -> None:
        if case.task != self.id or case.version != self.version:
            raise CaseError(
                f"this is {self.id} version {self.version}, the case is of {case.task} "
                f"version {case.version}; generate it again"
            )
