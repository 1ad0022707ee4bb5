"""Bounded parsers for numbers in answers.

Only ASCII digits are read. The minus sign may be `-` or U+2212, as typeset text has it. Refused:
leading zeros, `-0`, `1_000`, `0x10`, `1e999`, `nan`, `inf`, full-width and superscript digits, and
every expression. Nothing here evaluates.
"""

import re
from fractions import Fraction

from .errors import OverLimitAnswer, UnparsableAnswer
from .limits import MAX_DIGITS, MAX_EXPONENT

_INTEGER = re.compile(r"([+-]?)(0|[1-9][0-9]*)", re.ASCII)
_GROUPED = re.compile(r"([+-]?)([1-9][0-9]{0,2}(?:,[0-9]{3})+)", re.ASCII)
_DECIMAL = re.compile(r"([+-]?)(0|[1-9][0-9]*)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]{1,4}))?", re.ASCII)
_FRACTION = re.compile(r"([+-]?[0-9]+) ?/ ?([0-9]+)", re.ASCII)
_LATEX = re.compile(r"([+-]?)\\[dt]?frac\{([+-]?[0-9]+)\}\{([0-9]+)\}", re.ASCII)
_TIMES_TEN = re.compile(r" ?(?:\*|×|x|\\times|\\cdot|·) ?10 ?(?:\^|\*\*) ?\{?([+-]?[0-9]{1,4})\}?$")


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _bounded(text: str) -> str:
    if len(text) > MAX_DIGITS + 8:
        raise OverLimitAnswer(f"number of {len(text)} characters; at most {MAX_DIGITS} digits")
    return text.strip().replace("\N{MINUS SIGN}", "-")


def parse_integer(text: str) -> int:
    """Read one integer such as `42`, `-7`, `+5` or `1,000`.

    Raises:
        UnparsableAnswer: If the text is anything else.
        OverLimitAnswer: If it has more than `MAX_DIGITS` digits.
    """
    text = _bounded(text)
    if _INTEGER.fullmatch(text) and text != "-0":
        return int(text)
    if _GROUPED.fullmatch(text):
        return int(text.replace(",", ""))
    raise UnparsableAnswer(f"expected one integer, got {_shorten(text)}")


def parse_fraction(text: str) -> Fraction:
    r"""Read an exact rational: `3`, `-3/4`, `\frac{3}{4}` or a finite decimal such as `0.75`.

    Raises:
        UnparsableAnswer: If the text is anything else, or the denominator is zero.
        OverLimitAnswer: If a number in it is too long.
    """
    text = _bounded(text)
    if match := _FRACTION.fullmatch(text):
        top, bottom = match.groups()
    elif match := _LATEX.fullmatch(text):
        sign, top, bottom = match.groups()
        top = f"-{top}".replace("--", "") if sign == "-" else top
    else:
        return parse_decimal(text)
    if not int(bottom):
        raise UnparsableAnswer("the denominator is zero")
    return Fraction(int(top), int(bottom))


def parse_decimal(text: str) -> Fraction:
    """Read a decimal number exactly: `2`, `-0.5`, `6.02e23`, `6.02 × 10^23`, `1,234.5`.

    Raises:
        UnparsableAnswer: If the text is anything else.
        OverLimitAnswer: If it is too long or its power of ten exceeds `MAX_EXPONENT`.
    """
    text = _bounded(text)
    exponent = 0
    if match := _TIMES_TEN.search(text):
        exponent = int(match.group(1))
        text = text[: match.start()]
    whole, dot, rest = text.partition(".")
    if _GROUPED.fullmatch(whole):
        text = whole.replace(",", "") + dot + rest
    match = _DECIMAL.fullmatch(text)
    if not match:
        raise UnparsableAnswer(f"expected a number, got {_shorten(text)}")
    sign, digits, decimals, power = match.groups()
    decimals = decimals or ""
    exponent += int(power or 0)
    if abs(exponent) > MAX_EXPONENT:
        raise OverLimitAnswer(f"power of ten {exponent}; at most {MAX_EXPONENT} in magnitude")
    value = Fraction(int(digits + decimals)) * Fraction(10) ** (exponent - len(decimals))
    return -value if sign == "-" else value


def format_fraction(value: Fraction) -> str:
    """Write a rational as `3` or `-3/4`."""
    return str(value)
