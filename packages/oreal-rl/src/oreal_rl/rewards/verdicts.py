"""From whatever a verifier answers to a `Verdict` with a reward in [0, 1]."""

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

from oreal_rl.errors import RewardValueError, VerifierError
from oreal_rl.types import Prompt, Verdict

Result = TypeVar("Result")
SCORE_ATTRIBUTES = ("reward", "value", "score")


def call_with_timeout(function: Callable[[], Result], seconds: float | None) -> Result:
    """Call a function and stop waiting after some seconds.

    The call runs in a daemon thread. Python cannot end a thread, so a hung call goes on in the
    background until it returns or the process ends; work that may hang often belongs in a process
    of its own (see `rewards.rules`).

    Args:
        function: What to call.
        seconds: Longest wait; None calls directly and waits for ever.

    Returns:
        The function's result.

    Raises:
        TimeoutError: After `seconds`.
    """
    if seconds is None:
        return function()
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["result"] = function()
        except BaseException as error:  # handed to the caller below
            outcome["error"] = error

    thread = threading.Thread(target=run, daemon=True, name="oreal-rl-call")
    thread.start()
    thread.join(seconds)
    if thread.is_alive():
        raise TimeoutError(f"no answer within {seconds} seconds")
    if "error" in outcome:
        raise outcome["error"]
    return outcome["result"]


def to_verdict(
    answer: Any,
    *,
    value_range: tuple[float, float] = (0.0, 1.0),
    invalid: Literal["abstain", "raise"] = "abstain",
) -> Verdict:
    """Turn one answer into a verdict.

    Args:
        answer: Number, bool, None, `Verdict`, or an object with `reward`, `value` or `score`.
        value_range: Range of the numbers; mapped linearly to [0, 1].
        invalid: What NaN, inf, strings and numbers out of range do.

    Returns:
        The verdict; its detail says why an invalid answer became an abstention.

    Raises:
        RewardValueError: For an invalid answer with `invalid="raise"`.
    """
    if isinstance(answer, Verdict):
        inner = to_verdict(answer.reward, value_range=(0.0, 1.0), invalid=invalid)
        return Verdict(
            reward=inner.reward, detail=answer.detail or inner.detail, audit=answer.audit
        )
    if answer is None:
        return Verdict(reward=None, detail="abstained")
    if isinstance(answer, bool):
        return Verdict(reward=float(answer))
    for name in SCORE_ATTRIBUTES:
        if hasattr(answer, name):
            return to_verdict(getattr(answer, name), value_range=value_range, invalid=invalid)
    low, high = value_range
    problem = None
    if isinstance(answer, (str, bytes)):
        problem = f"a {type(answer).__name__}: {str(answer)[:80]!r}"
    else:
        try:
            number = float(answer)
        except (TypeError, ValueError, OverflowError):
            problem = f"a {type(answer).__name__} that is not a number"
        else:
            if math.isfinite(number) and low <= number <= high:
                return Verdict(reward=(number - low) / (high - low))
            problem = f"{number}"
    message = (
        f"a reward is {problem}; expected a number in [{low}, {high}], a bool or None; "
        "fix the verifier or declare its reward_range"
    )
    if invalid == "raise":
        raise RewardValueError(message)
    return Verdict(reward=None, detail=message)


def verify_all(
    verifier: Callable[[Sequence[Prompt], Sequence[str]], Sequence[Any]],
    prompts: Sequence[Prompt],
    responses: Sequence[str],
    *,
    value_range: tuple[float, float] = (0.0, 1.0),
    invalid: Literal["abstain", "raise"] = "abstain",
    timeout_seconds: float | None = None,
) -> list[Verdict]:
    """Verify a batch of responses.

    Args:
        verifier: See `protocols.Verifier`.
        prompts: One prompt per response.
        responses: The responses.
        value_range: Range of the verifier's numbers.
        invalid: What an invalid reward does.
        timeout_seconds: Longest wait for the whole batch.

    Returns:
        One verdict per response.

    Raises:
        VerifierError: Where the verifier raises, hangs or answers with another length. A crash is
            never a reward of 0.
        RewardValueError: For an invalid reward with `invalid="raise"`.
    """
    try:
        answers = call_with_timeout(lambda: verifier(prompts, responses), timeout_seconds)
    except TimeoutError as error:
        raise VerifierError(
            f"the verifier gave no answer for {len(responses)} responses: {error}; make it faster, "
            "raise verifier_timeout_seconds, or wrap it in a RewardSource to abstain on timeouts"
        ) from error
    except Exception as error:
        raise VerifierError(
            f"the verifier raised {type(error).__name__}: {error}; fix it, or wrap it in a "
            "RewardSource to abstain on errors"
        ) from error
    try:
        count = len(answers)
    except TypeError:
        count = -1
    if isinstance(answers, (str, bytes)) or count != len(responses):
        raise VerifierError(
            f"the verifier answered with {type(answers).__name__} of length {count}; expected "
            f"{len(responses)} rewards, one per response"
        )
    return [to_verdict(item, value_range=value_range, invalid=invalid) for item in answers]
