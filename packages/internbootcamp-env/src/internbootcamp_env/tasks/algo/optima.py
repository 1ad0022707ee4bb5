"""Optimisation by dynamic programming: selections, sequences, schedules and splits with a witness.

Source: textbook algorithms (Bellman 1957, Godbole 1973). Knob: the number of items. Every answer
that keeps the rules and reaches the proven optimum is right.
"""

from bisect import bisect_left, bisect_right
from itertools import combinations, pairwise

from internbootcamp_env.answers import Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import witnesses
from internbootcamp_env.task import Task


def _increasing(draws: Draws, level: int) -> dict:
    return {"numbers": draws.sample(range(1, 30 + 10 * level), 7 + 2 * level)}


def _longest(question: dict) -> list[int]:
    """Patience: the smallest end of every length, with links back."""
    ends: list[int] = []
    last: list[int] = []
    before: dict[int, int | None] = {}
    for number in question["numbers"]:
        place = bisect_left(ends, number)
        before[number] = last[place - 1] if place else None
        ends[place:] = [number, *ends[place + 1 :]]
        last[place:] = [number, *last[place + 1 :]]
    chain = [last[-1]]
    while (number := before[chain[-1]]) is not None:
        chain.append(number)
    return chain[::-1]


def _longest_by_table(question: dict) -> list[int]:
    best: list[list[int]] = []
    for number in question["numbers"]:
        shorter = [chain for chain in best if chain[-1] < number]
        best.append([*max(shorter, key=len, default=[]), number])
    return max(best, key=len)


def _check_increasing(question: dict, chain: list[int]) -> str:
    numbers = question["numbers"]
    if not all(number in numbers for number in chain):
        return "a number is not in the list"
    places = [numbers.index(number) for number in chain]
    if any(a >= b for a, b in (*pairwise(chain), *pairwise(places))):
        return "the numbers do not increase from left to right"
    best = len(_longest(question))
    return "" if len(chain) == best else f"{len(chain)} numbers; the longest has {best}"


def _pack(draws: Draws, level: int) -> dict:
    count = 5 + level
    weights = draws.integers(count, 3, 12 + 2 * level)
    values = draws.integers(count, 5, 30 + 5 * level)
    return {"weights": weights, "values": values, "room": sum(weights) * 2 // 5}


def _best_value(question: dict) -> list[int]:
    """Best value for every weight so far, as lists of item numbers."""
    best: list[tuple[int, list[int]]] = [(0, [])] * (question["room"] + 1)
    items = zip(question["weights"], question["values"], strict=True)
    for name, (weight, value) in enumerate(items, 1):
        for room in range(question["room"], weight - 1, -1):
            total, chosen = best[room - weight]
            if total + value > best[room][0]:
                best[room] = (total + value, [*chosen, name])
    return best[-1][1]


def _best_value_by_branching(question: dict) -> list[int]:
    weights, values = question["weights"], question["values"]
    best = (0, [])

    def search(place: int, room: int, value: int, chosen: list[int]) -> None:
        nonlocal best
        best = max(best, (value, chosen))
        if place < len(weights) and value + sum(values[place:]) > best[0]:
            if weights[place] <= room:
                taken = [*chosen, place + 1]
                search(place + 1, room - weights[place], value + values[place], taken)
            search(place + 1, room, value, chosen)

    search(0, question["room"], 0, [])
    return best[1]


def _check_pack(question: dict, chosen: list[int]) -> str:
    count = len(question["weights"])
    if twice := witnesses.repeated(chosen):
        return f"item {twice}"
    if not all(1 <= name <= count for name in chosen):
        return "there is no such item"
    weight = sum(question["weights"][name - 1] for name in chosen)
    if weight > question["room"]:
        return f"the weight {weight} exceeds {question['room']}"
    value, best = (
        sum(question["values"][name - 1] for name in names)
        for names in (chosen, _best_value(question))
    )
    return "" if value == best else f"value {value}, {best} is possible"


def _show_pack(question: dict) -> dict:
    pairs = zip(question["weights"], question["values"], strict=True)
    rows = [f"{n}: weight {w}, value {v}" for n, (w, v) in enumerate(pairs, 1)]
    return {"items": "; ".join(rows), "room": question["room"]}


def _bookings(draws: Draws, level: int) -> dict:
    starts = draws.integers(6 + level, 0, 12 + 3 * level)
    return {"jobs": [[s, s + draws.between(2, 8), draws.between(2, 12 + level)] for s in starts]}


def _best_jobs(question: dict) -> list[int]:
    """In order of the end: take a job with the best before its start, or leave it."""
    order = sorted(range(len(question["jobs"])), key=lambda n: question["jobs"][n][1])
    ends = [question["jobs"][n][1] for n in order]
    best: list[tuple[int, list[int]]] = [(0, [])]
    for place, name in enumerate(order):
        start, _, pay = question["jobs"][name]
        total, chosen = best[bisect_right(ends, start, 0, place)]
        best.append(max(best[-1], (total + pay, sorted([*chosen, name + 1]))))
    return best[-1][1]


def _best_jobs_by_listing(question: dict) -> list[int]:
    """Grow sets of compatible jobs in order of the start; of equals prefer early numbers."""
    order = sorted(range(len(question["jobs"])), key=lambda n: question["jobs"][n])
    states: dict[int, tuple[int, list[int]]] = {0: (0, [])}
    for name in order:
        start, end, pay = question["jobs"][name]
        total, chosen = max(state for free, state in states.items() if free <= start)
        states[end] = max(states.get(end, (0, [])), (total + pay, [*chosen, -name - 1]))
    return sorted(-name for name in max(states.values())[1])


def _check_jobs(question: dict, chosen: list[int]) -> str:
    jobs = question["jobs"]
    if twice := witnesses.repeated(chosen):
        return f"job {twice}"
    if not all(1 <= name <= len(jobs) for name in chosen):
        return "there is no such job"
    for a, b in combinations(chosen, 2):
        if jobs[a - 1][0] < jobs[b - 1][1] and jobs[b - 1][0] < jobs[a - 1][1]:
            return f"jobs {a} and {b} overlap"
    pay, best = (
        sum(jobs[name - 1][2] for name in names) for names in (chosen, _best_jobs(question))
    )
    return "" if pay == best else f"pay {pay}, {best} is possible"


def _show_jobs(question: dict) -> dict:
    rows = [f"{n}: {s}-{e}, pay {p}" for n, (s, e, p) in enumerate(question["jobs"], 1)]
    return {"jobs": "; ".join(rows)}


def _halves(draws: Draws, level: int) -> dict:
    return {"numbers": draws.sample(range(5, 60 + 20 * level), 6 + level // 2)}


def _even_split(question: dict) -> list[int]:
    """Reachable sums below half, with one way to each."""
    numbers = question["numbers"]
    ways: dict[int, list[int]] = {0: []}
    for number in numbers:
        fresh = {total + number: [*way, number] for total, way in ways.items()}
        ways = {**fresh, **ways}
    half = sum(numbers) / 2
    return sorted(ways[min(ways, key=lambda total: (abs(total - half), total))])


def _even_split_by_listing(question: dict) -> list[int]:
    numbers = question["numbers"]
    whole = sum(numbers)
    groups = (g for size in range(len(numbers) + 1) for g in combinations(numbers, size))
    return sorted(min(groups, key=lambda g: abs(whole - 2 * sum(g))))


def _gap(question: dict, chosen: list[int]) -> int:
    return abs(sum(question["numbers"]) - 2 * sum(chosen))


def _check_split(question: dict, chosen: list[int]) -> str:
    if twice := witnesses.repeated(chosen):
        return str(twice)
    if not set(chosen) <= set(question["numbers"]):
        return "a number is not in the list"
    gap, best = _gap(question, chosen), _gap(question, _even_split(question))
    return "" if gap == best else f"the difference is {gap}, the least is {best}"


def _wrong_split(question: dict, answer: list[int], draws: Draws) -> list[str]:
    best = _gap(question, answer)
    texts = witnesses.spoilt(answer, 1)[2:]
    for number in question["numbers"]:
        other = sorted(set(answer) ^ {number})
        if _gap(question, other) > best:
            texts.append(" ".join(map(str, other)) or "none")
    return texts


def _spoilt(question: dict, answer: list[int], draws: Draws) -> list[str]:
    return witnesses.spoilt(answer, 0)


TASKS = (
    Task(
        id="algo.increasing_subsequence",
        title="A longest increasing subsequence",
        knob="numbers",
        verifier="O",
        draw=_increasing,
        solve=_longest,
        second=_longest_by_table,
        check=_check_increasing,
        echoes=True,
        wrong=_spoilt,
        answer=Integers(),
        en=(
            "Strike out as few numbers as possible from {numbers} so that the rest increases from "
            "left to right. Write the rest.",
            "Give a longest strictly increasing subsequence of {numbers}.",
            "Longest increasing subsequence: {numbers}",
        ),
        zh=(
            "从 {numbers} 中划去尽量少的数，使剩下的从左到右递增，写出剩下的数。",
            "给出 {numbers} 的一个最长严格递增子序列。",
            "最长递增子序列：{numbers}",
        ),
    ),
    Task(
        id="algo.knapsack",
        title="The most valuable load",
        knob="items",
        verifier="O",
        draw=_pack,
        solve=_best_value,
        second=_best_value_by_branching,
        check=_check_pack,
        wrong=_spoilt,
        answer=Integers(ordered=False),
        show=_show_pack,
        en=(
            "A bag holds a weight of at most {room}. Choose among these things, each at most once, "
            "so that the total value is as large as possible: {items}. List their numbers.",
            "Solve the 0-1 knapsack problem with capacity {room} and the items {items}; give the "
            "numbers of an optimal choice.",
            "Knapsack of {room}: {items}",
        ),
        zh=(
            "背包最多装重量 {room}。从下列物品（weight 重量，value 价值）中选择，每件至多一次，"
            "使总价值最大：{items}。写出编号。",
            "求容量 {room}、物品 {items} 的 0-1 背包问题，写出一个最优选择的编号。",
            "容量 {room} 的背包：{items}",
        ),
    ),
    Task(
        id="algo.job_selection",
        title="The best-paid jobs that do not overlap",
        knob="jobs",
        verifier="O",
        draw=_bookings,
        solve=_best_jobs,
        second=_best_jobs_by_listing,
        check=_check_jobs,
        wrong=_spoilt,
        answer=Integers(ordered=False),
        show=_show_jobs,
        en=(
            "Jobs with their start and end hours and their pay: {jobs}. One person does one job at "
            "a time (the next may start when the last ends). Which jobs bring the most? List their "
            "numbers.",
            "Select non-overlapping intervals of the greatest total weight from {jobs}; intervals "
            "may touch.",
            "Weighted interval scheduling: {jobs}",
        ),
        zh=(
            "各工作的起止时刻和报酬（pay）：{jobs}。一人同时只做一项（前一项结束时可开始下一项）。"
            "做哪些收入最多？写出编号。",
            "从 {jobs} 中选出互不重叠（端点可相接）且总权重最大的区间。",
            "带权区间调度：{jobs}",
        ),
    ),
    Task(
        id="algo.even_split",
        title="Split numbers as evenly as possible",
        knob="numbers",
        verifier="O",
        draw=_halves,
        solve=_even_split,
        second=_even_split_by_listing,
        size=lambda q: 1000 * len(q["numbers"]) + sum(q["numbers"]),
        check=_check_split,
        wrong=_wrong_split,
        answer=Integers(ordered=False),
        en=(
            "Divide the weights {numbers} between two pans so that they differ as little as "
            "possible. List the weights of one pan.",
            "Partition {numbers} into two groups whose sums are as close as possible; write one "
            "group.",
            "Most even split, one part: {numbers}",
        ),
        zh=(
            "把重物 {numbers} 分放到两个秤盘，使两边相差尽可能小，写出其中一盘的重物。",
            "把 {numbers} 分成两组，使两组之和尽可能接近，写出其中一组。",
            "最均匀的划分，一部分：{numbers}",
        ),
    ),
)
