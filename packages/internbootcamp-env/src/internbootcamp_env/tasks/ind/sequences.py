"""Continue a sequence that follows a rule of a stated kind.

Source: definitions only. The prompt names the kind of rule, and enough terms are shown to fix it,
so the continuation is the only right one. Knob: size of the numbers and of the rule.
"""

import itertools
from fractions import Fraction

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _polynomial_terms(draws: Draws, level: int) -> dict:
    degree = 2 + level // 3
    coefficients = [*draws.integers(degree, -16 - level, 16 + level), draws.between(1, 5)]
    shown = degree + 3
    terms = [sum(c * n**i for i, c in enumerate(coefficients)) for n in range(1, shown + 1)]
    return {"terms": terms, "degree": degree}


def _next_by_differences(question: dict) -> int:
    row, last = question["terms"], []
    while any(row):
        last.append(row[-1])
        row = [b - a for a, b in itertools.pairwise(row)]
        if not row:
            break
    return sum(last)


def _next_by_interpolation(question: dict) -> int:
    terms = question["terms"][: question["degree"] + 1]
    at, total = len(question["terms"]) + 1, Fraction(0)
    for i, y in enumerate(terms, start=1):
        term = Fraction(y)
        for j in range(1, len(terms) + 1):
            if j != i:
                term *= Fraction(at - j, i - j)
        total += term
    return int(total)


def _recurrent(draws: Draws, level: int) -> dict | None:
    a, b = draws.pick((-2, -1, 1, 2, 3)), draws.between(1, 3)
    terms = draws.integers(2, -9 - level, 9 + level)
    while len(terms) < 6 + level // 3:
        terms.append(a * terms[-1] + b * terms[-2])
    fixed = terms[0] * terms[2] != terms[1] ** 2
    return {"terms": terms} if fixed else None


def _rule(terms: list[int]) -> tuple[Fraction, Fraction]:
    """Solve for a and b in t(n+2) = a t(n+1) + b t(n) from the first four terms."""
    p, q, r, s = terms[:4]
    bottom = q * q - p * r
    return Fraction(q * r - p * s, bottom), Fraction(q * s - r * r, bottom)


def _next_two(question: dict) -> list[int]:
    a, b = _rule(question["terms"])
    terms = [Fraction(term) for term in question["terms"]]
    for _ in range(2):
        terms.append(a * terms[-1] + b * terms[-2])
    return [int(term) for term in terms[-2:]]


def _next_two_by_search(question: dict) -> list[int]:
    terms = question["terms"]
    for a in range(-2, 4):
        for b in range(-2, 4):
            fits = all(
                terms[i + 2] == a * terms[i + 1] + b * terms[i] for i in range(len(terms) - 2)
            )
            if fits:
                following = a * terms[-1] + b * terms[-2]
                return [following, a * following + b * terms[-1]]
    raise AssertionError("the rule was drawn from this range")


def _interleaved(draws: Draws, level: int) -> dict:
    count = 3 + level // 4
    strands = []
    for _ in range(2):
        start, step = draws.between(-20, 20 + 5 * level), draws.between(-9 - level, 9 + level)
        strands.append([start + step * n for n in range(count + 1)])
    mixed = [term for pair in zip(*strands, strict=True) for term in pair]
    return {"terms": mixed[:-2]}


def _interleaved_next(question: dict) -> list[int]:
    terms = question["terms"]
    return [2 * terms[-2] - terms[-4], 2 * terms[-1] - terms[-3]]


def _interleaved_by_strands(question: dict) -> list[int]:
    strands = (question["terms"][::2], question["terms"][1::2])
    return [s[0] + len(s) * (s[1] - s[0]) for s in strands]


TASKS = (
    Task(
        id="ind.polynomial_sequence",
        title="Next value of a polynomial sequence",
        knob="degree",
        draw=_polynomial_terms,
        solve=_next_by_differences,
        second=_next_by_interpolation,
        answer=Integer(),
        en=(
            "The n-th term of {terms} is a polynomial in n of degree {degree}. What is the next "
            "term?",
            "Continue {terms} by one term; the terms follow a polynomial of degree {degree}.",
            "Next (degree {degree}): {terms}",
        ),
        zh=(
            "{terms} 的第 n 项是 n 的 {degree} 次多项式，下一项是多少？",
            "续写 {terms} 的下一项，各项服从 {degree} 次多项式。",
            "下一项（{degree} 次）：{terms}",
        ),
    ),
    Task(
        id="ind.linear_recurrence",
        title="Next two terms of a linear recurrence",
        knob="size of the terms",
        draw=_recurrent,
        solve=_next_two,
        second=_next_two_by_search,
        answer=Integers(),
        en=(
            "In {terms}, each term from the third on is a times the term before plus b times the "
            "one before that, with fixed a and b. Give the next two terms.",
            "Continue {terms} by two terms, given t(n) = a t(n-1) + b t(n-2) with constant a, b.",
            "Next two, t(n) = a t(n-1) + b t(n-2): {terms}",
        ),
        zh=(
            "{terms} 从第三项起，每项等于前一项的 a 倍加再前一项的 b 倍（a、b 固定）。写出后两项。",
            "已知 t(n) = a t(n-1) + b t(n-2)，a、b 为常数，续写 {terms} 的后两项。",
            "后两项，t(n) = a t(n-1) + b t(n-2)：{terms}",
        ),
    ),
    Task(
        id="ind.interleaved",
        title="Next terms of two interleaved progressions",
        knob="terms",
        draw=_interleaved,
        size=lambda q: sum(map(abs, q["terms"])),
        solve=_interleaved_next,
        second=_interleaved_by_strands,
        answer=Integers(),
        en=(
            "Two arithmetic progressions take turns in {terms}. Give the next two terms.",
            "Every second term of {terms} forms an arithmetic progression, and so do the others. "
            "What are the next two terms?",
            "Next two, interleaved: {terms}",
        ),
        zh=(
            "{terms} 由两个等差数列交替组成，写出后两项。",
            "{terms} 的奇数位与偶数位各成等差数列，后两项是什么？",
            "后两项（交错）：{terms}",
        ),
    ),
)
