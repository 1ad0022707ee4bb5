"""Mechanics: projectiles, coupled blocks, beams, chains of collisions, energy, inertia, orbits.

Source: textbook Newtonian mechanics; g = 9.81 m/s^2 is stated where it is used, GM of the Earth is
3.986e14 m^3/s^2. Tolerance 0.1 % where an answer is a quantity. Knob: the number of parts.
"""

import math
from fractions import Fraction

from internbootcamp_env.answers import Integer, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.engines.rational_matrices import solve as solve_linear
from internbootcamp_env.task import Task

_G = 9.81
_GM = 3.986e14


def _throw(draws: Draws, level: int) -> dict:
    bounces = 0 if level == 1 else draws.between(1 + (level - 2) // 3, 1 + level // 2)
    return {
        "speed": draws.between(8, 40),
        "angle": draws.between(15, 75),
        "height": draws.between(1, 60),
        "percents": draws.integers(bounces, 40, 95),
    }


def _range(q: dict) -> float:
    """Add the stretches between impacts; each impact scales the vertical speed."""
    angle = math.radians(q["angle"])
    along, up = q["speed"] * math.cos(angle), q["speed"] * math.sin(angle)
    impact = math.sqrt(up * up + 2 * _G * q["height"])
    time = (up + impact) / _G
    for percent in q["percents"]:
        impact *= percent / 100
        time += 2 * impact / _G
    return along * time


def _range_by_heights(q: dict) -> float:
    """The same from the greatest heights: a fall from h takes sqrt(2 h / g)."""
    angle = math.radians(q["angle"])
    top = q["height"] + (q["speed"] * math.sin(angle)) ** 2 / (2 * _G)
    time = q["speed"] * math.sin(angle) / _G + math.sqrt(2 * top / _G)
    for percent in q["percents"]:
        top *= (percent / 100) ** 2
        time += 2 * math.sqrt(2 * top / _G)
    return q["speed"] * math.cos(angle) * time


def _show_throw(q: dict) -> dict:
    listed = ", ".join(f"{p} %" for p in q["percents"])
    return {
        **q,
        "after": f"It bounces; the impacts leave {listed} of the vertical speed in turn. "
        if listed
        else "",
        "after_zh": f"小球弹跳，各次碰地后竖直速度依次保留 {listed}。" if listed else "",
    }


def _train(draws: Draws, level: int) -> dict:
    blocks = [[draws.between(1, 30), draws.between(0, 40)] for _ in range(1 + (level + 1) // 2)]
    weight = sum(m * (0.01 * mu) for m, mu in blocks)
    return {
        "blocks": blocks,
        "hanging": int(weight) + draws.between(2, 40),
        "cut": draws.below(len(blocks)) + 1,
    }


def _tension(q: dict) -> float:
    """Tension in the string pulling block `cut` (block 1 is nearest to the pulley)."""
    mass = sum(m for m, _ in q["blocks"]) + q["hanging"]
    friction = sum(m * mu / 100 for m, mu in q["blocks"])
    acceleration = (q["hanging"] - friction) * _G / mass
    behind = q["blocks"][q["cut"] - 1 :]
    return sum(m * (acceleration + mu / 100 * _G) for m, mu in behind)


def _tension_from_front(q: dict) -> float:
    """Subtract what each block before the string takes from the pull of the hanging weight."""
    mass = sum(m for m, _ in q["blocks"]) + q["hanging"]
    drag = sum(m * mu for m, mu in q["blocks"]) * _G / 100
    acceleration = (q["hanging"] * _G - drag) / mass
    pull = q["hanging"] * (_G - acceleration)
    for m, mu in q["blocks"][: q["cut"] - 1]:
        pull -= m * acceleration + m * mu * _G / 100
    return pull


def _show_train(q: dict) -> dict:
    return {**q, "blocks": ", ".join(f"({m} kg, {mu / 100:.2f})" for m, mu in q["blocks"])}


def _beam(draws: Draws, level: int) -> dict:
    length = draws.between(6, 12 + 2 * level)
    first = draws.between(0, length // 2 - 1)
    loads = [[draws.between(1, 90), draws.between(0, length)] for _ in range(1 + level)]
    return {
        "length": length,
        "supports": [first, draws.between(length // 2 + 1, length)],
        "weight": draws.between(1, 60),
        "loads": loads,
    }


def _reactions(q: dict) -> list[str]:
    left, right = q["supports"]
    loads = [*q["loads"], [q["weight"], Fraction(q["length"], 2)]]
    about_left = sum((Fraction(w) * (x - left) for w, x in loads), Fraction(0))
    second = about_left / (right - left)
    return [str(sum(w for w, _ in loads) - second), str(second)]


def _reactions_by_system(q: dict) -> list[str]:
    left, right = q["supports"]
    total = q["weight"] + sum(w for w, _ in q["loads"])
    moment = Fraction(q["weight"] * q["length"], 2) + sum(w * x for w, x in q["loads"])
    forces = solve_linear([[1, 1], [left, right]], [total, moment])
    return [str(force) for force in forces or ()]


def _show_beam(q: dict) -> dict:
    left, right = q["supports"]
    loads = ", ".join(f"{w} N at {x} m" for w, x in q["loads"])
    loads_zh = "，".join(f"{x} m 处 {w} N" for w, x in q["loads"])
    return {**q, "left": left, "right": right, "loads": loads, "loads_zh": loads_zh}


def _beads(draws: Draws, level: int) -> dict:
    count = 6 + 2 * level
    places = sorted(draws.sample(range(1, 200), count))
    slow = draws.between(1, 5 + level)
    fast = [v if draws.chance(1, 2) else -v for v in draws.integers(count, slow, slow + 20)]
    return {"beads": [[x, v] for x, v in zip(places, fast, strict=True)]}


def _collisions(q: dict) -> int:
    """Equal beads exchange velocities, as if they passed through each other: count inversions."""
    speeds = [v for _, v in q["beads"]]
    return sum(a > b for i, a in enumerate(speeds) for b in speeds[i + 1 :])


def _collisions_by_merge(q: dict) -> int:
    count, kept = 0, []
    for _, v in q["beads"]:
        count += sum(other > v for other in kept)
        kept = sorted([*kept, v])
    return count


def _slide(draws: Draws, level: int) -> dict:
    legs = []
    for _ in range(1 + level):
        kind = draws.pick(("drop", "rough", "boost"))
        value = {"drop": (1, 12), "rough": (1, 6), "boost": (5, 60)}[kind]
        legs.append([kind, draws.between(*value), draws.between(5, 30)])
    return {"mass": draws.between(1, 9), "speed": draws.between(15, 30), "legs": legs}


def _final_speed(q: dict) -> float:
    energy = q["mass"] * q["speed"] ** 2 / 2
    for kind, value, percent in q["legs"]:
        if kind == "drop":
            energy += q["mass"] * _G * value
        elif kind == "rough":
            energy -= percent / 100 * q["mass"] * _G * value
        else:
            energy += value
    return math.sqrt(2 * energy / q["mass"])


def _final_speed_by_squares(q: dict) -> float:
    square = float(q["speed"] ** 2)
    for kind, value, percent in q["legs"]:
        change = {"drop": _G * value, "rough": -_G * value * percent / 100}
        square += 2 * change.get(kind, value / q["mass"])
    return math.sqrt(square)


def _slide_or_none(draws: Draws, level: int) -> dict | None:
    q = _slide(draws, level)
    lost = sum(_G * p / 100 * x for kind, x, p in q["legs"] if kind == "rough")
    return q if q["speed"] ** 2 > 2 * lost + 4 else None


def _show_slide(q: dict) -> dict:
    en = {"drop": "descend {0} m", "rough": "{0} m of level ground with friction coefficient {1}",
          "boost": "a spring adds {0} J"}  # fmt: skip
    zh = {"drop": "下降 {0} m", "rough": "摩擦系数 {1} 的水平地面 {0} m", "boost": "弹簧增加 {0} J"}
    return {
        **q,
        "legs": "; ".join(en[kind].format(x, p / 100) for kind, x, p in q["legs"]),
        "legs_zh": "；".join(zh[kind].format(x, p / 100) for kind, x, p in q["legs"]),
    }


_SHAPES = {  # moment about the centre: coefficient of m s^2, and words
    "rod": (Fraction(1, 12), "rod of length", "长度为 {} m 的细杆"),
    "disc": (Fraction(1, 2), "disc of radius", "半径为 {} m 的圆盘"),
    "sphere": (Fraction(2, 5), "solid sphere of radius", "半径为 {} m 的实心球"),
    "ring": (Fraction(1), "thin ring of radius", "半径为 {} m 的细圆环"),
}


def _bodies(draws: Draws, level: int) -> dict:
    parts = [
        [draws.pick(list(_SHAPES)), draws.between(1, 12), draws.between(1, 9), draws.between(0, 9)]
        for _ in range(1 + (level + 1) // 2)
    ]
    return {"parts": parts}


def _inertia(q: dict) -> str:
    return str(sum(m * (_SHAPES[kind][0] * s * s + d * d) for kind, m, s, d in q["parts"]))


def _inertia_by_common_denominator(q: dict) -> str:
    sixtieths = {"rod": 5, "disc": 30, "sphere": 24, "ring": 60}
    total = sum(m * (sixtieths[k] * s**2 + 60 * d**2) for k, m, s, d in q["parts"])
    return str(Fraction(total, 60))


def _show_bodies(q: dict) -> dict:
    en = [f"a {_SHAPES[k][1]} {s} m, {m} kg, centre at {d} m" for k, m, s, d in q["parts"]]
    zh = [f"{_SHAPES[k][2].format(s)}，{m} kg，中心距轴 {d} m" for k, m, s, d in q["parts"]]
    return {"parts": "; ".join(en), "parts_zh": "；".join(zh)}


def _orbits(draws: Draws, level: int) -> dict:
    radii = [draws.between(67, 120) * 100]
    for _ in range(1 + (level - 1) // 2):
        radii.append(radii[-1] + draws.between(20, 120) * 100)
    return {"radii": radii}


def _transfer(q: dict) -> float:
    """Sum the two burns of every Hohmann transfer, in km/s."""
    total = 0.0
    for low, high in zip(q["radii"], q["radii"][1:], strict=False):
        r1, r2 = 1e3 * low, 1e3 * high
        total += math.sqrt(_GM / r1) * (math.sqrt(2 * r2 / (r1 + r2)) - 1)
        total += math.sqrt(_GM / r2) * (1 - math.sqrt(2 * r1 / (r1 + r2)))
    return total / 1e3


def _transfer_by_vis_viva(q: dict) -> float:
    total, gm = 0.0, _GM / 1e9
    for low, high in zip(q["radii"], q["radii"][1:], strict=False):
        half = (low + high) / 2
        for radius in (low, high):
            ellipse = math.sqrt(gm * (2 / radius - 1 / half))
            total += abs(ellipse - math.sqrt(gm / radius))
    return total


TASKS = (
    Task(
        id="phys.bouncing_projectile",
        title="Distance of a thrown ball at a numbered impact",
        knob="bounces",
        draw=_throw,
        **measured(_range, "m", second=_range_by_heights),
        show=_show_throw,
        en=(
            "A ball is thrown from a height of {height} m at {speed} m/s, {angle} degrees above "
            "the horizontal (g = 9.81 m/s^2, no air). {after}How far away, along the level ground, "
            "is the impact that comes after the last one mentioned (the first, if none is)?",
            "Throw: height {height} m, speed {speed} m/s, elevation {angle} degrees, g = 9.81 "
            "m/s^2. {after}Find the horizontal distance to the impact that ends the last flight.",
            "h={height} m, v={speed} m/s, {angle} deg, g=9.81. {after}Distance at the end:",
        ),
        zh=(
            "小球从 {height} m 高处以 {speed} m/s、仰角 {angle} 度抛出（g = 9.81 m/s^2，"
            "不计空气）。"
            "{after_zh}最后一段飞行结束（无弹跳则首次落地）时的水平距离是多少？",
            "抛球：高 {height} m，速率 {speed} m/s，仰角 {angle} 度，g = 9.81 m/s^2。{after_zh}"
            "求最后一次飞行落地点的水平距离。",
            "h={height} m，v={speed} m/s，{angle} 度，g=9.81。{after_zh}落点距离：",
        ),
    ),
    Task(
        id="phys.block_train",
        title="Tension in a train of blocks pulled by a hanging weight",
        knob="blocks",
        draw=_train,
        **measured(_tension, "N", second=_tension_from_front),
        show=_show_train,
        en=(
            "Blocks (mass, friction coefficient) stand in a row on a level table, joined by light "
            "strings: {blocks}. The first is tied over an ideal pulley to a hanging weight of "
            "{hanging} kg and all move. g = 9.81 m/s^2. What is the tension in the string that "
            "pulls block {cut}?",
            "A weight of {hanging} kg falls and drags these blocks, the first nearest to the "
            "pulley: {blocks} (mass, kinetic friction). With g = 9.81 m/s^2, find the tension of "
            "the string in front of block {cut}.",
            "Train {blocks}, hanging {hanging} kg, g=9.81: tension before block {cut}",
        ),
        zh=(
            "水平桌面上一列滑块（质量，摩擦系数）以轻绳相连：{blocks}。第一块经理想滑轮连着 "
            "{hanging} kg 的悬挂重物，整体运动。g = 9.81 m/s^2。拉动第 {cut} 块的绳中张力是多少？",
            "{hanging} kg 重物下落并拖动这些滑块（第一块最靠近滑轮）：{blocks}（质量，"
            "动摩擦系数）。"
            "取 g = 9.81 m/s^2，求第 {cut} 块前面绳子的张力。",
            "滑块 {blocks}，悬挂 {hanging} kg，g=9.81：第 {cut} 块前的张力",
        ),
    ),
    Task(
        id="phys.beam_reactions",
        title="Reactions of two supports of a loaded beam",
        knob="loads",
        draw=_beam,
        solve=_reactions,
        second=_reactions_by_system,
        answer=Rationals(),
        show=_show_beam,
        en=(
            "A uniform beam of length {length} m and weight {weight} N rests on supports at "
            "{left} m and {right} m from its left end and carries {loads}. Give the upward forces "
            "of the left and the right support in newtons (negative: it must hold down).",
            "Find the two support reactions in N, left then right: beam {length} m, own weight "
            "{weight} N, supports at {left} m and {right} m, loads {loads}.",
            "Beam {length} m, {weight} N, supports {left} m, {right} m; {loads}. Reactions:",
        ),
        zh=(
            "均匀横梁长 {length} m、重 {weight} N，支座距左端 {left} m 和 {right} m，载荷："
            "{loads_zh}。依次写出左、右支座的向上支持力（牛顿，负值表示须向下拉）。",
            "求两支座反力（N，先左后右）：梁长 {length} m，自重 {weight} N，支座在 {left} m 与 "
            "{right} m，载荷 {loads_zh}。",
            "梁 {length} m，{weight} N，支座 {left} m、{right} m；{loads_zh}。反力：",
        ),
    ),
    Task(
        id="phys.bead_collisions",
        title="Number of collisions of equal beads on a wire",
        knob="beads",
        draw=_beads,
        solve=_collisions,
        second=_collisions_by_merge,
        answer=Integer(),
        show=lambda q: {"beads": ", ".join(f"{x}:{v:+d}" for x, v in q["beads"])},
        en=(
            "Equal point beads slide without friction on an endless wire and collide elastically. "
            "Position (cm) and velocity (cm/s) of each at the start: {beads}. How many collisions "
            "of two beads will there be in all (if three meet at once, count every pair)?",
            "Count all pairwise elastic collisions of identical beads with the initial "
            "position:velocity values {beads} on a straight frictionless wire.",
            "Collisions of equal beads: {beads}",
        ),
        zh=(
            "相同的质点珠子在无限长光滑直线上滑动并弹性碰撞。"
            "初始位置（cm）和速度（cm/s）：{beads}。"
            "两两碰撞总共发生多少次（三珠同时相遇则每对各计一次）？",
            "全同珠子在光滑直线上，初始 位置:速度 为 {beads}，求弹性碰撞的总次数（按对计）。",
            "等质量珠子碰撞次数：{beads}",
        ),
    ),
    Task(
        id="phys.energy_path",
        title="Speed after slopes, rough ground and springs",
        knob="stages",
        draw=_slide_or_none,
        **measured(_final_speed, "m/s", second=_final_speed_by_squares),
        show=_show_slide,
        en=(
            "A block of {mass} kg starts at {speed} m/s and goes through these stages in order, "
            "smooth unless stated: {legs}. What is its final speed (g = 9.81 m/s^2)?",
            "Use the work-energy theorem with g = 9.81 m/s^2: mass {mass} kg, initial speed "
            "{speed} m/s, stages {legs}. How fast is it at the end?",
            "{mass} kg, {speed} m/s, {legs}; g=9.81, final speed:",
        ),
        zh=(
            "{mass} kg 的滑块以 {speed} m/s 出发，依次经过（未说明处光滑）：{legs_zh}。"
            "末速率是多少（g = 9.81 m/s^2）？",
            "用动能定理，g = 9.81 m/s^2：质量 {mass} kg，初速 {speed} m/s，阶段 {legs_zh}。"
            "最后速率多大？",
            "{mass} kg，{speed} m/s，{legs_zh}；g=9.81，末速率：",
        ),
    ),
    Task(
        id="phys.composite_inertia",
        title="Moment of inertia of a composite body",
        knob="parts",
        draw=_bodies,
        solve=_inertia,
        second=_inertia_by_common_denominator,
        answer=Rational(),
        show=_show_bodies,
        canon=lambda q: sorted(q["parts"]),
        en=(
            "A rigid body consists of: {parts} (distances from the axis; rods perpendicular to it, "
            "discs and rings with their own axis parallel to it). What is its moment of inertia "
            "in kg m^2, exactly?",
            "Use the parallel-axis theorem to add up, in kg m^2: {parts}. Centres are given as "
            "distances from the common axis, which is parallel to every disc's and ring's axis "
            "and perpendicular to every rod.",
            "Inertia: {parts}",
        ),
        zh=(
            "刚体由下列部分组成：{parts_zh}（杆垂直于轴，圆盘和圆环自身的轴与转轴平行）。"
            "其转动惯量（kg m^2）的精确值是多少？",
            "用平行轴定理求总转动惯量（kg m^2）：{parts_zh}；杆与轴垂直，盘和环的轴与转轴平行。",
            "转动惯量：{parts_zh}",
        ),
    ),
    Task(
        id="phys.hohmann_transfers",
        title="Velocity change for Hohmann transfers between circular orbits",
        knob="transfers",
        draw=_orbits,
        **measured(_transfer, "km/s", second=_transfer_by_vis_viva),
        en=(
            "A satellite goes by Hohmann transfers through circular orbits about the Earth with "
            "the radii {radii} km, in order. With GM = 3.986e14 m^3/s^2, what total velocity "
            "change do all burns make?",
            "Sum the magnitudes of all burns for Hohmann transfers between the orbital radii "
            "{radii} km (GM = 3.986e14 m^3/s^2), circularising at each.",
            "Hohmann delta-v, radii {radii} km, GM=3.986e14 m^3/s^2:",
        ),
        zh=(
            "卫星依次经霍曼转移通过半径为 {radii} km 的地球圆轨道，GM = 3.986e14 m^3/s^2。"
            "所有变轨的速度增量总和是多少？",
            "求在轨道半径 {radii} km 之间逐个霍曼转移（每次都圆化）所需的总速度增量，"
            "GM = 3.986e14 m^3/s^2。",
            "霍曼转移总 Δv，半径 {radii} km，GM=3.986e14 m^3/s^2：",
        ),
    ),
)
