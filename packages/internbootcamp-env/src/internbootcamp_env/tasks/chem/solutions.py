"""Equilibria and mixtures: dilution, pH, buffers, solubility, extents, freezing points, gases.

Source: mass-action law with activities equal to concentrations; water's ion product 1.0e-14;
ideal gas constant 8.314463 J/(mol K) (CODATA 2018). Roots of monotone equations are bisected.
Tolerance 0.1 % of a quantity, 0.01 of a pH. Knob: the number of steps or species.
"""

import math
from collections.abc import Callable
from fractions import Fraction

from internbootcamp_env.answers import Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.task import Task

_KW = 1e-14
_R = 8.314463


def root(function: Callable[[float], float], low: float, high: float) -> float:
    """Bisect an increasing function that changes sign between `low` and `high`."""
    for _ in range(70):
        middle = (low + high) / 2
        if function(middle) > 0:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _dilutions(draws: Draws, level: int) -> dict:
    steps = []
    for _ in range(1 + (level + 1) // 2):
        kind = draws.pick(("take", "mix"))
        first = draws.between(1, 25)
        if kind == "take":
            steps.append([kind, first, first + draws.between(5, 200), 0])
        else:
            steps.append([kind, first, draws.between(5, 100), draws.between(1, 40)])
    return {"start": draws.between(2, 60), "steps": steps}


def _diluted(q: dict) -> str:
    value = Fraction(q["start"], 10)
    for kind, taken, volume, other in q["steps"]:
        if kind == "take":
            value = value * taken / volume
        else:
            value = (value * taken + Fraction(other, 10) * volume) / (taken + volume)
    return str(value)


def _diluted_by_line(q: dict) -> str:
    """Keep the result as a + b * start, exactly."""
    constant, slope = Fraction(0), Fraction(1)
    for kind, taken, volume, other in q["steps"]:
        whole = volume if kind == "take" else taken + volume
        share = Fraction(taken, whole)
        constant, slope = constant * share, slope * share
        if kind == "mix":
            constant += (1 - share) * Fraction(other, 10)
    return str(constant + slope * Fraction(q["start"], 10))


def _show_dilutions(q: dict) -> dict:
    en = {"take": "take {0} mL and fill up to {1} mL",
          "mix": "mix {0} mL of it with {1} mL of a {2} mol/L solution"}  # fmt: skip
    zh = {"take": "取 {0} mL 定容至 {1} mL", "mix": "取 {0} mL 与 {1} mL 的 {2} mol/L 溶液混合"}
    parts = [(k, a, b, f"{c / 10:.1f}") for k, a, b, c in q["steps"]]
    return {
        "start": f"{q['start'] / 10:.1f}",
        "steps": "; ".join(en[k].format(*rest) for k, *rest in parts),
        "steps_zh": "；".join(zh[k].format(*rest) for k, *rest in parts),
    }


def _acids(draws: Draws, level: int) -> dict:
    acids = [
        [draws.between(1, 900), draws.between(200, 1000 - 20 * level)]
        for _ in range(1 + (level + 1) // 3)
    ]
    return {"acids": acids, "base": draws.between(0, 30 * level) if level > 2 else 0}


def _charge_excess(q: dict, ph: float) -> float:
    h = 10**-ph
    negative = _KW / h
    for millimolar, pk in q["acids"]:
        k = 10 ** (-pk / 100)
        negative += millimolar / 1e3 * k / (k + h)
    return negative - h - q["base"] / 1e4


def _ph(q: dict) -> float:
    return root(lambda ph: _charge_excess(q, ph), 0.0, 14.0)


def _ph_by_secant(q: dict) -> float:
    """Iterate on [H+] itself: damped fixed point of the charge balance."""
    low, high = 1e-14, 1.0
    for _ in range(400):
        h = math.sqrt(low * high)
        anions = sum(c / 1e3 / (1 + h * 10 ** (pk / 100)) for c, pk in q["acids"])
        if h + q["base"] / 1e4 > anions + _KW / h:
            high = h
        else:
            low = h
    return -math.log10(math.sqrt(low * high))


def _show_acids(q: dict) -> dict:
    listed = ", ".join(f"{c / 1e3:.3f} mol/L (pKa {pk / 100:.2f})" for c, pk in q["acids"])
    base = q["base"] / 1e4
    return {
        "acids": listed,
        "base": f" and {base:.4f} mol/L NaOH" if base else "",
        "base_zh": f"，以及 {base:.4f} mol/L NaOH" if base else "",
    }


def _buffer(draws: Draws, level: int) -> dict:
    additions = [
        [draws.pick(("HCl", "NaOH")), draws.between(1, 20), draws.between(1, 20)]
        for _ in range(level)
    ]
    return {
        "pka": draws.between(350, 1050),
        "acid": draws.between(20, 90),
        "salt": draws.between(20, 90),
        "additions": additions,
    }


def _buffer_amounts(q: dict) -> tuple[float, float]:
    shift = sum((a * b / 10) * (1 if kind == "NaOH" else -1) for kind, a, b in q["additions"])
    return q["acid"] - shift, q["salt"] + shift


def _buffer_ph(q: dict) -> float:
    acid, salt = _buffer_amounts(q)
    return q["pka"] / 100 + math.log10(salt / acid)


def _buffer_ph_stepwise(q: dict) -> float:
    acid, salt = 10 * q["acid"], 10 * q["salt"]
    for kind, volume, concentration in q["additions"]:
        moles = volume * concentration
        acid, salt = (
            (acid - moles, salt + moles) if kind == "NaOH" else (acid + moles, salt - moles)
        )
    return (q["pka"] - 100 * math.log10(acid / salt)) / 100


def _sound_buffer(draws: Draws, level: int) -> dict | None:
    q = _buffer(draws, level)
    return q if min(_buffer_amounts(q)) > 4 else None


def _show_buffer(q: dict) -> dict:
    listed = ", ".join(f"{v} mL of {c / 10:.1f} mol/L {kind}" for kind, v, c in q["additions"])
    listed_zh = "、".join(f"{c / 10:.1f} mol/L {kind} {v} mL" for kind, v, c in q["additions"])
    return {
        "pka": f"{q['pka'] / 100:.2f}",
        "acid": q["acid"],
        "salt": q["salt"],
        "additions": listed,
        "additions_zh": listed_zh,
    }


def _sparing(draws: Draws, level: int) -> dict:
    return {
        "cations": draws.between(1, 1 + min(2, level // 3)),
        "anions": draws.between(1, 1 + min(2, (level + 1) // 3)),
        "pksp": draws.between(400 + 60 * level, 900 + 150 * level),
        "common": draws.between(1, 300),
        "ion": draws.pick(("cation", "anion")),
    }


def _solubility(q: dict) -> float:
    """Solubility in mol/L of M_m X_n where one ion is present already."""
    m, n = q["cations"], q["anions"]
    extra = q["common"] / 1e3
    cation, anion = (extra, 0.0) if q["ion"] == "cation" else (0.0, extra)
    constant = 10 ** (-q["pksp"] / 100)

    def excess(log_s: float) -> float:
        s = 10**log_s
        return (cation + m * s) ** m * (anion + n * s) ** n - constant

    return 10 ** root(excess, -60.0, 3.0)


def _solubility_by_logs(q: dict) -> float:
    m, n = q["cations"], q["anions"]
    extra = q["common"] / 1e3
    low, high = 0.0, 10.0
    for _ in range(400):
        s = (low + high) / 2
        a = m * s + (extra if q["ion"] == "cation" else 0)
        b = n * s + (extra if q["ion"] == "anion" else 0)
        total = (m * math.log10(a) + n * math.log10(b)) if a and b else -math.inf
        low, high = (low, s) if total > -q["pksp"] / 100 else (s, high)
    return high


def _show_sparing(q: dict) -> dict:
    zh = {"cation": "阳离子", "anion": "阴离子"}
    return {
        "salt": f"M{q['cations']}X{q['anions']}".replace("1", ""),
        "pksp": f"{q['pksp'] / 100:.2f}",
        "common": f"{q['common'] / 1e3:.3f}",
        "ion": q["ion"],
        "ion_zh": zh[q["ion"]],
    }


def _reaction(draws: Draws, level: int) -> dict:
    reagents = [[draws.between(1, 1 + level // 3), draws.between(5, 99)]
                for _ in range(1 + (level + 1) // 4)]  # fmt: skip
    products = [[draws.between(1, 1 + level // 3), draws.between(0, 40)]
                for _ in range(1 + level // 4)]  # fmt: skip
    return {"reagents": reagents, "products": products, "log_k": draws.between(-25, 25)}


def _extent(q: dict) -> float:
    """Extent of reaction in mol/L from the start; amounts are given in hundredths."""
    low = -min(c / n for n, c in q["products"]) / 100
    high = min(c / n for n, c in q["reagents"]) / 100

    def excess(x: float) -> float:
        right = math.prod((c / 100 + n * x) ** n for n, c in q["products"])
        left = math.prod((c / 100 - n * x) ** n for n, c in q["reagents"])
        return right - 10 ** (q["log_k"] / 10) * left

    return root(excess, low, high)


def _final_reagent(q: dict) -> float:
    n, c = q["reagents"][0]
    return c / 100 - n * _extent(q)


def _final_reagent_by_logs(q: dict) -> float:
    low = -min(c / n for n, c in q["products"]) / 100
    high = min(c / n for n, c in q["reagents"]) / 100
    for _ in range(200):
        x = (low + high) / 2
        gain = -q["log_k"] / 10
        for sign, side in ((1, q["products"]), (-1, q["reagents"])):
            for n, c in side:
                amount = c / 100 + sign * n * x
                gain += sign * n * math.log10(amount) if amount > 0 else -sign * math.inf
        low, high = (low, x) if gain > 0 else (x, high)
    n, c = q["reagents"][0]
    return c / 100 - n * (low + high) / 2


def _show_equilibrium(q: dict) -> dict:
    letters = iter("ABCDEFGH")
    sides, starts = [], []
    for side in (q["reagents"], q["products"]):
        terms = []
        for n, c in side:
            name = next(letters)
            terms.append(f"{n if n > 1 else ''}{name}")
            starts.append(f"[{name}] = {c / 100:.2f}")
        sides.append(" + ".join(terms))
    return {
        "equation": " <=> ".join(sides),
        "starts": ", ".join(starts),
        "k": f"{10 ** (q['log_k'] / 10):.6g}",
    }


def _colligative(draws: Draws, level: int) -> dict:
    solutes = [
        [draws.between(1, 60), draws.between(30, 400), draws.between(1, 4), draws.between(50, 100)]
        for _ in range(1 + (level + 1) // 2)
    ]
    return {"solvent": draws.between(100, 900), "constant": draws.between(186, 510),
            "solutes": solutes}  # fmt: skip


def _depression(q: dict) -> float:
    """Freezing-point depression in K; van 't Hoff factor 1 + a (ions - 1)."""
    particles = sum(g / m * (1 + a / 100 * (n - 1)) for g, m, n, a in q["solutes"])
    return q["constant"] / 100 * particles / (q["solvent"] / 1000)


def _depression_by_ions(q: dict) -> float:
    total = 0.0
    for grams, mass, ions, percent in q["solutes"]:
        moles = grams / mass
        whole, split = moles * (100 - percent) / 100, moles * percent / 100 * ions
        total += (whole + split) * 1000 / q["solvent"]
    return total * q["constant"] / 100


def _show_solutes(q: dict) -> dict:
    parts = [f"{g} g ({m} g/mol, {n} ions, {a} % dissociated)" for g, m, n, a in q["solutes"]]
    parts_zh = [f"{g} g（{m} g/mol，{n} 个离子，解离度 {a} %）" for g, m, n, a in q["solutes"]]
    return {
        "solvent": q["solvent"],
        "constant": f"{q['constant'] / 100:.2f}",
        "solutes": ", ".join(parts),
        "solutes_zh": "、".join(parts_zh),
    }


def _gases(draws: Draws, level: int) -> dict:
    bulbs = [
        [draws.between(1, 50), draws.between(20, 900), draws.between(200, 600)]
        for _ in range(2 + level // 2)
    ]
    return {"bulbs": bulbs, "final": draws.between(250, 700), "extra": draws.between(0, 40)}


def _pressure(q: dict) -> float:
    """Pressure in kPa after bulbs (L, kPa, K) are joined, with an extra volume, at one T."""
    moles = sum(v * p / (_R * t) for v, p, t in q["bulbs"])
    return moles * _R * q["final"] / (sum(v for v, _, _ in q["bulbs"]) + q["extra"])


def _pressure_exact(q: dict) -> float:
    top = sum(Fraction(v * p, t) for v, p, t in q["bulbs"]) * q["final"]
    return float(top / (q["extra"] + sum(bulb[0] for bulb in q["bulbs"])))


def _show_gases(q: dict) -> dict:
    return {**q, "bulbs": ", ".join(f"{v} L at {p} kPa and {t} K" for v, p, t in q["bulbs"])}


TASKS = (
    Task(
        id="chem.serial_dilution",
        title="Concentration after dilutions and mixings",
        knob="steps",
        draw=_dilutions,
        solve=_diluted,
        second=_diluted_by_line,
        answer=Rational(),
        show=_show_dilutions,
        en=(
            "A solution has {start} mol/L. In order, always using what was just made: {steps}. "
            "What is the final concentration in mol/L, exactly (volumes add up)?",
            "Follow the concentration of a {start} mol/L stock through these steps, each on the "
            "last product: {steps}. Give mol/L as an exact fraction.",
            "{start} mol/L; {steps}; mol/L at the end:",
        ),
        zh=(
            "某溶液浓度 {start} mol/L，依次操作（每次用上一步所得溶液，体积可加）：{steps_zh}。"
            "最终浓度精确值是多少 mol/L？",
            "{start} mol/L 储备液经过以下步骤，每步用前一步产物：{steps_zh}。"
            "写出最终浓度（mol/L，精确分数）。",
            "{start} mol/L；{steps_zh}；最终 mol/L：",
        ),
    ),
    Task(
        id="chem.weak_acid_ph",
        title="pH of weak acids, partly neutralised",
        knob="acids and base",
        draw=_acids,
        **measured(_ph, "", second=_ph_by_secant, relative=0.0, absolute=0.01),
        show=_show_acids,
        size=lambda q: 10 * len(q["acids"]) + q["base"] / 30,
        en=(
            "Water holds these monoprotic acids (total concentrations): {acids}{base}. What is "
            "the pH at 25 degrees C (Kw = 1.0e-14, ideal activities)?",
            "Solve the charge balance for the pH of a solution of {acids}{base}; "
            "Kw = 1.0e-14, no activity corrections.",
            "pH of {acids}{base}, Kw=1.0e-14:",
        ),
        zh=(
            "水中含一元弱酸（总浓度）：{acids}{base_zh}。25 摄氏度下 pH 是多少"
            "（Kw = 1.0e-14，活度理想）？",
            "由电荷平衡求溶液的 pH：{acids}{base_zh}；Kw = 1.0e-14，不作活度校正。",
            "{acids}{base_zh}，Kw=1.0e-14，pH：",
        ),
    ),
    Task(
        id="chem.buffer_ph",
        title="pH of a buffer after additions of strong acid and base",
        knob="additions",
        draw=_sound_buffer,
        **measured(_buffer_ph, "", second=_buffer_ph_stepwise, relative=0.0, absolute=0.01),
        show=_show_buffer,
        en=(
            "A buffer holds {acid} mmol of an acid HA (pKa {pka}) and {salt} mmol of NaA. Added "
            "are {additions}. What pH does the Henderson-Hasselbalch equation give?",
            "Buffer of {acid} mmol HA and {salt} mmol A-, pKa {pka}. After adding {additions}, "
            "find the pH = pKa + log10([A-]/[HA]).",
            "HA {acid} mmol, A- {salt} mmol, pKa {pka}, plus {additions}: pH",
        ),
        zh=(
            "缓冲液含 {acid} mmol 弱酸 HA（pKa {pka}）和 {salt} mmol NaA，加入 {additions_zh}。"
            "按亨德森-哈塞尔巴尔赫方程 pH 是多少？",
            "{acid} mmol HA 与 {salt} mmol A-，pKa {pka}，加入 {additions_zh} 后，"
            "求 pH = pKa + log10([A-]/[HA])。",
            "HA {acid} mmol，A- {salt} mmol，pKa {pka}，加 {additions_zh}：pH",
        ),
    ),
    Task(
        id="chem.common_ion_solubility",
        title="Solubility of a salt with a common ion",
        knob="stoichiometry and pKsp",
        draw=_sparing,
        **measured(_solubility, "mol/L", second=_solubility_by_logs),
        show=_show_sparing,
        size=lambda q: q["cations"] + q["anions"] + q["pksp"] / 100,
        en=(
            "How much of the salt {salt} (pKsp = {pksp}, full dissociation, no side reactions) "
            "dissolves in a solution that already has {common} mol/L of its {ion}?",
            "Find the molar solubility of {salt} with Ksp = 10^-{pksp} in the presence of {common} "
            "mol/L of the {ion} from another source.",
            "{salt}, pKsp {pksp}, {common} mol/L {ion}: solubility",
        ),
        zh=(
            "盐 {salt}（pKsp = {pksp}，完全解离，无副反应）在已含 {common} mol/L 其{ion_zh}的溶液中"
            "溶解度是多少？",
            "{salt} 的 Ksp = 10^-{pksp}，溶液中另有 {common} mol/L {ion_zh}，求其摩尔溶解度。",
            "{salt}，pKsp {pksp}，{common} mol/L {ion_zh}：溶解度",
        ),
    ),
    Task(
        id="chem.equilibrium_concentration",
        title="Concentration at equilibrium from K and a start",
        knob="species and coefficients",
        draw=_reaction,
        **measured(_final_reagent, "mol/L", second=_final_reagent_by_logs),
        show=_show_equilibrium,
        size=lambda q: sum(n + 2 for n, _ in q["reagents"] + q["products"]),
        en=(
            "{equation} has K = {k} (concentrations in mol/L). Start: {starts} mol/L. What is [A] "
            "at equilibrium?",
            "Let {starts} (mol/L) come to the equilibrium {equation}, K = {k}. Find the final "
            "concentration of A.",
            "{equation}, K={k}, {starts} mol/L: [A] at equilibrium",
        ),
        zh=(
            "{equation} 的 K = {k}（浓度以 mol/L 计）。初始：{starts} mol/L。平衡时 [A] 是多少？",
            "由 {starts}（mol/L）达到平衡 {equation}，K = {k}，求 A 的平衡浓度。",
            "{equation}，K={k}，{starts} mol/L：平衡 [A]",
        ),
    ),
    Task(
        id="chem.freezing_point",
        title="Freezing-point depression of a mixed solution",
        knob="solutes",
        draw=_colligative,
        **measured(_depression, "K", second=_depression_by_ions),
        show=_show_solutes,
        en=(
            "In {solvent} g of a solvent with the cryoscopic constant {constant} K kg/mol are "
            "dissolved {solutes}. By how much is the freezing point lowered?",
            "Find the freezing-point depression of {solvent} g of solvent ({constant} K kg/mol) "
            "with {solutes}; i = 1 + a (ions - 1).",
            "{solvent} g, Kf {constant} K kg/mol, {solutes}: depression",
        ),
        zh=(
            "{solvent} g 溶剂（凝固点降低常数 {constant} K kg/mol）中溶有 {solutes_zh}。"
            "凝固点降低多少？",
            "求 {solvent} g 溶剂（{constant} K kg/mol）溶解 {solutes_zh} 后的凝固点降低值；"
            "i = 1 + a (离子数 - 1)。",
            "{solvent} g，Kf {constant} K kg/mol，{solutes_zh}：降低值",
        ),
    ),
    Task(
        id="chem.joined_bulbs",
        title="Pressure after bulbs of gas are joined",
        knob="bulbs",
        draw=_gases,
        **measured(_pressure, "kPa", second=_pressure_exact),
        show=_show_gases,
        canon=lambda q: [sorted(q["bulbs"]), q["final"], q["extra"]],
        en=(
            "Bulbs of unreactive ideal gases, {bulbs}, are joined, together with an evacuated "
            "volume of {extra} L, and brought to {final} K. What is the final pressure?",
            "Connect {bulbs} (ideal gases) and {extra} L of vacuum; all is kept at {final} K. Find "
            "the common pressure.",
            "Join {bulbs} and {extra} L vacuum, {final} K: pressure",
        ),
        zh=(
            "若干装有互不反应理想气体的容器：{bulbs}，与 {extra} L 真空容器连通后温度为 {final} K。"
            "最终压强是多少？",
            "把 {bulbs}（理想气体）和 {extra} L 真空连通，保持 {final} K，求共同压强。",
            "连通 {bulbs} 与 {extra} L 真空，{final} K：压强",
        ),
    ),
)
