"""Shortest ways through small state spaces: jugs, knights, automata, locks, a bridge at night.

Source: textbook puzzles; the rules are in the prompts. A plan is carried out, then compared
with the length of a shortest one, which breadth-first search proves. Knob: size of the space.
(Long for the prompts of five tasks.)
"""

import itertools
from collections.abc import Iterator
from functools import partial

from internbootcamp_env.answers import Integer, Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.state_search import shortest_plan
from internbootcamp_env.task import Task

_LEAPS = ((1, 2), (2, 1), (2, -1), (1, -2), (-1, -2), (-2, -1), (-2, 1), (-1, 2))


def _jugs(draws: Draws, level: int) -> dict | None:
    a, b = draws.between(5, 9 + 3 * level), draws.between(4, 8 + 3 * level)
    question = {
        "sizes": [a, b],
        "start": [draws.between(0, a), draws.between(0, b)],
        "goal": draws.between(1, max(a, b) - 1),
    }
    plan = _jug_search(question)
    return question if plan is not None and len(plan) >= 2 else None


def _pourings(sizes: list[int], state: tuple[int, int]) -> Iterator[tuple[str, tuple[int, int]]]:
    (a, b), (x, y) = sizes, state
    yield "FA", (a, y)
    yield "FB", (x, b)
    yield "EA", (0, y)
    yield "EB", (x, 0)
    moved = min(x, b - y)
    yield "AB", (x - moved, y + moved)
    moved = min(y, a - x)
    yield "BA", (x + moved, y - moved)


def _jug_search(question: dict, reverse: bool = False) -> list[str] | None:
    def moves(state: tuple[int, int]) -> list[tuple[str, tuple[int, int]]]:
        return list(_pourings(question["sizes"], state))[:: -1 if reverse else 1]

    return shortest_plan(tuple(question["start"]), moves, lambda state: question["goal"] in state)


def _check_jugs(question: dict, plan: list[str]) -> str:
    state = tuple(question["start"])
    for step in plan[:1_000]:
        after = dict(_pourings(question["sizes"], state)).get(step)
        if after is None:
            return f"{step[:8]!r} is not a step"
        state = after
    if question["goal"] not in state:
        return f"the jugs hold {state[0]} and {state[1]}"
    least = len(_jug_search(question) or [])
    return "" if len(plan) == least else f"{len(plan)} steps; the fewest are {least}"


def _wrong_jugs(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Filling a jug that is full, or emptying an empty one, wastes a step after the start."""
    x = question["start"][0]
    again = "EA" if x == 0 else "FA" if x == question["sizes"][0] else ""
    longer = [[again, *answer]] if again else []
    spoilt = [*longer, answer[:-1], ["AA", *answer], [*answer, "??"], []]
    return [" ".join(plan) or "none" for plan in spoilt]


def _square(cell: tuple[int, int]) -> str:
    return "abcdefghijklmnop"[cell[0]] + str(cell[1] + 1)


def _knight_moves(side: int, holes: set[str], cell: tuple[int, int]) -> list[tuple[str, tuple]]:
    near = [(cell[0] + dx, cell[1] + dy) for dx, dy in _LEAPS]
    return [
        (_square(other), other)
        for other in near
        if 0 <= other[0] < side and 0 <= other[1] < side and _square(other) not in holes
    ]


def _knight(draws: Draws, level: int) -> dict | None:
    side = 5 + level // 2
    cells = [_square((x, y)) for x in range(side) for y in range(side)]
    start, end, *holes = draws.sample(cells, 2 + side * side // 3)
    question = {"side": side, "start": start, "end": end, "holes": sorted(holes)}
    plan = _knight_plan(question)
    return question if plan and len(plan) >= 3 + level // 4 else None


def _knight_plan(question: dict, reverse: bool = False) -> list[str]:
    holes = set(question["holes"])
    start = ("abcdefghijklmnop".index(question["start"][0]), int(question["start"][1:]) - 1)

    def moves(cell: tuple[int, int]) -> list[tuple[str, tuple]]:
        return _knight_moves(question["side"], holes, cell)[:: -1 if reverse else 1]

    return shortest_plan(start, moves, lambda cell: _square(cell) == question["end"]) or []


def _check_knight(question: dict, plan: list[str]) -> str:
    at, holes = question["start"], set(question["holes"])
    for square in plan[:1_000]:
        cell = ("abcdefghijklmnop".index(at[0]), int(at[1:]) - 1)
        if square not in dict(_knight_moves(question["side"], holes, cell)):
            return f"no knight's move from {at} to {square[:8]!r}"
        at = square
    if at != question["end"]:
        return "the way does not end at the goal"
    least = len(_knight_plan(question))
    return "" if len(plan) == least else f"{len(plan)} moves; the fewest are {least}"


def _wrong_knight(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """One that goes back and forth first, one that stops early, two that cannot move so."""
    back = [answer[0], question["start"], *answer]
    spoilt = [back, answer[:-1], [question["start"], *answer], [*answer, answer[-1]]]
    return [" ".join(plan) for plan in spoilt]


def _machine(draws: Draws, level: int) -> dict | None:
    states = 4 + level // 3
    table = [draws.integers(2, 1, states) for _ in range(states)]
    question = {"table": table}
    word = _reset_word(question)
    return question if word is not None and len(word) >= 3 else None


def _after(table: list[list[int]], states: frozenset[int], letter: str) -> frozenset[int]:
    return frozenset(table[state - 1]["ab".index(letter)] for state in states)


def _reset_word(question: dict, letters: str = "ab") -> str | None:
    table = question["table"]

    def moves(states: frozenset[int]) -> list[tuple[str, frozenset[int]]]:
        return [(letter, _after(table, states, letter)) for letter in letters]

    start = frozenset(range(1, len(table) + 1))
    plan = shortest_plan(start, moves, lambda states: len(states) == 1)
    return None if plan is None else "".join(plan)


def _check_reset(question: dict, word: str) -> str:
    states = frozenset(range(1, len(question["table"]) + 1))
    for letter in word[:1_000]:
        states = _after(question["table"], states, letter)
    if len(states) > 1 or len(word) > 1_000:
        return f"states {sorted(states)} are still possible"
    least = len(_reset_word(question) or "")
    return "" if len(word) == least else f"{len(word)} letters; the shortest has {least}"


def _wrong_reset(question: dict, answer: str, draws: Draws) -> list[str]:
    """Once the state is known it stays known: one letter more is right but not shortest."""
    return [answer + "a", answer[:-1], answer + "b", "c" + answer]


def _show_machine(question: dict) -> dict:
    lines = [f"{n}: a -> {a}, b -> {b}" for n, (a, b) in enumerate(question["table"], start=1)]
    return {"table": "\n".join(lines)}


def _lock(draws: Draws, level: int) -> dict:
    """Buttons of triangular effect in a drawn order can be solved for any position."""
    count, base = 2 + level // 3, draws.pick((5, 7))
    rows = [
        [draws.below(base) if j < i else draws.between(1, base - 1) if i == j else 0
         for j in range(count)]
        for i in range(count)
    ]  # fmt: skip
    rows = draws.shuffled(rows)
    columns = draws.shuffled(range(count))
    effects = [[row[c] for c in columns] for row in rows]
    wheels = draws.integers(count, 1, base - 1)
    return {"base": base, "effects": effects, "wheels": wheels}


def _presses(question: dict) -> list[int]:
    """Solve the linear system modulo a prime by elimination."""
    base, count = question["base"], len(question["wheels"])
    rows = [
        [*(effect[i] for effect in question["effects"]), -question["wheels"][i] % base]
        for i in range(count)
    ]
    for i in range(count):
        pivot = next(r for r in range(i, count) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        inverse = pow(rows[i][i], -1, base)
        rows[i] = [x * inverse % base for x in rows[i]]
        for r in range(count):
            if r != i:
                rows[r] = [
                    (a - rows[r][i] * b) % base for a, b in zip(rows[r], rows[i], strict=True)
                ]
    return [row[-1] for row in rows]


def _presses_by_trial(question: dict) -> list[int]:
    base, count = question["base"], len(question["wheels"])
    if base**count > 3_000:
        return _presses(question)
    for trial in itertools.product(range(base), repeat=count):
        if not any(_wheels_after(question, list(trial))):
            return list(trial)
    raise AssertionError("every lock drawn opens")


def _wheels_after(question: dict, presses: list[int]) -> list[int]:
    wheels = question["wheels"]
    turns = [
        sum(n * effect[i] for n, effect in zip(presses, question["effects"], strict=True))
        for i in range(len(wheels))
    ]
    return [(w + t) % question["base"] for w, t in zip(wheels, turns, strict=True)]


def _check_lock(question: dict, presses: list[int]) -> str:
    if len(presses) != len(question["effects"]):
        return "one number of presses for each button"
    if min(presses) < 0:
        return "a button cannot be pressed a negative number of times"
    wheels = _wheels_after(question, presses)
    return f"the wheels show {wheels}" if any(wheels) else ""


def _wrong_lock(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """The system has one solution modulo the base, so any other remainder is wrong."""
    spoilt = [[n + (i == place) for i, n in enumerate(answer)] for place in range(len(answer))]
    spoilt += [answer[:-1], [n - question["base"] for n in answer]]
    return [" ".join(map(str, row)) for row in spoilt]


def _show_lock(question: dict) -> dict:
    lines = [f"{n}: {' '.join(map(str, row))}" for n, row in enumerate(question["effects"], 1)]
    wheels = " ".join(map(str, question["wheels"]))
    return question | {"effects": "\n".join(lines), "wheels": wheels}


def _walkers(draws: Draws, level: int) -> dict:
    return {"times": draws.integers(4 + level // 2, 1, 20 + 2 * level)}


def _bridge(question: dict) -> int:
    """Bring over the two slowest by the two fastest, or each by the fastest."""
    times, total = sorted(question["times"]), 0
    while len(times) > 3:
        pair = times[0] + 2 * times[1] + times[-1]
        single = 2 * times[0] + times[-2] + times[-1]
        total += min(pair, single)
        times = times[:-2]
    return total + (sum(times) if len(times) == 3 else times[-1])


def _bridge_by_search(question: dict) -> int:
    """Least time for every set still to cross; the torch is with them."""
    times = sorted(question["times"])
    count = len(times)
    best = {(1 << count) - 1: 0}
    for left in range(count, 0, -1):
        for here in [h for h in best if h.bit_count() == left]:
            _cross(times, here, best)
    return best[0]


def _cross(times: list[int], here: int, best: dict[int, int]) -> None:
    """Extend the table by two crossing and, unless all are over, the fastest coming back."""
    members = [n for n in range(len(times)) if here >> n & 1]
    for a, b in itertools.combinations_with_replacement(members, 2):
        after = here & ~(1 << a) & ~(1 << b)
        cost = best[here] + max(times[a], times[b])
        if after:
            over = [n for n in range(len(times)) if not after >> n & 1]
            after |= 1 << over[0]
            cost += times[over[0]]
        if after.bit_count() < here.bit_count():
            best[after] = min(cost, best.get(after, cost))


TASKS = (
    Task(
        id="plan.water_jugs",
        title="Measure an amount with two jugs",
        knob="size of the jugs",
        verifier="O",
        draw=_jugs,
        solve=_jug_search,
        second=partial(_jug_search, reverse=True),
        check=_check_jugs,
        wrong=_wrong_jugs,
        answer=Words(),
        size=lambda q: sum(q["sizes"]),
        en=(
            "Jugs A and B hold at most {sizes} litres and now contain {start}. Steps: FA or FB "
            "fills a jug, EA or EB empties it, AB or BA pours from one into the other until that "
            "is full or this is empty. Get exactly {goal} litres into a jug in as few steps as "
            "possible.",
            "Two jugs, sizes {sizes}, contents {start} (first A, then B). Find the shortest list "
            "of FA, FB, EA, EB, AB, BA (fill, empty, pour) that leaves {goal} in one of them.",
            "Jugs {sizes}, now {start}, want {goal}; fewest of FA FB EA EB AB BA:",
        ),
        zh=(
            "水壶 A、B 容量为 {sizes} 升，现有 {start} 升。步骤：FA、FB 装满，EA、EB 倒空，AB、BA "
            "从一个"
            "倒入另一个直到满或空。用最少步骤使某壶恰有 {goal} 升。",
            "两壶容量 {sizes}，现有 {start}（先 A 后 B）。求最短的 FA、FB、EA、EB、AB、BA（装满、"
            "倒空、"
            "倾倒）序列，使其中一壶为 {goal}。",
            "水壶 {sizes}，现有 {start}，要 {goal}；最少的 FA FB EA EB AB BA：",
        ),
    ),
    Task(
        id="plan.knight_route",
        title="Fewest moves of a knight around holes",
        knob="side of the board",
        verifier="O",
        draw=_knight,
        solve=_knight_plan,
        second=partial(_knight_plan, reverse=True),
        check=_check_knight,
        wrong=_wrong_knight,
        answer=Words(),
        en=(
            "On a {side} by {side} board (columns a, b, ..., rows 1, 2, ...) a knight goes from "
            "{start} to {end} without landing on {holes}. Give the squares after each move, with "
            "as few moves as possible.",
            "Shortest knight's route from {start} to {end}, board {side} x {side}, forbidden "
            "squares {holes}: list the squares it lands on.",
            "Knight {start} to {end}, {side} x {side}, not {holes}:",
        ),
        zh=(
            "在 {side} 乘 {side} 的棋盘（列 a、b…，行 1、2…）上，马从 {start} 走到 {end}，不得落在"
            " {holes}。"
            "用最少步数，写出每步之后的格子。",
            "马从 {start} 到 {end} 的最短路线，棋盘 {side} x {side}，禁格 {holes}：列出所到格子。",
            "马 {start} 到 {end}，{side} x {side}，避开 {holes}：",
        ),
    ),
    Task(
        id="plan.reset_word",
        title="Shortest word that brings a machine into a known state",
        knob="states",
        verifier="O",
        draw=_machine,
        solve=_reset_word,
        second=partial(_reset_word, letters="ba"),
        check=_check_reset,
        wrong=_wrong_reset,
        answer=Word("ab", "Write one word of the letters a and b.", "写成由 a 和 b 组成的一个词。"),
        show=_show_machine,
        en=(
            "A machine is in an unknown state and moves so:\n{table}\nFind a shortest sequence of "
            "a and b after which its state is certain.",
            "Give a shortest synchronising word of this automaton:\n{table}",
            "{table}\nshortest reset word:",
        ),
        zh=(
            "一台机器处于未知状态，按此转移：\n{table}\n求最短的 a、b 序列，使其后状态确定。",
            "给出这个自动机的一个最短同步字：\n{table}",
            "{table}\n最短同步字：",
        ),
    ),
    Task(
        id="plan.wheel_lock",
        title="Open a lock whose buttons turn several wheels",
        knob="wheels",
        verifier="C",
        draw=_lock,
        solve=_presses,
        second=_presses_by_trial,
        another=lambda q: [n + q["base"] for n in _presses(q)],
        check=_check_lock,
        wrong=_wrong_lock,
        answer=Integers(),
        show=_show_lock,
        size=lambda q: len(q["wheels"]) * 20 + q["base"],
        en=(
            "Wheels of a lock show {wheels} and go from 0 to below {base}, then to 0 again. One "
            "press of a button advances the wheels by\n{effects}\nHow often is each button pressed "
            "so that all wheels show 0?",
            "Modulo {base}, find non-negative multiples of these rows that, added to {wheels}, "
            "give zeros:\n{effects}",
            "{wheels} to zeros modulo {base}; buttons\n{effects}",
        ),
        zh=(
            "密码锁的轮子显示 {wheels}，从 0 到 {base} 之前循环。每按一次按钮，各轮前进"
            "\n{effects}\n"
            "每个按钮按几次才能使所有轮子为 0？",
            "在模 {base} 下，求这些行的非负倍数，加到 {wheels} 上得全零：\n{effects}",
            "{wheels} 变为零，模 {base}；按钮\n{effects}",
        ),
    ),
    Task(
        id="plan.bridge_at_night",
        title="Least time to cross a bridge with one torch",
        knob="people",
        draw=_walkers,
        solve=_bridge,
        second=_bridge_by_search,
        answer=Integer(),
        canon=lambda q: sorted(q["times"]),
        en=(
            "People who need {times} minutes must cross a bridge at night. At most two go at once, "
            "at the pace of the slower, and the single torch must be carried back and forth. How "
            "many minutes do they need at least?",
            "Bridge and torch: crossing times {times}, two at a time. What is the least total "
            "time?",
            "Bridge and torch {times}:",
        ),
        zh=(
            "若干人过桥各需 {times} 分钟，夜间只有一支手电，一次最多两人同行，按慢者计时，手电须来"
            "回传递。"
            "至少需要多少分钟？",
            "过桥问题：各人用时 {times}，一次两人，一支手电。最短总时间是多少？",
            "过桥 {times}：",
        ),
    ),
)
