"""Electricity and optics: charges, direct and alternating current, switching, lenses, layers.

Source: textbook electromagnetism and geometrical optics; conventions stand in the prompts.
Tolerance 0.1 % where an answer is a quantity. Knob: the number of parts.
"""

import math
from fractions import Fraction

from internbootcamp_env.answers import Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.engines.rational_matrices import solve as solve_linear
from internbootcamp_env.task import Task


def _charges(draws: Draws, level: int) -> dict:
    places = draws.sample(range(-9 - level, 10 + level), 2 + level)
    at, *others = places
    return {"at": at, "charges": [[draws.between(1, 9) * draws.pick((1, -1)), x] for x in others]}


def _field(q: dict) -> str:
    total = Fraction(0)
    for charge, x in q["charges"]:
        away = q["at"] - x
        total += Fraction(charge * (1 if away > 0 else -1), away * away)
    return str(total)


def _field_by_cubes(q: dict) -> str:
    return str(sum(Fraction(c * (q["at"] - x), abs(q["at"] - x) ** 3) for c, x in q["charges"]))


def _ladder(draws: Draws, level: int) -> dict:
    sections = 2 + level // 3
    return {
        "sources": draws.integers(sections, -12 - level, 12 + level),
        "series": draws.integers(sections, 1, 9),
        "shunts": draws.integers(sections, 1, 9),
    }


def _node_potentials(q: dict) -> list[str]:
    """Nodal analysis of a ladder: source and resistor in series up to each node, shunt down."""
    size = len(q["sources"])
    a = [[Fraction(0)] * size for _ in range(size)]
    b = [Fraction(0)] * size
    for k in range(size):
        through, down = Fraction(1, q["series"][k]), Fraction(1, q["shunts"][k])
        a[k][k] += through + down
        b[k] += through * q["sources"][k]
        if k:
            a[k][k - 1] -= through
            a[k - 1][k] -= through
            a[k - 1][k - 1] += through
            b[k - 1] -= through * q["sources"][k]
    return [str(v) for v in solve_linear(a, b) or ()]


def _mesh_potentials(q: dict) -> list[str]:
    """Mesh currents: loop k holds source, series resistor and the shunts on both its sides."""
    size = len(q["sources"])
    a = [[0] * size for _ in range(size)]
    for k in range(size):
        a[k][k] = q["series"][k] + q["shunts"][k] + (q["shunts"][k - 1] if k else 0)
        if k:
            a[k][k - 1] = a[k - 1][k] = -q["shunts"][k - 1]
    currents = [*(solve_linear(a, q["sources"]) or ()), Fraction(0)]
    return [str(q["shunts"][k] * (currents[k] - currents[k + 1])) for k in range(size)]


def _show_ladder(q: dict) -> dict:
    rows = zip(q["sources"], q["series"], q["shunts"], strict=True)
    lines = [f"{k}: E={e} V, R={r} ohm, S={s} ohm" for k, (e, r, s) in enumerate(rows, start=1)]
    return {"sections": "\n".join(lines), "last": len(lines)}


def _alternating(draws: Draws, level: int) -> dict:
    branches = []
    for _ in range(1 + (level + 1) // 2):
        branches.append([draws.between(1, 200), draws.between(0, 300), draws.between(1, 90)])
    return {"frequency": draws.between(30, 800), "branches": branches}


def _impedance(q: dict) -> float:
    """Magnitude in ohm of parallel series-RLC branches (ohm, mH, uF)."""
    omega = 2 * math.pi * q["frequency"]
    total = 0j
    for r, millihenry, microfarad in q["branches"]:
        total += 1 / complex(r, omega * millihenry / 1e3 - 1e6 / (omega * microfarad))
    return abs(1 / total)


def _impedance_by_phasors(q: dict) -> float:
    omega = 2 * math.pi * q["frequency"]
    cosine = sine = 0.0
    for r, millihenry, microfarad in q["branches"]:
        reactance = omega * millihenry / 1e3 - 1e6 / (omega * microfarad)
        current, phase = 1 / math.hypot(r, reactance), math.atan2(reactance, r)
        cosine += current * math.cos(phase)
        sine += current * math.sin(phase)
    return 1 / math.hypot(cosine, sine)


def _show_branches(q: dict) -> dict:
    listed = "; ".join(f"{r} ohm, {h} mH, {c} uF" for r, h, c in q["branches"])
    return {**q, "branches": listed}


def _switching(draws: Draws, level: int) -> dict:
    capacity, phases = draws.between(5, 90), []
    for _ in range(2 + level // 2):
        kiloohm = draws.between(1, 30)
        time = 1 + capacity * kiloohm * draws.between(20, 180) // 100
        phases.append([draws.between(-20, 20), kiloohm, time])
    return {"capacity": capacity, "start": draws.between(2, 20), "phases": phases}


def _capacitor(q: dict) -> float:
    voltage = float(q["start"])
    for source, kiloohm, millisecond in q["phases"]:
        voltage = source + (voltage - source) * math.exp(-millisecond / (kiloohm * q["capacity"]))
    return voltage


def _capacitor_backwards(q: dict) -> float:
    """Weight every source by the decay that follows it."""
    total, weight = 0.0, 1.0
    for source, kiloohm, millisecond in reversed(q["phases"]):
        decay = math.exp(-millisecond / (kiloohm * q["capacity"]))
        total += weight * (1 - decay) * source
        weight *= decay
    return total + weight * q["start"]


def _switching_not_zero(draws: Draws, level: int) -> dict | None:
    q = _switching(draws, level)
    return q if abs(_capacitor(q)) > 0.05 else None


def _show_phases(q: dict) -> dict:
    parts = [f"{v} V through {r} kohm for {t} ms" for v, r, t in q["phases"]]
    parts_zh = [f"{v} V 经 {r} kohm 接 {t} ms" for v, r, t in q["phases"]]
    return {**q, "phases": "; ".join(parts), "phases_zh": "；".join(parts_zh)}


def _bench(draws: Draws, level: int) -> dict | None:
    lenses = [
        [draws.between(3, 30 + level) * draws.pick((1, 1, -1)), draws.between(5, 40 + level)]
        for _ in range(2 + level // 2)
    ]
    q = {"distance": draws.between(5, 60), "lenses": lenses}
    try:
        _last_image(q)
    except ZeroDivisionError:
        return None
    return q


def _last_image(q: dict) -> str:
    """Image distance behind the last lens; each lens is followed by a gap to the next."""
    distance = Fraction(q["distance"])
    image = Fraction(0)
    for k, (focus, gap) in enumerate(q["lenses"]):
        image = 1 / (Fraction(1, focus) - 1 / distance)
        if k < len(q["lenses"]) - 1:
            distance = gap - image
    return str(image)


def _last_image_by_matrices(q: dict) -> str:
    """Trace a ray (height, angle) that leaves the object's foot, by ABCD matrices."""
    height, angle = Fraction(0), Fraction(1)
    height += q["distance"] * angle
    for k, (focus, gap) in enumerate(q["lenses"]):
        angle -= height / focus
        if k < len(q["lenses"]) - 1:
            height += gap * angle
    return str(-height / angle)


def _show_bench(q: dict) -> dict:
    focus = ", ".join(str(f) for f, _ in q["lenses"])
    gaps = ", ".join(str(g) for _, g in q["lenses"][:-1])
    return {"distance": q["distance"], "focus": focus, "gaps": gaps}


def _layers(draws: Draws, level: int) -> dict:
    layers = [[draws.between(110, 250), draws.between(2, 90)] for _ in range(1 + level)]
    return {"angle": draws.between(10, 80), "layers": layers}


def _sideways(q: dict) -> float:
    sine = math.sin(math.radians(q["angle"]))
    return sum(t * math.tan(math.asin(sine / (n / 100))) for n, t in q["layers"])


def _sideways_by_components(q: dict) -> float:
    along = math.sin(math.radians(q["angle"])) * 100
    return sum(t * along / math.sqrt(n * n - along * along) for n, t in q["layers"])


def _show_layers(q: dict) -> dict:
    return {**q, "layers": ", ".join(f"(n={n / 100:.2f}, {t} mm)" for n, t in q["layers"])}


def _slits(draws: Draws, level: int) -> dict:
    waves = [draws.between(380, 760) for _ in range(1 + (level + 1) // 2)]
    return {"lines": draws.between(100, 900), "waves": waves, "degrees": draws.between(0, 40)}


def _orders(q: dict) -> list[str]:
    """Count the orders m with |sin i + m lambda / d| <= 1, for every wavelength."""
    sine = math.sin(math.radians(q["degrees"]))
    found = []
    for wave in q["waves"]:
        step = wave * q["lines"] * 1e-6
        found.append(str(math.floor((1 - sine) / step) + math.floor((1 + sine) / step) + 1))
    return found


def _orders_by_trial(q: dict) -> list[str]:
    sine = math.sin(math.radians(q["degrees"]))
    counts = []
    for wave in q["waves"]:
        orders = [sine + m * wave * 1e-6 * q["lines"] for m in range(-200, 201)]
        counts.append(str(sum(abs(value) <= 1 for value in orders)))
    return counts


def _clear_orders(draws: Draws, level: int) -> dict | None:
    """Refuse cases where an order lies within 1e-6 of grazing."""
    q = _slits(draws, level)
    sine = math.sin(math.radians(q["degrees"]))
    for wave in q["waves"]:
        for side in (1 - sine, 1 + sine):
            ratio = side / (wave * q["lines"] * 1e-6)
            if abs(ratio - round(ratio)) < 1e-6:
                return None
    return q


def _show_slits(q: dict) -> dict:
    return {**q, "waves": ", ".join(f"{w} nm" for w in q["waves"])}


def _mirror_charge(draws: Draws, level: int) -> dict:
    turns = [[draws.between(1, 90), draws.between(5, 80)] for _ in range(level)]
    return {
        "mass": draws.between(1, 200),
        "charge": draws.between(1, 3),
        "volts": draws.between(100, 5000),
        "turns": turns,
    }


def _arc(q: dict) -> float:
    """Radius in mm after acceleration by all voltages, in the last magnetic field."""
    volts = q["volts"] + sum(100 * v for v, _ in q["turns"])
    mass, charge = q["mass"] * 1.66053906660e-27, q["charge"] * 1.602176634e-19
    speed = math.sqrt(2 * charge * volts / mass)
    return 1e3 * mass * speed / (charge * q["turns"][-1][1] * 1e-2)


def _arc_by_momentum(q: dict) -> float:
    mass, charge = q["mass"] * 1.66053906660e-27, q["charge"] * 1.602176634e-19
    energy = charge * q["volts"]
    for volts, _ in q["turns"]:
        energy += charge * volts * 100
    return math.sqrt(2 * mass * energy) / (charge * q["turns"][-1][1]) * 1e5


def _show_turns(q: dict) -> dict:
    stages = ", ".join(f"{100 * v} V" for v, _ in q["turns"])
    return {**q, "stages": stages, "field": f"{q['turns'][-1][1] / 100:.2f}"}


TASKS = (
    Task(
        id="phys.line_field",
        title="Electric field of point charges on a line",
        knob="charges",
        draw=_charges,
        solve=_field,
        second=_field_by_cubes,
        answer=Rational(),
        canon=lambda q: [q["at"], sorted(q["charges"])],
        show=lambda q: {
            "at": q["at"],
            "charges": ", ".join(f"{c:+d} at x={x}" for c, x in q["charges"]),
        },
        en=(
            "Point charges (in units of q) sit on the x axis (in units of a): {charges}. What is "
            "the electric field's x component at x={at}, exactly, in units of k q/a^2?",
            "Add up Coulomb's law for {charges}; give E_x at x={at} in units of k q / a^2 as an "
            "exact fraction.",
            "E_x at x={at} of {charges}:",
        ),
        zh=(
            "点电荷（单位 q）位于 x 轴上（单位 a）：{charges}。x={at} 处电场的 x 分量是多少"
            "（单位 k q/a^2，精确值）？",
            "按库仑定律叠加 {charges}，求 x={at} 处的 E_x（单位 k q/a^2，精确分数）。",
            "{charges}，x={at} 处 E_x：",
        ),
    ),
    Task(
        id="phys.ladder_network",
        title="Node potentials of a ladder with sources",
        knob="sections",
        draw=_ladder,
        solve=_node_potentials,
        second=_mesh_potentials,
        answer=Rationals(),
        show=_show_ladder,
        en=(
            "A ladder circuit starts at ground (node 0). From node k-1 to node k lead a voltage "
            "source E (its plus pole towards node k) and a resistor R in series; from node k to "
            "ground leads a resistor S:\n{sections}\nGive the potentials of nodes 1 to {last} in "
            "volts, exactly.",
            "Find the node voltages V1 to V{last} (exact, in volts). Section k joins node k-1 to "
            "node k by R in series with an EMF E that drives current towards node k, and node k to "
            "ground by S; node 0 is ground.\n{sections}",
            "Ladder, V1..V{last}:\n{sections}",
        ),
        zh=(
            "梯形电路从地（节点 0）开始。节点 k-1 到节点 k 之间串联电压源 E（正极朝节点 "
            "k）与电阻 R，"
            "节点 k 与地之间接电阻 S：\n{sections}\n依次写出节点 1 到 {last} 的电势（伏特，"
            "精确值）。",
            "求节点电压 V1 到 V{last}（伏特，精确）。第 k 节：节点 k-1 与 k 间为电动势 E（向节点 k "
            "驱动电流）与 R 串联，节点 k 经 S 接地，节点 0 为地。\n{sections}",
            "梯形电路，V1..V{last}：\n{sections}",
        ),
    ),
    Task(
        id="phys.parallel_impedance",
        title="Impedance of parallel RLC branches",
        knob="branches",
        draw=_alternating,
        **measured(_impedance, "ohm", second=_impedance_by_phasors),
        show=_show_branches,
        en=(
            "Branches are connected in parallel at {frequency} Hz; each has a resistor, an "
            "inductor and a capacitor in series: {branches}. What is the magnitude of the total "
            "impedance?",
            "Find |Z| at {frequency} Hz of the parallel connection of these series RLC branches: "
            "{branches}.",
            "|Z| at {frequency} Hz: {branches}",
        ),
        zh=(
            "频率 {frequency} Hz，各支路由电阻、电感、电容串联而成，支路之间并联：{branches}。"
            "总阻抗的大小是多少？",
            "求 {frequency} Hz 下这些 RLC 串联支路并联后的 |Z|：{branches}。",
            "{frequency} Hz 时 |Z|：{branches}",
        ),
    ),
    Task(
        id="phys.capacitor_switching",
        title="Capacitor voltage after a sequence of switchings",
        knob="phases",
        draw=_switching_not_zero,
        **measured(_capacitor, "V", second=_capacitor_backwards, absolute=0.001),
        show=_show_phases,
        en=(
            "A capacitor of {capacity} uF is charged to {start} V. It is then connected, one after "
            "the other, to {phases}. What is its voltage at the end?",
            "Start at {start} V on {capacity} uF; connect in turn: {phases}. Find the final "
            "capacitor voltage.",
            "{capacity} uF, {start} V; {phases}; final voltage:",
        ),
        zh=(
            "{capacity} uF 电容器充电到 {start} V，随后依次连接：{phases_zh}。最后电压是多少？",
            "{capacity} uF 电容初始电压 {start} V，依次接通：{phases_zh}。求末电压。",
            "{capacity} uF，{start} V；{phases_zh}；末电压：",
        ),
    ),
    Task(
        id="phys.lens_train",
        title="Last image of a train of thin lenses",
        knob="lenses",
        draw=_bench,
        solve=_last_image,
        second=_last_image_by_matrices,
        answer=Rational(),
        show=_show_bench,
        en=(
            "Thin lenses with the focal lengths {focus} cm stand on one axis with the gaps {gaps} "
            "cm between neighbours. An object is {distance} cm before the first. How far behind "
            "the last lens, in cm, is the final image (negative: before it)?",
            "Follow the image through lenses f = {focus} cm spaced {gaps} cm apart; the object "
            "distance is {distance} cm. Give the last image distance in cm, exactly.",
            "Lenses f={focus}, gaps {gaps}, object {distance}: last image",
        ),
        zh=(
            "薄透镜共轴，焦距依次为 {focus} cm，相邻间隔 {gaps} cm，物体在第一块前 {distance} cm。"
            "最终像在最后一块透镜后多少 cm（负值表示在其前方）？",
            "依次成像：透镜焦距 {focus} cm，间距 {gaps} cm，物距 {distance} cm。"
            "求最后的像距（cm，精确值）。",
            "透镜 f={focus}，间距 {gaps}，物距 {distance}：末像距",
        ),
    ),
    Task(
        id="phys.layer_refraction",
        title="Sideways shift of a ray in a stack of layers",
        knob="layers",
        draw=_layers,
        **measured(_sideways, "mm", second=_sideways_by_components),
        show=_show_layers,
        en=(
            "A ray enters a stack of plane layers from vacuum at {angle} degrees to the normal. "
            "Layers in order (index, thickness): {layers}. How far does it travel sideways, "
            "parallel to the layers, before it leaves the last one?",
            "Apply Snell's law layer by layer: angle of incidence {angle} degrees (vacuum), "
            "layers {layers}. Find the total displacement along the surfaces.",
            "Ray at {angle} deg through {layers}: sideways",
        ),
        zh=(
            "光线从真空以与法线 {angle} 度的入射角进入平行层：{layers}（折射率，厚度）。"
            "离开最后一层前沿层面方向移动了多远？",
            "逐层用斯涅耳定律：入射角 {angle} 度（真空），各层 {layers}。求沿界面的总位移。",
            "{angle} 度光线穿过 {layers}：横向位移",
        ),
    ),
    Task(
        id="phys.grating_orders",
        title="Number of diffraction orders of a grating",
        knob="wavelengths",
        draw=_clear_orders,
        solve=_orders,
        second=_orders_by_trial,
        answer=Rationals(),
        show=_show_slits,
        en=(
            "Light falls at {degrees} degrees to the normal on a transmission grating with {lines} "
            "lines per mm. How many orders (zeroth and both signs together) exist for {waves}? "
            "Give one number each.",
            "Count the integers m with |sin i + m w/d| <= 1 for i = {degrees} degrees, {lines} "
            "lines per mm and the wavelengths w = {waves}, in order.",
            "Orders: {lines}/mm, {degrees} deg, {waves}",
        ),
        zh=(
            "光以与法线 {degrees} 度的角射到每毫米 {lines} 线的透射光栅上。对 {waves}，"
            "各有多少个衍射级（含零级与正负级）？",
            "对 i = {degrees} 度、每毫米 {lines} 线、波长 w 依次为 {waves}，"
            "数出满足 |sin i + m w/d| <= 1 的整数 m 的个数。",
            "衍射级数：{lines}/mm，{degrees} 度，{waves}",
        ),
    ),
    Task(
        id="phys.mass_spectrometer",
        title="Radius of an accelerated ion in a magnetic field",
        knob="stages",
        draw=_mirror_charge,
        **measured(_arc, "mm", second=_arc_by_momentum),
        show=_show_turns,
        en=(
            "An ion of {mass} u and {charge} elementary charges starts at rest, is accelerated by "
            "{volts} V and then by {stages} in turn, and enters a field of {field} T at right "
            "angles. What is the radius of its path (1 u = 1.66054e-27 kg, e = 1.60218e-19 C)?",
            "Find the radius of curvature at B = {field} T of an ion (mass {mass} u, charge "
            "{charge}e) that has passed {volts} V and the further stages {stages}; u = 1.66054e-27 "
            "kg, e = 1.60218e-19 C.",
            "Ion {mass} u, {charge}e, {volts} V + {stages}, {field} T: radius",
        ),
        zh=(
            "质量 {mass} u、带 {charge} 个元电荷的离子由静止经 {volts} V 加速，再依次经 {stages} "
            "加速，垂直进入 {field} T 磁场。轨道半径是多少（1 u = 1.66054e-27 kg，"
            "e = 1.60218e-19 C）？",
            "离子（质量 {mass} u，电荷 {charge}e）经过 {volts} V 与 {stages} 后进入 B = {field} T，"
            "求曲率半径（u = 1.66054e-27 kg，e = 1.60218e-19 C）。",
            "离子 {mass} u，{charge}e，{volts} V + {stages}，{field} T：半径",
        ),
    ),
)
