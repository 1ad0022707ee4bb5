"""Formulas, elements and ions.

Source: IUPAC periodic table; electroneutrality; the general formula C(n)H(2n+2) lowered by two
hydrogens for each ring and each pi bond. Knob: the number of elements, ions or atoms.
"""

import math

from internbootcamp_env.answers import Integer, Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.elements import (
    ANIONS,
    CATIONS,
    NUMBER,
    SYMBOLS,
    VALENCE_ELECTRONS,
)
from internbootcamp_env.engines.formula import Formula, composition, hill
from internbootcamp_env.task import Task


def _some_elements(draws: Draws, level: int) -> list[str]:
    return draws.sample(SYMBOLS[: min(118, 36 + 9 * level)], 1 + level)


def _unit(ion: str, count: int) -> str:
    if count == 1:
        return ion
    single = ion in NUMBER
    return f"{ion}{count}" if single else f"({ion}){count}"


def salt(cation: str, anion: str) -> str:
    """Write the neutral formula of two ions with the charges of the tables."""
    positive, negative = CATIONS[cation], ANIONS[anion]
    common = math.gcd(positive, negative)
    return _unit(cation, negative // common) + _unit(anion, positive // common)


def _ion_pairs(draws: Draws, level: int) -> dict:
    pairs = [[draws.pick(list(CATIONS)), draws.pick(list(ANIONS))] for _ in range(level)]
    return {"pairs": pairs}


def _charged(question: dict) -> dict:
    shown = [
        f"{cation}({CATIONS[cation]}+) {anion}({ANIONS[anion]}-)"
        for cation, anion in question["pairs"]
    ]
    return {"pairs": "; ".join(shown)}


def _salts(question: dict) -> list[str]:
    return [salt(*pair) for pair in question["pairs"]]


def _salts_by_search(question: dict) -> list[str]:
    found = []
    for cation, anion in question["pairs"]:
        m, n = min(
            (m, n)
            for m in range(1, 9)
            for n in range(1, 9)
            if m * CATIONS[cation] == n * ANIONS[anion]
        )
        found.append(_unit(cation, m) + _unit(anion, n))
    return found


def _nested_formula(draws: Draws, level: int) -> dict:
    ions = draws.sample(list(ANIONS), 1 + level // 3)
    cations = draws.sample(list(CATIONS), 1 + level // 4)
    parts = [_unit(ion, draws.between(1, 9)) for ion in cations + ions]
    if level > 2:
        parts.append(f"(H2O){draws.between(2, 12)}")
    formula = "".join(parts)
    return {"formula": formula, "element": draws.pick(sorted(composition(formula)))}


def _expanded_count(question: dict) -> int:
    """Count an element by writing every bracket out."""
    text = question["formula"]
    total, place, times = 0, len(text), 1
    number = ""
    while place:
        place -= 1
        mark = text[place]
        if mark.isdigit():
            number = mark + number
        elif mark == ")":
            times, number = int(number or 1), ""
        elif mark == "(":
            times, number = 1, ""
        elif mark.islower():
            place -= 1
            count, number = int(number or 1), ""
            total += times * count * (text[place : place + 2] == question["element"])
        else:
            count, number = int(number or 1), ""
            total += times * count * (mark == question["element"])
    return total


def _hydrocarbon(draws: Draws, level: int) -> dict:
    features = {
        "rings": draws.between(0, 4 + level // 3),
        "double": draws.between(0, 4 + level // 3),
        "triple": draws.between(0, 3 + level // 4),
    }
    least = 6 + 2 * sum(features.values())
    return {"carbons": draws.between(least, least + 90 + 20 * level), **features}


def _hydrogens(question: dict) -> str:
    lost = 2 * (question["rings"] + question["double"] + 2 * question["triple"])
    carbons = question["carbons"]
    return hill({"C": carbons, "H": 2 * carbons + 2 - lost})


def _organic_formula(draws: Draws, level: int) -> dict | None:
    degree = draws.between(0, 8 + level // 2)
    carbons = draws.between(degree + 3 + level, degree + 20 + 6 * level)
    nitrogens = draws.between(0, min(4, carbons // 3))
    halogens = draws.between(0, 1 + level // 3)
    hydrogens = 2 * carbons + 2 + nitrogens - halogens - 2 * degree
    if hydrogens < 1:
        return None
    counts = {"C": carbons, "H": hydrogens, "N": nitrogens, "Cl": halogens}
    counts["O"] = draws.between(0, 7 + level // 2)
    return {"formula": hill({element: n for element, n in counts.items() if n})}


def _unsaturation(question: dict) -> int:
    counts = composition(question["formula"])
    monovalent = counts.get("H", 0) + counts.get("Cl", 0)
    return (2 * counts["C"] + 2 + counts.get("N", 0) - monovalent) // 2


def _unsaturation_by_bonds(question: dict) -> int:
    """Half the bond ends that remain after a tree of single bonds is built."""
    valence = {"C": 4, "N": 3, "O": 2, "H": 1, "Cl": 1}
    counts = composition(question["formula"])
    ends = sum(valence[element] * n for element, n in counts.items())
    return ends // 2 - (sum(counts.values()) - 1)


def _valence_question(draws: Draws, level: int) -> dict:
    carbons = draws.between(1, 6 + 3 * level)
    counts = {"C": carbons, "H": draws.between(1, 2 * carbons + 2)}
    counts |= {element: draws.between(0, 3 + level // 3) for element in ("N", "O", "S", "Cl")}
    formula = hill({element: n for element, n in counts.items() if n})
    return {"formula": formula, "charge": draws.between(-2, 2)}


def _electrons(question: dict) -> int:
    counts = composition(question["formula"])
    return sum(VALENCE_ELECTRONS[e] * n for e, n in counts.items()) - question["charge"]


def _show_charge(question: dict) -> dict:
    charge = question["charge"]
    return {"species": question["formula"], "charge": f"{charge:+d}" if charge else "0"}


TASKS = (
    Task(
        id="chem.atomic_numbers",
        title="Atomic numbers of elements",
        knob="elements",
        draw=lambda d, level: {"symbols": _some_elements(d, level)},
        solve=lambda q: [NUMBER[symbol] for symbol in q["symbols"]],
        second=lambda q: [SYMBOLS.index(symbol) + 1 for symbol in q["symbols"]],
        answer=Integers(),
        en=(
            "Write the atomic numbers of {symbols}, in this order.",
            "How many protons do atoms of {symbols} have? Answer in the order given.",
            "Atomic numbers: {symbols}",
        ),
        zh=(
            "按顺序写出 {symbols} 的原子序数。",
            "{symbols} 的原子各有多少个质子？按所给顺序作答。",
            "原子序数：{symbols}",
        ),
    ),
    Task(
        id="chem.element_symbols",
        title="Symbols of elements given by atomic number",
        knob="elements",
        draw=lambda d, level: {"numbers": [NUMBER[s] for s in _some_elements(d, level)]},
        solve=lambda q: [SYMBOLS[number - 1] for number in q["numbers"]],
        answer=Words(example="Xx"),
        en=(
            "Write the symbols of the elements with the atomic numbers {numbers}, in this order.",
            "Which elements have {numbers} protons? Give their symbols in order.",
            "Symbols: {numbers}",
        ),
        zh=(
            "按顺序写出原子序数为 {numbers} 的元素符号。",
            "质子数为 {numbers} 的是哪些元素？依次写出符号。",
            "元素符号：{numbers}",
        ),
    ),
    Task(
        id="chem.count_atoms",
        title="Atoms of one element in a formula",
        knob="groups in the formula",
        draw=_nested_formula,
        solve=lambda q: composition(q["formula"])[q["element"]],
        second=_expanded_count,
        answer=Integer(),
        ways=8,
        en=(
            "How many {element} atoms are in {formula}?",
            "Count the atoms of {element} in one formula unit of {formula}.",
            "{element} in {formula}:",
        ),
        zh=(
            "{formula} 中有多少个 {element} 原子？",
            "数一数一个 {formula} 单元中 {element} 的原子数。",
            "{formula} 中的 {element}：",
        ),
    ),
    Task(
        id="chem.salt_formula",
        title="Formulas of salts from their ions",
        knob="salts",
        draw=_ion_pairs,
        solve=_salts,
        second=_salts_by_search,
        answer=Words(example="NaCl2"),
        show=_charged,
        en=(
            "Write the neutral formula, cation first and charges left out, that these ions form "
            "(one for each pair): {pairs}",
            "Which salts do these pairs of ions make? Put groups taken several times in round "
            "brackets: {pairs}",
            "Salt: {pairs}",
        ),
        zh=(
            "写出每对离子形成的中性化学式（阳离子在前，不写电荷）：{pairs}",
            "下列离子对各形成什么盐？重复的原子团加圆括号：{pairs}",
            "盐：{pairs}",
        ),
    ),
    Task(
        id="chem.hydrocarbon_formula",
        title="Formula of a hydrocarbon from its rings and multiple bonds",
        knob="carbons",
        draw=_hydrocarbon,
        solve=_hydrogens,
        answer=Formula(),
        en=(
            "A hydrocarbon has {carbons} carbon atoms, {rings} rings, {double} double bonds and "
            "{triple} triple bonds. What is its molecular formula?",
            "Give the formula of a hydrocarbon with {carbons} carbons whose structure has {rings} "
            "rings, {double} C=C and {triple} C#C bonds.",
            "Hydrocarbon C{carbons}, rings {rings}, double {double}, triple {triple}:",
        ),
        zh=(
            "某烃有 {carbons} 个碳原子、{rings} 个环、{double} 个双键、{triple} 个三键，"
            "分子式是什么？",
            "写出含 {carbons} 个碳、{rings} 个环、{double} 个 C=C、{triple} 个 C#C 的烃的分子式。",
            "烃 C{carbons}，环 {rings}，双键 {double}，三键 {triple}：",
        ),
    ),
    Task(
        id="chem.unsaturation",
        title="Degree of unsaturation of a formula",
        knob="atoms",
        draw=_organic_formula,
        solve=_unsaturation,
        second=_unsaturation_by_bonds,
        answer=Integer(),
        ways=lambda level: 9 + level // 2,
        size=lambda q: sum(composition(q["formula"]).values()),
        en=(
            "What is the degree of unsaturation (rings plus pi bonds) of {formula}?",
            "How many rings and pi bonds together does a compound {formula} have?",
            "Unsaturation: {formula}",
        ),
        zh=(
            "{formula} 的不饱和度（环数加 π 键数）是多少？",
            "化合物 {formula} 的环与 π 键共有多少个？",
            "不饱和度：{formula}",
        ),
    ),
    Task(
        id="chem.valence_electrons",
        title="Valence electrons of a molecule or ion",
        knob="atoms",
        draw=_valence_question,
        solve=_electrons,
        answer=Integer(),
        show=_show_charge,
        en=(
            "How many valence electrons does {species} with total charge {charge} have?",
            "Count the outer-shell electrons for a Lewis structure of {species}, charge {charge}.",
            "Valence electrons: {species}, charge {charge}",
        ),
        zh=(
            "总电荷为 {charge} 的 {species} 有多少个价电子？",
            "画 {species}（电荷 {charge}）的路易斯结构需要多少个外层电子？",
            "价电子：{species}，电荷 {charge}",
        ),
    ),
)
