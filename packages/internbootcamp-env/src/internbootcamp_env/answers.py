"""Kinds of answers: how each is read, written, described to a model and spoilt for the audit.

A kind turns extracted text into a plain JSON value with a bounded parser (`parse`), writes a
value in the form the prompt asks for (`format`), tells that form in English and Chinese
(`describe`), and makes values that are near and different (`near`), from which wrong answers
are written. Two values are the same answer exactly when they are equal.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

from .draws import Draws
from .errors import OverLimitAnswer, UnparsableAnswer
from .limits import MAX_ITEMS
from .numbers import parse_fraction, parse_integer

Json = Any
"""A value of plain JSON: None, bool, int, float, str, list or dict with string keys."""

_SEPARATORS = re.compile(r" *, *| +")
_BRACKETS = {"[": "]", "(": ")", "{": "}"}


class AnswerKind(Protocol):
    """What a task needs to know about the form of its answers."""

    multiline: bool

    def parse(self, text: str) -> Json:
        """Read a value; raise `UnparsableAnswer` or `OverLimitAnswer` if the text has none."""
        ...

    def format(self, value: Json) -> str:
        """Write a value so that `parse` reads it back."""
        ...

    def describe(self, lang: str) -> str:
        """Say in one sentence how to write the answer, in `en` or `zh`."""
        ...

    def near(self, value: Json, draws: Draws) -> list[Json]:
        """Return values that are close to `value` and different from it."""
        ...


def _quote(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _enclosed(text: str) -> bool:
    """Tell whether the bracket that opens a text is closed by its last character."""
    if len(text) < 2 or _BRACKETS.get(text[0]) != text[-1]:
        return False
    depth = 0
    for place, mark in enumerate(text):
        depth += (mark == text[0]) - (mark == text[-1])
        if not depth:
            return place == len(text) - 1
    return False


def split_items(text: str) -> list[str]:
    """Split `1 2 3`, `1, 2, 3` or `[1, 2, 3]` into its items; `none` and `[]` are empty.

    Raises:
        UnparsableAnswer: If an item is missing.
        OverLimitAnswer: If there are more than `MAX_ITEMS` items.
    """
    text = text.strip()
    if _enclosed(text):
        text = text[1:-1].strip()
        if not text:
            return []
    if text.lower() in ("none", "无"):
        return []
    if text.count(" ") + text.count(",") > 2 * MAX_ITEMS:
        raise OverLimitAnswer(f"more than {MAX_ITEMS} items")
    items = _SEPARATORS.split(text)
    if not all(items):
        raise UnparsableAnswer("a list item is missing")
    return items


@dataclass(frozen=True)
class Integer:
    """One integer in base ten."""

    multiline = False

    def parse(self, text: str) -> int:
        """Read `42`, `-7` or `1,000`."""
        return parse_integer(text)

    def format(self, value: int) -> str:
        """Write the digits."""
        return str(value)

    def describe(self, lang: str) -> str:
        """Say that the answer is one integer."""
        return {"en": "The answer is one integer.", "zh": "答案是一个整数。"}[lang]

    def near(self, value: int, draws: Draws) -> list[int]:
        """Off by one, off by ten, sign flipped, digits reversed, one digit lost."""
        digits = str(abs(value))
        lost = digits[:-1] or "9"
        candidates = [value + 1, value - 1, value + 10, -value, int(digits[::-1]), int(lost)]
        return [other for other in candidates if other != value]


@dataclass(frozen=True)
class Rational:
    """One exact number, stored as `3` or `-3/4`; a finite decimal of equal value is accepted."""

    multiline = False

    def parse(self, text: str) -> str:
        """Read a fraction and bring it to lowest terms."""
        return str(parse_fraction(text))

    def format(self, value: str) -> str:
        """Write the fraction in lowest terms."""
        return value

    def describe(self, lang: str) -> str:
        """Say that the answer is an integer or a fraction."""
        return {
            "en": "The answer is an integer or a fraction such as -3/4.",
            "zh": "答案是整数或分数，例如 -3/4。",
        }[lang]

    def near(self, value: str, draws: Draws) -> list[str]:
        """Negated, inverted, off by one, numerator or denominator off by one."""
        exact = Fraction(value)
        top, bottom = exact.numerator, exact.denominator
        candidates = [-exact, exact + 1, exact - 1, exact + Fraction(1, 2)]
        candidates += [Fraction(top + 1, bottom), Fraction(top, bottom + 1)]
        if top:
            candidates.append(1 / exact)
        return [str(other) for other in dict.fromkeys(candidates) if other != exact]


@dataclass(frozen=True)
class Word:
    """One word without inner spaces, compared exactly.

    Args:
        alphabet: Characters it may have, or empty for any printable one.
        en: Sentence that describes it in English.
        zh: The same in Chinese.
    """

    alphabet: str = ""
    en: str = "The answer is one word without spaces."
    zh: str = "答案是一个不含空格的词。"
    multiline = False

    def parse(self, text: str) -> str:
        """Read one word; one pair of quotes around it is ignored."""
        if len(text) > 2 and text[0] == text[-1] and text[0] in "\"'":
            text = text[1:-1]
        if not text or any(ch.isspace() for ch in text) or not text.isprintable():
            raise UnparsableAnswer(f"expected one word, got {_quote(text)}")
        if self.alphabet and not set(text) <= set(self.alphabet):
            raise UnparsableAnswer(f"expected only {self.alphabet!r}, got {_quote(text)}")
        return text

    def format(self, value: str) -> str:
        """Write the word."""
        return value

    def describe(self, lang: str) -> str:
        """Return the sentence given for this task."""
        return self.en if lang == "en" else self.zh

    def near(self, value: str, draws: Draws) -> list[str]:
        """One letter lost, doubled, replaced; two swapped; reversed."""
        place, other = draws.below(len(value)), draws.below(len(value))
        letters = self.alphabet or value + "xyz"
        swapped = list(value)
        swapped[place], swapped[other] = swapped[other], swapped[place]
        candidates = [
            value[:-1],
            value[:place] + value[place] + value[place:],
            value[:place] + value[place + 1 :],
            "".join(swapped),
            value[::-1],
            value + draws.pick(letters),
        ]
        for letter in draws.sample(letters, min(3, len(letters))):
            candidates.append(value[:place] + letter + value[place + 1 :])
        return [text for text in dict.fromkeys(candidates) if text and text != value]


@dataclass(frozen=True)
class Choice:
    """One of a few words, without regard to the case of ASCII letters.

    Args:
        options: The allowed answers.
    """

    options: tuple[str, ...] = ("yes", "no")
    multiline = False

    def parse(self, text: str) -> str:
        """Read one option."""
        lowered = text.lower() if text.isascii() else text
        for option in self.options:
            if lowered in (option, option.lower()):
                return option
        raise UnparsableAnswer(f"expected one of {', '.join(self.options)}, got {_quote(text)}")

    def format(self, value: str) -> str:
        """Write the option."""
        return value

    def describe(self, lang: str) -> str:
        """List the options."""
        listed = ", ".join(self.options)
        return {"en": f"The answer is one of: {listed}.", "zh": f"答案是其中之一：{listed}。"}[lang]

    def near(self, value: str, draws: Draws) -> list[str]:
        """Every other option."""
        return [option for option in self.options if option != value]


@dataclass(frozen=True)
class Integers:
    """A list of integers in the order asked for, or in any order.

    Args:
        ordered: Whether the order matters. If not, values are kept sorted.
    """

    ordered: bool = True
    multiline = False

    def parse(self, text: str) -> list[int]:
        """Read `1 2 3`, `1, 2, 3` or `[1, 2, 3]`."""
        values = [parse_integer(item) for item in split_items(text)]
        return values if self.ordered else sorted(values)

    def format(self, value: Sequence[int]) -> str:
        """Write the numbers separated by spaces."""
        return " ".join(map(str, value)) or "none"

    def describe(self, lang: str) -> str:
        """Ask for integers separated by spaces."""
        return {
            "en": "Write the integers separated by spaces (or 'none').",
            "zh": "写出整数，以空格分隔（没有则写 none）。",
        }[lang]

    def near(self, value: list[int], draws: Draws) -> list[list[int]]:
        """One item lost, changed or added; two neighbours swapped; reversed."""
        return _near_lists(value, [v + 1 for v in value] or [0], self.ordered, draws)


@dataclass(frozen=True)
class Words:
    """A list of words in the order asked for, or in any order.

    Args:
        ordered: Whether the order matters. If not, values are kept sorted.
        example: A word that can stand in a wrong answer.
    """

    ordered: bool = True
    example: str = "x"
    multiline = False

    def parse(self, text: str) -> list[str]:
        """Read `a b c`, `a, b, c` or `[a, b, c]`."""
        items = split_items(text)
        if not all(item.isprintable() for item in items):
            raise UnparsableAnswer("a list item has an unprintable character")
        return items if self.ordered else sorted(items)

    def format(self, value: Sequence[str]) -> str:
        """Write the words separated by spaces."""
        return " ".join(value) or "none"

    def describe(self, lang: str) -> str:
        """Ask for words separated by spaces."""
        return {
            "en": "Write the items separated by spaces (or 'none').",
            "zh": "写出各项，以空格分隔（没有则写 none）。",
        }[lang]

    def near(self, value: list[str], draws: Draws) -> list[list[str]]:
        """One item lost, changed or added; two neighbours swapped; reversed."""
        return _near_lists(value, [self.example] * max(1, len(value)), self.ordered, draws)


def _near_lists(value: list, fresh: list, ordered: bool, draws: Draws) -> list[list]:
    place = draws.below(len(value)) if value else 0
    candidates = [value[:-1], value[1:], [*value, fresh[0]], [*value, *value[-1:]]]
    if value:
        candidates.append([*value[:place], fresh[place], *value[place + 1 :]])
        candidates.append([*value[:-2], *value[:-3:-1]])
        candidates.append(value[::-1])
    if not ordered:
        candidates = [sorted(items) for items in candidates]
    kept: list[list] = []
    for items in candidates:
        if items != value and items not in kept:
            kept.append(items)
    return kept
