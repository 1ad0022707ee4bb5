"""Exact linear algebra on small integer matrices.

Source: textbook definitions; everything in integers and fractions. Knob: the size of the matrix.
"""

from fractions import Fraction
from itertools import permutations

from internbootcamp_env.answers import Integer, Integers, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import NumberGrid, show_numbers
from internbootcamp_env.task import Task

Matrix = list[list[int]]


def _matrix(draws: Draws, rows: int, columns: int, top: int = 9) -> Matrix:
    return [draws.integers(columns, -top, top) for _ in range(rows)]


def _side(level: int) -> int:
    return 2 + level // 3


def _square(draws: Draws, level: int) -> dict:
    return {"a": _matrix(draws, _side(level), _side(level), 6 + level)}


def _show(question: dict) -> dict:
    return {
        name: show_numbers(value) if name in ("a", "b") else " ".join(map(str, value))
        for name, value in question.items()
    }


def product(a: Matrix, b: Matrix) -> Matrix:
    """Multiply two matrices."""
    return [[sum(x * y for x, y in zip(row, col, strict=True)) for col in zip(*b, strict=True)]
            for row in a]  # fmt: skip


def determinant(a: Matrix) -> int:
    """Return the determinant by fraction-free elimination (Bareiss)."""
    a, sign, last = [list(row) for row in a], 1, 1
    size = len(a)
    for k in range(size - 1):
        pivot = next((r for r in range(k, size) if a[r][k]), None)
        if pivot is None:
            return 0
        if pivot != k:
            a[k], a[pivot], sign = a[pivot], a[k], -sign
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                a[i][j] = (a[i][j] * a[k][k] - a[i][k] * a[k][j]) // last
        last = a[k][k]
    return sign * a[-1][-1]


def _determinant_by_permutations(question: dict) -> int:
    a, total = question["a"], 0
    for order in permutations(range(len(a))):
        term = 1
        for row, column in enumerate(order):
            term *= a[row][column]
        swaps = sum(x > y for i, x in enumerate(order) for y in order[i + 1 :])
        total += -term if swaps % 2 else term
    return total


def _factors(draws: Draws, level: int) -> dict:
    inner = 2 + level // 4
    top = 4 + level
    left, right = 2 + level // 3, 2 + level // 5
    return {"a": _matrix(draws, left, inner, top), "b": _matrix(draws, inner, right, top)}


def _product_by_rows(question: dict) -> Matrix:
    a, b = question["a"], question["b"]
    result = [[0] * len(b[0]) for _ in a]
    for i, row in enumerate(a):
        for k, factor in enumerate(row):
            for j, entry in enumerate(b[k]):
                result[i][j] += factor * entry
    return result


def _applied(draws: Draws, level: int) -> dict:
    size = 2 + level // 2
    return {"a": _matrix(draws, size, size), "v": draws.integers(size, -9, 9)}


def _apply(question: dict) -> list[int]:
    return [sum(x * y for x, y in zip(row, question["v"], strict=True)) for row in question["a"]]


def _apply_by_columns(question: dict) -> list[int]:
    result = [0] * len(question["a"])
    for factor, column in zip(question["v"], zip(*question["a"], strict=True), strict=True):
        result = [total + factor * entry for total, entry in zip(result, column, strict=True)]
    return result


def _vectors(draws: Draws, level: int) -> dict:
    size, top = 2 + level, 8 + 2 * level
    return {"v": draws.integers(size, -top, top), "w": draws.integers(size, -top, top)}


def _three(draws: Draws, level: int) -> dict:
    top = 5 + 4 * level
    return {"v": draws.integers(3, -top, top), "w": draws.integers(3, -top, top)}


def _cross(question: dict) -> list[int]:
    (a, b, c), (x, y, z) = question["v"], question["w"]
    return [b * z - c * y, c * x - a * z, a * y - b * x]


def _cross_by_determinants(question: dict) -> list[int]:
    v, w = question["v"], question["w"]
    return [determinant([[int(k == axis) for k in range(3)], v, w]) for axis in range(3)]


def _system(draws: Draws, level: int) -> dict:
    size = _side(level)
    while True:
        a = _matrix(draws, size, size, 4 + level)
        if determinant(a):
            break
    x = draws.integers(size, -9 - level, 9 + level)
    return {"a": a, "v": _apply({"a": a, "v": x})}


def _solve(question: dict) -> list[int]:
    """Solve by Cramer's rule; the draw makes the solution whole numbers."""
    a, v = question["a"], question["v"]
    whole = determinant(a)
    return [
        determinant([[*row[:k], value, *row[k + 1 :]] for row, value in zip(a, v, strict=True)])
        // whole
        for k in range(len(a))
    ]


def _solve_by_elimination(question: dict) -> list[int]:
    rows = [
        [Fraction(x) for x in (*row, value)]
        for row, value in zip(question["a"], question["v"], strict=True)
    ]
    for k in range(len(rows)):
        pivot = next(r for r in range(k, len(rows)) if rows[r][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [x / rows[k][k] for x in rows[k]]
        for other in range(len(rows)):
            if other != k:
                factor = rows[other][k]
                pairs = zip(rows[other], rows[k], strict=True)
                rows[other] = [x - factor * y for x, y in pairs]
    return [int(row[-1]) for row in rows]


def _show_system(question: dict) -> dict:
    equations = []
    for row, value in zip(question["a"], question["v"], strict=True):
        terms = " ".join(f"{x:+d}*{name}" for x, name in zip(row, "xyzuvw", strict=False))
        equations.append(f"{terms.removeprefix('+')} = {value}")
    return {"system": "\n".join(equations), "names": " ".join("xyzuvw"[: len(question["a"])])}


def _projected(draws: Draws, level: int) -> dict | None:
    question = _vectors(draws, level)
    return question if any(question["w"]) else None


def _coefficient(question: dict) -> str:
    pairs = list(zip(question["v"], question["w"], strict=True))
    return str(Fraction(sum(x * y for x, y in pairs), sum(y * y for _, y in pairs)))


TASKS = (
    Task(
        id="la.determinant",
        title="Determinant of an integer matrix",
        knob="rows",
        draw=_square,
        solve=lambda q: determinant(q["a"]),
        second=_determinant_by_permutations,
        answer=Integer(),
        show=_show,
        en=(
            "Find the determinant of this matrix:\n{a}",
            "What is the determinant of the matrix with these rows?\n{a}",
            "det:\n{a}",
        ),
        zh=(
            "求这个矩阵的行列式：\n{a}",
            "以下列各行为行的矩阵的行列式是多少？\n{a}",
            "行列式：\n{a}",
        ),
    ),
    Task(
        id="la.product",
        title="Product of two matrices",
        knob="entries",
        draw=_factors,
        solve=lambda q: product(q["a"], q["b"]),
        second=_product_by_rows,
        answer=NumberGrid(),
        show=_show,
        en=(
            "Multiply the matrix\n{a}\nby the matrix\n{b}",
            "What is A times B, where A is\n{a}\nand B is\n{b}",
            "{a}\ntimes\n{b}",
        ),
        zh=("用矩阵\n{a}\n乘以矩阵\n{b}", "求 A 乘 B，其中 A 为\n{a}\nB 为\n{b}", "{a}\n乘\n{b}"),
    ),
    Task(
        id="la.apply",
        title="Matrix times vector",
        knob="rows",
        draw=_applied,
        solve=_apply,
        second=_apply_by_columns,
        answer=Integers(),
        show=_show,
        en=(
            "Multiply this matrix by the column vector ({v}):\n{a}",
            "To which vector does the matrix below send ({v})?\n{a}",
            "Apply to {v}:\n{a}",
        ),
        zh=(
            "用这个矩阵乘以列向量 ({v})：\n{a}",
            "下面的矩阵把 ({v}) 变成哪个向量？\n{a}",
            "作用于 {v}：\n{a}",
        ),
    ),
    Task(
        id="la.dot",
        title="Dot product",
        knob="length",
        draw=_vectors,
        solve=lambda q: sum(x * y for x, y in zip(q["v"], q["w"], strict=True)),
        second=lambda q: product([q["v"]], [[y] for y in q["w"]])[0][0],
        answer=Integer(),
        show=_show,
        canon=lambda q: sorted([q["v"], q["w"]]),
        en=(
            "What is the dot product of ({v}) and ({w})?",
            "Multiply ({v}) and ({w}) place by place and add up the products.",
            "{v} . {w} =",
        ),
        zh=(
            "({v}) 与 ({w}) 的点积是多少？",
            "把 ({v}) 与 ({w}) 逐位相乘再求和。",
            "{v} · {w} =",
        ),
    ),
    Task(
        id="la.cross",
        title="Cross product",
        knob="size of the entries",
        draw=_three,
        solve=_cross,
        second=_cross_by_determinants,
        answer=Integers(),
        show=_show,
        size=lambda q: sum(map(abs, q["v"] + q["w"])),
        en=(
            "What is the cross product of ({v}) and ({w}), in this order?",
            "Work out ({v}) x ({w}).",
            "{v} x {w} =",
        ),
        zh=("按此顺序求 ({v}) 与 ({w}) 的叉积。", "计算 ({v}) × ({w})。", "{v} × {w} ="),
    ),
    Task(
        id="la.solve",
        title="System of linear equations with whole solutions",
        knob="unknowns",
        draw=_system,
        solve=_solve,
        second=_solve_by_elimination,
        answer=Integers(),
        show=_show_system,
        en=(
            "Solve this system and give {names} in this order:\n{system}",
            "Which values of {names} (in this order) satisfy all equations?\n{system}",
            "Solve for {names}:\n{system}",
        ),
        zh=(
            "解方程组，依次给出 {names}：\n{system}",
            "{names}（依次）取何值时满足所有方程？\n{system}",
            "求 {names}：\n{system}",
        ),
    ),
    Task(
        id="la.projection",
        title="Coefficient of a projection",
        knob="length",
        draw=_projected,
        solve=_coefficient,
        answer=Rational(),
        show=_show,
        en=(
            "The orthogonal projection of ({v}) onto the line of ({w}) is c times ({w}). Find c "
            "exactly.",
            "For which c is ({v}) - c * ({w}) perpendicular to ({w})?",
            "Projection coefficient of {v} on {w}:",
        ),
        zh=(
            "({v}) 在 ({w}) 所在直线上的正交投影等于 c 乘 ({w})，求 c 的精确值。",
            "c 为何值时 ({v}) - c * ({w}) 与 ({w}) 垂直？",
            "{v} 在 {w} 上的投影系数：",
        ),
    ),
)
