"""Molecular formulas: a bounded parser, Hill order, and formulas as an answer kind.

Grammar: a formula is a run of units, each an element or a bracketed formula followed by an
optional count. Brackets nest up to `MAX_NESTING` deep; counts have up to six digits.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.elements import NUMBER
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer

MAX_NESTING = 8
MAX_CHARS = 2_000
_TOKEN = re.compile(r"([A-Z][a-z]?)|([(\[])|([)\]])", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,5}(?![0-9])", re.ASCII)


def composition(text: str) -> dict[str, int]:
    """Count the atoms of each element in a formula such as `Al2(SO4)3`.

    Raises:
        UnparsableAnswer: If the text is not a formula.
        OverLimitAnswer: If it is too long or nested too deep.
    """
    if len(text) > MAX_CHARS:
        raise OverLimitAnswer(f"formula of {len(text)} characters; at most {MAX_CHARS}")
    stack: list[dict[str, int]] = [{}]
    place = 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise UnparsableAnswer(f"{text[place]!r} cannot stand in a formula")
        place = match.end()
        symbol, opening, closing = match.groups()
        if opening:
            stack.append({})
            if len(stack) > MAX_NESTING:
                raise OverLimitAnswer(f"brackets nest deeper than {MAX_NESTING}")
            continue
        if closing:
            if len(stack) == 1:
                raise UnparsableAnswer("a bracket is closed that was not opened")
            unit = stack.pop()
        elif symbol in NUMBER:
            unit = {symbol: 1}
        else:
            raise UnparsableAnswer(f"{symbol!r} is not an element")
        count = _COUNT.match(text, place)
        place = count.end() if count else place
        times = int(count.group()) if count else 1
        for element, number in unit.items():
            stack[-1][element] = stack[-1].get(element, 0) + number * times
    if len(stack) != 1 or not stack[0]:
        raise UnparsableAnswer("the formula is empty or a bracket is not closed")
    return stack[0]


def hill(counts: Mapping[str, int]) -> str:
    """Write a composition in Hill order: carbon, hydrogen, then the rest by the alphabet."""
    if "C" in counts:
        order = ["C", *(["H"] if "H" in counts else [])]
        order += sorted(set(counts) - {"C", "H"})
    else:
        order = sorted(counts)
    return "".join(f"{e}{counts[e] if counts[e] > 1 else ''}" for e in order if counts[e])


@dataclass(frozen=True)
class Formula:
    """A molecular formula; the order of the elements does not matter."""

    multiline = False

    def parse(self, text: str) -> str:
        """Read a formula and write it in Hill order."""
        return hill(composition(text))

    def format(self, value: str) -> str:
        """Write the formula."""
        return value

    def describe(self, lang: str) -> str:
        """Ask for a formula with plain digits."""
        return {
            "en": "Write the molecular formula with plain digits, as in C2H6O.",
            "zh": "用普通数字写分子式，如 C2H6O。",
        }[lang]

    def near(self, value: str, draws: Draws) -> list[str]:
        """One atom more, one less, two counts swapped."""
        counts = composition(value)
        results = []
        for element in counts:
            results.append(hill({**counts, element: counts[element] + 1}))
            results.append(hill({**counts, element: counts[element] - 1}))
        first, *rest = counts
        for other in rest[:2]:
            results.append(hill({**counts, first: counts[other], other: counts[first]}))
        return [text for text in dict.fromkeys(results) if text and text != value]
