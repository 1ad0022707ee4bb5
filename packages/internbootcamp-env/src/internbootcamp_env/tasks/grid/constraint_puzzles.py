"""Pencil puzzles: fill a grid so that the rules and the clues hold.

Source: the usual rules, restated in the prompts. A solution is drawn first and clues are made from
it; any grid that keeps the rules is right, and the checker never compares with the drawn one. The
oracle searches from the clues alone. Knob: the side of the grid. (Long for six prompts.)
"""

import itertools
from collections.abc import Iterator
from functools import cache, partial

from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import CharGrid, NumberGrid, around, show_numbers, show_rows
from internbootcamp_env.task import Task

Rows = list[list[int]]


def _latin(draws: Draws, side: int) -> Rows:
    rows, columns = draws.shuffled(range(side)), draws.shuffled(range(side))
    symbols = draws.shuffled(range(1, side + 1))
    return [[symbols[(r + c) % side] for c in columns] for r in rows]


def _shape(value: Rows, side: int) -> str:
    right = len(value) == side and all(len(row) == side for row in value)
    return "" if right else f"the grid must have {side} rows and columns"


def _is_latin(value: Rows) -> str:
    symbols = set(range(1, len(value) + 1))
    lines = [*value, *zip(*value, strict=True)]
    return "" if all(set(line) == symbols for line in lines) else "a row or column repeats a number"


def _spoilt_grids(answer: Rows) -> list[str]:
    """Grids that no rule of rows and columns allows: a row twice, a row less, a number too big."""
    big = [list(row) for row in answer]
    big[0][0] = 99
    grids = [[answer[1], *answer[1:]], answer[1:], big, [row[:-1] for row in answer]]
    return [show_numbers(grid) for grid in grids]


def _sudoku(draws: Draws, level: int) -> dict:
    """A 6 by 6 sudoku with boxes of two rows and three columns, from a shuffled pattern."""
    rows = [
        r for band in draws.shuffled(range(3)) for r in draws.shuffled((2 * band, 2 * band + 1))
    ]
    columns = [c for s in draws.shuffled(range(2)) for c in draws.shuffled(range(3 * s, 3 * s + 3))]
    symbols = draws.shuffled(range(1, 7))
    grid = [[symbols[(3 * (r % 2) + r // 2 + c) % 6] for c in columns] for r in rows]
    for place in draws.sample(range(36), 10 + level):
        grid[place // 6][place % 6] = 0
    return {"grid": grid}


def _sudoku_options(grid: Rows, r: int, c: int) -> list[int]:
    top, left = r - r % 2, c - c % 3
    taken = {*grid[r], *(row[c] for row in grid)}
    taken |= {n for row in grid[top : top + 2] for n in row[left : left + 3]}
    return [n for n in range(1, 7) if n not in taken]


def _solve_sudoku(question: dict, order: int = 1) -> Rows | None:
    return _fill_sudoku([list(row) for row in question["grid"]], order)


def _fill_sudoku(grid: Rows, order: int) -> Rows | None:
    blanks = [(r, c) for r in range(6) for c in range(6) if not grid[r][c]]
    if not blanks:
        return grid
    options = {cell: _sudoku_options(grid, *cell) for cell in blanks}
    cell = min(blanks, key=lambda cell: len(options[cell]))
    for symbol in options[cell][::order]:
        trial = [list(row) for row in grid]
        trial[cell[0]][cell[1]] = symbol
        if found := _fill_sudoku(trial, order):
            return found
    return None


def _check_sudoku(question: dict, value: Rows) -> str:
    given = question["grid"]
    if problem := _shape(value, 6) or _is_latin(value):
        return problem
    if any(given[r][c] not in (0, value[r][c]) for r in range(6) for c in range(6)):
        return "a given number was changed"
    for top, left in itertools.product((0, 2, 4), (0, 3)):
        box = {n for row in value[top : top + 2] for n in row[left : left + 3]}
        if len(box) < 6:
            return "a box repeats a number"
    return ""


def _show_blanks(question: dict) -> dict:
    rows = [" ".join(str(n or "_") for n in row) for row in question["grid"]]
    return question | {"grid": show_rows(rows)}


def _inequalities(draws: Draws, level: int) -> dict:
    side = 4 + level // 4
    grid = _latin(draws, side)
    pairs = [(r, c, r, c + 1) for r in range(side) for c in range(side - 1)]
    pairs += [(r, c, r + 1, c) for r in range(side - 1) for c in range(side)]
    signs = []
    for r, c, i, j in sorted(draws.sample(pairs, 2 * side + 2)):
        small = [r, c, i, j] if grid[r][c] < grid[i][j] else [i, j, r, c]
        signs.append(small)
    kept = [list(row) for row in grid]
    for place in draws.sample(range(side * side), 5 * side * side // 9):
        kept[place // side][place % side] = 0
    return {"grid": kept, "signs": signs}


def _solve_inequalities(question: dict, order: int = 1) -> Rows | None:
    grid = [list(row) for row in question["grid"]]
    return _fill_inequalities(grid, [tuple(sign) for sign in question["signs"]], order)


def _fits_signs(grid: Rows, signs: list[tuple[int, ...]], r: int, c: int) -> bool:
    return all(
        not grid[a][b] or not grid[i][j] or grid[a][b] < grid[i][j]
        for a, b, i, j in signs
        if (r, c) in ((a, b), (i, j))
    )


def _fill_inequalities(grid: Rows, signs: list[tuple[int, ...]], order: int) -> Rows | None:
    side, best = len(grid), None
    for r, c in itertools.product(range(side), repeat=2):
        if grid[r][c]:
            continue
        options = []
        for n in range(1, side + 1):
            if n not in grid[r] and all(row[c] != n for row in grid):
                grid[r][c] = n
                if _fits_signs(grid, signs, r, c):
                    options.append(n)
                grid[r][c] = 0
        if best is None or len(options) < len(best[2]):
            best = (r, c, options)
    if best is None:
        return grid
    r, c, options = best
    for n in options[::order]:
        trial = [list(row) for row in grid]
        trial[r][c] = n
        if found := _fill_inequalities(trial, signs, order):
            return found
    return None


def _check_inequalities(question: dict, value: Rows) -> str:
    given = question["grid"]
    side = len(given)
    if problem := _shape(value, side) or _is_latin(value):
        return problem
    if any(given[r][c] not in (0, value[r][c]) for r in range(side) for c in range(side)):
        return "a given number was changed"
    right = all(value[a][b] < value[i][j] for a, b, i, j in question["signs"])
    return "" if right else "an inequality does not hold"


def _show_signs(question: dict) -> dict:
    signs = [f"r{a + 1}c{b + 1} < r{i + 1}c{j + 1}" for a, b, i, j in question["signs"]]
    return _show_blanks(question) | {"signs": ", ".join(signs), "side": len(question["grid"])}


def _towers(draws: Draws, level: int) -> dict:
    """All clues around a Latin square, and a few of its numbers."""
    side = 4 + level // 6
    grid = _latin(draws, side)
    columns = [list(column) for column in zip(*grid, strict=True)]
    kept = [[0] * side for _ in range(side)]
    for place in draws.sample(range(side * side), 2 + (10 - level) // 3):
        kept[place // side][place % side] = grid[place // side][place % side]
    return {
        "top": [_seen(column) for column in columns],
        "bottom": [_seen(column[::-1]) for column in columns],
        "left": [_seen(row) for row in grid],
        "right": [_seen(row[::-1]) for row in grid],
        "grid": kept,
    }


def _seen(line: list[int] | tuple[int, ...]) -> int:
    """Count towers that rise above all before them."""
    highest = count = 0
    for n in line:
        if n > highest:
            highest, count = n, count + 1
    return count


@cache
def _tower_lines(side: int) -> dict[tuple[int, int], list[tuple[int, ...]]]:
    lines: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for line in itertools.permutations(range(1, side + 1)):
        lines.setdefault((_seen(line), _seen(line[::-1])), []).append(line)
    return lines


def _solve_towers(question: dict, order: int = 1) -> Rows | None:
    """Choose rows that fit their clues; columns are compared with the lines left for theirs."""
    lines = _tower_lines(len(question["grid"]))
    rows = [
        [line for line in lines[ends] if _keeps(line, given)]
        for ends, given in zip(
            zip(question["left"], question["right"], strict=True), question["grid"], strict=True
        )
    ]
    columns = [lines[ends] for ends in zip(question["top"], question["bottom"], strict=True)]
    return _stack_rows([], rows, columns, order)


def _keeps(line: tuple[int, ...], given: list[int]) -> bool:
    return all(g in (0, n) for g, n in zip(given, line, strict=True))


def _stack_rows(
    done: Rows, rows: list[list[tuple[int, ...]]], columns: list[list[tuple[int, ...]]], order: int
) -> Rows | None:
    at = len(done)
    if at == len(rows):
        return done
    for line in rows[at][::order]:
        left = [
            [col for col in column if col[at] == n] for column, n in zip(columns, line, strict=True)
        ]
        if all(left) and (found := _stack_rows([*done, list(line)], rows, left, order)):
            return found
    return None


def _check_towers(question: dict, value: Rows) -> str:
    side = len(question["grid"])
    if problem := _shape(value, side) or _is_latin(value):
        return problem
    if not all(_keeps(tuple(v), g) for v, g in zip(value, question["grid"], strict=True)):
        return "a given number was changed"
    columns = [list(column) for column in zip(*value, strict=True)]
    for name, lines in (("left", value), ("top", columns)):
        other = {"left": "right", "top": "bottom"}[name]
        if [_seen(line) for line in lines] != question[name]:
            return f"a clue on the {name} does not hold"
        if [_seen(line[::-1]) for line in lines] != question[other]:
            return f"a clue on the {other} does not hold"
    return ""


def _show_towers(question: dict) -> dict:
    shown = {
        name: " ".join(map(str, question[name])) for name in ("top", "bottom", "left", "right")
    }
    return _show_blanks(question) | shown | {"side": len(question["grid"])}


def _picture(draws: Draws, level: int) -> dict | None:
    rows, columns = 4 + level // 3, 5 + level // 3
    picture = [draws.text("##.", columns) for _ in range(rows)]
    across = list(map(_runs, picture))
    down = [_runs("".join(column)) for column in zip(*picture, strict=True)]
    return {"across": across, "down": down}


def _runs(line: str) -> list[int]:
    return [len(run) for run in line.split(".") if run]


@cache
def _lines(runs: tuple[int, ...], length: int) -> tuple[str, ...]:
    """Return all lines with these runs."""
    if not runs:
        return ("." * length,)
    found = []
    for start in range(length - sum(runs) - len(runs) + 2):
        head = "." * start + "#" * runs[0]
        if len(runs) == 1:
            found.append(head + "." * (length - len(head)))
        else:
            found += [f"{head}.{rest}" for rest in _lines(runs[1:], length - len(head) - 1)]
    return tuple(found)


def _solve_picture(question: dict, order: int = 1) -> list[str] | None:
    """Choose row by row; keep for each column the lines that agree so far."""
    height, width = len(question["across"]), len(question["down"])
    columns = [_lines(tuple(runs), height) for runs in question["down"]]
    rows = [_lines(tuple(runs), width) for runs in question["across"]]
    return _stack_lines([], rows, columns, order)


def _stack_lines(
    done: list[str], rows: list[tuple[str, ...]], columns: list[tuple[str, ...]], order: int
) -> list[str] | None:
    at = len(done)
    if at == len(rows):
        return done
    marks = [{column[at] for column in lines} for lines in columns]
    for line in rows[at][::order]:
        if not all(cell in mark for cell, mark in zip(line, marks, strict=True)):
            continue
        left = [
            tuple(column for column in lines if column[at] == cell)
            for lines, cell in zip(columns, line, strict=True)
        ]
        if found := _stack_lines([*done, line], rows, left, order):
            return found
    return None


def _check_picture(question: dict, value: list[str]) -> str:
    if len(value) != len(question["across"]) or len(value[0]) != len(question["down"]):
        return "the picture has another size"
    if list(map(_runs, value)) != question["across"]:
        return "a row has other runs"
    columns = ["".join(column) for column in zip(*value, strict=True)]
    return "" if list(map(_runs, columns)) == question["down"] else "a column has other runs"


def _wrong_pictures(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """One cell flipped changes the number of filled cells; a row less changes the size."""
    pictures = [answer[1:], [row[:-1] for row in answer]]
    for _ in range(3):
        r, c = draws.below(len(answer)), draws.below(len(answer[0]))
        flipped = answer[r][:c] + ("." if answer[r][c] == "#" else "#") + answer[r][c + 1 :]
        pictures.append([*answer[:r], flipped, *answer[r + 1 :]])
    return [show_rows(picture) for picture in pictures]


def _show_picture(question: dict) -> dict:
    return {
        name: "; ".join(" ".join(map(str, runs)) or "0" for runs in question[name])
        for name in ("across", "down")
    }


def _weights(draws: Draws, level: int) -> dict:
    side = 4 + level // 3
    grid = [[draws.below(2) for _ in range(side)] for _ in range(side)]
    return {
        "rows": [_weight(row) for row in grid],
        "columns": [_weight(column) for column in zip(*grid, strict=True)],
    }


def _weight(line: list[int] | tuple[int, ...]) -> int:
    return sum(place * bit for place, bit in enumerate(line, start=1))


@cache
def _bit_lines(side: int, total: int) -> tuple[tuple[int, ...], ...]:
    lines = itertools.product((0, 1), repeat=side)
    return tuple(line for line in lines if _weight(line) == total)


def _solve_weights(question: dict, order: int = 1) -> Rows | None:
    """Choose row by row; what a column still lacks must be a sum of the weights still to come."""
    side = len(question["rows"])
    options = [_bit_lines(side, total) for total in question["rows"]]
    return _stack_bits([], options, tuple(question["columns"]), order)


@cache
def _sums_from(first: int, side: int) -> frozenset[int]:
    sums = {0}
    for weight in range(first, side + 1):
        sums |= {total + weight for total in sums}
    return frozenset(sums)


def _stack_bits(
    done: Rows, rows: list[tuple[tuple[int, ...], ...]], lacking: tuple[int, ...], order: int
) -> Rows | None:
    at = len(done) + 1
    if at > len(rows):
        return done
    later = _sums_from(at + 1, len(rows))
    for line in rows[at - 1][::order]:
        left = tuple(lack - at * bit for lack, bit in zip(lacking, line, strict=True))
        if later.issuperset(left) and (
            found := _stack_bits([*done, list(line)], rows, left, order)
        ):
            return found
    return None


def _check_weights(question: dict, value: Rows) -> str:
    side = len(question["rows"])
    if problem := _shape(value, side):
        return problem
    if any(bit not in (0, 1) for row in value for bit in row):
        return "cells are 0 or 1"
    if [_weight(row) for row in value] != question["rows"]:
        return "a row has another sum"
    columns = [_weight(column) for column in zip(*value, strict=True)]
    return "" if columns == question["columns"] else "a column has another sum"


def _wrong_weights(question: dict, answer: Rows, draws: Draws) -> list[str]:
    """Flipping a cell changes the sum of its row."""
    grids = [answer[1:], [row[:-1] for row in answer]]
    for _ in range(3):
        r, c = draws.below(len(answer)), draws.below(len(answer))
        flipped = [list(row) for row in answer]
        flipped[r][c] ^= 1
        grids.append(flipped)
    return [show_numbers(grid) for grid in grids]


def _lamps(draws: Draws, level: int) -> dict | None:
    side = 4 + (level > 1) + (level > 5)
    presses = [[draws.below(2) for _ in range(side)] for _ in range(side)]
    return {"lamps": _toggled([[0] * side for _ in range(side)], presses)}


def _toggled(lamps: Rows, presses: Rows) -> Rows:
    side = len(lamps)
    result = [list(row) for row in lamps]
    for r, c in itertools.product(range(side), repeat=2):
        if presses[r][c] % 2:
            for i, j in [(r, c), *around(r, c, side, side)]:
                result[i][j] ^= 1
    return result


def _chase(question: dict, reverse: bool = False) -> Rows:
    """Try each first row of presses; every later row is forced by the lamps above it."""
    side = len(question["lamps"])
    firsts = list(itertools.product((0, 1), repeat=side))
    for first in firsts[:: -1 if reverse else 1]:
        presses = [list(first)]
        lamps = _toggled(question["lamps"], [*presses, *([[0] * side] * (side - 1))])
        for r in range(1, side):
            row = list(lamps[r - 1])
            presses.append(row)
            blank = [[0] * side for _ in range(side)]
            blank[r] = row
            lamps = _toggled(lamps, blank)
        if not any(lamps[-1]):
            return presses
    raise AssertionError("every pattern drawn can be put out")


def _eliminate(question: dict) -> Rows:
    """Solve the linear system over two elements by elimination on bit masks."""
    side = len(question["lamps"])
    basis: dict[int, tuple[int, int]] = {}
    for place in range(side * side):
        r, c = divmod(place, side)
        mask = sum(1 << (side * i + j) for i, j in [(r, c), *around(r, c, side, side)])
        used = 1 << place
        while mask and mask.bit_length() in basis:
            other, uses = basis[mask.bit_length()]
            mask, used = mask ^ other, used ^ uses
        if mask:
            basis[mask.bit_length()] = (mask, used)
    goal = sum(bit << (side * r + c) for r, row in enumerate(question["lamps"])
               for c, bit in enumerate(row))  # fmt: skip
    used = 0
    while goal:
        other, uses = basis[goal.bit_length()]
        goal, used = goal ^ other, used ^ uses
    return [[used >> (side * r + c) & 1 for c in range(side)] for r in range(side)]


def _check_lamps(question: dict, value: Rows) -> str:
    side = len(question["lamps"])
    if problem := _shape(value, side):
        return problem
    if any(bit not in (0, 1) for row in value for bit in row):
        return "cells are 0 or 1"
    left = sum(map(sum, _toggled(question["lamps"], value)))
    return f"{left} lamps are still lit" if left else ""


def _signs_of(question: dict) -> Iterator[str]:
    yield from (" ".join(map(str, row)) for row in question["lamps"])


TASKS = (
    Task(
        id="grid.sudoku",
        title="Complete a small sudoku",
        knob="blanks",
        verifier="C",
        draw=_sudoku,
        solve=_solve_sudoku,
        another=partial(_solve_sudoku, order=-1),
        check=_check_sudoku,
        wrong=lambda q, a, d: _spoilt_grids(a),
        answer=NumberGrid(),
        show=_show_blanks,
        size=lambda q: sum(row.count(0) for row in q["grid"]),
        en=(
            "Fill the blanks _ with 1 to 6 so that every row, every column and every box of two "
            "rows and three columns has each number once:\n{grid}",
            "Complete this 6 by 6 sudoku (boxes are 2 high and 3 wide):\n{grid}",
            "Sudoku 6x6, boxes 2x3:\n{grid}",
        ),
        zh=(
            "在空格 _ 填 1 到 6，使每行、每列和每个两行三列的宫中各数恰好一次：\n{grid}",
            "完成这个 6 乘 6 数独（宫高 2 宽 3）：\n{grid}",
            "数独 6x6，宫 2x3：\n{grid}",
        ),
    ),
    Task(
        id="grid.futoshiki",
        title="Complete a Latin square with inequalities",
        knob="side",
        verifier="C",
        draw=_inequalities,
        solve=_solve_inequalities,
        another=partial(_solve_inequalities, order=-1),
        check=_check_inequalities,
        wrong=lambda q, a, d: _spoilt_grids(a),
        answer=NumberGrid(),
        show=_show_signs,
        en=(
            "Put 1 to {side} into every row and column of\n{grid}\nso that also {signs} (r row, c "
            "column).",
            "Futoshiki of side {side}, blanks _:\n{grid}\nInequalities between cells: {signs}.",
            "{grid}\n{signs}",
        ),
        zh=(
            "在\n{grid}\n的每行每列填入 1 到 {side}，并满足 {signs}（r 为行，c 为列）。",
            "边长 {side} 的不等号数独，空格为 _：\n{grid}\n格间不等式：{signs}。",
            "不等号数独：\n{grid}\n{signs}",
        ),
    ),
    Task(
        id="grid.skyscrapers",
        title="Latin square from the numbers of towers seen",
        knob="side",
        verifier="C",
        draw=_towers,
        solve=_solve_towers,
        another=partial(_solve_towers, order=-1),
        check=_check_towers,
        wrong=lambda q, a, d: _spoilt_grids(a),
        answer=NumberGrid(),
        show=_show_towers,
        size=lambda q: len(q["grid"]) * 50 + sum(row.count(0) for row in q["grid"]),
        en=(
            "Fill this grid with 1 to {side} in every row and column:\n{grid}\nThe numbers are "
            "heights of towers; from a side one sees those higher than all in front. Seen from "
            "the top: {top}; from the bottom: {bottom}; from the left: {left}; from the right: "
            "{right}.",
            "Skyscrapers, side {side}. Clues top {top}, bottom {bottom}, left {left}, right "
            "{right}. Given:\n{grid}",
            "{grid}\nT {top} B {bottom} L {left} R {right}",
        ),
        zh=(
            "在网格的每行每列填入 1 到 {side}：\n{grid}\n数字是楼高；从一侧能看到比前面都高的楼。"
            "从上看：{top}；"
            "从下看：{bottom}；从左看：{left}；从右看：{right}。",
            "摩天楼，边长 {side}。提示：上 {top}，下 {bottom}，左 {left}，右 {right}。已知："
            "\n{grid}",
            "{grid}\n上 {top} 下 {bottom} 左 {left} 右 {right}",
        ),
    ),
    Task(
        id="grid.nonogram",
        title="Picture from the runs of its rows and columns",
        knob="side",
        verifier="C",
        draw=_picture,
        solve=_solve_picture,
        another=partial(_solve_picture, order=-1),
        check=_check_picture,
        wrong=_wrong_pictures,
        answer=CharGrid(".#"),
        show=_show_picture,
        en=(
            "Draw a picture of # and . whose rows have, in order, the runs of # {across} and whose "
            "columns have {down} (lines separated by semicolons, 0 for none).",
            "Nonogram. Rows: {across}. Columns: {down}. Fill it with # and leave . elsewhere.",
            "Rows {across} / columns {down}",
        ),
        zh=(
            "用 # 和 . 画图，各行 # 的连续段依次为 {across}，各列为 {down}（分号隔开各行列，0 表示"
            "没有）。",
            "数织。行：{across}。列：{down}。涂黑处写 #，其余写 .。",
            "行 {across} / 列 {down}",
        ),
    ),
    Task(
        id="grid.kakurasu",
        title="Grid of bits from weighted sums",
        knob="side",
        verifier="C",
        draw=_weights,
        solve=_solve_weights,
        another=partial(_solve_weights, order=-1),
        check=_check_weights,
        wrong=_wrong_weights,
        answer=NumberGrid(),
        en=(
            "Fill a square grid with 0 and 1. The positions of the ones in each row, counted from "
            "1 at the left, add up to {rows}; those in each column, counted from 1 at the top, to "
            "{columns}.",
            "Kakurasu with row sums {rows} and column sums {columns} (a one counts its position in "
            "the line). Give the grid of 0 and 1.",
            "Kakurasu rows {rows}, columns {columns}:",
        ),
        zh=(
            "用 0 和 1 填正方形网格。每行中 1 的位置（从左起 1）之和依次为 {rows}；每列中 1 的位置"
            "（从上起 1）"
            "之和依次为 {columns}。",
            "加权数和：行和 {rows}，列和 {columns}（1 计其在该行列中的位置）。写出 0、1 网格。",
            "加权数和 行 {rows}，列 {columns}：",
        ),
    ),
    Task(
        id="grid.lights_out",
        title="Presses that put out all lamps",
        knob="side",
        verifier="C",
        draw=_lamps,
        solve=_eliminate,
        second=_chase,
        another=partial(_chase, reverse=True),
        check=_check_lamps,
        wrong=_wrong_weights,
        answer=NumberGrid(),
        show=lambda q: {"lamps": show_rows(list(_signs_of(q)))},
        en=(
            "1 is a lit lamp. A press changes a lamp and those that share a side with it. Which "
            "cells are pressed (1, others 0) so that all lamps go out?\n{lamps}",
            "Lights out: give a grid of presses (0 or 1) that clears\n{lamps}",
            "{lamps}\npresses:",
        ),
        zh=(
            "1 为亮灯。按一格会改变该灯及以边相邻的灯。按哪些格（写 1，其余 0）能使灯全灭？"
            "\n{lamps}",
            "关灯游戏：写出使其全灭的按法（0 或 1 的网格）：\n{lamps}",
            "{lamps}\n按法：",
        ),
    ),
)
