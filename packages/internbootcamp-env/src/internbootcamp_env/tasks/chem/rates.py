"""Rates and potentials: rate laws, decay, reaction networks, cells.

Source: the Nernst equation with R = 8.314463 J/(mol K) and F = 96485.33 C/mol (CODATA 2018);
everything else as stated in the prompts. Knob: the number of species or steps.
"""

import math
from fractions import Fraction
from itertools import combinations

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.elements import SYMBOLS
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _rates(draws: Draws, level: int) -> dict:
    species = 2 + level // 4
    orders = [draws.between(0, 2 if k else 3) for k in range(species)]
    base = [draws.between(1, 4) for _ in range(species)]
    constant = Fraction(draws.between(1, 60), draws.pick((1, 2, 4, 5)))
    runs = [base]
    for k in range(species):
        run = list(draws.pick(runs))
        run[k] *= draws.between(2, 3 + level // 3)
        runs.append(run)
    table = [
        [*run, str(constant * math.prod(c**o for c, o in zip(run, orders, strict=True)))]
        for run in runs
    ]
    return {"runs": [table[0], *draws.shuffled(table[1:])]}


def _rate_law(q: dict) -> list[str]:
    """Orders and the rate constant, by trial over all orders 0 to 3."""
    species = len(q["runs"][0]) - 1
    for code in range(4**species):
        orders = [code // 4**k % 4 for k in range(species)]
        constants = {
            Fraction(run[-1]) / math.prod(c**o for c, o in zip(run, orders, strict=False))
            for run in q["runs"]
        }
        if len(constants) == 1:
            return [*map(str, orders), str(constants.pop())]
    raise AssertionError("the runs were made from a rate law")


def _rate_law_by_logs(q: dict) -> list[str]:
    """Compare pairs of runs that differ in one concentration."""
    species = len(q["runs"][0]) - 1
    orders: dict[int, int] = {}
    for one, other in combinations(q["runs"], 2):
        differing = [k for k in range(species) if one[k] != other[k]]
        if len(differing) == 1:
            k = differing[0]
            ratio = float(Fraction(other[-1]) / Fraction(one[-1]))
            orders[k] = round(math.log(ratio) / math.log(other[k] / one[k]))
    first = q["runs"][0]
    constant = Fraction(first[-1]) / math.prod(first[k] ** orders[k] for k in range(species))
    return [*(str(orders[k]) for k in range(species)), str(constant)]


def _show_rates(q: dict) -> dict:
    names = "ABCDEF"[: len(q["runs"][0]) - 1]
    lines = []
    for run in q["runs"]:
        parts = [f"[{x}]={c}" for x, c in zip(names, run, strict=False)]
        lines.append(", ".join([*parts, f"rate={run[-1]}"]))
    return {
        "runs": "\n".join(lines),
        "names": ", ".join(names),
        "law": "".join(f"[{x}]^{x.lower()}" for x in names),
    }


# Standard potential in mV and electrons, from the CRC Handbook of Chemistry and Physics, rounded.
_HALF_CELLS = {
    "Li+/Li": (-3040, 1), "K+/K": (-2931, 1), "Ca2+/Ca": (-2868, 2), "Na+/Na": (-2710, 1),
    "Mg2+/Mg": (-2372, 2), "Al3+/Al": (-1662, 3), "Mn2+/Mn": (-1185, 2), "Zn2+/Zn": (-762, 2),
    "Cr3+/Cr": (-744, 3), "Fe2+/Fe": (-447, 2), "Cd2+/Cd": (-403, 2), "Co2+/Co": (-280, 2),
    "Ni2+/Ni": (-257, 2), "Sn2+/Sn": (-138, 2), "Pb2+/Pb": (-126, 2), "Cu2+/Cu": (342, 2),
    "Ag+/Ag": (800, 1), "Hg2+/Hg": (851, 2), "Pt2+/Pt": (1180, 2), "Au3+/Au": (1498, 3),
}  # fmt: skip


def _cells(draws: Draws, level: int) -> dict:
    stack = []
    for _ in range(1 + (level + 1) // 2):
        low, high = sorted(draws.sample(list(_HALF_CELLS), 2), key=lambda c: _HALF_CELLS[c][0])
        stack.append([low, draws.between(-40, 0), high, draws.between(-40, 0)])
    return {"cells": stack, "kelvin": draws.between(280, 350)}


def _half(couple: str, log_c: int, kelvin: int) -> float:
    millivolts, electrons = _HALF_CELLS[couple]
    thermal = 8.314463 * kelvin / 96485.33
    return millivolts / 1e3 + thermal / electrons * math.log(10) * log_c / 10


def _voltage(q: dict) -> float:
    return sum(
        _half(high, c_high, q["kelvin"]) - _half(low, c_low, q["kelvin"])
        for low, c_low, high, c_high in q["cells"]
    )


def _voltage_by_quotients(q: dict) -> float:
    """E = E0 - RT/(nF) ln Q with n the least common number of electrons."""
    total = 0.0
    for low, c_low, high, c_high in q["cells"]:
        (e_low, n_low), (e_high, n_high) = _HALF_CELLS[low], _HALF_CELLS[high]
        n = math.lcm(n_low, n_high)
        log_q = (n // n_low) * c_low / 10 - (n // n_high) * c_high / 10
        total += (e_high - e_low) / 1000
        total -= 8.314463 * q["kelvin"] / (n * 96485.33) * log_q * 2.302585092994046
    return total


def _positive_cells(draws: Draws, level: int) -> dict | None:
    q = _cells(draws, level)
    return q if _voltage(q) > 0.2 else None


def _show_cells(q: dict) -> dict:
    parts = []
    for low, c_low, high, c_high in q["cells"]:
        parts.append(
            f"{low} (E0 = {_HALF_CELLS[low][0] / 1e3:+.3f} V, {10 ** (c_low / 10):.3e} mol/L) | "
            f"{high} (E0 = {_HALF_CELLS[high][0] / 1e3:+.3f} V, {10 ** (c_high / 10):.3e} mol/L)"
        )
    return {"cells": "; ".join(parts), "kelvin": q["kelvin"]}


_CHANGES = {"alpha": (-2, -4), "beta-": (1, 0), "beta+": (-1, 0), "electron-capture": (-1, 0),
            "neutron-emission": (0, -1), "proton-emission": (-1, -1)}  # fmt: skip


def _chain(draws: Draws, level: int) -> dict:
    z = draws.between(60, 110)
    steps = [draws.pick(list(_CHANGES)) for _ in range(1 + level)]
    return {"start": [z, draws.between(2 * z + 20, 2 * z + 60)], "steps": steps}


def _daughter(q: dict) -> list[str]:
    z, a = q["start"]
    for step in q["steps"]:
        z, a = z + _CHANGES[step][0], a + _CHANGES[step][1]
    return [f"{SYMBOLS[z - 1]}-{a}"]


def _daughter_by_counts(q: dict) -> list[str]:
    count = q["steps"].count
    a = q["start"][1] - 4 * count("alpha") - count("neutron-emission") - count("proton-emission")
    z = q["start"][0] - 2 * count("alpha") + count("beta-") - count("proton-emission")
    z -= count("beta+") + count("electron-capture")
    return [f"{SYMBOLS[z - 1]}-{a}"]


def _decaying(draws: Draws, level: int) -> dict | None:
    q = _chain(draws, level)
    lost = sum(_CHANGES[s][0] for s in q["steps"])
    if not 1 <= q["start"][0] + lost <= 118:
        return None
    told = _show_chain(q)
    return None if _daughter(q)[0] in told["nuclide"] else q


def _show_chain(q: dict) -> dict:
    z, a = q["start"]
    return {"nuclide": f"{SYMBOLS[z - 1]}-{a}", "steps": ", ".join(q["steps"])}


def _firing(draws: Draws, level: int) -> dict | None:
    names = "ABCDEF"[: 3 + level // 4]
    reactions = []
    for _ in range(2 + level // 3):
        left = sorted(draws.sample(range(len(names)), 2))
        right = draws.sample(range(len(names)), draws.between(1, 2))
        reactions.append([left, sorted(right)])
    order = [draws.below(len(reactions)) for _ in range(6 + 3 * level)]
    return {"counts": draws.integers(len(names), 0, 6 + level), "reactions": reactions,
            "order": order}  # fmt: skip


def _fire(q: dict) -> list[int]:
    """Fire reactions in the given order; one whose reagents are missing is skipped."""
    counts = list(q["counts"])
    for number in q["order"]:
        left, right = q["reactions"][number]
        if all(counts[s] >= left.count(s) for s in left):
            for s in left:
                counts[s] -= 1
            for s in right:
                counts[s] += 1
    return counts


def _fire_by_bags(q: dict) -> list[int]:
    bag = "".join(chr(65 + k) * n for k, n in enumerate(q["counts"]))
    for number in q["order"]:
        left, right = q["reactions"][number]
        trial = bag
        for s in left:
            head, found, tail = trial.partition(chr(65 + s))
            trial = head + tail if found else "!"
        if "!" not in trial:
            bag = trial + "".join(chr(65 + s) for s in right)
    return [bag.count(chr(65 + k)) for k in range(len(q["counts"]))]


def _show_firing(q: dict) -> dict:
    side = lambda species: " + ".join(chr(65 + s) for s in species)  # noqa: E731
    lines = [f"{k}: {side(a)} -> {side(b)}" for k, (a, b) in enumerate(q["reactions"], start=1)]
    counts = ", ".join(f"{chr(65 + k)}={n}" for k, n in enumerate(q["counts"]))
    return {"reactions": "; ".join(lines), "counts": counts,
            "order": " ".join(str(k + 1) for k in q["order"])}  # fmt: skip


TASKS = (
    Task(
        id="chem.rate_law",
        title="Orders and rate constant from initial rates",
        knob="species",
        draw=_rates,
        solve=_rate_law_by_logs,
        second=_rate_law,
        size=lambda q: len(q["runs"]),
        answer=Rationals(),
        show=_show_rates,
        en=(
            "Initial rates (concentrations in mol/L, rates in mol/(L s)):\n{runs}\nThe rate law is "
            "k {law} with whole orders. Give the orders of {names} and then the number k.",
            "Determine the reaction orders in {names} and the value of k from:\n{runs}\nrate = k "
            "{law}; list the orders, then k.",
            "Rate = k {law}; orders of {names}, then k:\n{runs}",
        ),
        zh=(
            "初始速率（浓度 mol/L，速率 mol/(L s)）：\n{runs}\n速率方程为 k {law}，级数为整数。"
            "依次写出 {names} 的级数和 k 的数值。",
            "由数据求 {names} 的反应级数和 k：\n{runs}\n速率 = k {law}；先写级数，再写 k。",
            "速率 = k {law}；{names} 的级数与 k：\n{runs}",
        ),
    ),
    Task(
        id="chem.nernst_stack",
        title="Voltage of galvanic cells in series",
        knob="cells",
        draw=_positive_cells,
        **measured(_voltage, "V", second=_voltage_by_quotients),
        show=_show_cells,
        en=(
            "Galvanic cells are connected in series, each written anode | cathode with standard "
            "potentials and ion concentrations: {cells}. What is the total voltage at {kelvin} K "
            "by the Nernst equation (R = 8.314463 J/(mol K), F = 96485.33 C/mol)?",
            "Use the Nernst equation at {kelvin} K for each of these cells (left the anode): "
            "{cells}. Find the sum of their voltages; metals are pure, activities equal mol/L.",
            "Nernst, {kelvin} K, in series: {cells}; volts:",
        ),
        zh=(
            "原电池串联，各写作 负极 | 正极，并给出标准电势与离子浓度：{cells}。{kelvin} K 下按"
            "能斯特方程总电压是多少（R = 8.314463 J/(mol K)，F = 96485.33 C/mol）？",
            "在 {kelvin} K 对每个电池（左为负极）用能斯特方程：{cells}。求电压之和"
            "（金属为纯相，活度等于浓度）。",
            "能斯特，{kelvin} K，串联：{cells}；电压：",
        ),
    ),
    Task(
        id="chem.decay_chain",
        title="Nuclide at the end of a chain of decays",
        knob="decays",
        draw=_decaying,
        solve=_daughter,
        second=_daughter_by_counts,
        answer=Words(example="Xx-1"),
        show=_show_chain,
        en=(
            "{nuclide} undergoes, one after the other: {steps}. Which nuclide is left (written "
            "like U-238)?",
            "Follow the decays {steps} from {nuclide}; name the final nuclide as symbol-mass "
            "number.",
            "{nuclide}: {steps} ->",
        ),
        zh=(
            "{nuclide} 依次发生：{steps}（alpha、beta- 等为衰变方式）。最后得到什么核素（如 "
            "U-238）？",
            "从 {nuclide} 出发经过 {steps}，写出最终核素（符号-质量数）。",
            "{nuclide}：{steps} →",
        ),
    ),
    Task(
        id="chem.reaction_network",
        title="Molecule counts after a sequence of reaction events",
        knob="events",
        draw=_firing,
        solve=_fire,
        second=_fire_by_bags,
        answer=Integers(),
        show=_show_firing,
        en=(
            "A vessel holds {counts} molecules. Reactions {reactions} are tried in the order "
            "{order}, one event each; an event whose reagents are not all there is skipped. How "
            "many molecules of each kind, in alphabetical order, are there at the end?",
            "Start with {counts}. Fire the numbered reactions ({reactions}) in the sequence "
            "{order}, skipping any that lacks a reagent. Give the final counts from A on.",
            "{counts}; {reactions}; events {order}; final counts:",
        ),
        zh=(
            "容器中有分子 {counts}。反应 {reactions} 按顺序 {order} 逐次尝试，反应物不足则跳过。"
            "最后按字母顺序各有多少个分子？",
            "从 {counts} 开始，按 {order} 依次触发编号反应（{reactions}），缺反应物时跳过。"
            "从 A 起写出最终数目。",
            "{counts}；{reactions}；事件 {order}；最终数目：",
        ),
    ),
)
