"""Real compounds: registry numbers, states, vapour pressures, energies, InChI layers.

Source: `engines/compounds.py`, frozen from the package `chemicals`; check digits as the Chemical
Abstracts Service defines them; Raoult's law; the InChI technical manual (connection layer). Every
number needed stands in the prompt. Knob: the number of compounds.
(Long for the prompts of eight tasks, in two languages, and the code that they share.)
"""

import math

from internbootcamp_env.answers import Integers, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.compounds import COMPOUNDS, Compound
from internbootcamp_env.engines.formula import composition
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.engines.rational_matrices import kernel_vector
from internbootcamp_env.task import Task

_BY_NAME = {compound.name: compound for compound in COMPOUNDS}
_ORGANIC = [c for c in COMPOUNDS if set(composition(c.formula)) <= {"C", "H", "O"}]
_R = 8.314463


def _masked(draws: Draws, level: int) -> dict:
    """Registry numbers with one digit hidden whose weight is coprime to ten."""
    numbers = []
    for compound in draws.sample(COMPOUNDS, 2 + level):
        digits = compound.cas.replace("-", "")
        weights = [*range(len(digits) - 1, 0, -1), 9]
        place = draws.pick([k for k, w in enumerate(weights) if math.gcd(w, 10) == 1])
        spot = [k for k, mark in enumerate(compound.cas) if mark != "-"][place]
        numbers.append(compound.cas[:spot] + "?" + compound.cas[spot + 1 :])
    return {"numbers": numbers}


def _valid(cas: str) -> bool:
    digits = cas.replace("-", "")
    return sum(k * int(d) for k, d in enumerate(digits[-2::-1], start=1)) % 10 == int(digits[-1])


def _hidden(q: dict) -> list[int]:
    return [
        next(d for d in range(10) if _valid(text.replace("?", str(d)))) for text in q["numbers"]
    ]


def _hidden_by_inverse(q: dict) -> list[int]:
    found = []
    for text in q["numbers"]:
        digits = text.replace("-", "")
        weights = [*range(len(digits) - 1, 0, -1), -1]
        rest = sum(w * int(d) for w, d in zip(weights, digits, strict=True) if d != "?")
        found.append(-rest * pow(weights[digits.index("?")], -1, 10) % 10)
    return found


def _states(draws: Draws, level: int) -> dict | None:
    chosen = draws.sample(COMPOUNDS, 4 + level)
    marks = [x for c in chosen for x in (c.melts, c.boils)]
    middle = sorted(marks)[len(marks) // 2]
    q = {
        "kelvin": int(middle) + draws.between(-60, 60),
        "rows": [[c.name, c.melts, c.boils] for c in chosen],
    }
    return q if len(set(_phases(q))) > 1 else None


def _phases(q: dict) -> str:
    kelvin = q["kelvin"]
    return "".join("s" if kelvin < m else "l" if kelvin < b else "g" for _, m, b in q["rows"])


def _phases_by_sorting(q: dict) -> str:
    marks = ""
    for _, melts, boils in q["rows"]:
        marks += "slg"[sorted([melts, boils, q["kelvin"] + 1e-9]).index(q["kelvin"] + 1e-9)]
    return marks


def _show_states(q: dict) -> dict:
    rows = [f"{name} ({m} K, {b} K)" for name, m, b in q["rows"]]
    return {"kelvin": q["kelvin"], "rows": "; ".join(rows)}


def _volatile(draws: Draws, count: int) -> tuple[list[Compound], int, int] | None:
    """Compounds whose Antoine ranges share at least 15 K."""
    first = draws.pick(COMPOUNDS)
    chosen, low, high = [first], first.low, first.high
    for other in draws.shuffled(COMPOUNDS):
        if other is not first and min(high, other.high) - max(low, other.low) >= 15:
            chosen.append(other)
            low, high = max(low, other.low), min(high, other.high)
        if len(chosen) == count:
            return chosen, math.ceil(low), math.floor(high)
    return None


def _liquid(draws: Draws, level: int) -> dict | None:
    found = _volatile(draws, 2 + level // 2)
    if found is None:
        return None
    chosen, low, high = found
    rows = [[c.name, c.a, c.b, c.c, draws.between(1, 20)] for c in chosen]
    return {"kelvin": draws.between(low, high), "rows": rows}


def _antoine(a: float, b: float, c: float, kelvin: float) -> float:
    return 10 ** (a - b / (kelvin + c)) / 1e3


def _vapour(q: dict) -> float:
    total = sum(row[4] for row in q["rows"])
    return sum(n / total * _antoine(a, b, c, q["kelvin"]) for _, a, b, c, n in q["rows"])


def _vapour_by_exponentials(q: dict) -> float:
    amounts = [row[4] for row in q["rows"]]
    logs = [math.log(10) * (a - b / (q["kelvin"] + c)) for _, a, b, c, _ in q["rows"]]
    sums = math.fsum(n * math.exp(x) for n, x in zip(amounts, logs, strict=True))
    return sums / math.fsum(amounts) * 1e-3


def _show_liquid(q: dict) -> dict:
    rows = [f"{n} mol {name} (A={a}, B={b}, C={c})" for name, a, b, c, n in q["rows"]]
    return {**q, "rows": "; ".join(rows)}


def _boiling(draws: Draws, level: int) -> dict | None:
    q = _liquid(draws, level)
    if q is None:
        return None
    pressure = f"{_vapour(q):.4g}"
    return {"pressure": pressure, "rows": q["rows"]}


def _bubble_point(q: dict) -> float:
    """Temperature at which the vapour pressure of the mixture reaches the given one."""
    low, high = max(60.0, *(1.0 - c for _, _, _, c, _ in q["rows"])), 700.0
    target = float(q["pressure"])
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _vapour({**q, "kelvin": middle}) < target else (low, middle)
    return (low + high) / 2


def _bubble_point_by_secant(q: dict) -> float:
    """Newton's iteration on the logarithm of the pressure against 1/T, from the boiling side."""
    x, target = 1 / 330.0, math.log(float(q["pressure"]))

    def value(inverse: float) -> float:
        return math.log(_vapour({**q, "kelvin": 1 / inverse})) - target

    for _ in range(60):
        slope = (value(x * 1.0001) - value(x * 0.9999)) / (x * 0.0002)
        x = min(max(x - value(x) / slope, 1 / 600), 1 / 150)
    return 1 / x


def _fuel(draws: Draws, level: int) -> dict:
    chosen = draws.sample(_ORGANIC, 1 + (level + 1) // 2)
    rows = [[c.name, c.formula, c.enthalpy, draws.between(1, 90)] for c in chosen]
    return {"rows": rows}


def _heat(q: dict) -> float:
    """Heat given off, in kJ, on burning gases to CO2 and water vapour; amounts in tenths of mol."""
    total = 0.0
    for _, formula, enthalpy, tenths in q["rows"]:
        counts = composition(formula)
        products = -393.51 * counts["C"] - 241.83 * counts.get("H", 0) / 2
        total += tenths / 10 * (enthalpy - products)
    return total


def _heat_by_products(q: dict) -> float:
    carbon = sum(n * composition(f)["C"] for _, f, _, n in q["rows"])
    hydrogen = sum(n * composition(f).get("H", 0) for _, f, _, n in q["rows"])
    start = sum(n * h for _, _, h, n in q["rows"])
    return (start + 393.51 * carbon + 120.915 * hydrogen) / 10


def _show_fuel(q: dict) -> dict:
    rows = [f"{n / 10:.1f} mol {name} {f} ({h} kJ/mol)" for name, f, h, n in q["rows"]]
    return {"rows": "; ".join(rows)}


def _gas_reaction(draws: Draws, level: int) -> dict | None:
    """A balanced gas reaction among four C, H, O compounds; it exists because of three elements."""
    chosen = draws.sample(_ORGANIC, 4)
    counts = [composition(c.formula) for c in chosen]
    vector = kernel_vector([[x.get(e, 0) for x in counts] for e in ("C", "H", "O")])
    if (
        vector is None
        or len({x > 0 for x in vector if x}) < 2
        or max(map(abs, vector)) > 3 + 3 * level
    ):
        return None
    if sum(map(abs, vector)) < 2 + level:
        return None
    rows = [
        [c.name, c.formula, x, c.enthalpy, c.entropy]
        for c, x in zip(chosen, vector, strict=True)
        if x
    ]
    return {"kelvin": draws.between(250, 900), "rows": rows}


def _gibbs(q: dict) -> float:
    enthalpy = sum(x * h for _, _, x, h, _ in q["rows"])
    entropy = sum(x * s for _, _, x, _, s in q["rows"])
    return enthalpy - q["kelvin"] * entropy / 1e3


def _gibbs_by_species(q: dict) -> float:
    return math.fsum(x * (h * 1e3 - q["kelvin"] * s) for _, _, x, h, s in q["rows"]) / 1e3


def _clear_gibbs(draws: Draws, level: int) -> dict | None:
    q = _gas_reaction(draws, level)
    return q if q and abs(_gibbs(q)) > 2 else None


def _show_gas(q: dict) -> dict:
    sides = []
    for sign in (-1, 1):
        terms = [f"{abs(x)} {f} [{name}]" for name, f, x, _, _ in q["rows"] if x * sign > 0]
        sides.append(" + ".join(terms))
    data = [f"{name} {h} kJ/mol, {s} J/(mol K)" for name, _, _, h, s in q["rows"]]
    return {"kelvin": q["kelvin"], "equation": " -> ".join(sides), "data": "; ".join(data)}


def _real_gas(draws: Draws, level: int) -> dict:
    chosen = draws.sample(COMPOUNDS, 1 + (level + 1) // 3)
    hottest = max(c.critical for c in chosen)
    return {
        "kelvin": draws.between(int(hottest) + 10, int(hottest) + 300),
        "litres": draws.between(20, 90),
        "rows": [[c.name, c.critical, c.pressure, draws.between(1, 30)] for c in chosen],
    }


def _van_der_waals(q: dict) -> float:
    """Pressure in kPa with a, b from the critical point and one-fluid mixing rules."""
    amounts = [n / 10 for *_, n in q["rows"]]
    roots = [27 * (_R * tc) ** 2 / (64 * pc) for _, tc, pc, _ in q["rows"]]
    attraction = sum(n * math.sqrt(a) for n, a in zip(amounts, roots, strict=True)) ** 2
    covolume = sum(
        n * _R * tc / (8 * pc) for n, (_, tc, pc, _) in zip(amounts, q["rows"], strict=True)
    )
    total, volume = sum(amounts), q["litres"]
    return total * _R * q["kelvin"] / (volume - covolume) - attraction / volume**2


def _van_der_waals_by_pairs(q: dict) -> float:
    """The same with molar quantities and the double sum x_i x_j sqrt(a_i a_j)."""
    total = sum(row[3] for row in q["rows"]) / 10
    molar = q["litres"] / total
    a = b = 0.0
    for _, t1, p1, n1 in q["rows"]:
        b += n1 / 10 / total * _R * t1 / p1 / 8
        for _, t2, p2, n2 in q["rows"]:
            pair = (27 / 64) * _R * _R * t1 * t2 / math.sqrt(p1 * p2)
            a += n1 * n2 / 100 / total**2 * pair
    return _R * q["kelvin"] / (molar - b) - a / molar**2


def _dilute_enough(draws: Draws, level: int) -> dict | None:
    q = _real_gas(draws, level)
    covolume = sum(n / 10 * _R * tc / (8 * pc) for _, tc, pc, n in q["rows"])
    return q if covolume < 0.2 * q["litres"] else None


def _show_real_gas(q: dict) -> dict:
    rows = [f"{n / 10:.1f} mol {name} ({tc} K, {pc} kPa)" for name, tc, pc, n in q["rows"]]
    return {**q, "rows": "; ".join(rows)}


def _identifiers(draws: Draws, level: int) -> dict:
    with_layer = [c for c in COMPOUNDS if "/c" in c.inchi and len(c.inchi) > 20]
    return {
        "names": [f"InChI=1S/{c.inchi}" for c in draws.sample(with_layer, 1 + (level + 3) // 3)]
    }


def _links(inchi: str) -> list[tuple[int, int]]:
    """Read the bonds between heavy atoms from the connection layer."""
    layer = inchi.split("/c")[1].split("/")[0]
    bonds, stack, last, number = [], [], 0, ""
    for mark in layer + "-":
        if mark.isdigit():
            number += mark
            continue
        if number:
            if last:
                bonds.append((last, int(number)))
            last, number = int(number), ""
        if mark == "(":
            stack.append(last)
        elif mark == ",":
            last = stack[-1]
        elif mark == ")":
            last = stack.pop()
    return bonds


def _layer_facts(q: dict) -> list[int]:
    """For every identifier: bonds of heavy atoms, rings, atoms with three or more neighbours."""
    facts = []
    for inchi in q["names"]:
        bonds = _links(inchi)
        atoms = {a for bond in bonds for a in bond}
        degrees = [sum(a in bond for bond in bonds) for a in atoms]
        facts += [len(bonds), len(bonds) - len(atoms) + 1, sum(d > 2 for d in degrees)]
    return facts


def _layer_facts_by_formula(q: dict) -> list[int]:
    """Count the numbers written in the layer: a bond each but the first; repeats close rings."""
    facts = []
    for inchi in q["names"]:
        formula, layer = inchi.split("/")[1], inchi.split("/c")[1].split("/")[0]
        heavy = sum(n for e, n in composition(formula).items() if e != "H")
        written = [int(x) for x in "".join(m if m.isdigit() else " " for m in layer).split()]
        bonds = len(written) - 1
        degree = dict.fromkeys(range(1, heavy + 1), 0)
        for a, b in _links(inchi):
            degree[a], degree[b] = degree[a] + 1, degree[b] + 1
        facts += [bonds, len(written) - len(set(written)), sum(d >= 3 for d in degree.values())]
    return facts


TASKS = (
    Task(
        id="chem.cas_digits",
        title="Hidden digits of CAS registry numbers",
        knob="numbers",
        draw=_masked,
        solve=_hidden,
        second=_hidden_by_inverse,
        answer=Integers(),
        en=(
            "In a CAS registry number the last digit equals, modulo 10, the sum of the other "
            "digits times 1, 2, 3, ... counted from the right. Which digits stand for the ? in "
            "{numbers}, in order?",
            "Use the CAS check-digit rule (digits before the last, right to left, weighted 1, 2, "
            "3, ..., sum mod 10) to restore each ? of {numbers}.",
            "CAS check digits, find each ?: {numbers}",
        ),
        zh=(
            "CAS 登记号的末位等于其余各位从右往左乘以 1、2、3…… 之和模 10。"
            "依次写出 {numbers} 中 ? 代表的数字。",
            "用 CAS 校验规则（末位之前的数字自右向左加权 1、2、3……，和模 10）补全 {numbers} 的 ?。",
            "CAS 校验，求各 ?：{numbers}",
        ),
    ),
    Task(
        id="chem.states_of_matter",
        title="State of compounds at a temperature",
        knob="compounds",
        draw=_states,
        solve=_phases,
        second=_phases_by_sorting,
        answer=Word(
            "slg",
            "Write one letter a compound without spaces: s solid, l liquid, g gas.",
            "每个化合物写一个字母，连写：s 固、l 液、g 气。",
        ),
        show=_show_states,
        en=(
            "Melting and normal boiling points: {rows}. In which state is each at {kelvin} K and "
            "atmospheric pressure?",
            "For {rows} (melting point, boiling point) give the states at {kelvin} K in order.",
            "s, l or g at {kelvin} K: {rows}",
        ),
        zh=(
            "熔点和标准沸点：{rows}。在 {kelvin} K、常压下各处于什么状态？",
            "对 {rows}（熔点，沸点），依次写出 {kelvin} K 时的状态。",
            "{kelvin} K 时 s、l 或 g：{rows}",
        ),
    ),
    Task(
        id="chem.vapour_pressure",
        title="Vapour pressure of an ideal mixture of real liquids",
        knob="compounds",
        draw=_liquid,
        **measured(_vapour, "kPa", second=_vapour_by_exponentials),
        show=_show_liquid,
        en=(
            "A liquid mixture at {kelvin} K holds {rows}, with log10(p/Pa) = A - B/(T/K + C) for "
            "each pure substance. What is the total vapour pressure by Raoult's law?",
            "Apply the Antoine equation log10(p/Pa) = A - B/(T/K + C) and Raoult's law at {kelvin} "
            "K to {rows}; find the pressure of the vapour.",
            "Raoult, log10(p/Pa) = A - B/(T + C), {kelvin} K: {rows}",
        ),
        zh=(
            "{kelvin} K 的液态混合物含 {rows}，纯物质 log10(p/Pa) = A - B/(T/K + C)。"
            "按拉乌尔定律总蒸气压是多少？",
            "用安托因方程 log10(p/Pa) = A - B/(T/K + C) 和拉乌尔定律，求 {kelvin} K 下 {rows} "
            "的蒸气压。",
            "拉乌尔，log10(p/Pa) = A - B/(T + C)，{kelvin} K：{rows}",
        ),
    ),
    Task(
        id="chem.bubble_point",
        title="Boiling temperature of an ideal mixture of real liquids",
        knob="compounds",
        draw=_boiling,
        **measured(_bubble_point, "K", second=_bubble_point_by_secant, relative=2e-4),
        show=_show_liquid,
        en=(
            "At which temperature does a mixture of {rows} start to boil under {pressure} kPa? Use "
            "Raoult's law and log10(p/Pa) = A - B/(T/K + C).",
            "Find the bubble point at {pressure} kPa of an ideal liquid of {rows}, the vapour "
            "pressures being 10^(A - B/(T/K + C)) Pa.",
            "Bubble point, {pressure} kPa, 10^(A - B/(T + C)) Pa: {rows}",
        ),
        zh=(
            "{rows} 的混合液在 {pressure} kPa 下几开尔文开始沸腾？用拉乌尔定律和 log10(p/Pa) = "
            "A - B/(T/K + C)。",
            "理想溶液由 {rows} 组成，纯组分蒸气压为 10^(A - B/(T/K + C)) Pa，"
            "求 {pressure} kPa 下的泡点。",
            "泡点，{pressure} kPa，10^(A - B/(T + C)) Pa：{rows}",
        ),
    ),
    Task(
        id="chem.combustion_heat",
        title="Heat of combustion of a gas mixture from enthalpies of formation",
        knob="compounds",
        draw=_fuel,
        **measured(_heat, "kJ", second=_heat_by_products),
        show=_show_fuel,
        en=(
            "A gas mixture of {rows} (standard enthalpies of formation of the gases) burns "
            "completely to CO2 (-393.51 kJ/mol) and water vapour (-241.83 kJ/mol). How much heat "
            "is given off?",
            "Find the heat set free when {rows} burn to CO2(g) and H2O(g); enthalpies of "
            "formation in brackets, CO2 -393.51, H2O -241.83 kJ/mol.",
            "Heat released on burning {rows}; CO2 -393.51, H2O(g) -241.83 kJ/mol:",
        ),
        zh=(
            "气体混合物 {rows}（括号内为气态标准生成焓）完全燃烧为 CO2（-393.51 kJ/mol）和水蒸气"
            "（-241.83 kJ/mol），放出多少热量？",
            "求 {rows} 燃烧成 CO2(g) 和 H2O(g) 放出的热量；括号内为生成焓，CO2 -393.51、"
            "H2O -241.83 kJ/mol。",
            "{rows} 燃烧放热；CO2 -393.51，H2O(g) -241.83 kJ/mol：",
        ),
    ),
    Task(
        id="chem.gibbs_reaction",
        title="Gibbs energy of a reaction of real gases",
        knob="size of the coefficients",
        draw=_clear_gibbs,
        **measured(_gibbs, "kJ/mol", second=_gibbs_by_species),
        show=_show_gas,
        size=lambda q: sum(abs(row[2]) for row in q["rows"]),
        en=(
            "For the gas reaction {equation} use these enthalpies of formation and entropies at "
            "298.15 K, taken as constant: {data}. What is the standard Gibbs energy of reaction "
            "at {kelvin} K, per mole of the equation as written?",
            "Find dG = dH - T dS at {kelvin} K of {equation} (all gases) from {data}, neglecting "
            "heat capacities.",
            "dG at {kelvin} K of {equation}; {data}:",
        ),
        zh=(
            "气相反应 {equation}，用 298.15 K 的生成焓和熵（视为常数）：{data}。"
            "{kelvin} K 时反应的标准吉布斯能（按所写方程式每摩尔）是多少？",
            "由 {data} 求 {equation}（均为气体）在 {kelvin} K 的 dG = dH - T dS，忽略热容。",
            "{kelvin} K，{equation} 的 dG；{data}：",
        ),
    ),
    Task(
        id="chem.van_der_waals_mixture",
        title="Pressure of a mixture of real gases",
        knob="compounds",
        draw=_dilute_enough,
        **measured(_van_der_waals, "kPa", second=_van_der_waals_by_pairs),
        show=_show_real_gas,
        en=(
            "In {litres} L at {kelvin} K are {rows} (critical temperature and pressure). What is "
            "the van der Waals pressure with a = 27 R^2 Tc^2/(64 pc), b = R Tc/(8 pc), a_mix = "
            "(sum x sqrt(a))^2, b_mix = sum x b and R = 8.314463 J/(mol K)?",
            "Use the van der Waals equation with mixing rules a = (sum x_i sqrt(a_i))^2, b = sum "
            "x_i b_i, where a_i = 27 R^2 Tc^2/(64 pc), b_i = R Tc/(8 pc), R = 8.314463 J/(mol K), "
            "for {rows} (Tc, pc) in {litres} L at {kelvin} K. Find the pressure.",
            "van der Waals mixture (a, b from Tc, pc; square-root rule for a), {litres} L, "
            "{kelvin} K: {rows}",
        ),
        zh=(
            "{litres} L 容器在 {kelvin} K 装有 {rows}（临界温度与压强）。取 a = 27 R^2 Tc^2/(64 "
            "pc)、"
            "b = R Tc/(8 pc)、a_mix = (Σ x sqrt(a))^2、b_mix = Σ x b、R = 8.314463 J/(mol K)，"
            "范德华方程给出的压强是多少？",
            "用范德华方程及混合规则 a = (Σ x_i sqrt(a_i))^2、b = Σ x_i b_i，其中 a_i = 27 R^2 "
            "Tc^2/(64 pc)，b_i = R Tc/(8 pc)，R = 8.314463 J/(mol K)；{rows}（Tc，pc）在 "
            "{litres} L、"
            "{kelvin} K 下，求压强。",
            "范德华混合气（a、b 由 Tc、pc，a 用平方根规则），{litres} L，{kelvin} K：{rows}",
        ),
    ),
    Task(
        id="chem.inchi_connections",
        title="Facts of the connection layer of InChI identifiers",
        knob="identifiers",
        draw=_identifiers,
        solve=_layer_facts,
        second=_layer_facts_by_formula,
        answer=Integers(),
        show=lambda q: {"names": " ".join(q["names"])},
        en=(
            "Read the connection layer of each identifier and give three integers for each, in "
            "order: bonds between heavy atoms, rings, and heavy atoms with at least three heavy "
            "neighbours: {names}",
            "For {names}, from the layer after /c: how many heavy-atom bonds, how many "
            "independent rings, how many branching atoms (three or more neighbours)? List three "
            "integers per identifier.",
            "Bonds, rings, branchings of {names}",
        ),
        zh=(
            "读取每个标识符的连接层，依次各写三个整数：重原子间的键数、环数、至少有三个重原子邻居的"
            "原子数：{names}",
            "对 {names}，由 /c 层求重原子键数、独立环数、分支原子数（邻居不少于三个），"
            "每个标识符三个整数。",
            "{names} 的键数、环数、分支原子数",
        ),
    ),
)
