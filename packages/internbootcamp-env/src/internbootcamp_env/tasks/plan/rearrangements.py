"""Rearrange things by the moves that a puzzle allows.

Source: textbook puzzles; the rules are in the prompts. Plans are checked by carrying them out, and
where the fewest moves are asked for, against the length that an exhaustive search proves. Knob: the
number of pieces or of moves needed. (Long for the prompts of six tasks.)
"""

import itertools
from collections.abc import Iterator

from internbootcamp_env.answers import Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.state_search import meeting_plan, shortest_plan
from internbootcamp_env.task import Task

_BACK = {"U": "D", "D": "U", "L": "R", "R": "L"}
_WALK = Word(
    "UDLR",
    "Write the moves as one word of the letters U, D, L and R (up, down, left, right).",
    "用字母 U、D、L、R（上、下、左、右）连写成一个词。",
)


def _slides(board: str) -> Iterator[tuple[str, str]]:
    """Move the blank of a board of three columns."""
    at = board.index("_")
    for label, step, possible in (
        ("U", -3, at >= 3),
        ("D", 3, at + 3 < len(board)),
        ("L", -1, at % 3 > 0),
        ("R", 1, at % 3 < 2),
    ):
        if possible:
            low, high = sorted((at, at + step))
            yield (
                label,
                (
                    board[:low]
                    + board[high]
                    + board[low + 1 : high]
                    + board[low]
                    + board[high + 1 :]
                ),
            )


def _sliding(draws: Draws, level: int) -> dict | None:
    goal = "".join(draws.shuffled("12345678_"))
    board, last = goal, ""
    for _ in range(4 + level):
        options = [(label, after) for label, after in _slides(board) if _BACK[label] != last]
        last, board = draws.pick(options)
    return {"start": board, "goal": goal} if board != goal else None


def _slide_plan(question: dict) -> str:
    return "".join(meeting_plan(question["start"], question["goal"], _slides, _BACK.get) or [])


def _slide_plan_forwards(question: dict) -> str:
    plan = shortest_plan(question["start"], _slides, question["goal"].__eq__)
    return "".join(plan or [])


def _check_slides(question: dict, moves: str) -> str:
    board = question["start"]
    for move in moves[:100]:
        board = dict(_slides(board)).get(move, "")
        if not board:
            return f"the blank cannot move {move}"
    if len(moves) > 100 or board != question["goal"]:
        return "the plan does not end in the goal"
    least = len(_slide_plan(question))
    return "" if len(moves) == least else f"{len(moves)} moves; the fewest are {least}"


def _wrong_words(question: dict, answer: str, draws: Draws) -> list[str]:
    """Too short, too long, and one that undoes its first move."""
    return [answer[:-1] or "UUU", answer + answer[-1], answer[0] + _BACK[answer[0]] + answer]


def _show_boards(question: dict) -> dict:
    def lines(board: str) -> str:
        return "\n".join(" ".join(board[i : i + 3]) for i in range(0, 9, 3))

    return {"start": lines(question["start"]), "goal": lines(question["goal"])}


def _pancakes(draws: Draws, level: int) -> dict | None:
    count = 4 + level
    sizes = draws.sample(range(1, 60), count)
    flips = 2 * count - 3
    return {"sizes": sizes, "flips": flips} if sizes != sorted(sizes) else None


def _flip_plan(question: dict) -> list[int]:
    """Bring the largest unsorted pancake to the top, then to its place."""
    sizes, plan = list(question["sizes"]), []
    for end in range(len(sizes), 1, -1):
        at = sizes.index(max(sizes[:end])) + 1
        if at == end:
            continue
        for flip in (at, end):
            if flip > 1:
                plan.append(flip)
                sizes[:flip] = sizes[:flip][::-1]
    return plan


def _check_flips(question: dict, plan: list[int]) -> str:
    sizes = list(question["sizes"])
    if len(plan) > question["flips"]:
        return f"{len(plan)} flips; at most {question['flips']}"
    for flip in plan:
        if not 1 <= flip <= len(sizes):
            return f"cannot flip {flip} pancakes"
        sizes[:flip] = sizes[:flip][::-1]
    return "" if sizes == sorted(sizes) else "the stack is not sorted"


def _wrong_flips(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """Any flip of more than one pancake more or less leaves a sorted stack unsorted."""
    spoilt = [answer[:-1], [*answer, 2], [*answer, len(question["sizes"])], [*answer, 0]]
    return [" ".join(map(str, plan)) or "none" for plan in spoilt]


def _discs(draws: Draws, level: int) -> dict | None:
    """Draw two positions with one shortest plan only: moving the largest disc twice is longer."""
    count = 4 + (level > 2) + (level > 6)
    start, goal = draws.text("ABC", count), draws.text("ABC", count)
    if start[-1] == goal[-1]:
        return None
    lengths = [len(plan) for plan in _both_ways(start, goal)]
    return {"start": start, "goal": goal} if lengths[0] != lengths[1] else None


def _disc_moves(state: str) -> Iterator[tuple[str, str]]:
    """A state names the peg of every disc, the smallest first."""
    tops = {peg: state.index(peg) if peg in state else len(state) for peg in "ABC"}
    for source in "ABC":
        for target in "ABC":
            disc = tops[source]
            if disc < tops[target]:
                yield source + target, state[:disc] + target + state[disc + 1 :]


def _disc_plan(question: dict) -> list[str]:
    plan = meeting_plan(question["start"], question["goal"], _disc_moves, lambda m: m[::-1])
    return plan or []


def _disc_plan_by_theory(question: dict) -> list[str]:
    """Move the largest disc that differs once or twice, everything smaller out of the way."""
    start, goal = question["start"], question["goal"]
    while start and start[-1] == goal[-1]:
        start, goal = start[:-1], goal[:-1]
    return min(_both_ways(start, goal), key=len)


def _both_ways(start: str, goal: str) -> list[list[str]]:
    if not start:
        return [[]]
    third = ({"A", "B", "C"} - {start[-1], goal[-1]}).pop()
    return [_through(start, goal, [start[-1], goal[-1]]),
            _through(start, goal, [start[-1], third, goal[-1]])]  # fmt: skip


def _through(start: str, goal: str, stops: list[str]) -> list[str]:
    """Move the largest disc along some pegs, and the others so that they let it."""
    size, plan, state = len(start) - 1, [], start[:-1]
    for here, there in itertools.pairwise(stops):
        third = ({"A", "B", "C"} - {here, there}).pop()
        plan += [*_gather(state, third), here + there]
        state = third * size
    return plan + [move[::-1] for move in reversed(_gather(goal[:-1], state[:1]))]


def _gather(state: str, peg: str) -> list[str]:
    """Bring all discs onto one peg."""
    if not state:
        return []
    if state[-1] == peg:
        return _gather(state[:-1], peg)
    third = ({"A", "B", "C"} - {state[-1], peg}).pop()
    below = _gather(third * (len(state) - 1), peg)
    return [*_gather(state[:-1], third), state[-1] + peg, *below]


def _wrong_moves(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Too short, too long, one move to a place that does not exist, one undone."""
    spoilt = [answer[:-1], [*answer, answer[-1]], ["??", *answer[1:]], [*answer[1:], answer[0][:1]]]
    return [" ".join(plan) or "none" for plan in spoilt]


def _show_discs(question: dict) -> dict:
    def pegs(state: str) -> str:
        return ", ".join(
            f"{peg}: {' '.join(str(n + 1) for n, at in enumerate(state) if at == peg) or '-'}"
            for peg in "ABC"
        )

    return {"start": pegs(question["start"]), "goal": pegs(question["goal"])}


def _stacks(draws: Draws, level: int) -> dict | None:
    blocks = "ABCDEFGHIJKLMN"[: 4 + level]

    def piles() -> list[str]:
        row: list[str] = []
        for block in draws.shuffled(blocks):
            if row and draws.chance(3, 5):
                row[-1] += block
            else:
                row.append(block)
        return sorted(row)

    start, goal = piles(), piles()
    if start == goal:
        return None
    return {"start": start, "goal": goal, "most": 2 * len(blocks)}


def _stack_plan(question: dict, keep: bool = False) -> list[str]:
    """Unstack to the table, then build the goal; blocks already right may stay."""
    kept = (
        {pile[:i] for pile in question["goal"] for i in range(1, len(pile) + 1)} if keep else set()
    )
    plan, base = [], {}
    for pile in question["start"]:
        height = 1
        while keep and pile[:height] in kept and pile[: height + 1] in kept and height < len(pile):
            height += 1
        if keep and pile[:1] not in kept:
            height = 1
        plan += [block + "-" for block in reversed(pile[height:])]
        base[pile[0]] = height
    for pile in question["goal"]:
        start = base.get(pile[0], 0) if keep else 1
        plan += [top + below for below, top in itertools.pairwise(pile)][max(0, start - 1) :]
    return plan


def _check_stacks(question: dict, plan: list[str]) -> str:
    if len(plan) > question["most"]:
        return f"{len(plan)} moves; at most {question['most']}"
    piles = [list(pile) for pile in question["start"]]
    for move in plan:
        if len(move) != 2 or move[0] == move[1]:
            return f"{move!r} is not a move"
        source = next((pile for pile in piles if pile and pile[-1] == move[0]), None)
        target = next((pile for pile in piles if pile and pile[-1] == move[1]), None)
        if source is None or (move[1] != "-" and target is None):
            return f"{move!r}: a block is missing or covered"
        block = source.pop()
        if target is None:
            piles.append([block])
        else:
            target.append(block)
    ends = sorted("".join(pile) for pile in piles if pile)
    return "" if ends == question["goal"] else f"the plan ends with {' '.join(ends)}"


def _swaps(draws: Draws, level: int) -> dict | None:
    cards = draws.sample(range(1, 100), 4 + level // 2)
    goal = draws.shuffled(cards)
    return {"start": cards, "goal": goal} if cards != goal else None


def _swap_plan(question: dict, back: bool = False) -> list[int]:
    """Bubble each card into its place, from the left or from the right."""
    row, plan = list(question["start"]), []
    size = len(row)
    for place in range(size)[:: -1 if back else 1]:
        at = row.index(question["goal"][place])
        while at != place:
            left = at if back else at - 1
            row[left], row[left + 1] = row[left + 1], row[left]
            plan.append(left + 1)
            at += 1 if back else -1
    return plan


def _check_swaps(question: dict, plan: list[int]) -> str:
    row, goal = list(question["start"]), question["goal"]
    for left in plan:
        if not 1 <= left < len(row):
            return f"there is no pair {left}"
        row[left - 1], row[left] = row[left], row[left - 1]
    if row != goal:
        return "the row is not the goal"
    places = [goal.index(card) for card in question["start"]]
    least = sum(a > b for i, a in enumerate(places) for b in places[i + 1 :])
    return "" if len(plan) == least else f"{len(plan)} swaps; the fewest are {least}"


def _wrong_swaps(question: dict, answer: list[int], draws: Draws) -> list[str]:
    spoilt = [
        answer[:-1],
        [*answer, 1, 1],
        [*answer[:-1], len(question["start"])],
        [0, *answer[1:]],
    ]
    return [" ".join(map(str, plan)) or "none" for plan in spoilt]


def _wagons(draws: Draws, level: int) -> dict:
    """Make the goal by a random legal sequence, so that it can be reached."""
    count = 5 + level
    start = draws.sample(range(1, 100), count)
    side, goal, waiting = [], [], list(start)
    while len(goal) < count:
        if waiting and (not side or draws.chance(1, 2)):
            side.append(waiting.pop(0))
        else:
            goal.append(side.pop())
    return {"start": start, "goal": goal}


def _shunt(question: dict) -> str:
    side, plan, waiting = [], "", list(question["start"])
    for wagon in question["goal"]:
        while not side or side[-1] != wagon:
            side.append(waiting.pop(0))
            plan += "I"
        side.pop()
        plan += "O"
    return plan


def _shunt_by_search(question: dict) -> str:
    """Try both letters at every point and keep what agrees with the goal."""
    start, goal = question["start"], question["goal"]
    paths: list[tuple[str, int, tuple[int, ...]]] = [("", 0, ())]
    while paths:
        plan, used, side = paths.pop()
        done = plan.count("O")
        if done == len(goal):
            return plan
        if used < len(start):
            paths.append((plan + "I", used + 1, (*side, start[used])))
        if side and side[-1] == goal[done]:
            paths.append((plan + "O", used, side[:-1]))
    raise AssertionError("every goal drawn can be reached")


TASKS = (
    Task(
        id="plan.sliding_puzzle",
        title="Fewest slides between two positions of the eight puzzle",
        knob="moves needed",
        verifier="O",
        draw=_sliding,
        solve=_slide_plan,
        second=_slide_plan_forwards,
        check=_check_slides,
        wrong=_wrong_words,
        answer=_WALK,
        show=_show_boards,
        size=lambda q: len(_slide_plan(q)),
        en=(
            "Sliding puzzle: the blank _ swaps with a neighbour. Turn\n{start}\ninto\n{goal}\nwith "
            "as few moves of the blank as possible.",
            "Find a shortest sequence of moves of the blank _ (U, D, L, R) from\n{start}\nto\n"
            "{goal}",
            "{start}\n->\n{goal}\nblank moves:",
        ),
        zh=(
            "滑块拼图：空格 _ 与相邻格交换。用最少的空格移动把\n{start}\n变成\n{goal}",
            "求空格 _ 的最短移动序列（U、D、L、R），从\n{start}\n到\n{goal}",
            "{start}\n->\n{goal}\n空格移动：",
        ),
    ),
    Task(
        id="plan.pancakes",
        title="Sort a stack by turning over its top",
        knob="pancakes",
        verifier="C",
        draw=_pancakes,
        solve=_flip_plan,
        check=_check_flips,
        wrong=_wrong_flips,
        answer=Integers(),
        size=lambda q: len(q["sizes"]),
        en=(
            "A stack of pancakes has, from the top, the sizes {sizes}. A flip of n turns over the "
            "top n. Sort them with the smallest on top by at most {flips} flips.",
            "Sort {sizes} ascending by prefix reversals, at most {flips} of them. Give the lengths "
            "of the prefixes in order.",
            "Prefix reversals (at most {flips}) that sort {sizes}:",
        ),
        zh=(
            "一摞煎饼自上而下大小为 {sizes}。翻 n 表示把最上面 n 个整体翻转。用至多 {flips} 次翻转"
            "使最小的在最上、依次增大。",
            "用至多 {flips} 次前缀反转把 {sizes} 升序排列，依次给出前缀长度。",
            "前缀反转（至多 {flips} 次）排序 {sizes}：",
        ),
    ),
    Task(
        id="plan.hanoi",
        title="Fewest moves between two towers of Hanoi positions",
        knob="discs",
        draw=_discs,
        solve=_disc_plan_by_theory,
        second=_disc_plan,
        answer=Words(example="AA"),
        show=_show_discs,
        size=lambda q: len(q["start"]),
        en=(
            "Discs (1 smallest) lie on pegs A, B, C; a larger one never lies on a smaller one. "
            "From {start} reach {goal} with as few moves as possible (one plan is shortest); "
            "write AB for moving the top "
            "disc of A to B.",
            "Towers of Hanoi: give a shortest list of moves such as 'AC' from the position {start} "
            "to {goal} (numbers are disc sizes).",
            "Hanoi {start} -> {goal}",
        ),
        zh=(
            "圆盘（1 最小）在 A、B、C 三柱上，大盘不得压小盘。用最少步数从 {start} 到 {goal}；"
            "AB 表示把 A 最上面的盘移到 B。",
            "汉诺塔：给出从 {start} 到 {goal} 的最短移动序列，如“AC”（数字为盘的大小）。",
            "汉诺塔 {start} -> {goal}",
        ),
    ),
    Task(
        id="plan.blocks",
        title="Rebuild stacks of blocks",
        knob="blocks",
        verifier="C",
        draw=_stacks,
        solve=_stack_plan,
        another=lambda q: _stack_plan(q, keep=True),
        check=_check_stacks,
        wrong=_wrong_moves,
        answer=Words(),
        size=lambda q: q["most"],
        en=(
            "Stacks of blocks, each written from the table upwards: {start}. Build {goal} in at "
            "most {most} moves. AB puts the free block A on the free block B, A- puts A on the "
            "table.",
            "Plan at most {most} moves from the stacks {start} to {goal} (bottom first). A move "
            "'XY' places the top block X on the top block Y, 'X-' on the table.",
            "Blocks {start} -> {goal}, at most {most} moves:",
        ),
        zh=(
            "几摞积木，自下而上写出：{start}。用至多 {most} 步搭成 {goal}。AB 表示把无压的 A 放到"
            "无压的 B 上，A- 表示把 A 放到桌上。",
            "从 {start} 到 {goal}（先写底部）规划至多 {most} 步。“XY”把顶块 X 放到顶块 Y 上，“X-”"
            "放到桌上。",
            "积木 {start} -> {goal}，至多 {most} 步：",
        ),
    ),
    Task(
        id="plan.neighbour_swaps",
        title="Reorder a row with the fewest swaps of neighbours",
        knob="cards",
        verifier="O",
        draw=_swaps,
        solve=_swap_plan,
        second=lambda q: _swap_plan(q, back=True),
        check=_check_swaps,
        wrong=_wrong_swaps,
        answer=Integers(),
        en=(
            "Turn the row {start} into {goal} by swapping neighbours, with as few swaps as "
            "possible. Write i for swapping the cards at places i and i+1.",
            "Give a shortest sequence of adjacent swaps (the left place of each, counted from 1) "
            "from {start} to {goal}.",
            "Adjacent swaps {start} -> {goal}:",
        ),
        zh=(
            "通过交换相邻两张牌，用最少次数把 {start} 变成 {goal}。i 表示交换第 i 与第 i+1 张。",
            "给出从 {start} 到 {goal} 的最短相邻交换序列（写左边的位置，从 1 起）。",
            "相邻交换 {start} -> {goal}：",
        ),
    ),
    Task(
        id="plan.siding",
        title="Reorder wagons with one siding",
        knob="wagons",
        draw=_wagons,
        solve=_shunt,
        second=_shunt_by_search,
        answer=Word("IO", "Write one word of the letters I and O.", "写成由 I 和 O 组成的一个词。"),
        en=(
            "Wagons {start} arrive in this order, the first one first. I drives the next wagon "
            "into a dead-end siding, O drives the last one out of it. Which letters make them "
            "leave as {goal}?",
            "Using one stack, turn the sequence {start} into {goal}: I pushes the next item, O "
            "pops to the output. Give the word.",
            "Stack {start} -> {goal} (I/O):",
        ),
        zh=(
            "车厢按 {start} 的顺序到来（先写者先到）。I 把下一节开进尽头侧线，O 把侧线里最后一节开"
            "出。"
            "怎样的字母序列使其按 {goal} 离开？",
            "用一个栈把序列 {start} 变成 {goal}：I 压入下一项，O 弹出到输出。写出这个词。",
            "栈 {start} -> {goal}（I/O）：",
        ),
    ),
)
