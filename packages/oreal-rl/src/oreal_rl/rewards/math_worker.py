"""Worker process of `rules.MathRule`: compares answers with math-verify, one JSON line each.

Run as a file, so that it imports math-verify and nothing else. Its memory is limited; the parent
kills it where an answer takes too long. The only importer of math_verify.

Request: `["gold", "answer"]`. Reply: `["ok", true | false | null]` or `["error", "text"]`; null
where the gold answer cannot be parsed.
"""

import contextlib
import json
import resource
import sys
from typing import Any

MEMORY_BYTES = 4 * 2**30


def check_math(gold: str, answer: str) -> bool | None:
    """Compare two answers symbolically.

    Args:
        gold: Wanted answer, LaTeX or plain.
        answer: Given answer.

    Returns:
        Whether they are equal; None where the wanted answer cannot be parsed.
    """
    import math_verify

    wanted = math_verify.parse(f"\\boxed{{{gold}}}", parsing_timeout=None)
    if not wanted:
        return None
    given = math_verify.parse(f"\\boxed{{{answer}}}", parsing_timeout=None)
    return bool(math_verify.verify(wanted, given, timeout_seconds=None))


def serve() -> None:
    """Answer requests on standard input until it closes."""
    with contextlib.suppress(ValueError, OSError):  # the limit may already be lower
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    replies = sys.stdout
    sys.stdout = sys.stderr  # a chatty library must not speak on the reply channel
    for line in sys.stdin:
        reply: list[Any]
        try:
            gold, answer = json.loads(line)
            reply = ["ok", check_math(gold, answer)]
        except Exception as error:
            reply = ["error", f"{type(error).__name__}: {error}"]
        replies.write(json.dumps(reply) + "\n")
        replies.flush()


if __name__ == "__main__":
    serve()
