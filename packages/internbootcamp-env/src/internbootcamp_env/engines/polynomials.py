"""Polynomials in one variable over the rationals: arithmetic, a bounded parser, answer kinds.

A polynomial is a list of `Fraction` coefficients from the constant on, without trailing zeros;
the zero polynomial is the empty list. Grammar of the parser:

    sum     = ["-" | "+"] product { ("+" | "-") product }
    product = power { ["*" | "/"] power }      ("/" only by a number)
    power   = atom ["^" digits]                 ("**" is read as "^")
    atom    = digits | variable | "(" sum ")"
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from internbootcamp_env.draws import Draws
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer

Poly = list[Fraction]

MAX_CHARS = 1_000
MAX_NESTING = 12
MAX_DEGREE = 40
MAX_NUMBER = 10**30


def trimmed(coefficients: Sequence[Fraction | int]) -> Poly:
    """Return a polynomial without trailing zeros."""
    result = [Fraction(c) for c in coefficients]
    while result and not result[-1]:
        result.pop()
    return result


def add(a: Poly, b: Poly, sign: int = 1) -> Poly:
    """Return a + sign · b."""
    size = max(len(a), len(b))
    a, b = a + [Fraction(0)] * (size - len(a)), b + [Fraction(0)] * (size - len(b))
    return trimmed([x + sign * y for x, y in zip(a, b, strict=True)])


def multiply(a: Poly, b: Poly) -> Poly:
    """Return the product."""
    result = [Fraction(0)] * (len(a) + len(b))
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return trimmed(result)


def divide(a: Poly, b: Poly) -> tuple[Poly, Poly]:
    """Return quotient and remainder; `b` is not zero."""
    rest, quotient = list(a), [Fraction(0)] * max(0, len(a) - len(b) + 1)
    for place in range(len(a) - len(b), -1, -1):
        factor = rest[place + len(b) - 1] / b[-1]
        quotient[place] = factor
        for i, c in enumerate(b):
            rest[place + i] -= factor * c
    return trimmed(quotient), trimmed(rest)


def monic(a: Poly) -> Poly:
    """Divide by the leading coefficient."""
    return [c / a[-1] for c in a]


def gcd(a: Poly, b: Poly) -> Poly:
    """Return the monic greatest common divisor of two polynomials, not both zero."""
    while b:
        a, b = b, divide(a, b)[1]
    return monic(a)


def value(a: Sequence[Fraction | int], x: Fraction | int) -> Fraction:
    """Evaluate by Horner's rule."""
    total = Fraction(0)
    for c in reversed(a):
        total = total * x + c
    return total


def from_roots(roots: Sequence[Fraction | int]) -> Poly:
    """Return the monic polynomial with the given roots."""
    result = [Fraction(1)]
    for root in roots:
        result = multiply(result, [-Fraction(root), Fraction(1)])
    return result


def text(a: Sequence[Fraction | int], variable: str = "x") -> str:
    """Write a polynomial from the highest power down, such as `x^3 - 2*x + 1/2`."""
    parts = []
    for power in range(len(a) - 1, -1, -1):
        c = Fraction(a[power])
        if c:
            body = "" if not power else variable if power == 1 else f"{variable}^{power}"
            number = str(abs(c)) if abs(c) != 1 or not body else ""
            times = "*" if number and body else ""
            parts.append((" - " if c < 0 else " + ") + number + times + body)
    whole = "".join(parts) or " + 0"
    return "-" + whole[3:] if whole.startswith(" - ") else whole[3:]


class _Reader:
    """Recursive descent over a text whose spaces have been taken out."""

    def __init__(self, text: str, variable: str) -> None:
        if len(text) > MAX_CHARS:
            raise OverLimitAnswer(f"expression of {len(text)} characters; at most {MAX_CHARS}")
        text = text.replace("**", "^").replace("\N{MINUS SIGN}", "-").replace("·", "*")
        self.text, self.variable, self.place, self.depth = text.replace(" ", ""), variable, 0, 0

    def peek(self) -> str:
        return self.text[self.place : self.place + 1]

    def take(self, marks: str) -> str:
        mark = self.peek()
        if mark and mark in marks:
            self.place += 1
            return mark
        return ""

    def digits(self) -> int:
        start = self.place
        while self.peek().isascii() and self.peek().isdigit():
            self.place += 1
        number = self.text[start : self.place]
        if not number:
            raise UnparsableAnswer(f"expected a number at {self.text[start : start + 10]!r}")
        if len(number) > 30:
            raise OverLimitAnswer(f"number of {len(number)} digits; at most 30")
        return int(number)

    def sum(self) -> Poly:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise OverLimitAnswer(f"brackets nest deeper than {MAX_NESTING}")
        sign = -1 if self.take("+-") == "-" else 1
        total = add([], self.product(), sign)
        while mark := self.take("+-"):
            total = add(total, self.product(), -1 if mark == "-" else 1)
        self.depth -= 1
        return total

    def product(self) -> Poly:
        total = self.power()
        while (mark := self.peek()) and mark not in "+-)":
            if self.take("/"):
                divisor = self.power()
                if len(divisor) != 1:
                    raise UnparsableAnswer("division only by a number other than zero")
                total = [c / divisor[0] for c in total]
            else:
                self.take("*")
                total = _bounded(multiply(total, self.power()))
        return total

    def power(self) -> Poly:
        base = self.atom()
        if not self.take("^"):
            return base
        exponent = self.digits()
        if exponent * max(1, len(base) - 1) > MAX_DEGREE:
            raise OverLimitAnswer(f"degree above {MAX_DEGREE}")
        result = [Fraction(1)]
        for _ in range(exponent):
            result = _bounded(multiply(result, base))
        return result

    def atom(self) -> Poly:
        if self.take("("):
            inner = self.sum()
            if not self.take(")"):
                raise UnparsableAnswer("a bracket is not closed")
            return inner
        if self.take(self.variable):
            return [Fraction(0), Fraction(1)]
        return trimmed([self.digits()])


def _bounded(a: Poly) -> Poly:
    if len(a) > MAX_DEGREE + 1:
        raise OverLimitAnswer(f"degree above {MAX_DEGREE}")
    if any(abs(c.numerator) > MAX_NUMBER or c.denominator > MAX_NUMBER for c in a):
        raise OverLimitAnswer("a coefficient of more than thirty digits")
    return a


def parse(source: str, variable: str = "x") -> Poly:
    """Read an expression as a polynomial.

    Raises:
        UnparsableAnswer: If the text is not an expression of the grammar above.
        OverLimitAnswer: If it is too long, too deep or too large.
    """
    reader = _Reader(source, variable)
    result = reader.sum()
    if reader.place < len(reader.text):
        raise UnparsableAnswer(f"cannot read {reader.text[reader.place : reader.place + 10]!r}")
    return result


def parse_factors(source: str) -> list[Poly]:
    """Read a product of brackets, numbers and powers as its factors of positive degree.

    Constant factors are multiplied into the first element, which is always a constant.
    """
    reader = _Reader(source, "x")
    constant, factors = Fraction(-1 if reader.take("-") else 1), []
    while reader.peek():
        base = reader.atom()
        exponent = reader.digits() if reader.take("^") else 1
        if exponent > MAX_DEGREE or len(factors) > MAX_DEGREE:
            raise OverLimitAnswer(f"degree above {MAX_DEGREE}")
        if len(base) < 2:
            constant = _bounded([constant * (base[0] if base else 0) ** exponent])[0]
        else:
            factors += [base] * exponent
        if reader.take("*") and not reader.peek():
            raise UnparsableAnswer("a factor is missing at the end")
    return [[constant], *factors]


@dataclass(frozen=True)
class Polynomial:
    """A polynomial in one variable, stored in its expanded form; any equal expression is right.

    Args:
        variable: Letter of the variable.
    """

    variable: str = "x"
    multiline = False

    def parse(self, text_: str) -> str:
        """Read an expression and expand it."""
        return text(parse(text_, self.variable), self.variable)

    def format(self, value: str) -> str:
        """Write the expanded form."""
        return value

    def describe(self, lang: str) -> str:
        """Ask for an expression in the variable."""
        v = self.variable
        return {
            "en": f"Write a polynomial in {v}, such as 3*{v}^2 - {v}/2 + 1.",
            "zh": f"写一个关于 {v} 的多项式，如 3*{v}^2 - {v}/2 + 1。",
        }[lang]

    def near(self, value: str, draws: Draws) -> list[str]:
        """The sign turned; the constant, the linear and the leading coefficient off by one."""
        whole = parse(value, self.variable)
        one = Fraction(1)
        others = [[-c for c in whole], add(whole, [one]), add(whole, [Fraction(0), one])]
        others += [add(whole, [*[Fraction(0)] * len(whole), one]), add(whole, [one, one], -1)]
        found = [text(other, self.variable) for other in others]
        return [other for other in dict.fromkeys(found) if other != value]


@dataclass(frozen=True)
class Factors:
    """A polynomial written as a product; order, constants and signs of the factors do not matter.

    The value is the constant and the monic factors as texts, the latter sorted.
    """

    multiline = False

    def parse(self, text_: str) -> list[str]:
        """Read a product of factors and powers of factors."""
        (constant,), *factors = parse_factors(text_)
        for factor in factors:
            constant *= factor[-1]
        return [str(constant), *sorted(text(monic(factor)) for factor in factors)]

    def format(self, value: list[str]) -> str:
        """Write each factor in brackets."""
        head = (
            "" if value[0] == "1" else f"{value[0]}*" if "/" not in value[0] else f"({value[0]})*"
        )
        return (head + "*".join(f"({factor})" for factor in value[1:])).removesuffix("*")

    def describe(self, lang: str) -> str:
        """Ask for a product of brackets."""
        return {
            "en": "Write a product such as 2*(x - 1)^2*(x^2 + x + 3).",
            "zh": "写成乘积，如 2*(x - 1)^2*(x^2 + x + 3)。",
        }[lang]

    def near(self, value: list[str], draws: Draws) -> list[list[str]]:
        """A factor lost, doubled or turned, another constant."""
        constant, *factors = value
        turned = text(parse(factors[0].replace("x", "(0-x)")))
        turned = text(monic(parse(turned)))
        lists = [
            [constant, *factors[1:]],
            [constant, *sorted([*factors, factors[0]])],
            [str(-Fraction(constant)), *factors],
            [constant, *sorted([turned, *factors[1:]])],
            [str(Fraction(constant) + 1), *factors],
        ]
        return [other for other in lists if other != value]
