"""Arithmetic on integers, digit by digit.

Source: definitions only. Knob: digits of the operands, two at level 1 and eleven at level 10.
"""

from internbootcamp_env.answers import Choice, Integer
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _number(draws: Draws, digits: int) -> int:
    return draws.between(10 ** (digits - 1), 10**digits - 1)


def _pair(draws: Draws, level: int) -> dict:
    return {"a": _number(draws, level + 1), "b": _number(draws, level + 1)}


def _ordered_pair(draws: Draws, level: int) -> dict:
    pair = _pair(draws, level)
    return {"a": max(pair.values()), "b": min(pair.values())}


def _times_digit(draws: Draws, level: int) -> dict:
    return {"a": _number(draws, level + 2), "b": draws.between(2, 9)}


def _digits(draws: Draws, level: int) -> dict | None:
    length = 3 * level + 1
    target = draws.between(4 + 2 * level, 22 * level + 8)
    digits = [draws.below(10) for _ in range(length)]
    while sum(digits) != target:  # walk to a target drawn flat, so that no sum is common
        place = draws.below(length)
        step = 1 if sum(digits) < target else -1
        if 0 <= digits[place] + step <= 9:
            digits[place] += step
    return {"a": int("".join(map(str, digits)))} if digits[0] else None


def _comparable(draws: Draws, level: int) -> dict:
    a = _number(draws, level + 2)
    kind = draws.below(3)
    b = a if kind == 0 else a + draws.between(1, 9 * 10 ** (level - 1)) * (1 if kind == 1 else -1)
    return {"a": a, "b": b}


def _compare(question: dict) -> str:
    a, b = question["a"], question["b"]
    return "<" if a < b else ">" if a > b else "="


def _compare_texts(question: dict) -> str:
    a, b = str(question["a"]), str(question["b"])
    a, b = a.zfill(len(b)), b.zfill(len(a))
    return "<" if a < b else ">" if a > b else "="


def _divisible(draws: Draws, level: int) -> dict:
    return {"a": _number(draws, level + 2), "m": draws.between(11, 20 + 8 * level)}


def _mod_by_digits(question: dict) -> int:
    rest = 0
    for digit in str(question["a"]):
        rest = (rest * 10 + int(digit)) % question["m"]
    return rest


def _schoolbook_sum(question: dict) -> int:
    a, b = str(question["a"])[::-1], str(question["b"])[::-1]
    carry, result = 0, ""
    for place in range(max(len(a), len(b)) + 1):
        total = carry + int(a[place : place + 1] or 0) + int(b[place : place + 1] or 0)
        carry, digit = divmod(total, 10)
        result = str(digit) + result
    return int(result)


def _terms(draws: Draws, level: int) -> dict:
    return {"terms": draws.integers(level + 2, -9 * level, 9 * level)}


def _signed(question: dict) -> dict:
    first, *rest = question["terms"]
    return {"sum": str(first) + "".join(f" {'-' if t < 0 else '+'} {abs(t)}" for t in rest)}


TASKS = (
    Task(
        id="arith.add",
        title="Add two integers",
        knob="digits",
        draw=_pair,
        solve=lambda q: q["a"] + q["b"],
        second=_schoolbook_sum,
        answer=Integer(),
        canon=lambda q: sorted([q["a"], q["b"]]),
        en=("Add {a} and {b}.", "What is the sum of {a} and {b}?", "{a} + {b} ="),
        zh=("计算 {a} 加 {b}。", "{a} 与 {b} 的和是多少？", "{a} + {b} ="),
    ),
    Task(
        id="arith.subtract",
        title="Subtract the smaller of two integers from the larger",
        knob="digits",
        draw=_ordered_pair,
        solve=lambda q: q["a"] - q["b"],
        second=lambda q: -(q["b"] + ~q["a"] + 1),
        answer=Integer(),
        en=("Subtract {b} from {a}.", "What is {a} minus {b}?", "{a} - {b} ="),
        zh=("从 {a} 中减去 {b}。", "{a} 减 {b} 等于多少？", "{a} - {b} ="),
    ),
    Task(
        id="arith.multiply_digit",
        title="Multiply an integer by a digit",
        knob="digits",
        draw=_times_digit,
        solve=lambda q: q["a"] * q["b"],
        second=lambda q: sum([q["a"]] * q["b"]),
        answer=Integer(),
        en=("Multiply {a} by {b}.", "What is {a} times {b}?", "{a} * {b} ="),
        zh=("计算 {a} 乘 {b}。", "{a} 的 {b} 倍是多少？", "{a} * {b} ="),
    ),
    Task(
        id="arith.digit_sum",
        title="Sum of the decimal digits",
        knob="digits",
        draw=_digits,
        solve=lambda q: sum(map(int, str(q["a"]))),
        second=lambda q: sum(q["a"] // 10**i % 10 for i in range(len(str(q["a"])))),
        answer=Integer(),
        en=("Add up the digits of {a}.", "What is the digit sum of {a}?", "Digit sum: {a}"),
        zh=("把 {a} 的各位数字相加。", "{a} 的数字和是多少？", "数字和：{a}"),
    ),
    Task(
        id="arith.compare",
        title="Compare two integers",
        knob="digits",
        draw=_comparable,
        solve=_compare,
        second=_compare_texts,
        answer=Choice(("<", ">", "=")),
        ways=3,
        echoes=True,
        en=(
            "Which sign belongs between {a} and {b}: <, > or =?",
            "Compare {a} with {b}: is the first less (<), greater (>) or equal (=)?",
            "{a} ? {b}",
        ),
        zh=(
            "{a} 和 {b} 之间应填 <、> 还是 =？",
            "比较 {a} 与 {b}：前者小于（<）、大于（>）还是等于（=）后者？",
            "{a} ? {b}",
        ),
    ),
    Task(
        id="arith.remainder",
        title="Remainder of a division",
        knob="digits",
        draw=_divisible,
        solve=lambda q: q["a"] % q["m"],
        second=_mod_by_digits,
        answer=Integer(),
        en=(
            "What remains when {a} is divided by {m}?",
            "Find {a} modulo {m}, a number from 0 to {m} - 1.",
            "{a} mod {m} =",
        ),
        zh=("{a} 除以 {m} 余多少？", "求 {a} 模 {m} 的值（0 到 {m} - 1）。", "{a} mod {m} ="),
    ),
    Task(
        id="arith.signed_sum",
        title="Add and subtract several integers",
        knob="terms",
        draw=_terms,
        solve=lambda q: sum(q["terms"]),
        answer=Integer(),
        show=_signed,
        en=("Work out {sum}.", "What is the value of {sum}?", "{sum} ="),
        zh=("计算 {sum}。", "{sum} 的值是多少？", "{sum} ="),
    ),
)
