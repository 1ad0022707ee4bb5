"""Counting under rules: necklaces, orders, spanning trees, partitions, words, seatings.

Source: textbook methods (Burnside, Kirchhoff, transfer matrices); every count has a second,
slower way in the audit. Knob: the size of the objects.
"""

import math
from functools import cache
from itertools import pairwise, permutations, product

from internbootcamp_env.answers import Integer
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs
from internbootcamp_env.task import Task


def _necklace_question(draws: Draws, level: int) -> dict:
    counts = draws.integers(4 + level // 6, 1, 12 + level // 2)
    return {"counts": counts, "names": "RGBYW"[: len(counts)]}


def _necklaces(question: dict) -> int:
    """Burnside with rotations only."""
    counts = question["counts"]
    size, total = sum(counts), 0
    for divisor in range(1, size + 1):
        if size % divisor or any(c % (size // divisor) for c in counts):
            continue
        period = size // divisor  # the colours repeat with `divisor` beads, in `period` blocks
        ways = math.factorial(divisor)
        for c in counts:
            ways //= math.factorial(c // period)
        total += ways * sum(math.gcd(k, period) == 1 for k in range(1, period + 1))
    return total // size


def _necklaces_by_listing(question: dict) -> int:
    """Sum over rotations of the arrangements that each leaves alone, counted cycle by cycle."""
    counts = question["counts"]
    size = sum(counts)
    total = 0
    for shift in range(size):
        cycles = math.gcd(shift, size)
        length = size // cycles

        @cache
        def fill(cycles: int, left: tuple[int, ...], length: int = length) -> int:
            if not cycles:
                return int(not any(left))
            ways = 0
            for i, c in enumerate(left):
                if c >= length:
                    ways += fill(cycles - 1, (*left[:i], c - length, *left[i + 1 :]), length)
            return ways

        total += fill(cycles, tuple(counts), length)
    return total // size


def _show_necklace(question: dict) -> dict:
    parts = [f"{c} {n}" for n, c in zip(question["names"], question["counts"], strict=True)]
    return {"beads": ", ".join(parts)}


def _poset(draws: Draws, level: int) -> dict:
    size = 5 + (level + 1) // 2
    names = draws.shuffled(range(size))
    pairs = set()
    while len(pairs) < size - level % 2:
        a, b = sorted(draws.sample(range(size), 2))
        pairs.add((names[a], names[b]))
    return {"size": size, "arcs": draws.shuffled([list(p) for p in sorted(pairs)])}


def _extensions(question: dict) -> int:
    """Count orders by the set of elements placed so far."""
    before = [0] * question["size"]
    for a, b in question["arcs"]:
        before[b] |= 1 << a
    ways = {0: 1}
    for _ in range(question["size"]):
        fresh: dict[int, int] = {}
        for mask, count in ways.items():
            for node, needed in enumerate(before):
                if not mask >> node & 1 and needed & mask == needed:
                    fresh[mask | 1 << node] = fresh.get(mask | 1 << node, 0) + count
        ways = fresh
    return ways[(1 << question["size"]) - 1]


def _extensions_by_comparing(question: dict) -> int:
    """Split on the order of two elements that are not compared; an order of all is one way."""
    size = question["size"]

    def closure(arcs: frozenset[tuple[int, int]]) -> set[tuple[int, int]]:
        reach = set(arcs)
        for m in range(size):
            reach |= {(a, b) for a, x in arcs | reach if x == m for y, b in reach if y == m}
        return reach

    def count(reach: set[tuple[int, int]]) -> int:
        for a in range(size):
            for b in range(a):
                if (a, b) not in reach and (b, a) not in reach:
                    return count(closure(frozenset(reach | {(a, b)}))) + count(
                        closure(frozenset(reach | {(b, a)}))
                    )
        return 1

    if size > 6:
        return _extensions(question)
    return count(closure(frozenset(map(tuple, question["arcs"]))))


def _spanning(draws: Draws, level: int) -> dict:
    nodes = 7 + level // 3
    extra = draws.between(4, 6 + level // 3)
    return {"nodes": nodes, "edges": graphs.random_edges(draws, nodes, extra)}


def _trees(question: dict) -> int:
    """Kirchhoff: a minor of the Laplacian, by fraction-free elimination."""
    size = question["nodes"] - 1
    rows = [[0] * (size + 1) for _ in range(size + 1)]
    for a, b in question["edges"]:
        rows[a][a] += 1
        rows[b][b] += 1
        rows[a][b] -= 1
        rows[b][a] -= 1
    before = 1
    for k in range(size - 1):
        for i in range(k + 1, size):
            for j in range(k + 1, size):
                rows[i][j] = (rows[i][j] * rows[k][k] - rows[i][k] * rows[k][j]) // before
        before = rows[k][k]
    return rows[size - 1][size - 1]


def _trees_by_contraction(question: dict) -> int:
    """Delete or contract an edge, multiplicities kept."""

    def count(nodes: frozenset[int], edges: tuple[tuple[int, int, int], ...]) -> int:
        if len(nodes) == 1:
            return 1
        if not edges:
            return 0
        (a, b, times), rest = edges[0], edges[1:]
        merged: dict[tuple[int, int], int] = {}
        for x, y, k in rest:
            x, y = (a if x == b else x), (a if y == b else y)
            if x != y:
                key = (min(x, y), max(x, y))
                merged[key] = merged.get(key, 0) + k
        joined = tuple((x, y, k) for (x, y), k in merged.items())
        return count(nodes, rest) + times * count(nodes - {b}, joined)

    edges = tuple((a, b, 1) for a, b in question["edges"])
    return count(frozenset(range(question["nodes"])), edges)


def _partition_question(draws: Draws, level: int) -> dict:
    return {
        "total": draws.between(24 + 3 * level, 110 + 6 * level),
        "parts": draws.between(3, 7 + level // 3),
        "least": draws.between(1, 4),
        "largest": draws.between(9, 44 + level),
    }


def _partitions(question: dict) -> int:
    """Choose the greatest part first, then no greater ones."""

    @cache
    def count(total: int, parts: int, largest: int) -> int:
        if not parts:
            return int(not total)
        low, high = question["least"], min(largest, total)
        return sum(count(total - part, parts - 1, part) for part in range(low, high + 1))

    return count(question["total"], question["parts"], question["largest"])


def _partitions_by_series(question: dict) -> int:
    """Coefficient of a product: allow one size of part after another."""
    total, parts = question["total"], question["parts"]
    ways = [[0] * (total + 1) for _ in range(parts + 1)]
    ways[0][0] = 1
    for part in range(question["least"], question["largest"] + 1):
        for used in range(1, parts + 1):
            row, before = ways[used], ways[used - 1]
            for reached in range(part, total + 1):
                row[reached] += before[reached - part]
    return ways[parts][total]


def _draw_partition(draws: Draws, level: int) -> dict | None:
    question = _partition_question(draws, level)
    mean = question["total"] / question["parts"]
    return question if question["least"] + 1 < mean < question["largest"] - 3 else None


def _forbidden(draws: Draws, level: int) -> dict:
    words = sorted({draws.text("ab", draws.between(3, 5)) for _ in range(3)})
    return {"length": 11 + level // 2, "words": words, "start": draws.text("ab", 3)}


def _draw_forbidden(draws: Draws, level: int) -> dict | None:
    question = _forbidden(draws, level)
    if any(word in question["start"] for word in question["words"]):
        return None
    return (
        question if len(set("".join(question["words"]))) > 1 and _avoiding(question) > 5 else None
    )


def _avoiding(question: dict) -> int:
    """Follow the last letters only."""
    words, reach = question["words"], max(map(len, question["words"])) - 1
    ways = {question["start"][-reach:] if reach else "": 1}
    for _ in range(question["length"] - len(question["start"])):
        fresh: dict[str, int] = {}
        for tail, count in ways.items():
            for letter in "ab":
                word = tail + letter
                if not any(word.endswith(bad) for bad in words):
                    key = word[-reach:] if reach else ""
                    fresh[key] = fresh.get(key, 0) + count
        ways = fresh
    return sum(ways.values())


def _avoiding_by_listing(question: dict) -> int:
    left = question["length"] - len(question["start"])
    return sum(
        not any(bad in question["start"] + "".join(tail) for bad in question["words"])
        for tail in product("ab", repeat=left)
    )


def _seats(draws: Draws, level: int) -> dict:
    """Draw a seating first and take rules that it keeps."""
    size = 7
    order = draws.shuffled(range(size))
    near = [sorted(pair) for pair in pairwise(order)]
    far = [[a, b] for b in range(size) for a in range(b) if [a, b] not in near]
    beside = draws.sample(near, 2)
    apart = draws.sample(far, 3 + level // 2)
    rules = [[*pair, "next"] for pair in beside] + [[*pair, "apart"] for pair in apart]
    return {"size": size, "rules": draws.shuffled(rules)}


def _seatings(question: dict) -> int:
    """Place people from left to right; the state is who sits and who sat last."""
    size = question["size"]
    apart = {frozenset(rule[:2]) for rule in question["rules"] if rule[2] == "apart"}
    beside = [frozenset(rule[:2]) for rule in question["rules"] if rule[2] == "next"]

    @cache
    def count(mask: int, last: int) -> int:
        if mask == (1 << size) - 1:
            return 1
        total = 0
        due = {min(pair - {last}) for pair in beside if last in pair}
        due = {other for other in due if not mask >> other & 1}
        for person in range(size):
            if mask >> person & 1 or frozenset((person, last)) in apart:
                continue
            if due and due != {person}:
                continue
            sitting = [pair for pair in beside if person in pair and last not in pair]
            if any(mask >> min(pair - {person}) & 1 for pair in sitting):
                continue
            total += count(mask | 1 << person, person)
        return total

    return sum(count(1 << person, person) for person in range(size))


def _seatings_by_listing(question: dict) -> int:
    total = 0
    for order in permutations(range(question["size"])):
        place = {person: n for n, person in enumerate(order)}
        total += all(
            (abs(place[a] - place[b]) == 1) == (kind == "next") for a, b, kind in question["rules"]
        )
    return total


def _show_seats(question: dict) -> dict:
    texts = {"apart": "{} and {} apart", "next": "{} next to {}"}
    rules = [
        texts[kind].format(graphs.node_name(a), graphs.node_name(b))
        for a, b, kind in question["rules"]
    ]
    return {"rules": ", ".join(rules), "last": graphs.node_name(question["size"] - 1)}


TASKS = (
    Task(
        id="comb.necklaces",
        title="Necklaces with given beads",
        knob="beads",
        draw=_necklace_question,
        solve=_necklaces,
        second=_necklaces_by_listing,
        answer=Integer(),
        show=_show_necklace,
        size=lambda q: sum(q["counts"]),
        en=(
            "How many different circular necklaces can be made from these beads: {beads}? Two are "
            "the same if one can be rotated into the other (but not turned over).",
            "Count the necklaces, up to rotation only, that use exactly the beads {beads}.",
            "Necklaces up to rotation: {beads}",
        ),
        zh=(
            "用这些珠子（{beads}）能串成多少种不同的环形项链？能通过旋转（不翻面）重合的算同一种。",
            "恰好用珠子 {beads}，只按旋转计，有多少种项链？",
            "旋转意义下的项链数：{beads}",
        ),
    ),
    Task(
        id="comb.linear_extensions",
        title="Number of orders that respect precedences",
        knob="elements",
        draw=_poset,
        solve=_extensions,
        second=_extensions_by_comparing,
        answer=Integer(),
        show=lambda q: {
            "arcs": graphs.show_arcs(q["arcs"]),
            "last": graphs.node_name(q["size"] - 1),
        },
        en=(
            "In how many orders can the tasks A to {last} be done if X>Y means that X comes before "
            "Y: {arcs}?",
            "Count the linear extensions of the partial order on A to {last} generated by {arcs} "
            "(X>Y: X first).",
            "Number of topological orders of A to {last}: {arcs}",
        ),
        zh=(
            "若 X>Y 表示 X 在 Y 之前，任务 A 至 {last} 有多少种完成顺序：{arcs}？",
            "求 A 至 {last} 上由 {arcs}（X>Y 表示 X 在前）生成的偏序的线性扩张数。",
            "A 至 {last} 的拓扑序个数：{arcs}",
        ),
    ),
    Task(
        id="comb.spanning_trees",
        title="Number of spanning trees",
        knob="nodes and edges",
        draw=_spanning,
        solve=_trees,
        second=_trees_by_contraction,
        answer=Integer(),
        show=lambda q: {"edges": graphs.show_edges(q["edges"])},
        en=(
            "How many spanning trees does the graph {edges} have?",
            "In how many ways can edges of {edges} be kept so that everything stays connected "
            "without a cycle?",
            "Spanning trees: {edges}",
        ),
        zh=(
            "图 {edges} 有多少棵生成树？",
            "保留 {edges} 中的一些边，使整体连通且无圈，有多少种方法？",
            "生成树数：{edges}",
        ),
    ),
    Task(
        id="comb.bounded_partitions",
        title="Partitions into a number of bounded parts",
        knob="total",
        draw=_draw_partition,
        solve=_partitions_by_series,
        second=_partitions,
        answer=Integer(),
        size=lambda q: q["total"],
        en=(
            "In how many ways can {total} be written as a sum of exactly {parts} integers from "
            "{least} to {largest}, if the order does not matter?",
            "Count the partitions of {total} into {parts} parts, each at least {least} and at most "
            "{largest}.",
            "Partitions of {total} into {parts} parts from {least} to {largest}",
        ),
        zh=(
            "把 {total} 写成恰好 {parts} 个 {least} 到 {largest} 的整数之和，不计顺序，有多少种？",
            "求 {total} 分成 {parts} 份的分拆数，每份不小于 {least} 且不大于 {largest}。",
            "{total} 分成 {parts} 份（每份 {least} 到 {largest}）的分拆数",
        ),
    ),
    Task(
        id="comb.avoiding_words",
        title="Words that avoid others",
        knob="length",
        draw=_draw_forbidden,
        solve=_avoiding,
        second=_avoiding_by_listing,
        answer=Integer(),
        size=lambda q: q["length"],
        show=lambda q: q | {"words": " or ".join(q["words"]), "both": "、".join(q["words"])},
        en=(
            "How many words of {length} letters a and b begin with {start} and nowhere contain "
            "{words}?",
            "Count the strings over a, b of length {length} that start with {start} and in which "
            "{words} never occurs as a block.",
            "Words of length {length} over a, b, starting {start}, without {words}",
        ),
        zh=(
            "由 a、b 组成的 {length} 个字母的词中，有多少个以 {start} 开头且处处不含 {both}？",
            "求长度为 {length}、以 {start} 开头、从不出现子串 {both} 的 a、b 串的个数。",
            "a、b 上长 {length}、以 {start} 开头、不含 {both} 的词数",
        ),
    ),
    Task(
        id="comb.seatings",
        title="Seatings in a row with rules",
        knob="people and rules",
        draw=_seats,
        solve=_seatings,
        second=_seatings_by_listing,
        answer=Integer(),
        show=_show_seats,
        en=(
            "In how many ways can A to {last} sit in a row if these rules hold: {rules}? (Apart: "
            "not on neighbouring seats.)",
            "Count the arrangements of A to {last} in one line such that {rules}, where 'apart' "
            "means not adjacent.",
            "Rows of A to {last}: {rules}",
        ),
        zh=(
            "A 至 {last} 坐成一排，规则如下：{rules}（apart 表示不相邻，next to 表示相邻）。"
            "有多少种坐法？",
            "求 A 至 {last} 排成一行且满足 {rules} 的排法数，apart 即不相邻，next to 即相邻。",
            "A 至 {last} 的排列数：{rules}",
        ),
    ),
)
