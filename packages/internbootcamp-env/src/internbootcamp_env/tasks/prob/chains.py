"""Chains of chance: Markov chains, hidden states, codes of least cost.

Source: textbook definitions (Viterbi 1967, Huffman 1952). Knob: the number of states,
steps or symbols. All values are exact fractions.
"""

import heapq
from fractions import Fraction
from itertools import pairwise, product

from internbootcamp_env.answers import Integers, Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _row(draws: Draws, size: int, whole: int) -> list[int]:
    """Draw `size` positive integers that sum to `whole`."""
    return draws.parts(whole, size)


def _chain(draws: Draws, level: int) -> dict:
    states = 3 + level // 5
    whole = draws.pick((6, 8, 9, 10, 12))
    return {
        "rows": [_row(draws, states, whole) for _ in range(states)],
        "whole": whole,
        "steps": 2 + level // 2,
        "start": draws.between(1, states),
    }


def _after(question: dict) -> list[str]:
    rows, whole = question["rows"], question["whole"]
    chances = [Fraction(int(n == question["start"])) for n in range(1, len(rows) + 1)]
    for _ in range(question["steps"]):
        chances = [
            sum((c * row[n] / whole for c, row in zip(chances, rows, strict=True)), Fraction(0))
            for n in range(len(rows))
        ]
    return [str(c) for c in chances]


def _after_by_paths(question: dict) -> list[str]:
    """Count weighted paths backwards from each end."""
    rows, steps = question["rows"], question["steps"]
    results = []
    for end in range(len(rows)):
        ways = [int(n == end) for n in range(len(rows))]
        for _ in range(steps):
            ways = [sum(w * x for w, x in zip(row, ways, strict=True)) for row in rows]
        results.append(str(Fraction(ways[question["start"] - 1], question["whole"] ** steps)))
    return results


def _show_chain(question: dict) -> dict:
    rows = [f"from {n}: {' '.join(map(str, row))}" for n, row in enumerate(question["rows"], 1)]
    return question | {"rows": "; ".join(rows)}


def _stationary(question: dict) -> list[str]:
    """Solve the balance equations, the last of them replaced by: the sum is 1."""
    rows, whole = question["rows"], question["whole"]
    size = len(rows)
    table = [
        [Fraction(rows[j][i], whole) - (i == j) for j in range(size)] + [Fraction(0)]
        for i in range(size)
    ]
    table[-1] = [Fraction(1)] * (size + 1)
    for k in range(size):
        pivot = next(r for r in range(k, size) if table[r][k])
        table[k], table[pivot] = table[pivot], table[k]
        table[k] = [x / table[k][k] for x in table[k]]
        for r in range(size):
            if r != k:
                factor = table[r][k]
                table[r] = [x - factor * y for x, y in zip(table[r], table[k], strict=True)]
    return [str(row[-1]) for row in table]


def _stationary_by_trees(question: dict) -> list[str]:
    """Weights of the trees that lead to each state (Markov chain tree theorem)."""
    rows = question["rows"]
    states = range(len(rows))
    weights = []
    for root in states:
        others = [s for s in states if s != root]
        total = 0
        for targets in product(states, repeat=len(others)):
            step = dict(zip(others, targets, strict=True))
            ends = []
            for here in others:
                for _ in states:
                    here = step.get(here, here)
                ends.append(here)
            if all(end == root for end in ends):
                weight = 1
                for s, t in step.items():
                    weight *= rows[s][t]
                total += weight
        weights.append(total)
    return [str(Fraction(w, sum(weights))) for w in weights]


def _mixed(draws: Draws) -> list[int]:
    stay = draws.between(3, 7)
    return [stay, 10 - stay]


def _hidden(draws: Draws, level: int) -> dict:
    return {
        "moves": [_mixed(draws), _mixed(draws)],
        "signs": [_row(draws, 3, 10) for _ in range(2)],
        "seen": draws.text("xyz", 8 + level // 2),
    }


def _path_weight(question: dict, path: tuple[int, ...]) -> int:
    weight = 1
    for n, (state, sign) in enumerate(zip(path, question["seen"], strict=True)):
        weight *= question["moves"][path[n - 1]][state] if n else 1
        weight *= question["signs"][state]["xyz".index(sign)]
    return weight


def _likeliest(question: dict) -> list[int]:
    """Viterbi: the best path to each state so far."""
    moves, signs = question["moves"], question["signs"]
    first = "xyz".index(question["seen"][0])
    best = [(signs[s][first], [s + 1]) for s in range(2)]
    for sign in question["seen"][1:]:
        n = "xyz".index(sign)
        best = [
            max((w * moves[path[-1] - 1][s] * signs[s][n], [*path, s + 1]) for w, path in best)
            for s in range(2)
        ]
    return max(best)[1]


def _check_likeliest(question: dict, path: list[int]) -> str:
    if len(path) != len(question["seen"]) or not set(path) <= {1, 2}:
        return "one state, 1 or 2, per sign is needed"
    weight = _path_weight(question, tuple(s - 1 for s in path))
    best = _path_weight(question, tuple(s - 1 for s in _likeliest(question)))
    return "" if weight == best else "a more likely path exists"


def _wrong_paths(question: dict, answer: list[int], draws: Draws) -> list[str]:
    best = _path_weight(question, tuple(s - 1 for s in answer))
    rows = [answer[:-1], [*answer, 1], [3, *answer[1:]]]
    for n in range(len(answer)):
        other = [3 - s if i == n else s for i, s in enumerate(answer)]
        if _path_weight(question, tuple(s - 1 for s in other)) < best:
            rows.append(other)
    return [" ".join(map(str, row)) for row in rows]


def _show_hidden(question: dict) -> dict:
    moves = "; ".join(f"{n}: {a} {b}" for n, (a, b) in enumerate(question["moves"], 1))
    signs = "; ".join(f"{n}: {a} {b} {c}" for n, (a, b, c) in enumerate(question["signs"], 1))
    return {"moves": moves, "signs": signs, "seen": question["seen"]}


def _forward(question: dict) -> str:
    """Sum over all hidden paths, state by state."""
    moves, signs = question["moves"], question["signs"]
    sums = [signs[s]["xyz".index(question["seen"][0])] for s in range(2)]
    for sign in question["seen"][1:]:
        n = "xyz".index(sign)
        sums = [signs[s][n] * sum(sums[t] * moves[t][s] for t in range(2)) for s in range(2)]
    scale = 10 ** (2 * len(question["seen"]) - 1)
    return str(Fraction(sum(sums), 2 * scale))


def _forward_by_listing(question: dict) -> str:
    paths = product(range(2), repeat=len(question["seen"]))
    total = sum(_path_weight(question, path) for path in paths)
    return str(Fraction(total, 2 * 10 ** (2 * len(question["seen"]) - 1)))


def _frequencies(draws: Draws, level: int) -> dict:
    return {"counts": draws.integers(5 + level // 2, 1, 30 + 5 * level)}


def _code(question: dict) -> list[str]:
    """Huffman: join the two rarest again and again."""
    heap = [(count, n, [n]) for n, count in enumerate(question["counts"])]
    words = [""] * len(heap)
    heapq.heapify(heap)
    fresh = len(heap)
    while len(heap) > 1:
        (a, _, left), (b, _, right) = heapq.heappop(heap), heapq.heappop(heap)
        for bit, group in (("0", left), ("1", right)):
            for n in group:
                words[n] = bit + words[n]
        heapq.heappush(heap, (a + b, fresh, left + right))
        fresh += 1
    return words


def _cost(question: dict, words: list[str]) -> int:
    return sum(c * len(word) for c, word in zip(question["counts"], words, strict=True))


def _code_by_lengths(question: dict) -> list[str]:
    """Try every sequence of lengths that Kraft allows, the longest for the rarest."""
    counts = question["counts"]
    order = sorted(range(len(counts)), key=lambda n: -counts[n])
    best: tuple[int, list[int]] = (10**9, [])

    def choose(lengths: list[int], room: Fraction) -> None:
        nonlocal best
        left = len(counts) - len(lengths)
        cost = sum(counts[n] * size for n, size in zip(order, lengths, strict=False))
        if cost >= best[0] or room < Fraction(left, 2 ** (len(counts) - 1)):
            return
        if not left:
            best = (cost, lengths)
            return
        for size in range(max(lengths, default=1), len(counts)):
            if Fraction(1, 2**size) <= room:
                choose([*lengths, size], room - Fraction(1, 2**size))

    choose([], Fraction(1))
    words, value, before = [""] * len(counts), 0, best[1][0]
    for n, size in zip(order, best[1], strict=True):
        value <<= size - before
        words[n], before = format(value, f"0{size}b"), size
        value += 1
    return words


def _check_code(question: dict, words: list[str]) -> str:
    if len(words) != len(question["counts"]) or not all(set(w) <= {"0", "1"} for w in words):
        return "one word of 0 and 1 per symbol is needed"
    ordered = sorted(words)
    for a, b in pairwise(ordered):
        if b.startswith(a):
            return f"{a[:40]} is the beginning of {b[:40]}"
    cost, best = _cost(question, words), _cost(question, _code(question))
    return "" if cost == best else f"cost {cost}, the least is {best}"


def _wrong_codes(question: dict, answer: list[str], draws: Draws) -> list[str]:
    rows = [
        answer[:-1],
        [*answer, "0"],
        [answer[0], *answer[:-1]],
        [*answer[:-1], answer[-1] + "0"],
    ]
    return [" ".join(row) for row in rows]


TASKS = (
    Task(
        id="prob.markov_steps",
        title="Distribution of a Markov chain after some steps",
        knob="states and steps",
        draw=_chain,
        solve=_after,
        second=_after_by_paths,
        size=lambda q: 10 * len(q["rows"]) + q["steps"],
        answer=Rationals(),
        show=_show_chain,
        en=(
            "A chain moves between states with these chances, in parts of {whole}: {rows} (to "
            "states 1, 2, ... in order). It starts in state {start}. With which probability is it "
            "in each state after {steps} steps?",
            "Transition weights (divide by {whole}): {rows}. Start: {start}. Give the exact "
            "distribution after {steps} steps, state 1 first.",
            "Markov chain /{whole}: {rows}; start {start}; {steps} steps",
        ),
        zh=(
            "马尔可夫链的转移概率（以 {whole} 分之几计）：{rows}（依次到状态 1、2……）。"
            "从状态 {start} 出发，{steps} 步后处于各状态的概率是多少？",
            "转移权重（除以 {whole}）：{rows}。起点 {start}。写出 {steps} 步后的精确分布，从状态 1 "
            "起。",
            "马尔可夫链 /{whole}：{rows}；起点 {start}；{steps} 步",
        ),
    ),
    Task(
        id="prob.stationary",
        title="Stationary distribution of a Markov chain",
        knob="states",
        draw=lambda d, level: {
            "rows": [_row(d, 3 + level // 6, 10 + level) for _ in range(3 + level // 6)],
            "whole": 10 + level,
        },
        solve=_stationary,
        second=_stationary_by_trees,
        answer=Rationals(),
        show=_show_chain,
        en=(
            "A chain moves between states with these chances, in parts of {whole}: {rows} (to "
            "states 1, 2, ... in order). Which share of the time does it spend in each state in "
            "the long run?",
            "Find the stationary distribution of the chain with transition weights {rows} (each "
            "row divided by {whole}).",
            "Stationary distribution, rows /{whole}: {rows}",
        ),
        zh=(
            "马尔可夫链的转移概率（以 {whole} 分之几计）：{rows}（依次到状态 1、2……）。"
            "长期来看处于各状态的时间比例是多少？",
            "求转移权重为 {rows}（每行除以 {whole}）的链的平稳分布。",
            "平稳分布，各行 /{whole}：{rows}",
        ),
    ),
    Task(
        id="prob.hidden_path",
        title="Most likely hidden states",
        knob="signs",
        verifier="O",
        draw=_hidden,
        solve=_likeliest,
        check=_check_likeliest,
        wrong=_wrong_paths,
        answer=Integers(),
        show=_show_hidden,
        en=(
            "A hidden chain has two states, at first equally likely. Chances in tenths of moving "
            "to 1 and 2: {moves}; of showing x, y, z: {signs}. The signs {seen} were seen. Which "
            "sequence of states is the most likely?",
            "Find the Viterbi path: transitions in tenths {moves}, emissions of x y z in tenths "
            "{signs}, uniform start, observed {seen}.",
            "Viterbi: moves {moves}; signs {signs}; seen {seen}",
        ),
        zh=(
            "隐藏链有两个状态，初始等可能。以十分之几计，转到 1、2 的概率：{moves}；显示 x、y、z "
            "的概率："
            "{signs}。观察到 {seen}。最可能的状态序列是什么？",
            "求维特比路径：转移（十分之几）{moves}，x y z 的发射（十分之几）{signs}，均匀起始，"
            "观测 {seen}。",
            "维特比：转移 {moves}；发射 {signs}；观测 {seen}",
        ),
    ),
    Task(
        id="prob.observation_chance",
        title="Probability of observations with hidden states",
        knob="signs",
        draw=lambda d, level: _hidden(d, (level + 1) // 2),
        solve=_forward,
        second=_forward_by_listing,
        answer=Rational(),
        show=_show_hidden,
        en=(
            "Two hidden states, equally likely at the start, change with these chances in tenths: "
            "{moves} (to 1 and 2). Each moment shows x, y or z with the tenths {signs}. What is "
            "the exact probability to see {seen}?",
            "Forward algorithm: transitions {moves}, emissions of x y z {signs} (all in tenths), "
            "uniform start. Give the probability of the observations {seen}.",
            "P({seen}): moves {moves}; signs {signs}; tenths, uniform start",
        ),
        zh=(
            "两个隐藏状态初始等可能，转移概率（十分之几，到 1、2）：{moves}。每时刻按十分之几 "
            "{signs} "
            "显示 x、y、z。看到 {seen} 的精确概率是多少？",
            "前向算法：转移 {moves}，x y z 的发射 {signs}（均为十分之几），均匀起始。"
            "求观测 {seen} 的概率。",
            "P({seen})：转移 {moves}；发射 {signs}；十分之几，均匀起始",
        ),
    ),
    Task(
        id="prob.huffman_code",
        title="A prefix code of least total length",
        knob="symbols",
        verifier="O",
        draw=_frequencies,
        solve=_code,
        second=_code_by_lengths,
        check=_check_code,
        wrong=_wrong_codes,
        answer=Words(example="2"),
        en=(
            "Symbols occur with the frequencies {counts}. Give each a word of 0 and 1, none the "
            "beginning of another, so that the total length of the text is as small as possible. "
            "List the words in order.",
            "Construct an optimal binary prefix code for the frequencies {counts}.",
            "Huffman code for {counts}",
        ),
        zh=(
            "各符号出现次数为 {counts}。给每个符号一个 0、1 组成的词，任何词都不是另一个的开头，"
            "使文本总长最小。依次写出各词。",
            "为频数 {counts} 构造一个最优二进制前缀码。",
            "{counts} 的哈夫曼码",
        ),
    ),
)
