"""Numbers written in other bases and in Roman numerals.

Source: positional notation; the subtractive Roman numerals in common use. Knob: the size of the
number: up to 4,095 at level 1 for the positional bases and 12 binary digits more per level.
"""

from internbootcamp_env.answers import Integer, Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_DIGITS = "0123456789abcdef"
_ROMAN = (
    (1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"),
    (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"),
)  # fmt: skip
_BINARY = Word("01", "The answer is a binary numeral.", "答案是一个二进制数。")
_HEX = Word(
    _DIGITS,
    "The answer is a hexadecimal numeral with lower-case digits, without a prefix.",
    "答案是一个十六进制数，小写，不带前缀。",
)
_NUMERAL = Word("IVXLCDM", "The answer is one Roman numeral.", "答案是一个罗马数字。")


def numeral(value: int, base: int) -> str:
    """Write a non-negative integer in a base from 2 to 16, with lower-case digits."""
    text = ""
    while value or not text:
        value, digit = divmod(value, base)
        text = _DIGITS[digit] + text
    return text


def to_roman(value: int) -> str:
    """Write 1 to 3,999 as a Roman numeral."""
    text = ""
    for worth, letters in _ROMAN:
        while value >= worth:
            text += letters
            value -= worth
    return text


def from_roman(text: str) -> int:
    """Read a Roman numeral: a letter before a larger one is subtracted."""
    worths = [{letters: worth for worth, letters in _ROMAN}[letter] for letter in text]
    pairs = zip(worths, [*worths[1:], 0], strict=True)
    return sum(-worth if worth < after else worth for worth, after in pairs)


_PLACES = ("IVX", "XLC", "CDM", "M")


def _roman_by_digits(value: int) -> str:
    """Write a number digit by digit, each decimal place with its own three letters."""
    text = ""
    for place, digit in enumerate(reversed(str(value))):
        one, five, ten = (_PLACES[place] + "  ")[:3]
        shapes = ("", "1", "11", "111", "15", "5", "51", "511", "5111", "1x")
        shape = shapes[int(digit)]
        text = shape.replace("1", one).replace("5", five).replace("x", ten) + text
    return text


def _value(draws: Draws, level: int) -> dict:
    bits = 12 + 6 * (level - 1)
    return {"value": draws.between(1 << (bits - 8), (1 << bits) - 1)}


def _written(base: int):
    def draw(draws: Draws, level: int) -> dict:
        return {"numeral": numeral(_value(draws, level)["value"], base)}

    return draw


def _horner(base: int):
    def solve(question: dict) -> int:
        value = 0
        for digit in question["numeral"]:
            value = value * base + _DIGITS.index(digit)
        return value

    return solve


def _modest(draws: Draws, level: int) -> list[int]:
    return draws.integers(2 + level // 3, 1, 99 if level == 1 else 400 * level - 1)


def _roman_pair(draws: Draws, level: int) -> dict:
    top = 200 * level - 1
    return {"left": to_roman(draws.between(1, top)), "right": to_roman(draws.between(1, top))}


def _roman_sum(question: dict) -> str:
    return to_roman(from_roman(question["left"]) + from_roman(question["right"]))


TASKS = (
    Task(
        id="arith.to_binary",
        title="Write a decimal number in binary",
        knob="bits",
        draw=_value,
        solve=lambda q: numeral(q["value"], 2),
        second=lambda q: f"{q['value']:b}",
        answer=_BINARY,
        en=(
            "Write the decimal number {value} in binary.",
            "What is {value} in base 2?",
            "Binary of {value}:",
        ),
        zh=("把十进制数 {value} 写成二进制。", "{value} 的二进制是什么？", "{value} 转二进制："),
    ),
    Task(
        id="arith.from_binary",
        title="Read a binary number",
        knob="bits",
        draw=_written(2),
        solve=_horner(2),
        second=lambda q: int(q["numeral"], 2),
        answer=Integer(),
        en=(
            "Write the binary number {numeral} in decimal.",
            "What decimal number is {numeral} in base 2?",
            "Decimal of binary {numeral}:",
        ),
        zh=(
            "把二进制数 {numeral} 写成十进制。",
            "二进制 {numeral} 等于十进制多少？",
            "二进制 {numeral} 转十进制：",
        ),
    ),
    Task(
        id="arith.to_hex",
        title="Write a decimal number in hexadecimal",
        knob="bits",
        draw=_value,
        solve=lambda q: numeral(q["value"], 16),
        second=lambda q: f"{q['value']:x}",
        answer=_HEX,
        en=(
            "Write the decimal number {value} in hexadecimal.",
            "What is {value} in base 16?",
            "Hex of {value}:",
        ),
        zh=(
            "把十进制数 {value} 写成十六进制。",
            "{value} 的十六进制是什么？",
            "{value} 转十六进制：",
        ),
    ),
    Task(
        id="arith.to_roman",
        title="Write a number as a Roman numeral",
        knob="size of the number",
        draw=lambda d, level: {"values": _modest(d, level)},
        solve=lambda q: [to_roman(value) for value in q["values"]],
        second=lambda q: [_roman_by_digits(value) for value in q["values"]],
        answer=Words(example="MI"),
        size=lambda q: sum(q["values"]),
        en=(
            "Write each of these numbers as a Roman numeral: {values}",
            "What are {values} in Roman numerals, in this order?",
            "Roman: {values}",
        ),
        zh=(
            "把这些数依次写成罗马数字：{values}",
            "{values} 的罗马数字依次是什么？",
            "罗马数字：{values}",
        ),
    ),
    Task(
        id="arith.from_roman",
        title="Read a Roman numeral",
        knob="size of the number",
        draw=lambda d, level: {"numerals": [to_roman(value) for value in _modest(d, level)]},
        solve=lambda q: [from_roman(numeral) for numeral in q["numerals"]],
        answer=Integers(),
        size=lambda q: sum(map(from_roman, q["numerals"])),
        en=(
            "Which numbers are the Roman numerals {numerals}?",
            "Write the Roman numerals {numerals} with Arabic digits, in this order.",
            "Numbers: {numerals}",
        ),
        zh=(
            "罗马数字 {numerals} 各是多少？",
            "把罗马数字 {numerals} 依次写成阿拉伯数字。",
            "罗马转数字：{numerals}",
        ),
    ),
    Task(
        id="arith.roman_add",
        title="Add two Roman numerals",
        knob="size of the numbers",
        draw=_roman_pair,
        solve=_roman_sum,
        answer=_NUMERAL,
        canon=lambda q: sorted(q.values()),
        size=lambda q: from_roman(q["left"]) + from_roman(q["right"]),
        en=(
            "Add the Roman numerals {left} and {right}; answer with a Roman numeral.",
            "What is {left} plus {right}, written as a Roman numeral?",
            "{left} + {right} =",
        ),
        zh=(
            "把罗马数字 {left} 与 {right} 相加，用罗马数字作答。",
            "{left} 加 {right} 的罗马数字是什么？",
            "{left} + {right} =",
        ),
    ),
)
