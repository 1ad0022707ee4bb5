"""Elementary physics with exact answers: circuits, lenses, motion, collisions, decay.

Source: textbook laws, stated in the prompt where a convention matters. Inputs are whole numbers
in SI units, so that every answer is an exact fraction. Knob: the number or size of the inputs.
"""

from fractions import Fraction

from internbootcamp_env.answers import Integer, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _inverse_sum(values: list) -> Fraction:
    return 1 / sum((1 / Fraction(value) for value in values), Fraction(0))


def _groups(draws: Draws, level: int) -> dict:
    groups = [draws.integers(draws.between(1, 3), 1, 30) for _ in range(1 + (level + 2) // 3)]
    groups[0] = draws.integers(2 + level // 4, 1, 30)
    return {"groups": draws.shuffled(groups)}


def _network(question: dict) -> str:
    return str(sum(_inverse_sum(group) for group in question["groups"]))


def _network_by_current(question: dict) -> str:
    """Drive one ampere through and add up the voltages of the groups."""
    voltage = Fraction(0)
    for group in question["groups"]:
        shares = [Fraction(1, r) for r in group]
        voltage += shares[0] / sum(shares) * group[0]
    return str(voltage)


def _show_groups(question: dict) -> dict:
    parts = ["(" + " || ".join(map(str, group)) + ")" for group in question["groups"]]
    return {"network": " + ".join(parts)}


def _lens(draws: Draws, level: int) -> dict | None:
    focus = draws.between(2 + level, 40 + 20 * level) * draws.pick((1, -1))
    distance = draws.between(3 + level, 90 + 30 * level)
    return None if distance == focus else {"focus": focus, "distance": distance}


def _image(question: dict) -> str:
    return str(1 / (Fraction(1, question["focus"]) - Fraction(1, question["distance"])))


def _motion(draws: Draws, level: int) -> dict:
    phases = [
        [draws.between(-5 - level, 5 + level), draws.between(1, 8 + level)]
        for _ in range(1 + level // 2)
    ]
    return {"speed": draws.between(-20, 20), "phases": phases}


def _displacement(question: dict) -> str:
    speed, way = Fraction(question["speed"]), Fraction(0)
    for acceleration, seconds in question["phases"]:
        way += speed * seconds + Fraction(acceleration, 2) * seconds**2
        speed += acceleration * seconds
    return str(way)


def _displacement_by_means(question: dict) -> str:
    """Add mean speed times duration, phase by phase."""
    speed, way = Fraction(question["speed"]), Fraction(0)
    for acceleration, seconds in question["phases"]:
        after = speed + acceleration * seconds
        way += (speed + after) / 2 * seconds
        speed = after
    return str(way)


def _show_phases(question: dict) -> dict:
    phases = ", then ".join(f"{a} m/s^2 for {t} s" for a, t in question["phases"])
    phases_zh = "，然后 ".join(f"{a} m/s^2 持续 {t} s" for a, t in question["phases"])
    return {"speed": question["speed"], "phases": phases, "phases_zh": phases_zh}


def _collision(draws: Draws, level: int) -> dict:
    bodies = [
        [draws.between(1, 10 + 4 * level), draws.between(-20, 20)] for _ in range(2 + level // 3)
    ]
    return {"bodies": bodies}


def _common_speed(question: dict) -> str:
    mass = sum(m for m, _ in question["bodies"])
    return str(Fraction(sum(m * v for m, v in question["bodies"]), mass))


def _show_bodies(question: dict) -> dict:
    listed = ", ".join(f"{m} kg at {v} m/s" for m, v in question["bodies"])
    return {"bodies": listed}


def _elastic(draws: Draws, level: int) -> dict | None:
    top = 10 + 10 * level
    question = {
        "m": draws.between(1, top),
        "n": draws.between(1, top),
        "u": draws.between(-top, top),
        "v": draws.between(-top, top),
    }
    return question if question["u"] > question["v"] else None


def _after_elastic(question: dict) -> str:
    m, n, u, v = (question[name] for name in "mnuv")
    return str(Fraction((m - n) * u + 2 * n * v, m + n))


def _after_elastic_by_frame(question: dict) -> str:
    """In the frame of the centre of mass the speed is turned round."""
    m, n, u, v = (question[name] for name in "mnuv")
    centre = Fraction(m * u + n * v, m + n)
    return str(2 * centre - u)


def _mixture(draws: Draws, level: int) -> dict:
    portions = [[draws.between(1, 20), draws.between(0, 99)] for _ in range(2 + level // 2)]
    return {"portions": portions}


def _show_portions(question: dict) -> dict:
    listed = ", ".join(f"{m} kg at {t} °C" for m, t in question["portions"])
    return {"portions": listed}


def _mixed(question: dict) -> str:
    mass = sum(m for m, _ in question["portions"])
    return str(Fraction(sum(m * t for m, t in question["portions"]), mass))


def _lever(draws: Draws, level: int) -> dict:
    loads = [
        [draws.between(1, 20 + 5 * level), draws.between(-9 - level, 9 + level)]
        for _ in range(2 + level // 2)
    ]
    return {"loads": loads}


def _torque(question: dict) -> int:
    return sum(force * arm for force, arm in question["loads"])


def _show_loads(question: dict) -> dict:
    return {"loads": ", ".join(f"{force} N at {arm} m" for force, arm in question["loads"])}


def _decay(draws: Draws, level: int) -> dict:
    lives = draws.between(1, 4 + level)
    half_life = draws.between(2, 60)
    return {
        "start": draws.between(5, 200 * level + 400),
        "half_life": half_life,
        "time": lives * half_life,
    }


def _left(question: dict) -> str:
    lives = question["time"] // question["half_life"]
    return str(Fraction(question["start"], 2**lives))


def _left_by_halving(question: dict) -> str:
    amount, time = Fraction(question["start"]), 0
    while time < question["time"]:
        amount, time = amount / 2, time + question["half_life"]
    return str(amount)


TASKS = (
    Task(
        id="phys.resistor_network",
        title="Resistance of groups of resistors",
        knob="resistors",
        draw=_groups,
        solve=_network,
        second=_network_by_current,
        answer=Rational(),
        show=_show_groups,
        canon=lambda q: sorted(sorted(group) for group in q["groups"]),
        en=(
            "Resistors (in ohms) joined in parallel are written with ||, groups in series with +. "
            "What is the total resistance of {network} in ohms?",
            "Find the equivalent resistance in ohms of {network}, where || is parallel and + is "
            "series.",
            "Ohms: {network}",
        ),
        zh=(
            "电阻（欧姆）并联写作 ||，各组串联写作 +。{network} 的总电阻是多少欧姆？",
            "求 {network} 的等效电阻（欧姆），|| 表示并联，+ 表示串联。",
            "欧姆：{network}",
        ),
    ),
    Task(
        id="phys.thin_lens",
        title="Image distance of a thin lens",
        knob="size of the distances",
        draw=_lens,
        solve=_image,
        second=lambda q: str(Fraction(q["focus"] * q["distance"], q["distance"] - q["focus"])),
        answer=Rational(),
        size=lambda q: abs(q["focus"]) + q["distance"],
        en=(
            "A thin lens has the focal length {focus} cm (negative: diverging). An object stands "
            "{distance} cm before it. At what distance in cm, from 1/f = 1/d + 1/i, is the image "
            "(negative: virtual)?",
            "Use 1/f = 1/d + 1/i with f = {focus} cm and d = {distance} cm to find i in cm.",
            "Lens f={focus}, d={distance}: i =",
        ),
        zh=(
            "薄透镜焦距为 {focus} cm（负为发散），物体在镜前 {distance} cm。由 1/f = 1/d + 1/i，"
            "像距是多少 cm（负为虚像）？",
            "用 1/f = 1/d + 1/i，f = {focus} cm，d = {distance} cm，求 i（cm）。",
            "透镜 f={focus}，d={distance}：i =",
        ),
    ),
    Task(
        id="phys.displacement",
        title="Displacement under phases of constant acceleration",
        knob="phases",
        draw=_motion,
        solve=_displacement,
        second=_displacement_by_means,
        answer=Rational(),
        show=_show_phases,
        en=(
            "A body starts with the velocity {speed} m/s along a line and accelerates with "
            "{phases}. What is its displacement in metres?",
            "Initial velocity {speed} m/s; accelerations {phases}. How far, with sign, has the "
            "body moved in metres?",
            "Displacement: v0={speed} m/s, {phases}",
        ),
        zh=(
            "物体沿直线以初速度 {speed} m/s 运动，加速度为 {phases_zh}。位移是多少米？",
            "初速度 {speed} m/s，加速度 {phases_zh}。物体的位移（带符号）是多少米？",
            "位移：v0={speed} m/s，{phases_zh}",
        ),
    ),
    Task(
        id="phys.inelastic_collision",
        title="Common velocity after sticking together",
        knob="bodies",
        draw=_collision,
        solve=_common_speed,
        answer=Rational(),
        show=_show_bodies,
        canon=lambda q: sorted(q["bodies"]),
        en=(
            "These bodies move along one line and stick together: {bodies}. What is their common "
            "velocity in m/s?",
            "Find the velocity in m/s after a perfectly inelastic collision of {bodies}.",
            "Stick together: {bodies}",
        ),
        zh=(
            "下列物体沿同一直线运动并粘在一起：{bodies}。共同速度是多少 m/s？",
            "{bodies} 发生完全非弹性碰撞，求碰后速度（m/s）。",
            "粘合：{bodies}",
        ),
    ),
    Task(
        id="phys.elastic_collision",
        title="Velocity after an elastic collision",
        knob="size of the numbers",
        draw=_elastic,
        solve=_after_elastic,
        second=_after_elastic_by_frame,
        answer=Rational(),
        size=lambda q: q["m"] + q["n"],
        en=(
            "A body of {m} kg at {u} m/s runs into a body of {n} kg at {v} m/s on a line and "
            "bounces off elastically. What is the first body's velocity afterwards, in m/s?",
            "Elastic collision on a line: masses {m} kg and {n} kg, velocities {u} m/s and "
            "{v} m/s. Find the final velocity of the first body in m/s.",
            "Elastic: {m} kg {u} m/s, {n} kg {v} m/s; first after:",
        ),
        zh=(
            "质量 {m} kg、速度 {u} m/s 的物体与质量 {n} kg、速度 {v} m/s 的物体沿直线弹性碰撞，"
            "第一个物体碰后速度是多少 m/s？",
            "直线弹性碰撞：质量 {m} kg 与 {n} kg，速度 {u} m/s 与 {v} m/s，"
            "求第一个物体的末速度（m/s）。",
            "弹性：{m} kg {u} m/s，{n} kg {v} m/s；前者末速度：",
        ),
    ),
    Task(
        id="phys.mixing_temperature",
        title="Temperature of mixed water",
        knob="portions",
        draw=_mixture,
        solve=_mixed,
        answer=Rational(),
        show=_show_portions,
        canon=lambda q: sorted(q["portions"]),
        en=(
            "Portions of water are mixed without loss of heat: {portions}. What is the final "
            "temperature in °C?",
            "Find the temperature in °C after mixing {portions} of water.",
            "Mix water: {portions}",
        ),
        zh=(
            "几份水混合，无热量损失：{portions}。最终温度是多少 °C？",
            "把 {portions} 的水混合后温度是多少 °C？",
            "混合水：{portions}",
        ),
    ),
    Task(
        id="phys.torque",
        title="Total torque of forces on a beam",
        knob="forces",
        draw=_lever,
        solve=_torque,
        answer=Integer(),
        show=_show_loads,
        canon=lambda q: sorted(q["loads"]),
        en=(
            "Forces act at right angles on a beam at signed distances from the pivot: {loads}. "
            "What is the total torque in N m?",
            "Add up force times lever arm for {loads}, in N m.",
            "Torque: {loads}",
        ),
        zh=(
            "垂直作用于横梁的力及其到支点的带符号距离为：{loads}。总力矩是多少 N·m？",
            "对 {loads} 求力与力臂乘积之和（N·m）。",
            "力矩：{loads}",
        ),
    ),
    Task(
        id="phys.half_life",
        title="Amount left after whole half-lives",
        knob="half-lives",
        draw=_decay,
        solve=_left,
        second=_left_by_halving,
        answer=Rational(),
        size=lambda q: q["time"] / q["half_life"],
        en=(
            "A sample of {start} mg decays with a half-life of {half_life} days. How many mg are "
            "left after {time} days, exactly?",
            "Half of a substance decays every {half_life} days. From {start} mg, how much in mg "
            "remains after {time} days?",
            "Left: {start} mg, half-life {half_life} d, {time} d",
        ),
        zh=(
            "样品 {start} mg，半衰期 {half_life} 天，{time} 天后恰剩多少 mg？",
            "某物质每 {half_life} 天衰变一半，{start} mg 经过 {time} 天还剩多少 mg？",
            "剩余：{start} mg，半衰期 {half_life} 天，{time} 天",
        ),
    ),
)
