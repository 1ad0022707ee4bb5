"""Earth, sky and money: orbits, daylight, conjunctions, runoff, bonds, options, insurance.

Source: Kepler's equation; the spherical sunrise equation; the Chinese remainder theorem; steepest
descent runoff; Cox, Ross and Rubinstein 1979; rules as stated in the prompts. Knob: the number of
bodies, cells, steps or layers.
"""

import math
from fractions import Fraction
from itertools import pairwise

from internbootcamp_env.answers import Integer, Integers, Rational
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.grids import show_numbers
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.task import Task


def _orbit(draws: Draws, level: int) -> dict:
    return {
        "axis": draws.between(5, 400),
        "eccentricity": draws.between(8 * level - 7, 8 * level + 9),
        "period": draws.between(50, 4000),
        "days": draws.between(1, 1900),
    }


def _radius(q: dict) -> float:
    """Distance from the focus, in au, some days after perihelion; bisection."""
    e = q["eccentricity"] / 100
    mean = math.tau * (q["days"] / q["period"] % 1)
    low, high = 0.0, math.tau
    for _ in range(70):
        middle = (low + high) / 2
        low, high = (middle, high) if middle - e * math.sin(middle) < mean else (low, middle)
    return q["axis"] / 100 * (1 - e * math.cos(low))


def _radius_by_newton(q: dict) -> float:
    """Newton's iteration from pi, which converges for every eccentricity below one."""
    e = q["eccentricity"] / 100
    mean, x = math.tau * (q["days"] / q["period"] % 1), math.pi
    for _ in range(60):
        x -= (x - e * math.sin(x) - mean) / (1 - e * math.cos(x))
    true = 2 * math.atan2(math.sqrt(1 + e) * math.sin(x / 2), math.sqrt(1 - e) * math.cos(x / 2))
    return q["axis"] / 100 * (1 - e * e) / (1 + e * math.cos(true))


def _show_orbit(q: dict) -> dict:
    return {**q, "axis": f"{q['axis'] / 100:.2f}", "eccentricity": f"{q['eccentricity'] / 100:.2f}"}


def _places(draws: Draws, level: int) -> dict:
    rows = [[draws.between(-60, 60), draws.between(-234, 234)] for _ in range(1 + (level + 1) // 2)]
    return {"rows": rows}


def _daylight(q: dict) -> float:
    """Total hours with the sun's centre above the horizon, no refraction."""
    total = 0.0
    for latitude, tenths in q["rows"]:
        slope = -math.tan(math.radians(latitude)) * math.tan(math.radians(tenths / 10))
        total += 24 / math.pi * math.acos(slope)
    return total


def _daylight_by_altitude(q: dict) -> float:
    """Find the hour angle of altitude zero by halving, for each place."""
    hours = 0.0
    for latitude, tenths in q["rows"]:
        a, d = math.radians(latitude), math.radians(tenths / 10)
        low, high = 0.0, math.pi
        for _ in range(60):
            middle = (low + high) / 2
            up = math.sin(a) * math.sin(d) + math.cos(a) * math.cos(d) * math.cos(middle) > 0
            low, high = (middle, high) if up else (low, middle)
        hours += 2 * low * 12 / math.pi
    return hours


def _show_places(q: dict) -> dict:
    rows = ", ".join(f"({latitude}, {tenths / 10:.1f})" for latitude, tenths in q["rows"])
    return {"rows": rows}


def _planets(draws: Draws, level: int) -> dict | None:
    count = 2 + (level + 2) // 4
    periods = [draws.between(5, 14 + 4 * level) for _ in range(count)]
    if any(math.gcd(a, b) > 1 for k, a in enumerate(periods) for b in periods[:k]):
        return None
    return {"bodies": [[p, draws.below(p)] for p in periods]}


def _meeting(q: dict) -> int:
    """The first day >= 1 that leaves the wanted remainder for each period; remainders merged."""
    day, step = 0, 1
    for period, last in q["bodies"]:
        lag = (-last - day) * pow(step, -1, period) % period
        day, step = day + step * lag, step * period
    return day % step or step


def _meeting_by_sieve(q: dict) -> int:
    day, step = 0, 1
    for period, last in q["bodies"]:
        while (day + last) % period:
            day += step
        step *= period
    return day or step


def _show_planets(q: dict) -> dict:
    return {
        "bodies": ", ".join(f"period {p} d, {r} d ago" for p, r in q["bodies"]),
        "bodies_zh": "，".join(f"周期 {p} 天、{r} 天前" for p, r in q["bodies"]),
    }


def _relief(draws: Draws, level: int) -> dict:
    rows, columns = 3 + level // 3, 3 + (level + 1) // 3
    flat = draws.sample(range(10, 10 + 5 * rows * columns), rows * columns)
    heights = [flat[k * columns : (k + 1) * columns] for k in range(rows)]
    return {"heights": heights}


def _down(heights: list[list[int]], r: int, c: int) -> tuple[int, int]:
    """The lowest of a cell and its eight neighbours."""
    around = [
        (heights[i][j], i, j)
        for i in range(max(0, r - 1), min(len(heights), r + 2))
        for j in range(max(0, c - 1), min(len(heights[0]), c + 2))
    ]
    return min(around)[1:]


def _basins(q: dict) -> list[int]:
    """Heights of the sinks, from the lowest, each followed by the number of cells it drains."""
    counts: dict[int, int] = {}
    for r in range(len(q["heights"])):
        for c in range(len(q["heights"][0])):
            place = (r, c)
            while (lower := _down(q["heights"], *place)) != place:
                place = lower
            height = q["heights"][place[0]][place[1]]
            counts[height] = counts.get(height, 0) + 1
    return [x for height in sorted(counts) for x in (height, counts[height])]


def _basins_by_labels(q: dict) -> list[int]:
    """Visit the cells from the lowest up: each takes the label of its lowest neighbour."""
    heights = q["heights"]
    order = sorted((h, r, c) for r, row in enumerate(heights) for c, h in enumerate(row))
    label: dict[tuple[int, int], int] = {}
    for height, r, c in order:
        done = [
            (heights[r + i][c + j], label[r + i, c + j])
            for i in (-1, 0, 1)
            for j in (-1, 0, 1)
            if (r + i, c + j) in label
        ]
        label[r, c] = min(done)[1] if done else height
    sinks = list(label.values())
    return [x for sink in sorted(set(sinks)) for x in (sink, sinks.count(sink))]


def _bond(draws: Draws, level: int) -> dict:
    years = 1 + level + draws.below(2)
    coupon = draws.between(1, 12)
    return {"coupon": coupon, "years": years, "price": draws.between(8500, 11500) / 100}


def _yield(q: dict) -> float:
    """Yearly yield in percent that discounts the payments to the price."""
    low, high = -0.5, 1.0
    for _ in range(80):
        middle = (low + high) / 2
        worth = sum(q["coupon"] / (1 + middle) ** k for k in range(1, q["years"] + 1))
        worth += 100 / (1 + middle) ** q["years"]
        low, high = (middle, high) if worth > q["price"] else (low, middle)
    return 100 * low


def _yield_by_annuity(q: dict) -> float:
    """Newton's iteration on the discount factor, with the payments as a polynomial."""
    payments = [-q["price"], *([float(q["coupon"])] * q["years"])]
    payments[-1] += 100.0
    factor = 0.95
    for _ in range(60):
        value = slope = 0.0
        for payment in reversed(payments):
            slope = slope * factor + value
            value = value * factor + payment
        factor -= value / slope
    return 100 * (1 / factor - 1)


def _clear_bond(draws: Draws, level: int) -> dict | None:
    q = _bond(draws, level)
    return q if abs(_yield(q)) > 0.2 else None


def _tree(draws: Draws, level: int) -> dict:
    return {
        "spot": draws.between(20, 120),
        "strike": draws.between(20, 120),
        "up": f"{draws.between(11, 15)}/10",
        "down": f"{draws.between(6, 9)}/10",
        "rate": f"{draws.between(0, 9)}/100",
        "steps": 1 + level // 2,
        "kind": draws.pick(("call", "put")),
    }


def _option(q: dict) -> str:
    """Roll the values of a European option back through the tree."""
    up, down, rate = Fraction(q["up"]), Fraction(q["down"]), Fraction(q["rate"])
    chance = (1 + rate - down) / (up - down)
    sign = 1 if q["kind"] == "call" else -1
    values = []
    for k in range(q["steps"] + 1):
        price = q["spot"] * up**k * down ** (q["steps"] - k)
        values.append(max(Fraction(0), sign * (price - q["strike"])))
    for _ in range(q["steps"]):
        pairs = pairwise(values)
        values = [((1 - chance) * low + chance * high) / (1 + rate) for low, high in pairs]
    return str(values[0])


def _option_by_binomial(q: dict) -> str:
    up, down = Fraction(q["up"]), Fraction(q["down"])
    growth, n = 1 + Fraction(q["rate"]), q["steps"]
    chance = (growth - down) / (up - down)
    total = Fraction(0)
    for k in range(n + 1):
        gain = q["spot"] * up**k * down ** (n - k) - q["strike"]
        gain = gain if q["kind"] == "call" else -gain
        if gain > 0:
            total += math.comb(n, k) * chance**k * (1 - chance) ** (n - k) * gain
    return str(total / growth**n)


def _worthy(draws: Draws, level: int) -> dict | None:
    q = _tree(draws, level)
    return q if _option(q) != "0" else None


def _show_tree(q: dict) -> dict:
    zh = {"call": "看涨", "put": "看跌"}
    texts = {k: str(Fraction(q[k])) for k in ("up", "down", "rate")}
    return {**q, **texts, "kind_zh": zh[q["kind"]]}


def _policy(draws: Draws, level: int) -> dict:
    return {
        "deductible": draws.between(1, 9) * 100,
        "share": draws.between(1, 6) * 10,
        "cap": draws.between(20, 60) * 100,
        "limit": draws.between(30, 90) * 100,
        "claims": [draws.between(2, 60) * 50 for _ in range(2 + level)],
    }


def _payments(q: dict) -> list[int]:
    """What the insurer pays for each claim: yearly deductible, share, out-of-pocket cap, limit."""
    left, own, paid, out = q["deductible"], 0, 0, []
    for claim in q["claims"]:
        first = min(left, claim)
        left -= first
        rest = claim - first
        mine = min(rest * q["share"] // 100, max(0, q["cap"] - own - first))
        theirs = min(rest - mine, q["limit"] - paid)
        own += claim - theirs
        paid += theirs
        out.append(theirs)
    return out


def _payments_by_account(q: dict) -> list[int]:
    """The same with running totals of everything."""
    results: list[int] = []
    before = own = 0
    for claim in q["claims"]:
        free = max(0, min(claim, q["deductible"] - before))
        before += claim
        covered = claim - free
        part = covered * q["share"] // 100
        room = q["cap"] - own - free
        part = 0 if room < 0 else room if part > room else part
        pay = covered - part
        room = q["limit"] - sum(results)
        results.append(pay if pay < room else room)
        own += claim - results[-1]
    return results


TASKS = (
    Task(
        id="applied.orbit_distance",
        title="Distance of a body on a Kepler orbit",
        knob="eccentricity",
        draw=_orbit,
        **measured(_radius, "au", second=_radius_by_newton),
        show=_show_orbit,
        size=lambda q: q["eccentricity"],
        en=(
            "A body on a Kepler ellipse with semi-major axis {axis} au and eccentricity "
            "{eccentricity} has the period {period} days. How far is it from the focus {days} days "
            "after a perihelion passage?",
            "Solve Kepler's equation for a = {axis} au, e = {eccentricity}, P = {period} d at t = "
            "{days} d after perihelion and give the distance from the sun.",
            "a={axis} au, e={eccentricity}, P={period} d, t={days} d after perihelion: r",
        ),
        zh=(
            "天体沿开普勒椭圆运行，半长轴 {axis} au，偏心率 {eccentricity}，周期 {period} 天。"
            "过近日点 {days} 天后它离焦点多远？",
            "对 a = {axis} au、e = {eccentricity}、P = {period} d，解开普勒方程，"
            "求过近日点 {days} d 时到太阳的距离。",
            "a={axis} au，e={eccentricity}，P={period} d，近日点后 {days} d：r",
        ),
    ),
    Task(
        id="applied.daylight",
        title="Hours of daylight at several places",
        knob="places",
        draw=_places,
        **measured(_daylight, "h", second=_daylight_by_altitude),
        show=_show_places,
        en=(
            "For each pair (latitude, solar declination) in degrees of {rows} take the time for "
            "which the sun's centre is above the horizon in a day of 24 h (no refraction). What is "
            "the sum of these times?",
            "Add up the day lengths 24/pi * acos(-tan(latitude) tan(declination)) h for the "
            "(latitude, declination) pairs {rows}, in degrees.",
            "Total daylight, (latitude, declination): {rows}",
        ),
        zh=(
            "对每组（纬度，太阳赤纬，单位度）{rows}，求 24 h 一天中太阳中心在地平线以上的时间"
            "（不计折射）。这些时间之和是多少？",
            "对（纬度，赤纬）{rows}（度），把昼长 24/pi * acos(-tan(纬度) tan(赤纬)) h 相加。",
            "总昼长，（纬度，赤纬）：{rows}",
        ),
    ),
    Task(
        id="applied.conjunction",
        title="Next day on which all bodies are back at the mark",
        knob="bodies",
        draw=_planets,
        solve=_meeting,
        second=_meeting_by_sieve,
        answer=Integer(),
        show=_show_planets,
        en=(
            "Bodies return to a mark at whole-day periods; given are period and time since the "
            "last return: {bodies}. In how many days (at least 1) are all at the mark together for "
            "the first time?",
            "Find the least positive number of days until a common return: {bodies}.",
            "Common return: {bodies}",
        ),
        zh=(
            "若干天体按整天周期回到标志处，给出周期与上次回到的时间：{bodies_zh}。"
            "至少 1 天后，最早多少天它们同时到达？",
            "求到下一次同时回归的最小正天数：{bodies_zh}。",
            "同时回归：{bodies_zh}",
        ),
    ),
    Task(
        id="applied.watersheds",
        title="Sinks of a terrain and the cells they drain",
        knob="cells",
        draw=_relief,
        solve=_basins,
        second=_basins_by_labels,
        answer=Integers(),
        show=lambda q: {"heights": show_numbers(q["heights"])},
        en=(
            "Water on each cell of this height map flows to the lowest of its eight neighbours if "
            "that is lower, and so on to a sink. List the sinks by rising height: the height of "
            "each, then the number of cells (itself included) that drain into it.\n{heights}",
            "Route every cell to its lowest lower neighbour (8 directions) until a local minimum. "
            "For each minimum, lowest first, write height and basin size.\n{heights}",
            "Sinks (height, cells drained), lowest first:\n{heights}",
        ),
        zh=(
            "高程图每格的水流向八邻格中最低且更低的一格，直到洼地。按高度从低到高列出洼地："
            "先写高度，再写汇入的格数（含自身）。\n{heights}",
            "每格流向更低邻格中最低者（八方向），直到局部最低点。"
            "由低到高写出各最低点的高度与流域格数。"
            "\n{heights}",
            "洼地（高度、汇入格数），由低到高：\n{heights}",
        ),
    ),
    Task(
        id="applied.bond_yield",
        title="Yield to maturity of a bond",
        knob="years",
        draw=_clear_bond,
        **measured(_yield, "%", second=_yield_by_annuity, absolute=0.001),
        size=lambda q: q["years"],
        en=(
            "A bond pays {coupon} at the end of each of {years} years and 100 at the end of the "
            "last. Its price is {price}. What is its yield to maturity, compounded yearly?",
            "Which yearly interest rate discounts {years} coupons of {coupon} and the redemption "
            "of 100 to {price}?",
            "Yield: coupon {coupon}, {years} years, redemption 100, price {price}",
        ),
        zh=(
            "债券在 {years} 年中每年末付息 {coupon}，最后一年末还本 100，价格 {price}。"
            "按年复利的到期收益率是多少？",
            "什么年利率把 {years} 次 {coupon} 的利息和 100 的本金贴现为 {price}？",
            "收益率：息 {coupon}，{years} 年，还本 100，价格 {price}",
        ),
    ),
    Task(
        id="applied.binomial_option",
        title="Price of a European option on a binomial tree",
        knob="steps",
        draw=_worthy,
        solve=_option,
        second=_option_by_binomial,
        answer=Rational(),
        show=_show_tree,
        size=lambda q: q["steps"],
        en=(
            "A share costs {spot}; each period it is multiplied by {up} or {down}; the interest "
            "rate per period is {rate}. What is the arbitrage-free price of a European {kind} with "
            "strike {strike} after {steps} period(s), exactly?",
            "Price a European {kind} (strike {strike}, {steps} steps) on the tree with factors "
            "{up}, {down}, spot {spot} and rate {rate} a step; exact fraction.",
            "{kind}, strike {strike}, spot {spot}, u={up}, d={down}, r={rate}, n={steps}: price",
        ),
        zh=(
            "股价 {spot}，每期乘 {up} 或 {down}，每期利率 {rate}。{steps} 期后到期、行权价 "
            "{strike} "
            "的欧式{kind_zh}期权的无套利价格（精确）是多少？",
            "在因子 {up}、{down}、现价 {spot}、每步利率 {rate} 的二叉树上，为欧式{kind_zh}期权"
            "（行权价 {strike}，{steps} 步）定价，写精确分数。",
            "欧式{kind_zh}，行权价 {strike}，现价 {spot}，u={up}，d={down}，r={rate}，"
            "n={steps}：价格",
        ),
    ),
    Task(
        id="applied.insurance_payments",
        title="Payments of an insurer for a year's claims",
        knob="claims",
        draw=_policy,
        solve=_payments,
        second=_payments_by_account,
        answer=Integers(),
        en=(
            "In a year the insured bears the first {deductible} of all costs, then {share} % of "
            "each further amount (rounded down), but that share stops once own payments of the "
            "year reach {cap}; the insurer pays the rest up to {limit} a year in all. What does "
            "the insurer pay for each of the claims {claims}, in order?",
            "Deductible {deductible} a year, coinsurance {share} % (floored), out-of-pocket cap "
            "{cap} on the coinsurance, yearly maximum {limit} for the insurer. Give the insurer's "
            "payment for every claim of {claims}.",
            "Deductible {deductible}, {share} %, cap {cap}, limit {limit}; claims {claims}; paid:",
        ),
        zh=(
            "一年内被保险人先自付累计 {deductible}，其后每笔余额自付 {share} %（向下取整），"
            "当年自付总额达到 {cap} 后不再按比例自付；保险人支付其余部分，全年最多 {limit}。"
            "对索赔 {claims} 依次各付多少？",
            "年免赔额 {deductible}，共保 {share} %（取整），自付上限 {cap}（限制共保部分），"
            "保险人年度限额 {limit}。依次写出对 {claims} 每笔的赔付。",
            "免赔 {deductible}，{share} %，上限 {cap}，限额 {limit}；索赔 {claims}；赔付：",
        ),
    ),
)
