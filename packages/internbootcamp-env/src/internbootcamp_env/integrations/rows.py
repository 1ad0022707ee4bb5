"""Rows of plain JSON from a mixture, which the adapters turn into other libraries' formats."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from internbootcamp_env.registry import Levels, get, stream


def rows(
    *patterns: str,
    split: str,
    seed: int,
    count: int,
    level: Levels = 1,
    weights: Mapping[str, int] | None = None,
    strata: str = "none",
    lang: str = "en",
    wording: int | str = "any",
    wrapper: str = "answer",
) -> Iterator[dict[str, Any]]:
    """Yield `count` rows with a chat prompt, the task id and the case as one JSON string.

    The arguments are those of `stream` and `Task.prompt`.
    """
    cases = stream(*patterns, split=split, seed=seed, level=level, weights=weights, strata=strata)
    for case in islice(cases, count):
        text = get(case.task).prompt(case, lang=lang, wording=wording, wrapper=wrapper)
        yield {
            "prompt": [{"role": "user", "content": text}],
            "task": case.task,
            "level": case.level,
            "case": case.to_json(),
        }


def text_of(completion: Any) -> str:
    """Return the text of a completion: a string, or a list of messages whose last one counts."""
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"] if completion else ""
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content or [])
