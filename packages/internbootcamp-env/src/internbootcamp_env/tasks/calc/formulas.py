"""Calculus with formulas as answers: derivatives, antiderivatives, differential equations.

Source: textbook calculus. Answers are judged by Taylor arithmetic on what was typed, never by
comparison with the reference formula. Knob: the number of terms or the depth of composition.
"""

import math
from fractions import Fraction

from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.expressions import (
    Expression,
    Tree,
    close,
    derivative,
    evaluate,
    matches,
    parse,
    points,
    series,
    show,
    tidy,
)
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.task import Task

_X = ("var", "x")


def _atom(draws: Draws) -> Tree:
    inner = (
        "+",
        ("*", ("num", float(draws.between(1, 5))), _X),
        ("num", float(draws.between(1, 9))),
    )
    kind = draws.below(5)
    if kind == 0:
        return ("^", inner, ("num", float(draws.between(2, 5))))
    if kind == 1:
        return ("call", draws.pick(("sin", "cos")), inner)
    if kind == 2:
        return ("call", "exp", ("*", ("num", float(draws.between(1, 2))), _X))
    if kind == 3:
        return ("call", draws.pick(("ln", "sqrt")), inner)
    return (
        "+",
        ("^", _X, ("num", float(draws.between(2, 6)))),
        ("num", float(draws.between(1, 9))),
    )


def _composed(draws: Draws, depth: int) -> Tree:
    if depth <= 0:
        return _atom(draws)
    kind = draws.below(5)
    if kind < 2:
        left = _composed(draws, depth - 1 - draws.below(2))
        return ("*" if kind else "+", left, _composed(draws, depth - 2))
    if kind == 2:
        return ("/", _composed(draws, depth - 2), ("+", ("^", _X, ("num", 2.0)),
                ("num", float(draws.between(1, 9)))))  # fmt: skip
    if kind == 3:
        return ("call", draws.pick(("sin", "cos")), _composed(draws, depth - 1))
    return ("^", _composed(draws, depth - 1), ("num", float(draws.between(2, 3))))


def _function(draws: Draws, level: int) -> dict | None:
    tree = ("+", _composed(draws, (level + 1) // 2), _atom(draws))
    text = show(tree)
    try:
        sizes = [abs(series(tree, p, "x", 1)[1]) for p in points("x")[::4]]
    except (ArithmeticError, ValueError):
        return None
    return {"f": text} if max(sizes) < 1e4 and len(text) < 22 + 10 * level else None


def _derived(q: dict) -> str:
    return show(tidy(derivative(parse(q["f"], "x"), "x")))


def _check_derived(q: dict, value: str) -> str:
    function, answer = parse(q["f"], "x"), parse(value, "x")
    right = matches(answer, lambda p: series(function, p, "x", 1)[1], "x")
    return "" if right else "not the derivative"


def _shifted(q: dict, answer: str, draws: Draws) -> list[str]:
    return [f"{answer} + 1", f"1.5*({answer}) + 7", f"-({answer}) - 1", f"2*({answer}) + 3", q["f"]]


def _terms(draws: Draws, level: int) -> dict | None:
    rows = []
    for _ in range(1 + (level + 1) // 2):
        kind = draws.pick(("power", "exp", "sin", "cos", "xexp", "inverse", "xcos", "root"))
        rows.append([kind, draws.between(1, 9) * draws.pick((1, -1)), draws.between(2, 6)])
    # Terms of one kind and parameter could cancel: every constant would be right.
    return {"rows": rows} if len({(kind, b) for kind, _, b in rows}) == len(rows) else None


_FORMS = {  # integrand and antiderivative; a is the factor, b the parameter
    "power": ("{a}*x^{b}", "({a})*x^({b}+1)/({b}+1)"),
    "exp": ("{a}*exp({b}*x)", "({a})*exp({b}*x)/{b}"),
    "sin": ("{a}*sin({b}*x)", "-({a})*cos({b}*x)/{b}"),
    "cos": ("{a}*cos({b}*x)", "({a})*sin({b}*x)/{b}"),
    "xexp": ("{a}*x*exp({b}*x)", "({a})*(x/{b} - 1/{b}^2)*exp({b}*x)"),
    "inverse": ("{a}/(x + {b})", "({a})*ln(x + {b})"),
    "xcos": ("{a}*x*cos({b}*x)", "({a})*(x*sin({b}*x)/{b} + cos({b}*x)/{b}^2)"),
    "root": ("{a}*sqrt(x + {b})", "({a})*2/3*(x + {b})^1.5"),
}


def _integrand(q: dict) -> str:
    parts = [_FORMS[kind][0].format(a=a, b=b) for kind, a, b in q["rows"]]
    return " + ".join(parts).replace("+ -", "- ")


def _antiderivative(q: dict) -> str:
    return " + ".join(_FORMS[kind][1].format(a=a, b=b) for kind, a, b in q["rows"])


def _check_antiderivative(q: dict, value: str) -> str:
    integrand = parse(_integrand(q), "x")
    right = matches(parse(value, "x"), lambda p: evaluate(integrand, p), "x", name="x", order=1)
    return "" if right else "its derivative is not the integrand"


def _wrong_antiderivatives(q: dict, answer: str, draws: Draws) -> list[str]:
    return [f"{answer} + x", f"2*({answer}) + 5*x^7", f"{answer} - x^2/100", "0*x + 3"]


def _oscillator(draws: Draws, level: int) -> dict | None:
    """The equation y'' + p y' + c y = r exp(s x), with the characteristic roots real or complex."""
    top = 2 + level
    kind = draws.below(3)
    if kind == 0:
        m, n = draws.between(-3, 3), draws.between(-3, 3)
        p, c = -(m + n), m * n
    elif kind == 1:
        m = draws.between(-3, 3)
        p, c = -2 * m, m * m
    else:
        m, n = draws.between(-2, 2), draws.between(1, 4)
        p, c = -2 * m, m * m + n * n
    s = draws.between(-2, 2)
    force = draws.between(1, top) * draws.pick((1, -1)) if level > 3 else 0
    if force and s * s + p * s + c == 0:
        return None
    y0, y1 = draws.between(-top, top), draws.between(-top, top)
    if not (y0 or y1):
        return None
    return {"p": p, "c": c, "force": force, "s": s, "y0": y0, "y1": y1}


def _solution(q: dict) -> str:
    p, c, s = q["p"], q["c"], q["s"]
    special = Fraction(q["force"], s * s + p * s + c) if q["force"] else Fraction(0)
    a, b = q["y0"] - special, q["y1"] - special * s
    square = p * p - 4 * c
    middle = Fraction(-p, 2)
    if square > 0:
        half = Fraction(math.isqrt(square), 2)
        m, n = middle + half, middle - half
        first = (b - n * a) / (m - n)
        text = f"({first})*exp(({m})*x) + ({a - first})*exp(({n})*x)"
    elif square == 0:
        text = f"(({a}) + ({b - middle * a})*x)*exp(({middle})*x)"
    else:
        w = Fraction(math.isqrt(-square), 2)
        sine = (b - middle * a) / w
        text = f"exp(({middle})*x)*(({a})*cos(({w})*x) + ({sine})*sin(({w})*x))"
    return f"{text} + ({special})*exp(({s})*x)" if special else text


def _check_solution(q: dict, value: str) -> str:
    answer = parse(value, "x")
    try:
        start = series(answer, {"x": 0.0}, "x", 1)
    except (ArithmeticError, ValueError):
        return "not defined at 0"
    if not (close(start[0], q["y0"]) and close(start[1], q["y1"])):
        return "the initial values differ"
    for point in points("x"):
        try:
            y, slope, half = series(answer, point, "x", 2)
        except (ArithmeticError, ValueError):
            return "not defined everywhere"
        parts = [2 * half, q["p"] * slope, q["c"] * y, -q["force"] * math.exp(q["s"] * point["x"])]
        if not abs(sum(parts)) <= 1e-8 * max(1.0, *map(abs, parts)):
            return "the equation does not hold"
    return ""


def _wrong_solutions(q: dict, answer: str, draws: Draws) -> list[str]:
    return [f"{answer} + x", f"{answer} + 1", f"({answer})*(1 + x^2)^2 + x^3", f"2*({answer}) + 1"]


def _show_oscillator(q: dict) -> dict:
    left = "y''"
    for factor, name in ((q["p"], "y'"), (q["c"], "y")):
        if factor:
            left += f" {'+' if factor > 0 else '-'} {abs(factor) if abs(factor) > 1 else ''}{name}"
    right = f"{q['force']} exp({q['s']} x)" if q["force"] else "0"
    return {"equation": f"{left} = {right}", "y0": q["y0"], "y1": q["y1"]}


def _field(draws: Draws, level: int) -> dict:
    """A potential of x and y, as terms factor x^i y^j."""
    rows = []
    for _ in range(2 + level // 2):
        rows.append([draws.between(1, 9) * draws.pick((1, -1)), draws.between(0, 3 + level // 4),
                     draws.between(0, 3 + level // 4)])  # fmt: skip
    return {"rows": [row for row in rows if row[1] or row[2]] or [[1, 1, 1]]}


def _monomials(rows: list[list[int]]) -> str:
    return " + ".join(f"{c}*x^{i}*y^{j}" for c, i, j in rows).replace("+ -", "- ") or "0"


def _partials(q: dict) -> tuple[str, str]:
    along_x = [[c * i, i - 1, j] for c, i, j in q["rows"] if i]
    along_y = [[c * j, i, j - 1] for c, i, j in q["rows"] if j]
    return _monomials(along_x), _monomials(along_y)


def _check_potential(q: dict, value: str) -> str:
    answer = parse(value, "xy")
    for name, text in zip("xy", _partials(q), strict=True):
        partial = parse(text, "xy")
        wanted = lambda p, partial=partial: evaluate(partial, p)  # noqa: E731
        if not matches(answer, wanted, "xy", name=name, order=1):
            return f"the derivative in {name} differs"
    return ""


def _wrong_potentials(q: dict, answer: str, draws: Draws) -> list[str]:
    return [f"{answer} + x", f"{answer} - y/50", f"{answer} + x*y", f"2*({answer}) + 9*x"]


def _rising(draws: Draws, level: int) -> dict:
    """A strictly increasing function: odd powers, exponentials and arcs with positive factors."""
    return {
        "powers": [[draws.between(1, 9), 2 * draws.between(0, 1 + level // 3) + 1]
                   for _ in range(1 + level // 2)],
        "growth": draws.between(1, 5),
        "target": draws.between(-40, 90),
    }  # fmt: skip


def _rise(q: dict, x: float) -> float:
    total = sum(c * x**k for c, k in q["powers"]) + math.exp(x / q["growth"])
    return total + math.sin(x) - q["target"]


def _crossing(q: dict) -> float:
    low, high = -50.0, 50.0
    for _ in range(90):
        middle = (low + high) / 2
        low, high = (middle, high) if _rise(q, middle) < 0 else (low, middle)
    return (low + high) / 2


def _crossing_by_newton(q: dict) -> float:
    """Newton's method kept inside a shrinking bracket."""
    low, high, x = -50.0, 50.0, 1.0
    for _ in range(200):
        value = _rise(q, x)
        low, high = (x, high) if value < 0 else (low, x)
        slope = sum(c * k * x ** (k - 1) for c, k in q["powers"])
        slope += math.exp(x / q["growth"]) / q["growth"] + math.cos(x)
        step = x - value / slope if slope else low
        x = step if low < step < high else (low + high) / 2
    return x


def _clear_crossing(draws: Draws, level: int) -> dict | None:
    q = _rising(draws, level)
    linear = sum(c for c, k in q["powers"] if k == 1)
    return q if linear >= 2 and abs(_crossing(q)) > 0.05 else None


def _show_rising(q: dict) -> dict:
    powers = " + ".join(f"{c}*x^{k}" for c, k in q["powers"])
    return {"f": f"{powers} + exp(x/{q['growth']}) + sin(x)", "target": q["target"]}


TASKS = (
    Task(
        id="calc.derivative",
        title="Derivative of a composed function",
        knob="depth of composition",
        draw=_function,
        solve=_derived,
        check=_check_derived,
        another=lambda q: f"({_derived(q)})*2/2",
        wrong=_shifted,
        answer=Expression(("x",)),
        verifier="E",
        en=(
            "Differentiate with respect to x: {f}",
            "What is the derivative f'(x) of f(x) = {f}?",
            "d/dx {f} =",
        ),
        zh=("对 x 求导：{f}", "f(x) = {f} 的导数 f'(x) 是什么？", "d/dx {f}，导数："),
    ),
    Task(
        id="calc.antiderivative",
        version=2,
        title="Antiderivative of a sum of elementary terms",
        knob="terms",
        draw=_terms,
        solve=_antiderivative,
        check=_check_antiderivative,
        another=lambda q: f"{_antiderivative(q)} + 7",
        wrong=_wrong_antiderivatives,
        answer=Expression(("x",)),
        verifier="E",
        show=lambda q: {"f": _integrand(q)},
        en=(
            "Find an antiderivative (for x > 0; leave the constant out or choose any number) of "
            "{f}",
            "Integrate with respect to x, x > 0: {f}",
            "Antiderivative of {f}:",
        ),
        zh=(
            "求 {f} 的一个原函数（x > 0，常数可略去或任取）。",
            "对 x 积分（x > 0）：{f}",
            "{f} 的原函数：",
        ),
    ),
    Task(
        id="calc.linear_ode",
        title="Initial value problem of second order with constant coefficients",
        knob="size of the numbers",
        draw=_oscillator,
        solve=_solution,
        check=_check_solution,
        another=lambda q: f"({_solution(q)})*3/3",
        wrong=_wrong_solutions,
        answer=Expression(("x",)),
        verifier="E",
        show=_show_oscillator,
        size=lambda q: 9 * (q["force"] != 0) + abs(q["y0"]) + abs(q["y1"]) + abs(q["force"]),
        en=(
            "Solve {equation} with y(0) = {y0} and y'(0) = {y1}; give y as a function of x.",
            "Which y(x) satisfies {equation}, y(0) = {y0}, y'(0) = {y1}?",
            "{equation}, y(0)={y0}, y'(0)={y1}; y(x) =",
        ),
        zh=(
            "解 {equation}，y(0) = {y0}，y'(0) = {y1}，写出 y 关于 x 的式子。",
            "哪个 y(x) 满足 {equation}、y(0) = {y0}、y'(0) = {y1}？",
            "{equation}，y(0)={y0}，y'(0)={y1}；y(x)：",
        ),
    ),
    Task(
        id="calc.potential",
        title="Potential of a plane vector field",
        knob="terms",
        draw=_field,
        solve=lambda q: _monomials(q["rows"]),
        check=_check_potential,
        another=lambda q: f"{_monomials(q['rows'])} - 4",
        wrong=_wrong_potentials,
        answer=Expression(("x", "y")),
        verifier="E",
        show=lambda q: dict(zip(("p", "q"), _partials(q), strict=True)),
        en=(
            "The field ({p}, {q}) is a gradient. Find a function of x and y whose gradient it is.",
            "Give a potential u(x, y) with u_x = {p} and u_y = {q}.",
            "u_x = {p}, u_y = {q}; u =",
        ),
        zh=(
            "向量场 ({p}, {q}) 是梯度场，求一个以它为梯度的 x、y 的函数。",
            "写出满足 u_x = {p}、u_y = {q} 的势函数 u(x, y)。",
            "u_x = {p}，u_y = {q}；u：",
        ),
    ),
    Task(
        id="calc.monotone_root",
        title="Root of a rising transcendental function",
        knob="terms",
        draw=_clear_crossing,
        **measured(_crossing, "", second=_crossing_by_newton, relative=0.0, absolute=1e-5),
        show=_show_rising,
        en=(
            "For which real x is {f} = {target}? The left side is increasing (x in radians).",
            "Solve {f} = {target} numerically; there is exactly one real solution.",
            "{f} = {target}; x =",
        ),
        zh=(
            "实数 x 为何值时 {f} = {target}？左边单调递增（x 以弧度计）。",
            "数值求解 {f} = {target}，恰有一个实数解。",
            "{f} = {target}；x：",
        ),
    ),
)
