"""Shapes in space: folded paper, blocks, voxels, hexagons, braids, landmarks.

Source: definitions, restated in the prompts. Knob: the number of folds, cells, moves or crossings.
(Long for the prompts of nine tasks.)
"""

import itertools

from internbootcamp_env.answers import Integer, Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import NumberGrid, show_numbers
from internbootcamp_env.task import Task


def _paper(draws: Draws, level: int) -> dict:
    """Fold a sheet of 2^a rows by 2^b columns to halves; punch a cell of what is left."""
    ups, sides = 1 + (level > 5), 1 + (level > 2)
    folds = draws.shuffled(
        [draws.pick("UD") for _ in range(ups)] + [draws.pick("LR") for _ in range(sides)]
    )
    left = (draws.between(2, 5), draws.between(3, 6))
    holes = draws.sample(list(itertools.product(range(left[0]), range(left[1]))), 2 + (level > 7))
    return {
        "rows": left[0] * 2**ups,
        "columns": left[1] * 2**sides,
        "folds": "".join(folds),
        "holes": sorted([r + 1, c + 1] for r, c in holes),
    }


def _unfold(question: dict) -> list[str]:
    """Undo the folds from the last, mirroring the holes; the folded part covered the other half."""
    cells = {(r - 1, c - 1) for r, c in question["holes"]}
    rows, columns = question["rows"], question["columns"]
    for fold in question["folds"]:
        rows, columns = (rows // 2, columns) if fold in "UD" else (rows, columns // 2)
    for fold in reversed(question["folds"]):
        if fold in "UD":
            if fold == "U":
                cells |= {(2 * rows - 1 - r, c) for r, c in cells}
            else:
                cells = {(r + rows, c) for r, c in cells} | {(rows - 1 - r, c) for r, c in cells}
            rows *= 2
        else:
            if fold == "L":
                cells |= {(r, 2 * columns - 1 - c) for r, c in cells}
            else:
                cells = {(r, c + columns) for r, c in cells} | {
                    (r, columns - 1 - c) for r, c in cells
                }
            columns *= 2
    return sorted(f"{r + 1}-{c + 1}" for r, c in cells)


def _unfold_by_tracking(question: dict) -> list[str]:
    """Follow every cell of the sheet through the folds and see whether it ends under a hole."""
    found = []
    for r, c in itertools.product(range(question["rows"]), range(question["columns"])):
        rows, columns, y, x = question["rows"], question["columns"], r, c
        for fold in question["folds"]:
            if fold in "UD":
                rows //= 2
                y = min(y, 2 * rows - 1 - y) if fold == "U" else max(y, 2 * rows - 1 - y) - rows
            else:
                columns //= 2
                x = (
                    min(x, 2 * columns - 1 - x)
                    if fold == "L"
                    else max(x, 2 * columns - 1 - x) - columns
                )
        if [y + 1, x + 1] in question["holes"]:
            found.append(f"{r + 1}-{c + 1}")
    return sorted(found)


def _show_paper(question: dict) -> dict:
    return question | {"holes": " ".join(f"{r}-{c}" for r, c in question["holes"])}


def _towers(draws: Draws, level: int) -> dict:
    rows, columns = 2 + level // 2, 3 + level // 2
    return {"rows": [draws.integers(columns, 0, 4 + level // 2) for _ in range(rows)]}


def _surface(question: dict) -> int:
    """Tops and bottoms, and for each pair of neighbours the difference of their heights."""
    rows = question["rows"]
    total = 2 * sum(n > 0 for row in rows for n in row)
    for lines in (rows, list(zip(*rows, strict=True))):
        for line in lines:
            total += sum(abs(a - b) for a, b in itertools.pairwise([0, *line, 0]))
    return total


def _surface_by_cubes(question: dict) -> int:
    cubes = {
        (r, c, h)
        for r, row in enumerate(question["rows"])
        for c, n in enumerate(row)
        for h in range(n)
    }
    steps = ((1, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 0), (0, 0, 1), (0, 0, -1))
    return sum(
        tuple(a + b for a, b in zip(cube, step, strict=True)) not in cubes
        for cube in cubes
        for step in steps
    )


def _turns(draws: Draws, level: int) -> dict | None:
    point = draws.integers(3, -9 - level, 9 + level)
    turns = [draws.pick(("+x", "-x", "+y", "-y", "+z", "-z")) for _ in range(3 + level)]
    question = {"point": point, "turns": turns}
    return None if _turned(question) == point else question


def _turned(question: dict) -> list[int]:
    """Rotate by the right hand: about z, +x goes to +y."""
    x, y, z = question["point"]
    for turn in question["turns"]:
        for _ in range(1 if turn[0] == "+" else 3):
            if turn[1] == "x":
                y, z = -z, y
            elif turn[1] == "y":
                z, x = -x, z
            else:
                x, y = -y, x
    return [x, y, z]


_MATRICES = {
    "x": ((1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "y": ((0, 0, 1), (0, 1, 0), (-1, 0, 0)),
    "z": ((0, -1, 0), (1, 0, 0), (0, 0, 1)),
}


def _turned_by_matrices(question: dict) -> list[int]:
    """Multiply all rotations first; the inverse of a rotation is its transpose."""
    whole = [[int(i == j) for j in range(3)] for i in range(3)]
    for turn in question["turns"]:
        matrix = _MATRICES[turn[1]]
        if turn[0] == "-":
            matrix = tuple(zip(*matrix, strict=True))
        whole = [
            [sum(matrix[i][k] * whole[k][j] for k in range(3)) for j in range(3)] for i in range(3)
        ]
    return [sum(a * b for a, b in zip(row, question["point"], strict=True)) for row in whole]


_HEX = {"E": (1, 0), "NE": (1, -1), "NW": (0, -1), "W": (-1, 0), "SW": (-1, 1), "SE": (0, 1)}


def _hex_walk(draws: Draws, level: int) -> dict:
    legs = [[draws.between(1, 9), draws.pick(list(_HEX))] for _ in range(4 + level)]
    return {"legs": [f"{n}{way}" for n, way in legs]}


def _hex_end(question: dict) -> list[int]:
    q = r = 0
    for leg in question["legs"]:
        way = leg.lstrip("0123456789")
        steps = int(leg[: -len(way)])
        q, r = q + steps * _HEX[way][0], r + steps * _HEX[way][1]
    return [q, r, max(abs(q), abs(r), abs(q + r))]


def _hex_end_by_totals(question: dict) -> list[int]:
    """Cancel opposite ways, then two neighbours of a way against it."""
    total = dict.fromkeys(_HEX, 0)
    for leg in question["legs"]:
        way = leg.lstrip("0123456789")
        total[way] += int(leg[: -len(way)])
    east, southeast = total["E"] - total["W"], total["SE"] - total["NW"]
    northeast = total["NE"] - total["SW"]
    q, r = east + northeast, southeast - northeast
    far = abs(q) + abs(r) if q * r > 0 else max(abs(q), abs(r))
    return [q, r, far]


def _braid(draws: Draws, level: int) -> dict:
    strands = 5 + level // 2
    word = [draws.between(1, strands - 1) * draws.pick((1, -1)) for _ in range(7 + 2 * level)]
    return {"strands": strands, "word": word}


def _strand_ends(question: dict) -> list[int]:
    """Where each strand that starts at 1, 2, ... ends."""
    row = list(range(1, question["strands"] + 1))
    for letter in question["word"]:
        i = abs(letter)
        row[i - 1], row[i] = row[i], row[i - 1]
    return [row.index(n) + 1 for n in range(1, question["strands"] + 1)]


def _strand_ends_by_following(question: dict) -> list[int]:
    ends = []
    for at in range(1, question["strands"] + 1):
        for letter in question["word"]:
            if at in (abs(letter), abs(letter) + 1):
                at = 2 * abs(letter) + 1 - at
        ends.append(at)
    return ends


def _crossing_table(question: dict) -> list[list[int]]:
    """Signed crossings between every two strands, as a symmetric table."""
    count = question["strands"]
    row = list(range(count))
    table = [[0] * count for _ in range(count)]
    for letter in question["word"]:
        i = abs(letter) - 1
        a, b = row[i], row[i + 1]
        sign = 1 if letter > 0 else -1
        table[a][b] += sign
        table[b][a] += sign
        row[i], row[i + 1] = b, a
    return table


def _crossing_table_by_pairs(question: dict) -> list[list[int]]:
    """Follow two strands at a time and see where they meet."""
    count = question["strands"]

    def meetings(a: int, b: int) -> int:
        total = 0
        for letter in question["word"]:
            i = abs(letter) - 1
            if {a, b} == {i, i + 1}:
                total += 1 if letter > 0 else -1
            a, b = ({i: i + 1, i + 1: i}.get(at, at) for at in (a, b))
        return total

    return [[meetings(a, b) if a != b else 0 for b in range(count)] for a in range(count)]


def _voxels(draws: Draws, level: int) -> dict | None:
    side, layers = 4 + level // 3, 3 + level // 4
    text = "##.." if level < 4 else "###.."
    return {"layers": [[draws.text(text, side) for _ in range(side)] for _ in range(layers)]}


def _views(question: dict) -> list[int]:
    """Filled columns seen from above, from the front and from the left."""
    layers = question["layers"]
    side = len(layers[0])
    above = sum(any(layer[r][c] == "#" for layer in layers)
                for r, c in itertools.product(range(side), repeat=2))  # fmt: skip
    front = sum("#" in (row[c] for row in layer) for layer in layers for c in range(side))
    left = sum("#" in row for layer in layers for row in layer)
    return [above, front, left, sum(row.count("#") for layer in layers for row in layer)]


def _views_by_points(question: dict) -> list[int]:
    points = [
        (z, r, c)
        for z, layer in enumerate(question["layers"])
        for r, row in enumerate(layer)
        for c, cell in enumerate(row)
        if cell == "#"
    ]
    shadows = [{(p[a], p[b]) for p in points} for a, b in ((1, 2), (0, 2), (0, 1))]
    return [*map(len, shadows), len(points)]


def _show_layers(question: dict) -> dict:
    blocks = ["\n".join(layer) for layer in question["layers"]]
    return {"layers": "\n\n".join(blocks), "count": len(blocks)}


def _bars(draws: Draws, level: int) -> dict:
    width = 8 + level
    bars = []
    for _ in range(4 + level):
        length = draws.between(1, 4)
        bars.append([draws.between(1, width - length + 1), length, draws.between(1, 3)])
    return {"width": width, "bars": bars}


def _skyline(question: dict) -> list[int]:
    """Each bar falls until it rests on the highest column below it."""
    heights = [0] * question["width"]
    for left, length, height in question["bars"]:
        top = max(heights[left - 1 : left - 1 + length]) + height
        heights[left - 1 : left - 1 + length] = [top] * length
    return heights


def _skyline_by_cells(question: dict) -> list[int]:
    """Let bars fall cell by cell through a set of filled cells."""
    filled: set[tuple[int, int]] = set()
    for left, length, height in question["bars"]:
        base = 40
        columns = range(left, left + length)
        while base and not any((column, base - 1) in filled for column in columns):
            base -= 1
        filled |= {(column, base + n) for column in columns for n in range(height)}
    return [
        max((h + 1 for column, h in filled if column == place), default=0)
        for place in range(1, question["width"] + 1)
    ]


def _show_bars(question: dict) -> dict:
    bars = "; ".join(f"{left}-{left + n - 1} x{h}" for left, n, h in question["bars"])
    return {"width": question["width"], "bars": bars}


def _facts(draws: Draws, level: int) -> dict:
    """Places with offsets along a random tree; the two asked for are far apart in it."""
    names = draws.shuffled("ABCDEFGHIJKLMNOP"[: 5 + level])
    spots = {name: draws.integers(2, -15, 15) for name in names}
    facts = []
    for place, name in enumerate(names[1:], start=1):
        other = names[place - 1 - draws.below(min(2, place))]
        x, y = (a - b for a, b in zip(spots[name], spots[other], strict=True))
        facts.append([name, other, x, y] if draws.chance(1, 2) else [other, name, -x, -y])
    return {"facts": draws.shuffled(facts), "to": names[-1], "of": names[0]}


def _offset(question: dict) -> list[int]:
    """Spread positions from the first place over the facts."""
    spots = {question["of"]: (0, 0)}
    while question["to"] not in spots:
        for a, b, x, y in question["facts"]:
            if b in spots:
                spots.setdefault(a, (spots[b][0] + x, spots[b][1] + y))
            elif a in spots:
                spots[b] = (spots[a][0] - x, spots[a][1] - y)
    return list(spots[question["to"]])


def _offset_by_path(question: dict) -> list[int]:
    """Search a path of facts by recursion and add along it."""

    def search(at: str, seen: tuple[str, ...]) -> list[int] | None:
        if at == question["to"]:
            return [0, 0]
        for a, b, x, y in question["facts"]:
            for here, there, sign in ((b, a, 1), (a, b, -1)):
                if here == at and there not in seen:
                    rest = search(there, (*seen, there))
                    if rest is not None:
                        return [rest[0] + sign * x, rest[1] + sign * y]
        return None

    return search(question["of"], (question["of"],)) or []


def _show_facts(question: dict) -> dict:
    lines, lines_zh = [], []
    for a, b, x, y in question["facts"]:
        east, north = ("east" if x >= 0 else "west"), ("north" if y >= 0 else "south")
        lines.append(f"{a} is {abs(x)} {east} and {abs(y)} {north} of {b}.")
        east, north = ("东" if x >= 0 else "西"), ("北" if y >= 0 else "南")
        lines_zh.append(f"{a} 在 {b} 以{east} {abs(x)}、以{north} {abs(y)}。")
    return question | {"facts": " ".join(lines), "facts_zh": "".join(lines_zh)}


TASKS = (
    Task(
        id="space.folded_paper",
        title="Holes in a sheet that was folded and punched",
        knob="folds and holes",
        draw=_paper,
        solve=_unfold,
        second=_unfold_by_tracking,
        answer=Words(ordered=False, example="0-0"),
        show=_show_paper,
        size=lambda q: len(q["holes"]) * 2 ** len(q["folds"]),
        en=(
            "A sheet of {rows} rows and {columns} columns is folded in half as {folds} tells: U "
            "folds the lower half up onto the upper, D the upper down, L the right half onto the "
            "left, R the left onto the right. Then the cells {holes} (row-column of what is left, "
            "top left 1-1) are punched through. Where are the holes in the unfolded sheet?",
            "Unfold: sheet {rows} x {columns}, folds {folds} (the letter is the half that stays: U "
            "upper, D lower, L left, R right), holes then at {holes}. List all holes row-column.",
            "{rows} x {columns}, folds {folds}, holes {holes}; unfolded:",
        ),
        zh=(
            "一张 {rows} 行 {columns} 列的纸按 {folds} 对折：U 把下半折到上半，D 把上半折到下半，"
            "L 把右半折到"
            "左半，R 把左半折到右半。然后在 {holes}（折后的 行-列，左上为 1-1）打穿。展开后孔在哪"
            "些格？",
            "展开：纸 {rows} x {columns}，折法 {folds}（字母为保留的一半：U 上、D 下、L 左、R 右）"
            "，再在 {holes} "
            "打孔。列出所有孔的 行-列。",
            "{rows} x {columns}，折 {folds}，孔 {holes}；展开：",
        ),
    ),
    Task(
        id="space.block_surface",
        title="Surface of stacked cubes",
        knob="stacks",
        draw=_towers,
        solve=_surface,
        second=_surface_by_cubes,
        answer=Integer(),
        show=lambda q: {"rows": show_numbers(q["rows"])},
        en=(
            "Unit cubes are stacked on a grid; the numbers are the heights. How many unit squares "
            "does the whole surface have, undersides included?\n{rows}",
            "Find the surface area (with the bottom) of the solid with this height map:\n{rows}",
            "{rows}\nsurface:",
        ),
        zh=(
            "单位立方体堆在网格上，数字为高度。整个表面（含底面）有多少单位面积？\n{rows}",
            "求这张高度图所示立体的表面积（含底面）：\n{rows}",
            "{rows}\n表面积：",
        ),
    ),
    Task(
        id="space.quarter_turns",
        version=2,
        title="A point after quarter turns about the axes",
        knob="turns",
        draw=_turns,
        solve=_turned,
        second=_turned_by_matrices,
        answer=Integers(),
        en=(
            "The point {point} is turned by 90 degrees about the fixed axes {turns} one after "
            "another; + follows the right hand (about z, +x goes to +y), - is the other way. Where "
            "does it end?",
            "Apply the right-handed quarter turns {turns} (minus: reversed), in order, to the "
            "point {point}; give x y z.",
            "{point} turned {turns}:",
        ),
        zh=(
            "点 {point} 依次绕固定坐标轴 {turns} 转 90 度；+ 按右手方向（绕 z 时 +x 转到 +y），- "
            "相反。"
            "最后在哪里？",
            "对点 {point} 依次做右手四分之一转 {turns}（负号为反向），写出 x y z。",
            "{point} 转 {turns}：",
        ),
    ),
    Task(
        id="space.hex_walk",
        title="End and distance of a walk on hexagons",
        knob="legs",
        draw=_hex_walk,
        solve=_hex_end,
        second=_hex_end_by_totals,
        answer=Integers(),
        en=(
            "On a grid of hexagons with axial coordinates q r a step E is (1, 0), NE (1, -1), NW "
            "(0, -1), and W, SW, SE are their opposites. From 0 0 one walks {legs}. Give the final "
            "q, r and the least number of steps back.",
            "Hexagonal walk {legs} (number and direction; E +q, SE +r, NE +q-r). Where does it end "
            "(q r) and how far from the start?",
            "Hex {legs}; q r distance:",
        ),
        zh=(
            "六边形网格用轴坐标 q r：E 为 (1, 0)，NE 为 (1, -1)，NW 为 (0, -1)，W、SW、SE 与之相反"
            "。从 0 0 "
            "依次走 {legs}。写出最后的 q、r 和回到起点的最少步数。",
            "六边形行走 {legs}（步数与方向；E 为 +q，SE 为 +r，NE 为 +q-r）。终点 q r 与距起点多远"
            "？",
            "六边形 {legs}；q r 距离：",
        ),
    ),
    Task(
        id="space.braid_ends",
        title="Where the strands of a braid end",
        knob="crossings",
        draw=_braid,
        solve=_strand_ends,
        second=_strand_ends_by_following,
        answer=Integers(),
        size=lambda q: len(q["word"]),
        en=(
            "A braid of {strands} strands is the word {word}: i crosses the strands at places i "
            "and i+1 (left over right), -i the other way round. At which places do the strands "
            "that start at 1, 2, ... end?",
            "Give the permutation of the braid {word} on {strands} strands: the end place of each "
            "strand, by start place.",
            "Braid {word} on {strands}; ends:",
        ),
        zh=(
            "{strands} 股的辫子由 {word} 给出：i 使位置 i 与 i+1 的股交叉（左压右），-i 相反。从 "
            "1、2… 出发的股"
            "各到哪个位置？",
            "写出 {strands} 股辫子 {word} 的置换：按起点顺序给出每股的终点位置。",
            "辫子 {word}，{strands} 股；终点：",
        ),
    ),
    Task(
        id="space.crossing_table",
        title="Signed crossings between the strands of a braid",
        knob="crossings",
        draw=_braid,
        solve=_crossing_table,
        second=_crossing_table_by_pairs,
        answer=NumberGrid(),
        size=lambda q: len(q["word"]),
        en=(
            "{strands} strings hang side by side, named 1, 2, ... by where they start. They are "
            "twisted by {word}: a number i swaps the strings now at places i and i+1 and counts "
            "+1 for these two, -i swaps them and counts -1. Give the table of totals for every "
            "two strings (0 on the diagonal).",
            "For the braid word {word} with {strands} strands, write the symmetric matrix of the "
            "signed numbers of crossings between strands (named by start).",
            "Signed crossing matrix of {word}, {strands} strands:",
        ),
        zh=(
            "{strands} 根绳并排，按起点命名为 1、2…。按 {word} 扭转：数 i 交换当前位于 i 与 i+1 的"
            "两绳并给这两绳"
            "记 +1，-i 交换并记 -1。写出每两根绳总和的表（对角线为 0）。",
            "对 {strands} 股的辫词 {word}，写出各股（按起点命名）之间带符号交叉数的对称矩阵。",
            "{word} 的带符号交叉矩阵，{strands} 股：",
        ),
    ),
    Task(
        id="space.three_views",
        title="Areas of three views of a voxel body",
        knob="voxels",
        draw=_voxels,
        solve=_views,
        second=_views_by_points,
        answer=Integers(),
        show=_show_layers,
        en=(
            "A body of unit cubes in {count} horizontal layers, the lowest first (# is a cube; "
            "front is the bottom row):\n{layers}\nHow many unit squares does one see from above, "
            "from the front and from the left, and how many cubes are there? (Loose cubes stay in "
            "the air.)",
            "Give the areas of the projections along the vertical, front-back and left-right "
            "directions, then the volume, of the voxels (layers from the bottom):\n{layers}",
            "{layers}\nabove, front, left, volume:",
        ),
        zh=(
            "由单位立方体组成的物体共 {count} 个水平层，自下而上（# 为立方体，最下一行为前）："
            "\n{layers}\n"
            "从上、从前、从左各看到多少单位面积，共有多少个立方体？（悬空者不落下。）",
            "写出体素（层自下而上）沿竖直、前后、左右方向投影的面积，以及体积：\n{layers}",
            "{layers}\n上、前、左、体积：",
        ),
    ),
    Task(
        id="space.falling_bars",
        title="Heights after bars have fallen",
        knob="bars",
        draw=_bars,
        solve=_skyline,
        second=_skyline_by_cells,
        answer=Integers(),
        show=_show_bars,
        en=(
            "Solid bars fall one after another straight down onto a floor of {width} columns and "
            "rest on whatever is highest below them: {bars} (columns from-to, then height). Give "
            "the final height of every column.",
            "Drop the rectangles {bars} (first-last column x height) in order on {width} columns. "
            "What is the top of each column?",
            "{width} columns, bars {bars}:",
        ),
        zh=(
            "实心条依次竖直落到有 {width} 列的地面，停在下方最高处：{bars}（起列-止列，再写高度）"
            "。写出每列"
            "最后的高度。",
            "按顺序把矩形 {bars}（首列-末列 x 高）落到 {width} 列上，每列的顶高是多少？",
            "{width} 列，条 {bars}：",
        ),
    ),
    Task(
        id="space.landmark_offset",
        title="Position of one landmark from another",
        knob="facts",
        draw=_facts,
        solve=_offset,
        second=_offset_by_path,
        answer=Integers(),
        show=_show_facts,
        en=(
            "{facts} How far east and how far north (negative for west and south) of {of} is {to}?",
            "Given: {facts} Give the offset east, north from {of} to {to}.",
            "{facts} {to} from {of}, east north:",
        ),
        zh=(
            "{facts_zh}{to} 在 {of} 以东、以北各多少（西、南为负）？",
            "已知：{facts_zh}写出从 {of} 到 {to} 的东、北偏移。",
            "{facts_zh}{to} 相对 {of}，东 北：",
        ),
    ),
)
