"""Short lists of integers: order them, pick from them, add them up.

Source: definitions only. Knob: the number of integers, 3 at level 1 and 30 at level 10; the
integers grow from one digit to three.
"""

import heapq
import itertools

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _count(level: int) -> int:
    return 3 * level


def _top(level: int) -> int:
    return 29 if level == 1 else 99 if level < 5 else 999


def _numbers(draws: Draws, level: int) -> dict:
    return {"numbers": draws.integers(_count(level) + 1, 0, _top(level))}


def _distinct(draws: Draws, level: int) -> dict:
    return {"numbers": draws.sample(range(_top(level) + 1), _count(level) + 1)}


def _single_top(numbers: list[int], draws: Draws, level: int) -> list[int]:
    """Lift or lower a list so that its extreme values are uniform, not crowded at an end."""
    shift = draws.between(0, _top(level))
    return [(number + shift) // 2 for number in numbers]


def _extreme(draws: Draws, level: int) -> dict:
    numbers = draws.integers(_count(level), 0, _top(level))
    return {"numbers": _single_top(numbers, draws, level)}


def _second(draws: Draws, level: int) -> dict | None:
    numbers = _extreme(draws, level)["numbers"]
    return {"numbers": numbers} if len(set(numbers)) >= 2 else None


def _odd_count(draws: Draws, level: int) -> dict:
    numbers = draws.integers(2 * level + 1, 0, _top(level))
    return {"numbers": _single_top(numbers, draws, level)}


def _median_by_counting(question: dict) -> int:
    numbers = question["numbers"]
    half = len(numbers) // 2
    return next(
        value
        for value in numbers
        if sum(x < value for x in numbers) <= half and sum(x > value for x in numbers) <= half
    )


def _running_sums(question: dict) -> list[int]:
    total, sums = 0, []
    for number in question["numbers"]:
        total += number
        sums.append(total)
    return sums


def _halves(draws: Draws, level: int) -> dict:
    left = sorted(draws.integers(1 + level, 0, _top(level)))
    right = sorted(draws.integers(1 + level, 0, _top(level)))
    return {"left": left, "right": right}


def _bubble_sorted(question: dict) -> list[int]:
    numbers = list(question["numbers"])
    for end in range(len(numbers), 1, -1):
        for place in range(end - 1):
            if numbers[place] > numbers[place + 1]:
                numbers[place], numbers[place + 1] = numbers[place + 1], numbers[place]
    return numbers


def _bubble_pass(question: dict) -> list[int]:
    numbers = list(question["numbers"])
    for place in range(len(numbers) - 1):
        if numbers[place] > numbers[place + 1]:
            numbers[place], numbers[place + 1] = numbers[place + 1], numbers[place]
    return numbers


def _carried_pass(question: dict) -> list[int]:
    carried, *rest = question["numbers"]
    result = []
    for number in rest:
        result.append(min(carried, number))
        carried = max(carried, number)
    return [*result, carried]


def _steps(question: dict) -> list[int]:
    numbers = question["numbers"]
    return [after - before for before, after in itertools.pairwise(numbers)]


def _gap(draws: Draws, level: int) -> dict:
    return {"numbers": draws.sample(range(10 * level + 20), level + 3)}


def _largest_gap(question: dict) -> int:
    ordered = sorted(question["numbers"])
    return max(after - before for before, after in itertools.pairwise(ordered))


def _largest_gap_by_probing(question: dict) -> int:
    numbers = set(question["numbers"])
    longest = run = 0
    for point in range(min(numbers), max(numbers) + 1):
        run = 1 if point in numbers else run + 1
        longest = max(longest, run)
    return longest


TASKS = (
    Task(
        id="algo.sort_numbers",
        title="Sort integers in ascending order",
        knob="numbers",
        draw=_numbers,
        solve=lambda q: sorted(q["numbers"]),
        second=_bubble_sorted,
        answer=Integers(),
        canon=lambda q: sorted(q["numbers"]),
        en=(
            "Sort these integers from smallest to largest, keeping repeats: {numbers}",
            "Arrange the numbers {numbers} in ascending order.",
            "Sort ascending: {numbers}",
        ),
        zh=(
            "把这些整数从小到大排列，保留重复：{numbers}",
            "将 {numbers} 按升序排列。",
            "升序：{numbers}",
        ),
        echoes=True,
    ),
    Task(
        id="algo.maximum",
        title="Largest of several integers",
        knob="numbers",
        draw=_extreme,
        solve=lambda q: max(q["numbers"]),
        second=lambda q: sorted(q["numbers"])[-1],
        answer=Integer(),
        echoes=True,
        en=(
            "Which of these integers is the largest? {numbers}",
            "Find the maximum of {numbers}.",
            "Max: {numbers}",
        ),
        zh=("这些整数中哪个最大？{numbers}", "求 {numbers} 的最大值。", "最大：{numbers}"),
    ),
    Task(
        id="algo.minimum",
        title="Smallest of several integers",
        knob="numbers",
        draw=_extreme,
        solve=lambda q: min(q["numbers"]),
        second=lambda q: sorted(q["numbers"])[0],
        answer=Integer(),
        echoes=True,
        en=(
            "Which of these integers is the smallest? {numbers}",
            "Find the minimum of {numbers}.",
            "Min: {numbers}",
        ),
        zh=("这些整数中哪个最小？{numbers}", "求 {numbers} 的最小值。", "最小：{numbers}"),
    ),
    Task(
        id="algo.second_largest",
        title="Second largest distinct value",
        knob="numbers",
        draw=_second,
        solve=lambda q: sorted(set(q["numbers"]))[-2],
        second=lambda q: max(x for x in q["numbers"] if x < max(q["numbers"])),
        answer=Integer(),
        echoes=True,
        en=(
            "What is the largest value below the maximum in {numbers}?",
            "Find the second largest of the distinct values among {numbers}.",
            "Second largest: {numbers}",
        ),
        zh=(
            "{numbers} 中小于最大值的最大数是多少？",
            "求 {numbers} 中不同数值里第二大的数。",
            "第二大：{numbers}",
        ),
    ),
    Task(
        id="algo.median",
        title="Median of an odd number of integers",
        knob="numbers",
        draw=_odd_count,
        solve=lambda q: sorted(q["numbers"])[len(q["numbers"]) // 2],
        second=_median_by_counting,
        answer=Integer(),
        echoes=True,
        en=(
            "What is the median of {numbers}?",
            "Sort {numbers} in your head and give the number in the middle.",
            "Median: {numbers}",
        ),
        zh=(
            "{numbers} 的中位数是多少？",
            "把 {numbers} 排序后，正中间的数是多少？",
            "中位数：{numbers}",
        ),
    ),
    Task(
        id="algo.running_sum",
        title="Running sums of a list",
        knob="numbers",
        draw=lambda d, level: {"numbers": d.integers(_count(level), 1, 9 * level)},
        solve=_running_sums,
        second=lambda q: [sum(q["numbers"][: i + 1]) for i in range(len(q["numbers"]))],
        answer=Integers(),
        en=(
            "Write the running sums of {numbers}: the first number, the sum of the first two, "
            "and so on.",
            "Give all prefix sums of the list {numbers}.",
            "Running sum: {numbers}",
        ),
        zh=(
            "写出 {numbers} 的累加和：第一个数、前两个数之和，依此类推。",
            "给出列表 {numbers} 的所有前缀和。",
            "累加：{numbers}",
        ),
    ),
    Task(
        id="algo.merge_sorted",
        title="Merge two sorted lists",
        knob="numbers",
        draw=_halves,
        solve=lambda q: list(heapq.merge(q["left"], q["right"])),
        second=lambda q: sorted(q["left"] + q["right"]),
        answer=Integers(),
        canon=lambda q: sorted([q["left"], q["right"]]),
        en=(
            "Merge the sorted lists [{left}] and [{right}] into one sorted list.",
            "Both lists are in ascending order: [{left}] and [{right}]. Merge them.",
            "Merge: {left} | {right}",
        ),
        zh=(
            "把有序列表 [{left}] 和 [{right}] 合并成一个有序列表。",
            "两个列表均为升序：[{left}] 与 [{right}]，请合并。",
            "合并：{left} | {right}",
        ),
        echoes=True,
    ),
    Task(
        id="algo.bubble_pass",
        title="One pass of bubble sort",
        knob="numbers",
        draw=_distinct,
        solve=_bubble_pass,
        second=_carried_pass,
        answer=Integers(),
        en=(
            "Do one pass of bubble sort, from left to right and for ascending order, over "
            "{numbers}. Write the list after that pass.",
            "Go through {numbers} once from left to right, swapping two neighbours whenever the "
            "left one is larger. What is the list then?",
            "Bubble pass: {numbers}",
        ),
        zh=(
            "对 {numbers} 从左到右做一趟升序冒泡排序，写出这一趟之后的列表。",
            "从左到右扫描 {numbers} 一遍，左边大于右边就交换相邻两数，结果是什么？",
            "冒泡一趟：{numbers}",
        ),
        echoes=True,
    ),
    Task(
        id="algo.differences",
        title="Differences of neighbours",
        knob="numbers",
        draw=lambda d, level: {"numbers": d.integers(_count(level), 0, 9 * level)},
        solve=_steps,
        answer=Integers(),
        en=(
            "For each number of {numbers} but the first, write it minus the number before it.",
            "Give the list of differences of consecutive numbers (next minus previous) of "
            "{numbers}.",
            "Differences: {numbers}",
        ),
        zh=(
            "对 {numbers} 中除第一个外的每个数，写出它减去前一个数的差。",
            "写出 {numbers} 相邻两数之差（后减前）。",
            "差分：{numbers}",
        ),
    ),
    Task(
        id="algo.largest_gap",
        title="Largest difference between neighbours in sorted order",
        knob="numbers",
        draw=_gap,
        solve=_largest_gap,
        second=_largest_gap_by_probing,
        answer=Integer(),
        en=(
            "Sort {numbers}. What is the largest difference between two neighbours?",
            "Among the numbers {numbers}, find the widest gap with no number inside it.",
            "Widest gap between neighbours in sorted order: {numbers}",
        ),
        zh=(
            "把 {numbers} 排序后，相邻两数之差最大是多少？",
            "在数 {numbers} 中，求中间没有其他数的最宽间隔。",
            "排序后相邻数的最大间隔：{numbers}",
        ),
    ),
)
