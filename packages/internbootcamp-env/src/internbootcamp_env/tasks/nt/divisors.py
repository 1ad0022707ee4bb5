"""Divisibility, primes and common divisors of small integers.

Source: definitions only. Knob: size of the numbers: a few hundred at level 1, about ten times
more every two levels.
"""

import math

from internbootcamp_env.answers import Choice, Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _top(level: int) -> int:
    return int(300 * 10 ** ((level - 1) / 2))


def smallest_factor(value: int) -> int:
    """Return the least prime factor of an integer above 1, by trial division."""
    if value % 2 == 0:
        return 2
    divisor = 3
    while divisor * divisor <= value:
        if value % divisor == 0:
            return divisor
        divisor += 2
    return value


def factorise(value: int) -> list[int]:
    """Return the prime factors of an integer above 0, ascending, with repeats."""
    factors = []
    while value > 1:
        factors.append(smallest_factor(value))
        value //= factors[-1]
    return factors


def _common(draws: Draws, level: int) -> dict:
    divisor = draws.between(1, 24 + 12 * level)
    top = max(4, _top(level) // divisor)
    a, b = draws.between(1, top), draws.between(1, top)
    return {"a": a * divisor, "b": b * divisor}


def _plain_gcd(question: dict) -> int:
    a, b = question["a"], question["b"]
    return next(d for d in range(min(a, b), 0, -1) if a % d == 0 and b % d == 0)


def _maybe_multiple(draws: Draws, level: int) -> dict:
    divisor = draws.between(2, 10 + 2 * level)
    multiple = draws.between(1, _top(level) // divisor + 20) * divisor
    if draws.chance(1, 2):
        return {"a": multiple, "d": divisor}
    return {"a": multiple + draws.between(1, divisor - 1), "d": divisor}


def _next_prime(question: dict) -> int:
    value = question["a"] + 1
    while smallest_factor(value) != value:
        value += 1
    return value


def _is_prime_plain(value: int) -> bool:
    return value > 1 and all(value % d for d in range(2, math.isqrt(value) + 1))


_PRIMES = [n for n in range(2, 100) if _is_prime_plain(n)]


def _least_factored(draws: Draws, level: int) -> dict:
    least = draws.pick(_PRIMES[: 9 + level // 2])
    while True:
        value = least * draws.between(1, 120 * _top(level) // least)
        if smallest_factor(value) == least:
            return {"a": value}


def _product(draws: Draws, level: int) -> dict:
    value = 1
    for _ in range(3 + level // 2):
        value *= draws.pick(_PRIMES)
    return {"a": value}


def _divisors(question: dict) -> list[int]:
    value = question["a"]
    small = [d for d in range(1, math.isqrt(value) + 1) if value % d == 0]
    return sorted({*small, *(value // d for d in small)})


TASKS = (
    Task(
        id="nt.gcd",
        title="Greatest common divisor",
        knob="size of the numbers",
        draw=_common,
        solve=lambda q: math.gcd(q["a"], q["b"]),
        second=_plain_gcd,
        answer=Integer(),
        canon=lambda q: sorted([q["a"], q["b"]]),
        size=lambda q: q["a"] + q["b"],
        en=(
            "What is the greatest common divisor of {a} and {b}?",
            "Find the largest integer that divides both {a} and {b}.",
            "gcd({a}, {b}) =",
        ),
        zh=(
            "{a} 和 {b} 的最大公约数是多少？",
            "求能同时整除 {a} 与 {b} 的最大整数。",
            "gcd({a}, {b}) =",
        ),
    ),
    Task(
        id="nt.divides",
        title="Decide divisibility",
        knob="size of the numbers",
        draw=_maybe_multiple,
        solve=lambda q: "no" if q["a"] % q["d"] else "yes",
        second=lambda q: "yes" if q["a"] in range(0, q["a"] + 1, q["d"]) else "no",
        answer=Choice(),
        ways=2,
        size=lambda q: q["a"],
        en=(
            "Is {a} divisible by {d}?",
            "Does {d} divide {a} without remainder?",
            "{d} divides {a}?",
        ),
        zh=("{a} 能被 {d} 整除吗？", "{d} 是否整除 {a}？", "{d} 整除 {a}？"),
    ),
    Task(
        id="nt.next_prime",
        title="Next prime above a number",
        knob="size of the number",
        draw=lambda d, level: {"a": d.between(2, 9 * _top(level))},
        solve=_next_prime,
        second=lambda q: next(n for n in range(q["a"] + 1, 2 * q["a"] + 2) if _is_prime_plain(n)),
        answer=Integer(),
        size=lambda q: q["a"],
        en=(
            "What is the smallest prime greater than {a}?",
            "Find the first prime number after {a}.",
            "Next prime after {a}:",
        ),
        zh=("大于 {a} 的最小质数是多少？", "求 {a} 之后的第一个质数。", "{a} 的下一个质数："),
    ),
    Task(
        id="nt.smallest_factor",
        title="Smallest prime factor",
        knob="size of the number",
        draw=_least_factored,
        solve=lambda q: smallest_factor(q["a"]),
        second=lambda q: next(d for d in range(2, q["a"] + 1) if q["a"] % d == 0),
        answer=Integer(),
        ways=9,
        size=lambda q: q["a"],
        en=(
            "What is the smallest prime factor of {a}?",
            "Find the least divisor of {a} that is greater than 1.",
            "Smallest factor of {a}:",
        ),
        zh=(
            "{a} 的最小质因数是多少？",
            "求 {a} 大于 1 的最小因数。",
            "{a} 的最小质因数：",
        ),
    ),
    Task(
        id="nt.factorise",
        title="Prime factorisation",
        knob="number of prime factors",
        draw=_product,
        solve=lambda q: factorise(q["a"]),
        second=lambda q: [
            p
            for p in range(2, 100)
            if _is_prime_plain(p)
            for k in range(1, 40)
            if q["a"] % p**k == 0
        ],
        answer=Integers(ordered=False),
        size=lambda q: math.log(q["a"]),
        en=(
            "Write {a} as a product of primes: list the prime factors with repeats.",
            "Find the prime factorisation of {a}; list every prime as often as it occurs.",
            "Prime factors of {a}:",
        ),
        zh=(
            "把 {a} 分解质因数，列出所有质因数（重复的也列出）。",
            "求 {a} 的质因数分解，每个质数按次数列出。",
            "{a} 的质因数：",
        ),
    ),
    Task(
        id="nt.divisors",
        title="All divisors of a number",
        knob="size of the number",
        draw=lambda d, level: {"a": d.between(30_000 * level, 30_000 * level + 90_000)},
        solve=_divisors,
        second=lambda q: [d for d in range(1, q["a"] + 1) if q["a"] % d == 0],
        answer=Integers(ordered=False),
        size=lambda q: q["a"],
        en=(
            "List all positive divisors of {a}.",
            "Which positive integers divide {a}?",
            "Divisors of {a}:",
        ),
        zh=("列出 {a} 的所有正因数。", "哪些正整数整除 {a}？", "{a} 的因数："),
    ),
)
