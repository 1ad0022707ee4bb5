"""Populations in steps of time: age classes, an epidemic, a food chain.

Source: Leslie 1945; Kermack and McKendrick 1927 in discrete time. Exact fractions unless a
tolerance is stated. Knob: the number of classes, days or species.
"""

from fractions import Fraction

from internbootcamp_env.answers import Integers, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _ages(draws: Draws, level: int) -> dict:
    size = 3 + level // 4
    return {
        "start": draws.integers(size, 0, 20),
        "births": [0, *draws.integers(size - 1, 0, 3)],
        "survival": [draws.between(1, 3) for _ in range(size - 1)],
        "years": 2 + level // 2,
    }


def _grown(q: dict) -> list[int]:
    """Age classes after some years; survival is in thirds, rounded down."""
    ages = list(q["start"])
    for _ in range(q["years"]):
        young = sum(n * b for n, b in zip(ages, q["births"], strict=True))
        older = [n * s // 3 for n, s in zip(ages, q["survival"], strict=False)]
        ages = [young, *older]
    return ages


def _grown_by_cohorts(q: dict) -> list[int]:
    now = dict(enumerate(q["start"]))
    for _ in range(q["years"]):
        later = {age + 1: now[age] * q["survival"][age] // 3 for age in now if age + 1 in now}
        later[0] = sum(now[age] * q["births"][age] for age in now)
        now = later
    return [now[age] for age in sorted(now)]


def _living(draws: Draws, level: int) -> dict | None:
    q = _ages(draws, level)
    return q if sum(_grown(q)) > 5 else None


def _epidemic(draws: Draws, level: int) -> dict:
    return {
        "susceptible": draws.between(50, 900),
        "infected": draws.between(1, 40),
        "contact": draws.between(1, 9),
        "recovery": draws.between(1, 9),
        "days": 1 + (level + 2) // 4,
    }


def _infected(q: dict) -> list[str]:
    """S and I after some days; contact rate and recovery in tenths per day."""
    s, i = Fraction(q["susceptible"]), Fraction(q["infected"])
    whole = s + i
    for _ in range(q["days"]):
        fresh = Fraction(q["contact"], 10) * s * i / whole
        s, i = s - fresh, i + fresh - Fraction(q["recovery"], 10) * i
    return [str(s), str(i)]


def _infected_by_shares(q: dict) -> list[str]:
    whole = q["susceptible"] + q["infected"]
    x, y = Fraction(q["susceptible"], whole), Fraction(q["infected"], whole)
    for _ in range(q["days"]):
        x, y = x * (1 - y * q["contact"] / 10), y * (10 + q["contact"] * x - q["recovery"]) / 10
    return [str(x * whole), str(y * whole)]


def _show_epidemic(q: dict) -> dict:
    return {**q, "contact": f"0.{q['contact']}", "recovery": f"0.{q['recovery']}"}


def _web(draws: Draws, level: int) -> dict:
    size = 7 + level
    eats = []
    for k in range(size):
        prey = draws.sample(range(k), min(k, draws.between(2, 4))) if k > 1 else []
        eats.append([[p, draws.between(1, 9)] for p in sorted(prey)])
    return {"eats": eats}


def _trophic(q: dict) -> str:
    """Level of the last species: one more than the mean level of what it eats, by weight."""
    levels: list[Fraction] = []
    for diet in q["eats"]:
        weight = sum(w for _, w in diet)
        mean = sum(levels[p] * w for p, w in diet) / weight if diet else Fraction(0)
        levels.append(1 + mean)
    return str(levels[-1])


def _trophic_by_walks(q: dict) -> str:
    """Mean length of a random walk down the web, by passing probability down."""
    mass = [Fraction(0)] * len(q["eats"])
    mass[-1] = Fraction(1)
    total = Fraction(0)
    for k in range(len(mass) - 1, -1, -1):
        total += mass[k]
        weight = sum(w for _, w in q["eats"][k])
        for prey, w in q["eats"][k]:
            mass[prey] += mass[k] * w / weight
    return str(total)


def _show_web(q: dict) -> dict:
    rows = []
    for k, diet in enumerate(q["eats"]):
        food = ", ".join(f"{w} parts S{p + 1}" for p, w in diet)
        rows.append(f"S{k + 1}: {food or 'producer'}")
    return {"rows": "; ".join(rows), "last": f"S{len(q['eats'])}"}


TASKS = (
    Task(
        id="bio.age_classes",
        title="Age classes of a population after some years",
        knob="years",
        draw=_living,
        solve=_grown,
        second=_grown_by_cohorts,
        answer=Integers(),
        size=lambda q: q["years"] + len(q["start"]),
        en=(
            "A population has {start} individuals in its age classes, youngest first. Each year an "
            "individual of class k leaves {births} newborn (by class), then s thirds of each "
            "class, rounded down, with s = {survival}, go on to the next class; the last class "
            "dies. Give the classes after {years} years.",
            "Project {years} years: classes {start}; births per individual {births}; of every "
            "class but the last floor(n s / 3) survive to the next with s = {survival}. List all "
            "classes.",
            "Ages {start}, births {births}, survival thirds {survival}, {years} years:",
        ),
        zh=(
            "种群各年龄组个体数为 {start}（由幼到老）。每年各组每个个体产仔 {births}（按组），"
            "然后各组有三分之 s（向下取整，s 依次为 {survival}）升入下一组，末组全部死亡。"
            "写出 {years} 年后的各组数量。",
            "推算 {years} 年：年龄组 {start}；每个体产仔 {births}；除末组外各组 floor(n s / 3) "
            "个存活升组，s = {survival}。列出各组。",
            "年龄组 {start}，产仔 {births}，存活三分数 {survival}，{years} 年：",
        ),
    ),
    Task(
        id="bio.sir_days",
        title="Susceptible and infected after some days",
        knob="days",
        draw=_epidemic,
        solve=_infected,
        second=_infected_by_shares,
        answer=Rationals(),
        show=_show_epidemic,
        size=lambda q: q["days"],
        en=(
            "S = {susceptible}, I = {infected}, R = 0, N their constant sum. Every day "
            "{contact} S I / N become infected and {recovery} I recover (both from the day's "
            "start). Give S and I after {days} days as exact numbers.",
            "Run a discrete SIR model for {days} days: S={susceptible}, I={infected}, R=0, "
            "beta={contact}, gamma={recovery}, N=S+I+R. Write S and I exactly.",
            "SIR S={susceptible} I={infected} beta={contact} gamma={recovery}, {days} days: S I",
        ),
        zh=(
            "S = {susceptible}，I = {infected}，R = 0，N 为其（不变的）和。每天有 {contact} S I "
            "/ N "
            "人感染、{recovery} I 人康复（均按当天开始时计）。{days} 天后 S 和 I 的精确值是多少？",
            "离散 SIR 模型运行 {days} 天：S={susceptible}，I={infected}，R=0，beta={contact}，"
            "gamma={recovery}，N=S+I+R。写出 S 和 I（精确）。",
            "SIR S={susceptible} I={infected} beta={contact} gamma={recovery}，{days} 天：S I",
        ),
    ),
    Task(
        id="bio.trophic_level",
        title="Trophic level in a food web",
        knob="species",
        draw=_web,
        solve=_trophic,
        second=_trophic_by_walks,
        answer=Rational(),
        show=_show_web,
        en=(
            "Producers have the trophic level 1; any other species has 1 plus the mean level of "
            "its food, weighted by parts of the diet. {rows}. What is the level of {last}, "
            "exactly?",
            "Compute the trophic level of {last} (1 + weighted mean of its prey; producers 1) from "
            "the diets {rows}.",
            "Trophic level of {last}: {rows}",
        ),
        zh=(
            "生产者营养级为 1；其他物种为 1 加其食物营养级按食谱份数的加权平均。{rows}"
            "（parts 为份数，producer 为生产者）。{last} 的营养级精确值是多少？",
            "由食谱 {rows} 求 {last} 的营养级（1 + 猎物加权平均，生产者为 1）。",
            "{last} 的营养级：{rows}",
        ),
    ),
)
