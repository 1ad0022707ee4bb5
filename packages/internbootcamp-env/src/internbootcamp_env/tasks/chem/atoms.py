"""Atoms and the shapes of molecules: shells, isotopes, VSEPR, crystal fields, polymers.

Source: the Madelung rule; VSEPR (Gillespie and Nyholm); isotope odds as supposed in the prompts;
crystal-field splitting of octahedra. Knob: the number of species.
"""

import math
from fractions import Fraction
from itertools import combinations

from internbootcamp_env.answers import Integers, Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.elements import NUMBER, SYMBOLS
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task

_SHELLS = sorted(((n, k) for n in range(1, 9) for k in range(n)), key=lambda s: (sum(s), s[0]))


def _fill(electrons: int) -> list[tuple[int, str, int]]:
    """Fill subshells by the Madelung rule: (n, letter, electrons) in order of filling."""
    filled = []
    for n, k in _SHELLS:
        if not electrons:
            break
        here = min(electrons, 4 * k + 2)
        filled.append((n, "spdfghij"[k], here))
        electrons -= here
    return filled


def _last_subshells(q: dict) -> list[str]:
    found = []
    for symbol in q["symbols"]:
        n, letter, count = _fill(NUMBER[symbol])[-1]
        found.append(f"{n}{letter}{count}")
    return found


def _last_subshells_by_blocks(q: dict) -> list[str]:
    """Walk the periodic table: each period n holds ns, (n-2)f, (n-1)d, np."""
    words = []
    for symbol in q["symbols"]:
        left, period = NUMBER[symbol], 1
        while True:
            blocks = [(period, "s", 2)]
            blocks += [(period - 2, "f", 14)] if period >= 6 else []
            blocks += [(period - 1, "d", 10)] if period >= 4 else []
            blocks += [(period, "p", 6)] if period >= 2 else []
            ends = [sum(x[2] for x in blocks[: k + 1]) for k in range(len(blocks))]
            hit = next((b for b, end in zip(blocks, ends, strict=True) if left <= end), None)
            if hit:
                before = sum(x[2] for x in blocks[: blocks.index(hit)])
                words.append(f"{hit[0]}{hit[1]}{left - before}")
                break
            left, period = left - sum(x[2] for x in blocks), period + 1
    return words


_SHAPES = {
    (2, 0): "linear", (3, 0): "trigonal-planar", (2, 1): "bent", (4, 0): "tetrahedral",
    (3, 1): "trigonal-pyramidal", (2, 2): "bent", (5, 0): "trigonal-bipyramidal",
    (4, 1): "seesaw", (3, 2): "T-shaped", (2, 3): "linear", (6, 0): "octahedral",
    (5, 1): "square-pyramidal", (4, 2): "square-planar",
}  # fmt: skip
_CENTRES = {"B": 3, "Al": 3, "C": 4, "Si": 4, "Ge": 4, "Sn": 4, "N": 5, "P": 5, "As": 5, "Sb": 5,
            "S": 6, "Se": 6, "Te": 6, "Cl": 7, "Br": 7, "I": 7, "Kr": 8, "Xe": 8}  # fmt: skip
_SMALL = ("B", "C", "N")


def _species(draws: Draws) -> list:
    """A species AX_n of one-electron ligands with a charge and whole lone pairs."""
    while True:
        centre, ligand = draws.pick(list(_CENTRES)), draws.pick(("F", "Cl", "F", "H"))
        ligands, charge = draws.between(2, 6), draws.pick((-1, 0, 0, 1))
        left = _CENTRES[centre] - charge - ligands
        if left < 0 or left % 2 or (ligands, left // 2) not in _SHAPES:
            continue
        if ligands + left // 2 > 4 and (centre in _SMALL or ligand == "H"):
            continue
        return [centre, ligand, ligands, charge]


def _geometry(q: dict) -> list[str]:
    return [_SHAPES[n, (_CENTRES[a] - c - n) // 2] for a, _, n, c in q["species"]]


def _geometry_by_pairs(q: dict) -> list[str]:
    """Count all valence electrons, give each halogen its three pairs, the rest to the centre."""
    names = []
    for a, x, n, charge in q["species"]:
        total = _CENTRES[a] + n * (1 if x == "H" else 7) - charge
        lone = (total - 2 * n - (0 if x == "H" else 6 * n)) // 2
        names.append(next(name for (b, e), name in _SHAPES.items() if (b, e) == (n, lone)))
    return names


def _show_species(q: dict) -> dict:
    signs = {0: "", 1: "+", -1: "-"}
    return {"species": ", ".join(f"{a}{x}{n}{signs[c]}" for a, x, n, c in q["species"])}


_ISOTOPES = ("Cl", "Br", "B", "Cu", "Ga", "Ag")


def _halides(draws: Draws, level: int) -> dict:
    kinds = draws.sample(_ISOTOPES, 2 + min(2, level // 3))
    atoms = [[kind, draws.between(1, 3 + level // 3), draws.between(1, 19)] for kind in kinds]
    total = sum(n for _, n, _ in atoms)
    return {"atoms": atoms, "heavy": draws.between(0, min(total, 3))}


def _isotope_share(q: dict) -> str:
    """Chance that exactly `heavy` atoms are the heavy isotope; odds light : heavy = odds : 1."""
    table = [Fraction(1)]
    for _, count, odds in q["atoms"]:
        for _ in range(count):
            light = Fraction(odds, odds + 1)
            table = [
                (table[k] * light if k < len(table) else 0)
                + (table[k - 1] * (1 - light) if k else 0)
                for k in range(len(table) + 1)
            ]
    return str(table[q["heavy"]])


def _isotope_share_by_sets(q: dict) -> str:
    odds = [o for _, count, o in q["atoms"] for _ in range(count)]
    total = Fraction(0)
    for heavy in combinations(range(len(odds)), q["heavy"]):
        total += math.prod(odds[k] for k in range(len(odds)) if k not in heavy)
    return str(total / math.prod(o + 1 for o in odds))


def _show_halides(q: dict) -> dict:
    listed = "; ".join(f"{n} atoms of element {e}, light:heavy = {o}:1" for e, n, o in q["atoms"])
    listed_zh = "；".join(f"元素 {e} {n} 个，轻:重 = {o}:1" for e, n, o in q["atoms"])
    return {"atoms": listed, "atoms_zh": listed_zh, "heavy": q["heavy"]}


_OXIDATION = {"Ti": (2, 3), "V": (2, 3), "Cr": (2, 3), "Mn": (2, 3, 4), "Fe": (2, 3), "Co": (2, 3),
              "Ni": (2,), "Cu": (2,), "Ru": (2, 3), "Rh": (3,), "Os": (2, 3),
              "Ir": (3,)}  # fmt: skip
_GROUP = {"Ti": 4, "V": 5, "Cr": 6, "Mn": 7, "Fe": 8, "Co": 9, "Ni": 10, "Cu": 11, "Ru": 8,
          "Rh": 9, "Os": 8, "Ir": 9}  # fmt: skip


def _complexes(draws: Draws, level: int) -> dict:
    listed = []
    for _ in range(2 + level // 2):
        metal = draws.pick(list(_OXIDATION))
        listed.append([metal, draws.pick(_OXIDATION[metal]), draws.pick(("high", "low"))])
    return {"complexes": listed}


def _crystal_field(q: dict) -> list[int]:
    """For each octahedral complex: unpaired electrons, stabilisation in tenths of Delta_o."""
    found = []
    for metal, state, spin in q["complexes"]:
        d = _GROUP[metal] - state
        if spin == "low":
            lower, upper = min(d, 6), max(0, d - 6)
        else:
            lower = min(d, 3) + max(0, min(d - 5, 3))
            upper = d - lower
        unpaired = (lower if lower <= 3 else 6 - lower) + (upper if upper <= 2 else 4 - upper)
        found += [unpaired, 4 * lower - 6 * upper]
    return found


def _crystal_field_by_orbitals(q: dict) -> list[int]:
    """Place electron after electron where it costs least (pairing dear or cheap)."""
    results = []
    for metal, state, spin in q["complexes"]:
        orbitals = [[0, -4], [0, -4], [0, -4], [0, 6], [0, 6]]
        pairing = 1 if spin == "low" else 100
        for _ in range(_GROUP[metal] - state):
            free = [o for o in orbitals if o[0] < 2]
            chosen = min(free, key=lambda o: o[1] + (pairing if o[0] else 0))
            chosen[0] += 1
        results.append(sum(o[0] == 1 for o in orbitals))
        results.append(-sum(o[0] * o[1] for o in orbitals))
    return results


def _show_complexes(q: dict) -> dict:
    zh = {"high": "高自旋", "low": "低自旋"}
    return {
        "complexes": ", ".join(f"{m}({s}+) {spin}-spin" for m, s, spin in q["complexes"]),
        "complexes_zh": "、".join(f"{m}({s}+) {zh[spin]}" for m, s, spin in q["complexes"]),
    }


def _fractions(draws: Draws, level: int) -> dict:
    return {
        "chains": [[draws.between(1, 20), draws.between(5, 400)] for _ in range(2 + level // 2)]
    }


def _averages(q: dict) -> list[str]:
    number = sum(n for n, _ in q["chains"])
    first = sum(n * m for n, m in q["chains"])
    second = sum(n * m * m for n, m in q["chains"])
    return [str(Fraction(first, number)), str(Fraction(second, first)),
            str(Fraction(second * number, first * first))]  # fmt: skip


def _averages_by_weights(q: dict) -> list[str]:
    """From weight fractions: Mw = sum w M, 1/Mn = sum w/M."""
    whole = sum(n * m for n, m in q["chains"])
    weights = [(Fraction(n * m, whole), m) for n, m in q["chains"]]
    mw = sum(w * m for w, m in weights)
    mn = 1 / sum(w / m for w, m in weights)
    return [str(mn), str(mw), str(mw / mn)]


TASKS = (
    Task(
        id="chem.last_subshell",
        title="Subshell filled last by the Madelung rule",
        knob="elements",
        draw=lambda d, level: (
            {"symbols": d.sample(SYMBOLS, 1 + level)}
            if level > 1
            else {"symbols": d.sample(SYMBOLS, 3)}
        ),
        solve=_last_subshells,
        second=_last_subshells_by_blocks,
        answer=Words(example="9s3"),
        en=(
            "Fill the electrons of neutral {symbols} strictly by the Madelung (n + l) rule, "
            "without "
            "exceptions. Write for each element the subshell that is filled last with its "
            "electrons, as in 3d6.",
            "By the n + l rule (no exceptions), which subshell receives the last electron of "
            "{symbols}, and how many electrons has it then? Answer like 4p3, in order.",
            "Last subshell (like 4p3): {symbols}",
        ),
        zh=(
            "严格按 n + l 规则（不考虑例外）填充中性原子 {symbols} 的电子，依次写出最后填入的亚层"
            "及其电子数，如 3d6。",
            "按马德隆规则（无例外），{symbols} 的最后一个电子进入哪个亚层，该亚层有几个电子？"
            "依次写成 4p3 的形式。",
            "最后的亚层（如 4p3）：{symbols}",
        ),
    ),
    Task(
        id="chem.vsepr_shapes",
        title="Shapes of molecules by counting pairs",
        knob="species",
        draw=lambda d, level: {"species": [_species(d) for _ in range(3 + level)]},
        solve=_geometry,
        second=_geometry_by_pairs,
        answer=Words(example="cubic"),
        show=_show_species,
        en=(
            "Predict by VSEPR the shape (positions of the atoms) of each of {species}: linear, "
            "bent, trigonal-planar, trigonal-pyramidal, T-shaped, tetrahedral, seesaw, "
            "square-planar, trigonal-bipyramidal, square-pyramidal or octahedral. Some species "
            "are hypothetical.",
            "Name the VSEPR geometry of {species} in order; allowed words: linear bent "
            "trigonal-planar trigonal-pyramidal T-shaped tetrahedral seesaw square-planar "
            "trigonal-bipyramidal square-pyramidal octahedral.",
            "VSEPR shapes (linear, bent, T-shaped, trigonal-/square-planar, "
            "trigonal-/square-pyramidal, tetrahedral, seesaw, trigonal-bipyramidal, octahedral): "
            "{species}",
        ),
        zh=(
            "用 VSEPR 依次预测 {species} 的分子形状：linear（直线）、bent（V 形）、"
            "trigonal-planar、trigonal-pyramidal、T-shaped、tetrahedral、seesaw、square-planar、"
            "trigonal-bipyramidal、square-pyramidal 或 octahedral。有些物种是假想的。",
            "按价层电子对互斥理论写出 {species} 的几何构型，可用词：linear bent trigonal-planar "
            "trigonal-pyramidal T-shaped tetrahedral seesaw square-planar trigonal-bipyramidal "
            "square-pyramidal octahedral。",
            "VSEPR 构型（linear、bent、T-shaped、trigonal-planar 等英文词）：{species}",
        ),
    ),
    Task(
        id="chem.isotope_pattern",
        title="Share of molecules with a number of heavy isotopes",
        knob="atoms",
        draw=_halides,
        solve=_isotope_share,
        second=_isotope_share_by_sets,
        answer=Rational(),
        show=_show_halides,
        size=lambda q: sum(n for _, n, _ in q["atoms"]) + len(q["atoms"]),
        en=(
            "A molecule has {atoms} (odds of the two isotopes of each element; suppose these "
            "odds). "
            "What is the exact probability that exactly {heavy} of its atoms are heavy isotopes?",
            "With the isotope odds {atoms}, which fraction of the molecules contains exactly "
            "{heavy} heavy atoms in all?",
            "{atoms}: chance of exactly {heavy} heavy",
        ),
        zh=(
            "某分子含 {atoms_zh}（各元素两种同位素之比，按此假设）。恰有 {heavy} 个原子为重同位素的"
            "概率精确值是多少？",
            "设同位素比为 {atoms_zh}，恰含 {heavy} 个重原子的分子占多大比例？",
            "{atoms_zh}：恰有 {heavy} 个重同位素的概率",
        ),
    ),
    Task(
        id="chem.crystal_field",
        title="Unpaired electrons and stabilisation of octahedral complexes",
        knob="complexes",
        draw=_complexes,
        solve=_crystal_field,
        second=_crystal_field_by_orbitals,
        answer=Integers(),
        show=_show_complexes,
        en=(
            "For each octahedral complex {complexes} give the number of unpaired d electrons and "
            "the crystal-field stabilisation in tenths of Delta_o (each t2g electron +4, each eg "
            "electron -6, pairing energy left out). Two integers a complex, in order.",
            "Octahedral field: list unpaired electrons and stabilisation (4 for a t2g and -6 for "
            "an eg electron, in Delta_o/10) of {complexes}.",
            "Octahedral, unpaired and CFSE in Delta_o/10: {complexes}",
        ),
        zh=(
            "对八面体配合物 {complexes_zh}，依次写出未成对 d 电子数和晶体场稳定化能"
            "（以 Delta_o/10 计：t2g 电子 +4，eg 电子 -6，不计成对能），每个两个整数。",
            "八面体场：依次列出 {complexes_zh} 的未成对电子数与稳定化能（t2g 电子 4，eg 电子 -6，"
            "单位 Delta_o/10）。",
            "八面体，未成对电子数与 CFSE（Delta_o/10）：{complexes_zh}",
        ),
    ),
    Task(
        id="chem.polymer_averages",
        title="Averages of a molar mass distribution",
        knob="fractions",
        draw=_fractions,
        solve=_averages,
        second=_averages_by_weights,
        answer=Rationals(),
        canon=lambda q: sorted(q["chains"]),
        show=lambda q: {"chains": ", ".join(f"{n} x {m}" for n, m in q["chains"])},
        en=(
            "A polymer sample has these chains (number x molar mass in kg/mol): {chains}. Give the "
            "number average Mn, the weight average Mw and the dispersity Mw/Mn, exactly.",
            "Find Mn, Mw (kg/mol) and Mw/Mn as exact fractions for the chains {chains} "
            "(count x kg/mol).",
            "Mn, Mw, Mw/Mn of {chains}:",
        ),
        zh=(
            "聚合物样品的链（数目 x 摩尔质量 kg/mol）：{chains}。写出数均 Mn、重均 Mw 和分散度 "
            "Mw/Mn 的精确值。",
            "对链分布 {chains}（数目 x kg/mol），求 Mn、Mw（kg/mol）与 Mw/Mn（精确分数）。",
            "{chains} 的 Mn、Mw、Mw/Mn：",
        ),
    ),
)
