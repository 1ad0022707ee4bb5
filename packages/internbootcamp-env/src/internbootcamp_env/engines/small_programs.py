"""A small imperative language as plain JSON: written, drawn, and run in two independent ways.

Expressions are an integer, a variable name or `[op, left, right]` with `+ - * % max min`; the right
side of `%` is a positive constant. Statements are `["set", name, expression]`,
`["repeat", times, body]` and `["if", left, "<" or "==" or ">", right, body, otherwise]`. Loops have
constant counts, so every program ends; `MAX_STEPS` bounds it all the same.
"""

from collections.abc import Iterator
from typing import Any

from internbootcamp_env.draws import Draws

Expression = Any
Program = list[Any]
MAX_STEPS = 20_000
MAX_MAGNITUDE = 10**40


class ProgramLimit(ValueError):
    """A program ran too long or grew too large a number."""


def value_of(expression: Expression, values: dict[str, int]) -> int:
    """Evaluate an expression by recursion."""
    if isinstance(expression, int):
        return expression
    if isinstance(expression, str):
        return values[expression]
    op, left, right = expression
    a, b = value_of(left, values), value_of(right, values)
    result = _apply(op, a, b)
    if abs(result) > MAX_MAGNITUDE:
        raise ProgramLimit("a number grew too large")
    return result


def _apply(op: str, a: int, b: int) -> int:
    if op == "+":
        return a + b
    if op == "-":
        return a - b
    if op == "*":
        return a * b
    if op == "%":
        return a % b
    return max(a, b) if op == "max" else min(a, b)


def run(program: Program, values: dict[str, int]) -> dict[str, int]:
    """Run statements by recursion and return the values of all variables."""
    values = dict(values)
    _run(program, values, [0])
    return values


def _run(program: Program, values: dict[str, int], steps: list[int]) -> None:
    for statement in program:
        steps[0] += 1
        if steps[0] > MAX_STEPS:
            raise ProgramLimit("too many steps")
        if statement[0] == "set":
            values[statement[1]] = value_of(statement[2], values)
        elif statement[0] == "repeat":
            for _ in range(statement[1]):
                _run(statement[2], values, steps)
        else:
            _run(statement[4] if holds(statement, values) else statement[5], values, steps)


def holds(statement: list[Any], values: dict[str, int]) -> bool:
    """Tell whether the condition of an `if` holds."""
    a, b = value_of(statement[1], values), value_of(statement[3], values)
    return {"<": a < b, "==": a == b, ">": a > b}[statement[2]]


def run_compiled(program: Program, values: dict[str, int]) -> dict[str, int]:
    """Run the same program as jumps and postfix code on a stack: for comparison."""
    code: list[tuple[str, Any]] = []
    _compile(program, code)
    values, stack, at = dict(values), [], 0
    while at < len(code):
        kind, what = code[at]
        at += 1
        if kind == "push":
            stack.append(what if isinstance(what, int) else values[what])
        elif kind == "store":
            values[what] = stack.pop()
        elif kind == "jump":
            at = what
        elif kind == "else":
            if not stack.pop():
                at = what
        elif kind == "again":
            stack[-1] -= 1
            if stack[-1] >= 0:
                continue
            stack.pop()
            at = what
        else:
            b, a = stack.pop(), stack.pop()
            stack.append(_combine(what, a, b))
    return values


def _combine(op: str, a: int, b: int) -> int:
    table = {"+": a + b, "-": a - b, "*": a * b, "max": (a, b)[a < b], "min": (b, a)[a < b]}
    table |= {"<": int(a < b), "==": int(a == b), ">": int(a > b)}
    return table[op] if op in table else a - b * (a // b)


def _compile(program: Program, code: list[tuple[str, Any]]) -> None:
    for statement in program:
        if statement[0] == "set":
            _postfix(statement[2], code)
            code.append(("store", statement[1]))
        elif statement[0] == "repeat":
            code.append(("push", statement[1]))
            top = len(code)
            code.append(("again", None))
            _compile(statement[2], code)
            code.append(("jump", top))
            code[top] = ("again", len(code))
        else:
            _postfix([statement[2], statement[1], statement[3]], code)
            test = len(code)
            code.append(("else", None))
            _compile(statement[4], code)
            leave = len(code)
            code.append(("jump", None))
            code[test] = ("else", len(code))
            _compile(statement[5], code)
            code[leave] = ("jump", len(code))


def _postfix(expression: Expression, code: list[tuple[str, Any]]) -> None:
    if isinstance(expression, list):
        _postfix(expression[1], code)
        _postfix(expression[2], code)
        code.append(("apply", expression[0]))
    else:
        code.append(("push", expression))


def write_expression(expression: Expression) -> str:
    """Write an expression with brackets around every inner operation."""
    if not isinstance(expression, list):
        return str(expression)
    op, left, right = expression
    if op in ("max", "min"):
        return f"{op}({write_expression(left)}, {write_expression(right)})"
    sides = [
        f"({write_expression(side)})"
        if isinstance(side, list) and side[0] not in ("max", "min")
        else write_expression(side)
        for side in (left, right)
    ]
    return f"{sides[0]} {op} {sides[1]}"


def write_program(program: Program) -> str:
    """Write statements one a line, bodies indented."""
    return "\n".join(_lines(program, ""))


def _lines(program: Program, indent: str) -> Iterator[str]:
    for statement in program:
        if statement[0] == "set":
            yield f"{indent}{statement[1]} = {write_expression(statement[2])}"
        elif statement[0] == "repeat":
            yield f"{indent}repeat {statement[1]} times:"
            yield from _lines(statement[2], indent + "  ")
        else:
            left, right = write_expression(statement[1]), write_expression(statement[3])
            yield f"{indent}if {left} {statement[2]} {right}:"
            yield from _lines(statement[4], indent + "  ")
            if statement[5]:
                yield f"{indent}else:"
                yield from _lines(statement[5], indent + "  ")


def draw_expression(draws: Draws, names: str, modulus: int) -> Expression:
    """Draw a small expression; results stay below `modulus` if a remainder is taken."""
    op = draws.pick("+-*+-")
    left, right = draws.pick(names), draws.pick((draws.pick(names), draws.between(2, 9)))
    inner: Expression = [op, left, right]
    if op == "*" or draws.chance(1, 3):
        return ["%", inner, modulus]
    if draws.chance(1, 4):
        return [draws.pick(("max", "min")), inner, draws.pick(names)]
    return inner


def draw_program(draws: Draws, names: str, size: int, modulus: int, depth: int = 0) -> Program:
    """Draw about `size` statements over some variables."""
    program: Program = []
    while size > 0:
        if depth < 2 and size >= 3 and draws.chance(1, 3):
            inner = draws.between(1, min(3, size - 1))
            body = draw_program(draws, names, inner, modulus, depth + 1)
            if draws.chance(1, 2):
                program.append(["repeat", draws.between(2, 4), body])
            else:
                test = [draws.pick(names), draws.pick("<>"), draws.pick((draws.pick(names), 5))]
                other = draw_program(draws, names, draws.below(2), modulus, depth + 1)
                program.append(["if", *test, body, other])
            size -= inner + 1
        else:
            name = draws.pick(names)
            program.append(["set", name, draw_expression(draws, names, modulus)])
            size -= 1
    return program
