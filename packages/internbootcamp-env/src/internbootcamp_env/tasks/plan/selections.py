"""Choose a best set: what to pack, which jobs, which sites, where to stop.

Source: textbook optimisation (dynamic programming, exchange arguments, exhaustive search on small
sizes). An answer names the choice; it is right if it keeps the rules and its value is the best one.
Knob: the number of things to choose from.
(Long for the prompts of six tasks.)
"""

import heapq
import itertools

from internbootcamp_env.answers import Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_SET = Integers(ordered=False)


def _numbers(plan: list[int], count: int) -> str:
    """Say what is wrong with a list of different numbers from 1 to `count`."""
    if len(set(plan)) != len(plan):
        return "a number comes twice"
    return "" if all(1 <= n <= count for n in plan) else f"numbers go from 1 to {count}"


def _texts(plans: list[list[int]]) -> list[str]:
    return [" ".join(map(str, plan)) or "none" for plan in plans]


def _items(draws: Draws, level: int) -> dict:
    count = 4 + level
    weights = draws.integers(count, 2, 12 + 2 * level)
    values = draws.integers(count, 5, 60)
    return {"weights": weights, "values": values, "capacity": sum(weights) // 2}


def _pack(question: dict) -> list[int]:
    """Best value for every capacity, item by item, then the choices read backwards."""
    rows = [[0] * (question["capacity"] + 1)]
    pairs = list(zip(question["weights"], question["values"], strict=True))
    for weight, value in pairs:
        last = rows[-1]
        rows.append(
            [
                max(best, last[room - weight] + value) if room >= weight else best
                for room, best in enumerate(last)
            ]
        )
    chosen, room = [], question["capacity"]
    for n in range(len(pairs), 0, -1):
        if rows[n][room] != rows[n - 1][room]:
            chosen.append(n)
            room -= pairs[n - 1][0]
    return sorted(chosen)


def _pack_by_states(question: dict) -> list[int]:
    """Keep the best set of every total weight."""
    best: dict[int, tuple[int, tuple[int, ...]]] = {0: (0, ())}
    for n, (weight, value) in enumerate(
        zip(question["weights"], question["values"], strict=True), start=1
    ):
        for total, (worth, chosen) in sorted(best.items(), reverse=True):
            after = total + weight
            if after <= question["capacity"] and best.get(after, (-1,))[0] < worth + value:
                best[after] = (worth + value, (*chosen, n))
    return list(max(best.values())[1])


def _worth(question: dict, plan: list[int]) -> int:
    return sum(question["values"][n - 1] for n in plan)


def _check_pack(question: dict, plan: list[int]) -> str:
    if problem := _numbers(plan, len(question["values"])):
        return problem
    if sum(question["weights"][n - 1] for n in plan) > question["capacity"]:
        return "too heavy"
    best = _worth(question, _pack(question))
    return "" if _worth(question, plan) == best else f"{_worth(question, plan)}; the best is {best}"


def _wrong_set(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """An item lost costs its value; an item twice and one that does not exist are errors."""
    return _texts([answer[:-1], answer[1:], [*answer, answer[0]], [*answer, 99]])


def _shows(draws: Draws, level: int) -> dict:
    count = 4 + level
    jobs = []
    for _ in range(count):
        start = draws.between(0, 20 + 4 * level)
        jobs.append([start, start + draws.between(3, 12), draws.between(5, 60)])
    return {"jobs": jobs}


def _best_shows(question: dict) -> list[int]:
    """Weighted intervals by their ends: take each with the best that ends before it, or not."""
    jobs = question["jobs"]
    order = sorted(range(len(jobs)), key=lambda n: jobs[n][1])
    best: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    for place, n in enumerate(order):
        start, _, value = jobs[n]
        before = sum(jobs[m][1] <= start for m in order[:place])
        taken = (best[before][0] + value, (*best[before][1], n + 1))
        best.append(max(best[-1], taken))
    return sorted(best[-1][1])


def _best_shows_forwards(question: dict) -> list[int]:
    """By starts, latest first: the best from a time on."""
    jobs = question["jobs"]
    best: list[tuple[int, int, tuple[int, ...]]] = []
    for n in sorted(range(len(jobs)), key=lambda n: jobs[n][0], reverse=True):
        start, end, value = jobs[n]
        after = max((b for b in best if b[0] >= end), key=lambda b: b[1], default=(0, 0, ()))
        best.append((start, after[1] + value, (n + 1, *after[2])))
    return sorted(max(best, key=lambda b: b[1])[2])


def _check_shows(question: dict, plan: list[int]) -> str:
    jobs = question["jobs"]
    if problem := _numbers(plan, len(jobs)):
        return problem
    chosen = sorted(jobs[n - 1] for n in plan)
    if any(a[1] > b[0] for a, b in itertools.pairwise(chosen)):
        return "two of them overlap"
    value = sum(job[2] for job in chosen)
    best = sum(jobs[n - 1][2] for n in _best_shows(question))
    return "" if value == best else f"{value}; the best is {best}"


def _show_jobs(question: dict) -> dict:
    lines = [f"{n}: {a}-{b}, {v}" for n, (a, b, v) in enumerate(question["jobs"], start=1)]
    return {"jobs": "\n".join(lines)}


def _orders(draws: Draws, level: int) -> dict | None:
    count = 5 + level
    deadlines = [draws.between(1, 2 + level // 2) for _ in range(count)]
    profits = draws.sample(range(10, 100), count)
    return {"deadlines": deadlines, "profits": profits}


def _accepted(question: dict) -> list[int]:
    """By deadlines, dropping the least profit whenever there are more orders than days."""
    kept: list[tuple[int, int]] = []
    rows = zip(question["deadlines"], question["profits"], itertools.count(1))
    for deadline, profit, n in sorted(rows):
        heapq.heappush(kept, (profit, n))
        if len(kept) > deadline:
            heapq.heappop(kept)
    return sorted(n for _, n in kept)


def _accepted_by_profit(question: dict) -> list[int]:
    """By profit, giving each order the latest free day."""
    rows = zip(question["profits"], question["deadlines"], itertools.count(1))
    days: dict[int, int] = {}
    for _, deadline, n in sorted(rows, reverse=True):
        free = [day for day in range(1, deadline + 1) if day not in days]
        if free:
            days[free[-1]] = n
    return sorted(days.values())


def _sites(draws: Draws, level: int) -> dict:
    sites, clients = 7 + level // 2, 6 + level // 3
    table = [draws.integers(sites, 1, 40) for _ in range(clients)]
    return {"table": table, "open": 3}


def _reach(table: list[list[int]], chosen: list[int]) -> int:
    return sum(min(row[n - 1] for n in chosen) for row in table)


def _open_sites(question: dict) -> list[int]:
    table = question["table"]
    every = itertools.combinations(range(1, len(table[0]) + 1), question["open"])
    return list(min(every, key=lambda chosen: _reach(table, list(chosen))))


def _check_sites(question: dict, plan: list[int]) -> str:
    table = question["table"]
    if problem := _numbers(plan, len(table[0])):
        return problem
    if len(plan) != question["open"]:
        return f"{len(plan)} sites instead of {question['open']}"
    cost, least = _reach(table, plan), _reach(table, _open_sites(question))
    return "" if cost == least else f"total distance {cost}; the best is {least}"


def _wrong_sites(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """Too few, too many, one twice, and the worst choice where it is worse."""
    table = question["table"]
    every = itertools.combinations(range(1, len(table[0]) + 1), question["open"])
    worst = list(max(every, key=lambda chosen: _reach(table, list(chosen))))
    bad = [worst] if _reach(table, worst) > _reach(table, answer) else []
    spare = next(n for n in range(1, 99) if n not in answer)
    return _texts([answer[:-1], [*answer, spare], [answer[0]] * len(answer), *bad])


def _show_sites(question: dict) -> dict:
    rows = [f"{n}: {' '.join(map(str, row))}" for n, row in enumerate(question["table"], start=1)]
    return {"table": "\n".join(rows), "open": question["open"]}


def _road(draws: Draws, level: int) -> dict | None:
    count, tank = 5 + level, draws.between(40, 60)
    gaps = draws.integers(count + 1, 8, 36)
    places = list(itertools.accumulate(gaps))
    return {"stations": places[:-1], "end": places[-1], "tank": tank}


def _stops(question: dict) -> list[int]:
    """Drive as far as the tank allows before each stop."""
    places, stops, at = [*question["stations"], question["end"]], [], 0
    for here, there in itertools.pairwise(places):
        if there - at > question["tank"]:
            stops.append(here)
            at = here
    return stops


def _stops_backwards(question: dict) -> list[int]:
    places, stops, at = [0, *question["stations"]], [], question["end"]
    for there, here in itertools.pairwise(places[::-1]):
        if at - here > question["tank"]:
            stops.append(there)
            at = there
    return sorted(stops)


def _check_stops(question: dict, plan: list[int]) -> str:
    if len(set(plan)) != len(plan) or not set(plan) <= set(question["stations"]):
        return "a stop is named twice or is no station"
    legs = itertools.pairwise([0, *sorted(plan), question["end"]])
    if any(b - a > question["tank"] for a, b in legs):
        return "the tank runs dry"
    least = len(_stops(question))
    return "" if len(plan) == least else f"{len(plan)} stops; the fewest are {least}"


def _wrong_stops(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """A stop more is allowed and not the fewest; a stop less leaves the tank dry."""
    spare = [place for place in question["stations"] if place not in answer]
    more = [sorted([*answer, draws.pick(spare)])] if spare else []
    return _texts([*more, answer[:-1], [*answer, question["end"]], [*answer, *answer[:1]]])


def _projects(draws: Draws, level: int) -> dict | None:
    """Values of projects and which earlier one each needs; the best set closed under needs."""
    count = 6 + level
    values = [draws.between(2, 9) * draws.pick((1, -1)) for _ in range(count)]
    needs = [draws.below(n + 1) if n and draws.chance(4, 5) else 0 for n in range(count)]
    question = {"values": values, "needs": needs}
    return question if 0 < len(_best_projects(question)) < count else None


def _best_projects(question: dict) -> list[int]:
    """A forest: a project is worth itself with the worthwhile ones that need it."""
    values, needs = question["values"], question["needs"]
    worth = list(values)
    for n in range(len(values) - 1, -1, -1):
        if needs[n] and worth[n] > 0:
            worth[needs[n] - 1] += worth[n]
    chosen: set[int] = set()
    for n in range(1, len(values) + 1):
        if worth[n - 1] > 0 and (not needs[n - 1] or needs[n - 1] in chosen):
            chosen.add(n)
    return sorted(chosen)


def _best_projects_from_leaves(question: dict) -> list[int]:
    """The same forest by recursion, taking projects of value nothing as well."""
    values, needs = question["values"], question["needs"]

    def best(n: int) -> tuple[int, list[int]]:
        total, chosen = values[n - 1], [n]
        for child, need in enumerate(needs, start=1):
            if need == n:
                value, names = best(child)
                if value >= 0:
                    total, chosen = total + value, chosen + names
        return total, chosen

    roots = [best(n) for n, need in enumerate(needs, start=1) if not need]
    return sorted(name for value, names in roots if value >= 0 for name in names)


def _check_projects(question: dict, plan: list[int]) -> str:
    values, needs = question["values"], question["needs"]
    if problem := _numbers(plan, len(values)):
        return problem
    if any(needs[n - 1] and needs[n - 1] not in plan for n in plan):
        return "something needed is missing"
    total, best = _worth(question, plan), _worth(question, _best_projects(question))
    return "" if total == best else f"{total}; the best is {best}"


def _wrong_projects(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """A negative leaf more, a positive leaf less, errors."""
    values, needs = question["values"], question["needs"]
    roots = [n for n in range(1, len(values) + 1) if n not in answer and values[n - 1] < 0
             and (not needs[n - 1] or needs[n - 1] in answer)]  # fmt: skip
    worse = [sorted([*answer, roots[0]])] if roots and roots[0] not in needs else []
    return _texts([*worse, [*answer, answer[0]], [*answer, 99], [0, *answer]])


def _show_projects(question: dict) -> dict:
    rows = zip(question["values"], question["needs"], itertools.count(1))
    lines = [f"{n}: {value}" + (f", needs {need}" if need else "") for value, need, n in rows]
    return {"projects": "\n".join(lines)}


TASKS = (
    Task(
        id="plan.knapsack",
        title="Best load of a knapsack",
        knob="items",
        verifier="O",
        draw=_items,
        solve=_pack,
        second=_pack_by_states,
        check=_check_pack,
        wrong=_wrong_set,
        answer=_SET,
        en=(
            "Items 1, 2, ... weigh {weights} and are worth {values}. Choose items of total weight "
            "at most {capacity} with the greatest total worth. Give their numbers.",
            "Knapsack of capacity {capacity}: weights {weights}, values {values}, each item once. "
            "Which items (numbered from 1) make the best load?",
            "Knapsack {capacity}; weights {weights}; values {values}; items:",
        ),
        zh=(
            "物品 1、2… 的重量为 {weights}，价值为 {values}。选出总重不超过 {capacity} 且总价值最"
            "大的"
            "物品，写出编号。",
            "背包容量 {capacity}，重量 {weights}，价值 {values}，每件最多一次。最优装法是哪些（从 "
            "1 编号）？",
            "背包 {capacity}；重量 {weights}；价值 {values}；物品：",
        ),
    ),
    Task(
        id="plan.best_shows",
        title="Best set of shows that do not overlap",
        knob="shows",
        verifier="O",
        draw=_shows,
        solve=_best_shows,
        second=_best_shows_forwards,
        check=_check_shows,
        wrong=_wrong_set,
        answer=_SET,
        show=_show_jobs,
        en=(
            "Shows with start-end and worth to you:\n{jobs}\nAttend shows of the greatest total "
            "worth without overlap (one may start when another ends). Give their numbers.",
            "Choose non-overlapping intervals of maximal total weight (touching ends are fine) "
            "from\n{jobs}",
            "{jobs}\nbest set without overlap:",
        ),
        zh=(
            "演出的起止时间与价值：\n{jobs}\n选出互不重叠（首尾相接可以）且总价值最大的演出，写出"
            "编号。",
            "从下列带权区间中选互不重叠（端点相接可以）且总权最大的若干个：\n{jobs}",
            "{jobs}\n不重叠的最优选择：",
        ),
    ),
    Task(
        id="plan.orders_by_deadline",
        title="Most profitable orders, one a day, by their deadlines",
        knob="orders",
        draw=_orders,
        solve=_accepted,
        second=_accepted_by_profit,
        answer=_SET,
        en=(
            "Each order takes one day; one can be worked on at a time, from day 1. Orders 1, 2, "
            "... must be done by day {deadlines} and pay {profits}. Which orders are accepted in "
            "the most profitable plan?",
            "Unit jobs with deadlines {deadlines} and profits {profits} on one machine: give the "
            "numbers of the jobs in the schedule of greatest profit.",
            "Deadlines {deadlines}; profits {profits}; accepted:",
        ),
        zh=(
            "每个订单需一天，从第 1 天起一次做一个。订单 1、2… 的期限为第 {deadlines} 天，报酬 "
            "{profits}。"
            "利润最大的方案接受哪些订单？",
            "单机单位作业，期限 {deadlines}，利润 {profits}：写出利润最大方案中的作业编号。",
            "期限 {deadlines}；利润 {profits}；接受：",
        ),
    ),
    Task(
        id="plan.open_sites",
        title="Best places for a few depots",
        knob="sites and clients",
        verifier="O",
        draw=_sites,
        solve=_open_sites,
        check=_check_sites,
        wrong=_wrong_sites,
        answer=_SET,
        echoes=True,
        show=_show_sites,
        en=(
            "Distances from each client (rows) to the sites 1, 2, ... (columns):\n{table}\nOpen "
            "exactly {open} sites so that the sum of each client's distance to its nearest open "
            "site is least.",
            "Choose {open} of the columns so that the row minima over them have the smallest "
            "sum:\n{table}",
            "{table}\nbest {open} columns:",
        ),
        zh=(
            "每个客户（行）到各站点 1、2…（列）的距离：\n{table}\n恰好开设 {open} 个站点，使各客户"
            "到"
            "最近开设站点的距离之和最小。",
            "选 {open} 列，使各行在这些列上的最小值之和最小：\n{table}",
            "{table}\n最优 {open} 列：",
        ),
    ),
    Task(
        id="plan.fuel_stops",
        title="Fewest stops for fuel",
        knob="stations",
        verifier="O",
        draw=_road,
        solve=_stops,
        second=_stops_backwards,
        check=_check_stops,
        wrong=_wrong_stops,
        answer=Integers(),
        en=(
            "A road of {end} km has stations at km {stations}. A full tank lasts {tank} km, and "
            "you start full at km 0. At which stations do you fill up, with as few stops as "
            "possible, to reach the end?",
            "Choose the fewest of the points {stations} so that from 0 to {end} no gap between "
            "consecutive chosen points (ends included) exceeds {tank}.",
            "0 to {end}, gaps at most {tank}, fewest of {stations}:",
        ),
        zh=(
            "一条 {end} 公里的路在 {stations} 公里处有加油站。满油可行 {tank} 公里，从 0 公里满油"
            "出发。"
            "为到达终点且停靠最少，在哪些站加油？",
            "从点 {stations} 中选最少的点，使 0 到 {end} 间相邻所选点（含两端）的间隔不超过 "
            "{tank}。",
            "0 到 {end}，间隔至多 {tank}，从 {stations} 选最少：",
        ),
    ),
    Task(
        id="plan.projects",
        title="Best set of projects that need others",
        knob="projects",
        verifier="O",
        draw=_projects,
        solve=_best_projects,
        second=_best_projects_from_leaves,
        check=_check_projects,
        wrong=_wrong_projects,
        answer=_SET,
        show=_show_projects,
        en=(
            "Projects with gain (negative for a loss) and the project each needs:\n{projects}\n"
            "Choose the set with the greatest total gain; whatever a chosen project needs must be "
            "chosen too. Give the numbers.",
            "Find the most profitable selection that contains every prerequisite of its "
            "members:\n{projects}",
            "{projects}\nbest closed set:",
        ),
        zh=(
            "各项目的收益（负数为亏损）及其所需项目：\n{projects}\n选总收益最大的集合，所选项目的"
            "所需项目"
            "也须选入。写出编号。",
            "求利润最大的选择，且包含其成员的所有前提：\n{projects}",
            "{projects}\n最优闭集：",
        ),
    ),
)
