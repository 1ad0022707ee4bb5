"""Crystal structures: metric, diffraction, symmetry, neighbours, phase stability, slip.

Source: International Tables for Crystallography (metric tensor, structure factors, operations as
x,y,z triplets); Bragg's law; Schmid's law; standard atomic weights (IUPAC 2021) and Avogadro's
number 6.02214076e23. Tolerance 0.1 % where an answer is a quantity. Knob: size of the problem.
"""

import math
from fractions import Fraction
from itertools import pairwise, product

from internbootcamp_env.answers import Integer, Integers, Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.atomic_weights import ATOMIC_WEIGHTS, molar_mass
from internbootcamp_env.engines.formula import composition
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.engines.rational_lists import RationalGrid
from internbootcamp_env.engines.rational_matrices import inverse, texts, transpose
from internbootcamp_env.task import Task


def _cell(draws: Draws, level: int) -> dict:
    lengths = [draws.between(30, 120) for _ in range(3)]
    right = max(0, 3 - (level + 2) // 3)
    angles = [90] * right + [draws.between(70, 115) for _ in range(3 - right)]
    return {"lengths": lengths, "angles": draws.shuffled(angles)}


def _cell_matrix(q: dict) -> list[list[float]]:
    """The metric tensor in angstrom^2; lengths are tenths of an angstrom."""
    a, b, c = (x / 10 for x in q["lengths"])
    alpha, beta, gamma = (math.cos(math.radians(x)) for x in q["angles"])
    return [
        [a * a, a * b * gamma, a * c * beta],
        [a * b * gamma, b * b, b * c * alpha],
        [a * c * beta, b * c * alpha, c * c],
    ]


def _filled_cell(draws: Draws, level: int) -> dict:
    names = [x for x in ATOMIC_WEIGHTS if x not in ("He", "Ne", "Ar", "Kr", "Xe")]
    parts = [f"{x}{draws.between(1, 4)}" for x in draws.sample(names, 1 + (level + 1) // 3)]
    return {**_cell(draws, level), "formula": "".join(parts), "units": draws.between(1, 8)}


def _density(q: dict) -> float:
    a, b, c = (x / 10 for x in q["lengths"])
    x, y, z = (math.cos(math.radians(angle)) for angle in q["angles"])
    volume = a * b * c * math.sqrt(1 - x * x - y * y - z * z + 2 * x * y * z)
    return q["units"] * molar_mass(composition(q["formula"])) / (volume * 0.602214076)


def _density_by_determinant(q: dict) -> float:
    (a, b, c), (d, e, f), (g, h, i) = _cell_matrix(q)
    square = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    grams = molar_mass(composition(q["formula"])) * q["units"] / 6.02214076e23
    return grams / (math.sqrt(square) * 1e-24)


def _show_cell(q: dict) -> dict:
    lengths = ", ".join(f"{x / 10:.1f}" for x in q["lengths"])
    return {**q, "lengths": lengths, "angles": ", ".join(map(str, q["angles"]))}


def _planes(draws: Draws, level: int) -> dict | None:
    top = 1 + level // 2
    indices = draws.integers(3, -top, top)
    return {**_cell(draws, level), "indices": indices} if any(indices) else None


def _plane_spacing(q: dict) -> float:
    """Take d from h G^-1 h, with the inverse metric by cofactors."""
    (a, b, c), (_, d, e), (_, _, f) = _cell_matrix(q)
    determinant = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
    h, k, m = q["indices"]
    total = h * h * (d * f - e * e) + k * k * (a * f - c * c) + m * m * (a * d - b * b)
    total += 2 * h * k * (c * e - b * f) + 2 * h * m * (b * e - c * d) + 2 * k * m * (b * c - a * e)
    return math.sqrt(determinant / total)


def _plane_spacing_by_vectors(q: dict) -> float:
    """Write the cell in Cartesian axes and take the length of the reciprocal vector."""
    a, b, c = (x / 10 for x in q["lengths"])
    x, y, z = (math.cos(math.radians(angle)) for angle in q["angles"])
    s = math.sin(math.radians(q["angles"][2]))
    third = (c * y, c * (x - y * z) / s)
    rows = [(a, 0.0, 0.0), (b * z, b * s, 0.0),
            (*third, math.sqrt(c * c - third[0] ** 2 - third[1] ** 2))]  # fmt: skip
    # Solve rows . g = (h, k, l) by forward substitution: the matrix is lower triangular.
    h, k, m = q["indices"]
    g1 = h / rows[0][0]
    g2 = (k - rows[1][0] * g1) / rows[1][1]
    g3 = (m - rows[2][0] * g1 - rows[2][1] * g2) / rows[2][2]
    return 1 / math.sqrt(g1 * g1 + g2 * g2 + g3 * g3)


def _show_planes(q: dict) -> dict:
    return {**_show_cell(q), "indices": " ".join(map(str, q["indices"]))}


_CONDITIONS = {
    "primitive": lambda h, k, m: True,
    "body-centred": lambda h, k, m: (h + k + m) % 2 == 0,
    "face-centred": lambda h, k, m: h % 2 == k % 2 == m % 2,
    "diamond": lambda h, k, m: h % 2 == k % 2 == m % 2 and (h % 2 == 1 or (h + k + m) % 4 == 0),
}
_LATTICE_ZH = {"primitive": "简单立方", "body-centred": "体心立方", "face-centred": "面心立方",
               "diamond": "金刚石"}  # fmt: skip


def _pattern(draws: Draws, level: int) -> dict | None:
    q = {
        "kind": draws.pick(list(_CONDITIONS)),
        "edge": draws.between(300 + 40 * level, 450 + 60 * level),
        "wave": draws.between(60, 160),
        "number": draws.between(level, level + 3),
    }
    sums = _reflections(q["kind"])
    low = q["number"] <= len(sums)
    return q if low and math.sqrt(sums[q["number"] - 1]) * q["wave"] < 1.9 * q["edge"] else None


def _reflections(kind: str) -> list[int]:
    """Distinct h^2 + k^2 + l^2 of allowed reflections, rising."""
    allowed = _CONDITIONS[kind]
    found = {h * h + k * k + m * m for h in range(9) for k in range(h + 1) for m in range(k + 1)
             if h and allowed(h, k, m)}  # fmt: skip
    return sorted(n for n in found if n <= 64)


def _two_theta(q: dict) -> float:
    total = _reflections(q["kind"])[q["number"] - 1]
    return 2 * math.degrees(math.asin(q["wave"] * math.sqrt(total) / (2 * q["edge"])))


def _two_theta_by_counting(q: dict) -> float:
    """Go through n = 1, 2, 3, ... and test whether an allowed reflection has that sum."""
    count = n = 0
    while count < q["number"]:
        n += 1
        triples = product(range(9), repeat=3)
        count += any(
            h * h + k * k + m * m == n and _CONDITIONS[q["kind"]](h, k, m) for h, k, m in triples
        )
    spacing = q["edge"] / math.sqrt(n)
    return math.degrees(math.acos(1 - q["wave"] ** 2 / (2 * spacing * spacing)))


def _show_pattern(q: dict) -> dict:
    return {**q, "kind_zh": _LATTICE_ZH[q["kind"]]}


def _atoms(draws: Draws, level: int) -> dict:
    rows = []
    for _ in range(2 + level):
        rows.append([draws.between(1, 30), *(f"{draws.below(4)}/4" for _ in range(3))])
    top = 1 + level // 3
    return {"atoms": rows, "indices": draws.integers(3, -top, top)}


def _structure_factor(q: dict) -> list[int]:
    """Real and imaginary part; phases are quarter turns."""
    real = imaginary = 0
    for f, *place in q["atoms"]:
        pairs = zip(q["indices"], place, strict=True)
        quarter = int(4 * sum(h * Fraction(x) for h, x in pairs)) % 4
        real += f * (1, 0, -1, 0)[quarter]
        imaginary += f * (0, 1, 0, -1)[quarter]
    return [real, imaginary]


def _structure_factor_by_complex(q: dict) -> list[int]:
    total = 0j
    for f, *place in q["atoms"]:
        angle = sum(h * float(Fraction(x)) for h, x in zip(q["indices"], place, strict=True))
        total += f * complex(math.cos(2 * math.pi * angle), math.sin(2 * math.pi * angle))
    return [round(total.real), round(total.imag)]


def _show_atoms(q: dict) -> dict:
    rows = ", ".join(f"{f} at ({x}, {y}, {z})" for f, x, y, z in q["atoms"])
    return {"atoms": rows, "indices": " ".join(map(str, q["indices"]))}


def _two_planes(draws: Draws, level: int) -> dict | None:
    top = 1 + level
    one, other = draws.integers(3, -top, top), draws.integers(3, -top, top)
    q = {"one": one, "other": other}
    return q if any(_cross(one, other)) else None


def _cross(a: list[int], b: list[int]) -> list[int]:
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def _zone_axis(q: dict) -> list[int]:
    axis = _cross(q["one"], q["other"])
    common = math.gcd(*axis)
    sign = 1 if next(x for x in axis if x) > 0 else -1
    return [sign * x // common for x in axis]


def _zone_axis_by_search(q: dict) -> list[int]:
    """Solve both zone equations by Cramer's rule with each index in turn as parameter."""
    (a, b, c), (d, e, f) = q["one"], q["other"]
    for free, (m, n) in ((2, (0, 1)), (1, (0, 2)), (0, (1, 2))):
        rows = [[(a, b, c)[k] for k in (m, n)], [(d, e, f)[k] for k in (m, n)]]
        base = rows[0][0] * rows[1][1] - rows[0][1] * rows[1][0]
        if base:
            right = [-(a, b, c)[free], -(d, e, f)[free]]
            axis = [Fraction(1)] * 3
            axis[m] = Fraction(right[0] * rows[1][1] - rows[0][1] * right[1], base)
            axis[n] = Fraction(rows[0][0] * right[1] - right[0] * rows[1][0], base)
            scale = math.lcm(*(x.denominator for x in axis))
            whole = [int(x * scale) for x in axis]
            sign = 1 if next(x for x in whole if x) > 0 else -1
            return [sign * x // math.gcd(*whole) for x in whole]
    raise AssertionError("the planes are not parallel")


def _lattice_vectors(draws: Draws, level: int) -> dict | None:
    top = 2 + level
    rows = [draws.integers(3, -top, top) for _ in range(3)]
    return {"vectors": rows} if inverse(rows) else None


def _reciprocal(q: dict) -> list[list[str]]:
    """Rows are the reciprocal vectors without 2 pi: the inverse transposed."""
    return texts(transpose(inverse(q["vectors"]) or []))


def _reciprocal_by_products(q: dict) -> list[list[str]]:
    a, b, c = q["vectors"]
    volume = sum(x * y for x, y in zip(a, _cross(b, c), strict=True))
    return [[str(Fraction(x, volume)) for x in _cross(u, v)] for u, v in ((b, c), (c, a), (a, b))]


def _show_vectors(q: dict) -> dict:
    return {"vectors": " ".join("({},{},{})".format(*v) for v in q["vectors"])}


_STEPS = ("-x,-y,z", "-x,y,-z", "x,-y,-z", "-x,-y,-z", "x,y,-z", "y,x,-z", "-y,x,z", "-x,y,z",
          "y,-x,-z", "-y,-x,z")  # fmt: skip
_GRID = 240


def _step(operation: str) -> list[tuple[int, int, int]]:
    """Read `-y,x+1/2,z` as (axis, sign, shift) for each coordinate, on the grid."""
    parts = []
    for text in operation.split(","):
        shift = _GRID // 2 if text.endswith("+1/2") else 0
        axis = text.removesuffix("+1/2")
        parts.append(("xyz".index(axis[-1]), -1 if axis[0] == "-" else 1, shift))
    return parts


def _orbit_size(q: dict, point: list[str]) -> int:
    """Close the orbit point by point, on whole numbers."""
    steps = [_step(operation) for operation in q["operations"]]
    start = tuple(int(Fraction(x) * _GRID) for x in point)
    orbit, queue = {start}, [start]
    for place in queue:
        for step in steps:
            image = tuple((sign * place[axis] + shift) % _GRID for axis, sign, shift in step)
            if image not in orbit:
                orbit.add(image)
                queue.append(image)
    return len(orbit)


def _orbit_by_sweeps(q: dict, point: list[str]) -> int:
    """Apply every operation to the whole orbit until it no longer grows, in fractions."""
    orbit = {tuple(Fraction(x) for x in point)}
    while True:
        images = set(orbit)
        for operation in q["operations"]:
            for place in orbit:
                image = []
                for part in operation.split(","):
                    core = part.lstrip("-")
                    value = place["xyz".index(core[0])]
                    value = -value if part[0] == "-" else value
                    image.append((value + Fraction(core[2:] or 0)) % 1)
                images.add(tuple(image))
        if images == orbit:
            return len(orbit)
        orbit = images


def _several_points(draws: Draws, level: int) -> dict | None:
    operations = []
    for step in draws.sample(_STEPS, draws.between(1, 3)):
        shift = [draws.pick(("", "", "+1/2")) for _ in range(3)]
        operations.append(",".join(a + b for a, b in zip(step.split(","), shift, strict=True)))
    points = []
    for _ in range(4 + level):
        bottom = draws.pick((2, 2, 3, 4, 5, 8))
        points.append([str(Fraction(draws.below(bottom), bottom)) for _ in range(3)])
    question = {"operations": operations, "points": points}
    sizes = {_orbit_size(question, point) for point in points}
    return question if len(sizes) > 1 else None


def _show_orbit(q: dict) -> dict:
    points = " ".join("(" + ", ".join(p) + ")" for p in q["points"])
    return {"operations": "; ".join(q["operations"]), "points": points}


def _compounds(draws: Draws, level: int) -> dict:
    """Binary phases: share of B in percent and formation energy per atom in meV."""
    shares = draws.sample(range(5, 96, 5), 2 + level)
    rows = [[x, -draws.between(10, 20 + 12 * min(x, 100 - x))] for x in shares]
    return {"rows": rows[:-1], "asked": [rows[-1][0], rows[-1][1] + draws.between(0, 200)]}


def _above_hull(q: dict) -> str:
    """Energy above the lower hull of all other phases and the elements."""
    x, energy = q["asked"]
    points = [[0, 0], [100, 0], *q["rows"]]
    best = min((Fraction(e) for y, e in points if y == x), default=Fraction(10**9))
    for y, e in points:
        for z, g in points:
            if y < x < z:
                best = min(best, Fraction(e * (z - x) + g * (x - y), z - y))
    return str(energy - best)


def _above_hull_by_chain(q: dict) -> str:
    """Andrew's monotone chain, then interpolation on it."""
    points = sorted([[0, 0], [100, 0], *q["rows"]])
    hull: list[list[int]] = []
    for point in points:
        while len(hull) > 1:
            (a, b), (c, d) = hull[-2], hull[-1]
            if (c - a) * (point[1] - b) > (d - b) * (point[0] - a):
                break
            hull.pop()
        hull.append(point)
    x, energy = q["asked"]
    for (a, b), (c, d) in pairwise(hull):
        if a <= x <= c:
            return str(energy - b - Fraction((d - b) * (x - a), c - a))
    raise AssertionError("the hull spans all compositions")


def _show_compounds(q: dict) -> dict:
    rows = ", ".join(f"{x} %: {e}" for x, e in q["rows"])
    return {"rows": rows, "x": q["asked"][0], "energy": q["asked"][1]}


_FCC = [
    (plane, direction)
    for plane in ((1, 1, 1), (-1, 1, 1), (1, -1, 1), (1, 1, -1))
    for direction in ((0, 1, -1), (1, 0, -1), (1, -1, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0))
    if not sum(x * y for x, y in zip(plane, direction, strict=True))
]


def _load(draws: Draws, level: int) -> dict | None:
    axis = draws.integers(3, -9 - 4 * level, 9 + 4 * level)
    common = math.gcd(*axis)
    return {"axis": [x // common for x in axis]} if common and len({*map(abs, axis)}) == 3 else None


def _schmid(q: dict) -> list[str]:
    """Greatest |m| sqrt(6) as a fraction, and how many of the twelve systems reach it."""
    axis = q["axis"]
    square = sum(x * x for x in axis)
    values = []
    for plane, direction in _FCC:
        along = sum(x * y for x, y in zip(axis, plane, strict=True))
        across = sum(x * y for x, y in zip(axis, direction, strict=True))
        values.append(Fraction(abs(along * across), square))
    return [str(max(values)), str(values.count(max(values)))]


def _schmid_by_sorting(q: dict) -> list[str]:
    """By symmetry take |u| >= |v| >= |w|: the best system is (1 1 1)-like with one sign turned."""
    u, v, w = sorted(map(abs, q["axis"]), reverse=True)
    best = 0
    systems = []
    for s in (1, -1):
        for t in (1, -1):
            normal = u + s * v + t * w
            systems += [normal * (u - s * v), normal * (u - t * w), normal * (s * v - t * w)]
    best = max(map(abs, systems))
    count = sum(abs(x) == best for x in systems)
    return [str(Fraction(best, u * u + v * v + w * w)), str(count)]


def _neighbourhood(draws: Draws, level: int) -> dict:
    edges = [draws.between(2, 6) for _ in range(3)]
    bottom = 4
    basis = [[draws.below(bottom) for _ in range(3)] for _ in range(1 + level // 2)]
    unique = [list(x) for x in sorted({tuple(b) for b in [[0, 0, 0], *basis]})]
    return {
        "edges": edges,
        "basis": unique,
        "radius": draws.between(4 + level // 3, 8 + level // 2),
    }


def _around(q: dict) -> int:
    """Atoms within the radius of the first atom of a periodic orthorhombic cell."""
    first = q["basis"][0]
    count = 0
    spans = [range(-q["radius"] // a - 2, q["radius"] // a + 3) for a in q["edges"]]
    for atom in q["basis"]:
        for shift in product(*spans):
            parts = zip(q["edges"], shift, atom, first, strict=True)
            square = sum((a * (4 * n + x - y)) ** 2 for a, n, x, y in parts)
            count += 0 < square <= 16 * q["radius"] ** 2
    return count


def _around_by_axes(q: dict) -> int:
    """Count solutions of x^2 + y^2 + z^2 <= r^2 with lists of squares for each axis."""
    limit = 16 * q["radius"] ** 2
    first, total = q["basis"][0], 0
    for atom in q["basis"]:
        lists = []
        for axis, edge in enumerate(q["edges"]):
            offset = edge * (atom[axis] - first[axis])
            squares, n = [], 0
            while (n * 4 * edge - abs(offset)) ** 2 <= limit or n * 4 * edge < abs(offset):
                squares.append((offset + n * 4 * edge) ** 2)
                if n:
                    squares.append((offset - n * 4 * edge) ** 2)
                n += 1
            lists.append([s for s in squares if s <= limit])
        total += sum(a + b + c <= limit for a in lists[0] for b in lists[1] for c in lists[2])
    return total - 1


def _show_neighbours(q: dict) -> dict:
    basis = " ".join("({}/4, {}/4, {}/4)".format(*b) for b in q["basis"])
    return {"edges": " ".join(map(str, q["edges"])), "basis": basis, "radius": q["radius"]}


TASKS = (
    Task(
        id="xtal.density",
        title="Density of a crystal from its cell",
        knob="free angles and elements",
        draw=_filled_cell,
        **measured(_density, "g/cm^3", second=_density_by_determinant),
        show=_show_cell,
        size=lambda q: sum(x != 90 for x in q["angles"]) + len(composition(q["formula"])),
        en=(
            "A cell with the edges {lengths} angstrom and the angles {angles} degrees (alpha, "
            "beta, gamma) holds {units} formula units {formula}. What is the density?",
            "Find the density of {formula}: Z = {units}, a b c = {lengths} angstrom, alpha beta "
            "gamma = {angles} degrees.",
            "Density: {formula}, Z={units}, {lengths} angstrom, {angles} deg",
        ),
        zh=(
            "晶胞边长 {lengths} 埃，角 {angles} 度（alpha、beta、gamma），含 {units} 个 {formula} "
            "化学式单元，密度是多少？",
            "求 {formula} 的密度：Z = {units}，a b c = {lengths} 埃，alpha beta gamma = {angles} "
            "度。",
            "密度：{formula}，Z={units}，{lengths} 埃，{angles} 度",
        ),
    ),
    Task(
        id="xtal.triclinic_spacing",
        title="Spacing of lattice planes in a cell of any shape",
        knob="free angles and size of the indices",
        draw=_planes,
        **measured(_plane_spacing, "Å", second=_plane_spacing_by_vectors),
        show=_show_planes,
        size=lambda q: 2 * sum(x != 90 for x in q["angles"]) + sum(map(abs, q["indices"])),
        en=(
            "What is the spacing of the planes ({indices}) in a cell with a, b, c = {lengths} "
            "angstrom and alpha, beta, gamma = {angles} degrees?",
            "Find d_hkl in angstrom, hkl = {indices}, from the cell {lengths} angstrom, {angles} "
            "degrees.",
            "d({indices}), cell {lengths} angstrom, {angles} deg:",
        ),
        zh=(
            "晶胞 a、b、c = {lengths} 埃，alpha、beta、gamma = {angles} 度，晶面 ({indices}) 的"
            "面间距是多少？",
            "由晶胞 {lengths} 埃、{angles} 度，求 hkl = {indices} 的 d 值（埃）。",
            "d({indices})，晶胞 {lengths} 埃，{angles} 度：",
        ),
    ),
    Task(
        id="xtal.bragg_angle",
        title="Angle of a numbered powder reflection of a cubic crystal",
        knob="number of the reflection",
        draw=_pattern,
        **measured(_two_theta, "deg", second=_two_theta_by_counting),
        show=_show_pattern,
        size=lambda q: q["number"],
        en=(
            "A cubic crystal ({kind}) has a = {edge} pm. With X-rays of {wave} pm, at which angle "
            "2 theta is powder reflection number {number}, counting the allowed ones from the "
            "smallest angle?",
            "Find 2 theta of the line number {number} (extinctions observed) of a {kind} cubic "
            "powder, a = {edge} pm, wavelength {wave} pm.",
            "2 theta, {kind} cubic, a={edge} pm, {wave} pm, line {number}:",
        ),
        zh=(
            "立方晶体（{kind_zh}）a = {edge} pm，X 射线波长 {wave} pm。按角度由小到大数允许的粉末"
            "衍射线，第 {number} 条的 2 theta 是多少？",
            "考虑消光，求{kind_zh}粉末第 {number} 条线的 2 theta，a = {edge} pm，波长 {wave} pm。",
            "2 theta，{kind_zh}，a={edge} pm，{wave} pm，第 {number} 条：",
        ),
    ),
    Task(
        id="xtal.structure_factor",
        title="Structure factor with quarter-turn phases",
        knob="atoms",
        draw=_atoms,
        solve=_structure_factor,
        second=_structure_factor_by_complex,
        answer=Integers(),
        show=_show_atoms,
        en=(
            "Atoms (scattering factor at fractional coordinates): {atoms}. Give the real and the "
            "imaginary part of F = sum f exp(2 pi i (hx + ky + lz)) for h k l = {indices}.",
            "Compute the structure factor F({indices}) of {atoms}; write Re F and Im F, integers.",
            "F({indices}) of {atoms}: Re Im",
        ),
        zh=(
            "原子（散射因子 at 分数坐标）：{atoms}。对 h k l = {indices}，写出 "
            "F = Σ f exp(2 pi i (hx + ky + lz)) 的实部和虚部。",
            "求 {atoms} 的结构因子 F({indices})，写出 Re F 和 Im F（整数）。",
            "{atoms} 的 F({indices})：Re Im",
        ),
    ),
    Task(
        id="xtal.zone_axis",
        title="Zone axis of two lattice planes",
        knob="size of the indices",
        draw=_two_planes,
        solve=_zone_axis,
        second=_zone_axis_by_search,
        answer=Integers(),
        size=lambda q: sum(map(abs, q["one"] + q["other"])),
        en=(
            "Which direction [u v w] do the planes ({one}) and ({other}) share? Smallest integers, "
            "first nonzero one positive.",
            "Find the zone axis of ({one}) and ({other}) as coprime integers with a positive first "
            "nonzero entry.",
            "Zone axis of ({one}), ({other}):",
        ),
        zh=(
            "晶面 ({one}) 与 ({other}) 的公共方向 [u v w] 是什么？用互质整数，首个非零数为正。",
            "求 ({one}) 和 ({other}) 的晶带轴（互质整数，首个非零项为正）。",
            "({one})、({other}) 的晶带轴：",
        ),
    ),
    Task(
        id="xtal.reciprocal_vectors",
        title="Reciprocal lattice vectors",
        knob="size of the components",
        draw=_lattice_vectors,
        solve=_reciprocal,
        second=_reciprocal_by_products,
        answer=RationalGrid(),
        show=_show_vectors,
        size=lambda q: sum(abs(x) for v in q["vectors"] for x in v),
        en=(
            "A lattice has the basis {vectors}. Write its reciprocal vectors a*, b*, c* (a . a* = "
            "1, without 2 pi), one a line, exactly.",
            "Find the dual basis (crystallographers' reciprocal, no 2 pi) of {vectors}; three "
            "rows of fractions.",
            "Reciprocal of {vectors}:",
        ),
        zh=(
            "晶格基矢为 {vectors}。写出倒易基矢 a*、b*、c*（a · a* = 1，不含 2 pi），每行一个，"
            "精确值。",
            "求 {vectors} 的对偶基（晶体学倒易，不含 2 pi），三行分数。",
            "{vectors} 的倒易基：",
        ),
    ),
    Task(
        id="xtal.orbit_sizes",
        version=2,
        title="Number of equivalent positions of points",
        knob="points and operations",
        draw=_several_points,
        solve=lambda q: [_orbit_size(q, point) for point in q["points"]],
        second=lambda q: [_orbit_by_sweeps(q, point) for point in q["points"]],
        answer=Integers(),
        show=_show_orbit,
        en=(
            "The operations {operations} (with lattice translations) generate a group. How many "
            "positions per cell are equivalent to each of {points}, itself included?",
            "Give the multiplicity per unit cell of the points {points} under the group generated "
            "by {operations} modulo the lattice.",
            "Multiplicities of {points} under {operations}:",
        ),
        zh=(
            "操作 {operations}（连同晶格平移）生成一个群。{points} 中每个点各有多少个等效位置"
            "（每胞，含自身）？",
            "求点 {points} 在 {operations} 生成的群（模晶格）下每个晶胞的多重度。",
            "{operations} 下 {points} 的多重度：",
        ),
    ),
    Task(
        id="xtal.energy_above_hull",
        title="Energy of a phase above the convex hull",
        knob="phases",
        draw=_compounds,
        solve=_above_hull,
        second=_above_hull_by_chain,
        answer=Rational(),
        show=_show_compounds,
        en=(
            "Formation energies per atom (meV) of phases of A and B by atomic percent of B: "
            "{rows}; the elements are 0. How far above the convex hull of these is a new phase "
            "with {x} % B and {energy} meV (negative: below)? Exact.",
            "From the hull of {rows} (percent B: meV per atom) and the pure elements at 0, find "
            "energy minus hull at {x} % B for {energy} meV.",
            "Hull of {rows}; {x} %: {energy}; above hull by",
        ),
        zh=(
            "A-B 各相按 B 的原子百分数给出每原子形成能（meV）：{rows}；纯元素为 0。含 {x} % B、"
            "{energy} meV 的新相高出其凸包多少（负值表示在其下）？精确值。",
            "由 {rows}（B 百分数: 每原子 meV）和纯元素 0 构成的凸包，求 {x} % B 处 {energy} meV "
            "减去凸包的值。",
            "{rows} 的凸包；{x} %: {energy}；高出",
        ),
    ),
    Task(
        id="xtal.schmid_factor",
        title="Greatest Schmid factor of a face-centred cubic crystal",
        version=2,
        knob="size of the indices",
        draw=_load,
        solve=_schmid,
        second=_schmid_by_sorting,
        answer=Words(example="2"),
        show=lambda q: {"axis": " ".join(map(str, q["axis"]))},
        size=lambda q: sum(map(abs, q["axis"])),
        en=(
            "A face-centred cubic crystal is pulled along [{axis}]; the slip systems are the "
            "twelve {{111}}<110>. Give the greatest Schmid factor |cos phi cos lambda| times "
            "sqrt(6), as a fraction, and the number of systems that have it.",
            "For tension along [{axis}] of fcc with {{111}}<110> slip, write sqrt(6) times the "
            "maximal |m| exactly, then how many of the 12 systems attain it.",
            "fcc, [{axis}]: sqrt(6) max|m|, number of systems",
        ),
        zh=(
            "面心立方晶体沿 [{axis}] 拉伸，滑移系为十二个 {{111}}<110>。写出最大施密特因子 "
            "|cos phi cos lambda| 乘 sqrt(6) 的分数值，以及达到它的滑移系数目。",
            "沿 [{axis}] 拉伸 fcc（{{111}}<110> 滑移），写出 sqrt(6) 乘最大 |m|（精确），"
            "再写达到该值的滑移系数。",
            "fcc，[{axis}]：sqrt(6) 乘最大 |m|，滑移系数",
        ),
    ),
    Task(
        id="xtal.neighbour_count",
        title="Atoms within a radius in a periodic crystal",
        knob="atoms and radius",
        draw=_neighbourhood,
        solve=_around_by_axes,
        second=_around,
        answer=Integer(),
        show=_show_neighbours,
        size=lambda q: len(q["basis"]) + q["radius"],
        en=(
            "An orthorhombic cell has the edges {edges} angstrom and atoms at {basis}. How many "
            "other atoms of the infinite crystal lie within {radius} angstrom of the first "
            "(distance at most {radius})?",
            "Count the periodic neighbours at a distance d <= {radius} angstrom, d > 0, of the "
            "first listed atom: edges {edges}, atoms {basis}.",
            "Edges {edges}, atoms {basis}: neighbours within {radius}",
        ),
        zh=(
            "正交晶胞边长 {edges} 埃，原子位于 {basis}。无限晶体中距第一个原子不超过 {radius} 埃的"
            "其他原子有多少个？",
            "数出列表中第一个原子在 0 < d <= {radius} 埃内的周期性近邻：边长 {edges}，原子 "
            "{basis}。",
            "边长 {edges}，原子 {basis}：{radius} 内近邻数",
        ),
    ),
)
