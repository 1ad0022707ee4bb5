"""Take-away games with a known theory: find a winning move.

Source: the theory of Nim and of Sprague and Grundy. Every position drawn is won for the player to
move; any winning move is right, and the checker works out the value of the position it leaves.
Knob: the number and size of the heaps.
"""

from functools import cache

from internbootcamp_env.answers import Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _nim_value(heaps: list[int]) -> int:
    total = 0
    for heap in heaps:
        total ^= heap
    return total


def _heaps(draws: Draws, level: int) -> dict | None:
    heaps = draws.integers(3 + level // 3, 1, 15 + 6 * level)
    return {"heaps": heaps} if _nim_value(heaps) else None


def _nim_move(question: dict) -> list[int]:
    heaps = question["heaps"]
    total = _nim_value(heaps)
    place = next(i for i, heap in enumerate(heaps) if heap ^ total < heap)
    return [place + 1, heaps[place] - (heaps[place] ^ total)]


def _last_nim_move(question: dict) -> list[int]:
    """The winning move in the last heap that has one, found by trying all moves."""
    heaps = question["heaps"]
    moves = [
        [place + 1, taken]
        for place, heap in enumerate(heaps)
        for taken in range(1, heap + 1)
        if not _nim_value([*heaps[:place], heap - taken, *heaps[place + 1 :]])
    ]
    return moves[-1]


def _read_move(heaps: list[int], value: list[int]) -> str:
    if len(value) != 2:
        return "a move is two integers: heap and number of objects"
    place, taken = value
    if not 1 <= place <= len(heaps):
        return f"there is no heap {place}"
    return "" if 1 <= taken <= heaps[place - 1] else f"{taken} cannot be taken from that heap"


def _check_nim(question: dict, value: list[int]) -> str:
    heaps = list(question["heaps"])
    if problem := _read_move(heaps, value):
        return problem
    heaps[value[0] - 1] -= value[1]
    return "the opponent can still win" if _nim_value(heaps) else ""


def _wrong_nim(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """In one heap exactly one number wins, so every other number in it is wrong."""
    place, taken = answer
    size = question["heaps"][place - 1]
    others = [n for n in (taken - 1, taken + 1, taken + 2, size + 1, 0) if n != taken]
    return [f"{place} {n}" for n in others] + [f"{len(question['heaps']) + 1} 1", f"{place}"]


def _limited(draws: Draws, level: int) -> dict | None:
    moves = sorted(draws.sample(range(1, 8 + level), 3 + level // 4))
    heaps = draws.integers(2 + level // 4, 8, 20 + 8 * level)
    question = {"moves": moves, "heaps": heaps}
    return question if _grundy_sum(question) else None


def _grundy_row(moves: tuple[int, ...], top: int) -> list[int]:
    row: list[int] = []
    for heap in range(top + 1):
        reached = {row[heap - m] for m in moves if m <= heap}
        row.append(next(n for n in range(len(moves) + 1) if n not in reached))
    return row


def _grundy_sum(question: dict) -> int:
    row = _grundy_row(tuple(question["moves"]), max(question["heaps"]))
    return _nim_value([row[heap] for heap in question["heaps"]])


def _limited_moves(question: dict) -> list[list[int]]:
    row = _grundy_row(tuple(question["moves"]), max(question["heaps"]))
    heaps = question["heaps"]
    total = _grundy_sum(question)
    return [
        [place + 1, taken]
        for place, heap in enumerate(heaps)
        for taken in question["moves"]
        if taken <= heap and not total ^ row[heap] ^ row[heap - taken]
    ]


def _check_limited(question: dict, value: list[int]) -> str:
    if problem := _read_move(question["heaps"], value):
        return problem
    if value[1] not in question["moves"]:
        return f"{value[1]} is not an allowed number"
    heaps = list(question["heaps"])
    heaps[value[0] - 1] -= value[1]
    left = _grundy_sum(question | {"heaps": [*heaps, max(question["heaps"])]})
    row = _grundy_row(tuple(question["moves"]), max(question["heaps"]))
    return "the opponent can still win" if left ^ row[max(question["heaps"])] else ""


def _wrong_limited(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """Moves that lose by a search of the whole game where it is small, or are not allowed."""
    heaps, moves = question["heaps"], tuple(question["moves"])
    texts = [
        f"{len(heaps) + 1} {moves[0]}",
        f"1 {max(moves) + 1}",
        f"{answer[0]} 0",
        f"{answer[0]}",
    ]
    if sum(heaps) <= 60:

        @cache
        def won(state: tuple[int, ...]) -> bool:
            return any(
                not won(tuple(sorted((*state[:i], heap - m, *state[i + 1 :]))))
                for i, heap in enumerate(state)
                for m in moves
                if m <= heap
            )

        for place, heap in enumerate(heaps):
            for m in moves:
                rest = [*heaps[:place], heap - m, *heaps[place + 1 :]]
                if m <= heap and won(tuple(sorted(rest))):
                    texts.append(f"{place + 1} {m}")
    return texts


TASKS = (
    Task(
        id="game.nim",
        title="A winning move in Nim",
        knob="heaps",
        verifier="C",
        draw=_heaps,
        solve=_nim_move,
        check=_check_nim,
        another=_last_nim_move,
        wrong=_wrong_nim,
        answer=Integers(),
        en=(
            "Nim: the heaps hold {heaps} stones. A move takes any positive number of stones from "
            "one heap; whoever takes the last stone wins. Give a winning move: number of the heap "
            "(from 1) and number of stones.",
            "Find a move that wins the Nim position {heaps}: heap (counted from 1) and how many "
            "to take.",
            "Nim {heaps}, heap and number:",
        ),
        zh=(
            "尼姆游戏：各堆有 {heaps} 颗石子。每步从一堆中取走任意正数颗，取走最后一颗者胜。"
            "给出一个必胜着法：堆号（从 1 起）和取走的颗数。",
            "求尼姆局面 {heaps} 的必胜着法：堆号（从 1 起）与取数。",
            "尼姆 {heaps}，堆号与取数：",
        ),
    ),
    Task(
        id="game.subtraction",
        title="A winning move with limited numbers",
        knob="heaps",
        verifier="C",
        draw=_limited,
        solve=lambda q: _limited_moves(q)[0],
        check=_check_limited,
        another=lambda q: _limited_moves(q)[-1],
        wrong=_wrong_limited,
        answer=Integers(),
        ways=lambda level: 3 + level // 4,
        en=(
            "Heaps of {heaps} stones. A move takes from one heap a number of stones out of "
            "{moves}; whoever cannot move loses. Give a winning move: heap (from 1) and number.",
            "Subtraction game with the allowed numbers {moves} on the heaps {heaps}; the player "
            "who cannot move loses. Which heap (from 1) and number win?",
            "Heaps {heaps}, take {moves}; heap and number:",
        ),
        zh=(
            "各堆有 {heaps} 颗石子，每步从一堆取走 {moves} 中的一个数目，不能走者负。"
            "给出必胜着法：堆号（从 1 起）和数目。",
            "减法游戏：允许取 {moves}，各堆 {heaps}，不能走者负。哪一堆（从 1 起）取多少可胜？",
            "各堆 {heaps}，可取 {moves}；堆号与数目：",
        ),
    ),
)
