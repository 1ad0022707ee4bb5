"""Polynomials and equations with exact answers.

Source: textbook algebra. Polynomials are written from the highest power down; answers that are
polynomials are lists of coefficients in that order. Knob: the degree.
"""

from fractions import Fraction
from itertools import pairwise

from internbootcamp_env.answers import Integer, Integers, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

Poly = list[int]
"""Coefficients from the highest power down."""


def show(poly: Poly) -> str:
    """Write a polynomial in x."""
    text = ""
    for power, c in zip(range(len(poly) - 1, -1, -1), poly, strict=True):
        if not c:
            continue
        body = "" if power == 0 else "x" if power == 1 else f"x^{power}"
        number = str(abs(c)) if abs(c) != 1 or not body else ""
        text += (" - " if c < 0 else " + ") + number + ("*" if number and body else "") + body
    text = text.removeprefix(" + ")
    return ("-" + text[3:] if text.startswith(" - ") else text) or "0"


def times(a: Poly, b: Poly) -> Poly:
    """Multiply two polynomials."""
    result = [0] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result


def value(poly: Poly, at: int) -> int:
    """Evaluate by Horner's rule."""
    total = 0
    for c in poly:
        total = total * at + c
    return total


def _poly(draws: Draws, degree: int, top: int = 9) -> Poly:
    lead = draws.between(1, 4) * draws.pick((1, -1))
    return [lead, *draws.integers(degree, -top, top)]


def _pair(draws: Draws, level: int) -> dict:
    return {"p": _poly(draws, 1 + level // 2), "q": _poly(draws, 1 + level // 4)}


def _shown(question: dict) -> dict:
    return {k: show(v) if isinstance(v, list) else v for k, v in question.items()}


def _product_by_points(question: dict) -> Poly:
    """Multiply by evaluating at large powers and reading the digits back."""
    p, q = question["p"], question["q"]
    base = 10_000_019
    number = value(p, base) * value(q, base)
    digits: Poly = []
    for _ in range(len(p) + len(q) - 1):
        digit = (number + base // 2) % base - base // 2
        digits.append(digit)
        number = (number - digit) // base
    return digits[::-1]


def _division(draws: Draws, level: int) -> dict:
    divisor = [1, *draws.integers(1 + level // 5, -6, 6)]
    quotient = _poly(draws, 1 + level // 2)
    rest = draws.integers(len(divisor) - 1, -9, 9)
    whole = times(divisor, quotient)
    pad = [0] * (len(whole) - len(rest)) + rest
    return {"p": [a + b for a, b in zip(whole, pad, strict=True)], "q": divisor}


def _quotient(question: dict) -> Poly:
    p, q = list(question["p"]), question["q"]
    result = []
    for place in range(len(p) - len(q) + 1):
        factor = p[place]
        result.append(factor)
        for offset, c in enumerate(q):
            p[place + offset] -= factor * c
    return result


def _quotient_is_right(question: dict) -> Poly:
    """Find the quotient by series division in 1/x."""
    p, q = question["p"], question["q"]
    result: Poly = []
    for place in range(len(p) - len(q) + 1):
        known = sum(result[i] * q[place - i] for i in range(place) if place - i < len(q))
        result.append(p[place] - known)
    return result


def _evaluated(draws: Draws, level: int) -> dict:
    return {"p": _poly(draws, 2 + level // 2), "x": draws.between(-4 - level, 4 + level)}


def _differentiable(draws: Draws, level: int) -> dict:
    return {"p": _poly(draws, 3 + level, 9 + level)}


def _derivative(question: dict) -> Poly:
    p = question["p"]
    return [c * (len(p) - 1 - i) for i, c in enumerate(p[:-1])]


def _derivative_by_differences(question: dict) -> Poly:
    """Read the coefficients of p(x + h) that are linear in h, by the binomial theorem."""
    p = question["p"]
    degree = len(p) - 1
    result = [0] * degree
    for i, c in enumerate(p):
        power = degree - i
        for _ in range(power):
            result[degree - power] += c
    return result


def _rooted(draws: Draws, level: int) -> dict:
    roots = draws.integers(3 + level // 3, -25 - level, 25 + level)
    poly = [1]
    for root in roots:
        poly = times(poly, [1, -root])
    return {"p": poly}


def _roots(question: dict) -> list[int]:
    """Divide out integer roots one at a time."""
    poly, roots = question["p"], []
    while len(poly) > 1:
        root = next(r for r in range(-40, 41) if value(poly, r) == 0)
        roots.append(root)
        poly = _quotient({"p": poly, "q": [1, -root]})
    return sorted(roots)


def _integrable(draws: Draws, level: int) -> dict:
    low = draws.between(-3 - level // 3, 2)
    return {"p": _poly(draws, 1 + level // 2), "a": low, "b": low + draws.between(1, 4)}


def _integral(question: dict) -> str:
    p, total = question["p"], Fraction(0)
    for i, c in enumerate(p):
        power = len(p) - i
        total += Fraction(c, power) * (question["b"] ** power - question["a"] ** power)
    return str(total)


def _integral_by_horner(question: dict) -> str:
    p = question["p"]
    antiderivative = [Fraction(c, len(p) - i) for i, c in enumerate(p)] + [Fraction(0)]

    def at(x: int) -> Fraction:
        total = Fraction(0)
        for c in antiderivative:
            total = total * x + c
        return total

    return str(at(question["b"]) - at(question["a"]))


def _linear(draws: Draws, level: int) -> dict | None:
    a, b, c, d = draws.integers(4, -5 - 4 * level, 5 + 4 * level)
    return {"a": a, "b": b, "c": c, "d": d} if a != c and a and c else None


def _interpolated(draws: Draws, level: int) -> dict:
    poly = _poly(draws, 1 + level // 3, 6)
    xs = draws.sample(range(-4 - level, 5 + level), len(poly))
    return {"points": [[x, value(poly, x)] for x in xs], "x": max(xs) + draws.between(1, 3)}


def _lagrange(question: dict) -> int:
    total = Fraction(0)
    for x, y in question["points"]:
        term = Fraction(y)
        for other, _ in question["points"]:
            if other != x:
                term *= Fraction(question["x"] - other, x - other)
        total += term
    return int(total)


def _newton(question: dict) -> int:
    points = sorted(question["points"])
    column = [Fraction(y) for _, y in points]
    total, factor = Fraction(0), Fraction(1)
    for order in range(len(points)):
        total += column[0] * factor
        factor *= question["x"] - points[order][0]
        column = [
            (b - a) / (points[i + order + 1][0] - points[i][0])
            for i, (a, b) in enumerate(pairwise(column))
        ]
    return int(total)


def _show_points(question: dict) -> dict:
    listed = " ".join(f"({x},{y})" for x, y in question["points"])
    return {"points": listed, "degree": len(question["points"]) - 1, "x": question["x"]}


TASKS = (
    Task(
        id="alg.poly_multiply",
        title="Product of two polynomials",
        knob="degree",
        draw=_pair,
        solve=lambda q: times(q["p"], q["q"]),
        second=_product_by_points,
        answer=Integers(),
        show=_shown,
        en=(
            "Expand ({p}) * ({q}) and list all coefficients from the highest power down, zeros "
            "included.",
            "What are the coefficients, highest power first, of the product of {p} and {q}?",
            "({p})({q}), coefficients:",
        ),
        zh=(
            "展开 ({p}) * ({q})，从最高次起列出所有系数（含零）。",
            "{p} 与 {q} 之积的系数（从最高次起）是什么？",
            "({p})({q}) 的系数：",
        ),
    ),
    Task(
        id="alg.poly_quotient",
        title="Quotient of two polynomials",
        knob="degree",
        draw=_division,
        solve=_quotient,
        second=_quotient_is_right,
        answer=Integers(),
        show=_shown,
        en=(
            "Divide {p} by {q} with remainder and list the quotient's coefficients from the "
            "highest power down.",
            "What is the polynomial quotient (remainder left out) of {p} by {q}? Give its "
            "coefficients, highest power first.",
            "Quotient of {p} by {q}:",
        ),
        zh=(
            "用 {q} 除 {p}（带余），从最高次起列出商的系数。",
            "{p} 除以 {q} 的商（不计余式）的系数（从最高次起）是什么？",
            "{p} 除以 {q} 的商：",
        ),
    ),
    Task(
        id="alg.poly_value",
        title="Value of a polynomial",
        knob="degree",
        draw=_evaluated,
        solve=lambda q: value(q["p"], q["x"]),
        second=lambda q: sum(c * q["x"] ** i for i, c in enumerate(q["p"][::-1])),
        answer=Integer(),
        show=_shown,
        size=lambda q: len(q["p"]) + abs(q["x"]),
        en=(
            "What is the value of {p} at x = {x}?",
            "Put x = {x} into {p} and work it out.",
            "{p} at x={x}:",
        ),
        zh=("{p} 在 x = {x} 处的值是多少？", "把 x = {x} 代入 {p} 求值。", "{p}，x={x}："),
    ),
    Task(
        id="alg.integer_roots",
        title="Roots of a polynomial with integer roots",
        knob="degree",
        draw=_rooted,
        solve=_roots,
        second=lambda q: sorted(
            r for r in range(-40, 41) for k in range(1, len(q["p"])) if _divides(q["p"], r, k)
        ),
        answer=Integers(ordered=False),
        show=_shown,
        en=(
            "All roots of {p} are integers. List them, repeated ones as often as they occur.",
            "Solve {p} = 0 and give every root with its multiplicity (all are integers).",
            "Roots: {p}",
        ),
        zh=(
            "{p} 的根都是整数，列出所有根（重根按次数列出）。",
            "解方程 {p} = 0，给出所有根（含重数，均为整数）。",
            "根：{p}",
        ),
    ),
    Task(
        id="alg.linear_equation",
        title="One linear equation",
        knob="size of the coefficients",
        draw=_linear,
        solve=lambda q: str(Fraction(q["d"] - q["b"], q["a"] - q["c"])),
        answer=Rational(),
        show=lambda q: {"left": show([q["a"], q["b"]]), "right": show([q["c"], q["d"]])},
        size=lambda q: sum(map(abs, q.values())),
        en=(
            "Solve {left} = {right} for x.",
            "For which x are {left} and {right} equal?",
            "{left} = {right}, x =",
        ),
        zh=(
            "解方程 {left} = {right}。",
            "x 为何值时 {left} 与 {right} 相等？",
            "{left} = {right}，x =",
        ),
    ),
    Task(
        id="alg.interpolate",
        title="Value of the polynomial through given points",
        knob="points",
        draw=_interpolated,
        solve=_lagrange,
        second=_newton,
        answer=Integer(),
        show=_show_points,
        canon=lambda q: [sorted(q["points"]), q["x"]],
        en=(
            "A polynomial of degree at most {degree} passes through {points}. What is its value "
            "at x = {x}?",
            "Interpolate {points} by a polynomial of degree at most {degree} and evaluate it at "
            "{x}.",
            "Through {points}, degree <= {degree}, at {x}:",
        ),
        zh=(
            "次数不超过 {degree} 的多项式经过 {points}，它在 x = {x} 处的值是多少？",
            "用次数不超过 {degree} 的多项式插值 {points}，求 {x} 处的值。",
            "过 {points}，次数 <= {degree}，在 {x}：",
        ),
    ),
    Task(
        id="alg.derivative",
        title="Derivative of a polynomial",
        knob="degree",
        draw=_differentiable,
        solve=_derivative,
        second=_derivative_by_differences,
        answer=Integers(),
        show=_shown,
        en=(
            "Differentiate {p} and list the coefficients from the highest power down, zeros "
            "included.",
            "What are the coefficients (highest power first) of the derivative of {p}?",
            "Derivative coefficients: {p}",
        ),
        zh=(
            "对 {p} 求导，从最高次起列出系数（含零）。",
            "{p} 的导数的系数（从最高次起）是什么？",
            "导数系数：{p}",
        ),
    ),
    Task(
        id="alg.integral",
        title="Definite integral of a polynomial",
        knob="degree",
        draw=_integrable,
        solve=_integral,
        second=_integral_by_horner,
        answer=Rational(),
        show=_shown,
        en=(
            "What is the exact integral of {p} from x = {a} to x = {b}?",
            "Integrate {p} over the interval from {a} to {b}.",
            "Integral {a}..{b}: {p}",
        ),
        zh=(
            "{p} 从 x = {a} 到 x = {b} 的定积分精确值是多少？",
            "求 {p} 在 {a} 到 {b} 上的积分。",
            "积分 {a}..{b}：{p}",
        ),
    ),
)


def _divides(poly: Poly, root: int, times_over: int) -> bool:
    """Whether a root has at least this multiplicity: its derivatives vanish up to there."""
    for _ in range(times_over):
        if value(poly, root):
            return False
        poly = _derivative({"p": poly})
    return True
