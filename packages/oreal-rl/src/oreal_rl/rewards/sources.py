"""`RewardSource`: a scoring function with everything needed to use it safely in a mixture.

A source declares the range of its numbers, how they are calibrated to [0, 1], whether they are
graded or a yes/no, how long it may take, how often it is tried again, what it costs and what is
remembered. Asking it never raises for a failure of the source (unless told to): the answer is then
an abstention with a status, and an abstention is not a wrong answer.
"""

import hashlib
import math
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from oreal_rl.errors import ConfigError, VerifierError
from oreal_rl.rewards.calibration import Calibration, RangeCalibration
from oreal_rl.rewards.verdicts import SCORE_ATTRIBUTES, call_with_timeout
from oreal_rl.types import Prompt, RewardAudit

Role = Literal["verdict", "veto", "fallback", "preference"]


class ScoreFunction(Protocol):
    """Scores responses; None for a response means that it has no opinion."""

    def __call__(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> Sequence[Any]:
        """Give one number, bool, None or object with `reward`, `value` or `score` each."""
        ...


@dataclass(frozen=True, kw_only=True)
class RewardSource:
    """One source of reward.

    Attributes:
        name: Name in routes and audits.
        score: The scoring function.
        role: "verdict" decides right or wrong; "veto" can only make a response wrong; "fallback" is
            asked only where the verdict sources abstained or said wrong; "preference" moves the
            reward on its side of the verdict, or alone where there is no verdict source.
        value_range: Range of its numbers, ends included; infinite for unbounded scores.
        calibration: From its numbers to [0, 1]; default: the declared range, linearly.
        sign_rule: "graded" keeps the calibrated value; "threshold" makes it 0 or 1.
        threshold: Calibrated value from which a response counts as right.
        weight: Share among sources of the same role.
        timeout_seconds: Longest wait per call; None waits for ever.
        max_attempts: Calls per batch before giving up, at least 1.
        retry_wait_seconds: Pause before the second attempt; doubles each time.
        give_up_after: Failed batches in a row after which the rest of a request is skipped.
        batch_size: Most responses per call; None for all at once.
        cost_per_response: In any unit; summed in the audit.
        cache_size: Answers remembered, 0 for none; only real answers are.
        on_error: "abstain" or "raise" where all attempts failed.
    """

    name: str
    score: ScoreFunction
    role: Role = "verdict"
    value_range: tuple[float, float] = (0.0, 1.0)
    calibration: Calibration = field(default_factory=RangeCalibration)
    sign_rule: Literal["graded", "threshold"] = "graded"
    threshold: float = 0.5
    weight: float = 1.0
    timeout_seconds: float | None = None
    max_attempts: int = 1
    retry_wait_seconds: float = 0.0
    give_up_after: int = 2
    batch_size: int | None = None
    cost_per_response: float = 0.0
    cache_size: int = 0
    on_error: Literal["abstain", "raise"] = "abstain"

    def __post_init__(self) -> None:
        """Check ranges and the fit of calibration and range."""
        low, high = self.value_range
        if not low < high:
            raise ConfigError(
                f"{self.name}: value_range is {self.value_range}; expected low < high"
            )
        bounded = math.isfinite(low) and math.isfinite(high)
        if self.calibration.needs_bounds and not bounded:
            raise ConfigError(
                f"{self.name}: value_range is {self.value_range}, which a linear calibration "
                "cannot map; use GroupCalibration or LogisticCalibration"
            )
        if not self.weight > 0 or not 0 <= self.threshold <= 1:
            raise ConfigError(
                f"{self.name}: weight is {self.weight} and threshold {self.threshold}; expected a "
                "weight above 0 and a threshold within [0, 1]"
            )
        counts = (self.max_attempts, self.give_up_after, self.batch_size or 1)
        if min(counts) < 1 or self.cache_size < 0:
            raise ConfigError(
                f"{self.name}: max_attempts, give_up_after and batch_size must be at least 1 and "
                f"cache_size at least 0; got {counts} and {self.cache_size}"
            )


@dataclass(frozen=True)
class Failed:
    """A source's answer for one response that it could not score, while it scored others.

    Attributes:
        detail: What went wrong, for the audit.
    """

    detail: str


class Asker:
    """Asks one source, with its cache, timeout, retries and counters.

    Args:
        source: The source.
        sleep: Waits between attempts.
    """

    def __init__(
        self, source: RewardSource, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.source = source
        self.sleep = sleep
        self.cache: OrderedDict[str, float | None] = OrderedDict()
        self.totals: Counter = Counter()

    def ask(
        self, prompts: Sequence[Prompt], responses: Sequence[str], groups: Sequence[int]
    ) -> list[RewardAudit]:
        """Score responses and calibrate the answers.

        Args:
            prompts: One per response.
            responses: The responses.
            groups: Group number of each response, for calibration within groups.

        Returns:
            One audit row per response; `value` is None where the source has no say.

        Raises:
            VerifierError: Where all attempts failed and the source says `on_error="raise"`.
        """
        keys = [_cache_key(p, r) for p, r in zip(prompts, responses, strict=True)]
        rows: list[RewardAudit | None] = [self._from_cache(key) for key in keys]
        missing = [place for place, row in enumerate(rows) if row is None]
        size = self.source.batch_size or max(len(missing), 1)
        failures = 0
        for start in range(0, len(missing), size):
            places = missing[start : start + size]
            if failures >= self.source.give_up_after:
                answered = self._failed(len(places), "skipped", "earlier batches failed", 0, 0.0)
            else:
                answered = self._call(
                    [prompts[place] for place in places], [responses[place] for place in places]
                )
                bad = answered[0].status in ("error", "timeout")
                failures = failures + 1 if bad else 0
            for place, row in zip(places, answered, strict=True):
                rows[place] = row
                if row.status in ("scored", "abstained") and self.source.cache_size:
                    self._remember(keys[place], row.raw)
        done = [row for row in rows if row is not None]
        for row in done:
            self.totals[row.status] += 1
            self.totals["cached"] += row.cached
            self.totals["cost"] += row.cost
            self.totals["seconds"] += row.seconds
        return self._calibrate(done, groups)

    def _from_cache(self, key: str) -> RewardAudit | None:
        if key not in self.cache:
            return None
        self.cache.move_to_end(key)
        raw = self.cache[key]
        status = "abstained" if raw is None else "scored"
        return RewardAudit(source=self.source.name, status=status, raw=raw, cached=True, attempts=0)

    def _remember(self, key: str, raw: float | None) -> None:
        self.cache[key] = raw
        while len(self.cache) > self.source.cache_size:
            self.cache.popitem(last=False)

    def _call(self, prompts: list[Prompt], responses: list[str]) -> list[RewardAudit]:
        source = self.source
        status, detail, seconds = "error", "", 0.0
        for attempt in range(1, source.max_attempts + 1):
            start = time.perf_counter()
            try:
                answers = call_with_timeout(
                    lambda: source.score(prompts, responses), source.timeout_seconds
                )
                seconds = time.perf_counter() - start
                if isinstance(answers, (str, bytes)) or len(answers) != len(responses):
                    raise VerifierError(
                        f"answered with {type(answers).__name__} of another length than the "
                        f"{len(responses)} responses"
                    )
                share = seconds / len(responses)
                return [self._row(answer, attempt, share) for answer in answers]
            except TimeoutError as error:
                status, detail = "timeout", str(error)
            except Exception as error:
                status, detail = "error", f"{type(error).__name__}: {error}"
            seconds = time.perf_counter() - start
            if attempt < source.max_attempts and source.retry_wait_seconds:
                self.sleep(source.retry_wait_seconds * 2 ** (attempt - 1))
        if source.on_error == "raise":
            raise VerifierError(
                f"reward source {source.name!r} failed {source.max_attempts} times: {detail}; fix "
                "it or set on_error='abstain'"
            )
        return self._failed(
            len(responses), status, detail, source.max_attempts, seconds / len(responses)
        )

    def _failed(
        self, count: int, status: str, detail: str, attempts: int, seconds: float
    ) -> list[RewardAudit]:
        row = RewardAudit(
            source=self.source.name,
            status=status,
            attempts=attempts,
            detail=detail,
            seconds=seconds,
        )
        return [row] * count

    def _row(self, answer: Any, attempts: int, seconds: float) -> RewardAudit:
        failed = isinstance(answer, Failed)
        number, problem = (None, answer.detail) if failed else as_number(answer)
        low, high = self.source.value_range
        status = "scored"
        if failed:
            status = "error"
        elif problem:
            status = "invalid"
        elif number is None:
            status = "abstained"
        elif not low <= number <= high:
            status, problem = "invalid", f"{number} is outside [{low}, {high}]"
        return RewardAudit(
            source=self.source.name,
            status=status,
            raw=number,
            attempts=attempts,
            seconds=seconds,
            cost=self.source.cost_per_response,
            detail=problem,
        )

    def _calibrate(self, rows: list[RewardAudit], groups: Sequence[int]) -> list[RewardAudit]:
        source = self.source
        numbers = [row.raw if row.status == "scored" else None for row in rows]
        values = source.calibration.calibrate(numbers, groups, source.value_range)
        if source.sign_rule == "threshold":
            values = [None if v is None else float(v >= source.threshold) for v in values]
        return [_with_value(row, value) for row, value in zip(rows, values, strict=True)]


def _with_value(row: RewardAudit, value: float | None) -> RewardAudit:
    return RewardAudit(**{**row.__dict__, "value": value})


def as_number(answer: Any) -> tuple[float | None, str]:
    """Read a number from an answer.

    Args:
        answer: Number, bool, None or an object with `reward`, `value` or `score`.

    Returns:
        The number (None for an abstention or a problem) and the problem ("" for none).
    """
    if answer is None:
        return None, ""
    if not isinstance(answer, (bool, int, float, str, bytes)):
        for name in SCORE_ATTRIBUTES:
            if hasattr(answer, name):
                return as_number(getattr(answer, name))
    if isinstance(answer, (str, bytes)):
        return None, f"a {type(answer).__name__}: {str(answer)[:80]!r}"
    try:
        number = float(answer)
    except (TypeError, ValueError, OverflowError):
        return None, f"a {type(answer).__name__} that is not a number"
    if not math.isfinite(number):
        return None, f"{number}"
    return number, ""


def _cache_key(prompt: Prompt, response: str) -> str:
    text = f"{len(prompt.key)}:{prompt.key}:{response}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
