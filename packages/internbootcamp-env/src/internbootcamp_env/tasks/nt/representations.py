"""Numbers written in other ways: combinations, squares, coins, Fibonacci sums, fractions.

Source: textbook definitions (Bézout, Frobenius, Zeckendorf 1972, Stern and Brocot). Knob: the size
of the numbers.
"""

import math
from fractions import Fraction
from itertools import pairwise

from internbootcamp_env.answers import Integer, Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import modular, witnesses
from internbootcamp_env.task import Task


def _two_numbers(draws: Draws, level: int) -> dict:
    common = draws.between(2, 5 + 3 * level)
    a, b = draws.between(10, 20 + 30 * level**2), draws.between(10, 20 + 30 * level**2)
    return {"a": common * a, "b": common * b}


def _combination(question: dict) -> list[int]:
    return list(modular.bezout(question["a"], question["b"])[1:])


def _check_combination(question: dict, pair: list[int]) -> str:
    a, b = question["a"], question["b"]
    if len(pair) != 2:
        return "two integers are needed"
    if max(map(abs, pair)) >= 10**20:
        return "far larger than needed"
    value, wanted = a * pair[0] + b * pair[1], math.gcd(a, b)
    return "" if value == wanted else f"gives {value}, not {wanted}"


def _other_combination(question: dict) -> list[int]:
    common, x, y = modular.bezout(question["a"], question["b"])
    return [x + question["b"] // common, y - question["a"] // common]


def _wrong_pairs(question: dict, answer: list[int], draws: Draws) -> list[str]:
    x, y = answer
    return [*witnesses.spoilt(answer, 7), f"{x + 1} {y}", f"{x} {y - 1}", f"{-x} {-y}"]


def _line(draws: Draws, level: int) -> dict:
    a, b = draws.between(5, 20 + 3 * level), draws.between(5, 20 + 3 * level)
    x, y = draws.between(1, 9 + 6 * level), draws.between(1, 9 + 6 * level)
    return {"a": a, "b": b, "total": a * x + b * y}


def _counts(question: dict) -> list[int]:
    """One solution by Bézout, then steps of b / g."""
    a, b, total = question["a"], question["b"], question["total"]
    common, x, _ = modular.bezout(a, b)
    step = b // common
    first = x * (total // common) % step
    return list(range(first, total // a + 1, step))


def _counts_by_search(question: dict) -> list[int]:
    a, b, total = question["a"], question["b"], question["total"]
    return [x for x in range(total // a + 1) if (total - a * x) % b == 0]


def _sum_of_squares(draws: Draws, level: int) -> dict:
    a, b = draws.between(20, 240 + 60 * level), draws.between(20, 240 + 60 * level)
    return {"number": a * a + b * b}


def _squares(question: dict, last: bool = False) -> list[int]:
    number = question["number"]
    roots = range(math.isqrt(number) + 1)
    for a in reversed(roots) if last else roots:
        b = math.isqrt(number - a * a)
        if a * a + b * b == number:
            return [a, b]
    raise AssertionError("drawn as a sum of two squares")


def _check_squares(question: dict, pair: list[int]) -> str:
    if len(pair) != 2 or max(map(abs, pair)) > question["number"]:
        return "two integers are needed, no larger than the number"
    value = pair[0] ** 2 + pair[1] ** 2
    return "" if value == question["number"] else f"the squares sum to {value}"


def _wrong_squares(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """One root larger, or both: their squares then add up to more."""
    a, b = answer
    return [*witnesses.spoilt(answer, 7), f"{a + 1} {b}", f"{a} {b + 1}", f"{a + 1} {b + 1}"]


def _coins(draws: Draws, level: int) -> dict:
    while True:
        coins = sorted(draws.sample(range(6, 50 + 6 * level), 3))
        if math.gcd(*coins) == 1 and all(b % a for a, b in pairwise(coins)):
            return {"coins": coins}


def _largest_gap(question: dict) -> int:
    """Shortest sums for every remainder modulo the smallest coin."""
    least, *others = question["coins"]
    best = {0: 0}
    queue = [0]
    while queue:
        rest = min(queue, key=best.__getitem__)
        queue.remove(rest)
        for coin in others:
            total = best[rest] + coin
            if total < best.get(total % least, 10**9):
                best[total % least] = total
                queue.append(total % least)
    return max(best.values()) - least


def _largest_gap_by_marking(question: dict) -> int:
    coins = question["coins"]
    limit = coins[0] * coins[-1] + coins[-1]
    reachable = [True] + [False] * limit
    for amount in range(1, limit + 1):
        reachable[amount] = any(amount >= c and reachable[amount - c] for c in coins)
    return max(amount for amount in range(limit) if not reachable[amount])


def _fibonacci(limit: int) -> list[int]:
    numbers = [1, 2]
    while numbers[-1] <= limit:
        numbers.append(numbers[-1] + numbers[-2])
    return numbers


def _zeckendorf(question: dict) -> list[int]:
    left, parts = question["number"], []
    for number in reversed(_fibonacci(left)):
        if number <= left:
            parts.append(number)
            left -= number
    return parts


def _zeckendorf_by_splitting(question: dict) -> list[int]:
    """Choose the parts from below so that what remains is the sum of larger ones."""
    numbers = _fibonacci(question["number"])

    def choose(place: int, left: int) -> list[int] | None:
        if not left:
            return []
        if place < 0:
            return None
        with_it = choose(place - 2, left - numbers[place]) if numbers[place] <= left else None
        return [numbers[place], *with_it] if with_it is not None else choose(place - 1, left)

    found = choose(len(numbers) - 1, question["number"])
    assert found is not None, "every number has such a sum"
    return found


def _fraction(draws: Draws, level: int) -> dict:
    path = draws.text("LR", 12 + 2 * level)
    value = Fraction(1)
    for turn in reversed(path):
        value = value + 1 if turn == "R" else value / (value + 1)
    return {"top": value.numerator, "bottom": value.denominator}


def _path(question: dict) -> str:
    """Euclid: as many steps to one side as the quotient says."""
    top, bottom, path = question["top"], question["bottom"], ""
    while top != bottom:
        if top > bottom:
            top, path = top - bottom, path + "R"
        else:
            bottom, path = bottom - top, path + "L"
    return path


def _path_by_mediants(question: dict) -> str:
    wanted = Fraction(question["top"], question["bottom"])
    low, high, path = (0, 1), (1, 0), ""
    while True:
        middle = (low[0] + high[0], low[1] + high[1])
        if Fraction(*middle) == wanted:
            return path
        if wanted > Fraction(*middle):
            low, path = middle, path + "R"
        else:
            high, path = middle, path + "L"


def _farey_question(draws: Draws, level: int) -> dict:
    limit = 36 + 10 * level
    bottom = draws.between(8, limit)
    tops = [top for top in range(1, bottom) if math.gcd(top, bottom) == 1]
    return {"top": draws.pick(tops), "bottom": bottom, "limit": limit + draws.below(20)}


def _farey(question: dict) -> list[str]:
    """The neighbours solve p y - q x = ±1 with the largest y that the limit allows."""
    top, bottom, limit = question["top"], question["bottom"], question["limit"]
    names = []
    for sign in (1, -1):
        y = next(y for y in range(limit, limit - bottom, -1) if (top * y - sign) % bottom == 0)
        names.append(f"{(top * y - sign) // bottom}/{y}")
    return names


def _farey_by_listing(question: dict) -> list[str]:
    """For every denominator take the nearest fraction on either side."""
    top, bottom, limits = question["top"], question["bottom"], range(1, question["limit"] + 1)
    below = max(Fraction((top * b - 1) // bottom, b) for b in limits)
    above = min(Fraction(top * b // bottom + 1, b) for b in limits)
    return [f"{value.numerator}/{value.denominator}" for value in (below, above)]


def _root_question(draws: Draws, level: int) -> dict:
    while True:
        number = draws.between(1_000, 20_000 + 2_000 * level)
        if math.isqrt(number) ** 2 != number:
            return {"number": number, "count": 4 + level}


def _root_quotients(question: dict) -> list[int]:
    """The classical recurrence with integers m, d, a."""
    number, root = question["number"], math.isqrt(question["number"])
    m, d, a = 0, 1, root
    quotients = [a]
    while len(quotients) < question["count"]:
        m = d * a - m
        d = (number - m * m) // d
        a = (root + m) // d
        quotients.append(a)
    return quotients


def _root_quotients_by_interval(question: dict) -> list[int]:
    """Expand two fractions just around the root; what they share is right."""
    scale = 10**200
    root = math.isqrt(question["number"] * scale * scale)
    low, high = Fraction(root, scale), Fraction(root + 1, scale)
    quotients = []
    while len(quotients) < question["count"]:
        whole = math.floor(low)
        assert whole == math.floor(high), "so many digits are enough"
        quotients.append(whole)
        low, high = 1 / (high - whole), 1 / (low - whole)
    return quotients


TASKS = (
    Task(
        id="nt.bezout",
        title="Greatest common divisor as a combination",
        knob="size of the numbers",
        verifier="C",
        draw=_two_numbers,
        solve=_combination,
        check=_check_combination,
        another=_other_combination,
        wrong=_wrong_pairs,
        answer=Integers(),
        en=(
            "Find integers x and y such that {a}·x + {b}·y is the greatest common divisor of {a} "
            "and {b}. Write x and y.",
            "With jugs of {a} and {b} litres, how often must each be filled (positive) or emptied "
            "(negative) to leave their greatest common divisor? Give both numbers.",
            "x y with {a}x + {b}y = gcd({a}, {b})",
        ),
        zh=(
            "求整数 x、y，使 {a}·x + {b}·y 等于 {a} 与 {b} 的最大公约数。写出 x 和 y。",
            "用 {a} 升和 {b} 升的水壶，各需装满（正）或倒空（负）多少次才能剩下它们的最大公约数？"
            "写出两个数。",
            "{a}x + {b}y = gcd({a}, {b})，x y",
        ),
    ),
    Task(
        id="nt.linear_diophantine",
        title="Non-negative solutions of a linear equation",
        knob="size of the coefficients",
        verifier="S",
        draw=_line,
        solve=_counts,
        second=_counts_by_search,
        size=lambda q: q["total"],
        answer=Integers(ordered=False),
        en=(
            "Pens cost {a} and books cost {b}. Somebody spends exactly {total}. List every "
            "possible number of pens (0 included).",
            "List all x for which {a}x + {b}y = {total} has a solution with integers x ≥ 0, y ≥ 0.",
            "All x ≥ 0: {a}x + {b}y = {total}, y ≥ 0",
        ),
        zh=(
            "钢笔每支 {a} 元，书每本 {b} 元，恰好花了 {total} 元。列出钢笔数量的所有可能（含 0）。",
            "列出所有使 {a}x + {b}y = {total} 有整数解 x ≥ 0、y ≥ 0 的 x。",
            "所有 x ≥ 0：{a}x + {b}y = {total}，y ≥ 0",
        ),
    ),
    Task(
        id="nt.two_squares",
        title="A number as the sum of two squares",
        knob="size of the number",
        verifier="C",
        draw=_sum_of_squares,
        solve=_squares,
        check=_check_squares,
        another=lambda q: _squares(q, last=True),
        size=lambda q: q["number"],
        wrong=_wrong_squares,
        answer=Integers(),
        en=(
            "Find two integers whose squares add up to {number}.",
            "Write {number} as a sum of two squares and give the two roots.",
            "a^2 + b^2 = {number}: a b",
        ),
        zh=(
            "求两个整数，使其平方和为 {number}。",
            "把 {number} 写成两个平方数之和，给出两个底数。",
            "a^2 + b^2 = {number}：a b",
        ),
    ),
    Task(
        id="nt.frobenius_coin",
        title="Largest amount that coins cannot pay",
        knob="size of the coins",
        draw=_coins,
        solve=_largest_gap,
        second=_largest_gap_by_marking,
        size=lambda q: sum(q["coins"]),
        answer=Integer(),
        en=(
            "Coins come in the values {coins}. What is the largest amount that cannot be paid "
            "exactly?",
            "Find the Frobenius number of {coins}.",
            "Frobenius number: {coins}",
        ),
        zh=(
            "硬币面值为 {coins}，不能恰好支付的最大金额是多少？",
            "求 {coins} 的弗罗贝尼乌斯数。",
            "弗罗贝尼乌斯数：{coins}",
        ),
    ),
    Task(
        id="nt.zeckendorf",
        title="Sum of Fibonacci numbers that are no neighbours",
        knob="size of the number",
        draw=lambda d, level: {"number": d.between(1_000 * 3**level, 5_000 * 3**level)},
        solve=_zeckendorf,
        second=_zeckendorf_by_splitting,
        answer=Integers(),
        en=(
            "Write {number} as a sum of different Fibonacci numbers (1, 2, 3, 5, 8, ...), no two "
            "of them consecutive. List the parts from the largest to the smallest.",
            "Give the Zeckendorf representation of {number}, largest part first.",
            "Zeckendorf, largest first: {number}",
        ),
        zh=(
            "把 {number} 写成不同且互不相邻的斐波那契数（1、2、3、5、8……）之和，从大到小列出。",
            "写出 {number} 的齐肯多夫表示，从大到小。",
            "齐肯多夫表示（从大到小）：{number}",
        ),
    ),
    Task(
        id="nt.stern_brocot",
        title="Path to a fraction in the Stern-Brocot tree",
        knob="length of the path",
        draw=_fraction,
        solve=_path,
        second=_path_by_mediants,
        answer=Word(
            "LR", "The answer is a word of the letters L and R.", "答案是由 L、R 组成的串。"
        ),
        en=(
            "Start at 1/1 in the Stern-Brocot tree. Which steps left (L) and right (R) lead to "
            "{top}/{bottom}?",
            "Between 0/1 and 1/0 take mediants and go left (L) or right (R) towards "
            "{top}/{bottom}. Write the sequence of turns.",
            "Stern-Brocot path of {top}/{bottom}",
        ),
        zh=(
            "从斯特恩－布罗科树的 1/1 出发，怎样向左（L）向右（R）走到 {top}/{bottom}？",
            "在 0/1 与 1/0 之间不断取中间分数，向左（L）或向右（R）逼近 {top}/{bottom}，"
            "写出转向序列。",
            "{top}/{bottom} 的斯特恩－布罗科路径",
        ),
    ),
    Task(
        id="nt.farey_neighbours",
        title="Neighbours in a Farey sequence",
        knob="order of the sequence",
        draw=_farey_question,
        solve=_farey,
        second=_farey_by_listing,
        answer=Words(example="1/2"),
        en=(
            "Among all fractions from 0/1 to 1/1 in lowest terms with denominators up to {limit}, "
            "which stand just below and just above {top}/{bottom}? Give both, the smaller first.",
            "Name the two neighbours of {top}/{bottom} in the Farey sequence of order {limit}, in "
            "ascending order.",
            "Farey {limit}, neighbours of {top}/{bottom}",
        ),
        zh=(
            "在分母不超过 {limit} 的 0/1 到 1/1 的所有最简分数中，紧挨在 {top}/{bottom} "
            "下面和上面的是哪两个？从小到大写出。",
            "写出 {limit} 阶法里数列中 {top}/{bottom} 的两个相邻分数，从小到大。",
            "{limit} 阶法里数列，{top}/{bottom} 的邻数",
        ),
    ),
    Task(
        id="nt.root_continued_fraction",
        title="Continued fraction of a square root",
        knob="partial quotients",
        draw=_root_question,
        solve=_root_quotients,
        second=_root_quotients_by_interval,
        size=lambda q: q["count"],
        answer=Integers(),
        en=(
            "Give the first {count} partial quotients of the continued fraction of the square "
            "root of {number}, the integer part included.",
            "Expand sqrt({number}) into a simple continued fraction [a0; a1, a2, ...]; write the "
            "first {count} terms.",
            "First {count} terms of the continued fraction of sqrt({number})",
        ),
        zh=(
            "写出 {number} 的平方根的连分数的前 {count} 个部分商，包括整数部分。",
            "把 sqrt({number}) 展开为简单连分数 [a0; a1, a2, ...]，写出前 {count} 项。",
            "sqrt({number}) 的连分数前 {count} 项",
        ),
    ),
)
