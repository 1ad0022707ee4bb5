"""Exact probabilities and descriptive statistics.

Source: textbook definitions. Knob: the number of dice, draws, hypotheses or data. Answers are
fractions in lowest terms; a decimal of exactly the same value is accepted.
"""

from collections import Counter
from fractions import Fraction
from itertools import product
from math import comb, prod

from internbootcamp_env.answers import Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _dice(draws: Draws, level: int) -> dict:
    sides = [draws.pick((4, 6, 8, 10, 12, 20)) for _ in range(3 + (level - 1) // 3)]
    sides += [draws.between(3, 20)]
    total = draws.between(len(sides) + 1, sum(sides) - 1)
    return {"sides": sides, "total": total}


def _sums(sides: list[int]) -> Counter[int]:
    ways = Counter({0: 1})
    for faces in sides:
        after: Counter[int] = Counter()
        for total, count in ways.items():
            for face in range(1, faces + 1):
                after[total + face] += count
        ways = after
    return ways


def _sum_chance(question: dict) -> str:
    return str(Fraction(_sums(question["sides"])[question["total"]], prod(question["sides"])))


def _sum_chance_by_listing(question: dict) -> str:
    sides = question["sides"]
    if prod(sides) > 20_000:
        return _sum_chance(question)
    rolls = product(*(range(1, faces + 1) for faces in sides))
    hits = sum(sum(roll) == question["total"] for roll in rolls)
    return str(Fraction(hits, prod(sides)))


def _show_dice(question: dict) -> dict:
    return {"dice": ", ".join(f"d{n}" for n in question["sides"]), "total": question["total"]}


def _urn(draws: Draws, level: int) -> dict:
    red, blue = draws.between(6 * level, 6 * level + 50), draws.between(6 * level, 6 * level + 50)
    taken = draws.between(2, min(3 + level, red + blue - 1))
    low, high = max(0, taken - blue), min(taken, red)
    return {"red": red, "blue": blue, "taken": taken, "hits": draws.between(low, high)}


def _urn_chance(question: dict) -> str:
    red, blue, taken, hits = (question[k] for k in ("red", "blue", "taken", "hits"))
    return str(Fraction(comb(red, hits) * comb(blue, taken - hits), comb(red + blue, taken)))


def _urn_chance_by_steps(question: dict) -> str:
    """Follow the draws one at a time."""
    chances = {0: Fraction(1)}
    total = question["red"] + question["blue"]
    for step in range(question["taken"]):
        after: dict[int, Fraction] = {}
        for hits, chance in chances.items():
            red = question["red"] - hits
            left = total - step
            after[hits + 1] = after.get(hits + 1, Fraction(0)) + chance * Fraction(red, left)
            after[hits] = after.get(hits, Fraction(0)) + chance * Fraction(left - red, left)
        chances = after
    return str(chances[question["hits"]])


def _tests(draws: Draws, level: int) -> dict:
    rows = [
        [draws.between(50, 99), draws.between(1, 49), draws.pick("+-")]
        for _ in range(1 + level // 3)
    ]
    return {"prior": draws.between(1, 60), "tests": rows}


def _posterior(question: dict) -> str:
    ill = Fraction(question["prior"], 100)
    well = 1 - ill
    for sensitivity, false_alarm, result in question["tests"]:
        ill *= Fraction(sensitivity if result == "+" else 100 - sensitivity, 100)
        well *= Fraction(false_alarm if result == "+" else 100 - false_alarm, 100)
    return str(ill / (ill + well))


def _posterior_by_odds(question: dict) -> str:
    odds = Fraction(question["prior"], 100 - question["prior"])
    for sensitivity, false_alarm, result in question["tests"]:
        if result == "+":
            odds *= Fraction(sensitivity, false_alarm)
        else:
            odds *= Fraction(100 - sensitivity, 100 - false_alarm)
    return str(odds / (1 + odds))


def _show_tests(question: dict) -> dict:
    rows = [f"({s}%, {f}%, {r})" for s, f, r in question["tests"]]
    return {"prior": question["prior"], "tests": " ".join(rows)}


def _trials(draws: Draws, level: int) -> dict:
    trials = 3 + level
    bottom = draws.between(2, 60 + 10 * level)
    top = draws.between(1, bottom - 1)
    return {"trials": trials, "chance": f"{top}/{bottom}", "hits": draws.between(0, trials)}


def _binomial(question: dict) -> str:
    chance, n, k = Fraction(question["chance"]), question["trials"], question["hits"]
    return str(comb(n, k) * chance**k * (1 - chance) ** (n - k))


def _binomial_by_steps(question: dict) -> str:
    chance = Fraction(question["chance"])
    row = [Fraction(1)]
    for _ in range(question["trials"]):
        row = [
            (row[k] if k < len(row) else 0) * (1 - chance) + (row[k - 1] if k else 0) * chance
            for k in range(len(row) + 1)
        ]
    return str(row[question["hits"]])


def _data(draws: Draws, level: int) -> dict:
    return {"data": draws.integers(3 + level, 0, 20 + 8 * level)}


def _variance(question: dict) -> str:
    data = question["data"]
    mean = Fraction(sum(data), len(data))
    return str(sum((x - mean) ** 2 for x in data) / len(data))


def _variance_by_pairs(question: dict) -> str:
    data = question["data"]
    total = sum((x - y) ** 2 for x in data for y in data)
    return str(Fraction(total, 2 * len(data) ** 2))


def _line(draws: Draws, level: int) -> dict | None:
    points = [draws.integers(2, -5 - level, 9 + level) for _ in range(3 + level)]
    return {"points": points} if len({x for x, _ in points}) > 1 else None


def _slope(question: dict) -> str:
    points = question["points"]
    n, sx, sy = len(points), sum(x for x, _ in points), sum(y for _, y in points)
    top = n * sum(x * y for x, y in points) - sx * sy
    return str(Fraction(top, n * sum(x * x for x, _ in points) - sx * sx))


def _slope_by_centring(question: dict) -> str:
    points = question["points"]
    mx = Fraction(sum(x for x, _ in points), len(points))
    my = Fraction(sum(y for _, y in points), len(points))
    top = sum((x - mx) * (y - my) for x, y in points)
    return str(top / sum((x - mx) ** 2 for x, _ in points))


def _show_line(question: dict) -> dict:
    return {"points": " ".join(f"({x},{y})" for x, y in question["points"])}


TASKS = (
    Task(
        id="prob.dice_sum",
        title="Chance of a sum of mixed dice",
        knob="dice",
        draw=_dice,
        solve=_sum_chance,
        second=_sum_chance_by_listing,
        answer=Rational(),
        show=_show_dice,
        canon=lambda q: [sorted(q["sides"]), q["total"]],
        en=(
            "The dice {dice} are thrown (dN has the faces 1 to N). What is the exact probability "
            "that the sum is {total}?",
            "With fair dice {dice}, how likely is a total of {total}?",
            "P({dice} sum to {total}) =",
        ),
        zh=(
            "掷骰子 {dice}（dN 有 1 到 N 各面），点数和为 {total} 的精确概率是多少？",
            "用均匀骰子 {dice}，总点数为 {total} 的概率是多少？",
            "P({dice} 之和为 {total}) =",
        ),
    ),
    Task(
        id="prob.urn",
        title="Draws without replacement",
        knob="balls",
        draw=_urn,
        solve=_urn_chance,
        second=_urn_chance_by_steps,
        answer=Rational(),
        size=lambda q: q["red"] + q["blue"] + q["taken"],
        en=(
            "An urn holds {red} red and {blue} blue balls. {taken} are drawn without "
            "replacement. What is the probability of exactly {hits} red ones?",
            "From {red} red and {blue} blue balls, {taken} are taken at once. Find the exact "
            "chance that {hits} of them are red.",
            "Urn {red} red {blue} blue, draw {taken}: P({hits} red) =",
        ),
        zh=(
            "袋中有 {red} 个红球和 {blue} 个蓝球，不放回地取 {taken} 个，恰有 {hits} 个红球的"
            "概率是多少？",
            "从 {red} 红 {blue} 蓝中一次取 {taken} 个，求其中 {hits} 个为红的精确概率。",
            "袋中 {red} 红 {blue} 蓝取 {taken}：P({hits} 红) =",
        ),
    ),
    Task(
        id="prob.bayes",
        title="Probability of illness after tests",
        knob="tests",
        draw=_tests,
        solve=_posterior,
        second=_posterior_by_odds,
        answer=Rational(),
        show=_show_tests,
        en=(
            "{prior}% of people have a disease. A person takes independent tests, each given as "
            "(chance of + when ill, chance of + when well, result): {tests}. What is the exact "
            "probability that the person is ill?",
            "Prior {prior}%. Tests as (sensitivity, false-positive rate, outcome): {tests}. Find "
            "the posterior probability exactly.",
            "Posterior: prior {prior}%, tests {tests}",
        ),
        zh=(
            "{prior}% 的人患某病。某人接受若干独立检测，每项写作（患病时呈 + 的概率，"
            "健康时呈 + 的概率，结果）：{tests}。此人患病的精确概率是多少？",
            "先验 {prior}%，检测（灵敏度，假阳性率，结果）：{tests}，求后验概率的精确值。",
            "后验：先验 {prior}%，检测 {tests}",
        ),
    ),
    Task(
        id="prob.binomial",
        title="Chance of a number of successes",
        knob="trials",
        draw=_trials,
        solve=_binomial,
        second=_binomial_by_steps,
        answer=Rational(),
        size=lambda q: q["trials"],
        en=(
            "Each of {trials} independent trials succeeds with probability {chance}. What is the "
            "exact probability of {hits} successes?",
            "Find the binomial probability of {hits} hits in {trials} tries with chance {chance} "
            "each.",
            "Binomial n={trials}, p={chance}: P({hits}) =",
        ),
        zh=(
            "{trials} 次独立试验，每次成功概率 {chance}，恰好成功 {hits} 次的精确概率是多少？",
            "每次概率 {chance}、共 {trials} 次，求恰有 {hits} 次命中的二项概率。",
            "二项 n={trials}，p={chance}：P({hits}) =",
        ),
    ),
    Task(
        id="prob.variance",
        title="Variance of data",
        knob="data",
        draw=_data,
        solve=_variance,
        second=_variance_by_pairs,
        answer=Rational(),
        canon=lambda q: sorted(q["data"]),
        en=(
            "What is the population variance (mean squared deviation from the mean) of {data}?",
            "Find the variance of {data}, dividing by the number of data.",
            "Variance: {data}",
        ),
        zh=(
            "{data} 的总体方差（与均值之差的平方的平均）是多少？",
            "求 {data} 的方差（除以数据个数）。",
            "方差：{data}",
        ),
    ),
    Task(
        id="prob.regression_slope",
        title="Slope of the least-squares line",
        knob="points",
        draw=_line,
        solve=_slope,
        second=_slope_by_centring,
        answer=Rational(),
        show=_show_line,
        canon=lambda q: sorted(q["points"]),
        en=(
            "What is the exact slope of the least-squares line y = a + b x through {points}?",
            "Fit a straight line to the points {points} by least squares and give its slope.",
            "Slope: {points}",
        ),
        zh=(
            "过 {points} 的最小二乘直线 y = a + b x 的斜率精确值是多少？",
            "用最小二乘法对点 {points} 拟合直线，求斜率。",
            "斜率：{points}",
        ),
    ),
)
