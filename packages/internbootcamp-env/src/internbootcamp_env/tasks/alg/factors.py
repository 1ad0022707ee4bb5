"""Factors and roots of polynomials: factorisation, common divisors, rational roots, resultants.

Source: textbook algebra. Polynomials may be written in any equal form; factorisations in any order
and with any distribution of constants. Knob: the degree and the size of the coefficients.
"""

from fractions import Fraction
from math import isqrt, prod

from internbootcamp_env.answers import Integer, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import polynomials
from internbootcamp_env.engines.polynomials import Factors, Poly, Polynomial
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _integers(poly: Poly) -> list[int]:
    return [int(c) for c in poly]


def _quadratic(draws: Draws, size: int) -> list[int]:
    """Draw a monic quadratic without rational roots."""
    while True:
        b, c = draws.between(-size, size), draws.between(1, size + 2)
        discriminant = b * b - 4 * c
        if discriminant < 0:
            return [c, b, 1]


def _composite(draws: Draws, level: int) -> dict:
    size = 7 + level // 2
    roots = [draws.between(1, size) * draws.pick((1, -1)) for _ in range(2 + level // 4)]
    factors = [[-root, 1] for root in roots]
    factors += [_quadratic(draws, 4 + level // 3) for _ in range(1 + level // 5)]
    whole = [draws.weighted((1, 2, 3), (3, 1, 1))]
    for factor in factors:
        product = [0] * (len(whole) + len(factor) - 1)
        for i, x in enumerate(whole):
            for j, y in enumerate(factor):
                product[i + j] += x * y
        whole = product
    return {"p": whole}


def _divisors(number: int) -> list[int]:
    number = abs(number)
    small = [d for d in range(1, isqrt(number) + 1) if number % d == 0]
    return small + [number // d for d in reversed(small) if d * d != number]


def _value(poly: list[int], x: int) -> int:
    total = 0
    for c in reversed(poly):
        total = total * x + c
    return total


def _quotient(poly: list[int], factor: list[int]) -> list[int] | None:
    """Divide by a monic factor, or return None if there is a remainder."""
    rest, size = list(poly), len(factor)
    for place in range(len(poly) - 1, size - 2, -1):
        for i in range(size - 1):
            rest[place - size + 1 + i] -= rest[place] * factor[i]
    return None if any(rest[: size - 1]) else rest[size - 1 :]


def _factor(question: dict) -> list[str]:
    """Split off linear factors at integer roots, then quadratics that fit the values at 0 and 1."""
    constant = question["p"][-1]
    rest = [c // constant for c in question["p"]]
    factors: list[list[int]] = []
    for root in _divisors(rest[0]):
        for x in (root, -root):
            while len(rest) > 1 and not _value(rest, x):
                factors.append([-x, 1])
                rest = _quotient(rest, factors[-1]) or [1]
    while len(rest) > 3:
        factors.append(_quadratic_factor(rest))
        rest = _quotient(rest, factors[-1]) or [1]
    if len(rest) > 1:
        factors.append(rest)
    return [str(constant), *sorted(map(polynomials.text, factors))]


def _quadratic_factor(poly: list[int]) -> list[int]:
    at_zero, at_one = poly[0], _value(poly, 1)
    for c in _divisors(at_zero):
        for value in _divisors(at_one):
            factor = [c, value - 1 - c, 1]
            if _quotient(poly, factor) is not None:
                return factor
    return poly


def _factor_by_search(question: dict) -> list[str]:
    """Try all small linear and then all small quadratic factors without regard to values."""
    constant, found = question["p"][-1], []
    rest = [c // constant for c in question["p"]]
    trials = [[-x, 1] for x in range(-16, 17)]
    trials += [[c, b, 1] for b in range(-9, 10) for c in range(1, 12)]
    for trial in trials:
        while len(rest) >= len(trial) and (quotient := _quotient(rest, trial)):
            found.append(trial)
            rest = quotient
    return [str(constant), *sorted(map(polynomials.text, found))]


def _shown(question: dict) -> dict:
    return {
        name: polynomials.text(part) if isinstance(part, list) else part
        for name, part in question.items()
    }


def _pair(draws: Draws, level: int) -> dict | None:
    size = 6 + level // 2
    common = draws.integers(2 + level // 3, -size, size)
    others = [root for root in draws.shuffled(range(-size, size + 1)) if root]
    first, second = others[: 1 + level // 4], others[1 + level // 4 : 2 + level // 2]
    pair = [polynomials.from_roots(common + rest) for rest in (first, second)]
    told = polynomials.text(polynomials.from_roots(common))
    if any(told in polynomials.text(poly) for poly in pair):
        return None
    return {"p": _integers(pair[0]), "q": _integers(pair[1])}


def _gcd(question: dict) -> str:
    pair = [polynomials.trimmed(question[name]) for name in "pq"]
    return polynomials.text(polynomials.gcd(*pair))


def _gcd_by_roots(question: dict) -> str:
    """All roots are small integers: take each as often as it divides both."""
    p, q = (polynomials.trimmed(question[name]) for name in "pq")
    common = []
    for root in range(-12, 13):
        while not polynomials.value(p, root) and not polynomials.value(q, root):
            common.append(root)
            p, q = (polynomials.divide(x, [Fraction(-root), Fraction(1)])[0] for x in (p, q))
    return polynomials.text(polynomials.from_roots(common))


def _rational(draws: Draws, level: int) -> dict:
    bottoms = [draws.between(1, 3 + level // 3) for _ in range(2 + level // 3)]
    roots = {Fraction(draws.between(-17, 17), bottom) for bottom in bottoms}
    poly = polynomials.from_roots(sorted(roots))
    scale = prod(root.denominator for root in roots)
    poly = [c * scale for c in poly]
    if draws.chance(level + 1, 12):
        poly = polynomials.multiply(poly, polynomials.trimmed(_quadratic(draws, 3)))
    return {"p": _integers(poly)}


def _rational_roots(question: dict) -> list[str]:
    """Candidates p / q by the rational root theorem."""
    poly = list(question["p"])
    found = set()
    if not poly[0]:
        found.add(Fraction(0))
        while not poly[0]:
            poly.pop(0)
    for top in _divisors(poly[0]):
        for bottom in _divisors(poly[-1]):
            for x in (top, -top):
                if not sum(c * x**k * bottom ** (len(poly) - 1 - k) for k, c in enumerate(poly)):
                    found.add(Fraction(x, bottom))
    return sorted(map(str, found))


def _rational_roots_by_grid(question: dict) -> list[str]:
    """Try every fraction with a small denominator."""
    every = {Fraction(a, b) for b in range(1, 7) for a in range(-17 * b, 17 * b + 1)}
    return sorted(str(x) for x in every if not polynomials.value(question["p"], x))


def _two(draws: Draws, level: int) -> dict:
    size, degree = 4 + level, 1 + (level + 2) // 4
    first = [*draws.integers(degree, -size, size), draws.between(1, 3)]
    second = [*draws.integers(degree + level % 2, -size, size), draws.between(1, 3)]
    return {"p": first, "q": second}


def _resultant(question: dict) -> int:
    """Determinant of Sylvester's matrix, by fraction-free elimination."""
    p, q = question["p"][::-1], question["q"][::-1]
    size = len(p) + len(q) - 2
    rows = [[0] * i + p + [0] * (size - len(p) - i) for i in range(len(q) - 1)]
    rows += [[0] * i + q + [0] * (size - len(q) - i) for i in range(len(p) - 1)]
    sign, before = 1, 1
    for k in range(size - 1):
        pivot = next((r for r in range(k, size) if rows[r][k]), None)
        if pivot is None:
            return 0
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) // before
        before = rows[k][k]
    return sign * rows[-1][-1]


def _resultant_by_euclid(question: dict) -> int:
    p, q = polynomials.trimmed(question["p"]), polynomials.trimmed(question["q"])
    value = Fraction(1)
    while len(q) > 1:
        rest = polynomials.divide(p, q)[1]
        if not rest:
            return 0
        degrees = (len(p) - 1) * (len(q) - 1)
        value *= (-1) ** degrees * q[-1] ** (len(p) - len(rest))
        p, q = q, rest
    return int(value * q[0] ** (len(p) - 1))


def _split(draws: Draws, level: int) -> dict:
    roots = sorted(draws.sample(range(-4 - level, 5 + level), 2 + level // 3))
    parts = [draws.between(1, 4 + level) * draws.pick((-1, 1)) for _ in roots]
    top: Poly = []
    for root, part in zip(roots, parts, strict=True):
        others = [other for other in roots if other != root]
        top = polynomials.add(top, [part * c for c in polynomials.from_roots(others)])
    return {"top": _integers(top), "roots": roots}


def _parts(question: dict) -> list[str]:
    """Cover up one factor at a time."""
    roots = question["roots"]
    found = []
    for root in roots:
        others = prod(root - other for other in roots if other != root)
        found.append(str(polynomials.value(question["top"], root) / others))
    return found


def _parts_by_equations(question: dict) -> list[str]:
    """Compare values at as many other points as there are parts, and eliminate."""
    roots = question["roots"]
    points = range(100, 100 + len(roots))
    rows = [
        [Fraction(1, x - root) for root in roots]
        + [polynomials.value(question["top"], x) / prod(x - root for root in roots)]
        for x in points
    ]
    for column in range(len(roots)):
        pivot = next(r for r in range(column, len(rows)) if rows[r][column])
        rows[column], rows[pivot] = rows[pivot], rows[column]
        rows[column] = [c / rows[column][column] for c in rows[column]]
        for r in range(len(rows)):
            if r != column:
                factor = rows[r][column]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[column], strict=True)]
    return [str(row[-1]) for row in rows]


def _show_split(question: dict) -> dict:
    bottom = "".join(f"({polynomials.text([-root, 1])})" for root in question["roots"])
    return {
        "top": polynomials.text(question["top"]),
        "bottom": bottom,
        "form": " + ".join(
            f"A{n}/({polynomials.text([-root, 1])})" for n, root in enumerate(question["roots"], 1)
        ),
    }


def _root_squares_question(draws: Draws, level: int) -> dict:
    size = 9 + 2 * level
    return {"p": [*draws.integers(3 + level // 3, -size, size), 1]}


def _root_squares(question: dict) -> str:
    """Graeffe: p(x) p(-x) has even powers only."""
    p = polynomials.trimmed(question["p"])
    mirrored = [c if i % 2 == 0 else -c for i, c in enumerate(p)]
    return polynomials.text(polynomials.monic(polynomials.multiply(p, mirrored)[::2]))


def _root_squares_by_symmetric(question: dict) -> str:
    """Power sums of the roots by Newton, every second one, and back to coefficients."""
    p = question["p"]
    degree = len(p) - 1
    e = [Fraction((-1) ** k * p[degree - k]) for k in range(degree + 1)]
    sums: list[Fraction] = []
    for k in range(1, 2 * degree + 1):
        total = Fraction((-1) ** (k - 1) * k) * (e[k] if k <= degree else 0)
        for i in range(1, k):
            if i <= degree:
                total += (-1) ** (i - 1) * e[i] * sums[k - i - 1]
        sums.append(total)
    squares = sums[1::2]
    fresh = [Fraction(1)]
    for k in range(1, degree + 1):
        terms = [(-1) ** (i - 1) * fresh[k - i] * squares[i - 1] for i in range(1, k + 1)]
        fresh.append(sum(terms, Fraction(0)) / k)
    return polynomials.text([(-1) ** (degree - k) * fresh[degree - k] for k in range(degree + 1)])


TASKS = (
    Task(
        id="alg.factor_polynomial",
        title="Factorisation over the rationals",
        knob="degree",
        verifier="E",
        draw=_composite,
        solve=_factor,
        second=_factor_by_search,
        answer=Factors(),
        show=_shown,
        en=(
            "Factor {p} over the rational numbers into irreducible factors.",
            "Write {p} as a product of polynomials with rational coefficients that cannot be "
            "factored further.",
            "Factor: {p}",
        ),
        zh=(
            "在有理数范围内把 {p} 分解为不可约因式。",
            "把 {p} 写成不能再分解的有理系数多项式之积。",
            "因式分解：{p}",
        ),
    ),
    Task(
        id="alg.poly_gcd",
        title="Greatest common divisor of two polynomials",
        knob="degree",
        verifier="E",
        draw=_pair,
        solve=_gcd,
        second=_gcd_by_roots,
        answer=Polynomial(),
        show=_shown,
        en=(
            "Find the monic greatest common divisor of {p} and {q}.",
            "Which polynomial of the highest degree, with leading coefficient 1, divides both {p} "
            "and {q}?",
            "Monic gcd: {p}; {q}",
        ),
        zh=(
            "求 {p} 与 {q} 的首一最大公因式。",
            "次数最高且首项系数为 1 的哪个多项式同时整除 {p} 和 {q}？",
            "首一最大公因式：{p}；{q}",
        ),
    ),
    Task(
        id="alg.rational_roots",
        title="All rational roots of a polynomial",
        knob="degree",
        verifier="S",
        draw=_rational,
        solve=_rational_roots,
        second=_rational_roots_by_grid,
        answer=Words(ordered=False, example="99/98"),
        show=_shown,
        en=(
            "List all different rational roots of {p}, as integers or fractions in lowest terms.",
            "For which rational x is {p} = 0? Give every such x once, fractions in lowest terms.",
            "Rational roots: {p}",
        ),
        zh=(
            "列出 {p} 的所有不同有理根，写成整数或最简分数。",
            "哪些有理数 x 使 {p} = 0？每个写一次，分数约到最简。",
            "有理根：{p}",
        ),
    ),
    Task(
        id="alg.resultant",
        title="Resultant of two polynomials",
        knob="degree",
        draw=_two,
        solve=_resultant,
        second=_resultant_by_euclid,
        answer=Integer(),
        show=_shown,
        en=(
            "Compute the resultant of p = {p} and q = {q}.",
            "What is the determinant of the Sylvester matrix of p = {p} and q = {q} (shifted rows "
            "of p first)?",
            "Res({p}, {q})",
        ),
        zh=(
            "计算 p = {p} 与 q = {q} 的结式。",
            "p = {p} 与 q = {q} 的西尔维斯特矩阵（先列 p 的移位行）的行列式是多少？",
            "结式：{p}，{q}",
        ),
    ),
    Task(
        id="alg.partial_fractions",
        title="Partial fractions with simple poles",
        knob="poles",
        draw=_split,
        solve=_parts,
        second=_parts_by_equations,
        answer=Rationals(),
        show=_show_split,
        en=(
            "Decompose ({top}) / ({bottom}) into partial fractions {form} and list A1, A2, ... in "
            "order.",
            "Find the numbers A1, A2, ... for which ({top}) / ({bottom}) = {form}.",
            "({top}) / ({bottom}) = {form}",
        ),
        zh=(
            "把 ({top}) / ({bottom}) 分解为部分分式 {form}，依次写出 A1、A2……",
            "求使 ({top}) / ({bottom}) = {form} 成立的数 A1、A2……",
            "({top}) / ({bottom}) = {form}，依次写出各数",
        ),
    ),
    Task(
        id="alg.root_squares",
        title="Polynomial whose roots are the squares of the roots",
        knob="degree",
        verifier="E",
        draw=_root_squares_question,
        solve=_root_squares,
        second=_root_squares_by_symmetric,
        answer=Polynomial(),
        show=_shown,
        en=(
            "Find the monic polynomial whose roots are the squares of the roots of {p} (with "
            "multiplicity).",
            "Let r1, r2, ... be the complex roots of {p}. Give the product of (x - r1^2), "
            "(x - r2^2), ... in expanded form.",
            "Monic polynomial with the squared roots of {p}",
        ),
        zh=(
            "求首一多项式，其根为 {p} 的各根的平方（计重数）。",
            "设 r1、r2…… 为 {p} 的复根，写出 (x - r1^2)(x - r2^2)…… 的展开式。",
            "以 {p} 各根的平方为根的首一多项式",
        ),
    ),
)
