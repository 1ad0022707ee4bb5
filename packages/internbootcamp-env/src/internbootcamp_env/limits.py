"""Bounds on everything that comes from a model, checked before any parsing.

Linear work on at most `TAIL_CHARS` characters keeps one verdict far below a second whatever the
text is: Python's own `int()` is quadratic in the number of digits and a power can be unbounded,
so numbers are measured as text first.
"""

from .errors import OverLimitAnswer

MAX_RESPONSE_CHARS = 4_000_000
"""Longer responses are over the limit; nothing in them is read."""

TAIL_CHARS = 131_072
"""The answer is looked for in this many last characters of a response."""

MAX_ANSWER_CHARS = 65_536
"""Longest extracted answer that a parser will look at."""

MAX_DIGITS = 4_000
"""Most digits in one number (Python refuses `int()` above 4,300 by default)."""

MAX_EXPONENT = 400
"""Largest magnitude of a power of ten in scientific notation."""

MAX_ITEMS = 10_000
"""Most items in one list answer."""

MAX_DEPTH = 200
"""Deepest nesting in an expression answer."""


def require_length(text: str, limit: int = MAX_ANSWER_CHARS, what: str = "answer") -> None:
    """Refuse a text that is too long to look at.

    Args:
        text: Text to measure.
        limit: Largest accepted length, in characters.
        what: What the text is, for the message.

    Raises:
        OverLimitAnswer: If `text` is longer than `limit`.
    """
    if len(text) > limit:
        raise OverLimitAnswer(f"{what} has {len(text)} characters; at most {limit} are read")
