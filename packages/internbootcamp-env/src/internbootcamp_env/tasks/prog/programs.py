"""Read small programs: what they compute, for which input, and with which missing constant.

Source: definitions only; the programs are drawn, shown, and run by our own interpreter with a step
budget. Knob: the number of statements.
"""

from functools import partial

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.small_programs import (
    draw_program,
    run,
    run_compiled,
    write_program,
)
from internbootcamp_env.task import Task

_NAMES = "abc"
_HOLE = "HOLE"


def _start(draws: Draws) -> dict[str, int]:
    return {name: draws.between(1, 20) for name in _NAMES}


def _values(draws: Draws, level: int) -> dict | None:
    question = {
        "program": draw_program(draws, _NAMES, 3 + level, 97),
        "start": _start(draws),
    }
    ends = run(question["program"], question["start"])
    return None if any(abs(n) > 10_000 for n in ends.values()) else question


def _end_values(question: dict, runner=run) -> list[int]:
    ends = runner(question["program"], question["start"])
    return [ends[name] for name in _NAMES]


def _show(question: dict) -> dict:
    shown = dict(question, program=write_program(question["program"]))
    if "start" in question:
        shown["start"] = ", ".join(f"{name} = {n}" for name, n in question["start"].items())
    if "other" in question:
        shown["other"] = write_program(question["other"])
    return shown


def _function(draws: Draws, level: int, modulus: int) -> list:
    """A program over x and y, with y starting as a copy of x, that returns y."""
    tail = ["set", "y", ["%", ["+", "x", "y"], modulus]]
    return [["set", "y", "x"], *draw_program(draws, "xy", 2 + level // 2, modulus), tail]


def _result(program: list, x: int, runner=run) -> int:
    return runner(program, {"x": x, "y": 0})["y"]


def _inverse(draws: Draws, level: int) -> dict | None:
    top, modulus = 40 + 6 * level, 89
    program = _function(draws, level, modulus)
    wanted = _result(program, draws.between(0, top))
    hits = sum(_result(program, x) == wanted for x in range(top + 1))
    return {"program": program, "wanted": wanted, "top": top} if hits <= 3 else None


def _preimage(question: dict, last: bool = False) -> int:
    inputs = range(question["top"] + 1)
    return next(
        x
        for x in (reversed(inputs) if last else inputs)
        if _result(question["program"], x) == question["wanted"]
    )


def _check_preimage(question: dict, x: int) -> str:
    if not 0 <= x <= question["top"]:
        return f"{x} is out of range"
    result = _result(question["program"], x)
    return "" if result == question["wanted"] else f"the result is {result}"


def _outside(question: dict) -> list[str]:
    return [str(question["top"] + 1), "-1", str(10 * question["top"])]


def _wrong_preimages(question: dict, answer: int, draws: Draws) -> list[str]:
    others = [x for x in range(question["top"] + 1)
              if _result(question["program"], x, run_compiled) != question["wanted"]]  # fmt: skip
    return _outside(question) + [str(x) for x in draws.sample(others, 3)]


def _two_versions(draws: Draws, level: int) -> dict | None:
    """A branch on x whose limit is one or two higher in the other version, in a drawn program."""
    top = 30 + 3 * level
    limit, shift = draws.between(2, top - 3), draws.between(1, 2)
    bodies = [draw_program(draws, "xy", 1 + level // 3, 1_000) for _ in range(2)]
    tail = draw_program(draws, "xy", 1 + level // 3, 1_000)
    versions = [
        [["set", "y", "x"], ["if", "x", "<", end, *bodies], *tail] for end in (limit, limit + shift)
    ]
    question = {"program": versions[0], "other": versions[1], "top": top}
    changed = range(limit, limit + shift)
    return question if any(not _check_difference(question, x) for x in changed) else None


def _difference(question: dict, last: bool = False) -> int:
    inputs = range(question["top"] + 1)
    return next(
        x
        for x in (reversed(inputs) if last else inputs)
        if _result(question["program"], x) != _result(question["other"], x)
    )


def _check_difference(question: dict, x: int) -> str:
    if not 0 <= x <= question["top"]:
        return f"{x} is out of range"
    results = _result(question["program"], x), _result(question["other"], x)
    return "" if results[0] != results[1] else f"both give {results[0]}"


def _wrong_differences(question: dict, answer: int, draws: Draws) -> list[str]:
    same = [x for x in range(question["top"] + 1)
            if _result(question["program"], x, run_compiled)
            == _result(question["other"], x, run_compiled)]  # fmt: skip
    return _outside(question) + [str(x) for x in draws.sample(same, 3)]


def _filled(program: list, constant: int) -> list:
    return [
        _filled(node, constant) if isinstance(node, list) else constant if node == _HOLE else node
        for node in program
    ]


def _blank(draws: Draws, level: int) -> dict | None:
    """Put a hole for a constant into a program; two examples tell which one is missing."""
    program = _function(draws, level, 997)
    program.insert(draws.between(1, len(program) - 1), ["set", "y", ["+", ["*", "y", 3], _HOLE]])
    constant = draws.between(1, 99)
    inputs = draws.sample(range(1, 30), 2)
    pairs = [[x, _result(_filled(program, constant), x)] for x in inputs]
    if abs(pairs[0][1]) > 10_000:
        return None
    question = {"program": program, "pairs": pairs}
    return question if not _fits(question, 0) and not _fits(question, 100) else None


def _fits(question: dict, constant: int, runner=run) -> bool:
    program = _filled(question["program"], constant)
    return all(_result(program, x, runner) == y for x, y in question["pairs"])


def _missing(question: dict, last: bool = False) -> int:
    constants = range(1, 100)
    return next(n for n in (reversed(constants) if last else constants) if _fits(question, n))


def _check_missing(question: dict, constant: int) -> str:
    if not 1 <= constant <= 99:
        return "the constant is from 1 to 99"
    return "" if _fits(question, constant) else "an example comes out differently"


def _wrong_missing(question: dict, answer: int, draws: Draws) -> list[str]:
    others = [n for n in range(1, 100) if not _fits(question, n, run_compiled)]
    return ["0", "100", "-1", *(str(n) for n in draws.sample(others, min(3, len(others))))]


def _show_blank(question: dict) -> dict:
    text = write_program(question["program"]).replace(_HOLE, "?")
    pairs = ", ".join(f"x = {x} gives {y}" for x, y in question["pairs"])
    pairs_zh = "，".join(f"x = {x} 得 {y}" for x, y in question["pairs"])
    return {"program": text, "pairs": pairs, "pairs_zh": pairs_zh}


def _nest(draws: Draws, level: int) -> dict:
    """Nested counting loops whose ends may be an outer counter."""
    depth = 2 + level // 5
    loops = []
    for place in range(depth):
        low = draws.between(0, 3)
        end = draws.pick([*range(place), -1]) if place else -1
        loops.append([low, end, draws.between(6, 9 + level), draws.between(1, 3)])
    return {"loops": loops, "stop": draws.between(2, 9)}


def _steps(question: dict) -> int:
    """Count by running the loops; `stop` divides the sums that are skipped."""

    def inner(place: int, counters: tuple[int, ...]) -> int:
        if place == len(question["loops"]):
            return int(sum(counters) % question["stop"] != 0)
        low, end, limit, step = question["loops"][place]
        top = limit if end < 0 else counters[end]
        return sum(inner(place + 1, (*counters, i)) for i in range(low, top, step))

    return inner(0, ())


def _steps_by_states(question: dict) -> int:
    """Count states level by level: counters that loops may still use, and the sum's remainder."""
    states: dict[tuple[tuple[int, ...], int], int] = {((), 0): 1}
    for low, end, limit, step in question["loops"]:
        after: dict[tuple[tuple[int, ...], int], int] = {}
        for (counters, rest), ways in states.items():
            i = low
            while i < (limit if end < 0 else counters[end]):
                key = ((*counters, i), (rest + i) % question["stop"])
                after[key] = after.get(key, 0) + ways
                i += step
        states = after
    return sum(ways for (_, rest), ways in states.items() if rest)


def _show_nest(question: dict) -> dict:
    lines, names = [], "ijkl"
    for place, (low, end, limit, step) in enumerate(question["loops"]):
        top = limit if end < 0 else names[end]
        lines.append(f"{'  ' * place}for {names[place]} from {low} to below {top} step {step}:")
    total = " + ".join(names[: len(question["loops"])])
    indent = "  " * len(question["loops"])
    lines.append(f"{indent}if ({total}) % {question['stop']} != 0: work()")
    return {"program": "\n".join(lines)}


TASKS = (
    Task(
        id="prog.final_values",
        title="Values of the variables after a program",
        knob="statements",
        draw=_values,
        solve=_end_values,
        second=partial(_end_values, runner=run_compiled),
        answer=Integers(),
        show=_show,
        en=(
            "Start with {start} and run this program (% is the non-negative remainder):\n"
            "{program}\nWhich values do a, b and c have at the end?",
            "Trace the program with {start}; give the final a, b, c:\n{program}",
            "{start}\n{program}\nfinal a b c:",
        ),
        zh=(
            "从 {start} 开始执行程序（% 为非负余数）：\n{program}\n结束时 a、b、c 的值是多少？",
            "以 {start} 跟踪程序，写出最终的 a、b、c：\n{program}",
            "{start}\n{program}\n最终 a b c：",
        ),
    ),
    Task(
        id="prog.input_for_output",
        title="An input that gives a wanted output",
        knob="statements",
        verifier="C",
        draw=_inverse,
        solve=_preimage,
        another=partial(_preimage, last=True),
        check=_check_preimage,
        wrong=_wrong_preimages,
        answer=Integer(),
        show=_show,
        size=lambda q: len(str(q["program"])) + q["top"],
        en=(
            "This program takes x and returns y (% is the non-negative remainder):\n{program}\n"
            "Find an integer x from 0 to {top} for which it returns {wanted}.",
            "For which x in 0..{top} does y end as {wanted}? Any one will do.\n{program}",
            "{program}\ny = {wanted}, x in 0..{top}:",
        ),
        zh=(
            "程序输入 x，返回 y（% 为非负余数）：\n{program}\n求 0 到 {top} 中使返回值为 {wanted} "
            "的整数 x。",
            "0..{top} 中哪个 x 使 y 最终为 {wanted}？任一即可。\n{program}",
            "{program}\ny = {wanted}，x 在 0..{top}：",
        ),
    ),
    Task(
        id="prog.differing_input",
        title="An input on which two versions differ",
        knob="statements",
        verifier="C",
        draw=_two_versions,
        solve=_difference,
        another=partial(_difference, last=True),
        check=_check_difference,
        wrong=_wrong_differences,
        answer=Integer(),
        show=_show,
        size=lambda q: len(str(q["program"])) + q["top"],
        en=(
            "Two versions of a function of x that returns y.\nFirst:\n{program}\nSecond:\n{other}\n"
            "Find an integer x from 0 to {top} on which their results differ.",
            "Give a test input x in 0..{top} that tells these two programs apart (compare the "
            "final y):\n{program}\n---\n{other}",
            "{program}\n---\n{other}\nx in 0..{top} with different y:",
        ),
        zh=(
            "两个版本的函数，输入 x，返回 y。\n第一版：\n{program}\n第二版：\n{other}\n求 0 到 "
            "{top} 中"
            "使结果不同的整数 x。",
            "给出 0..{top} 中能区分两个程序的测试输入 x（比较最终的 y）：\n{program}\n---\n{other}",
            "{program}\n---\n{other}\n0..{top} 中使 y 不同的 x：",
        ),
    ),
    Task(
        id="prog.missing_constant",
        title="The constant missing from a program",
        knob="statements",
        verifier="C",
        draw=_blank,
        solve=_missing,
        check=_check_missing,
        wrong=_wrong_missing,
        answer=Integer(),
        show=_show_blank,
        size=lambda q: len(str(q["program"])),
        en=(
            "In this program, which takes x and returns y, a constant from 1 to 99 is missing at "
            "the question mark:\n{program}\nWhich one, if {pairs}?",
            "Replace ? by an integer in 1..99 so that {pairs} (x in, y out):\n{program}",
            "{program}\n{pairs}; ? =",
        ),
        zh=(
            "程序输入 x，返回 y，问号处缺少一个 1 到 99 的常数：\n{program}\n已知 {pairs_zh}，它是"
            "多少？",
            "把 ? 换成 1..99 中的整数，使 {pairs_zh}（输入 x，输出 y）：\n{program}",
            "{program}\n{pairs_zh}；? =",
        ),
    ),
    Task(
        id="prog.count_calls",
        title="How often the body of nested loops runs",
        knob="loops",
        draw=_nest,
        solve=_steps,
        second=_steps_by_states,
        answer=Integer(),
        show=_show_nest,
        size=lambda q: sum(row[2] for row in q["loops"]),
        en=(
            "How many times is work() called?\n{program}",
            "Count the calls of work() that these loops make:\n{program}",
            "{program}\ncalls:",
        ),
        zh=(
            "work() 被调用多少次？\n{program}",
            "数一数这些循环调用 work() 的次数：\n{program}",
            "{program}\n调用次数：",
        ),
    ),
)
