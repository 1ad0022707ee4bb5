"""Numbers with units: a bounded parser, a unit table with dimensions, and an answer kind.

Units are the SI base and derived units with their decimal prefixes, and the units accepted with
the SI or in wide use (SI Brochure, 9th edition, tables 2 to 8; exact factors where they are
defined, CODATA 2018 for the electronvolt's and dalton's measured ones). Products are written
with a space, `*` or `·`, quotients with `/`, powers with `^` or superscripts: `kJ/(mol K)`,
`m s^-2`. An answer may use any unit of the right dimension; one without its unit is not read.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from internbootcamp_env.draws import Draws
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer
from internbootcamp_env.numbers import parse_decimal

MAX_CHARS = 200
MAX_POWER = 9
Dimension = tuple[int, ...]
"""Powers of m, kg, s, A, K, mol, rad; the radian is kept apart so that degrees need a sign."""

_PI = Fraction("3.141592653589793238462643")
_BASE = {"m": 0, "g": 1, "s": 2, "A": 3, "K": 4, "mol": 5, "rad": 6}
_PREFIXES = {
    "p": -12, "n": -9, "µ": -6, "μ": -6, "u": -6, "m": -3, "c": -2, "d": -1, "h": 2, "k": 3,
    "M": 6, "G": 9, "T": 12,
}  # fmt: skip
_DERIVED: dict[str, tuple[str, str, bool]] = {
    # name: factor, in terms of, whether it takes prefixes
    "Hz": ("1", "1/s", True), "N": ("1", "kg m/s^2", True), "Pa": ("1", "N/m^2", True),
    "J": ("1", "N m", True), "W": ("1", "J/s", True), "C": ("1", "A s", True),
    "V": ("1", "J/C", True), "F": ("1", "C/V", True), "ohm": ("1", "V/A", True),
    "Ω": ("1", "V/A", True), "S": ("1", "A/V", True), "Wb": ("1", "V s", True),
    "T": ("1", "Wb/m^2", True), "H": ("1", "Wb/A", True), "L": ("0.001", "m^3", True),
    "l": ("0.001", "m^3", True), "M": ("1000", "mol/m^3", True), "bar": ("1e5", "Pa", True),
    "atm": ("101325", "Pa", False), "Torr": ("133.322368421", "Pa", False),
    "mmHg": ("133.322387415", "Pa", False), "eV": ("1.602176634e-19", "J", True),
    "Da": ("1.66053906660e-27", "kg", True), "cal": ("4.184", "J", True),
    "min": ("60", "s", False), "h": ("3600", "s", False), "d": ("86400", "s", False),
    "day": ("86400", "s", False), "days": ("86400", "s", False), "t": ("1000", "kg", False),
    "Å": ("1e-10", "m", False), "angstrom": ("1e-10", "m", False),
    "au": ("149597870700", "m", False), "pc": ("3.0856775814913673e16", "m", True),
    "ly": ("9460730472580800", "m", False), "%": ("0.01", "", False),
}  # fmt: skip
_FACTOR = re.compile(r"([A-Za-zµμΩÅ%°]+)(?:\^?\{?([+-]?[0-9]{1,2})\}?)?")
_NUMBER = re.compile(
    r"[+-]?[0-9][0-9,]*(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,4})?"
    r"(?: ?(?:\*|×|x|\\times|\\cdot|·) ?10 ?(?:\^|\*\*) ?\{?[+-]?[0-9]{1,4}\}?)?",
    re.ASCII,
)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_KNOWN: dict[str, tuple[Fraction, Dimension]] = {}


def _product(
    one: tuple[Fraction, Dimension], other: tuple[Fraction, Dimension], power: int
) -> tuple[Fraction, Dimension]:
    pairs = zip(one[1], other[1], strict=True)
    return one[0] * other[0] ** power, tuple(a + power * b for a, b in pairs)


def _named(name: str) -> tuple[Fraction, Dimension]:
    if name in _KNOWN:
        return _KNOWN[name]
    if name in ("deg", "°", "degree", "degrees"):
        found = (_PI / 180, (0, 0, 0, 0, 0, 0, 1))
    elif name in _BASE:
        powers = [0] * 7
        powers[_BASE[name]] = 1
        found = (Fraction(1, 1000) if name == "g" else Fraction(1), tuple(powers))
    elif name in _DERIVED:
        factor, terms, _ = _DERIVED[name]
        found = _product((Fraction(factor), (0,) * 7), unit(terms), 1)
    elif name[0] in _PREFIXES and (name[1:] in _BASE or _DERIVED.get(name[1:], ("", "", 0))[2]):
        base = _named(name[1:])
        found = (base[0] * Fraction(10) ** _PREFIXES[name[0]], base[1])
    else:
        raise UnparsableAnswer(f"{name[:20]!r} is not a known unit")
    _KNOWN[name] = found
    return found


def unit(text: str) -> tuple[Fraction, Dimension]:
    """Return the factor to SI and the dimension of a unit such as `kJ/(mol K)`; `` is 1.

    Raises:
        UnparsableAnswer: If the text is not a unit.
        OverLimitAnswer: If it is longer than `MAX_CHARS`.
    """
    if len(text) > MAX_CHARS:
        raise OverLimitAnswer(f"unit of {len(text)} characters; at most {MAX_CHARS}")
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda m: "^" + m.group().translate(_SUPERSCRIPTS), text)
    text = re.sub(r"\\(?:text|mathrm|,)|[{}](?![+-]?[0-9])", " ", text)
    total: tuple[Fraction, Dimension] = (Fraction(1), (0,) * 7)
    place, sign, group = 0, 1, False
    while place < len(text):
        mark = text[place]
        if mark in " *·":
            place += 1
        elif mark == "/" and sign == 1 and not group:
            sign, place = -1, place + 1
            while text[place : place + 1] == " ":
                place += 1
            if text[place : place + 1] == "(":
                group, place = True, place + 1
        elif mark == ")" and group:
            group, sign, place = False, 1, place + 1
        elif mark == "1" and not place:
            place += 1
        elif match := _FACTOR.match(text, place):
            power = int(match.group(2) or 1)
            if not 0 < abs(power) <= MAX_POWER:
                raise UnparsableAnswer(f"a unit to the power {power}")
            total = _product(total, _named(match.group(1)), sign * power)
            place = match.end()
            sign = sign if group else 1
        else:
            raise UnparsableAnswer(f"{mark!r} cannot stand in a unit")
    if group or (sign == -1):
        raise UnparsableAnswer("the unit is unfinished")
    return total


@dataclass(frozen=True)
class Quantity:
    """A number with a unit, kept as the decimal number in the unit of the task.

    Args:
        unit: Unit of the stored value; empty for a pure number. `°C` is a scale of its own.
        relative: Relative tolerance of the check.
        absolute: Absolute tolerance, in the unit of the task.
    """

    unit: str
    relative: float = 1e-3
    absolute: float = 0.0
    multiline = False

    def parse(self, text: str) -> str:
        """Read `12.5 m/s` or `0.0125 km/s`; the dimension must be that of the task."""
        if len(text) > MAX_CHARS:
            raise OverLimitAnswer(f"quantity of {len(text)} characters; at most {MAX_CHARS}")
        text = text.replace("\N{MINUS SIGN}", "-").strip()
        match = _NUMBER.match(text)
        if not match:
            raise UnparsableAnswer("expected a number with its unit")
        number = parse_decimal(match.group())
        rest = text[match.end() :].strip()
        if self.unit == "°C":
            return str(_celsius(number, rest))
        factor, dimension = unit(rest)
        own, wanted = unit(self.unit)
        if dimension != wanted:
            raise UnparsableAnswer(f"the unit {rest[:20]!r} is not one of the kind {self.unit!r}")
        return str(number * factor / own)

    def format(self, value: str) -> str:
        """Write the number and the unit."""
        exact = Fraction(value)
        number = value if "/" not in value else f"{float(exact):.12g}"
        return f"{number} {self.unit}".rstrip()

    def describe(self, lang: str) -> str:
        """Ask for a number with its unit and say how precise it must be."""
        bounds = [f"{self.relative * 100:g} %"] if self.relative else []
        bounds += [f"{self.absolute:g} {self.unit}".rstrip()] if self.absolute else []
        en = f"a number in {self.unit}, unit written" if self.unit else "a number"
        zh = f"以 {self.unit} 为单位的数（须写单位）" if self.unit else "一个数"
        return {
            "en": f"The answer is {en}, correct to within {' or '.join(bounds)}.",
            "zh": f"答案是{zh}，误差不超过 {' 或 '.join(bounds)}。",
        }[lang]

    def near(self, value: str, draws: Draws) -> list[str]:
        """Values outside the tolerance."""
        exact = Fraction(value)
        slack = self.slack(exact)
        return [str(exact + 3 * slack), str(exact - 3 * slack), str(2 * exact + 5 * slack)]

    def slack(self, exact: Fraction) -> Fraction:
        """Return the largest accepted error, in the unit of the task."""
        return max(abs(exact) * Fraction(str(self.relative)), Fraction(str(self.absolute)))


def _celsius(number: Fraction, rest: str) -> Fraction:
    if rest in ("°C", "degC", "℃", "^\\circ C"):
        return number
    if rest == "K":
        return number - Fraction("273.15")
    raise UnparsableAnswer("expected a temperature in °C")


def rounded(value: float | Fraction, digits: int = 8) -> str:
    """Write a number with so many significant digits, as an exact decimal text."""
    return format(float(value), f".{digits}g")


def measured(
    solve: Callable[[dict[str, Any]], float | Fraction],
    unit_name: str,
    *,
    second: Callable[[dict[str, Any]], float | Fraction] | None = None,
    relative: float = 1e-3,
    absolute: float = 0.0,
) -> dict[str, Any]:
    """Return the fields of a `Task` whose answer is a quantity, from a function to a number.

    Args:
        solve: The number, in the unit of the task, from a question.
        unit_name: The unit.
        second: The same by an independent road.
        relative: Relative tolerance.
        absolute: Absolute tolerance, in the unit.
    """
    kind = Quantity(unit_name, relative, absolute)

    def check(question: dict[str, Any], value: str) -> str:
        exact = Fraction(rounded(solve(question)))
        error = abs(Fraction(value) - exact)
        return "" if error <= kind.slack(exact) else "outside the tolerance"

    def wrong(question: dict[str, Any], answer: str, draws: Draws) -> list[str]:
        exact = Fraction(answer)
        slack = kind.slack(exact)
        number = kind.format(answer).removesuffix(unit_name).strip()
        texts = [kind.format(value) for value in kind.near(answer, draws)]
        texts += [kind.format(str(exact - 2 * slack)), f"{number} cd", f"about {number}"]
        return texts + ([number] if unit_name else [])

    fields: dict[str, Any] = {
        "solve": lambda q: rounded(solve(q)),
        "check": check,
        "wrong": wrong,
        "answer": kind,
        "verifier": "N",
    }
    if second is not None:
        fields["second"] = lambda q: rounded(second(q))
    return fields
