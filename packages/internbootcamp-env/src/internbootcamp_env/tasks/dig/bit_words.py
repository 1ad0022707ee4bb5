"""Gates and codes on words of bits.

Source: definitions only. Knob: the number of bits per word. A word is written with its most
significant bit first.
"""

from collections.abc import Callable
from itertools import pairwise

from internbootcamp_env.answers import Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_BITS = Word("01", "The answer is a string of the digits 0 and 1.", "答案是由 0 和 1 组成的串。")
_Gate = Callable[[int, int], int]


def _word(draws: Draws, level: int) -> dict:
    return {"bits": draws.text("01", 4 * level + 10)}


def _pair(draws: Draws, level: int) -> dict:
    length = 3 * level + 6
    return {"a": draws.text("01", length), "b": draws.text("01", length)}


def _triple(draws: Draws, level: int) -> dict:
    length = 2 * level + 4
    return {name: draws.text("01", length) for name in ("s", "a", "b")}


def _bit_by_bit(gate: _Gate):
    def solve(question: dict) -> str:
        pairs = zip(question["a"], question["b"], strict=True)
        return "".join(str(gate(int(a), int(b))) for a, b in pairs)

    return solve


def _as_numbers(gate: _Gate):
    def solve(question: dict) -> str:
        width = len(question["a"])
        value = gate(int(question["a"], 2), int(question["b"], 2)) & ((1 << width) - 1)
        return f"{value:0{width}b}"

    return solve


def _gate_task(name: str, gate: _Gate, whole: _Gate, meaning: str, zh: str) -> Task:
    return Task(
        id=f"dig.{name}",
        title=f"Bitwise {name.upper()} of two words",
        knob="bits",
        draw=_pair,
        solve=_bit_by_bit(gate),
        second=_as_numbers(whole),
        answer=_BITS,
        echoes=True,
        en=(
            f"Two words enter {name.upper()} gates bit by bit ({meaning}): {{a}} and {{b}}. "
            "What comes out?",
            f"Compute the bitwise {name.upper()} of {{a}} and {{b}}: {meaning}.",
            f"{{a}} {name} {{b}} =",
        ),
        zh=(
            f"两个字 {{a}} 和 {{b}} 逐位进入 {name.upper()} 门（{zh}），输出是什么？",
            f"计算 {{a}} 与 {{b}} 的按位 {name.upper()}：{zh}。",
            f"{{a}} {name} {{b}} =",
        ),
    )


def _gray(question: dict) -> str:
    bits = question["bits"]
    return bits[0] + "".join(str(int(a != b)) for a, b in pairwise(bits))


def _gray_number(question: dict) -> str:
    value = int(question["bits"], 2)
    return f"{value ^ (value >> 1):0{len(question['bits'])}b}"


def _select(question: dict) -> str:
    return "".join(
        a if s == "1" else b
        for s, a, b in zip(question["s"], question["a"], question["b"], strict=True)
    )


def _select_number(question: dict) -> str:
    s, a, b = (int(question[name], 2) for name in "sab")
    return f"{(s & a) | (~s & b):0{len(question['s'])}b}"


TASKS = (
    _gate_task("or", lambda a, b: a | b, lambda a, b: a | b, "1 if either is 1", "任一为 1 则为 1"),
    _gate_task(
        "nand",
        lambda a, b: 1 - (a & b),
        lambda a, b: ~(a & b),
        "0 only if both are 1",
        "都为 1 才为 0",
    ),
    _gate_task(
        "nor",
        lambda a, b: 1 - (a | b),
        lambda a, b: ~(a | b),
        "1 only if both are 0",
        "都为 0 才为 1",
    ),
    _gate_task(
        "xnor", lambda a, b: int(a == b), lambda a, b: ~(a ^ b), "1 if they agree", "相同则为 1"
    ),
    _gate_task(
        "implies",
        lambda a, b: int(a <= b),
        lambda a, b: ~a | b,
        "0 only if the first is 1 and the second 0",
        "前者为 1 且后者为 0 时才为 0",
    ),
    Task(
        id="dig.gray_code",
        title="Gray code of a binary word",
        knob="bits",
        draw=_word,
        solve=_gray,
        second=_gray_number,
        answer=_BITS,
        en=(
            "Encode the binary word {bits} in reflected Gray code, with as many bits.",
            "Give the Gray code of {bits}: keep the first bit, then XOR each bit with the one "
            "before it.",
            "Gray code: {bits}",
        ),
        zh=(
            "把二进制字 {bits} 编码为等长的格雷码。",
            "给出 {bits} 的格雷码：首位不变，其余各位与前一位异或。",
            "格雷码：{bits}",
        ),
    ),
    Task(
        id="dig.shift_left",
        title="Logical shift of a word to the left by one",
        knob="bits",
        draw=_word,
        solve=lambda q: q["bits"][1:] + "0",
        second=lambda q: f"{2 * int(q['bits'], 2) % 2 ** len(q['bits']):0{len(q['bits'])}b}",
        answer=_BITS,
        en=(
            "A register of fixed width holds {bits}. What does it hold after a logical shift left?",
            "Shift {bits} left by one place: drop the first bit and append 0.",
            "Shift left: {bits}",
        ),
        zh=(
            "定宽寄存器中为 {bits}，逻辑左移一位后是什么？",
            "把 {bits} 左移一位：去掉首位，末尾补 0。",
            "左移：{bits}",
        ),
    ),
    Task(
        id="dig.reverse_bits",
        title="Bits of a word in reverse order",
        knob="bits",
        draw=_word,
        solve=lambda q: q["bits"][::-1],
        second=lambda q: "".join(reversed(q["bits"])),
        answer=_BITS,
        en=(
            "Reverse the order of the bits of {bits}.",
            "Write the word {bits} with its least significant bit first.",
            "Bit reversal: {bits}",
        ),
        zh=(
            "把 {bits} 各位的顺序颠倒。",
            "把字 {bits} 写成最低位在前。",
            "位反转：{bits}",
        ),
    ),
    Task(
        id="dig.multiplexer",
        title="Two-way multiplexer on words",
        knob="bits",
        draw=_triple,
        solve=_select,
        second=_select_number,
        answer=_BITS,
        echoes=True,
        en=(
            "A multiplexer passes the bit of A where the select word has 1 and the bit of B where "
            "it has 0. Select {s}, A {a}, B {b}: what comes out?",
            "Where {s} has 1 take the bit of {a}, elsewhere the bit of {b}.",
            "if {s} then {a} else {b}",
        ),
        zh=(
            "多路选择器在选择字为 1 处输出 A 的位，为 0 处输出 B 的位。选择字 {s}，A {a}，B {b}，"
            "输出什么？",
            "{s} 为 1 处取 {a} 的位，其余取 {b} 的位。",
            "若 {s} 则 {a} 否则 {b}",
        ),
    ),
)
