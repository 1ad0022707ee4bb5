r"""Rule verifiers: cutting out the final answer, exact and numeric match, and math-verify.

The answer is what the response commits to at its end: the last `\boxed{...}`, else the text after
the last marker such as `**Final Answer**`. A response that lists several candidates in separate
boxes is judged by the last box only. No text is ever evaluated. `MathRule` runs math-verify
(symbolic equality) in a worker process that is killed when it takes too long.
"""

import atexit
import contextlib
import json
import re
import select
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from oreal_rl.errors import ConfigError, VerifierError
from oreal_rl.types import Prompt

MARKERS = ("<conclude>", "**Final Answer**", "</think>")  # the released OREAL verifier's
MAX_ANSWER_CHARS = 2_000
START_SECONDS = 120.0
_NUMBER = re.compile(r"[+-]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?(e[+-]?\d{1,3})?", re.IGNORECASE)


def last_boxed(text: str) -> str | None:
    r"""Content of the last closed `\boxed{...}`, braces balanced.

    Args:
        text: A response.

    Returns:
        The content, or None where there is no closed box.
    """
    end = len(text)
    while (start := text.rfind("\\boxed{", 0, end)) >= 0:
        depth = 0
        first = start + len("\\boxed{") - 1
        for place in range(first, min(len(text), first + MAX_ANSWER_CHARS)):
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            if depth == 0:
                return text[first + 1 : place].strip()
        end = start
    return None


def final_answer(text: str, *, require_box: bool = False) -> str | None:
    """Cut out the answer that a response commits to.

    Args:
        text: A response.
        require_box: Accept a boxed answer only.

    Returns:
        The answer, or None where there is none or it is longer than 2,000 characters.
    """
    tail = text
    for marker in MARKERS:
        place = tail.rfind(marker)
        if place >= 0:
            tail = tail[place + len(marker) :]
    boxed = last_boxed(tail)
    if boxed is not None:
        return boxed
    if require_box:
        return None
    tail = tail.strip()
    return tail if 0 < len(tail) <= MAX_ANSWER_CHARS else None


def parse_number(text: str) -> Decimal | None:
    """Read a plain decimal number such as "-1,234.5"; nothing is evaluated.

    Args:
        text: At most 100 characters are looked at.

    Returns:
        The number, or None.
    """
    text = text.strip().removeprefix("$").removesuffix("$").strip()
    if not text or len(text) > 100 or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text.replace(",", ""))
    except InvalidOperation:
        return None


def exact_match(prompts: Sequence[Prompt], responses: Sequence[str]) -> list[bool]:
    """Compare each response with `prompt.case`, blanks around it aside.

    Args:
        prompts: Their `case` is the wanted text.
        responses: The responses.

    Returns:
        Whether they are equal.
    """
    return [r.strip() == str(p.case).strip() for p, r in zip(prompts, responses, strict=True)]


def number_match(prompts: Sequence[Prompt], responses: Sequence[str]) -> list[bool | None]:
    """Compare final answers as decimal numbers.

    Args:
        prompts: Their `case` is the wanted number, as text or number.
        responses: The responses.

    Returns:
        Whether they are equal; None where the wanted answer is not a plain number.
    """
    results: list[bool | None] = []
    for prompt, response in zip(prompts, responses, strict=True):
        wanted = parse_number(str(prompt.case))
        answer = final_answer(response)
        got = None if answer is None else parse_number(answer)
        results.append(None if wanted is None else got is not None and got == wanted)
    return results


class MathRule:
    """Symbolic equality of the final answer with `prompt.case`, within a time limit.

    Args:
        seconds: Longest time per answer; then the worker is killed and the answer abstains.
        require_box: Accept a boxed answer only.

    Raises:
        ConfigError: For a limit that is not positive.
    """

    def __init__(self, *, seconds: float = 5.0, require_box: bool = True) -> None:
        if not seconds > 0:
            raise ConfigError(f"seconds is {seconds}; expected above 0")
        self.seconds = seconds
        self.require_box = require_box
        self._process: Any = None
        self.num_killed = 0

    def __call__(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[bool | None]:
        """Verify responses.

        Args:
            prompts: Their `case` is the wanted answer.
            responses: The responses.

        Returns:
            Whether each is right; None where the check took too long or failed.
        """
        results: list[bool | None] = []
        for prompt, response in zip(prompts, responses, strict=True):
            answer = final_answer(response, require_box=self.require_box)
            gold = str(prompt.case).strip()
            if answer is None:
                results.append(False)
            elif answer == gold:
                results.append(True)
            else:
                results.append(self._ask(gold[:MAX_ANSWER_CHARS], answer[:MAX_ANSWER_CHARS]))
        return results

    def _ask(self, gold: str, answer: str) -> bool | None:
        if self._process is None:
            self._start()
        reply = self._exchange(gold, answer, self.seconds)
        return reply[1] if reply is not None and reply[0] == "ok" else None

    def _start(self) -> None:
        worker = Path(__file__).with_name("math_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, "-P", str(worker)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        atexit.register(self.close)
        # The first import of sympy takes seconds; it must not count against the first answer.
        reply = self._exchange("1", "1", START_SECONDS)
        if reply != ["ok", True]:
            self.close()
            raise VerifierError(
                f"the math worker did not start: {reply}; install the extra: "
                "pip install 'oreal-rl[math]'"
            )

    def _exchange(self, gold: str, answer: str, seconds: float) -> list[Any] | None:
        """Send one request; None where the worker died or had to be killed."""
        process = self._process
        try:
            process.stdin.write(json.dumps([gold, answer]) + "\n")
            process.stdin.flush()
            ready, _, _ = select.select([process.stdout], [], [], seconds)
            line = process.stdout.readline() if ready else ""
        except OSError:
            line, ready = "", [process.stdout]
        if not line:
            self.num_killed += not ready
            self.close()
            return None
        return json.loads(line)

    def close(self) -> None:
        """Kill the worker; the next answer starts a new one."""
        atexit.unregister(self.close)
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process.stdout.close()
            with contextlib.suppress(OSError):  # a dead worker leaves its pipe unflushed
                self._process.stdin.close()
        self._process = None
