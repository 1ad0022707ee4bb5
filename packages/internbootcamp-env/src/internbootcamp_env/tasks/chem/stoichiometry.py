"""Reactions as bookkeeping: balancing, masses, yields, enthalpies, oxidation states.

Source: conservation of atoms and charge; IUPAC standard atomic weights (abridged, 2021); the rules
for oxidation states stand in the prompt. Tolerance 0.1 %. Knob: size of the formulas or systems.
"""

import math
from fractions import Fraction

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.atomic_weights import ATOMIC_WEIGHTS, molar_mass
from internbootcamp_env.engines.elements import ANIONS, CATIONS, NUMBER
from internbootcamp_env.engines.formula import Formula, composition, hill
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.engines.rational_matrices import kernel_vector, null_space
from internbootcamp_env.task import Task

_ACIDS = {"HCl": ("Cl", 1), "HNO3": ("NO3", 1), "H2SO4": ("SO4", 2), "H3PO4": ("PO4", 3),
          "HBr": ("Br", 1), "HClO4": ("ClO4", 1), "H2CO3": ("CO3", 2), "H3AsO4": ("AsO4", 3),
          "H2C2O4": ("C2O4", 2), "HI": ("I", 1), "H2S": ("S", 2), "HF": ("F", 1)}  # fmt: skip


def _unit(ion: str, count: int) -> str:
    if count == 1:
        return ion
    return f"{ion}{count}" if ion in NUMBER else f"({ion}){count}"


def _salt(cation: str, anion: str) -> str:
    positive, negative = CATIONS[cation], ANIONS[anion]
    common = math.gcd(positive, negative)
    return _unit(cation, negative // common) + _unit(anion, positive // common)


def _combustion(draws: Draws, level: int) -> dict:
    counts = {"C": draws.between(1 + level, 8 + 3 * level), "H": draws.between(2, 10 + 3 * level)}
    products = ["CO2", "H2O"]
    for element, oxide in (("N", "NO2"), ("S", "SO2"), ("P", "P4O10"), ("Cl", "HCl")):
        if draws.chance(1 + level, 14):
            counts[element] = draws.between(1, 4)
            products.append(oxide)
    if draws.chance(1, 2):
        counts["O"] = draws.between(1, 6)
    return {"left": [hill(counts), "O2"], "right": products}


_BASES = {"OH": ("H2O",), "O": ("H2O",), "CO3": ("H2O", "CO2"), "S": ("H2S",)}


def _acid_and_base(draws: Draws, level: int) -> dict:
    acid, metal = draws.pick(list(_ACIDS)), draws.pick([c for c in CATIONS if c != "NH4"])
    base = draws.pick(list(_BASES))
    salt = _salt(metal, _ACIDS[acid][0])
    return {"left": [acid, _salt(metal, base)], "right": [salt, *_BASES[base]]}


def _exchange(draws: Draws, level: int) -> dict:
    metals = draws.sample(list(CATIONS), 2)
    anions = draws.sample([a for a in ANIONS if a not in ("O", "S", "Se", "N", "P")], 2)
    left = [_salt(metals[0], anions[0]), _salt(metals[1], anions[1])]
    return {"left": left, "right": [_salt(metals[0], anions[1]), _salt(metals[1], anions[0])]}


def _matrix(q: dict) -> list[list[int]]:
    parts = [composition(f) for f in q["left"] + q["right"]]
    elements = sorted({e for part in parts for e in part})
    sides = [1] * len(q["left"]) + [-1] * len(q["right"])
    return [[s * p.get(e, 0) for s, p in zip(sides, parts, strict=True)] for e in elements]


def _reaction(draws: Draws, level: int) -> dict | None:
    maker = draws.weighted((_combustion, _acid_and_base, _exchange), (3 + 2 * level, 1, 5))
    q = maker(draws, level)
    if len(set(q["left"] + q["right"])) < len(q["left"] + q["right"]):
        return None
    vector = kernel_vector(_matrix(q))
    good = vector is not None and min(vector) > 0 and max(vector) > 1 + level // 3
    return q if good else None


def _balanced(q: dict) -> list[int]:
    return kernel_vector(_matrix(q)) or []


def _balanced_by_growth(q: dict) -> list[int]:
    """Fix the first coefficient and solve the rest by substitution, element after element."""
    rows = _matrix(q)
    for first in range(1, 2000):
        known: dict[int, Fraction] = {0: Fraction(first)}
        changed = True
        while changed:
            changed = False
            for row in rows:
                open_places = [j for j, x in enumerate(row) if x and j not in known]
                if len(open_places) == 1:
                    total = sum(x * known[j] for j, x in enumerate(row) if x and j in known)
                    known[open_places[0]] = Fraction(-total, row[open_places[0]])
                    changed = True
        if len(known) < len(rows[0]):
            return _balanced(q)  # substitution alone gets stuck; the system must be solved
        if all(x.denominator == 1 for x in known.values()):
            return [int(known[j]) for j in range(len(known))]
    raise AssertionError("coefficients above the search bound")


def _show_reaction(q: dict) -> dict:
    return {"equation": " + ".join(q["left"]) + " -> " + " + ".join(q["right"])}


def _masses(draws: Draws, level: int) -> dict:
    heavy = [e for e in CATIONS if e in ATOMIC_WEIGHTS]
    units = [_unit(draws.pick(heavy), draws.between(1, 3)) for _ in range(1 + level // 3)]
    units += [_unit(draws.pick(list(ANIONS)), draws.between(1, 4)) for _ in range(1 + level // 2)]
    water = draws.between(2, 12)
    return {"formula": "".join([*units, f"(H2O){water}"]) if level > 1 else "".join(units)}


def _mass(q: dict) -> float:
    return molar_mass(composition(q["formula"]))


def _mass_by_reading(q: dict) -> float:
    """Read the formula from the right and weigh every atom where it stands."""
    text, place, total = q["formula"], 0, 0.0
    group, inside = 0.0, False
    while place < len(text):
        if text[place] == "(":
            inside, group, place = True, 0.0, place + 1
            continue
        closing = text[place] == ")"
        end = place + 1
        while not closing and end < len(text) and text[end].islower():
            end += 1
        digits = end
        while digits < len(text) and text[digits].isdigit():
            digits += 1
        count = int(text[end:digits] or 1)
        if closing:
            total, inside = total + group * count, False
        elif inside:
            group += ATOMIC_WEIGHTS[text[place:end]] * count
        else:
            total += ATOMIC_WEIGHTS[text[place:end]] * count
        place = digits
    return total


def _analysed(draws: Draws, level: int) -> dict | None:
    pool = ["C", "H", "O", "N", "S", "Cl", "P", "F", "Na", "K"]
    elements = sorted(draws.sample(pool, 3 + level // 4))
    counts = {e: draws.between(1, 4 + level) for e in elements}
    if math.gcd(*counts.values()) != 1:
        return None
    whole = molar_mass(counts)
    percents = {e: f"{100 * ATOMIC_WEIGHTS[e] * n / whole:.4f}" for e, n in counts.items()}
    return {"percents": percents, "heaviest": max(counts.values())}


def _empirical(q: dict) -> str:
    """The smallest whole ratio whose percentages all agree to four decimals."""
    amounts = {e: float(p) / ATOMIC_WEIGHTS[e] for e, p in q["percents"].items()}
    least = min(amounts.values())
    for scale in range(1, 60):
        counts = {e: round(scale * x / least) for e, x in amounts.items()}
        if all(abs(scale * x / least - counts[e]) < 4e-3 * scale for e, x in amounts.items()):
            whole = molar_mass(counts)
            if all(
                abs(100 * ATOMIC_WEIGHTS[e] * n / whole - float(q["percents"][e])) < 1.1e-4
                for e, n in counts.items()
            ):
                return hill(counts)
    return ""


def _empirical_by_first(q: dict) -> str:
    """Try counts of the first element and read the others off by rounding."""
    first, *rest = q["percents"]
    for n in range(1, 60):
        mass_unit = n * ATOMIC_WEIGHTS[first] / float(q["percents"][first])
        counts = {first: n}
        for e in rest:
            counts[e] = round(mass_unit * float(q["percents"][e]) / ATOMIC_WEIGHTS[e])
        whole = molar_mass(counts)
        errors = [
            abs(100 * ATOMIC_WEIGHTS[e] * c / whole - float(q["percents"][e]))
            for e, c in counts.items()
        ]
        if max(errors) < 1.1e-4:
            return hill(counts)
    return ""


def _analysed_uniquely(draws: Draws, level: int) -> dict | None:
    q = _analysed(draws, level)
    if q is None:
        return None
    wanted = q.pop("heaviest")
    found = _empirical(q)
    return q if found and max(composition(found).values()) == wanted else None


def _show_percents(q: dict) -> dict:
    weights = ", ".join(f"{e} {ATOMIC_WEIGHTS[e]}" for e in q["percents"])
    shown = ", ".join(f"{e} {p} %" for e, p in q["percents"].items())
    return {"percents": shown, "weights": weights}


def _limited(draws: Draws, level: int) -> dict | None:
    reaction = _reaction(draws, level)
    if reaction is None:
        return None
    grams = draws.integers(len(reaction["left"]), 5, 400)
    percents = draws.integers((level + 1) // 3, 40, 95)
    product = draws.below(len(reaction["right"]))
    q = {**reaction, "grams": grams, "product": product, "yields": percents}
    weighed = all(e in ATOMIC_WEIGHTS for f in q["left"] for e in composition(f))
    return q if weighed else None


def _yield(q: dict) -> float:
    coefficients = _balanced(q)
    extent = min(
        g / molar_mass(composition(f)) / c
        for g, f, c in zip(q["grams"], q["left"], coefficients, strict=False)
    )
    formula = q["right"][q["product"]]
    made = extent * coefficients[len(q["left"]) + q["product"]] * molar_mass(composition(formula))
    return made * math.prod(q["yields"]) / 100 ** len(q["yields"])


def _yield_by_each(q: dict) -> float:
    """Work out the product from every reagent alone and take the least."""
    coefficients = _balanced_by_growth(q)
    target = q["right"][q["product"]]
    stoichiometric = coefficients[len(q["left"]) + q["product"]]
    outcomes = []
    for k, formula in enumerate(q["left"]):
        moles = q["grams"][k] / molar_mass(composition(formula))
        outcomes.append(moles * stoichiometric / coefficients[k] * molar_mass(composition(target)))
    least = min(outcomes)
    for percent in q["yields"]:
        least *= percent / 100
    return least


def _show_limited(q: dict) -> dict:
    portions = ", ".join(f"{g} g {f}" for g, f in zip(q["grams"], q["left"], strict=True))
    losses = ", ".join(f"{p} %" for p in q["yields"])
    return {
        **_show_reaction(q),
        "portions": portions,
        "target": q["right"][q["product"]],
        "losses": f" Work-up steps keep {losses} of it in turn." if losses else "",
        "losses_zh": f"后处理各步依次保留 {losses}。" if losses else "",
    }


def _steps(draws: Draws, level: int) -> dict | None:
    """Reactions among substances A, B, ... whose integer combination is the target."""
    count = 2 + level // 3
    names = "ABCDEFGH"[: count + 2]
    steps, total = [], [0] * len(names)
    enthalpy = 0
    for k in range(count):
        row = [0] * len(names)
        for place in draws.sample(range(len(names)), 3):
            row[place] = draws.between(1, 3) * draws.pick((1, -1))
        row[k] = row[k] or draws.pick((1, -1))
        heat = draws.between(10, 400) * draws.pick((1, -1))
        times = draws.between(1, 3) * draws.pick((1, -1))
        steps.append([row, heat])
        total = [t + times * x for t, x in zip(total, row, strict=True)]
        enthalpy += times * heat
    good = any(x < 0 for x in total) and any(x > 0 for x in total)
    if not good or any(len({x > 0 for x in row if x}) < 2 for row, _ in steps):
        return None
    rows = [row for row, _ in steps]
    if null_space([list(column) for column in zip(*rows, strict=True)]):
        return None
    return {"steps": steps, "target": total}


def _enthalpy(q: dict) -> int:
    """Solve for the combination of the steps, whose rows are independent."""
    rows = [row for row, _ in q["steps"]]
    columns = [list(column) for column in zip(*rows, [-t for t in q["target"]], strict=True)]
    vector = kernel_vector(columns) or []
    total = sum(x * heat for x, (_, heat) in zip(vector, q["steps"], strict=False))
    return total // vector[-1]


def _enthalpy_by_search(q: dict) -> int:
    table: dict[tuple[int, ...], int] = {(0,) * len(q["target"]): 0}
    for row, heat in q["steps"]:
        table = {
            tuple(t + m * x for t, x in zip(total, row, strict=True)): found + m * heat
            for total, found in table.items()
            for m in range(-3, 4)
        }
    return table[tuple(q["target"])]


def _arrow(row: list[int], names: str = "ABCDEFGH") -> str:
    sides = []
    for sign in (-1, 1):
        terms = [
            f"{abs(x) if abs(x) > 1 else ''}{names[k]}" for k, x in enumerate(row) if x * sign > 0
        ]
        sides.append(" + ".join(terms))
    return " -> ".join(sides)


def _show_steps(q: dict) -> dict:
    lines = [f"{_arrow(row)}, {heat:+d} kJ" for row, heat in q["steps"]]
    return {"steps": "\n".join(lines), "target": _arrow(q["target"])}


_FIXED = {"K": 1, "Na": 1, "Li": 1, "Rb": 1, "Cs": 1, "Mg": 2, "Ca": 2, "Ba": 2, "Sr": 2, "Al": 3}
_OXO = ("Cr", "Mn", "S", "N", "P", "Cl", "Br", "I", "As", "V", "Se", "W", "Mo", "Fe", "C", "Re",
        "Te", "Xe", "Sb", "Os")  # fmt: skip
_HIGHEST = {"Cr": 6, "Mn": 7, "S": 6, "N": 5, "P": 5, "Cl": 7, "Br": 7, "I": 7, "As": 5, "V": 5,
            "Se": 6, "W": 6, "Mo": 6, "Fe": 6, "C": 4, "Re": 7, "Te": 6, "Xe": 8, "Sb": 5,
            "Os": 8}  # fmt: skip


def _oxo_salt(draws: Draws) -> list:
    """A neutral compound M_a(H)X_bO_c whose X has a whole positive oxidation state."""
    while True:
        metal, centre = draws.pick(list(_FIXED)), draws.pick(_OXO)
        a, b, c = draws.between(1, 3), draws.between(1, 2), draws.between(2, 8)
        hydrogens = draws.pick((0, 0, 1, 2))
        rest = 2 * c - a * _FIXED[metal] - hydrogens
        if rest % b == 0 and 1 <= rest // b <= _HIGHEST[centre]:
            parts = ((metal, a), ("H", hydrogens), (centre, b), ("O", c))
            text = "".join(f"{e}{n if n > 1 else ''}" for e, n in parts if n)
            return [text, centre]


def _states(q: dict) -> list[int]:
    found = []
    for formula, centre in q["compounds"]:
        counts = composition(formula)
        others = sum(_FIXED.get(e, 1 if e == "H" else -2) * n for e, n in counts.items()
                     if e != centre)  # fmt: skip
        found.append(-others // counts[centre])
    return found


def _states_by_trial(q: dict) -> list[int]:
    states = []
    for formula, centre in q["compounds"]:
        counts = composition(formula)
        known = {**_FIXED, "H": 1, "O": -2}
        for state in range(-8, 9):
            if not sum({**known, centre: state}[e] * n for e, n in counts.items()):
                states.append(state)
    return states


TASKS = (
    Task(
        id="chem.balance_equation",
        title="Smallest whole coefficients of a reaction",
        knob="size of the coefficients",
        draw=_reaction,
        solve=_balanced,
        second=_balanced_by_growth,
        answer=Integers(),
        show=_show_reaction,
        size=lambda q: sum(_balanced(q)),
        en=(
            "Balance {equation} with the smallest positive integers. Give the coefficients from "
            "left to right, ones included.",
            "Which smallest whole-number coefficients, listed in order, balance {equation}?",
            "Balance: {equation}",
        ),
        zh=(
            "用最小正整数配平 {equation}，从左到右写出全部系数（包括 1）。",
            "使 {equation} 平衡的最小整数系数依次是什么？",
            "配平：{equation}",
        ),
    ),
    Task(
        id="chem.molar_mass",
        title="Molar mass of a formula",
        knob="groups in the formula",
        draw=_masses,
        **measured(_mass, "g/mol", second=_mass_by_reading),
        en=(
            "What is the molar mass of {formula}, from standard atomic weights?",
            "Add up the atomic weights of {formula} to its molar mass.",
            "M of {formula}:",
        ),
        zh=(
            "由标准原子量求 {formula} 的摩尔质量。",
            "把 {formula} 中各原子量相加，摩尔质量是多少？",
            "{formula} 的摩尔质量：",
        ),
    ),
    Task(
        id="chem.empirical_formula",
        title="Empirical formula from an elemental analysis",
        knob="elements and counts",
        draw=_analysed_uniquely,
        solve=_empirical,
        second=_empirical_by_first,
        answer=Formula(),
        show=_show_percents,
        size=lambda q: sum(composition(_empirical(q)).values()),
        en=(
            "A compound has the mass composition {percents} (atomic weights: {weights}). What is "
            "its empirical formula?",
            "Find the simplest formula of a substance that analyses as {percents}; use the "
            "weights {weights}.",
            "Empirical formula: {percents}; weights {weights}",
        ),
        zh=(
            "某化合物的质量组成为 {percents}（原子量：{weights}），最简式是什么？",
            "元素分析为 {percents}，用原子量 {weights} 求实验式。",
            "实验式：{percents}；原子量 {weights}",
        ),
    ),
    Task(
        id="chem.limiting_yield",
        title="Mass of product from given masses of reagents",
        knob="size of the coefficients",
        draw=_limited,
        **measured(_yield, "g", second=_yield_by_each),
        show=_show_limited,
        en=(
            "Balance {equation}; then {portions} react as far as they can (standard atomic "
            "weights).{losses} What mass of {target} is obtained?",
            "How many grams of {target} come from {portions} by {equation} (to be balanced; the "
            "limiting reagent is used up)?{losses}",
            "{portions}; {equation}.{losses} Mass of {target}:",
        ),
        zh=(
            "配平 {equation}，取 {portions} 反应到限量试剂耗尽（标准原子量）。{losses_zh}"
            "得到 {target} 多少克？",
            "由 {portions} 按 {equation}（需配平）反应完全。{losses_zh}{target} 的质量是多少？",
            "{portions}；{equation}。{losses_zh}{target} 的质量：",
        ),
    ),
    Task(
        id="chem.hess_law",
        title="Enthalpy of a reaction from a cycle of steps",
        knob="steps",
        draw=_steps,
        solve=_enthalpy,
        second=_enthalpy_by_search,
        answer=Integer(),
        show=_show_steps,
        en=(
            "Given these reactions and their enthalpies:\n{steps}\nwhat is the enthalpy of "
            "{target} in kJ?",
            "Use Hess's law to find the enthalpy (kJ) of {target} from:\n{steps}",
            "Enthalpy in kJ of {target}, from\n{steps}",
        ),
        zh=(
            "已知反应及其焓变：\n{steps}\n求 {target} 的焓变（kJ）。",
            "用盖斯定律由下列各步求 {target} 的反应焓（kJ）：\n{steps}",
            "{target} 的焓变（kJ），已知\n{steps}",
        ),
    ),
    Task(
        id="chem.oxidation_states",
        title="Oxidation states in oxo compounds",
        knob="compounds",
        draw=lambda d, level: {"compounds": [_oxo_salt(d) for _ in range(2 + level)]},
        solve=_states,
        second=_states_by_trial,
        answer=Integers(),
        show=lambda q: {"compounds": ", ".join(f"{x} in {f}" for f, x in q["compounds"])},
        en=(
            "Formally, with O at -2, H at +1 and alkali, alkaline-earth metals and Al at their "
            "group charge, what oxidation states have these atoms: {compounds}? The formulas may "
            "be hypothetical.",
            "Assign the oxidation state (O -2, H +1, group metals by group, compounds neutral and "
            "possibly hypothetical) of {compounds}, in order.",
            "Oxidation states: {compounds}",
        ),
        zh=(
            "形式上取 O 为 -2、H 为 +1、碱金属、碱土金属和 Al 按族电荷，依次写出氧化态：{compounds}"
            "（in 前为元素，后为化合物，可能是假想的）。",
            "按规则（O -2，H +1，主族金属按族，整体电中性）依次求 {compounds} 的氧化态。",
            "氧化态：{compounds}",
        ),
    ),
)
