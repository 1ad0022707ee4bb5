"""Formulas of one or more variables as answers: a bounded parser, derivatives and comparison.

Grammar: sums, products (also by juxtaposition, as in `2x`), quotients, powers (`^` or `**`), unary
signs, the functions `sin cos tan exp ln log sqrt`, the constants `e` and `pi`, decimal numbers.
Trees are nested tuples. Formulas count as equal when they agree to 1e-8 (absolute below 1, relative
above) at sixteen fixed points in (0.2, 1.8) wherever the reference is defined. Derivatives of
answers are found by Taylor arithmetic, which is linear in the formula; nothing is ever evaluated
by Python itself.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from internbootcamp_env.draws import Draws
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer

MAX_CHARS = 1_200
MAX_TOKENS = 400
MAX_NESTING = 40
MAX_POWER = 60
Tree = tuple
"""`("num", x)`, `("var", name)`, `(operator, left, right)` or `("call", name, argument)`."""

_TOKEN = re.compile(r"\s*(?:([0-9]+(?:\.[0-9]+)?)|([a-z]+)|(\*\*|[-+*/^()]))", re.ASCII)
_FUNCTIONS = {"sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp, "ln": math.log,
              "log": math.log, "sqrt": math.sqrt}  # fmt: skip
_CONSTANTS = {"e": math.e, "pi": math.pi}


def parse(text: str, variables: Sequence[str]) -> Tree:
    """Read a formula.

    Raises:
        UnparsableAnswer: If the text is not a formula in these variables.
        OverLimitAnswer: If it is too long or nested too deep.
    """
    if len(text) > MAX_CHARS:
        raise OverLimitAnswer(f"formula of {len(text)} characters; at most {MAX_CHARS}")
    text = text.replace("\N{MINUS SIGN}", "-").replace("·", "*").replace("π", "pi")
    tokens: list[str] = []
    place, text = 0, text.strip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise UnparsableAnswer(f"{text[place]!r} cannot stand in a formula")
        tokens += _names(match.group(2), variables) if match.group(2) else [match.group().strip()]
        place = match.end()
    if len(tokens) > MAX_TOKENS:
        raise OverLimitAnswer(f"formula of {len(tokens)} symbols; at most {MAX_TOKENS}")
    reader = _Reader(tokens, frozenset(variables))
    tree = reader.sum(0)
    if reader.place != len(tokens):
        raise UnparsableAnswer(f"{tokens[reader.place]!r} was not expected")
    return tree


def _names(letters: str, variables: Sequence[str]) -> list[str]:
    """Split a run of letters such as `xsin` into known names, the longest first."""
    known = sorted([*_FUNCTIONS, *_CONSTANTS, *variables], key=len, reverse=True)
    found: list[str] = []
    while letters:
        name = next((word for word in known if letters.startswith(word)), None)
        if name is None:
            raise UnparsableAnswer(f"{letters[:12]!r} is not a known name")
        found.append(name)
        letters = letters[len(name) :]
    return found


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, tokens: list[str], variables: frozenset[str]) -> None:
        self.tokens, self.variables, self.place = tokens, variables, 0

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self.place += 1
        return token

    def sum(self, depth: int) -> Tree:
        if depth > MAX_NESTING:
            raise OverLimitAnswer(f"formula nested deeper than {MAX_NESTING}")
        tree = self.product(depth)
        while self.peek() in ("+", "-"):
            tree = (self.take(), tree, self.product(depth))
        return tree

    def product(self, depth: int) -> Tree:
        tree = self.signed(depth)
        while self.peek() and self.peek() not in ("+", "-", ")"):
            operator = self.take() if self.peek() in ("*", "/") else "*"
            tree = (operator, tree, self.signed(depth))
        return tree

    def signed(self, depth: int) -> Tree:
        if self.peek() in ("+", "-"):
            if depth > MAX_NESTING:
                raise OverLimitAnswer("too many signs")
            negative = self.take() == "-"
            tree = self.signed(depth + 1)
            return ("-", ("num", 0.0), tree) if negative else tree
        return self.power(depth)

    def power(self, depth: int) -> Tree:
        base = self.atom(depth)
        if self.peek() in ("^", "**"):
            self.take()
            if depth > MAX_NESTING:
                raise OverLimitAnswer("powers nested too deep")
            return ("^", base, self.signed(depth + 1))
        return base

    def atom(self, depth: int) -> Tree:
        token = self.take()
        if token == "(":
            tree = self.sum(depth + 1)
            if self.take() != ")":
                raise UnparsableAnswer("a bracket is not closed")
            return tree
        if token in _FUNCTIONS:
            if self.peek() == "(":
                return ("call", token, self.atom(depth + 1))
            raise UnparsableAnswer(f"write the argument of {token} in brackets")
        if token in self.variables:
            return ("var", token)
        if token in _CONSTANTS:
            return ("num", _CONSTANTS[token])
        if token[:1].isdigit():
            return ("num", float(token))
        raise UnparsableAnswer(f"{token or 'the end'!r} was not expected")


Series = list[float]
"""Taylor coefficients at a point, from the value on; all of one length."""


def series(tree: Tree, point: Mapping[str, float], name: str = "", order: int = 0) -> Series:
    """Return the Taylor coefficients of a formula in one variable, up to an order.

    Args:
        tree: Formula.
        point: Value of every variable.
        name: The variable to expand in.
        order: The highest power; 0 gives the value alone.

    Raises:
        ArithmeticError: If it is not defined there, or too large.
        ValueError: If a function is not defined there.
    """
    head, rest = tree[0], [0.0] * order
    if head == "num":
        return [tree[1], *rest]
    if head == "var":
        return [point[tree[1]], *rest] if tree[1] != name or not order else [
            point[name], 1.0, *rest[1:]]  # fmt: skip
    if head == "call":
        return _applied(tree[1], series(tree[2], point, name, order))
    a, b = series(tree[1], point, name, order), series(tree[2], point, name, order)
    if head in "+-":
        return [x + y if head == "+" else x - y for x, y in zip(a, b, strict=True)]
    if head == "*":
        return _times(a, b)
    if head == "/":
        return _over(a, b)
    if not any(b[1:]):
        return _power(a, b[0])
    return _applied("exp", _times(b, _applied("ln", a)))


def _times(a: Series, b: Series) -> Series:
    return [sum(a[i] * b[n - i] for i in range(n + 1)) for n in range(len(a))]


def _over(a: Series, b: Series) -> Series:
    result: Series = []
    for n in range(len(a)):
        result.append((a[n] - sum(result[i] * b[n - i] for i in range(n))) / b[0])
    return result


def _power(a: Series, p: float) -> Series:
    if abs(p) > MAX_POWER:
        raise OverflowError("the exponent is too large")
    if p == int(p) and p >= 0:
        result = [1.0, *([0.0] * (len(a) - 1))]
        for _ in range(int(p)):
            result = _times(result, a)
        return result
    if a[0] < 0 and p != int(p):
        raise ValueError("a root of a negative number")
    result = [a[0] ** p]
    for n in range(1, len(a)):
        total = sum((k * p - (n - k)) * a[k] * result[n - k] for k in range(1, n + 1))
        result.append(total / (n * a[0]))
    return result


def _applied(name: str, a: Series) -> Series:
    """Compose an elementary function with a series, by its differential equation."""
    size = len(a)
    slope = [n * a[n] for n in range(size)]  # n times the n-th coefficient
    if name == "sqrt":
        return _power(a, 0.5)
    if name == "exp":
        result = [math.exp(a[0])]
        for n in range(1, size):
            result.append(sum(slope[k] * result[n - k] for k in range(1, n + 1)) / n)
        return result
    if name in ("ln", "log"):
        result = [math.log(a[0])]
        for n in range(1, size):
            known = sum(k * result[k] * a[n - k] for k in range(1, n))
            result.append((slope[n] - known) / (n * a[0]))
        return result
    sine, cosine = [math.sin(a[0])], [math.cos(a[0])]
    for n in range(1, size):
        sine.append(sum(slope[k] * cosine[n - k] for k in range(1, n + 1)) / n)
        cosine.append(-sum(slope[k] * sine[n - k] for k in range(1, n + 1)) / n)
    return {"sin": sine, "cos": cosine}.get(name) or _over(sine, cosine)


def evaluate(tree: Tree, point: Mapping[str, float]) -> float:
    """Return the value at a point; see `series` for what it raises."""
    return series(tree, point)[0]


def derivative(tree: Tree, name: str) -> Tree:
    """Return the derivative of a tree with respect to a variable, not simplified."""
    head = tree[0]
    if head == "num":
        return ("num", 0.0)
    if head == "var":
        return ("num", float(tree[1] == name))
    if head == "call":
        inner = derivative(tree[2], name)
        outer = {
            "sin": ("call", "cos", tree[2]),
            "cos": ("-", ("num", 0.0), ("call", "sin", tree[2])),
            "tan": ("/", ("num", 1.0), ("^", ("call", "cos", tree[2]), ("num", 2.0))),
            "exp": tree,
            "ln": ("/", ("num", 1.0), tree[2]),
            "log": ("/", ("num", 1.0), tree[2]),
            "sqrt": ("/", ("num", 0.5), tree),
        }[tree[1]]
        return ("*", outer, inner)
    a, b = tree[1], tree[2]
    if head == "^":
        if b[0] == "num":
            return ("*", ("*", b, ("^", a, ("num", b[1] - 1))), derivative(a, name))
        if a[0] == "num":
            return ("*", ("*", tree, ("num", math.log(a[1]))), derivative(b, name))
        whole = ("*", b, ("call", "ln", a))
        return ("*", tree, derivative(whole, name))
    da, db = derivative(a, name), derivative(b, name)
    if head in "+-":
        return (head, da, db)
    if head == "*":
        return ("+", ("*", da, b), ("*", a, db))
    return ("/", ("-", ("*", da, b), ("*", a, db)), ("^", b, ("num", 2.0)))


def points(variables: Sequence[str]) -> list[dict[str, float]]:
    """Return sixteen fixed points in (0.2, 1.8) for the variables."""
    found = []
    for k in range(1, 17):
        found.append(
            {
                name: 0.2 + 1.6 * ((k * 0.6180339887498949 * (j + 1) + 0.37 * j) % 1.0)
                for j, name in enumerate(variables)
            }
        )
    return found


def close(got: float, wanted: float) -> bool:
    """Whether two values are equal up to the rounding of a formula."""
    return math.isfinite(got) and abs(got - wanted) <= 1e-8 * max(1.0, abs(wanted))


def matches(answer: Tree, wanted: Callable[[dict[str, float]], float], variables: Sequence[str],
            *, name: str = "", order: int = 0) -> bool:  # fmt: skip
    """Whether an answer (or its derivative of an order) takes wanted values at all points.

    Args:
        answer: Formula to test.
        wanted: The right value at a point; points where it raises are left out.
        variables: Names of the variables.
        name: The variable of the derivative.
        order: 0 for the answer itself, 1 for its first derivative.
    """
    compared = 0
    for point in points(variables):
        try:
            right = wanted(point)
        except (ArithmeticError, ValueError):
            continue
        try:
            got = series(answer, point, name, order)[order] * math.factorial(order)
        except (ArithmeticError, ValueError):
            return False
        if not close(got, right):
            return False
        compared += 1
    return compared >= 4


_LEVELS = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 3}


def show(tree: Tree, above: int = 0) -> str:
    """Write a formula so that `parse` reads it back."""
    head = tree[0]
    if head == "num":
        number = tree[1]
        text = str(int(number)) if number == int(number) else repr(number)
        return text if number >= 0 else f"({text})"
    if head == "var":
        return tree[1]
    if head == "call":
        return f"{tree[1]}({show(tree[2])})"
    own = _LEVELS[head]
    left = show(tree[1], own + (head == "^"))
    right = show(tree[2], own + 1)
    joined = f"{left} {head} {right}" if own == 1 else f"{left}{head}{right}"
    return f"({joined})" if own < above or (own == above and own == 3) else joined


def tidy(tree: Tree) -> Tree:
    """Drop zeros and ones and multiply plain numbers out."""
    if tree[0] in ("num", "var"):
        return tree
    if tree[0] == "call":
        return ("call", tree[1], tidy(tree[2]))
    head, a, b = tree[0], tidy(tree[1]), tidy(tree[2])
    zero, one = ("num", 0.0), ("num", 1.0)
    if head == "*" and zero in (a, b):
        return zero
    if head == "*" and one in (a, b):
        return b if a == one else a
    if head == "+" and zero in (a, b):
        return b if a == zero else a
    if (head == "-" and b == zero) or (head in "/^" and b == one):
        return a
    if head == "/" and a == zero:
        return zero
    if a[0] == b[0] == "num" and head in "+-*":
        x, y = a[1], b[1]
        return ("num", x + y if head == "+" else x - y if head == "-" else x * y)
    return (head, a, b)


@dataclass(frozen=True)
class Expression:
    """A formula in some variables, kept as written.

    Args:
        variables: Their names, one letter each.
    """

    variables: tuple[str, ...] = ("x",)
    multiline = False

    def parse(self, text: str) -> str:
        """Read a formula such as `2x^3 - exp(-x)*sin(2x)`."""
        text = text.strip()
        parse(text, self.variables)
        return text

    def format(self, value: str) -> str:
        """Write the formula."""
        return value

    def describe(self, lang: str) -> str:
        """Say how to write formulas."""
        names = ", ".join(self.variables)
        return {
            "en": f"Write one formula in {names} with + - * / ^, brackets, sin cos tan exp ln "
            "sqrt, e and pi, as in 2*x^3 - exp(-x)/3; any equal form is right.",
            "zh": f"写一个关于 {names} 的式子，用 + - * / ^、括号、sin cos tan exp ln sqrt、e、pi，"
            "如 2*x^3 - exp(-x)/3；任何等价形式均可。",
        }[lang]

    def near(self, value: str, draws: Draws) -> list[str]:
        """Off by one, by a factor, by a sign."""
        return [f"{value} + 1", f"-({value})", f"2*({value})"]
