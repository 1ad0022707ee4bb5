"""Things that move over a grid: rays, dice, ants, ice sliders, jumpers, water, sand, fire.

Source: definitions, restated in the prompts. Knob: the side of the grid or the number of steps.
(Long for eight prompts.)
"""

import heapq
import itertools
from functools import partial

from internbootcamp_env.answers import Integer, Integers, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import CharGrid, NumberGrid, around, show_numbers, show_rows
from internbootcamp_env.engines.state_search import shortest_plan
from internbootcamp_env.task import Task

_STEPS = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_UDLR = Word(
    "UDLR",
    "Write the moves as one word of the letters U, D, L and R (up, down, left, right).",
    "用字母 U、D、L、R（上、下、左、右）连写成一个词。",
)


def _mirrors(draws: Draws, level: int) -> dict:
    rows, columns = 4 + level, 5 + level
    board = [draws.text("/\\......"[: 8 - level // 4], columns) for _ in range(rows)]
    side = draws.pick("UDLR")
    return {"map": board, "side": side, "at": draws.below(rows if side in "LR" else columns) + 1}


_TURN = {
    "/": {"R": "U", "U": "R", "L": "D", "D": "L"},
    "\\": {"R": "D", "D": "R", "L": "U", "U": "L"},
}


def _ray_exit(question: dict) -> str:
    """Step cell by cell from the border; the name of a side is where the ray comes from."""
    board, side, at = question["map"], question["side"], question["at"] - 1
    rows, columns = len(board), len(board[0])
    r, c = {"L": (at, 0), "R": (at, columns - 1), "U": (0, at), "D": (rows - 1, at)}[side]
    way = {"L": "R", "R": "L", "U": "D", "D": "U"}[side]
    while 0 <= r < rows and 0 <= c < columns:
        way = _TURN.get(board[r][c], {}).get(way, way)
        r, c = r + _STEPS[way][0], c + _STEPS[way][1]
    return f"{way}{(r if way in 'LR' else c) + 1}"


def _ray_exit_backwards(question: dict) -> str:
    """Light can be reversed: find the entrance whose ray leaves where this one comes in."""
    rows, columns = len(question["map"]), len(question["map"][0])
    for side, count in (("L", rows), ("R", rows), ("U", columns), ("D", columns)):
        for at in range(1, count + 1):
            if (
                _ray_exit(question | {"side": side, "at": at})
                == f"{question['side']}{question['at']}"
            ):
                return f"{side}{at}"
    raise AssertionError("every ray leaves")


def _ice(draws: Draws, level: int) -> dict | None:
    side = 6 + level // 2
    rows = [draws.text("#......", side) for _ in range(side)]
    cells = [(r, c) for r in range(side) for c in range(side) if rows[r][c] == "."]
    start = draws.pick(cells)
    reached = {start: 0}
    queue = [start]
    for cell in queue:
        for _, after in _slides(rows, cell):
            if after not in reached:
                reached[after] = reached[cell] + 1
                queue.append(after)
    far = [cell for cell, steps in reached.items() if steps >= 3 + level // 4]
    return {"map": rows, "start": list(start), "end": list(draws.pick(far))} if far else None


def _slides(rows: list[str], cell: tuple[int, int]) -> list[tuple[str, tuple[int, int]]]:
    found = []
    for move, (dr, dc) in _STEPS.items():
        r, c = cell
        while 0 <= r + dr < len(rows) and 0 <= c + dc < len(rows) and rows[r + dr][c + dc] == ".":
            r, c = r + dr, c + dc
        found.append((move, (r, c)))
    return found


def _ice_plan(question: dict, reverse: bool = False) -> str:
    def moves(cell: tuple[int, int]) -> list[tuple[str, tuple[int, int]]]:
        return _slides(question["map"], cell)[:: -1 if reverse else 1]

    end = tuple(question["end"])
    return "".join(shortest_plan(tuple(question["start"]), moves, end.__eq__) or [])


def _check_ice(question: dict, moves: str) -> str:
    cell = tuple(question["start"])
    for move in moves[:1_000]:
        cell = dict(_slides(question["map"], cell))[move]
    if list(cell) != question["end"] or len(moves) > 1_000:
        return "the slider does not stop at E at the end"
    least = len(_ice_plan(question))
    return "" if len(moves) == least else f"{len(moves)} moves; the fewest are {least}"


def _wrong_slides(question: dict, answer: str, draws: Draws) -> list[str]:
    """The last move again changes nothing, and is one too many; without it E is not reached."""
    return [answer + answer[-1], answer[:-1], answer[:-2] or "UUUUUUUUU", "x"]


def _show_ends(question: dict) -> dict:
    rows = [list(row) for row in question["map"]]
    for name, mark in (("start", "S"), ("end", "E")):
        r, c = question[name]
        rows[r][c] = mark
    return {"map": show_rows(["".join(row) for row in rows])}


def _jumps(draws: Draws, level: int) -> dict | None:
    side = 5 + level // 3
    question = {"grid": [draws.integers(side, 1, side - 1) for _ in range(side)]}
    plan = _jump_plan(question)
    return question if plan is not None and len(plan) >= 4 + level // 4 else None


def _leaps(grid: list[list[int]], cell: tuple[int, int]) -> list[tuple[str, tuple[int, int]]]:
    r, c = cell
    found = []
    for move, (dr, dc) in _STEPS.items():
        after = (r + dr * grid[r][c], c + dc * grid[r][c])
        if 0 <= after[0] < len(grid) and 0 <= after[1] < len(grid):
            found.append((move, after))
    return found


def _jump_plan(question: dict, reverse: bool = False) -> list[str] | None:
    def moves(cell: tuple[int, int]) -> list[tuple[str, tuple[int, int]]]:
        return _leaps(question["grid"], cell)[:: -1 if reverse else 1]

    corner = (len(question["grid"]) - 1,) * 2
    return shortest_plan((0, 0), moves, corner.__eq__)


def _jump_word(question: dict, reverse: bool = False) -> str:
    return "".join(_jump_plan(question, reverse) or [])


def _check_jumps(question: dict, moves: str) -> str:
    cell = (0, 0)
    for move in moves[:1_000]:
        after = dict(_leaps(question["grid"], cell)).get(move)
        if after is None:
            return "a jump leads off the board"
        cell = after
    if cell != (len(question["grid"]) - 1,) * 2 or len(moves) > 1_000:
        return "the way does not end at the bottom right"
    least = len(_jump_word(question))
    return "" if len(moves) == least else f"{len(moves)} jumps; the fewest are {least}"


def _wrong_jumps(question: dict, answer: str, draws: Draws) -> list[str]:
    """A jump from the start and on along another shortest way would be a detour, if it exists."""
    detours = []
    for move, cell in _leaps(question["grid"], (0, 0)):
        rest = shortest_plan(cell, partial(_leaps, question["grid"]),
                             ((len(question["grid"]) - 1,) * 2).__eq__)  # fmt: skip
        if rest is not None and len(rest) + 1 > len(answer):
            detours.append(move + "".join(rest))
    return [*detours, answer[:-1], answer[:-2] or "RRRRRRRRR", answer + answer, "x"]


def _ant(draws: Draws, level: int) -> dict:
    side = 6 + level // 2
    rows = [draws.text("#..", side) for _ in range(side)]
    start = [draws.between(1, side), draws.between(1, side)]
    return {"map": rows, "start": start, "steps": 4 + 3 * level}


def _ant_path(question: dict) -> list[str]:
    """On . turn right, on # turn left; flip the cell; go on one step; the board wraps round."""
    rows = [list(row) for row in question["map"]]
    side = len(rows)
    r, c = (n - 1 for n in question["start"])
    way = 0
    for _ in range(question["steps"]):
        way = (way + (1 if rows[r][c] == "." else 3)) % 4
        rows[r][c] = "#" if rows[r][c] == "." else "."
        dr, dc = ((-1, 0), (0, 1), (1, 0), (0, -1))[way]
        r, c = (r + dr) % side, (c + dc) % side
    return ["".join(row) for row in rows]


def _ant_by_sets(question: dict) -> list[str]:
    side = len(question["map"])
    black = {
        complex(c, r)
        for r, row in enumerate(question["map"])
        for c, x in enumerate(row)
        if x == "#"
    }
    place, ahead = complex(question["start"][1] - 1, question["start"][0] - 1), -1j
    for _ in range(question["steps"]):
        ahead *= -1j if place in black else 1j
        black ^= {place}
        moved = place + ahead
        place = complex(moved.real % side, moved.imag % side)
    return [
        "".join("#" if complex(c, r) in black else "." for c in range(side)) for r in range(side)
    ]


def _die_roll(draws: Draws, level: int) -> dict:
    return {"moves": draws.text("NESW", 4 + 2 * level), "top": draws.between(1, 6)}


def _die_faces(top: int, north: int, east: int) -> list[int]:
    return [top, north, east, 7 - east, 7 - north, 7 - top]


def _start_die(top: int) -> tuple[int, int, int]:
    """Choose north and east for a top so that the die is right-handed: 1, 2, 3 seen clockwise."""
    north = 2 if top not in (2, 5) else 3
    for east in range(1, 7):
        if east in (top, 7 - top, north, 7 - north):
            continue
        even = (top > 3) ^ (north > 3) ^ (east > 3)
        kinds = [min(n, 7 - n) for n in (top, north, east)]
        swaps = sum(a > b for i, a in enumerate(kinds) for b in kinds[i + 1 :])
        if (swaps % 2 == 0) ^ even:
            return top, north, east
    raise AssertionError("one of the two is right-handed")


def _die_end(question: dict) -> list[int]:
    """Roll: the face towards the roll's direction becomes the bottom."""
    top, north, east = _start_die(question["top"])
    for move in question["moves"]:
        if move == "N":
            top, north = 7 - north, top
        elif move == "S":
            top, north = north, 7 - top
        elif move == "E":
            top, east = 7 - east, top
        else:
            top, east = east, 7 - top
    return [top, north, east]


def _die_end_by_labels(question: dict) -> list[int]:
    """Carry the labels of all six sides along."""
    top, north, east = _start_die(question["top"])
    at = dict(zip("TNEWSB", _die_faces(top, north, east), strict=True))
    cycles = {"N": "TNBS", "S": "TSBN", "E": "TEBW", "W": "TWBE"}
    for move in question["moves"]:
        cycle = cycles[move]
        moved = {cycle[(n + 1) % 4]: at[cycle[n]] for n in range(4)}
        at.update(moved)
    return [at["T"], at["N"], at["E"]]


def _show_die(question: dict) -> dict:
    _, north, east = _start_die(question["top"])
    return question | {"north": north, "east": east}


def _piles(draws: Draws, level: int) -> dict:
    side = 3 + level // 4
    rows = [draws.integers(side, 0, 4 + level // 2) for _ in range(side)]
    rows[draws.below(side)][draws.below(side)] += 4 + level
    return {"rows": rows}


def _toppled(question: dict) -> list[list[int]]:
    """Topple all that is too high at once, round by round."""
    rows = [list(row) for row in question["rows"]]
    side = len(rows)
    while True:
        high = [(r, c) for r in range(side) for c in range(side) if rows[r][c] > 3]
        if not high:
            return rows
        for r, c in high:
            rows[r][c] -= 4
            for i, j in around(r, c, side, side):
                rows[i][j] += 1


def _toppled_one_by_one(question: dict) -> list[list[int]]:
    """Topple single cells from a stack: the order does not matter."""
    rows = [list(row) for row in question["rows"]]
    side = len(rows)
    stack = [(r, c) for r in range(side) for c in range(side)]
    while stack:
        r, c = stack.pop()
        if rows[r][c] < 4:
            continue
        times, rows[r][c] = divmod(rows[r][c], 4)
        for i, j in around(r, c, side, side):
            rows[i][j] += times
            stack.append((i, j))
    return rows


def _heights(draws: Draws, level: int) -> dict:
    rows, columns = 5 + level // 2, 6 + level // 2
    return {"rows": [draws.integers(columns, 0, 9) for _ in range(rows)]}


def _trapped(question: dict) -> int:
    """Water levels from the border inwards, lowest first."""
    rows = question["rows"]
    height, width = len(rows), len(rows[0])
    border = [(r, c) for r in range(height) for c in range(width)
              if r in (0, height - 1) or c in (0, width - 1)]  # fmt: skip
    heap = [(rows[r][c], r, c) for r, c in border]
    heapq.heapify(heap)
    seen, total = set(border), 0
    while heap:
        level, r, c = heapq.heappop(heap)
        for i, j in around(r, c, height, width):
            if (i, j) not in seen:
                seen.add((i, j))
                total += max(0, level - rows[i][j])
                heapq.heappush(heap, (max(level, rows[i][j]), i, j))
    return total


def _trapped_by_draining(question: dict) -> int:
    """Flood everything, then let it drain until nothing changes."""
    rows = question["rows"]
    height, width = len(rows), len(rows[0])
    level = [[9 if 0 < r < height - 1 and 0 < c < width - 1 else rows[r][c]
              for c in range(width)] for r in range(height)]  # fmt: skip
    changed = True
    while changed:
        changed = False
        for r, c in itertools.product(range(1, height - 1), range(1, width - 1)):
            near = min(level[i][j] for i, j in around(r, c, height, width))
            lowered = max(rows[r][c], near)
            if lowered < level[r][c]:
                level[r][c], changed = lowered, True
    return sum(map(sum, level)) - sum(map(sum, rows))


def _forest(draws: Draws, level: int) -> dict | None:
    side = 5 + level // 2
    rows = [draws.text("TTTTT.", side) for _ in range(side)]
    trees = [(r, c) for r in range(side) for c in range(side) if rows[r][c] == "T"]
    fires = sorted(draws.sample(trees, 1 + level // 4))
    question = {"map": rows, "fires": [list(cell) for cell in fires], "minutes": 2 + level // 3}
    return question


def _burnt(question: dict) -> list[str]:
    """Spread minute by minute to the four neighbours; a cell burns one minute, then is ash."""
    rows = [list(row) for row in question["map"]]
    side = len(rows)
    fire = [tuple(cell) for cell in question["fires"]]
    for r, c in fire:
        rows[r][c] = "F"
    for _ in range(question["minutes"]):
        fresh = []
        for r, c in fire:
            rows[r][c] = "a"
            for i, j in around(r, c, side, side):
                if rows[i][j] == "T":
                    rows[i][j] = "F"
                    fresh.append((i, j))
        fire = fresh
    return ["".join(row) for row in rows]


def _burnt_by_distance(question: dict) -> list[str]:
    """A tree burns at the minute of its distance to the nearest fire through trees."""
    side, minutes = len(question["map"]), question["minutes"]
    far = {tuple(cell): 0 for cell in question["fires"]}
    for _ in range(side * side):
        for cell, n in list(far.items()):
            for i, j in around(*cell, side, side):
                if question["map"][i][j] == "T" and far.get((i, j), n + 2) > n + 1:
                    far[i, j] = n + 1
    return [
        "".join(
            cell
            if (r, c) not in far or far[r, c] > minutes
            else "F"
            if far[r, c] == minutes
            else "a"
            for c, cell in enumerate(row)
        )
        for r, row in enumerate(question["map"])
    ]


def _show_forest(question: dict) -> dict:
    rows = [list(row) for row in question["map"]]
    for r, c in question["fires"]:
        rows[r][c] = "F"
    return question | {"map": show_rows(["".join(row) for row in rows])}


TASKS = (
    Task(
        id="grid.mirror_ray",
        title="Where a ray leaves a box of mirrors",
        knob="side",
        draw=_mirrors,
        solve=_ray_exit,
        second=_ray_exit_backwards,
        answer=Word("UDLR0123456789", "Write side and number, such as L3.", "写边与编号，如 L3。"),
        show=lambda q: q | {"map": show_rows(q["map"])},
        en=(
            "A ray enters this box from side {side} (L left, R right, U top, D bottom) at line "
            "{at} (rows from the top, columns from the left, counted from 1) and is turned by the "
            "mirrors / and \\. Where does it leave, such as L3?\n{map}",
            "Trace the light that comes in at {side}{at} and name its exit in the same way (side "
            "and row or column):\n{map}",
            "{map}\nin at {side}{at}, out at:",
        ),
        zh=(
            "光线从 {side} 边（L 左，R 右，U 上，D 下）的第 {at} 行或列（行从上、列从左，从 1 起）"
            "射入，遇镜子 "
            "/ 和 \\ 转向。它从哪里射出，如 L3？\n{map}",
            "追踪从 {side}{at} 射入的光，用同样的写法（边与行列号）写出出口：\n{map}",
            "{map}\n入 {side}{at}，出：",
        ),
    ),
    Task(
        id="grid.ice_slide",
        title="Fewest slides over ice",
        knob="side",
        verifier="O",
        draw=_ice,
        solve=_ice_plan,
        second=partial(_ice_plan, reverse=True),
        check=_check_ice,
        wrong=_wrong_slides,
        answer=_UDLR,
        show=_show_ends,
        en=(
            "On ice one slides in a direction until a wall # or the edge stops. Get from S to stop "
            "on E with as few slides as possible:\n{map}",
            "Give a shortest sequence of slides (each goes on as far as it can) from S to a stop "
            "at E:\n{map}",
            "{map}\nslides S to E:",
        ),
        zh=(
            "在冰面上朝一个方向滑行，直到遇墙 # 或边界才停。用最少的滑行从 S 出发停在 E：\n{map}",
            "给出从 S 到停在 E 的最短滑行序列（每次滑到底）：\n{map}",
            "{map}\n从 S 滑到 E：",
        ),
    ),
    Task(
        id="grid.number_maze",
        title="Fewest jumps through a maze of numbers",
        knob="side",
        verifier="O",
        draw=_jumps,
        solve=_jump_word,
        second=partial(_jump_word, reverse=True),
        check=_check_jumps,
        wrong=_wrong_jumps,
        answer=_UDLR,
        show=lambda q: {"grid": show_numbers(q["grid"])},
        en=(
            "From a cell with the number n one jumps exactly n cells up, down, left or right. "
            "Reach the bottom right from the top left with as few jumps as possible:\n{grid}",
            "Number maze: the number tells the length of the jump. Shortest way from the first to "
            "the last cell:\n{grid}",
            "{grid}\njumps:",
        ),
        zh=(
            "从写着 n 的格子恰好向上、下、左或右跳 n 格。用最少的跳跃从左上角到右下角：\n{grid}",
            "数字迷宫：数字为跳跃长度。求从第一格到最后一格的最短走法：\n{grid}",
            "{grid}\n跳跃：",
        ),
    ),
    Task(
        id="grid.langton_ant",
        title="Board after an ant's walk",
        knob="steps",
        draw=_ant,
        solve=_ant_path,
        second=_ant_by_sets,
        answer=CharGrid(".#"),
        show=lambda q: {
            "map": show_rows(q["map"]),
            "start": " ".join(map(str, q["start"])),
            "steps": q["steps"],
        },
        en=(
            "An ant stands at row and column {start} (from 1), facing up. At each step it turns "
            "right on . and left on #, flips that cell, and goes one cell ahead; the board wraps "
            "around. Draw the board after {steps} steps:\n{map}",
            "Run Langton's ant for {steps} steps from {start} (row column), first facing up, on "
            "this torus (right on ., left on #):\n{map}",
            "{map}\nant at {start}, {steps} steps:",
        ),
        zh=(
            "蚂蚁在行、列 {start}（从 1 起），面朝上。每步：在 . 上右转，在 # 上左转，翻转该格，前"
            "进一格；"
            "棋盘首尾相接。画出 {steps} 步后的棋盘：\n{map}",
            "在这个环面上从 {start}（行 列）起、先朝上，运行兰顿蚂蚁 {steps} 步（. 右转，# 左转）"
            "：\n{map}",
            "{map}\n蚂蚁在 {start}，{steps} 步：",
        ),
    ),
    Task(
        id="grid.rolling_die",
        title="Faces of a die after rolling",
        knob="rolls",
        draw=_die_roll,
        solve=_die_end,
        second=_die_end_by_labels,
        answer=Integers(),
        show=_show_die,
        echoes=True,
        en=(
            "A die (opposite faces add up to 7) shows {top} on top, {north} to the north and "
            "{east} to the east. It is rolled over its edges towards {moves} in turn. Which faces "
            "are then on top, to the north and to the east?",
            "Roll a die with top {top}, north {north}, east {east} through the directions {moves}. "
            "Give the new top, north and east faces.",
            "Die {top} {north} {east} rolled {moves}:",
        ),
        zh=(
            "骰子（对面之和为 7）上面为 {top}，北面 {north}，东面 {east}，依次向 {moves} 翻滚。之"
            "后上、北、东"
            "各是几？",
            "把上 {top}、北 {north}、东 {east} 的骰子依次向 {moves}（N 北 E 东 S 南 W 西）翻滚，写"
            "出新的上、北、"
            "东面。",
            "骰子 {top} {north} {east} 翻滚 {moves}：",
        ),
    ),
    Task(
        id="grid.sandpile",
        title="Sandpile after all topplings",
        knob="grains",
        draw=_piles,
        solve=_toppled,
        second=_toppled_one_by_one,
        answer=NumberGrid(),
        show=lambda q: {"rows": show_numbers(q["rows"])},
        size=lambda q: sum(map(sum, q["rows"])),
        en=(
            "A cell with four or more grains topples: it loses four and gives one to each cell "
            "that shares a side (grains fall off at the edge). Topple until no cell has more than "
            "three and give the grid:\n{rows}",
            "Stabilise this abelian sandpile (threshold 4, open edges):\n{rows}",
            "{rows}\nstable:",
        ),
        zh=(
            "有四粒或以上的格会崩塌：失去四粒，给每个以边相邻的格一粒（边界外丢失）。崩塌到各格不"
            "超过三粒为止，"
            "写出网格：\n{rows}",
            "使这个沙堆稳定（阈值 4，边界开放）：\n{rows}",
            "{rows}\n稳定后：",
        ),
    ),
    Task(
        id="grid.trapped_rain",
        title="Rain held by a landscape",
        knob="side",
        draw=_heights,
        solve=_trapped,
        second=_trapped_by_draining,
        answer=Integer(),
        ways=lambda level: 12 + 5 * level,
        show=lambda q: {"rows": show_numbers(q["rows"])},
        en=(
            "Columns of these heights stand side by side; heavy rain falls, and water runs off "
            "over cells that share a side, and over the edge. How many units of water "
            "remain?\n{rows}",
            "How much rain does this height map hold (four neighbours, open border)?\n{rows}",
            "{rows}\nwater:",
        ),
        zh=(
            "这些高度的柱子并排而立；下大雨后水沿以边相邻的格流走，也从边缘流出。留下多少单位的水"
            "？\n{rows}",
            "这张高度图能存多少雨水（四邻，边界开放）？\n{rows}",
            "{rows}\n水量：",
        ),
    ),
    Task(
        id="grid.forest_fire",
        title="Forest after some minutes of fire",
        knob="side and minutes",
        draw=_forest,
        solve=_burnt,
        second=_burnt_by_distance,
        answer=CharGrid("TFa."),
        show=_show_forest,
        en=(
            "T is a tree, F a burning one, . bare. Each minute fire spreads to the trees that "
            "share a side with a burning one, and what burnt becomes ash a. Draw the map after "
            "{minutes} minutes:\n{map}",
            "Spread the fire for {minutes} steps (four neighbours; F burns one step, then a):\n"
            "{map}",
            "{map}\nafter {minutes}:",
        ),
        zh=(
            "T 为树，F 为着火的树，. 为空地。每分钟火蔓延到与着火者以边相邻的树，原来着火的变成灰 "
            "a。画出 "
            "{minutes} 分钟后的地图：\n{map}",
            "让火蔓延 {minutes} 步（四邻；F 烧一步后变 a）：\n{map}",
            "{map}\n{minutes} 步后：",
        ),
    ),
)
