"""Grids of cells: regions, paths, moves, neighbours, small Latin squares.

Source: textbook definitions; the rules of the cellular automaton are in the prompt. Knob: the
side of the grid.
"""

from internbootcamp_env.answers import Integer, Integers, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import (
    CharGrid,
    NumberGrid,
    around,
    show_numbers,
    show_rows,
)
from internbootcamp_env.task import Task

_MOVES = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_WALK = Word(
    "UDLR",
    "Write the moves as one word of the letters U, D, L and R (up, down, left, right).",
    "用字母 U、D、L、R（上、下、左、右）连写成一个词。",
)


def _numbers(draws: Draws, level: int) -> dict:
    rows, columns = draws.between(2, 2 + level), draws.between(2, 2 + level)
    return {"rows": [draws.integers(columns, 0, 9 + 9 * level) for _ in range(rows)]}


def _show_numbers(question: dict) -> dict:
    return question | {"rows": show_numbers(question["rows"])}


def _show_map(question: dict) -> dict:
    return question | {"map": show_rows(question["map"])}


def _spiral(question: dict) -> list[int]:
    rows, result = [list(row) for row in question["rows"]], []
    while rows:
        result += rows.pop(0)
        rows = [list(column) for column in zip(*rows, strict=True)][::-1]
    return result


def _spiral_by_walking(question: dict) -> list[int]:
    rows = question["rows"]
    left = {(r, c) for r in range(len(rows)) for c in range(len(rows[0]))}
    cell, turn, result = (0, 0), 0, []
    while left:
        left.discard(cell)
        result.append(rows[cell[0]][cell[1]])
        for _ in range(2):
            step = "RDLU"[turn % 4]
            ahead = (cell[0] + _MOVES[step][0], cell[1] + _MOVES[step][1])
            if ahead in left:
                break
            turn += 1
        cell = ahead
    return result


def _lakes(draws: Draws, level: int) -> dict:
    """Grow a number of regions that was drawn flat, no two of them touching."""
    wanted = draws.between(1, 6 + level // 2)
    rows, columns = 5 + level, 6 + level
    label: dict[tuple[int, int], int] = {}
    cells = [(r, c) for r in range(rows) for c in range(columns)]
    for number in range(wanted):
        free = [cell for cell in cells if not _touches(label, cell, number, rows, columns)]
        if not free:
            return _lakes(draws, level)
        label[draws.pick(free)] = number
    for _ in range(rows * columns):
        cell = draws.pick(cells)
        near = [label[other] for other in around(*cell, rows, columns) if other in label]
        if cell not in label and near and len(set(near)) == 1:
            label[cell] = near[0]
    return {
        "map": [
            "".join("." if (r, c) in label else "#" for c in range(columns)) for r in range(rows)
        ]
    }


def _touches(
    label: dict[tuple[int, int], int], cell: tuple[int, int], number: int, rows: int, columns: int
) -> bool:
    beside = (label.get(other, number) for other in around(*cell, rows, columns))
    return cell in label or any(other != number for other in beside)


def _reach(rows: list[str], start: tuple[int, int]) -> dict[tuple[int, int], int]:
    """Return the distance of every open cell that can be reached."""
    distance = {start: 0}
    queue = [start]
    for cell in queue:
        for other in around(*cell, len(rows), len(rows[0])):
            if rows[other[0]][other[1]] == "." and other not in distance:
                distance[other] = distance[cell] + 1
                queue.append(other)
    return distance


def _open_cells(rows: list[str]) -> list[tuple[int, int]]:
    return [(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == "."]


def _regions(question: dict) -> int:
    left, count = set(_open_cells(question["map"])), 0
    while left:
        left -= set(_reach(question["map"], min(left)))
        count += 1
    return count


def _regions_by_union(question: dict) -> int:
    cells = _open_cells(question["map"])
    label = {cell: number for number, cell in enumerate(cells)}
    changed = True
    while changed:
        changed = False
        for cell in cells:
            for other in around(*cell, len(question["map"]), len(question["map"][0])):
                if other in label and label[other] < label[cell]:
                    label[cell] = label[other]
                    changed = True
    return len(set(label.values()))


def _maze(draws: Draws, level: int) -> dict:
    while True:
        rows = [draws.text("#.....#..", 5 + level) for _ in range(4 + level)]
        cells = _open_cells(rows)
        if len(cells) < 2:
            continue
        start = draws.pick(cells)
        distance = _reach(rows, start)
        far = [cell for cell, steps in distance.items() if steps >= 3 + level]
        if far:
            return {"map": rows, "start": list(start), "end": list(draws.pick(far))}


def _show_maze(question: dict) -> dict:
    rows = [list(row) for row in question["map"]]
    rows[question["start"][0]][question["start"][1]] = "S"
    rows[question["end"][0]][question["end"][1]] = "E"
    return {"map": show_rows(["".join(row) for row in rows])}


def _walk(question: dict, order: str = "UDLR") -> str:
    """Walk back from the end along falling distances, trying moves in an order."""
    distance = _reach(question["map"], tuple(question["start"]))
    cell, moves = tuple(question["end"]), ""
    while distance[cell]:
        for move in order:
            before = (cell[0] - _MOVES[move][0], cell[1] - _MOVES[move][1])
            if distance.get(before) == distance[cell] - 1:
                moves, cell = move + moves, before
                break
    return moves


def _check_walk(question: dict, moves: str) -> str:
    rows, cell = question["map"], list(question["start"])
    shortest = _reach(rows, tuple(question["start"]))[tuple(question["end"])]
    if len(moves) != shortest:
        return f"{len(moves)} moves; a shortest way has {shortest}"
    for move in moves:
        cell = [cell[0] + _MOVES[move][0], cell[1] + _MOVES[move][1]]
        inside = 0 <= cell[0] < len(rows) and 0 <= cell[1] < len(rows[0])
        if not inside or rows[cell[0]][cell[1]] != ".":
            return "a move leads into a wall or off the map"
    return "" if cell == question["end"] else "the way does not end at E"


def _wrong_walks(question: dict, answer: str, draws: Draws) -> list[str]:
    turned = {"U": "D", "D": "U", "L": "R", "R": "L"}
    back = turned[answer[0]]
    return [answer[:-1], answer + answer[-1], answer[0] + back + answer, back + answer[1:]]


def _life_question(draws: Draws, level: int) -> dict:
    rows, columns = 4 + level // 2, 4 + level
    return {"map": [draws.text(".#", columns) for _ in range(rows)]}


def _live(question: dict) -> list[str]:
    rows = question["map"]
    result = []
    for r, row in enumerate(rows):
        line = ""
        for c, cell in enumerate(row):
            block = [rows[y][max(0, c - 1) : c + 2] for y in range(max(0, r - 1), r + 2)
                     if y < len(rows)]  # fmt: skip
            neighbours = "".join(block).count("#") - (cell == "#")
            line += "#" if neighbours == 3 or (neighbours == 2 and cell == "#") else "."
        result.append(line)
    return result


def _live_by_spreading(question: dict) -> list[str]:
    rows = question["map"]
    heat = [[0] * len(rows[0]) for _ in rows]
    alive = {(r, c) for r, row in enumerate(rows) for c, cell in enumerate(row) if cell == "#"}
    for r, c in alive:
        for y in (r - 1, r, r + 1):
            for x in (c - 1, c, c + 1):
                if (y, x) != (r, c) and 0 <= y < len(rows) and 0 <= x < len(rows[0]):
                    heat[y][x] += 1
    return [
        "".join("#" if n == 3 or (n == 2 and (r, c) in alive) else "." for c, n in enumerate(line))
        for r, line in enumerate(heat)
    ]


def _latin(draws: Draws, size: int) -> list[list[int]]:
    rows, columns = draws.shuffled(range(size)), draws.shuffled(range(size))
    symbols = draws.shuffled(range(1, size + 1))
    return [[symbols[(r + c) % size] for c in columns] for r in rows]


def _latin_question(draws: Draws, level: int) -> dict:
    size = 4 + level // 2
    square = _latin(draws, size)
    cells = draws.sample([(r, c) for r in range(size) for c in range(size)], size + level)
    kept = [list(row) for row in square]
    for r, c in cells:
        kept[r][c] = 0
    return {"square": kept}


def _fill(square: list[list[int]], order: int) -> list[list[int]] | None:
    """Complete a Latin square by backtracking, symbols ascending or descending."""
    size = len(square)
    blanks = [(r, c) for r in range(size) for c in range(size) if not square[r][c]]
    if not blanks:
        return [list(row) for row in square]
    options = {}
    for r, c in blanks:
        taken = set(square[r]) | {row[c] for row in square}
        options[r, c] = [n for n in range(1, size + 1) if n not in taken]
    r, c = min(blanks, key=lambda cell: len(options[cell]))
    for symbol in options[r, c][::order]:
        square[r][c] = symbol
        if found := _fill(square, order):
            square[r][c] = 0
            return found
        square[r][c] = 0
    return None


def _check_latin(question: dict, value: list[list[int]]) -> str:
    given = question["square"]
    size = len(given)
    if len(value) != size or len(value[0]) != size:
        return f"the square must have {size} rows and columns"
    if any(g and g != v for a, b in zip(given, value, strict=True)
           for g, v in zip(a, b, strict=True)):  # fmt: skip
        return "a given number was changed"
    symbols = set(range(1, size + 1))
    lines = [*value, *zip(*value, strict=True)]
    return "" if all(set(line) == symbols for line in lines) else "a row or column repeats a number"


def _wrong_latin(question: dict, answer: list[list[int]], draws: Draws) -> list[str]:
    """Change one blank, change one given number, swap two rows."""
    size = len(answer)
    results = []
    for _ in range(2):
        r, c = draws.below(size), draws.below(size)
        changed = [list(row) for row in answer]
        changed[r][c] = changed[r][c] % size + 1
        results.append(show_numbers(changed))
    results += [show_numbers(answer[1:]), show_numbers([answer[0], *answer[:-1]])]
    return results


def _show_latin(question: dict) -> dict:
    rows = [" ".join(str(n or "_") for n in row) for row in question["square"]]
    return {"square": show_rows(rows), "size": len(rows)}


TASKS = (
    Task(
        id="grid.spiral",
        title="Read a matrix in a spiral",
        knob="cells",
        draw=_numbers,
        solve=_spiral,
        second=_spiral_by_walking,
        answer=Integers(),
        show=_show_numbers,
        en=(
            "Read this grid in a clockwise spiral from its top left corner inwards:\n{rows}",
            "List the numbers along the spiral that starts at the top left and goes right:\n{rows}",
            "Spiral:\n{rows}",
        ),
        zh=(
            "从左上角起按顺时针螺旋向内读出这个网格：\n{rows}",
            "从左上角向右出发，沿螺旋列出各数：\n{rows}",
            "螺旋：\n{rows}",
        ),
    ),
    Task(
        id="grid.transpose",
        title="Swap rows and columns",
        knob="cells",
        draw=_numbers,
        solve=lambda q: [list(column) for column in zip(*q["rows"], strict=True)],
        second=lambda q: [[row[c] for row in q["rows"]] for c in range(len(q["rows"][0]))],
        answer=NumberGrid(),
        show=_show_numbers,
        en=(
            "Turn the rows of this grid into columns:\n{rows}",
            "Write the transpose of the matrix\n{rows}",
            "Transpose:\n{rows}",
        ),
        zh=("把这个网格的行变成列：\n{rows}", "写出矩阵的转置：\n{rows}", "转置：\n{rows}"),
    ),
    Task(
        id="grid.rotate",
        title="Turn a grid by a quarter",
        knob="cells",
        draw=_numbers,
        solve=lambda q: [list(column) for column in zip(*q["rows"][::-1], strict=True)],
        second=lambda q: [
            [row[c] for row in reversed(q["rows"])] for c in range(len(q["rows"][0]))
        ],
        answer=NumberGrid(),
        show=_show_numbers,
        en=(
            "Rotate this grid clockwise by 90 degrees:\n{rows}",
            "What does the grid look like after a quarter turn to the right?\n{rows}",
            "Rotate right:\n{rows}",
        ),
        zh=(
            "把这个网格顺时针旋转 90 度：\n{rows}",
            "网格向右转四分之一圈后是什么样？\n{rows}",
            "右转：\n{rows}",
        ),
    ),
    Task(
        id="grid.regions",
        title="Number of open regions",
        knob="cells",
        draw=_lakes,
        solve=_regions,
        second=_regions_by_union,
        answer=Integer(),
        ways=lambda level: 6 + level // 2,
        show=_show_map,
        en=(
            "In this map . is open and # is wall. How many separate open regions are there "
            "(cells touch by sides)?\n{map}",
            "Count the connected areas of dots, neighbours sharing a side:\n{map}",
            "Regions:\n{map}",
        ),
        zh=(
            "地图中 . 为空地，# 为墙。有多少块互不相连的空地（以边相邻）？\n{map}",
            "数一数由点组成的连通区域（以边相邻）：\n{map}",
            "区域数：\n{map}",
        ),
    ),
    Task(
        id="grid.shortest_walk",
        title="A shortest way through a maze",
        knob="cells",
        verifier="O",
        draw=_maze,
        solve=_walk,
        check=_check_walk,
        another=lambda q: _walk(q, "RLDU"),
        wrong=_wrong_walks,
        answer=_WALK,
        show=_show_maze,
        en=(
            "Find a shortest way from S to E; # is wall, one step goes to a cell that shares a "
            "side:\n{map}",
            "Walk from S to E in as few moves as possible without entering #:\n{map}",
            "Shortest way:\n{map}",
        ),
        zh=(
            "求从 S 到 E 的最短走法；# 是墙，每步走到以边相邻的格子：\n{map}",
            "用最少步数从 S 走到 E，不得进入 #：\n{map}",
            "最短走法：\n{map}",
        ),
    ),
    Task(
        id="grid.life_step",
        title="One generation of Life",
        knob="cells",
        draw=_life_question,
        solve=_live,
        second=_live_by_spreading,
        answer=CharGrid(".#"),
        show=_show_map,
        en=(
            "Living cells are #. A cell lives in the next generation if it has three living "
            "neighbours (of eight), or has two and lives now; outside the grid nothing lives. "
            "Give the next generation:\n{map}",
            "Do one step of Conway's Life (# alive, . dead, borders dead):\n{map}",
            "Life step:\n{map}",
        ),
        zh=(
            "# 为活细胞。若某格八邻中恰有三个活细胞，或有两个且自身为活，则下一代为活；"
            "网格外无活细胞。写出下一代：\n{map}",
            "做一步康威生命游戏（# 活，. 死，边界外为死）：\n{map}",
            "生命游戏一步：\n{map}",
        ),
    ),
    Task(
        id="grid.latin_square",
        title="Complete a Latin square",
        knob="blanks",
        verifier="C",
        draw=_latin_question,
        solve=lambda q: _fill([list(row) for row in q["square"]], 1),
        another=lambda q: _fill([list(row) for row in q["square"]], -1),
        check=_check_latin,
        wrong=_wrong_latin,
        answer=NumberGrid(),
        show=_show_latin,
        en=(
            "Fill the blanks (_) so that every row and every column contains each number from 1 "
            "to {size} once:\n{square}",
            "Complete this Latin square with the numbers 1 to {size}:\n{square}",
            "Latin square:\n{square}",
        ),
        zh=(
            "填空（_），使每行每列都恰好含有 1 到 {size} 各一次：\n{square}",
            "用 1 到 {size} 补全这个拉丁方：\n{square}",
            "拉丁方：\n{square}",
        ),
    ),
)
