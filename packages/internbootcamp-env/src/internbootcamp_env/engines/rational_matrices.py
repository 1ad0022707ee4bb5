"""Linear algebra over the rationals: elimination, and what follows from it.

Matrices are lists of rows of `Fraction` or `int`; nothing is changed in place.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import gcd, lcm

Row = Sequence[int | Fraction]
Rows = Sequence[Row]
Exact = list[list[Fraction]]


def echelon(a: Rows) -> tuple[Exact, list[int]]:
    """Return the reduced row echelon form and its pivot columns."""
    rows = [[Fraction(x) for x in row] for row in a]
    pivots: list[int] = []
    for column in range(len(rows[0]) if rows else 0):
        top = len(pivots)
        found = next((r for r in range(top, len(rows)) if rows[r][column]), None)
        if found is None:
            continue
        rows[top], rows[found] = rows[found], rows[top]
        lead = rows[top][column]
        rows[top] = [x / lead for x in rows[top]]
        for other, row in enumerate(rows):
            if other != top and row[column]:
                factor = row[column]
                rows[other] = [x - factor * y for x, y in zip(row, rows[top], strict=True)]
        pivots.append(column)
        if len(pivots) == len(rows):
            break
    return rows, pivots


def rank(a: Rows) -> int:
    """Return the rank."""
    return len(echelon(a)[1])


def solve(a: Rows, b: Row) -> list[Fraction] | None:
    """Return the one solution of a square system, or None if it is singular."""
    rows, pivots = echelon([[*row, value] for row, value in zip(a, b, strict=True)])
    return [row[-1] for row in rows] if pivots == list(range(len(a))) else None


def inverse(a: Rows) -> Exact | None:
    """Return the inverse, or None."""
    size = len(a)
    joined = [[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(a)]
    rows, pivots = echelon(joined)
    return [row[size:] for row in rows] if pivots == list(range(size)) else None


def null_space(a: Rows) -> Exact:
    """Return a basis of the null space, one vector for each free column."""
    rows, pivots = echelon(a)
    width = len(a[0])
    basis = []
    for free in (c for c in range(width) if c not in pivots):
        vector = [Fraction(int(c == free)) for c in range(width)]
        for row, pivot in zip(rows, pivots, strict=False):
            vector[pivot] = -row[free]
        basis.append(vector)
    return basis


def product(a: Rows, b: Rows) -> Exact:
    """Multiply two matrices."""
    columns = list(zip(*b, strict=True))
    return [[sum((Fraction(x) * y for x, y in zip(row, column, strict=True)), Fraction(0))
             for column in columns] for row in a]  # fmt: skip


def transpose(a: Rows) -> list[list[int | Fraction]]:
    """Turn rows into columns."""
    return [list(column) for column in zip(*a, strict=True)]


def texts(a: Rows) -> list[list[str]]:
    """Write every entry as `3` or `-3/4`."""
    return [[str(Fraction(x)) for x in row] for row in a]


def kernel_vector(a: Sequence[Sequence[int]]) -> list[int] | None:
    """Return the primitive integer vector that spans the null space, or None if it is no line.

    Integer elimination, row by row divided by the common factor; the first nonzero entry of the
    result is positive.
    """
    rows, pivots = [list(row) for row in a], []
    width = len(a[0])
    for column in range(width):
        top = len(pivots)
        found = next((r for r in range(top, len(rows)) if rows[r][column]), None)
        if found is None:
            continue
        rows[top], rows[found] = rows[found], rows[top]
        lead = rows[top][column]
        for other, row in enumerate(rows):
            if other != top and (factor := row[column]):
                mixed = [lead * x - factor * y for x, y in zip(row, rows[top], strict=True)]
                common = gcd(*mixed) or 1
                rows[other] = [x // common for x in mixed]
        pivots.append(column)
    if len(pivots) != width - 1:
        return None
    free = next(c for c in range(width) if c not in pivots)
    scale = lcm(*(rows[r][p] for r, p in enumerate(pivots)))
    vector = [0] * width
    vector[free] = scale
    for r, p in enumerate(pivots):
        vector[p] = -rows[r][free] * scale // rows[r][p]
    common = gcd(*vector)
    sign = 1 if next(x for x in vector if x) > 0 else -1
    return [sign * x // common for x in vector]
