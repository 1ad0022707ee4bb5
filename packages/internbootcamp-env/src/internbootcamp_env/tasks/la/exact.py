"""Exact linear algebra over the rationals, the integers, finite fields and the max-plus algebra.

Source: textbook definitions; Smith's normal form (1861); Hamming 1950; Karp 1978 for cycle means.
Knob: the size of the matrix or of its entries.
"""

from fractions import Fraction
from itertools import combinations, pairwise, permutations, product
from math import gcd

from internbootcamp_env.answers import Integer, Integers, Rational, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import NumberGrid, show_numbers
from internbootcamp_env.engines.rational_lists import RationalGrid, Rationals
from internbootcamp_env.engines.rational_matrices import (
    echelon,
    inverse,
    null_space,
    solve,
    texts,
    transpose,
)
from internbootcamp_env.engines.rational_matrices import product as times
from internbootcamp_env.task import Task

Matrix = list[list[int]]


def _shown(q: dict) -> dict:
    return {
        name: show_numbers(value)
        if isinstance(value, list) and value and isinstance(value[0], list)
        else " ".join(map(str, value))
        if isinstance(value, list)
        else value
        for name, value in q.items()
    }


def _matrix(draws: Draws, rows: int, columns: int, top: int) -> Matrix:
    return [draws.integers(columns, -top, top) for _ in range(rows)]


def _regular(draws: Draws, level: int) -> dict | None:
    a = _matrix(draws, 2 + level // 4, 2 + level // 4, 4 + level)
    return {"a": a} if inverse(a) else None


def _inverse_by_columns(q: dict) -> list[list[str]]:
    size = len(q["a"])
    columns = [solve(q["a"], [int(i == j) for i in range(size)]) or [] for j in range(size)]
    return texts(transpose(columns))


def _wide(draws: Draws, level: int) -> dict:
    rows = 2 + level // 4
    return {"a": _matrix(draws, rows, rows + 1 + level // 5, 3 + level)}


def _reduced_from_bottom(q: dict) -> list[list[str]]:
    """First a plain echelon form, then back substitution from the last row up."""
    rows = [[Fraction(x) for x in row] for row in q["a"]]
    leads, top = [], 0
    for column in range(len(rows[0])):
        found = next((r for r in range(top, len(rows)) if rows[r][column]), None)
        if found is None:
            continue
        rows[top], rows[found] = rows[found], rows[top]
        for r in range(top + 1, len(rows)):
            factor = rows[r][column] / rows[top][column]
            rows[r] = [x - factor * y for x, y in zip(rows[r], rows[top], strict=True)]
        leads.append((top, column))
        top += 1
        if top == len(rows):
            break
    for r, column in reversed(leads):
        rows[r] = [x / rows[r][column] for x in rows[r]]
        for above in range(r):
            factor = rows[above][column]
            rows[above] = [x - factor * y for x, y in zip(rows[above], rows[r], strict=True)]
    return texts(rows)


def _singular(draws: Draws, level: int) -> dict:
    """More unknowns than independent rows."""
    columns = 3 + level // 3
    rows = _matrix(draws, columns - 2, columns, 3 + level // 2)
    factors = draws.integers(len(rows), -2, 2)
    mixed = [sum(f * row[k] for f, row in zip(factors, rows, strict=True)) for k in range(columns)]
    return {"a": draws.shuffled([*rows, mixed])}


def _check_kernel(q: dict, value: list[str]) -> str:
    vector = [Fraction(x) for x in value]
    if len(vector) != len(q["a"][0]):
        return "the vector has another length"
    if not any(vector):
        return "the zero vector does not count"
    bad = any(sum(x * v for x, v in zip(row, vector, strict=True)) for row in q["a"])
    return "the product is not zero" if bad else ""


def _wrong_kernel(q: dict, answer: list[str], draws: Draws) -> list[str]:
    column = next(k for k in range(len(q["a"][0])) if any(row[k] for row in q["a"]))
    exact = [Fraction(x) for x in answer]
    moved = [str(x + (k == column)) for k, x in enumerate(exact)]  # that column is not zero
    return [" ".join(moved), " ".join(["0"] * len(answer)), " ".join(answer[1:]),
            " ".join([*answer, "0"])]  # fmt: skip


def _with_column(draws: Draws, level: int) -> dict | None:
    q = _singular(draws, level)
    return q if all(any(column) for column in zip(*q["a"], strict=True)) else None


def _spectrum(draws: Draws, level: int) -> dict | None:
    """P D P^-1 with an integer P of determinant one, so that all entries are whole."""
    size = 3 + level // 6
    values = [draws.between(-4 - level, 4 + level) for _ in range(size)]
    matrix = [[values[i] if i == j else 0 for j in range(size)] for i in range(size)]
    for _ in range(2 + size):
        i, j = draws.sample(range(size), 2)
        factor = draws.between(1, 2) * draws.pick((1, -1))
        for row in matrix:  # a -> E^-1 a E, with E adding column i times factor to column j
            row[j] += factor * row[i]
        matrix[i] = [x - factor * y for x, y in zip(matrix[i], matrix[j], strict=True)]
    return {"a": matrix} if max(abs(x) for row in matrix for x in row) < 400 else None


def _characteristic(q: dict) -> list[int]:
    """Faddeev and LeVerrier: coefficients of det(x I - A) from the highest power down."""
    a, size = q["a"], len(q["a"])
    m: list[list[Fraction]] = [[Fraction(0)] * size for _ in range(size)]
    found = [Fraction(1)]
    for k in range(1, size + 1):
        m = times(a, m)
        for i in range(size):
            m[i][i] += found[-1]
        found.append(-sum((x[i] for i, x in enumerate(times(a, m))), Fraction(0)) / k)
    return [int(x) for x in found]


def _eigenvalues(q: dict) -> list[int]:
    """Whole roots of the characteristic polynomial, by division."""
    poly, roots = _characteristic(q), []
    bound = max(sum(map(abs, row)) for row in q["a"])
    for r in range(-bound, bound + 1):
        while len(poly) > 1:
            rest = [poly[0]]
            for c in poly[1:]:
                rest.append(c + r * rest[-1])
            if rest[-1]:
                break
            roots.append(r)
            poly = rest[:-1]
    return sorted(roots)


def _eigenvalues_by_rank(q: dict) -> list[int]:
    """A number counts as often as the power (A - x I)^n loses rank."""
    size = len(q["a"])
    bound = max(sum(map(abs, row)) for row in q["a"])
    found = []
    for x in range(-bound, bound + 1):
        shifted = [[v - x * (i == j) for j, v in enumerate(row)] for i, row in enumerate(q["a"])]
        if len(echelon(shifted)[1]) < size:
            power: list = shifted
            for _ in range(size - 1):
                power = times(power, shifted)
            found += [x] * (size - len(echelon(power)[1]))
    return found


def _charpoly_matrix(draws: Draws, level: int) -> dict:
    size = 2 + (level > 3) + (level > 8)
    return {"a": _matrix(draws, size, size, 4 + level)}


def _characteristic_by_minors(q: dict) -> list[int]:
    """Signed sums of principal minors."""
    a, size = q["a"], len(q["a"])

    def minor(rows: tuple[int, ...]) -> int:
        total = 0
        for order in permutations(rows):
            swaps = sum(x > y for x, y in combinations(order, 2))
            term = (-1) ** swaps
            for r, c in zip(rows, order, strict=True):
                term *= a[r][c]
            total += term
        return total

    return [(-1) ** k * sum(minor(rows) for rows in combinations(range(size), k))
            for k in range(size + 1)]  # fmt: skip


def _power(draws: Draws, level: int) -> dict:
    size = 2 + level // 6
    modulus = draws.pick((97, 101, 997, 1009, 10007))
    return {
        "a": [draws.integers(size, 0, 9) for _ in range(size)],
        "n": draws.between(5 * 3**level // 2, 5 * 3**level),
        "modulus": modulus,
    }


def _mod_product(a: Matrix, b: Matrix, m: int) -> Matrix:
    columns = list(zip(*b, strict=True))
    return [[sum(x * y for x, y in zip(r, c, strict=True)) % m for c in columns] for r in a]


def _powered(q: dict) -> Matrix:
    result = [[int(i == j) for j in range(len(q["a"]))] for i in range(len(q["a"]))]
    square, n = q["a"], q["n"]
    while n:
        if n & 1:
            result = _mod_product(result, square, q["modulus"])
        square, n = _mod_product(square, square, q["modulus"]), n >> 1
    return result


def _powered_by_polynomial(q: dict) -> Matrix:
    """Reduce x^n modulo the characteristic polynomial (Cayley and Hamilton), from the top bit."""
    poly, m, size = _characteristic(q), q["modulus"], len(q["a"])
    state = [0] * (size - 1) + [1] if size > 1 else [1]  # highest power first
    for bit in bin(q["n"])[2:]:
        square = [0] * (2 * size - 1)
        for i, x in enumerate(state):
            for j, y in enumerate(state):
                square[i + j] = (square[i + j] + x * y) % m
        if bit == "1":
            square.append(0)
        while len(square) > size:
            lead = square.pop(0)
            for k in range(size):
                square[k] = (square[k] - lead * poly[k + 1]) % m
        state = square
    total = [[0] * size for _ in range(size)]
    for c in state:
        total = _mod_product(total, q["a"], m)
        total = [[(v + c * (i == j)) % m for j, v in enumerate(r)] for i, r in enumerate(total)]
    return total


def _frame(draws: Draws, level: int) -> dict | None:
    count = 2 + (level > 5)
    vectors = _matrix(draws, count, 3 + level // 6, 1 + level)
    if len(echelon(vectors)[1]) < count:
        return None
    question = {"vectors": vectors}
    return None if _orthogonal(question) == texts(vectors) else question  # orthogonal already


def _orthogonal(q: dict) -> list[list[str]]:
    """Gram and Schmidt without normalising."""
    basis: list[list[Fraction]] = []
    for vector in q["vectors"]:
        rest = [Fraction(x) for x in vector]
        for b in basis:
            factor = sum(x * y for x, y in zip(vector, b, strict=True)) / sum(x * x for x in b)
            rest = [x - factor * y for x, y in zip(rest, b, strict=True)]
        basis.append(rest)
    return texts(basis)


def _orthogonal_by_equations(q: dict) -> list[list[str]]:
    """Each vector minus its projection on the span of those before, by normal equations."""
    found = [[Fraction(x) for x in q["vectors"][0]]]
    for k in range(1, len(q["vectors"])):
        before, vector = q["vectors"][:k], q["vectors"][k]
        gram = [[sum(x * y for x, y in zip(u, v, strict=True)) for v in before] for u in before]
        right = [sum(x * y for x, y in zip(u, vector, strict=True)) for u in before]
        factors = solve(gram, right) or []
        found.append(
            [Fraction(x) - sum(f * u[i] for f, u in zip(factors, before, strict=True))
             for i, x in enumerate(vector)]
        )  # fmt: skip
    return texts(found)


def _overdetermined(draws: Draws, level: int) -> dict | None:
    columns = 2 + level // 5
    a = _matrix(draws, columns + 1 + level // 3, columns, 5)
    return {"a": a, "b": draws.integers(len(a), -9, 9)} if len(echelon(a)[1]) == columns else None


def _fitted(q: dict) -> list[str]:
    turned = transpose(q["a"])
    right = [sum(x * y for x, y in zip(row, q["b"], strict=True)) for row in turned]
    return [str(x) for x in solve(times(turned, q["a"]), right) or []]


def _fitted_by_orthogonality(q: dict) -> list[str]:
    """Project on an orthogonal basis of the columns, then solve back."""
    columns = [list(c) for c in zip(*q["a"], strict=True)]
    basis = [[Fraction(x) for x in row] for row in _orthogonal({"vectors": columns})]
    shadow = [Fraction(0)] * len(q["b"])
    for b in basis:
        factor = sum(x * y for x, y in zip(q["b"], b, strict=True)) / sum(x * x for x in b)
        shadow = [s + factor * x for s, x in zip(shadow, b, strict=True)]
    rows, pivots = echelon([[*row, s] for row, s in zip(q["a"], shadow, strict=True)])
    return [str(rows[k][-1]) for k in range(len(pivots))]


def _chain(draws: Draws, level: int) -> dict:
    size = 3 + level // 5
    rows = []
    for _ in range(size):
        weights = draws.integers(size, 1, 5 + level)
        rows.append([str(Fraction(w, sum(weights))) for w in weights])
    return {"rows": rows}


def _stationary(q: dict) -> list[str]:
    size = len(q["rows"])
    p = [[Fraction(x) for x in row] for row in q["rows"]]
    equations = [[p[i][j] - (i == j) for i in range(size)] for j in range(size - 1)]
    found = solve([*equations, [Fraction(1)] * size], [*([0] * (size - 1)), 1])
    return [str(x) for x in found or []]


def _stationary_by_reduction(q: dict) -> list[str]:
    """Grassmann, Taksar and Heyman: censor the last state again and again."""
    p = [[Fraction(x) for x in row] for row in q["rows"]]
    size = len(p)
    for n in range(size - 1, 0, -1):
        leave = sum(p[n][:n])
        for i in range(n):
            p[i][n] /= leave
            for j in range(n):
                p[i][j] += p[i][n] * p[n][j]
    weights = [Fraction(1)]
    for n in range(1, size):
        weights.append(sum((weights[i] * p[i][n] for i in range(n)), Fraction(0)))
    return [str(w / sum(weights)) for w in weights]


def _zero_one(draws: Draws, level: int) -> dict:
    size = 3 + (level + 1) // 3
    top = 3 if level < 5 else 4
    return {"a": [draws.integers(size, 0, top) for _ in range(size)]}


def _permanent(q: dict) -> int:
    """Ryser's formula."""
    a, size = q["a"], len(q["a"])
    total = 0
    for chosen in range(1, 1 << size):
        term = (-1) ** (size - chosen.bit_count())
        for row in a:
            term *= sum(x for k, x in enumerate(row) if chosen >> k & 1)
        total += term
    return total


def _permanent_by_rows(q: dict) -> int:
    table = {0: 1}
    for row in q["a"]:
        fresh: dict[int, int] = {}
        for used, ways in table.items():
            for k, x in enumerate(row):
                if x and not used >> k & 1:
                    fresh[used | 1 << k] = fresh.get(used | 1 << k, 0) + ways * x
        table = fresh
    return table.get((1 << len(q["a"])) - 1, 0)


def _integer_matrix(draws: Draws, level: int) -> dict:
    """A product of unimodular steps with a drawn diagonal, so that factors are not all one."""
    size = 2 + (level > 3) + (level > 8)
    start = draws.between(1, 4)
    diagonal = [start]
    while len(diagonal) < size:
        diagonal.append(diagonal[-1] * draws.between(1, 4 + level // 3))
    a = [[diagonal[i] if i == j else 0 for j in range(size)] for i in range(size)]
    for _ in range(2 + size + level // 3):
        i, j = draws.sample(range(size), 2)
        factor = draws.between(1, 2) * draws.pick((1, -1))
        if draws.chance(1, 2):
            a[i] = [x + factor * y for x, y in zip(a[i], a[j], strict=True)]
        else:
            for row in a:
                row[i] += factor * row[j]
    return {"a": a}


def _invariant_factors(q: dict) -> list[int]:
    """Smith's normal form by row and column steps."""
    a = [list(row) for row in q["a"]]
    factors = []
    while a and any(any(row) for row in a):
        while True:
            value, r, c = min(
                (abs(x), i, j) for i, row in enumerate(a) for j, x in enumerate(row) if x
            )
            pivot = a[r][c]
            for i, row in enumerate(a):
                if i != r:
                    step = row[c] // pivot
                    a[i] = [x - step * y for x, y in zip(row, a[r], strict=True)]
            for j in range(len(a[0])):
                if j != c:
                    step = a[r][j] // pivot
                    for row in a:
                        row[j] -= step * row[c]
            clear = not any(a[i][c] for i in range(len(a)) if i != r)
            if clear and not any(a[r][j] for j in range(len(a[0])) if j != c):
                bad = [i for i, row in enumerate(a) if any(x % pivot for x in row)]
                if not bad:
                    break
                a[r] = [x + y for x, y in zip(a[r], a[bad[0]], strict=True)]
        factors.append(value)
        a = [[x for j, x in enumerate(row) if j != c] for i, row in enumerate(a) if i != r]
        a = a if a and a[0] else []
    return factors


def _invariant_factors_by_minors(q: dict) -> list[int]:
    """Quotients of the greatest common divisors of all k x k minors."""
    size = len(q["a"])
    common = [1]
    for k in range(1, size + 1):
        found = 0
        for rows in combinations(range(size), k):
            for columns in combinations(range(size), k):
                minor = 0
                for order in permutations(columns):
                    sign = (-1) ** sum(x > y for x, y in combinations(order, 2))
                    term = sign
                    for r, c in zip(rows, order, strict=True):
                        term *= q["a"][r][c]
                    minor += term
                found = gcd(found, minor)
        common.append(found)
    return [b // a for a, b in pairwise(common)]


def _received(draws: Draws, level: int) -> dict:
    """Words of the (7, 4) Hamming code with at most one bit turned."""
    words = []
    for _ in range(2 + level):
        p, q, r, s = (draws.below(2) for _ in range(4))
        word = [p ^ q ^ s, p ^ r ^ s, p, q ^ r ^ s, q, r, s]
        turned = draws.below(8)
        if turned:
            word[turned - 1] ^= 1
        words.append("".join(map(str, word)))
    return {"words": words}


def _decoded(q: dict) -> str:
    out = ""
    for text in q["words"]:
        word = [int(mark) for mark in text]
        wrong = 0
        for place, bit in enumerate(word, start=1):
            wrong ^= place * bit
        if wrong:
            word[wrong - 1] ^= 1
        out += "".join(str(word[k]) for k in (2, 4, 5, 6))
    return out


def _decoded_by_distance(q: dict) -> str:
    out = ""
    for text in q["words"]:
        for p, r, s, t in product((0, 1), repeat=4):
            code = (p ^ r ^ t, p ^ s ^ t, p, r ^ s ^ t, r, s, t)
            if sum(str(x) != y for x, y in zip(code, text, strict=True)) <= 1:
                out += f"{p}{r}{s}{t}"
                break
    return out


def _weights(draws: Draws, level: int) -> dict:
    size = 3 + level // 3
    top = draws.between(10, 90)
    return {"a": [draws.integers(size, top - 50 - 9 * level, top) for _ in range(size)]}


def _cycle_mean(q: dict) -> str:
    """Karp's theorem on walks of n and fewer steps from node 0 (the graph is complete)."""
    a, size = q["a"], len(q["a"])
    best: list[list[float | int]] = [[0 if k == 0 else float("-inf") for k in range(size)]]
    for _ in range(size):
        best.append([max(best[-1][i] + a[i][j] for i in range(size)) for j in range(size)])
    means = []
    for v in range(size):
        ratios = [Fraction(int(best[size][v] - best[k][v]), size - k)
                  for k in range(size) if best[k][v] > float("-inf")]  # fmt: skip
        means.append(min(ratios))
    return str(max(means))


def _cycle_mean_by_cycles(q: dict) -> str:
    a, size = q["a"], len(q["a"])
    best = max(Fraction(a[i][i]) for i in range(size))
    for length in range(2, size + 1):
        for nodes in combinations(range(size), length):
            for rest in permutations(nodes[1:]):
                cycle = (nodes[0], *rest, nodes[0])
                total = sum(a[i][j] for i, j in pairwise(cycle))
                best = max(best, Fraction(total, length))
    return str(best)


TASKS = (
    Task(
        id="la.inverse",
        title="Inverse of an integer matrix",
        knob="size",
        draw=_regular,
        solve=lambda q: texts(inverse(q["a"]) or []),
        second=_inverse_by_columns,
        answer=RationalGrid(),
        show=_shown,
        en=(
            "Invert this matrix exactly:\n{a}",
            "Which matrix times the one below gives the identity?\n{a}",
            "Inverse of\n{a}",
        ),
        zh=(
            "求这个矩阵的逆（精确值）：\n{a}",
            "哪个矩阵与下面的矩阵相乘得单位矩阵？\n{a}",
            "逆矩阵：\n{a}",
        ),
    ),
    Task(
        id="la.reduced_echelon",
        title="Reduced row echelon form",
        knob="size",
        draw=_wide,
        solve=lambda q: texts(echelon(q["a"])[0]),
        second=_reduced_from_bottom,
        answer=RationalGrid(),
        show=_shown,
        en=(
            "Bring this matrix to reduced row echelon form:\n{a}",
            "Carry Gauss-Jordan elimination to the end (leading ones, zeros above and below "
            "them):\n{a}",
            "RREF:\n{a}",
        ),
        zh=(
            "把这个矩阵化为行最简形：\n{a}",
            "做完高斯-若尔当消元（首项为 1，其上下均为 0）：\n{a}",
            "行最简形：\n{a}",
        ),
    ),
    Task(
        id="la.kernel_vector",
        title="A nonzero vector of the null space",
        knob="size",
        draw=_with_column,
        solve=lambda q: [str(x) for x in null_space(q["a"])[0]],
        another=lambda q: [str(-3 * x) for x in null_space(q["a"])[-1]],
        check=_check_kernel,
        wrong=_wrong_kernel,
        answer=Rationals(),
        verifier="C",
        show=_shown,
        en=(
            "Find a nonzero vector v with A v = 0 for A =\n{a}",
            "Give any vector other than zero that this matrix sends to zero:\n{a}",
            "Null vector of\n{a}",
        ),
        zh=(
            "求非零向量 v，使 A v = 0，A 为\n{a}",
            "写出任一被下列矩阵变为零的非零向量：\n{a}",
            "零空间向量：\n{a}",
        ),
    ),
    Task(
        id="la.eigenvalues",
        title="Whole eigenvalues with multiplicity",
        version=2,
        knob="size",
        draw=_spectrum,
        solve=_eigenvalues,
        second=_eigenvalues_by_rank,
        answer=Integers(ordered=False),
        verifier="S",
        show=_shown,
        size=lambda q: 10 * len(q["a"]) + sum(map(abs, _eigenvalues(q))),
        en=(
            "All eigenvalues of this matrix are whole numbers. List them, each as often as its "
            "multiplicity:\n{a}",
            "Give the spectrum (with algebraic multiplicities) of\n{a}",
            "Eigenvalues:\n{a}",
        ),
        zh=(
            "该矩阵的特征值都是整数，按重数全部列出：\n{a}",
            "写出下列矩阵的谱（计代数重数）：\n{a}",
            "特征值：\n{a}",
        ),
    ),
    Task(
        id="la.characteristic_polynomial",
        title="Characteristic polynomial",
        knob="size",
        draw=_charpoly_matrix,
        solve=_characteristic,
        second=_characteristic_by_minors,
        answer=Integers(),
        show=_shown,
        en=(
            "Give the coefficients of det(x I - A), from the highest power down, for A =\n{a}",
            "What is the characteristic polynomial (monic; coefficients in falling order) of\n{a}",
            "det(x I - A), coefficients from the top:\n{a}",
        ),
        zh=(
            "写出 det(x I - A) 的系数（从最高次到常数项），A 为\n{a}",
            "下列矩阵的特征多项式（首一，系数降幂）是什么？\n{a}",
            "det(x I - A) 的系数（降幂）：\n{a}",
        ),
    ),
    Task(
        id="la.power_modulo",
        title="High power of a matrix modulo a number",
        knob="exponent",
        draw=_power,
        solve=_powered,
        second=_powered_by_polynomial,
        answer=NumberGrid(),
        show=_shown,
        size=lambda q: q["n"].bit_length() + 3 * len(q["a"]),
        en=(
            "Compute A^{n} modulo {modulus} (entries 0 to {modulus} - 1) for A =\n{a}",
            "Raise this matrix to the power {n} and reduce every entry modulo {modulus}:\n{a}",
            "A^{n} mod {modulus}:\n{a}",
        ),
        zh=(
            "计算 A^{n} 模 {modulus}（元素取 0 到 {modulus} - 1），A 为\n{a}",
            "求该矩阵的 {n} 次幂，各元素模 {modulus}：\n{a}",
            "A^{n} mod {modulus}，矩阵：\n{a}",
        ),
    ),
    Task(
        id="la.gram_schmidt",
        version=2,
        title="Orthogonal basis by Gram-Schmidt",
        knob="vectors and entries",
        draw=_frame,
        solve=_orthogonal,
        second=_orthogonal_by_equations,
        answer=RationalGrid(),
        show=_shown,
        en=(
            "Orthogonalise these vectors (rows) in order by Gram-Schmidt, without "
            "normalising:\n{vectors}",
            "Subtract from each row its projections on the rows before; give the resulting rows "
            "exactly:\n{vectors}",
            "Gram-Schmidt (not normalised):\n{vectors}",
        ),
        zh=(
            "按顺序对这些行向量做 Gram-Schmidt 正交化，不归一：\n{vectors}",
            "每行减去其在前面各行上的投影，写出所得各行（精确值）：\n{vectors}",
            "Gram-Schmidt（不归一化）：\n{vectors}",
        ),
    ),
    Task(
        id="la.least_squares",
        title="Least-squares solution",
        knob="equations",
        draw=_overdetermined,
        solve=_fitted,
        second=_fitted_by_orthogonality,
        answer=Rationals(),
        show=_shown,
        en=(
            "Which x minimises |A x - b|^2, exactly, for b = ({b}) and A =\n{a}",
            "Solve the normal equations of A x = b with b = ({b}), A =\n{a}",
            "Least squares, b = {b}, A =\n{a}",
        ),
        zh=(
            "使 |A x - b|^2 最小的 x（精确值）是什么？b = ({b})，A 为\n{a}",
            "解 A x = b 的法方程，b = ({b})，A 为\n{a}",
            "最小二乘，b = {b}，A 为\n{a}",
        ),
    ),
    Task(
        id="la.stationary_distribution",
        title="Stationary distribution of a Markov chain",
        version=2,
        knob="states",
        draw=_chain,
        solve=_stationary,
        second=_stationary_by_reduction,
        answer=Rationals(),
        show=_shown,
        en=(
            "A Markov chain has these transition probabilities (row: from, column: to). What is "
            "its stationary distribution?\n{rows}",
            "Find the probability vector p with p P = p for P =\n{rows}",
            "Stationary distribution of\n{rows}",
        ),
        zh=(
            "马尔可夫链的转移概率如下（行为起点，列为终点），平稳分布是什么？\n{rows}",
            "求满足 p P = p 的概率向量 p，P 为\n{rows}",
            "平稳分布：\n{rows}",
        ),
    ),
    Task(
        id="la.permanent",
        title="Permanent of a matrix",
        knob="size",
        draw=_zero_one,
        solve=_permanent,
        second=_permanent_by_rows,
        answer=Integer(),
        show=_shown,
        en=(
            "What is the permanent (the determinant's sum with all signs plus) of\n{a}",
            "Add up, over all ways to pick one entry from each row and column, the products of "
            "the entries of\n{a}",
            "perm:\n{a}",
        ),
        zh=(
            "下列矩阵的积和式（行列式展开全取正号）是多少？\n{a}",
            "对每行每列各取一个元素的所有取法，求元素乘积之和：\n{a}",
            "积和式：\n{a}",
        ),
    ),
    Task(
        id="la.invariant_factors",
        title="Invariant factors of an integer matrix",
        knob="size",
        draw=_integer_matrix,
        solve=_invariant_factors,
        second=_invariant_factors_by_minors,
        answer=Integers(),
        show=_shown,
        size=lambda q: sum(len(str(x)) for row in q["a"] for x in row),
        en=(
            "Give the invariant factors (diagonal of Smith's normal form, each dividing the next, "
            "positive) of\n{a}",
            "What is the diagonal of the Smith normal form over the integers of\n{a}",
            "Smith form diagonal:\n{a}",
        ),
        zh=(
            "写出下列矩阵的不变因子（史密斯标准形对角线，正数，前者整除后者）：\n{a}",
            "下列矩阵在整数上的史密斯标准形的对角线是什么？\n{a}",
            "史密斯标准形对角线：\n{a}",
        ),
    ),
    Task(
        id="la.hamming_decode",
        title="Data bits of received Hamming words",
        knob="words",
        draw=_received,
        solve=_decoded,
        second=_decoded_by_distance,
        answer=Word("01", "Write all data bits without spaces.", "连写所有数据位，不加空格。"),
        show=_shown,
        en=(
            "Words of the Hamming (7,4) code (places 1, 2, 4 are even parity bits over the places "
            "whose number contains 1, 2, 4 in binary) were received with at most one wrong bit "
            "each: {words}. Correct them and write their data bits (places 3, 5, 6, 7).",
            "Decode the Hamming(7,4) words {words}, parity at places 1, 2, 4, data at 3, 5, 6, 7; "
            "each may have one flipped bit. Join the data bits.",
            "Hamming(7,4), data of {words}:",
        ),
        zh=(
            "收到汉明 (7,4) 码字（第 1、2、4 位为偶校验，覆盖编号二进制含 1、2、4 的位），"
            "每个至多错一位：{words}。纠正后写出数据位（第 3、5、6、7 位）。",
            "译码汉明(7,4) 码字 {words}，校验在 1、2、4 位，数据在 3、5、6、7 位，"
            "每个可能有一位翻转。"
            "连写数据位。",
            "汉明(7,4)，{words} 的数据位：",
        ),
    ),
    Task(
        id="la.cycle_mean",
        title="Greatest cycle mean (max-plus eigenvalue)",
        version=2,
        knob="size",
        draw=_weights,
        solve=_cycle_mean,
        second=_cycle_mean_by_cycles,
        answer=Rational(),
        show=_shown,
        en=(
            "The matrix gives the weight of the arc from row i to column j. What is the greatest "
            "mean weight per arc of a cycle (loops count)?\n{a}",
            "Find the max-plus eigenvalue, i.e. the maximum cycle mean, of\n{a}",
            "Maximum cycle mean:\n{a}",
        ),
        zh=(
            "矩阵给出从第 i 行到第 j 列的弧权。所有回路（含自环）的最大平均弧权是多少？\n{a}",
            "求下列矩阵的 max-plus 特征值，即最大回路均值：\n{a}",
            "最大回路均值：\n{a}",
        ),
    ),
)
