"""Play a game to the end against an opponent whose moves are fixed by the rules.

Source: the theory of Nim and of Sprague and Grundy; repeated prisoner's dilemma with finite
automata. The first player wins from every position drawn; the opponent answers without a mistake
whenever it can win. Knob: the size of the position or the number of rounds.
"""

import itertools
from functools import cache

from internbootcamp_env.draws import Draws
from internbootcamp_env.episodes import MultiTurnTask, World
from internbootcamp_env.errors import UnparsableAnswer

from .search import read_integers

Heaps = tuple[int, ...]


def _nim_value(heaps: Heaps) -> int:
    total = 0
    for heap in heaps:
        total ^= heap
    return total


def _nim_moves(heaps: Heaps, last: bool = False) -> list[tuple[int, int]]:
    """Return (heap, number) for the winning moves; without one, one pebble of a largest heap."""
    total = _nim_value(heaps)
    moves = [
        (place + 1, heap - (heap ^ total))
        for place, heap in enumerate(heaps)
        if heap ^ total < heap and total
    ]
    return moves[:: -1 if last else 1] or [(heaps.index(max(heaps)) + 1, 1)]


class _Nim(World):
    """Last pebble wins; the opponent takes the first winning move."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.heaps: Heaps = tuple(question["heaps"])

    def act(self, action: str) -> str:
        place, taken = read_integers(action, 2)
        if not 1 <= place <= len(self.heaps) or not 1 <= taken <= self.heaps[place - 1]:
            raise UnparsableAnswer(f"a heap and a number that {list(self.heaps)} allows")
        self._take(place, taken)
        if not any(self.heaps):
            return self.win()
        place, taken = _nim_moves(self.heaps)[0]
        self._take(place, taken)
        heaps = " ".join(map(str, self.heaps))
        if not any(self.heaps):
            return self.lose("the opponent took the last pebble", "对手取走了最后一颗")
        return self.say(
            f"The opponent plays {place} {taken}; heaps: {heaps}",
            f"对手走 {place} {taken}；各堆：{heaps}",
        )

    def _take(self, place: int, taken: int) -> None:
        self.heaps = (
            *self.heaps[: place - 1],
            self.heaps[place - 1] - taken,
            *self.heaps[place:],
        )


def _nim(draws: Draws, level: int) -> dict | None:
    heaps = draws.integers(3 + level // 5, 3, 20 + 4 * level)
    return {"heaps": heaps, "budget": sum(heaps)} if _nim_value(tuple(heaps)) else None


def _win_nim(question: dict, last: bool = False) -> list[str]:
    world, log = _Nim(question), []
    while world.outcome is None:
        place, taken = _nim_moves(world.heaps, last)[0]
        log.append(f"{place} {taken}")
        world.take(log[-1])
    return log


@cache
def _kayles(pins: int) -> int:
    """Grundy number of a row of pins of which one, or two neighbours, may be knocked down."""
    reached = {
        _kayles(left) ^ _kayles(pins - hit - left)
        for hit in (1, 2)
        for left in range(pins - hit + 1)
    }
    return next(value for value in range(64) if value not in reached)


def _rows(pins: str) -> list[int]:
    return [len(row) for row in pins.split(".") if row]


def _kayles_value(pins: str) -> int:
    return _nim_value(tuple(map(_kayles, _rows(pins))))


def _hits(pins: str) -> list[tuple[int, int]]:
    return [
        (place, hit)
        for place in range(len(pins))
        for hit in (1, 2)
        if pins[place : place + hit] == "I" * hit
    ]


def _knock(pins: str, place: int, hit: int) -> str:
    return pins[:place] + "." * hit + pins[place + hit :]


def _best_hit(pins: str, last: bool = False) -> tuple[int, int]:
    hits = _hits(pins)[:: -1 if last else 1]
    return next((hit for hit in hits if not _kayles_value(_knock(pins, *hit))), hits[0])


class _Kayles(World):
    """Knock down one pin or two neighbours; whoever takes the last pin wins."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.pins: str = question["pins"]

    def act(self, action: str) -> str:
        numbers = [n - 1 for n in read_integers(action, len(action.split()) or 1)]
        place, hit = numbers[0], len(numbers)
        if hit > 2 or numbers != list(range(place, place + hit)) or not self._stands(place, hit):
            raise UnparsableAnswer("the number of a standing pin, or of two neighbours")
        self.pins = _knock(self.pins, place, hit)
        if "I" not in self.pins:
            return self.win()
        place, hit = _best_hit(self.pins)
        self.pins = _knock(self.pins, place, hit)
        named = " ".join(str(n + 1) for n in range(place, place + hit))
        if "I" not in self.pins:
            return self.lose("the opponent took the last pin", "对手击倒了最后的瓶")
        return self.say(
            f"The opponent hits {named}; pins: {self.pins}", f"对手击倒 {named}；瓶：{self.pins}"
        )

    def _stands(self, place: int, hit: int) -> bool:
        return place >= 0 and self.pins[place : place + hit] == "I" * hit


def _pins(draws: Draws, level: int) -> dict | None:
    pins = draws.text("III.", 15 + 3 * level).strip(".")
    if len(pins) < 6 or not _kayles_value(pins):
        return None
    return {"pins": pins, "budget": len(pins)}


def _win_kayles(question: dict, last: bool = False) -> list[str]:
    world, log = _Kayles(question), []
    while world.outcome is None:
        place, hit = _best_hit(world.pins, last)
        log.append(" ".join(str(n + 1) for n in range(place, place + hit)))
        world.take(log[-1])
    return log


_PAY = {"CC": 3, "CD": 0, "DC": 5, "DD": 1}


class _Dilemma(World):
    """A round is C or D; the opponent is a Moore machine over the player's moves."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.state, self.total = 0, 0

    def act(self, action: str) -> str:
        own = action.upper()
        if own not in ("C", "D"):
            raise UnparsableAnswer("C or D")
        theirs, *following = self.question["machine"][self.state]
        stake = self.question["stakes"][-1 - self.turns_left]
        self.total += stake * _PAY[own + theirs]
        self.state = following["CD".index(own)]
        if not self.turns_left:
            if self.total >= self.question["target"]:
                return self.win()
            return self.lose(f"only {self.total} points", f"只有 {self.total} 分")
        return self.say(
            f"The opponent played {theirs}; your points: {self.total}",
            f"对手出了 {theirs}；你的分数：{self.total}",
        )


def _machine(draws: Draws, level: int) -> dict | None:
    states = 4 + level // 2
    machine = [[draws.pick("CD"), *draws.integers(2, 0, states - 1)] for _ in range(states)]
    rounds = 8 + level
    question = {"machine": machine, "stakes": draws.integers(rounds, 1, 9), "budget": rounds}
    log, target = _best_reply(question)
    turns = sum(a != b for a, b in itertools.pairwise(log))
    easy = max(_payoff(question, own * rounds) for own in "CD")
    return question | {"target": target} if easy < target and turns > 3 else None


def _payoff(question: dict, moves: str) -> int:
    state, total = 0, 0
    for own, stake in zip(moves, question["stakes"], strict=True):
        theirs, *following = question["machine"][state]
        total += stake * _PAY[own + theirs]
        state = following["CD".index(own)]
    return total


def _best_reply(question: dict, first: str = "CD") -> tuple[list[str], int]:
    """Work back from the last round: best points and moves from every state."""
    machine = question["machine"]
    best: list[tuple[int, str]] = [(0, "")] * len(machine)
    for stake in reversed(question["stakes"]):
        best = [
            max(
                (
                    (stake * _PAY[own + row[0]] + best[row[1 + "CD".index(own)]][0],
                     own + best[row[1 + "CD".index(own)]][1])
                    for own in first
                ),
                key=lambda pair: pair[0],
            )
            for row in machine
        ]  # fmt: skip
    return list(best[0][1]), best[0][0]


def _show_machine(question: dict) -> dict:
    lines = [
        f"{n}: plays {row[0]}; after your C -> {row[1]}, after your D -> {row[2]}"
        for n, row in enumerate(question["machine"])
    ]
    lines_zh = [
        f"{n}：出 {row[0]}；你出 C 后 -> {row[1]}，你出 D 后 -> {row[2]}"
        for n, row in enumerate(question["machine"])
    ]
    shown = {"machine": "\n".join(lines), "machine_zh": "\n".join(lines_zh)}
    return question | shown | {"stakes": " ".join(map(str, question["stakes"]))}


def _wrong_replies(question: dict, log: list[str], draws: Draws) -> list[str]:
    return ["\n".join(own * question["budget"]) for own in "CD"]


TASKS = (
    MultiTurnTask(
        id="multi.nim_play",
        title="Win a game of Nim move by move",
        knob="pebbles",
        world=_Nim,
        draw=_nim,
        solve=_win_nim,
        second=lambda q: _win_nim(q, last=True),
        size=lambda q: sum(q["heaps"]),
        en=(
            "Play Nim against a perfect opponent; you begin. Heaps: {heaps}. A move 'h n' takes n "
            "pebbles from heap h (counted from 1). Whoever takes the last pebble wins.",
            "Win at Nim with the heaps {heaps}. Each turn write heap number and how many to take, "
            "such as '2 5'; the opponent answers. Last pebble wins.",
            "Nim {heaps}, you begin, 'heap number':",
        ),
        zh=(
            "与不犯错的对手玩尼姆，你先走。各堆：{heaps}。着法“h n”从第 h 堆（从 1 起）取 n 颗，"
            "取走最后一颗者胜。",
            "在尼姆局面 {heaps} 中获胜。每回合写堆号与取数，如“2 5”，对手随后应着；取最后一颗者胜"
            "。",
            "尼姆 {heaps}，你先走，“堆号 数目”：",
        ),
    ),
    MultiTurnTask(
        id="multi.kayles_play",
        title="Win a game of Kayles move by move",
        knob="pins",
        world=_Kayles,
        draw=_pins,
        solve=_win_kayles,
        second=lambda q: _win_kayles(q, last=True),
        size=lambda q: len(q["pins"]),
        en=(
            "Play Kayles against a perfect opponent; you begin. Pins (I stands, . is gone): "
            "{pins}. A move knocks down one pin ('4') or two direct neighbours ('4 5'), numbered "
            "from 1 at the left. Whoever takes the last pin wins.",
            "Win this game of bowling: {pins} (I is a pin, . a gap). In turns, hit one pin 'n' or "
            "two adjacent pins 'n n+1', places counted from 1; the last hit wins.",
            "Kayles {pins}, you begin:",
        ),
        zh=(
            "与不犯错的对手玩凯尔斯，你先走。瓶子（I 立着，. 已倒）：{pins}。每步击倒一个瓶（“4”）"
            "或两个相邻的瓶（“4 5”），从左起由 1 编号。击倒最后的瓶者胜。",
            "赢下这局保龄：{pins}（I 为瓶，. 为空）。轮流击倒一个瓶“n”或相邻两个“n n+1”，"
            "位置从 1 起；击倒最后者胜。",
            "凯尔斯 {pins}，你先走：",
        ),
    ),
    MultiTurnTask(
        id="multi.dilemma_play",
        title="Get the most out of a repeated dilemma",
        knob="rounds",
        world=_Dilemma,
        draw=_machine,
        solve=lambda q: _best_reply(q)[0],
        second=lambda q: _best_reply(q, "DC")[0],
        wrong=_wrong_replies,
        show=_show_machine,
        en=(
            "Play {budget} rounds of the prisoner's dilemma, one letter C or D a turn. Your points "
            "by (yours, theirs): CC 3, CD 0, DC 5, DD 1, times the stake of the round: {stakes}. "
            "The opponent is this machine, starting in state 0:\n{machine}\nReach at least "
            "{target} points.",
            "An opponent in state 0 follows\n{machine}\nPlay C or D for {budget} rounds and "
            "collect {target} points or more (you get 3 for CC, 0 for CD, 5 for DC, 1 for DD, your "
            "move first, multiplied by the stakes {stakes} in turn).",
            "{machine}\nStakes {stakes}; at least {target} points (CC 3, CD 0, DC 5, DD 1):",
        ),
        zh=(
            "进行 {budget} 轮囚徒困境，每回合写一个字母 C 或 D。你的得分（你、对方）：CC 3，CD 0，"
            "DC 5，DD 1，再乘以该轮的倍数：{stakes}。对手是如下机器，从状态 0 开始："
            "\n{machine_zh}\n"
            "至少得 {target} 分。",
            "对手从状态 0 起按此行动：\n{machine_zh}\n你出 C 或 D，共 {budget} 轮，拿到至少 "
            "{target} 分"
            "（CC 得 3，CD 得 0，DC 得 5，DD 得 1，先写你的；各轮依次乘以 {stakes}）。",
            "{machine_zh}\n倍数 {stakes}；至少 {target} 分（CC 3，CD 0，DC 5，DD 1）：",
        ),
    ),
)
