"""Schedules: orders of jobs, shared machines, projects with precedence, common free time.

Source: textbook scheduling (Johnson's rule, critical paths, lot sizing, interval partition). Knob:
the number of jobs, people or periods.
(Long for the prompts of seven tasks.)
"""

import itertools

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _texts(plans: list[list[int]]) -> list[str]:
    return [" ".join(map(str, plan)) or "none" for plan in plans]


def _flow_jobs(draws: Draws, level: int) -> dict | None:
    count = 4 + level
    question = {"first": draws.integers(count, 1, 30), "second": draws.integers(count, 1, 30)}
    best = _makespan(question, _johnson(question))
    return question if _makespan(question, list(range(1, count + 1))) > best else None


def _makespan(question: dict, order: list[int]) -> int:
    a = b = 0
    for n in order:
        a += question["first"][n - 1]
        b = max(a, b) + question["second"][n - 1]
    return b


def _johnson(question: dict) -> list[int]:
    """First the jobs shorter on the first machine, rising; then the others, falling."""
    jobs = list(zip(question["first"], question["second"], itertools.count(1), strict=False))
    early = sorted((a, n) for a, b, n in jobs if a < b)
    late = sorted(((b, n) for a, b, n in jobs if a >= b), reverse=True)
    return [n for _, n in early + late]


def _johnson_by_picking(question: dict) -> list[int]:
    """Repeatedly take the shortest time left: to the front if on machine one, else to the back."""
    left = {n + 1: pair for n, pair in
            enumerate(zip(question["first"], question["second"], strict=True))}  # fmt: skip
    front: list[int] = []
    back: list[int] = []
    while left:
        n = min(left, key=lambda n: (min(left[n]), -n))
        a, b = left.pop(n)
        if a <= b:
            front.append(n)
        else:
            back.insert(0, n)
    return front + back


def _check_flow(question: dict, plan: list[int]) -> str:
    if sorted(plan) != list(range(1, len(question["first"]) + 1)):
        return "every job must stand in the order once"
    time, best = _makespan(question, plan), _makespan(question, _johnson(question))
    return "" if time == best else f"takes {time}; the best is {best}"


def _wrong_flow(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """The order of the numbers is worse, as drawn."""
    return _texts([sorted(answer), answer[:-1], [*answer, 1], [answer[0], *answer[:-1]]])


def _loads(draws: Draws, level: int) -> dict:
    return {"times": draws.integers(6 + level, 3, 20 + 10 * level)}


def _halves(question: dict) -> list[int]:
    """Reach every sum below half with one set of jobs; take the largest."""
    times = question["times"]
    best: dict[int, tuple[int, ...]] = {0: ()}
    for n, time in enumerate(times, start=1):
        for total, chosen in list(best.items()):
            if 2 * (total + time) <= sum(times):
                best.setdefault(total + time, (*chosen, n))
    return list(best[max(best)])


def _check_halves(question: dict, plan: list[int]) -> str:
    times = question["times"]
    if len(set(plan)) != len(plan) or not all(1 <= n <= len(times) for n in plan):
        return "a job comes twice or does not exist"
    here = sum(times[n - 1] for n in plan)
    there = sum(times) - here
    best = sum(times) - sum(times[n - 1] for n in _halves(question))
    return "" if max(here, there) == best else f"ends at {max(here, there)}; the best is {best}"


def _other_half(question: dict) -> list[int]:
    mine = set(_halves(question))
    return [n for n in range(1, len(question["times"]) + 1) if n not in mine]


def _halves_by_split(question: dict) -> list[int]:
    """Meet in the middle: the sums of either half of the list, in order, from both ends."""
    times, count = question["times"], len(question["times"])
    sides = []
    for part in (range(1, count // 2 + 1), range(count // 2 + 1, count + 1)):
        sums: list[tuple[int, tuple[int, ...]]] = [(0, ())]
        for n in part:
            sums += [(total + times[n - 1], (*chosen, n)) for total, chosen in sums]
        sides.append(sorted(sums))
    best, high = (-1, ()), len(sides[1]) - 1
    for total, chosen in sides[0]:
        while high >= 0 and 2 * (total + sides[1][high][0]) > sum(times):
            high -= 1
        if high >= 0:
            best = max(best, (total + sides[1][high][0], (*chosen, *sides[1][high][1])))
    return list(best[1])


def _wrong_halves(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """All on one machine is the worst."""
    every = list(range(1, len(question["times"]) + 1))
    return _texts([every, [*answer, answer[0]], [*answer, 99], [0, *answer]])


def _network(draws: Draws, level: int) -> dict:
    count = 5 + level
    needs = [sorted(draws.sample(range(1, n + 1), min(n, draws.below(3)))) for n in range(count)]
    return {"times": draws.integers(count, 1, 20), "needs": needs}


def _finishes(question: dict) -> list[int]:
    ends: list[int] = []
    for time, needs in zip(question["times"], question["needs"], strict=True):
        ends.append(time + max((ends[n - 1] for n in needs), default=0))
    return ends


def _finishes_by_days(question: dict) -> list[int]:
    """Let the clock run: start what is possible, note what ends."""
    count = len(question["times"])
    ends: dict[int, int] = {}
    begun: dict[int, int] = {}
    clock = 0
    while len(ends) < count:
        for n, start in begun.items():
            if n not in ends and start + question["times"][n - 1] <= clock:
                ends[n] = clock
        for n in range(1, count + 1):
            if n not in begun and all(m in ends for m in question["needs"][n - 1]):
                begun[n] = clock
        clock += 1
    return [ends[n] for n in range(1, count + 1)]


def _show_network(question: dict) -> dict:
    lines = [
        f"{n}: {time} days" + (f", after {' '.join(map(str, needs))}" if needs else "")
        for n, (time, needs) in enumerate(zip(question["times"], question["needs"], strict=True), 1)
    ]
    return {"tasks": "\n".join(lines)}


def _critical(question: dict) -> list[int]:
    """Tasks whose latest finish equals their earliest."""
    ends, count = _finishes(question), len(question["times"])
    latest = [max(ends)] * count
    for n in range(count, 0, -1):
        for need in question["needs"][n - 1]:
            latest[need - 1] = min(latest[need - 1], latest[n - 1] - question["times"][n - 1])
    return [n for n in range(1, count + 1) if latest[n - 1] == ends[n - 1]]


def _critical_by_delay(question: dict) -> list[int]:
    """Make each task a day longer and see whether the project is."""
    end, result = max(_finishes(question)), []
    for n in range(len(question["times"])):
        times = list(question["times"])
        times[n] += 1
        if max(_finishes(question | {"times": times})) > end:
            result.append(n + 1)
    return result


def _demands(draws: Draws, level: int) -> dict:
    return {
        "demands": draws.integers(3 + level, 5, 60),
        "setup": draws.between(40, 150),
        "holding": draws.between(1, 3),
    }


def _lots(question: dict) -> int:
    """Least cost of the first periods, by the period of the last production."""
    demands, best = question["demands"], [0]
    for end in range(1, len(demands) + 1):
        options = []
        for start in range(end):
            stored = sum((n - start) * demands[n] for n in range(start, end))
            options.append(best[start] + question["setup"] + question["holding"] * stored)
        best.append(min(options))
    return best[-1]


def _lots_by_stock(question: dict) -> int:
    """Go through the periods with the cost of every stock that may be left."""
    left = {0: 0}
    demands = question["demands"]
    for n, demand in enumerate(demands):
        after: dict[int, int] = {}
        later = list(itertools.accumulate(demands[n + 1 :], initial=0))
        for stock, cost in left.items():
            ends = [(stock - demand, cost)] if stock >= demand else []
            ends += [(rest, cost + question["setup"]) for rest in later if not stock]
            for rest, paid in ends:
                paid += question["holding"] * rest
                after[rest] = min(paid, after.get(rest, paid))
        left = after
    return left[0]


def _meetings(draws: Draws, level: int) -> dict:
    rows = []
    for _ in range(4 + 2 * level):
        start = draws.between(0, 40 + 8 * level)
        rows.append([start, start + draws.between(3, 25)])
    return {"meetings": rows}


def _rooms(question: dict, reverse: bool = False) -> list[int]:
    """By start, always the lowest free room (or the highest of those in use)."""
    meetings = question["meetings"]
    rooms = [0] * len(meetings)
    ends: list[int] = []
    for n in sorted(range(len(meetings)), key=lambda n: meetings[n]):
        free = [room for room, end in enumerate(ends) if end <= meetings[n][0]]
        if free:
            room = free[-1] if reverse else free[0]
            ends[room] = meetings[n][1]
        else:
            room = len(ends)
            ends.append(meetings[n][1])
        rooms[n] = room + 1
    return rooms


def _check_rooms(question: dict, plan: list[int]) -> str:
    meetings = question["meetings"]
    if len(plan) != len(meetings) or not all(1 <= room <= len(meetings) for room in plan):
        return "one room number per meeting"
    for (a, room), (b, other) in itertools.combinations(zip(meetings, plan, strict=True), 2):
        if room == other and a[0] < b[1] and b[0] < a[1]:
            return f"room {room} is used twice at once"
    least = len(set(_rooms(question)))
    used = len(set(plan))
    return "" if used == least else f"{used} rooms; the fewest are {least}"


def _wrong_rooms(question: dict, answer: list[int], draws: Draws) -> list[str]:
    every = list(range(1, len(answer) + 1))
    more = [every] if len(set(answer)) < len(answer) else []
    return _texts([*more, [1] * len(answer), answer[:-1], [0, *answer[1:]]])


def _show_meetings(question: dict) -> dict:
    lines = [f"{n}: {a}-{b}" for n, (a, b) in enumerate(question["meetings"], start=1)]
    return {"meetings": "\n".join(lines)}


def _calendars(draws: Draws, level: int) -> dict | None:
    people = []
    for _ in range(3 + level // 3):
        person: list[list[int]] = []
        at = 0
        for _ in range(3 + level // 4):
            at += 5 * draws.between(1, 24)
            person.append([at, at + 5 * draws.between(2, 8)])
            at = person[-1][1]
        people.append(person)
    question = {"busy": people, "length": draws.between(3, 8) * 5}
    last = max(person[-1][1] for person in people)
    return question if 0 < _common(question) < last else None


def _common(question: dict) -> int:
    """Merge all busy times and look for the first gap that is long enough."""
    at = 0
    for start, end in sorted(row for person in question["busy"] for row in person):
        if start - at >= question["length"]:
            return at
        at = max(at, end)
    return at


def _common_by_minutes(question: dict) -> int:
    taken = {
        minute
        for person in question["busy"]
        for start, end in person
        for minute in range(start, end)
    }
    at = 0
    while any(minute in taken for minute in range(at, at + question["length"])):
        at += 1
    return at


def _show_busy(question: dict) -> dict:
    lines = [
        f"{n}: {', '.join(f'{a}-{b}' for a, b in person)}"
        for n, person in enumerate(question["busy"], start=1)
    ]
    return {"busy": "\n".join(lines), "length": question["length"]}


TASKS = (
    Task(
        id="plan.two_machine_flow",
        title="Order of jobs through two machines",
        knob="jobs",
        verifier="O",
        draw=_flow_jobs,
        solve=_johnson,
        second=_johnson_by_picking,
        check=_check_flow,
        wrong=_wrong_flow,
        answer=Integers(),
        en=(
            "Jobs 1, 2, ... need {first} minutes on machine A and then {second} on machine B. Each "
            "machine does one job at a time, both in the same order. Give an order in which all is "
            "done soonest.",
            "Two-machine flow shop: times {first} on the first machine, {second} on the second. "
            "Which permutation of the jobs minimises the finishing time?",
            "Flow shop A {first}; B {second}; order:",
        ),
        zh=(
            "作业 1、2… 先在机器 A 上需 {first} 分钟，再在机器 B 上需 {second} 分钟。每台机器一次"
            "做一个，"
            "两台顺序相同。给出最早全部完成的顺序。",
            "两机流水作业：第一台时间 {first}，第二台 {second}。哪个作业排列使完工时间最小？",
            "流水作业 A {first}；B {second}；顺序：",
        ),
    ),
    Task(
        id="plan.two_machines",
        title="Share jobs between two equal machines",
        knob="jobs",
        verifier="O",
        draw=_loads,
        solve=_halves,
        second=_halves_by_split,
        another=_other_half,
        check=_check_halves,
        wrong=_wrong_halves,
        answer=Integers(ordered=False),
        en=(
            "Jobs 1, 2, ... take {times} minutes. Two equal machines share them; which jobs does "
            "one machine get so that all is done as soon as possible?",
            "Split {times} into two groups whose larger sum is as small as possible; give the "
            "positions (from 1) of one group.",
            "Even split of {times}, positions of one part:",
        ),
        zh=(
            "作业 1、2… 需 {times} 分钟，由两台相同的机器分担。要尽早全部完成，其中一台做哪些作业"
            "？",
            "把 {times} 分成两组，使较大的和尽量小；写出其中一组的位置（从 1 起）。",
            "平分 {times}，一组的位置：",
        ),
    ),
    Task(
        id="plan.earliest_finish",
        title="Earliest finish of every task of a project",
        knob="tasks",
        draw=_network,
        solve=_finishes,
        second=_finishes_by_days,
        answer=Integers(),
        show=_show_network,
        size=lambda q: len(q["times"]),
        en=(
            "A project has these tasks, with what must be finished before:\n{tasks}\nWithout limit "
            "on hands, on which day does each task end at the earliest? List them in order.",
            "Give the earliest finishing time of each task, starting at 0:\n{tasks}",
            "{tasks}\nearliest ends:",
        ),
        zh=(
            "项目有下列任务（after 后为须先完成者）：\n{tasks}\n人手不限，各任务最早在第几天末完成"
            "？按顺序列出。",
            "从 0 开始，写出每个任务的最早完成时间：\n{tasks}",
            "{tasks}\n最早完成：",
        ),
    ),
    Task(
        id="plan.critical_tasks",
        title="Critical tasks of a project",
        knob="tasks",
        draw=_network,
        solve=_critical,
        second=_critical_by_delay,
        answer=Integers(ordered=False),
        show=_show_network,
        size=lambda q: len(q["times"]),
        en=(
            "Which tasks of this project are critical, so that a delay of any one of them delays "
            "the end of the whole?\n{tasks}",
            "List the tasks without slack (their delay postpones the last finishing "
            "date):\n{tasks}",
            "{tasks}\ncritical:",
        ),
        zh=(
            "这个项目中哪些任务是关键的，即推迟其中任何一个都会推迟总工期？\n{tasks}",
            "列出没有时差的任务（其推迟会使最后完工日推迟）：\n{tasks}",
            "{tasks}\n关键任务：",
        ),
    ),
    Task(
        id="plan.lot_sizes",
        title="Least cost of production and storage",
        knob="periods",
        draw=_demands,
        solve=_lots,
        second=_lots_by_stock,
        answer=Integer(),
        en=(
            "Demands of consecutive months: {demands}. A month in which anything is produced costs "
            "{setup}; each unit kept into the next month costs {holding}. Demand is always met. "
            "What is the least total cost?",
            "Lot sizing: demands {demands}, set-up cost {setup} per production period, holding "
            "cost {holding} per unit and period. Give the minimal cost.",
            "Demands {demands}, set-up {setup}, holding {holding}; least cost:",
        ),
        zh=(
            "连续各月需求：{demands}。有生产的月份花费 {setup}；每件存到下月花费 {holding}。需求须"
            "满足。"
            "总费用最少是多少？",
            "批量问题：需求 {demands}，每个生产期固定费 {setup}，每件每期存储费 {holding}。求最小"
            "费用。",
            "需求 {demands}，固定费 {setup}，存储费 {holding}；最小费用：",
        ),
    ),
    Task(
        id="plan.rooms",
        title="Fewest rooms for given meetings",
        knob="meetings",
        verifier="O",
        draw=_meetings,
        solve=_rooms,
        second=lambda q: _rooms(q, reverse=True),
        check=_check_rooms,
        wrong=_wrong_rooms,
        answer=Integers(),
        show=_show_meetings,
        en=(
            "Meetings from start to end:\n{meetings}\nGive each a room number so that no room is "
            "used twice at once (one may start when another ends) with as few rooms as possible.",
            "Colour these intervals with the fewest colours 1, 2, ... so that overlapping ones "
            "differ (touching ends do not overlap); list the colours in order:\n{meetings}",
            "{meetings}\nrooms, fewest:",
        ),
        zh=(
            "会议起止时间：\n{meetings}\n给每个会议一个房间号，同一房间不得同时使用（首尾相接可以"
            "），"
            "房间尽量少。",
            "用最少的颜色 1、2… 给区间着色，重叠者不同色（端点相接不算重叠），按顺序列出："
            "\n{meetings}",
            "{meetings}\n最少房间：",
        ),
    ),
    Task(
        id="plan.common_slot",
        title="Earliest time at which all are free",
        knob="people",
        draw=_calendars,
        solve=_common,
        second=_common_by_minutes,
        answer=Integer(),
        echoes=True,
        show=_show_busy,
        en=(
            "Minutes of the day at which each person is busy (up to, not including, the "
            "end):\n{busy}\nWhat is the earliest minute from 0 on at which all are free for "
            "{length} minutes in a row?",
            "Find the first start of a common free stretch of {length} minutes, given the busy "
            "times\n{busy}",
            "{busy}\nfirst common {length} minutes:",
        ),
        zh=(
            "各人当天的忙碌分钟（含起点，不含终点）：\n{busy}\n从 0 起，最早在第几分钟开始所有人连"
            "续空闲 "
            "{length} 分钟？",
            "已知忙碌时间，求首个长 {length} 分钟的共同空闲段的起点：\n{busy}",
            "{busy}\n首个共同 {length} 分钟：",
        ),
    ),
)
