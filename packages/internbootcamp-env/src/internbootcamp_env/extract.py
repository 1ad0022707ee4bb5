r"""Find the final answer in a response, in linear time and without nested regular expressions.

Reasoning up to the last `</think>` is dropped. What is left is searched for the wrapper that
closes last, among `<answer>…</answer>`, `\boxed{…}`, a fenced block and a line `Answer: …`
(or `答案：…`). With `wrapper="plain"` the whole stripped text is the answer. Only the last
`TAIL_CHARS` characters are searched, and only a handful of openings of each kind, so ten
thousand unclosed tags cost no more than one.
"""

from collections.abc import Callable

from .errors import OverLimitAnswer, RequestError, UnparsableAnswer
from .limits import MAX_RESPONSE_CHARS, TAIL_CHARS, require_length

WRAPPERS = ("answer", "boxed", "fence", "line")
"""Closed wrappers, in the order in which ties are settled."""

_TRIES = 4
_MARKERS = ("answer:", "answer：", "答案:", "答案：")
_DECORATIONS = (("$$", "$$"), ("$", "$"), (r"\(", r"\)"), ("**", "**"), ("`", "`"))


def wrap(answer: str, wrapper: str) -> str:
    """Write an answer the way a well-behaved response would.

    Args:
        answer: Text of the answer, possibly of several lines.
        wrapper: `plain`, or one of `WRAPPERS`.
    """
    forms = {
        "plain": "{}",
        "answer": "<answer>{}</answer>",
        "boxed": r"\boxed{{{}}}",
        "fence": "```\n{}\n```",
        "line": "Answer: {}",
    }
    if wrapper not in forms:
        raise RequestError(f"wrapper must be one of {sorted(forms)}, got {wrapper!r}")
    return forms[wrapper].format(answer)


def extract(response: str, wrapper: str = "auto", *, multiline: bool = False) -> str:
    """Return the text of the final answer, stripped.

    Args:
        response: What the model wrote.
        wrapper: `auto` (any of `WRAPPERS`), `plain` (everything), or one of `WRAPPERS`.
        multiline: Whether an answer may span lines (only matters after an `Answer:` marker).

    Raises:
        UnparsableAnswer: If no closed wrapper is there, or the reasoning was never closed.
        OverLimitAnswer: If the response or the answer is too long.
        RequestError: If `wrapper` is unknown.
    """
    if len(response) > MAX_RESPONSE_CHARS:
        raise OverLimitAnswer(
            f"response has {len(response)} characters; at most {MAX_RESPONSE_CHARS} are read"
        )
    end = response.rfind("</think>")
    if end >= 0:
        response = response[end + 8 :]
    elif "<think>" in response:
        raise UnparsableAnswer("the reasoning was opened by <think> and never closed")
    if wrapper == "plain":
        answer = response.strip()
    else:
        answer = _last_closed(response[-TAIL_CHARS:], wrapper, multiline)
    require_length(answer)
    return answer


def _last_closed(text: str, wrapper: str, multiline: bool) -> str:
    finders: dict[str, Callable[[str, bool], tuple[int, str] | None]] = {
        "answer": _find_tag,
        "boxed": _find_boxed,
        "fence": _find_fence,
        "line": _find_line,
    }
    if wrapper != "auto" and wrapper not in finders:
        raise RequestError(
            f"wrapper must be 'auto', 'plain' or one of {sorted(finders)}, got {wrapper!r}"
        )
    chosen = finders.values() if wrapper == "auto" else [finders[wrapper]]
    found = [hit for finder in chosen if (hit := finder(text, multiline))]
    if not found:
        raise UnparsableAnswer("no closed answer wrapper in the response")
    return unwrap(max(found, key=lambda hit: hit[0])[1])


def _find_tag(text: str, _multiline: bool) -> tuple[int, str] | None:
    close = text.rfind("</answer>")
    start = text.rfind("<answer>", 0, close) if close >= 0 else -1
    return (close + 9, text[start + 8 : close]) if start >= 0 else None


def _closing_brace(text: str, start: int) -> int:
    """Return the index of the brace that closes the one just before `start`, or -1."""
    depth = 1
    while depth:
        close = text.find("}", start)
        if close < 0:
            return -1
        depth += text.count("{", start, close) - 1
        start = close + 1
        if depth > 50:
            return -1
    return start - 1


def _find_boxed(text: str, _multiline: bool) -> tuple[int, str] | None:
    before = len(text)
    for _ in range(_TRIES):
        before = text.rfind("\\boxed{", 0, before)
        if before < 0:
            return None
        close = _closing_brace(text, before + 7)
        if close >= 0:
            return close + 1, text[before + 7 : close]
    return None


def _find_fence(text: str, _multiline: bool) -> tuple[int, str] | None:
    close = text.rfind("```")
    start = text.rfind("```", 0, close) if close >= 0 else -1
    if start < 0:
        return None
    body = text[start + 3 : close]
    info, newline, rest = body.partition("\n")
    if newline and " " not in info.strip() and len(info) < 20:
        body = rest
    return close + 3, body


def _find_line(text: str, multiline: bool) -> tuple[int, str] | None:
    lowered = text.lower()
    if len(lowered) != len(text):  # a few letters change length when lowered
        lowered = text
    start, marker = max((lowered.rfind(marker), marker) for marker in _MARKERS)
    if start < 0:
        return None
    line_start = text.rfind("\n", 0, start) + 1
    if text[line_start:start].strip("*#> \t").lower() not in ("", "final", "the", "the final"):
        return None
    body_start = start + len(marker)
    if multiline:
        return body_start, text[body_start:].removeprefix("**")
    newline = text.find("\n", body_start)
    line_end = len(text) if newline < 0 else newline
    return line_end, text[body_start:line_end].removeprefix("**")


def unwrap(answer: str) -> str:
    r"""Take off wrappers and emphasis that enclose the whole answer, a few layers deep.

    `$\boxed{42}$` and `**42**` both become `42`; `$a$ or $b$` stays as it is.
    """
    for _ in range(_TRIES):
        answer = answer.strip()
        inner = _peel(answer)
        if inner is None:
            break
        answer = inner
    return answer.strip()


def _peel(answer: str) -> str | None:
    if answer.startswith("<answer>") and answer.endswith("</answer>"):
        return answer[8:-9]
    if answer.startswith("\\boxed{") and _closing_brace(answer, 7) == len(answer) - 1:
        return answer[7:-1]
    if answer.startswith("```") and answer.endswith("```") and len(answer) >= 6:
        found = _find_fence(answer, True)
        return found[1] if found and answer.count("```") == 2 else None
    for left, right in _DECORATIONS:
        body = answer[len(left) : -len(right)]
        if answer.startswith(left) and answer.endswith(right) and body.strip(" "):
            return None if left in body or right in body else body
    return None
