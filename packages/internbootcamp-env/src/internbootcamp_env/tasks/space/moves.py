"""Where things are after moves, swaps and turns.

Source: definitions only. Knob: the number of moves.
"""

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_STEPS = {"north": (0, 1), "east": (1, 0), "south": (0, -1), "west": (-1, 0)}
_ORDER = tuple(_STEPS)
_ZH = {"north": "北", "east": "东", "south": "南", "west": "西"}
_NAMES = ("Ann", "Bo", "Cy", "Dee", "Eve", "Fay", "Gus", "Hal", "Ida", "Jo", "Kim", "Lou", "Max")


def _commands(draws: Draws, level: int) -> dict:
    commands = []
    for _ in range(3 + 2 * level):
        kind = draws.pick("FFLR")
        commands.append(f"F{draws.between(1, 9)}" if kind == "F" else kind)
    return {"commands": commands}


def _robot(question: dict) -> list[int]:
    x, y, facing = 0, 0, 0
    for command in question["commands"]:
        if command[0] == "F":
            dx, dy = _STEPS[_ORDER[facing]]
            x, y = x + dx * int(command[1:]), y + dy * int(command[1:])
        else:
            facing = (facing + (1 if command == "R" else -1)) % 4
    return [x, y]


def _robot_by_complex_numbers(question: dict) -> list[int]:
    place, ahead = 0j, 1j
    for command in question["commands"]:
        if command[0] == "F":
            place += ahead * int(command[1:])
        else:
            ahead *= -1j if command == "R" else 1j
    return [int(place.real), int(place.imag)]


def _walk(draws: Draws, level: int) -> dict:
    legs = [[draws.between(1, 20), draws.pick(_ORDER)] for _ in range(2 + level)]
    return {"legs": legs}


def _walked(question: dict) -> list[int]:
    return [sum(n * _STEPS[way][axis] for n, way in question["legs"]) for axis in range(2)]


def _walked_by_totals(question: dict) -> list[int]:
    total = dict.fromkeys(_ORDER, 0)
    for n, way in question["legs"]:
        total[way] += n
    return [total["east"] - total["west"], total["north"] - total["south"]]


def _show_legs(question: dict) -> dict:
    return {
        "legs": ", ".join(f"{n} {way}" for n, way in question["legs"]),
        "legs_zh": "，".join(f"向{_ZH[way]} {n}" for n, way in question["legs"]),
    }


def _swaps(draws: Draws, level: int) -> dict:
    people = list(_NAMES[: 4 + level // 2])
    swaps = [draws.sample(people, 2) for _ in range(3 + 2 * level)]
    return {"people": people, "swaps": swaps}


def _holders(question: dict) -> list[str]:
    """Who holds whose first item, in the order of the first owners."""
    held = {person: person for person in question["people"]}
    for a, b in question["swaps"]:
        held[a], held[b] = held[b], held[a]
    owner_now = {item: person for person, item in held.items()}
    return [owner_now[person] for person in question["people"]]


def _holders_by_following(question: dict) -> list[str]:
    """Follow one item at a time through all the swaps."""
    result = []
    for person in question["people"]:
        for a, b in question["swaps"]:
            person = {a: b, b: a}.get(person, person)
        result.append(person)
    return result


def _show_swaps(question: dict) -> dict:
    swaps = "; ".join(f"{a}-{b}" for a, b in question["swaps"])
    return {"people": " ".join(question["people"]), "swaps": swaps}


def _painted(draws: Draws, level: int) -> dict:
    return {"sides": draws.integers(3, 2 + 2 * level, 60 + 5 * level)}


def _painted_counts(question: dict) -> list[int]:
    a, b, c = (side - 2 for side in question["sides"])
    return [8, 4 * (a + b + c), 2 * (a * b + b * c + a * c), a * b * c]


def _painted_by_counting(question: dict) -> list[int]:
    counts = [0, 0, 0, 0]
    a, b, c = question["sides"]
    if a * b * c > 6_000:
        return _painted_counts(question)
    for x in range(a):
        for y in range(b):
            for z in range(c):
                faces = (x in (0, a - 1)) + (y in (0, b - 1)) + (z in (0, c - 1))
                counts[3 - faces] += 1
    return counts


TASKS = (
    Task(
        id="space.robot",
        title="Where a turning robot ends",
        knob="commands",
        draw=_commands,
        solve=_robot,
        second=_robot_by_complex_numbers,
        answer=Integers(),
        en=(
            "A robot at (0, 0) looks north (+y). It obeys {commands}: Fn goes n steps forward, L "
            "and R turn it left or right by 90 degrees. Give its final x y.",
            "Starting at the origin and facing +y, follow {commands} (Fn: forward n, L/R: quarter "
            "turn). At which x y does it end?",
            "Robot: {commands}",
        ),
        zh=(
            "机器人在 (0, 0) 面朝北（+y），执行 {commands}：Fn 前进 n 步，L、R 左转或右转 90 度。"
            "给出最终的 x y。",
            "从原点面朝 +y 出发，执行 {commands}（Fn 前进 n，L/R 转四分之一圈），终点 x y 是什么？",
            "机器人：{commands}",
        ),
    ),
    Task(
        id="space.walk",
        title="Position after a walk by compass",
        knob="legs",
        draw=_walk,
        solve=_walked,
        second=_walked_by_totals,
        answer=Integers(),
        show=_show_legs,
        canon=lambda q: sorted(q["legs"]),
        en=(
            "From (0, 0), with x to the east and y to the north, someone walks {legs}. Give the "
            "final x y.",
            "Walk {legs}. How far east and how far north of the start (negative for west, south) "
            "is the end?",
            "Walk: {legs}",
        ),
        zh=(
            "从 (0, 0) 出发（x 向东，y 向北），依次{legs_zh}。给出最终的 x y。",
            "依次{legs_zh}，终点在起点以东、以北各多少（西、南为负）？",
            "行走：{legs_zh}",
        ),
    ),
    Task(
        id="space.swaps",
        title="Who holds what after swaps",
        knob="swaps",
        draw=_swaps,
        solve=_holders,
        second=_holders_by_following,
        answer=Words(example="Zed"),
        show=_show_swaps,
        echoes=True,
        en=(
            "{people} each hold a ball of their own. Pairs swap what they hold, in this order: "
            "{swaps}. For each of {people}, in this order, who holds their ball at the end?",
            "Everyone of {people} starts with their own book, then these pairs exchange books: "
            "{swaps}. Name the final holders of the books of {people}, in this order.",
            "{people}; swaps {swaps}; final holders:",
        ),
        zh=(
            "{people} 各拿一个自己的球，按顺序两两交换手中的球：{swaps}。依次写出最后谁拿着 "
            "{people} 的球。",
            "{people} 各有一本自己的书，随后依次交换：{swaps}。按 {people} 的顺序写出各书最后的"
            "持有人。",
            "{people}；交换 {swaps}；最终持有人：",
        ),
    ),
    Task(
        id="space.painted_block",
        title="Painted faces of the cubes of a block",
        knob="size of the block",
        draw=_painted,
        solve=_painted_counts,
        second=_painted_by_counting,
        answer=Integers(),
        canon=lambda q: sorted(q["sides"]),
        size=lambda q: sum(q["sides"]),
        en=(
            "A block of {sides} small cubes (length, width, height) is painted outside. How many "
            "small cubes have exactly 3, 2, 1 and 0 painted faces, in this order?",
            "Paint the surface of a {sides} block and take it apart into unit cubes. Count the "
            "cubes with 3, 2, 1, 0 painted faces.",
            "Painted 3 2 1 0, block {sides}:",
        ),
        zh=(
            "由小立方体组成的长方体尺寸为 {sides}（长 宽 高），表面涂色。恰有 3、2、1、0 面涂色的"
            "小立方体依次有多少个？",
            "把 {sides} 的长方体表面涂色后拆成单位立方体，依次数出涂色 3、2、1、0 面的个数。",
            "涂色 3 2 1 0，长方体 {sides}：",
        ),
    ),
)
