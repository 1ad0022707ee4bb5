"""Counting and ranking: permutations, subsets, paths, partitions.

Source: textbook definitions; every count has a second, slower way in the audit. Knob: the size of
the objects.
"""

import math
from functools import cache
from itertools import combinations, permutations

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _permutation(draws: Draws, level: int) -> dict:
    return {"items": draws.shuffled(range(1, 7 + level))}


def _inversions(question: dict) -> int:
    items = question["items"]
    return sum(a > b for a, b in combinations(items, 2))


def _inversions_by_insertion(question: dict) -> int:
    seen: list[int] = []
    total = 0
    for item in question["items"]:
        total += sum(other > item for other in seen)
        seen.append(item)
    return total


def _rank(question: dict) -> int:
    items, rank = question["items"], 1
    for place, item in enumerate(items):
        smaller = sum(other < item for other in items[place + 1 :])
        rank += smaller * math.factorial(len(items) - 1 - place)
    return rank


def _rank_by_listing(question: dict) -> int:
    items = question["items"]
    if len(items) > 6:
        return _rank(question)
    return list(permutations(sorted(items))).index(tuple(items)) + 1


def _rankable(draws: Draws, level: int) -> dict:
    pool = draws.sample(range(1, 10 + 3 * level), 4 + (level + 1) // 2)
    return {"items": pool}


def _next(question: dict) -> list[int]:
    items = list(question["items"])
    pivot = max(i for i in range(len(items) - 1) if items[i] < items[i + 1])
    other = max(i for i in range(pivot + 1, len(items)) if items[i] > items[pivot])
    items[pivot], items[other] = items[other], items[pivot]
    return items[: pivot + 1] + items[pivot + 1 :][::-1]


def _next_by_rank(question: dict) -> list[int]:
    left, rank, result = sorted(question["items"]), _rank(question), []
    for size in range(len(left) - 1, -1, -1):
        place, rank = divmod(rank, math.factorial(size))
        result.append(left.pop(place))
    return result


def _not_last(draws: Draws, level: int) -> dict | None:
    items = draws.sample(range(1, 10 + 2 * level), 3 + level)
    if draws.chance(1, 2):  # a long falling tail makes the step longer
        cut = draws.between(1, len(items) - 2)
        items = items[:cut] + sorted(items[cut:], reverse=True)
    return None if items == sorted(items, reverse=True) else {"items": items}


def _chosen(draws: Draws, level: int) -> dict:
    groups = []
    for _ in range(2 + level // 2):
        size = draws.between(6, 16 + level)
        groups.append([size, draws.between(2, size - 2)])
    return {"groups": groups}


def _show_groups(question: dict) -> dict:
    parts = [f"{take} of {size}" for size, take in question["groups"]]
    return {
        "groups": ", ".join(parts),
        "product": " * ".join(f"C({size},{take})" for size, take in question["groups"]),
    }


def _selections(question: dict) -> int:
    return math.prod(math.comb(size, take) for size, take in question["groups"])


@cache
def _pascal(size: int, take: int) -> int:
    if take in (0, size):
        return 1
    return _pascal(size - 1, take - 1) + _pascal(size - 1, take)


def _blocked(draws: Draws, level: int) -> dict:
    rows, columns = draws.between(4, 5 + level), draws.between(5, 6 + level)
    cells = [(r, c) for r in range(rows) for c in range(columns)][1:-1]
    blocked = draws.sample(cells, draws.between(2, 2 + len(cells) // 6))
    return {"rows": rows, "columns": columns, "blocked": sorted(map(list, blocked))}


def _open_paths(draws: Draws, level: int) -> dict:
    while True:
        question = _blocked(draws, level)
        if _paths(question):
            return question


def _paths(question: dict) -> int:
    blocked = {tuple(cell) for cell in question["blocked"]}
    counts: dict[tuple[int, int], int] = {}
    for r in range(question["rows"]):
        for c in range(question["columns"]):
            if (r, c) in blocked:
                counts[r, c] = 0
            elif r == c == 0:
                counts[r, c] = 1
            else:
                counts[r, c] = counts.get((r - 1, c), 0) + counts.get((r, c - 1), 0)
    return counts[question["rows"] - 1, question["columns"] - 1]


def _paths_by_walking(question: dict) -> int:
    blocked = {tuple(cell) for cell in question["blocked"]}
    frontier = {(0, 0): 1}
    for _ in range(question["rows"] + question["columns"] - 2):
        following: dict[tuple[int, int], int] = {}
        for (r, c), ways in frontier.items():
            for cell in ((r + 1, c), (r, c + 1)):
                inside = cell[0] < question["rows"] and cell[1] < question["columns"]
                if inside and cell not in blocked:
                    following[cell] = following.get(cell, 0) + ways
        frontier = following
    return frontier[question["rows"] - 1, question["columns"] - 1]


def _show_blocked(question: dict) -> dict:
    cells = " ".join(f"({r + 1},{c + 1})" for r, c in question["blocked"])
    return question | {"blocked": cells}


def _subset_target(draws: Draws, level: int) -> dict:
    numbers = draws.integers(9 + level, 1, 15 + 3 * level)
    return {"numbers": numbers, "target": sum(draws.sample(numbers, len(numbers) // 2))}


def _subset_count(question: dict) -> int:
    ways = [1] + [0] * question["target"]
    for number in question["numbers"]:
        for total in range(question["target"], number - 1, -1):
            ways[total] += ways[total - number]
    return ways[question["target"]]


def _subset_count_by_halves(question: dict) -> int:
    numbers = question["numbers"]
    halves = []
    for part in (numbers[::2], numbers[1::2]):
        sums = [0]
        for number in part:
            sums += [total + number for total in sums]
        halves.append(sums)
    right = {total: halves[1].count(total) for total in set(halves[1])}
    return sum(right.get(question["target"] - total, 0) for total in halves[0])


def _circle(draws: Draws, level: int) -> dict:
    return {"people": draws.between(60 * level, 60 * level + 400), "step": draws.between(2, 400)}


def _survivor(question: dict) -> int:
    place = 0
    for size in range(2, question["people"] + 1):
        place = (place + question["step"]) % size
    return place + 1


def _survivor_by_play(question: dict) -> int:
    people, place = list(range(1, question["people"] + 1)), 0
    while len(people) > 1:
        place = (place + question["step"] - 1) % len(people)
        people.pop(place)
    return people[0]


def _bounded(draws: Draws, level: int) -> dict:
    bounds = draws.integers(3 + level // 2, 4 + level // 2, 12 + 2 * level)
    return {"bounds": bounds, "total": draws.between(sum(bounds) // 4, 3 * sum(bounds) // 4)}


def _bounded_sums(question: dict) -> int:
    ways = [1] + [0] * question["total"]
    for bound in question["bounds"]:
        ways = [sum(ways[max(0, t - bound) : t + 1]) for t in range(len(ways))]
    return ways[-1]


def _bounded_sums_by_exclusion(question: dict) -> int:
    bounds, total, count = question["bounds"], question["total"], 0
    for size in range(len(bounds) + 1):
        for broken in combinations(bounds, size):
            left = total - sum(broken) - size
            if left >= 0:
                count += (-1) ** size * math.comb(left + len(bounds) - 1, len(bounds) - 1)
    return count


TASKS = (
    Task(
        id="comb.inversions",
        title="Inversions of a permutation",
        knob="items",
        draw=_permutation,
        solve=_inversions,
        second=_inversions_by_insertion,
        answer=Integer(),
        ways=lambda level: 9 + level,
        en=(
            "How many pairs of numbers in {items} stand in the wrong order (a larger one before "
            "a smaller one)?",
            "Count the inversions of the permutation {items}.",
            "Inversions: {items}",
        ),
        zh=(
            "{items} 中有多少对数次序颠倒（大数在小数之前）？",
            "求排列 {items} 的逆序数。",
            "逆序数：{items}",
        ),
    ),
    Task(
        id="comb.permutation_rank",
        title="Rank of a permutation in lexicographic order",
        knob="items",
        draw=_rankable,
        solve=_rank,
        second=_rank_by_listing,
        answer=Integer(),
        en=(
            "All orders of the numbers {items} are listed in lexicographic order (comparing "
            "numbers, not digits). At which position, from 1, is {items} itself?",
            "What is the lexicographic rank, counting from 1, of {items} among its permutations?",
            "Rank: {items}",
        ),
        zh=(
            "把数 {items} 的所有排列按字典序（比较数值）列出，{items} 本身是第几个（从 1 起）？",
            "{items} 在其全部排列中的字典序名次（从 1 起）是多少？",
            "名次：{items}",
        ),
    ),
    Task(
        id="comb.next_permutation",
        title="Next permutation in lexicographic order",
        knob="items",
        draw=_not_last,
        solve=_next,
        second=_next_by_rank,
        answer=Integers(),
        en=(
            "Which arrangement of the same numbers comes right after {items} in lexicographic "
            "order?",
            "Give the next permutation of {items} (numbers compared by value).",
            "Next permutation: {items}",
        ),
        zh=(
            "按字典序，{items} 的下一个排列是什么？",
            "给出 {items} 的后继排列（按数值比较）。",
            "下一个排列：{items}",
        ),
    ),
    Task(
        id="comb.selections",
        title="Ways to choose from several groups",
        knob="groups",
        draw=_chosen,
        solve=_selections,
        second=lambda q: math.prod(_pascal(size, take) for size, take in q["groups"]),
        answer=Integer(),
        show=_show_groups,
        canon=lambda q: sorted(q["groups"]),
        en=(
            "From each group some members are chosen, order being irrelevant: {groups}. In how "
            "many ways can this be done?",
            "Work out the product of binomial coefficients {product}.",
            "{product} =",
        ),
        zh=(
            "从每组中选出若干成员（不计次序）：{groups}。共有多少种选法？",
            "计算二项式系数之积 {product}。",
            "{product} =",
        ),
    ),
    Task(
        id="comb.blocked_paths",
        title="Monotone paths through a grid with blocked cells",
        knob="cells",
        draw=_open_paths,
        solve=_paths,
        second=_paths_by_walking,
        answer=Integer(),
        show=_show_blocked,
        size=lambda q: q["rows"] * q["columns"],
        en=(
            "A grid has {rows} rows and {columns} columns; the cells {blocked} (row, column) are "
            "blocked. Moving only right or down, how many ways lead from (1,1) to the opposite "
            "corner?",
            "Count the right-and-down paths from the first to the last cell of a {rows} by "
            "{columns} grid that avoid {blocked} (row, column).",
            "Paths {rows}x{columns}, blocked {blocked}:",
        ),
        zh=(
            "网格有 {rows} 行 {columns} 列，格子 {blocked}（行,列）不可通过。只能向右或向下，"
            "从 (1,1) 到对角有多少条路？",
            "数一数 {rows}×{columns} 网格中只向右或向下、避开 {blocked}（行,列）的路径。",
            "路径 {rows}x{columns}，障碍 {blocked}：",
        ),
    ),
    Task(
        id="comb.subset_sum_count",
        title="Number of subsets with a given sum",
        knob="numbers",
        draw=_subset_target,
        solve=_subset_count,
        second=_subset_count_by_halves,
        answer=Integer(),
        ways=lambda level: 7 + level,
        canon=lambda q: [sorted(q["numbers"]), q["target"]],
        en=(
            "In how many ways can some of the coins {numbers} be picked so that they add up to "
            "{target}? Coins of equal value count as different coins.",
            "Count the subsets (by position) of {numbers} whose sum is {target}.",
            "Subsets with sum {target}: {numbers}",
        ),
        zh=(
            "从硬币 {numbers} 中选若干枚使总和为 {target}，有多少种选法？面值相同的视为不同硬币。",
            "数一数 {numbers}（按位置区分）中和为 {target} 的子集。",
            "和为 {target} 的子集数：{numbers}",
        ),
    ),
    Task(
        id="comb.josephus",
        title="Survivor of a counting-out game",
        knob="people",
        draw=_circle,
        solve=_survivor,
        second=_survivor_by_play,
        answer=Integer(),
        size=lambda q: q["people"],
        en=(
            "{people} people, numbered from 1, stand in a circle. Counting begins with person 1 "
            "and every person number {step} in the count leaves. Who is left at the end?",
            "Solve the Josephus problem for {people} people (from 1) and step {step}: which "
            "number survives?",
            "Josephus {people}, step {step}:",
        ),
        zh=(
            "{people} 个人从 1 编号围成一圈，从 1 号开始报数，每数到第 {step} 个人就出列，"
            "最后剩下几号？",
            "约瑟夫问题：{people} 人（从 1 起编号），步长 {step}，谁留到最后？",
            "约瑟夫 {people}，步长 {step}：",
        ),
    ),
    Task(
        id="comb.bounded_sums",
        title="Solutions of a sum with upper bounds",
        knob="number of variables",
        draw=_bounded,
        solve=_bounded_sums,
        second=_bounded_sums_by_exclusion,
        answer=Integer(),
        canon=lambda q: [sorted(q["bounds"]), q["total"]],
        en=(
            "Boxes hold at most {bounds} balls, one bound for each box. In how many ways can "
            "{total} equal balls be put into the boxes?",
            "How many lists of non-negative integers with upper bounds {bounds}, one for each "
            "place, have the sum {total}?",
            "Sum {total}, bounds {bounds}:",
        ),
        zh=(
            "各盒子最多分别装 {bounds} 个球，把 {total} 个相同的球放入盒中有多少种放法？",
            "各项上界依次为 {bounds}、和为 {total} 的非负整数列有多少个？",
            "和 {total}，上界 {bounds}：",
        ),
    ),
)
