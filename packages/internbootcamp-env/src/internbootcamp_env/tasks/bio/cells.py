"""Cells and bodies: gene networks, enzymes, doses, neurons.

Source: Michaelis and Menten 1913; the other models as stated in the prompts. Exact fractions
unless a tolerance is stated. Knob: the number of genes, substances or steps.
"""

import math
from fractions import Fraction

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.task import Task

_RULES = (
    "{0} and {1}",
    "{0} or {1}",
    "not {0}",
    "{0} and not {1}",
    "{0} or not {1}",
    "{0} xor {1}",
)


def _network(draws: Draws, level: int) -> dict | None:
    names = "ABCDEFGH"[: 4 + level // 3]
    rules = [draws.pick(_RULES).format(*draws.sample(names, 2)) for _ in names]
    q = {"rules": rules, "start": draws.text("01", len(names))}
    return q if _attractor(q) != [q["start"]] else None


def _apply(rule: str, state: dict[str, int]) -> int:
    words = rule.split()
    value = 1 - state[words[1]] if words[0] == "not" else state[words[0]]
    if len(words) > 2:
        other = 1 - state[words[-1]] if words[-2] == "not" else state[words[-1]]
        value = {"and": value & other, "or": value | other, "xor": value ^ other}[words[1]]
    return value


def _attractor(q: dict) -> list[str]:
    """The states of the cycle that is reached, from the least one on, in order of time."""
    names = "ABCDEFGH"[: len(q["rules"])]
    seen, state = [], q["start"]
    while state not in seen:
        seen.append(state)
        values = {name: int(mark) for name, mark in zip(names, state, strict=True)}
        state = "".join(str(_apply(rule, values)) for rule in q["rules"])
    cycle = seen[seen.index(state) :]
    least = cycle.index(min(cycle))
    return cycle[least:] + cycle[:least]


def _attractor_by_tortoise(q: dict) -> list[str]:
    """Walk far enough to be on the cycle, then round it once, on whole truth tables."""
    size = len(q["rules"])
    names = "ABCDEFGH"[:size]
    after = []
    for code in range(1 << size):
        on = {name for k, name in enumerate(names) if code >> k & 1}
        mark = 0
        for k, rule in enumerate(q["rules"]):
            tokens = [f"{int(word in on)}" if word in names else word for word in rule.split()]
            text = " ".join(tokens).replace("not 0", "1").replace("not 1", "0")
            left, *rest = text.split()
            value = int(left)
            if rest:
                right = int(rest[1])
                gates = {"and": value * right, "or": max(value, right), "xor": abs(value - right)}
                value = gates[rest[0]]
            mark |= value << k
        after.append(mark)
    state = sum(1 << k for k, mark in enumerate(q["start"]) if mark == "1")
    for _ in range(1 << size):
        state = after[state]
    cycle = [state]
    while after[cycle[-1]] != state:
        cycle.append(after[cycle[-1]])
    texts = ["".join(str(code >> k & 1) for k in range(size)) for code in cycle]
    turn = texts.index(min(texts))
    return texts[turn:] + texts[:turn]


def _show_network(q: dict) -> dict:
    names = "ABCDEFGH"
    rules = ", ".join(f"{names[k]} = {rule}" for k, rule in enumerate(q["rules"]))
    return {"rules": rules, "start": q["start"], "names": names[: len(q["rules"])]}


def _assay(draws: Draws, level: int) -> dict:
    fastest, half = draws.between(5, 60), draws.between(1, 20 + 2 * level)
    inhibitor = draws.between(1, 12)
    factor = 1 + Fraction(inhibitor, draws.between(1, 15))
    doses = sorted(draws.sample(range(1, 60), 2 + level // 2))
    kind = draws.pick(("competitive", "uncompetitive", "pure-noncompetitive"))
    plain = [[s, str(Fraction(fastest * s, half + s))] for s in doses]
    scale = {"competitive": (1, factor), "uncompetitive": (factor, 1)}.get(kind, (factor, factor))
    slow = [
        [s, str(Fraction(fastest * s) / (half * scale[1] + s * scale[0]))]
        for s in sorted(draws.sample(range(1, 60), 2 + level // 2))
    ]
    return {"plain": plain, "slow": slow, "inhibitor": inhibitor}


def _line(rows: list[list]) -> tuple[Fraction, Fraction]:
    """Slope and intercept of 1/v against 1/s through the first and the last point."""
    (s1, v1), (s2, v2) = rows[0], rows[-1]
    x1, x2 = Fraction(1, s1), Fraction(1, s2)
    y1, y2 = 1 / Fraction(v1), 1 / Fraction(v2)
    slope = (y1 - y2) / (x1 - x2)
    return slope, y1 - slope * x1


def _kinetics(q: dict) -> list[str]:
    """Vmax, Km, kind of inhibition, and the inhibition constant."""
    (slope, cut), (slope_i, cut_i) = _line(q["plain"]), _line(q["slow"])
    kinds = {(True, False): "competitive", (False, True): "uncompetitive"}
    kind = kinds.get((slope != slope_i, cut != cut_i), "pure-noncompetitive")
    ratio = cut_i / cut if kind == "uncompetitive" else slope_i / slope
    return [str(1 / cut), str(slope / cut), kind, str(q["inhibitor"] / (ratio - 1))]


def _kinetics_by_hanes(q: dict) -> list[str]:
    """From s/v against s: slope 1/Vmax, intercept Km/Vmax."""
    lines = []
    for rows in (q["plain"], q["slow"]):
        (a, v), (b, w) = rows[0], rows[-1]
        y, z = a / Fraction(v), b / Fraction(w)
        lines.append(((z - y) / (b - a), y - a * (z - y) / (b - a)))
    (m, c), (n, d) = lines
    kind = "competitive" if m == n else "uncompetitive" if c == d else "pure-noncompetitive"
    ratio = d / c if kind == "competitive" else n / m
    return [str(1 / m), str(c / m), kind, str(Fraction(q["inhibitor"]) / (ratio - 1))]


def _show_assay(q: dict) -> dict:
    rows = {key: ", ".join(f"{s}: {v}" for s, v in q[key]) for key in ("plain", "slow")}
    return {**rows, "inhibitor": q["inhibitor"]}


def _dosing(draws: Draws, level: int) -> dict:
    times = sorted(draws.sample(range(40), 1 + (level + 1) // 2))
    return {
        "doses": [[t, draws.between(50, 800)] for t in times],
        "volume": draws.between(10, 60),
        "half_life": draws.between(2, 24),
        "time": times[-1] + draws.between(1, 20),
    }


def _level(q: dict) -> float:
    return sum(
        dose / q["volume"] * 0.5 ** ((q["time"] - t) / q["half_life"]) for t, dose in q["doses"]
    )


def _level_by_steps(q: dict) -> float:
    """Follow the amount from dose to dose."""
    rate, amount, clock = math.log(2) / q["half_life"], 0.0, 0
    for t, dose in [*q["doses"], [q["time"], 0]]:
        amount = amount * math.exp(-rate * (t - clock)) + dose
        clock = t
    return amount / q["volume"]


def _show_dosing(q: dict) -> dict:
    doses = ", ".join(f"{dose} mg at {t} h" for t, dose in q["doses"])
    doses_zh = "，".join(f"{t} h 给药 {dose} mg" for t, dose in q["doses"])
    return {**q, "doses": doses, "doses_zh": doses_zh}


def _inputs(draws: Draws, level: int) -> dict:
    return {
        "inputs": draws.integers(8 + 3 * level, 0, 12),
        "threshold": draws.between(12, 24),
        "leak": draws.between(1, 3),
        "rest": draws.between(0, 2),
    }


def _spikes(q: dict) -> list[int]:
    """Steps (from 1) at which an integrate-and-fire neuron spikes."""
    potential, pause, times = 0, 0, []
    for step, current in enumerate(q["inputs"], start=1):
        if pause:
            pause -= 1
            continue
        potential = max(0, potential + current - q["leak"])
        if potential >= q["threshold"]:
            times.append(step)
            potential, pause = 0, q["rest"]
    return times


def _spikes_by_segments(q: dict) -> list[int]:
    """From each reset, find the first step at which the clipped running sum passes."""
    times, start = [], 0
    while start < len(q["inputs"]):
        total, hit = 0, None
        for k in range(start, len(q["inputs"])):
            total += q["inputs"][k] - q["leak"]
            total = total if total > 0 else 0
            if total >= q["threshold"]:
                hit = k
                break
        if hit is None:
            break
        times.append(hit + 1)
        start = hit + 1 + q["rest"]
    return times


TASKS = (
    Task(
        id="bio.gene_network",
        title="Attractor of a Boolean gene network",
        knob="genes",
        draw=_network,
        solve=_attractor,
        second=_attractor_by_tortoise,
        answer=Words(example="2"),
        show=_show_network,
        en=(
            "Genes {names} are updated together by {rules}. Starting from {start} (in this order), "
            "which cycle of states is reached? List its states in order of time, beginning with "
            "the one that is the least binary number.",
            "Find the attractor of the synchronous Boolean network {rules} from the state {start} "
            "of {names}: its states one after the other, the smallest first.",
            "Attractor of {rules} from {names}={start}:",
        ),
        zh=(
            "基因 {names} 同步更新：{rules}。从 {start}（按此顺序）出发，最终进入哪个状态循环？"
            "按时间顺序列出各状态，从二进制值最小的开始。",
            "求同步布尔网络 {rules} 从 {names} 的状态 {start} 出发的吸引子：依次列出状态，"
            "最小者在前。",
            "{rules} 从 {names}={start} 出发的吸引子：",
        ),
    ),
    Task(
        id="bio.enzyme_kinetics",
        title="Michaelis constants and kind of inhibition from exact rates",
        knob="measurements",
        draw=_assay,
        solve=_kinetics,
        second=_kinetics_by_hanes,
        answer=Words(example="1"),
        show=_show_assay,
        en=(
            "Exact initial rates (substrate in mM: rate in uM/s). Without inhibitor {plain}; with "
            "{inhibitor} mM inhibitor {slow}. Give Vmax, Km, the kind of inhibition "
            "(competitive, uncompetitive or pure-noncompetitive) and Ki, numbers as fractions.",
            "Fit Michaelis-Menten laws to {plain} (no inhibitor) and {slow} ({inhibitor} mM "
            "inhibitor), substrate: rate. Write Vmax, Km, one of competitive, uncompetitive, "
            "pure-noncompetitive, and Ki.",
            "Vmax Km kind Ki: {plain}; {inhibitor} mM inhibitor: {slow} (competitive, "
            "uncompetitive, pure-noncompetitive)",
        ),
        zh=(
            "精确初速率（底物 mM：速率 uM/s）。无抑制剂 {plain}；含 {inhibitor} mM 抑制剂 {slow}。"
            "依次写出 Vmax、Km、抑制类型（competitive、uncompetitive 或 pure-noncompetitive）和 "
            "Ki，"
            "数用分数。",
            "对 {plain}（无抑制剂）和 {slow}（{inhibitor} mM 抑制剂）拟合米氏方程（底物：速率）。"
            "写出 Vmax、Km、competitive / uncompetitive / pure-noncompetitive 之一、Ki。",
            "Vmax Km 类型 Ki：{plain}；{inhibitor} mM 抑制剂：{slow}（competitive、uncompetitive、"
            "pure-noncompetitive）",
        ),
    ),
    Task(
        id="bio.drug_level",
        title="Plasma concentration after several doses",
        knob="doses",
        draw=_dosing,
        **measured(_level, "mg/L", second=_level_by_steps),
        show=_show_dosing,
        en=(
            "Intravenous doses: {doses}. The volume of distribution is {volume} L, the half-life "
            "{half_life} h (one compartment, first order). What is the concentration at {time} h?",
            "One-compartment model, V = {volume} L, half-life {half_life} h, bolus doses {doses}: "
            "find the plasma level at {time} h.",
            "V={volume} L, t1/2={half_life} h, {doses}; level at {time} h:",
        ),
        zh=(
            "静脉给药：{doses_zh}。分布容积 {volume} L，半衰期 {half_life} h（一室一级）。"
            "{time} h 时浓度是多少？",
            "一室模型，V = {volume} L，半衰期 {half_life} h，推注 {doses_zh}，求 {time} h "
            "的血药浓度。",
            "V={volume} L，t1/2={half_life} h，{doses_zh}；{time} h 浓度：",
        ),
    ),
    Task(
        id="bio.neuron_spikes",
        title="Spike times of an integrate-and-fire neuron",
        knob="steps",
        draw=_inputs,
        solve=_spikes,
        second=_spikes_by_segments,
        answer=Integers(),
        en=(
            "A neuron's potential starts at 0. At each step it gains the input, loses {leak} and "
            "never falls below 0; at {threshold} or more it spikes, is set to 0 and ignores the "
            "next {rest} inputs. The inputs are {inputs}. At which steps (from 1) does it spike?",
            "Simulate an integrate-and-fire cell: leak {leak} a step, floor 0, threshold "
            "{threshold}, reset 0, refractory {rest} steps, inputs {inputs}. Give the spike steps.",
            "Spikes: leak {leak}, threshold {threshold}, refractory {rest}, inputs {inputs}",
        ),
        zh=(
            "神经元电位从 0 开始。每步加上输入、减去 {leak}，不低于 0；达到 {threshold} "
            "或以上即放电，"
            "归 0 并忽略随后 {rest} 个输入。输入为 {inputs}。在哪些步（从 1 起）放电？",
            "模拟积分放电神经元：每步泄漏 {leak}，下限 0，阈值 {threshold}，复位 0，不应期 "
            "{rest} 步，"
            "输入 {inputs}。写出放电的步数。",
            "放电：泄漏 {leak}，阈值 {threshold}，不应期 {rest}，输入 {inputs}",
        ),
    ),
)
