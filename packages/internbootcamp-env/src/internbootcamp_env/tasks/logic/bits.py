"""Truth values and bits.

Source: definitions only. Knob: the number of operators or of bits. Answers with two values are
drawn evenly.
"""

from internbootcamp_env.answers import Choice, Integer, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_BITS = Word("01", "The answer is a string of the digits 0 and 1.", "答案是由 0 和 1 组成的串。")
_TRUTH = Choice(("T", "F"))
_Tree = list | str


def _tree(draws: Draws, operators: int) -> _Tree:
    if not operators:
        return draws.pick("TF")
    operator = draws.weighted(("and", "or", "not"), (2, 2, 1))
    if operator == "not":
        return ["not", _tree(draws, operators - 1)]
    left = draws.below(operators)
    return [operator, _tree(draws, left), _tree(draws, operators - 1 - left)]


def _value(tree: _Tree) -> bool:
    if isinstance(tree, str):
        return tree == "T"
    if tree[0] == "not":
        return not _value(tree[1])
    left, right = _value(tree[1]), _value(tree[2])
    return (left and right) if tree[0] == "and" else (left or right)


def _written(tree: _Tree, outer: bool = True) -> str:
    if isinstance(tree, str):
        return tree
    if tree[0] == "not":
        return f"not {_written(tree[1], False)}"
    text = f"{_written(tree[1], False)} {tree[0]} {_written(tree[2], False)}"
    return text if outer else f"({text})"


def _rewritten(question: dict) -> str:
    """Evaluate by rewriting the text until one letter is left."""
    text = f"({_written(question['tree'])})"
    rules = {
        "(T)": "T", "(F)": "F", "not T": "F", "not F": "T",
        "(T and T)": "T", "(T and F)": "F", "(F and T)": "F", "(F and F)": "F",
        "(T or T)": "T", "(T or F)": "T", "(F or T)": "T", "(F or F)": "F",
    }  # fmt: skip
    while len(text) > 1:
        for before, after in rules.items():
            text = text.replace(before, after)
    return text


def _expression(draws: Draws, level: int) -> dict | None:
    tree = _tree(draws, 3 + 2 * level)
    wanted = draws.chance(1, 2)
    return {"tree": tree} if _value(tree) == wanted else None


def _odd_bits(draws: Draws, level: int) -> dict:
    length = 4 * level + 7
    ones = length // 2 + draws.below(2)
    ones += draws.below(3) * (1 if 2 * ones > length else -1)
    return {"bits": "".join(draws.shuffled("1" * ones + "0" * (length - ones)))}


def _two_rows(draws: Draws, level: int) -> dict:
    length = 3 * level + 4
    return {"a": draws.text("01", length), "b": draws.text("01", length)}


def _overlapping(draws: Draws, level: int) -> dict | None:
    length = 3 * level + 7
    a, b = draws.text("01", length), draws.text("01", length)
    both = int(a, 2) & int(b, 2)
    return None if both in (int(a, 2), int(b, 2)) else {"a": a, "b": b}


def _combine(operator):
    def solve(question: dict) -> str:
        pairs = zip(question["a"], question["b"], strict=True)
        return "".join(str(operator(int(a), int(b))) for a, b in pairs)

    return solve


def _combine_whole(operator):
    def solve(question: dict) -> str:
        width = len(question["a"])
        return f"{operator(int(question['a'], 2), int(question['b'], 2)):0{width}b}"

    return solve


def _bits(draws: Draws, level: int) -> dict:
    length = 5 * level + 9
    ones = draws.between(3, length - 3)
    return {"bits": "".join(draws.shuffled("1" * ones + "0" * (length - ones)))}


TASKS = (
    Task(
        id="logic.boolean_value",
        title="Value of a Boolean expression",
        knob="operators",
        draw=_expression,
        solve=lambda q: "T" if _value(q["tree"]) else "F",
        second=_rewritten,
        answer=_TRUTH,
        show=lambda q: {"text": _written(q["tree"])},
        ways=2,
        echoes=True,
        en=(
            "T is true and F is false. What is the value of {text}?",
            "Evaluate this expression (T: true, F: false; 'not' binds to what follows it): {text}",
            "Value: {text}",
        ),
        zh=(
            "T 表示真，F 表示假。{text} 的值是什么？",
            "求表达式的值（T 真 F 假；not 只作用于紧随其后的部分）：{text}",
            "求值：{text}",
        ),
    ),
    Task(
        id="logic.majority",
        title="Majority of an odd number of bits",
        knob="bits",
        draw=_odd_bits,
        solve=lambda q: "1" if 2 * q["bits"].count("1") > len(q["bits"]) else "0",
        second=lambda q: sorted(q["bits"])[len(q["bits"]) // 2],
        answer=Choice(("0", "1")),
        ways=2,
        echoes=True,
        en=(
            "Which digit occurs more often in {bits}, 0 or 1?",
            "Take the majority vote of the bits {bits}.",
            "Majority: {bits}",
        ),
        zh=("{bits} 中 0 和 1 哪个更多？", "对 {bits} 各位取多数。", "多数位：{bits}"),
    ),
    Task(
        id="logic.parity",
        title="Parity of a row of bits",
        knob="bits",
        draw=lambda d, level: {"bits": d.text("01", 4 * level + 8)},
        solve=lambda q: str(q["bits"].count("1") % 2),
        answer=Choice(("0", "1")),
        ways=2,
        echoes=True,
        en=(
            "Give 1 if {bits} has an odd number of ones, and 0 if it has an even number.",
            "What is the parity bit (the sum modulo 2) of {bits}?",
            "Parity: {bits}",
        ),
        zh=(
            "若 {bits} 中 1 的个数为奇数答 1，为偶数答 0。",
            "{bits} 的奇偶校验位（各位之和模 2）是多少？",
            "奇偶：{bits}",
        ),
    ),
    Task(
        id="logic.xor",
        title="Exclusive or of two rows of bits",
        knob="bits",
        draw=_two_rows,
        solve=_combine(lambda a, b: a ^ b),
        second=_combine_whole(lambda a, b: a ^ b),
        answer=_BITS,
        canon=lambda q: sorted(q.values()),
        en=(
            "Give the bitwise exclusive or of {a} and {b}.",
            "Write 1 where {a} and {b} differ and 0 where they agree.",
            "{a} xor {b} =",
        ),
        zh=(
            "求 {a} 与 {b} 的按位异或。",
            "{a} 与 {b} 不同处写 1，相同处写 0。",
            "{a} xor {b} =",
        ),
    ),
    Task(
        id="logic.bitwise_and",
        title="And of two rows of bits",
        knob="bits",
        draw=_overlapping,
        solve=_combine(lambda a, b: a & b),
        second=_combine_whole(lambda a, b: a & b),
        answer=_BITS,
        canon=lambda q: sorted(q.values()),
        en=(
            "Give the bitwise and of {a} and {b}.",
            "Write 1 where both {a} and {b} have a 1, and 0 elsewhere.",
            "{a} and {b} =",
        ),
        zh=(
            "求 {a} 与 {b} 的按位与。",
            "{a} 与 {b} 都为 1 处写 1，其余写 0。",
            "{a} and {b} =",
        ),
    ),
    Task(
        id="logic.flip_bits",
        title="Flip every bit",
        knob="bits",
        draw=lambda d, level: {"bits": d.text("01", 4 * level + 8)},
        solve=lambda q: "".join("10"[int(bit)] for bit in q["bits"]),
        second=lambda q: q["bits"].translate(str.maketrans("01", "10")),
        answer=_BITS,
        en=(
            "Replace every 0 by 1 and every 1 by 0 in {bits}.",
            "Flip all the bits of {bits}.",
            "Flip: {bits}",
        ),
        zh=("把 {bits} 中的 0 换成 1、1 换成 0。", "将 {bits} 逐位取反。", "取反：{bits}"),
    ),
    Task(
        id="logic.count_ones",
        title="Count the ones in a row of bits",
        knob="bits",
        draw=_bits,
        solve=lambda q: q["bits"].count("1"),
        second=lambda q: sum(map(int, q["bits"])),
        answer=Integer(),
        ways=lambda level: 5 * level + 4,
        echoes=True,
        en=(
            "How many ones are there in {bits}?",
            "Count the digit 1 in {bits}.",
            "Ones: {bits}",
        ),
        zh=("{bits} 中有几个 1？", "数一数 {bits} 里的 1。", "1 的个数：{bits}"),
    ),
)
