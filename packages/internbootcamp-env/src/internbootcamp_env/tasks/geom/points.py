"""Plane geometry on integer points, with exact answers.

Source: textbook definitions. Knob: the number of points or the size of the coordinates.
"""

import itertools
from fractions import Fraction
from math import gcd

from internbootcamp_env.answers import Choice, Integer, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

Point = list[int]


def _point(draws: Draws, top: int) -> Point:
    return draws.integers(2, -top, top)


def show_points(points: list[Point]) -> str:
    """Write points as (x,y), separated by spaces."""
    return " ".join(f"({x},{y})" for x, y in points)


def cross(a: Point, b: Point, c: Point) -> int:
    """Return twice the signed area of a triangle."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def hull(points: list[Point]) -> list[Point]:
    """Return the corners of the convex hull, counter-clockwise from the least point."""
    ordered = sorted(points)
    chains: list[list[Point]] = []
    for run in (ordered, ordered[::-1]):
        chain: list[Point] = []
        for point in run:
            while len(chain) > 1 and cross(chain[-2], chain[-1], point) <= 0:
                chain.pop()
            chain.append(point)
        chains.append(chain[:-1])
    return chains[0] + chains[1]


def _polygon(draws: Draws, level: int) -> dict:
    """A star-shaped polygon: points sorted by direction around the origin."""
    wanted = 3 + level // 2
    rays: dict[tuple[int, int], Point] = {}
    while len(rays) < wanted:
        x, y = _point(draws, 9 + 3 * level)
        if (x, y) != (0, 0):
            rays[x // gcd(x, y), y // gcd(x, y)] = [x, y]
    corners = sorted(rays.values(), key=_turn)
    start = draws.below(wanted)
    return {"points": corners[start:] + corners[:start]}


def _turn(point: Point) -> tuple[int, Fraction]:
    """A key that grows with the direction of a point, without trigonometry."""
    x, y = point
    half = 0 if y > 0 or (y == 0 and x > 0) else 1
    return half, Fraction(-x, abs(x) + abs(y)) * (1 if half == 0 else -1)


def _show(question: dict) -> dict:
    return {
        name: show_points(value) if name == "points" else "({},{})".format(*value)
        for name, value in question.items()
    }


def _area(question: dict) -> str:
    points = question["points"]
    total = 0
    for (x, y), (u, v) in zip(points, points[1:] + points[:1], strict=True):
        total += x * v - y * u
    return str(Fraction(abs(total), 2))


def _area_by_trapezoids(question: dict) -> str:
    points = question["points"]
    total = Fraction(0)
    for (x, y), (u, v) in zip(points, points[1:] + points[:1], strict=True):
        total += Fraction(y + v, 2) * (u - x)
    return str(abs(total))


def _cloud(draws: Draws, level: int) -> dict | None:
    points = [_point(draws, 5 + 3 * level) for _ in range(5 + 2 * level)]
    return {"points": points} if len(set(map(tuple, points))) == len(points) else None


def _hull_area(question: dict) -> str:
    return _area({"points": hull(question["points"])})


def _hull_area_by_slices(question: dict) -> str:
    """Add up the hull's height at each half-open strip between corner abscissas."""
    points = question["points"]
    columns = sorted({x for x, _ in points})
    lines = [(a, b) for a in points for b in points if a[0] < b[0]]

    def height(x: Fraction) -> Fraction:
        values = [
            a[1] + Fraction(b[1] - a[1], b[0] - a[0]) * (x - a[0])
            for a, b in lines
            if a[0] <= x <= b[0]
        ]
        return max(values) - min(values)

    total = Fraction(0)
    for left, right in itertools.pairwise(columns):
        third = Fraction(right - left, 3)
        total += (right - left) * (height(left + third) + height(right - third)) / 2
    return str(total)


def _lattice_question(draws: Draws, level: int) -> dict | None:
    top = 5 + 4 * level
    points = [_point(draws, top) for _ in range(3)]
    return {"points": points} if cross(*points) else None


def _interior(question: dict) -> int:
    """Count interior lattice points by Pick's theorem."""
    points = question["points"]
    sides = zip(points, points[1:] + points[:1], strict=True)
    border = sum(gcd(u - x, v - y) for (x, y), (u, v) in sides)
    return (abs(cross(*points)) - border + 2) // 2


def _interior_by_scan(question: dict) -> int:
    a, b, c = question["points"]
    if cross(a, b, c) < 0:
        b, c = c, b
    xs, ys = zip(a, b, c, strict=True)
    return sum(
        cross(a, b, [x, y]) > 0 and cross(b, c, [x, y]) > 0 and cross(c, a, [x, y]) > 0
        for x in range(min(xs), max(xs) + 1)
        for y in range(min(ys), max(ys) + 1)
    )


def _placed(draws: Draws, level: int) -> dict:
    """A triangle and a point inside or outside it, evenly; never on its border."""
    wanted = draws.chance(1, 2)
    while True:
        points = [_point(draws, 8 + 4 * level) for _ in range(3)]
        point = _point(draws, 8 + 4 * level)
        signs = [cross(points[i], points[i - 2], point) for i in range(3)]
        if cross(*points) and all(signs) and (_same_side(signs) == wanted):
            return {"points": points, "p": point}


def _same_side(signs: list[int]) -> bool:
    return all(s > 0 for s in signs) or all(s < 0 for s in signs)


def _inside(question: dict) -> str:
    a, b, c = question["points"]
    p = question["p"]
    return "yes" if _same_side([cross(a, b, p), cross(b, c, p), cross(c, a, p)]) else "no"


def _inside_by_areas(question: dict) -> str:
    a, b, c = question["points"]
    p = question["p"]
    parts = abs(cross(a, b, p)) + abs(cross(b, c, p)) + abs(cross(c, a, p))
    return "yes" if parts == abs(cross(a, b, c)) else "no"


def _segment_pair(draws: Draws, level: int) -> dict:
    wanted = draws.chance(1, 2)
    while True:
        points = [_point(draws, 6 + 4 * level) for _ in range(4)]
        a, b, c, d = points
        turns = [cross(a, b, c), cross(a, b, d), cross(c, d, a), cross(c, d, b)]
        if all(turns) and _crossing(turns) == wanted:
            return {"points": points}


def _crossing(turns: list[int]) -> bool:
    return turns[0] * turns[1] < 0 and turns[2] * turns[3] < 0


def _segments_meet(question: dict) -> str:
    a, b, c, d = question["points"]
    turns = [cross(a, b, c), cross(a, b, d), cross(c, d, a), cross(c, d, b)]
    return "yes" if _crossing(turns) else "no"


def _segments_meet_by_parameters(question: dict) -> str:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = question["points"]
    bottom = (bx - ax) * (dy - cy) - (by - ay) * (dx - cx)
    if not bottom:
        return "no"
    s = Fraction((cx - ax) * (dy - cy) - (cy - ay) * (dx - cx), bottom)
    t = Fraction((cx - ax) * (by - ay) - (cy - ay) * (bx - ax), bottom)
    return "yes" if 0 <= s <= 1 and 0 <= t <= 1 else "no"


def _show_segments(question: dict) -> dict:
    a, b, c, d = ("({},{})".format(*point) for point in question["points"])
    return {"first": f"{a}-{b}", "second": f"{c}-{d}"}


def _distance_question(draws: Draws, level: int) -> dict:
    return {"points": [_point(draws, 10 + 10 * level) for _ in range(2)]}


TASKS = (
    Task(
        id="geom.polygon_area",
        title="Area of a polygon",
        knob="corners",
        draw=_polygon,
        solve=_area,
        second=_area_by_trapezoids,
        answer=Rational(),
        show=_show,
        en=(
            "What is the area of the polygon with the corners {points}, in this order?",
            "A field has its corners, in order, at {points}. Find its area.",
            "Area: {points}",
        ),
        zh=(
            "顶点依次为 {points} 的多边形面积是多少？",
            "一块地的角点依次为 {points}，求面积。",
            "面积：{points}",
        ),
    ),
    Task(
        id="geom.hull_area",
        title="Area of a convex hull",
        knob="points",
        draw=_cloud,
        solve=_hull_area,
        second=_hull_area_by_slices,
        answer=Rational(),
        show=_show,
        canon=lambda q: sorted(q["points"]),
        en=(
            "What is the area of the convex hull of the points {points}?",
            "A rubber band is stretched around pegs at {points}. Which area does it enclose?",
            "Hull area: {points}",
        ),
        zh=(
            "点 {points} 的凸包面积是多少？",
            "橡皮筋套住位于 {points} 的钉子，围成的面积是多少？",
            "凸包面积：{points}",
        ),
    ),
    Task(
        id="geom.interior_points",
        title="Lattice points inside a triangle",
        knob="size of the coordinates",
        draw=_lattice_question,
        solve=_interior,
        second=_interior_by_scan,
        answer=Integer(),
        show=_show,
        canon=lambda q: sorted(q["points"]),
        size=lambda q: abs(cross(*q["points"])),
        en=(
            "How many points with integer coordinates lie strictly inside the triangle {points}?",
            "Count the lattice points in the interior (not on the border) of the triangle with "
            "the corners {points}.",
            "Interior points: {points}",
        ),
        zh=(
            "三角形 {points} 内部（不含边界）有多少个整点？",
            "数一数以 {points} 为顶点的三角形内部的格点（边界不算）。",
            "内部整点：{points}",
        ),
    ),
    Task(
        id="geom.point_in_triangle",
        title="Decide whether a point lies in a triangle",
        knob="size of the coordinates",
        draw=_placed,
        solve=_inside,
        second=_inside_by_areas,
        answer=Choice(),
        ways=2,
        show=_show,
        size=lambda q: abs(cross(*q["points"])),
        en=(
            "Is the point {p} inside the triangle with the corners {points}?",
            "Does the triangle {points} contain the point {p}?",
            "{p} in triangle {points}?",
        ),
        zh=(
            "点 {p} 在以 {points} 为顶点的三角形内吗？",
            "三角形 {points} 是否包含点 {p}？",
            "{p} 在三角形 {points} 内？",
        ),
    ),
    Task(
        id="geom.segments_cross",
        title="Decide whether two segments cross",
        knob="size of the coordinates",
        draw=_segment_pair,
        solve=_segments_meet,
        second=_segments_meet_by_parameters,
        answer=Choice(),
        ways=2,
        show=_show_segments,
        size=lambda q: sum(abs(x) for point in q["points"] for x in point),
        en=(
            "Do the segments {first} and {second} have a point in common?",
            "One road runs straight along {first}, another along {second}. Do they cross?",
            "Cross: {first} {second}",
        ),
        zh=(
            "线段 {first} 与 {second} 有公共点吗？",
            "一条路沿 {first}，另一条沿 {second}，它们相交吗？",
            "相交：{first} {second}",
        ),
    ),
    Task(
        id="geom.squared_distance",
        title="Squared distance of two points",
        knob="size of the coordinates",
        draw=_distance_question,
        solve=lambda q: sum((a - b) ** 2 for a, b in zip(*q["points"], strict=True)),
        second=lambda q: sum(abs(a - b) * abs(b - a) for a, b in zip(*q["points"], strict=True)),
        answer=Integer(),
        show=_show,
        canon=lambda q: sorted(q["points"]),
        size=lambda q: sum(abs(x) for point in q["points"] for x in point),
        en=(
            "What is the square of the distance between the points {points}?",
            "Find the squared length of the segment that joins {points}.",
            "Squared distance: {points}",
        ),
        zh=(
            "点 {points} 之间距离的平方是多少？",
            "求连接 {points} 的线段长度的平方。",
            "距离平方：{points}",
        ),
    ),
)
