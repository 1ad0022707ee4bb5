"""Calculus with exact values as answers: series, limits, integrals, numerical rules, extrema.

Source: textbook calculus; the rules of Newton, Simpson, Heun and Runge and Kutta as stated in the
prompts. Everything in fractions. Knob: the number of terms or steps.
(Long for the prompts of nine tasks, in two languages, and the code that they share.)
"""

from fractions import Fraction
from itertools import pairwise, product
from math import comb, factorial

from internbootcamp_env.answers import Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task

Poly = list[Fraction]
"""Coefficients from the constant up."""


def _show(poly: list[int] | Poly, name: str = "x") -> str:
    """Write a polynomial, lowest power first."""
    parts = []
    for k, c in enumerate(poly):
        if c:
            parts.append(f"{c}" + (f"*{name}" if k else "") + (f"^{k}" if k > 1 else ""))
    return " + ".join(parts).replace("+ -", "- ") or "0"


def _value(poly: list[int] | Poly, x: Fraction) -> Fraction:
    total = Fraction(0)
    for c in reversed(poly):
        total = total * x + c
    return total


def _times(a: list, b: list) -> list:
    result = [0 * a[0]] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            result[i + j] += x * y
    return result


def _integral(poly: list[int] | Poly, low: Fraction, high: Fraction) -> Fraction:
    raised = [Fraction(0), *(Fraction(c) / (k + 1) for k, c in enumerate(poly))]
    return _value(raised, high) - _value(raised, low)


def _composite(draws: Draws, level: int) -> dict:
    size = 2 + level // 3
    return {
        "kind": draws.pick(("exp", "ln", "root", "inverse")),
        "inner": [0, draws.between(1, 6) * draws.pick((1, -1)), *draws.integers(size - 1, -4, 4)],
        "factor": [draws.between(1, 9), *draws.integers(1, -6, 6)],
        "terms": 3 + level // 2,
    }


def _outer(kind: str, n: int) -> Fraction:
    """Coefficient of u^n in exp(u), ln(1+u), sqrt(1+u) or 1/(1+u)."""
    if kind == "exp":
        return Fraction(1, factorial(n))
    if kind == "inverse":
        return Fraction((-1) ** n)
    if kind == "ln":
        return Fraction((-1) ** (n + 1), n) if n else Fraction(0)
    value = Fraction(1)
    for k in range(n):
        value *= (Fraction(1, 2) - k) / (k + 1)
    return value


def _coefficients(q: dict) -> list[str]:
    """Substitute the powers of the inner polynomial, cut off at the wanted order."""
    terms = q["terms"]
    inner = [Fraction(c) for c in q["inner"]]
    power, total = [Fraction(1)], [Fraction(0)] * terms
    for n in range(terms):
        for k, c in enumerate(power[:terms]):
            total[k] += _outer(q["kind"], n) * c
        power = _times(power, inner)[:terms]
    return [str(c) for c in _times(total, [Fraction(c) for c in q["factor"]])[:terms]]


def _coefficients_by_equation(q: dict) -> list[str]:
    """Use the differential equation: f' = u' f, (1+u) f' = u' c f, or division."""
    terms, u = q["terms"], [*map(Fraction, q["inner"]), *([Fraction(0)] * q["terms"])]
    slope = [k * c for k, c in enumerate(u)]
    f = [Fraction(q["kind"] != "ln")]
    for n in range(1, terms):
        if q["kind"] == "exp":
            total = sum(slope[k] * f[n - k] for k in range(1, n + 1))
        elif q["kind"] == "ln":
            total = slope[n] - sum(u[n - k] * k * f[k] for k in range(1, n))
        else:
            power = Fraction(1, 2) if q["kind"] == "root" else Fraction(-1)
            total = power * sum(slope[k] * f[n - k] for k in range(1, n + 1))
            total -= sum(u[n - k] * k * f[k] for k in range(1, n))
        f.append(Fraction(total) / n)
    first, second = q["factor"]
    return [str(first * c + (second * f[k - 1] if k else 0)) for k, c in enumerate(f)]


def _show_composite(q: dict) -> dict:
    forms = {"exp": "exp({})", "ln": "ln(1 + {})", "root": "sqrt(1 + {})", "inverse": "1/(1 + {})"}
    function = forms[q["kind"]].format(_show(q["inner"])).replace("+ -", "- ")
    return {"f": f"({_show(q['factor'])})*{function}", "terms": q["terms"]}


def _quotient(draws: Draws, level: int) -> dict | None:
    """A fraction of polynomials whose common root is the point."""
    times = 1 + (level > 4) + (level > 8)
    root = draws.between(-5, 5)
    parts = []
    for _ in range(2):
        poly = draws.integers(2 + level // 3, -7, 7)
        if not _value(poly, Fraction(root)):
            return None
        for _ in range(times):
            poly = _times(poly, [-root, 1])
        parts.append(poly)
    return {"top": parts[0], "bottom": parts[1], "at": root}


def _limit(q: dict) -> str:
    """Divide both by x - root while both vanish."""
    top, bottom, at = q["top"], q["bottom"], Fraction(q["at"])
    while not _value(bottom, at):
        top, bottom = (_divided(poly, q["at"]) for poly in (top, bottom))
    return str(_value(top, at) / _value(bottom, at))


def _divided(poly: list[int], root: int) -> list[int]:
    rest, found = 0, []
    for c in reversed(poly):
        rest = rest * root + c
        found.append(rest)
    return found[-2::-1]


def _limit_by_derivatives(q: dict) -> str:
    """L'Hopital's rule as often as needed."""
    top, bottom, at = list(q["top"]), list(q["bottom"]), Fraction(q["at"])
    while not _value(bottom, at):
        top, bottom = ([k * c for k, c in enumerate(p)][1:] for p in (top, bottom))
    return str(_value(top, at) / _value(bottom, at))


def _signed(draws: Draws, level: int) -> dict:
    roots = draws.integers(1 + (level + 1) // 3, -4, 4)
    low = draws.between(-6, 0)
    return {"roots": sorted(roots), "factor": draws.between(1, 9), "low": low,
            "high": low + draws.between(3, 9)}  # fmt: skip


def _area(q: dict) -> str:
    """Integral of the absolute value: split at the roots."""
    poly: list = [Fraction(q["factor"])]
    for r in q["roots"]:
        poly = _times(poly, [Fraction(-r), Fraction(1)])
    inside = sorted({r for r in q["roots"] if q["low"] < r < q["high"]})
    marks = [q["low"], *inside, q["high"]]
    pieces = [_integral(poly, Fraction(a), Fraction(b)) for a, b in pairwise(marks)]
    return str(sum(map(abs, pieces)))


def _area_by_moments(q: dict) -> str:
    """On each unit interval the sign is constant; integrate by Newton's forward differences."""
    total = Fraction(0)
    degree = len(q["roots"])
    for start in range(q["low"], q["high"]):
        points = [Fraction(start) + Fraction(k, degree or 1) for k in range(degree + 1)]
        values = []
        for x in points:
            value = Fraction(q["factor"])
            for r in q["roots"]:
                value *= x - r
            values.append(value)
        piece = Fraction(0)
        for k in range(len(values)):
            difference = sum((-1) ** (k - j) * comb(k, j) * values[j] for j in range(k + 1))
            falling: list = [Fraction(1)]
            for j in range(k):
                falling = _times(falling, [Fraction(-j), Fraction(1)])
            span = Fraction(degree or 1)
            piece += difference / factorial(k) * _integral(falling, Fraction(0), span) / span
        total += abs(piece)
    return str(total)


def _show_signed(q: dict) -> dict:
    factors = "".join(f"(x - {r})".replace("- -", "+ ") for r in q["roots"])
    return {"f": f"{q['factor']}{factors}", "low": q["low"], "high": q["high"]}


def _newton(draws: Draws, level: int) -> dict | None:
    q = {
        "poly": [*draws.integers(2 + level // 4, -9, 9), draws.between(1, 4)],
        "start": draws.between(-4, 6),
        "steps": 1 + (level > 3) + (level > 8),
    }
    try:
        _newton_iterate(q)
    except ZeroDivisionError:
        return None
    return q if _value(q["poly"], Fraction(q["start"])) else None


def _newton_iterate(q: dict) -> str:
    x = Fraction(q["start"])
    slope = [k * c for k, c in enumerate(q["poly"])][1:]
    for _ in range(q["steps"]):
        x -= _value(q["poly"], x) / _value(slope, x)
    return str(x)


def _newton_by_division(q: dict) -> str:
    """Value and slope from repeated synthetic division."""
    x = Fraction(q["start"])
    for _ in range(q["steps"]):
        value, slope = Fraction(0), Fraction(0)
        for c in reversed(q["poly"]):
            slope = slope * x + value
            value = value * x + c
        x = (x * slope - value) / slope
    return str(x)


def _motion(draws: Draws, level: int) -> dict:
    return {
        "law": draws.integers(3, -3, 3),
        "start": draws.between(-4, 4),
        "step": f"1/{draws.between(2, 6)}",
        "method": draws.pick(("Heun", "midpoint", "Runge-Kutta")),
        "steps": 1 + (level + 1) // 4,
    }


def _slope(q: dict, x: Fraction, y: Fraction) -> Fraction:
    a, b, c = q["law"]
    return a * x + b * y + c


def _stepped(q: dict) -> str:
    x, y, h = Fraction(0), Fraction(q["start"]), Fraction(q["step"])
    for _ in range(q["steps"]):
        k1 = _slope(q, x, y)
        if q["method"] == "Heun":
            y += h / 2 * (k1 + _slope(q, x + h, y + h * k1))
        elif q["method"] == "midpoint":
            y += h * _slope(q, x + h / 2, y + h / 2 * k1)
        else:
            k2 = _slope(q, x + h / 2, y + h / 2 * k1)
            k3 = _slope(q, x + h / 2, y + h / 2 * k2)
            k4 = _slope(q, x + h, y + h * k3)
            y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        x += h
    return str(y)


def _stepped_by_taylor(q: dict) -> str:
    """For a linear law these methods are Taylor polynomials: y'' = a + b y', y''' = b y'', ..."""
    x, y, h = Fraction(0), Fraction(q["start"]), Fraction(q["step"])
    a, b, c = q["law"]
    order = 4 if q["method"] == "Runge-Kutta" else 2
    for _ in range(q["steps"]):
        terms = [a * x + b * y + c]
        terms.append(a + b * terms[0])
        while len(terms) < order:
            terms.append(b * terms[-1])
        y += sum(d * h ** (k + 1) / factorial(k + 1) for k, d in enumerate(terms[:order]))
        x += h
    return str(y)


def _show_motion(q: dict) -> dict:
    a, b, c = q["law"]
    return {**q, "law": f"{a}*x + {b}*y + {c}".replace("+ -", "- ")}


def _samples(draws: Draws, level: int) -> dict:
    panels = 2 * (1 + level // 2)
    return {"start": draws.between(1, 30), "width": draws.between(1, 20), "panels": panels,
            "top": draws.integers(2, 1, 20)}  # fmt: skip


def _simpson(q: dict) -> str:
    """Composite rule for (p + q x) / x^2 between start and start + width."""
    h = Fraction(q["width"], q["panels"])
    total = Fraction(0)
    for k in range(q["panels"] + 1):
        x = q["start"] + k * h
        weight = 1 if k in (0, q["panels"]) else 4 if k % 2 else 2
        total += weight * (q["top"][0] + q["top"][1] * x) / (x * x)
    return str(total * h / 3)


def _simpson_by_pairs(q: dict) -> str:
    """Two thirds of the midpoint rule and one third of the trapezium, panel pair by pair."""
    pairs = q["panels"] // 2
    wide = Fraction(q["width"], pairs)

    def f(x: Fraction) -> Fraction:
        return q["top"][0] / (x * x) + q["top"][1] / x

    total = Fraction(0)
    for k in range(pairs):
        a = q["start"] + k * wide
        middle, ends = f(a + wide / 2), (f(a + 0 * wide) + f(a + wide)) / 2
        total += wide * (2 * middle + ends) / 3
    return str(total)


def _surface(draws: Draws, level: int) -> dict | None:
    """A sum g(x + m y) + h(y) whose derivatives have two whole roots each."""
    top = 4 + level
    a, b = draws.sample(range(-top, top + 1), 2)
    c, d = draws.sample(range(-top, top + 1), 2)
    return {"g": [a, b, draws.pick((6, -6, 12))], "h": [c, d, draws.pick((6, -6, 12))],
            "m": 0 if level < 3 else draws.between(-2, 2)}  # fmt: skip


def _critical(q: dict) -> list[str]:
    """Every critical point with its kind, from the signs of the two second derivatives."""
    (a, b, s), (c, d, t), m = q["g"], q["h"], q["m"]
    words = []
    for u, y in product((a, b), (c, d)):
        bend_u, bend_y = s * (2 * u - a - b), t * (2 * y - c - d)
        kind = "saddle" if bend_u * bend_y < 0 else "minimum" if bend_u > 0 else "maximum"
        words.append(f"{u - m * y}:{y}:{kind}")
    return sorted(words)


def _critical_by_hessian(q: dict) -> list[str]:
    """Expand in x and y and use determinant and trace of the Hessian at each point."""
    (a, b, s), (c, d, t), m = q["g"], q["h"], q["m"]
    found = []
    for y in sorted({c, d}):
        for x in sorted({a - m * y, b - m * y}):
            u = x + m * y
            xx = s * (2 * u - a - b)
            xy, yy = m * xx, m * m * xx + t * (2 * y - c - d)
            det = xx * yy - xy * xy
            kind = "saddle" if det < 0 else "minimum" if xx + yy > 0 else "maximum"
            found.append(f"{x}:{y}:{kind}")
    return sorted(found)


def _cubic(roots: list[int]) -> list[int]:
    """Coefficients of the integral of s (u - a)(u - b), whole because s is a multiple of 6."""
    a, b, s = roots
    return [0, s * a * b, -s * (a + b) // 2, s // 3]


def _show_surface(q: dict) -> dict:
    m = q["m"]
    inner = "x" if not m else f"(x {'+' if m > 0 else '-'} {abs(m)}*y)"
    return {
        "f": f"{_show(_cubic(q['g']), inner)} + {_show(_cubic(q['h']), 'y')}".replace("+ -", "- ")
    }


def _path(draws: Draws, level: int) -> dict:
    return {
        "p": draws.integers(4, -5, 5),
        "q": draws.integers(4, -5, 5),
        "points": [draws.integers(2, -4, 4) for _ in range(2 + (level + 1) // 2)],
    }


def _work(q: dict) -> str:
    """Integrate P dx + Q dy segment by segment; Simpson's rule is exact for these fields."""
    total = Fraction(0)

    def field(row: list[int], x: Fraction, y: Fraction) -> Fraction:
        return row[0] + row[1] * x + row[2] * y + row[3] * x * y

    for (x1, y1), (x2, y2) in pairwise(q["points"]):
        marks = ((x1, y1, 1), (Fraction(x1 + x2, 2), Fraction(y1 + y2, 2), 4), (x2, y2, 1))
        for x, y, weight in marks:
            along = field(q["p"], Fraction(x), Fraction(y)) * (x2 - x1)
            along += field(q["q"], Fraction(x), Fraction(y)) * (y2 - y1)
            total += Fraction(weight, 6) * along
    return str(total)


def _work_by_parameters(q: dict) -> str:
    """Write x and y as polynomials in t on each segment and integrate their products."""
    total = Fraction(0)
    for (x1, y1), (x2, y2) in pairwise(q["points"]):
        x = [Fraction(x1), Fraction(x2 - x1)]
        y = [Fraction(y1), Fraction(y2 - y1)]
        xy = _times(x, y)
        for row, step in ((q["p"], x[1]), (q["q"], y[1])):
            poly = [row[3] * c for c in xy]
            poly[0] += row[0] + row[1] * x[0] + row[2] * y[0]
            poly[1] += row[1] * x[1] + row[2] * y[1]
            total += step * _integral(poly, Fraction(0), Fraction(1))
    return str(total)


def _show_path(q: dict) -> dict:
    forms = []
    for row in (q["p"], q["q"]):
        forms.append(f"{row[0]} + {row[1]}*x + {row[2]}*y + {row[3]}*x*y".replace("+ -", "- "))
    points = " -> ".join(f"({x},{y})" for x, y in q["points"])
    return {"p": forms[0], "q": forms[1], "points": points}


def _series(draws: Draws, level: int) -> dict:
    bottom = draws.between(2, 9)
    ratio = Fraction(draws.between(1, bottom - 1) * draws.pick((1, -1)), bottom)
    return {"poly": [*draws.integers(2 + level // 3, -6, 6), draws.between(1, 5)],
            "ratio": str(ratio)}  # fmt: skip


def _summed(q: dict) -> str:
    """Sum p(n) r^n over n >= 0 with falling factorials: sum C(n,k) r^n = r^k / (1-r)^(k+1)."""
    r = Fraction(q["ratio"])
    values = [_value(q["poly"], Fraction(n)) for n in range(len(q["poly"]))]
    total = Fraction(0)
    for k in range(len(values)):
        difference = sum((-1) ** (k - j) * comb(k, j) * values[j] for j in range(k + 1))
        total += difference * r**k / (1 - r) ** (k + 1)
    return str(total)


def _summed_by_operator(q: dict) -> str:
    """Apply x d/dx to 1/(1-x), keeping numerators over powers of 1-x."""
    r, total = Fraction(q["ratio"]), Fraction(0)
    top = [Fraction(1)]
    for power, c in enumerate(q["poly"]):
        total += c * _value(top, r) / (1 - r) ** (power + 1)
        # x d/dx of t/(1-x)^m is x (t' (1-x) + m t) / (1-x)^(m+1)
        slope = [k * x for k, x in enumerate(top)][1:] or [Fraction(0)]
        first = _times(slope, [Fraction(1), Fraction(-1)])
        size = max(len(first), len(top))
        mixed = [
            (first[k] if k < len(first) else 0) + (power + 1) * (top[k] if k < len(top) else 0)
            for k in range(size)
        ]
        top = [Fraction(0), *map(Fraction, mixed)]
    return str(total)


def _show_series(q: dict) -> dict:
    return {"terms": f"({_show(q['poly'], 'n')})*({q['ratio']})^n"}


TASKS = (
    Task(
        id="calc.taylor_coefficients",
        title="First Taylor coefficients of a composed function",
        knob="terms",
        draw=_composite,
        solve=_coefficients,
        second=_coefficients_by_equation,
        answer=Rationals(),
        show=_show_composite,
        size=lambda q: q["terms"] + len(q["inner"]),
        en=(
            "Expand {f} at x = 0 and give the coefficients of x^0, x^1, ... ({terms} numbers).",
            "What are the first {terms} Maclaurin coefficients of {f}?",
            "{terms} Taylor coefficients at 0 of {f}:",
        ),
        zh=(
            "在 x = 0 处展开 {f}，写出 x^0、x^1…… 的系数（{terms} 个）。",
            "{f} 的前 {terms} 个麦克劳林系数是什么？",
            "{f} 在 0 处的 {terms} 个泰勒系数：",
        ),
    ),
    Task(
        id="calc.rational_limit",
        title="Limit of a quotient at a common root",
        knob="degree",
        draw=_quotient,
        solve=_limit,
        second=_limit_by_derivatives,
        answer=Rational(),
        show=lambda q: {"top": _show(q["top"]), "bottom": _show(q["bottom"]), "at": q["at"]},
        en=(
            "What is the limit of ({top})/({bottom}) as x tends to {at}?",
            "Find lim x->{at} of the quotient of {top} by {bottom}.",
            "lim x->{at} ({top})/({bottom}) =",
        ),
        zh=(
            "x 趋于 {at} 时 ({top})/({bottom}) 的极限是多少？",
            "求 x->{at} 时 {top} 除以 {bottom} 的极限。",
            "x->{at}，({top})/({bottom}) 的极限：",
        ),
    ),
    Task(
        id="calc.absolute_integral",
        title="Integral of the absolute value of a polynomial",
        knob="roots",
        draw=_signed,
        solve=_area,
        second=_area_by_moments,
        answer=Rational(),
        show=_show_signed,
        size=lambda q: len(q["roots"]),
        en=(
            "Integrate |{f}| over x from {low} to {high}.",
            "What is the total area between the x axis and the graph of {f} for {low} <= x <= "
            "{high}?",
            "Integral of |{f}|, {low} to {high}:",
        ),
        zh=(
            "求 |{f}| 在 x 从 {low} 到 {high} 的积分。",
            "{low} <= x <= {high} 时，x 轴与 {f} 图像之间的总面积是多少？",
            "|{f}| 从 {low} 到 {high} 的积分：",
        ),
    ),
    Task(
        id="calc.newton_iterate",
        title="Iterate of Newton's method",
        knob="steps and degree",
        draw=_newton,
        solve=_newton_iterate,
        second=_newton_by_division,
        answer=Rational(),
        show=lambda q: {**q, "poly": _show(q["poly"])},
        size=lambda q: 5 * q["steps"] + len(q["poly"]),
        en=(
            "Which exact number does Newton's method reach after {steps} step(s) for {poly} = 0 "
            "from x = {start}?",
            "Apply x -> x - f(x)/f'(x) with f = {poly}, {steps} time(s), starting at {start}; give "
            "the fraction.",
            "Newton, f={poly}, x0={start}, {steps} step(s):",
        ),
        zh=(
            "用牛顿法解 {poly} = 0，从 x = {start} 出发 {steps} 步后得到的精确值是多少？",
            "f = {poly}，从 {start} 起做 {steps} 次 x -> x - f(x)/f'(x)，写出分数。",
            "牛顿法，f={poly}，x0={start}，{steps} 步：",
        ),
    ),
    Task(
        id="calc.ode_steps",
        title="Steps of a numerical method for a differential equation",
        knob="steps",
        draw=_motion,
        solve=_stepped,
        second=_stepped_by_taylor,
        answer=Rational(),
        show=_show_motion,
        size=lambda q: q["steps"],
        en=(
            "Take {steps} step(s) of size {step} with the {method} method for y' = {law} from y(0) "
            "= {start}. Which exact y results? (Heun: average of slopes at both ends of an Euler "
            "step; midpoint: slope at the middle; Runge-Kutta: the classical one of order 4.)",
            "Approximate y' = {law}, y(0) = {start}, by {steps} step(s) h = {step} of the method "
            "{method} (Heun's trapezoidal predictor-corrector, explicit midpoint, or classical "
            "RK4); exact fraction.",
            "{method}, y'={law}, y(0)={start}, h={step}, {steps} step(s): y",
        ),
        zh=(
            "用 {method} 法对 y' = {law}、y(0) = {start} 走 {steps} 步，步长 {step}，y "
            "的精确值是多少？"
            "（Heun：欧拉步两端斜率的平均；midpoint：中点斜率；Runge-Kutta：经典四阶。）",
            "以步长 h = {step} 的 {method}（Heun 改进欧拉、显式中点或经典 RK4）走 {steps} 步近似 "
            "y' = {law}、y(0) = {start}，写精确分数。",
            "{method}，y'={law}，y(0)={start}，h={step}，{steps} 步：y",
        ),
    ),
    Task(
        id="calc.simpson_rule",
        title="Composite Simpson's rule as an exact fraction",
        knob="panels",
        draw=_samples,
        solve=_simpson,
        second=_simpson_by_pairs,
        answer=Rational(),
        show=lambda q: {
            "a": q["start"],
            "b": q["start"] + q["width"],
            "panels": q["panels"],
            "f": f"({q['top'][0]} + {q['top'][1]}*x)/x^2",
        },
        size=lambda q: q["panels"],
        en=(
            "Apply the composite Simpson rule with {panels} equal subintervals to {f} from {a} to "
            "{b}; give the exact fraction.",
            "What value does Simpson's 1-4-2-...-4-1 rule with {panels} strips give for the "
            "integral of {f} over [{a}, {b}], exactly?",
            "Simpson, {panels} strips, {f}, {a} to {b}:",
        ),
        zh=(
            "对 {f} 在 {a} 到 {b} 用 {panels} 等分的复合辛普森公式，写出精确分数。",
            "辛普森 1-4-2-...-4-1 公式取 {panels} 个小区间，对 {f} 在 [{a}, {b}] "
            "的积分给出什么值（精确）？",
            "辛普森，{panels} 段，{f}，{a} 到 {b}：",
        ),
    ),
    Task(
        id="calc.critical_points",
        title="Critical points of a function of two variables, with their kind",
        knob="size of the coefficients",
        draw=_surface,
        solve=_critical,
        second=_critical_by_hessian,
        answer=Words(ordered=False, example="0:0:flat"),
        verifier="S",
        show=_show_surface,
        size=lambda q: sum(map(abs, q["g"][:2] + q["h"][:2])) + 4 * abs(q["m"]),
        en=(
            "Find all critical points of f(x, y) = {f} and classify each. Write each as "
            "x:y:kind, like "
            "1:-2:saddle, 0:3:minimum or 4:4:maximum, separated by spaces.",
            "Where is the gradient of {f} zero, and are these points minimum, maximum or saddle? "
            "Answer in the form x:y:kind.",
            "Critical points, as x:y:minimum/maximum/saddle, of {f}",
        ),
        zh=(
            "求 f(x, y) = {f} 的所有驻点并分类，写成 (1,-2):saddle、(0,3):minimum 或 "
            "(4,4):maximum，"
            "以空格分隔。",
            "{f} 的梯度在哪里为零？各点是 minimum、maximum 还是 saddle？按 x:y:类型 作答。",
            "{f} 的驻点，x:y:minimum/maximum/saddle",
        ),
    ),
    Task(
        id="calc.line_integral",
        title="Line integral along a polygonal path",
        knob="segments",
        draw=_path,
        solve=_work,
        second=_work_by_parameters,
        answer=Rational(),
        show=_show_path,
        en=(
            "Integrate P dx + Q dy with P = {p} and Q = {q} along the straight segments {points}.",
            "What work does the field ({p}, {q}) do along the path {points} (straight pieces)?",
            "Line integral of ({p}, {q}) along {points}:",
        ),
        zh=(
            "沿折线 {points} 计算 P dx + Q dy 的积分，P = {p}，Q = {q}。",
            "力场 ({p}, {q}) 沿折线 {points} 做的功是多少？",
            "({p}, {q}) 沿 {points} 的线积分：",
        ),
    ),
    Task(
        id="calc.infinite_sum",
        title="Sum of a polynomial times a geometric series",
        knob="degree",
        draw=_series,
        solve=_summed,
        second=_summed_by_operator,
        answer=Rational(),
        show=_show_series,
        en=(
            "What is the sum over n = 0, 1, 2, ... of {terms}, exactly?",
            "Evaluate the convergent series of the terms {terms}, n from 0 to infinity.",
            "Sum n>=0 of {terms} =",
        ),
        zh=(
            "对 n = 0, 1, 2, ... 求 {terms} 之和的精确值。",
            "计算以 {terms} 为通项（n 从 0 到无穷）的收敛级数的和。",
            "n>=0，{terms} 之和：",
        ),
    ),
)
