"""Hulls, circles, closest points and light among mirrors.

Source: textbook geometry with integer coordinates and exact fractions. Knob: the number of points.
"""

from fractions import Fraction
from itertools import combinations

from internbootcamp_env.answers import Integer, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task

Point = list[int]


def _turn(a: Point, b: Point, c: Point) -> int:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _points(draws: Draws, level: int) -> dict:
    size = 9 + level
    count = 6 + level
    places = draws.sample(range(size * size), count)
    return {"points": [list(divmod(place, size)) for place in places]}


def _point_text(point: Point) -> str:
    return f"({point[0]},{point[1]})"


def _show_points(question: dict) -> dict:
    return {"points": " ".join(map(_point_text, question["points"]))}


def _hull(points: list[Point]) -> list[Point]:
    """Monotone chain: corners only, counterclockwise from the lowest leftmost."""
    points = sorted(points)
    chain: list[Point] = []
    for row in (points, points[::-1]):
        start = len(chain)
        for point in row:
            while len(chain) > start + 1 and _turn(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        chain.pop()
    return chain


def _hull_names(question: dict) -> list[str]:
    return [f"{x};{y}" for x, y in _hull(question["points"])]


def _hull_by_wrapping(question: dict) -> list[str]:
    """Go from corner to corner, always to the rightmost point, the farthest of those in line."""
    points = question["points"]
    corners = [min(points)]
    while True:
        here = corners[-1]
        best = next(p for p in points if p != here)
        for p in points:
            turn = _turn(here, best, p)
            far = abs(p[0] - here[0]) + abs(p[1] - here[1])
            if turn < 0 or (turn == 0 and far > abs(best[0] - here[0]) + abs(best[1] - here[1])):
                best = p
        if best == corners[0]:
            return [f"{x};{y}" for x, y in corners]
        corners.append(best)


def _draw_hull(draws: Draws, level: int) -> dict | None:
    question = _points(draws, level)
    corners = _hull(question["points"])
    return question if len(corners) > 3 else None


def _triangle(draws: Draws, level: int) -> dict | None:
    size = 4 + 2 * level
    a, b, c = (draws.integers(2, -size, size) for _ in range(3))
    return {"a": a, "b": b, "c": c} if _turn(a, b, c) else None


def _circumcentre(question: dict) -> list[str]:
    """The two linear equations of equal distance."""
    (ax, ay), (bx, by), (cx, cy) = question["a"], question["b"], question["c"]
    d = 2 * _turn(question["a"], question["b"], question["c"])
    b2 = (bx - ax) ** 2 + (by - ay) ** 2
    c2 = (cx - ax) ** 2 + (cy - ay) ** 2
    x = Fraction((cy - ay) * b2 - (by - ay) * c2, d)
    y = Fraction((bx - ax) * c2 - (cx - ax) * b2, d)
    return [str(ax + x), str(ay + y), str(x * x + y * y)]


def _circumcentre_by_weights(question: dict) -> list[str]:
    """Barycentric weights from the squared sides."""
    points = [question[name] for name in "abc"]
    sides = []
    for n in range(3):
        p, q = points[(n + 1) % 3], points[(n + 2) % 3]
        sides.append((p[0] - q[0]) ** 2 + (p[1] - q[1]) ** 2)
    weights = [s * (sum(sides) - 2 * s) for s in sides]
    x, y = (
        Fraction(sum(w * p[i] for w, p in zip(weights, points, strict=True)), sum(weights))
        for i in range(2)
    )
    radius = (x - points[0][0]) ** 2 + (y - points[0][1]) ** 2
    return [str(x), str(y), str(radius)]


def _show_triangle(question: dict) -> dict:
    return {name: _point_text(question[name]) for name in "abc"}


def _mirrors(draws: Draws, level: int) -> dict:
    size = 4 + level // 2
    rows = ["".join(draws.weighted("./\\", (3, 1, 1)) for _ in range(size)) for _ in range(size)]
    return {"rows": rows, "entry": draws.between(1, size)}


def _light(question: dict) -> list[str]:
    """Go cell by cell from the left edge, moving right."""
    rows = question["rows"]
    row, column, dr, dc = question["entry"] - 1, 0, 0, 1
    steps = 0
    while 0 <= row < len(rows) and 0 <= column < len(rows):
        mark = rows[row][column]
        if mark == "/":
            dr, dc = -dc, -dr
        elif mark == "\\":
            dr, dc = dc, dr
        row, column, steps = row + dr, column + dc, steps + 1
    side = "top" if row < 0 else "bottom" if row == len(rows) else "left" if column < 0 else "right"
    place = column + 1 if side in ("top", "bottom") else row + 1
    return [side, str(place), str(steps)]


def _light_by_runs(question: dict) -> list[str]:
    """Jump from mirror to mirror along rows and columns, with complex numbers."""
    rows = question["rows"]
    size = len(rows)
    place, way, steps = complex(-1, question["entry"] - 1), complex(1, 0), 0
    while True:
        ahead = place + way
        if not (0 <= ahead.real < size and 0 <= ahead.imag < size):
            break
        place, steps = ahead, steps + 1
        mark = rows[int(place.imag)][int(place.real)]
        if mark == "/":
            way = -way.conjugate() * 1j
        elif mark == "\\":
            way = way.conjugate() * 1j
    sides = {(0, -1): "top", (0, 1): "bottom", (-1, 0): "left", (1, 0): "right"}
    side = sides[int(way.real), int(way.imag)]
    number = place.real if side in ("top", "bottom") else place.imag
    return [side, str(int(number) + 1), str(steps)]


def _draw_mirrors(draws: Draws, level: int) -> dict | None:
    question = _mirrors(draws, level)
    return question if int(_light(question)[2]) > 3 + level // 3 else None


def _pair_distance(question: dict) -> int:
    return min(
        (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 for a, b in combinations(question["points"], 2)
    )


def _close_points(draws: Draws, level: int) -> dict:
    """Points no two of which are nearer than a drawn distance apart."""
    gap = draws.between(20, 400)
    points: list[Point] = []
    while len(points) < 5 + level:
        fresh = draws.integers(2, 0, 99)
        if all((p[0] - fresh[0]) ** 2 + (p[1] - fresh[1]) ** 2 >= gap for p in points):
            points.append(fresh)
        elif draws.chance(1, 10):
            gap = gap * 3 // 4
    return {"points": points}


def _pair_distance_by_sweep(question: dict) -> int:
    """Sort by x and stop looking once that alone is too far."""
    points, best = sorted(question["points"]), 10**9
    for n, a in enumerate(points):
        for b in points[n + 1 :]:
            if (b[0] - a[0]) ** 2 >= best:
                break
            best = min(best, (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2)
    return best


TASKS = (
    Task(
        id="geom.convex_hull",
        title="Corners of the convex hull",
        knob="points",
        draw=_draw_hull,
        solve=_hull_names,
        second=_hull_by_wrapping,
        answer=Words(example="0;0"),
        show=_show_points,
        en=(
            "Stretch a rubber band around the points {points}. List the corners of the polygon it "
            "forms counterclockwise, starting at the leftmost (of several, the lowest) point. "
            "Write each as x;y.",
            "Give the vertices of the convex hull of {points} in counterclockwise order from the "
            "lexicographically smallest, without points inside edges, each as x;y.",
            "Convex hull, counterclockwise from the smallest, as x;y: {points}",
        ),
        zh=(
            "用橡皮筋套住点 {points}。从最左（若有多个取最下）的点起，"
            "按逆时针列出所成多边形的顶点，"
            "每个写成 x;y。",
            "从字典序最小者起，按逆时针写出 {points} 凸包的顶点（不含边内的点），每个写成 x;y。",
            "凸包，自最小点起逆时针，写成 x;y：{points}",
        ),
    ),
    Task(
        id="geom.circumcircle",
        title="Centre and squared radius of the circle through three points",
        knob="size of the coordinates",
        draw=_triangle,
        solve=_circumcentre,
        second=_circumcentre_by_weights,
        answer=Rationals(),
        show=_show_triangle,
        en=(
            "A circle passes through {a}, {b} and {c}. Give the coordinates of its centre and the "
            "square of its radius: x y r2.",
            "Find the circumcentre (x, y) and the squared circumradius of the triangle {a} {b} "
            "{c}.",
            "Circle through {a} {b} {c}: x y r^2",
        ),
        zh=(
            "一个圆经过 {a}、{b}、{c}。写出圆心坐标和半径的平方：x y r2。",
            "求三角形 {a} {b} {c} 的外心 (x, y) 和外接圆半径的平方。",
            "过 {a} {b} {c} 的圆：x y r^2",
        ),
    ),
    Task(
        id="geom.mirror_light",
        title="Where light leaves a board of mirrors",
        knob="size of the board",
        draw=_draw_mirrors,
        solve=_light,
        second=_light_by_runs,
        answer=Words(example="top"),
        show=lambda q: {"rows": "\n".join(q["rows"]), "entry": q["entry"]},
        en=(
            "A ray enters the board from the left in row {entry} (rows from the top, columns from "
            "the left, both from 1). / and \\ are mirrors, dots are empty:\n{rows}\nAt which side "
            "(top, bottom, left, right) and in which row or column does it leave, and through how "
            "many cells did it go (a cell passed twice counts twice)? Write: side number count.",
            "Trace light that comes in from the left at row {entry} through the two-sided mirrors "
            "of\n{rows}\nGive exit side (top, bottom, left or right), its column or row, and the "
            "number of cell visits.",
            "Light from the left in row {entry}: side, row or column, cells visited\n{rows}",
        ),
        zh=(
            "光线从左边第 {entry} 行射入（行自上、列自左，均从 1 数）。/ 和 \\ 是镜子，点为空格：\n"
            "{rows}\n它从哪一侧（top 上、bottom 下、left 左、right 右）、第几行或列射出，"
            "共经过多少格（重复经过重复计）？写：侧 序号 格数。",
            "追踪从左边第 {entry} 行进入的光，镜子两面反光：\n{rows}\n写出射出的一侧"
            "（top、bottom、left 或 right）、列号或行号以及经过的格数。",
            "光自左第 {entry} 行入：侧、行或列、格数\n{rows}",
        ),
    ),
    Task(
        id="geom.closest_distance",
        title="Squared distance of the closest pair of points",
        knob="points",
        draw=_close_points,
        solve=_pair_distance,
        second=_pair_distance_by_sweep,
        answer=Integer(),
        show=_show_points,
        en=(
            "Which two of the points {points} are closest to each other? Give the square of their "
            "distance.",
            "Find the smallest squared distance between two of {points}.",
            "Smallest squared distance: {points}",
        ),
        zh=(
            "点 {points} 中哪两个相距最近？写出它们距离的平方。",
            "求 {points} 中两点间距离平方的最小值。",
            "最小距离平方：{points}",
        ),
    ),
)
