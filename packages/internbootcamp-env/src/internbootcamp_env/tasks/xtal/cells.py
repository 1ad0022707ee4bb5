"""Crystals: Miller indices, plane spacings, cells, densities of packing.

Source: textbook crystallography. All answers are exact integers or fractions. Knob: the size of
the indices or the number of sites.
"""

from fractions import Fraction
from math import gcd, lcm

from internbootcamp_env.answers import Integer, Integers, Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_SHARES = {"corner": 8, "edge": 4, "face": 2, "body": 1}
_PLACES = {"corner": 8, "edge": 12, "face": 6, "body": 9}
_PLACES_ZH = {"corner": "顶角", "edge": "棱心", "face": "面心", "body": "体内"}
_ELEMENTS = ("Na", "Cl", "Ca", "Ti", "O", "Zn", "S", "Cs", "F", "Cu", "Al", "Mg", "Si", "Sr")


def _intercepts(draws: Draws, level: int) -> dict | None:
    top = 6 + 2 * level
    parts = [Fraction(draws.between(1, top), draws.between(1, 2 + level)) for _ in range(3)]
    signed = [part * draws.pick((1, 1, -1)) for part in parts]
    texts = [str(part) for part in signed]
    if draws.chance(1, 4):
        texts[draws.below(3)] = "inf"
    return {"intercepts": texts}


def _miller(question: dict) -> list[int]:
    inverse = [Fraction(0) if t == "inf" else 1 / Fraction(t) for t in question["intercepts"]]
    scale = lcm(*(part.denominator for part in inverse))
    whole = [int(part * scale) for part in inverse]
    common = gcd(*whole)
    return [index // common for index in whole]


def _miller_by_search(question: dict) -> list[int]:
    """Try multiples of the first finite intercept's index until all are whole."""
    finite = [(i, Fraction(t)) for i, t in enumerate(question["intercepts"]) if t != "inf"]
    first = finite[0][1]
    for h in range(1, 200_000):
        found = [Fraction(0)] * 3
        for i, value in finite:
            found[i] = h * abs(first) / value
        if all(part.denominator == 1 for part in found):
            return [int(part) for part in found]
    raise AssertionError("the search is long enough for the drawn intercepts")


def _cubic(draws: Draws, level: int) -> dict | None:
    indices = draws.integers(3, -1 - level, 1 + level)
    return {"edge": draws.between(200, 900), "indices": indices} if any(indices) else None


def _spacing(question: dict) -> str:
    return str(Fraction(question["edge"] ** 2, sum(i * i for i in question["indices"])))


def _orthorhombic(draws: Draws, level: int) -> dict | None:
    indices = draws.integers(3, 0, 1 + level)
    edges = draws.integers(3, 2, 12)
    return {"edges": edges, "indices": indices} if any(indices) else None


def _inverse_spacing(question: dict) -> str:
    pairs = zip(question["indices"], question["edges"], strict=True)
    return str(sum(Fraction(h * h, a * a) for h, a in pairs))


def _sites(draws: Draws, level: int) -> dict:
    elements = draws.sample(_ELEMENTS, 2 + level // 4)
    sites = [[element, "body", draws.between(1, 9)] for element in elements]
    for _ in range(1 + level // 2):
        place = draws.pick(("corner", "edge", "face"))
        share = _SHARES[place]
        # Whole sets only, so that every element comes out whole.
        sites.append([draws.pick(elements), place, share * draws.between(1, 12 // share or 1)])
    return {"sites": draws.shuffled(sites)}


def _cell_counts(question: dict) -> list[str]:
    totals: dict[str, Fraction] = {}
    for element, place, count in question["sites"]:
        share = Fraction(count, _SHARES[place])
        totals[element] = totals.get(element, Fraction(0)) + share
    return [f"{element}{totals[element]}" for element in sorted(totals)]


def _cell_counts_by_eighths(question: dict) -> list[str]:
    """Count in eighths of an atom."""
    eighths = {"corner": 1, "edge": 2, "face": 4, "body": 8}
    names = sorted({element for element, _, _ in question["sites"]})
    return [
        f"{name}{sum(n * eighths[place] for e, place, n in question['sites'] if e == name) // 8}"
        for name in names
    ]


def _show_sites(question: dict) -> dict:
    english = [f"{n} {element} ({place})" for element, place, n in question["sites"]]
    chinese = [f"{n} {element}（{_PLACES_ZH[place]}）" for element, place, n in question["sites"]]
    return {"sites": ", ".join(english), "sites_zh": "、".join(chinese)}


def _metric(draws: Draws, level: int) -> dict:
    top = 3 + level
    return {"vectors": [draws.integers(3, -top, top) for _ in range(3)]}


def _volume(question: dict) -> int:
    (a, b, c), (d, e, f), (g, h, i) = question["vectors"]
    return abs(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))


def _volume_by_rows(question: dict) -> int:
    a, b, c = question["vectors"]
    across = [b[1] * c[2] - b[2] * c[1], b[2] * c[0] - b[0] * c[2], b[0] * c[1] - b[1] * c[0]]
    return abs(sum(x * y for x, y in zip(a, across, strict=True)))


def _nonzero_cell(draws: Draws, level: int) -> dict | None:
    question = _metric(draws, level)
    return question if _volume(question) else None


def _show_vectors(question: dict) -> dict:
    return {"vectors": " ".join("({},{},{})".format(*v) for v in question["vectors"])}


def _fractional(draws: Draws, level: int) -> dict:
    bottom = draws.between(2, 4 + level)
    start = [f"{draws.below(bottom)}/{bottom}" for _ in range(3)]
    steps = [
        [draws.pick(("x", "-x", "y", "-y", "z", "-z")) for _ in range(3)]
        for _ in range(1 + level // 2)
    ]
    shifts = [f"{draws.below(4)}/4" for _ in range(3)]
    return {"start": start, "steps": steps, "shift": shifts}


def _image(question: dict) -> list[str]:
    point = [Fraction(text) for text in question["start"]]
    for step in question["steps"]:
        point = [point["xyz".index(part[-1])] * (-1 if part[0] == "-" else 1) for part in step]
    shift = [Fraction(text) for text in question["shift"]]
    return [str((p + s) % 1) for p, s in zip(point, shift, strict=True)]


def _show_operations(question: dict) -> dict:
    operations = [",".join(step) for step in question["steps"]]
    return {
        "start": ",".join(question["start"]),
        "steps": "; ".join(operations),
        "shift": ",".join(question["shift"]),
    }


TASKS = (
    Task(
        id="xtal.miller_indices",
        title="Miller indices from intercepts",
        knob="size of the intercepts",
        draw=_intercepts,
        solve=_miller,
        second=_miller_by_search,
        wrong=lambda q, a, d: [" ".join(str(2 * x) for x in a)],
        answer=Integers(),
        size=lambda q: sum(len(t) for t in q["intercepts"]) + sum(map(abs, _miller(q))),
        en=(
            "A plane cuts the axes a, b, c at {intercepts} (in units of the cell edges; inf: "
            "parallel). Give its Miller indices h k l, coprime and with the signs of the "
            "intercepts.",
            "Find the Miller indices (smallest integers, signs as the intercepts) of the plane "
            "with the intercepts {intercepts}.",
            "Miller indices of {intercepts}:",
        ),
        zh=(
            "晶面在 a、b、c 轴上的截距为 {intercepts}（以晶胞边长为单位，inf 表示平行）。"
            "写出互质且与截距同号的密勒指数 h k l。",
            "求截距为 {intercepts} 的晶面的密勒指数（最小整数，符号同截距）。",
            "{intercepts} 的密勒指数：",
        ),
    ),
    Task(
        id="xtal.cubic_spacing",
        title="Squared plane spacing of a cubic crystal",
        knob="size of the indices",
        draw=_cubic,
        solve=_spacing,
        answer=Rational(),
        size=lambda q: sum(map(abs, q["indices"])),
        en=(
            "A cubic cell has the edge {edge} pm. What is the square of the spacing of the "
            "planes ({indices}), exactly, in pm^2?",
            "Find d^2 in pm^2 for the planes h k l = {indices} of a cubic crystal with a = {edge} "
            "pm.",
            "d^2, cubic a={edge} pm, hkl {indices}:",
        ),
        zh=(
            "立方晶胞边长 {edge} pm，晶面 ({indices}) 面间距的平方精确值是多少 pm^2？",
            "立方晶体 a = {edge} pm，求 h k l = {indices} 晶面的 d^2（pm^2）。",
            "d^2，立方 a={edge} pm，hkl {indices}：",
        ),
    ),
    Task(
        id="xtal.orthorhombic_spacing",
        title="Inverse squared plane spacing of an orthorhombic crystal",
        knob="size of the indices",
        draw=_orthorhombic,
        solve=_inverse_spacing,
        answer=Rational(),
        size=lambda q: sum(q["indices"]),
        en=(
            "An orthorhombic cell has the edges {edges} (in angstrom, a b c). What is 1/d^2 for "
            "the planes ({indices}), exactly, in 1/angstrom^2?",
            "Find 1/d^2 for h k l = {indices} when a b c = {edges} angstrom and all angles are "
            "right.",
            "1/d^2, abc {edges}, hkl {indices}:",
        ),
        zh=(
            "正交晶胞边长 a b c 为 {edges}（埃），晶面 ({indices}) 的 1/d^2 是多少（1/埃^2）？",
            "a b c = {edges} 埃且各角为直角，求 h k l = {indices} 的 1/d^2。",
            "1/d^2，abc {edges}，hkl {indices}：",
        ),
    ),
    Task(
        id="xtal.cell_contents",
        title="Atoms per unit cell from shared sites",
        knob="sites",
        draw=_sites,
        solve=_cell_counts,
        second=_cell_counts_by_eighths,
        answer=Words(example="Xe9"),
        show=_show_sites,
        en=(
            "A unit cell shows these atoms (corner atoms are shared by 8 cells, edge atoms by 4, "
            "face atoms by 2): {sites}. Write each element, in alphabetical order, with its "
            "number per cell, as in Ca1 O2.",
            "Count the atoms that belong to one cell: {sites}. Answer like Ca1 O2, elements in "
            "alphabetical order (corner 1/8, edge 1/4, face 1/2, body 1).",
            "Cell contents: {sites}",
        ),
        zh=(
            "晶胞中有这些原子（顶角被 8 个晶胞共用，棱心 4 个，面心 2 个）：{sites_zh}。"
            "按字母顺序写出每种元素及每胞原子数，如 Ca1 O2。",
            "计算属于一个晶胞的原子：{sites_zh}。按字母顺序作答，如 Ca1 O2（顶角 1/8，棱心 1/4，"
            "面心 1/2，体内 1）。",
            "晶胞内容：{sites_zh}",
        ),
    ),
    Task(
        id="xtal.cell_volume",
        title="Volume of a cell given by three vectors",
        knob="size of the components",
        draw=_nonzero_cell,
        solve=_volume,
        second=_volume_by_rows,
        answer=Integer(),
        show=_show_vectors,
        size=lambda q: sum(abs(x) for v in q["vectors"] for x in v),
        en=(
            "What is the volume of the cell spanned by the vectors {vectors}?",
            "Find the volume (a positive number) of the parallelepiped with the edge vectors "
            "{vectors}.",
            "Cell volume: {vectors}",
        ),
        zh=(
            "由向量 {vectors} 张成的晶胞体积是多少？",
            "求棱向量为 {vectors} 的平行六面体的体积（正数）。",
            "晶胞体积：{vectors}",
        ),
    ),
    Task(
        id="xtal.symmetry_image",
        title="Image of a point under symmetry operations",
        knob="operations",
        draw=_fractional,
        solve=_image,
        answer=Words(example="1/7"),
        show=_show_operations,
        en=(
            "Apply to the fractional coordinates ({start}) the operations {steps} one after the "
            "other (each names the new x,y,z in terms of the old), then add ({shift}) and bring "
            "each coordinate into [0, 1). Write fractions in lowest terms.",
            "Start at ({start}); operations in order: {steps}; translation ({shift}); reduce "
            "modulo 1. Where does the point end? Use fractions in lowest terms.",
            "Image of {start} under {steps} + {shift}:",
        ),
        zh=(
            "对分数坐标 ({start}) 依次施行操作 {steps}（各操作用旧坐标表示新的 x,y,z），再加上 "
            "({shift})，并把各坐标化到 [0, 1)。用最简分数表示。",
            "从 ({start}) 出发，依次操作：{steps}；平移 ({shift})；模 1。该点到哪里？用最简分数。",
            "{start} 经 {steps} + {shift} 的像：",
        ),
    ),
)
