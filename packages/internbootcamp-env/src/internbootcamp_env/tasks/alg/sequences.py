"""Sequences and iterations: recurrences, closed sums, iterated maps, power sums of roots.

Source: textbook algebra (Newton's identities; Fiduccia 1985 for far terms). Knob: the degree, the
number of iterations or the place in the sequence.
"""

from fractions import Fraction
from itertools import pairwise

from internbootcamp_env.answers import Integer, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import polynomials
from internbootcamp_env.engines.polynomials import Polynomial
from internbootcamp_env.engines.residue_polynomials import multiply, reduced
from internbootcamp_env.task import Task


def _recurrence(draws: Draws, level: int) -> dict:
    order = 2 + level // 4
    return {
        "factors": [*draws.integers(order - 1, -3 - level, 3 + level), draws.between(1, 9)],
        "first": draws.integers(order, 0, 9),
        "place": draws.between(10**level, 10 ** (level + 1)),
        "modulus": draws.between(50, 100 + 100 * level),
    }


def _term(question: dict) -> int:
    """Kitamasa: x^n modulo the characteristic polynomial."""
    modulus, order = question["modulus"], len(question["factors"])
    characteristic = [-c for c in question["factors"][::-1]] + [1]
    result, power, exponent = [1] + [0] * (order - 1), None, question["place"]
    power = reduced([0, 1] + [0] * order, characteristic, modulus)
    while exponent:
        if exponent & 1:
            result = multiply(result, power, characteristic, modulus)
        power, exponent = multiply(power, power, characteristic, modulus), exponent >> 1
    return sum(c * x for c, x in zip(result, question["first"], strict=True)) % modulus


def _term_by_matrix(question: dict) -> int:
    modulus, factors = question["modulus"], question["factors"]
    order = range(len(factors))
    matrix = [[int(j == i + 1) for j in order] for i in order]
    matrix[-1] = [c % modulus for c in reversed(factors)]

    def times(x: list[list[int]], y: list[list[int]]) -> list[list[int]]:
        return [[sum(x[i][k] * y[k][j] for k in order) % modulus for j in order] for i in order]

    result, exponent = [[int(i == j) for j in order] for i in order], question["place"]
    while exponent:
        if exponent & 1:
            result = times(result, matrix)
        matrix, exponent = times(matrix, matrix), exponent >> 1
    return sum(c * x for c, x in zip(result[0], question["first"], strict=True)) % modulus


def _show_recurrence(question: dict) -> dict:
    terms = [f"({c})*a(n-{k})" for k, c in enumerate(question["factors"], 1)]
    starts = [f"a({k}) = {x}" for k, x in enumerate(question["first"])]
    return question | {"rule": " + ".join(terms), "starts": ", ".join(starts)}


def _summand(draws: Draws, level: int) -> dict:
    degree, size = 2 + level // 3, 10 + level
    lead = draws.between(1, size) * draws.pick((-1, 1))
    return {"p": [*draws.integers(degree, -size, size), lead]}


def _closed_sum(question: dict) -> str:
    """Interpolate the partial sums through enough points (Newton's differences)."""
    p = question["p"]
    row = [Fraction(0)]
    for k in range(1, len(p) + 1):
        row.append(row[-1] + polynomials.value(p, k))
    result: polynomials.Poly = []
    basis, k = [Fraction(1)], 0
    while any(row):
        result = polynomials.add(result, [row[0] * c for c in basis])
        row = [b - a for a, b in pairwise(row)]
        basis = polynomials.multiply(basis, [Fraction(-k, k + 1), Fraction(1, k + 1)])
        k += 1
    return polynomials.text(result, "n")


def _closed_sum_by_coefficients(question: dict) -> str:
    """Solve s(n) - s(n - 1) = p(n) from the highest coefficient down."""
    rest = polynomials.trimmed(question["p"])
    result: polynomials.Poly = []
    while rest:
        power = len(rest)
        lead = rest[-1] / power
        term = [Fraction(0)] * power + [lead]
        shifted = [lead]
        for _ in range(power):
            shifted = polynomials.multiply(shifted, [Fraction(-1), Fraction(1)])
        rest = polynomials.add(rest, polynomials.add(term, shifted, -1), -1)
        result = polynomials.add(result, term)
    return polynomials.text(result, "n")


def _moebius(draws: Draws, level: int) -> dict | None:
    a, b, c, d = draws.integers(4, -6 - level // 2, 6 + level // 2)
    question = {"a": a, "b": b, "c": c, "d": d, "x": draws.between(-9, 9), "times": 2 + level // 2}
    if a * d == b * c or not c or b == 0 or a + d == 0:
        return None
    value = Fraction(question["x"])
    for _ in range(question["times"]):
        if not c * value + d:
            return None
        value = (a * value + b) / (c * value + d)
    return question


def _iterate(question: dict) -> str:
    value = Fraction(question["x"])
    for _ in range(question["times"]):
        value = (question["a"] * value + question["b"]) / (question["c"] * value + question["d"])
    return str(value)


def _iterate_by_matrix(question: dict) -> str:
    top, bottom = question["x"], 1
    for _ in range(question["times"]):
        top, bottom = (
            question["a"] * top + question["b"] * bottom,
            question["c"] * top + question["d"] * bottom,
        )
    return str(Fraction(top, bottom))


def _power_sum_question(draws: Draws, level: int) -> dict:
    size = 9 + level // 2
    return {
        "p": [*draws.integers(3 + level // 4, -size, size), 1],
        "power": 3 + level // 2,
    }


def _power_sum(question: dict) -> int:
    """Newton's identities."""
    degree, p = len(question["p"]) - 1, question["p"]
    sums = [degree]
    for k in range(1, question["power"] + 1):
        total = -k * p[degree - k] if k <= degree else 0
        total -= sum(p[degree - i] * sums[k - i] for i in range(1, min(k - 1, degree) + 1))
        if k > degree:
            total = -sum(p[degree - i] * sums[k - i] for i in range(1, degree + 1))
        sums.append(total)
    return sums[-1]


def _power_sum_by_trace(question: dict) -> int:
    """Trace of a power of the companion matrix."""
    degree, p = len(question["p"]) - 1, question["p"]
    size = range(degree)
    companion = [[int(i == j + 1) for j in size] for i in size]
    for i in size:
        companion[i][-1] = -p[i]
    power = companion
    for _ in range(question["power"] - 1):
        power = [[sum(power[i][k] * companion[k][j] for k in size) for j in size] for i in size]
    return sum(power[i][i] for i in size)


TASKS = (
    Task(
        id="alg.recurrence_term",
        title="Far term of a linear recurrence modulo a number",
        knob="place and order",
        draw=_recurrence,
        solve=_term,
        second=_term_by_matrix,
        answer=Integer(),
        show=_show_recurrence,
        en=(
            "A sequence has {starts} and a(n) = {rule} for larger n. What is a({place}) modulo "
            "{modulus}?",
            "Let a(n) = {rule} with {starts}. Find the remainder of a({place}) when divided by "
            "{modulus}.",
            "{starts}; a(n) = {rule}; a({place}) mod {modulus}",
        ),
        zh=(
            "数列满足 {starts}，之后 a(n) = {rule}。求 a({place}) 模 {modulus}。",
            "设 a(n) = {rule}，且 {starts}。求 a({place}) 除以 {modulus} 的余数。",
            "{starts}；a(n) = {rule}；a({place}) 模 {modulus}",
        ),
    ),
    Task(
        id="alg.closed_sum",
        title="Closed form of a sum of polynomial values",
        knob="degree",
        verifier="E",
        draw=_summand,
        solve=_closed_sum,
        second=_closed_sum_by_coefficients,
        answer=Polynomial("n"),
        show=lambda q: {"p": polynomials.text(q["p"], "k")},
        en=(
            "Find a polynomial in n that equals the sum of {p} over k = 1, 2, ..., n.",
            "What is the closed form of the sum of ({p}) for k from 1 to n?",
            "sum_(k=1)^n ({p}) =",
        ),
        zh=(
            "求关于 n 的多项式，等于 k = 1、2……n 时 {p} 的和。",
            "k 从 1 到 n，({p}) 之和的封闭形式是什么？",
            "sum_(k=1)^n ({p}) =",
        ),
    ),
    Task(
        id="alg.moebius_iterate",
        title="Iterate of a fractional linear map",
        knob="iterations",
        draw=_moebius,
        solve=_iterate,
        second=_iterate_by_matrix,
        size=lambda q: q["times"],
        answer=Rational(),
        en=(
            "Let f(x) = ({a}x + ({b})) / ({c}x + ({d})). Apply f to {x} exactly {times} times; "
            "what is the result?",
            "Start with {x} and replace x by ({a}x + ({b})) / ({c}x + ({d})), {times} times over. "
            "Give the exact value.",
            "f(x) = ({a}x + ({b})) / ({c}x + ({d})), {times}-fold at {x}",
        ),
        zh=(
            "设 f(x) = ({a}x + ({b})) / ({c}x + ({d}))，对 {x} 连续作用 {times} 次，结果是多少？",
            "从 {x} 开始，把 x 换成 ({a}x + ({b})) / ({c}x + ({d}))，共 {times} 次，写出精确值。",
            "f(x) = ({a}x + ({b})) / ({c}x + ({d}))，在 {x} 处迭代 {times} 次",
        ),
    ),
    Task(
        id="alg.power_sum",
        title="Power sum of the roots of a polynomial",
        knob="degree and power",
        draw=_power_sum_question,
        solve=_power_sum,
        second=_power_sum_by_trace,
        size=lambda q: len(q["p"]) + q["power"],
        answer=Integer(),
        show=lambda q: {"p": polynomials.text(q["p"]), "power": q["power"]},
        en=(
            "Raise every complex root of {p} (with multiplicity) to the power {power}. What is the "
            "sum?",
            "Compute the sum of the {power}-th powers of the roots of {p}.",
            "Sum of {power}-th powers of the roots: {p}",
        ),
        zh=(
            "把 {p} 的每个复根（计重数）取 {power} 次方，总和是多少？",
            "计算 {p} 各根的 {power} 次幂之和。",
            "各根 {power} 次幂之和：{p}",
        ),
    ),
)
