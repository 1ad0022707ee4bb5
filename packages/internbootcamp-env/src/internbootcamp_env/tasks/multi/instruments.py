"""Work an instrument whose inner workings are hidden: probe, reason, then set or name.

Source: textbook methods (interpolation, columns of a matrix, fault diagnosis by back-tracing).
The solver uses only what the instrument shows. Knob: degree, dials, gates or boards.
"""

from fractions import Fraction

from internbootcamp_env.draws import Draws
from internbootcamp_env.episodes import MultiTurnTask, World
from internbootcamp_env.errors import UnparsableAnswer

from .search import read_integers


def _value(coefficients: list[int], x: int) -> int:
    total = 0
    for c in reversed(coefficients):
        total = total * x + c
    return total


class _Polynomial(World):
    def act(self, action: str) -> str:
        verb, _, rest = action.lower().partition(" ")
        (number,) = read_integers(rest, 1)
        question = self.question
        if verb == "value":
            right = number == _value(question["coefficients"], question["at"])
            return self.win() if right else self.lose("another value", "值不对")
        if verb != "f" or abs(number) > 20:
            raise UnparsableAnswer("'f x' with x from -20 to 20, or 'value y'")
        return f"f({number}) = {_value(question['coefficients'], number)}"


def _polynomial(draws: Draws, level: int) -> dict:
    degree = 1 + (level + 1) // 2
    coefficients = [*draws.integers(degree, -9 - level, 9 + level), draws.between(1, 5)]
    at = draws.between(30, 50 + 5 * level)
    return {"degree": degree, "coefficients": coefficients, "at": at, "budget": degree + 2}


def _interpolate(question: dict, start: int = 0) -> list[str]:
    xs = list(range(start, start + question["degree"] + 1))
    ys = [_value(question["coefficients"], x) for x in xs]
    total = Fraction(0)
    for i, x in enumerate(xs):
        term = Fraction(ys[i])
        for other in xs:
            if other != x:
                term *= Fraction(question["at"] - other, x - other)
        total += term
    return [*(f"f {x}" for x in xs), f"value {total}"]


class _Dials(World):
    """Readings are a hidden linear function of the dials; the goal is a row of readings."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.dials = [0] * len(question["goal"])

    def readings(self) -> list[int]:
        """Return what the instrument shows."""
        rows = zip(self.question["matrix"], self.question["offset"], strict=True)
        return [
            base + sum(a * d for a, d in zip(row, self.dials, strict=True)) for row, base in rows
        ]

    def act(self, action: str) -> str:
        dial, change = read_integers(action, 2)
        if not 1 <= dial <= len(self.dials) or abs(change) > 1_000:
            raise UnparsableAnswer(f"a dial from 1 to {len(self.dials)} and a change up to 1000")
        self.dials[dial - 1] += change
        now = self.readings()
        return self.win() if now == self.question["goal"] else " ".join(map(str, now))


def _dials(draws: Draws, level: int) -> dict | None:
    """A product of a lower and an upper triangle with ones: integer, and so is its inverse."""
    count = 2 + level // 3
    reach = 1 + level // 4
    lower = [[draws.between(-reach, reach) if j < i else int(i == j) for j in range(count)]
             for i in range(count)]  # fmt: skip
    upper = [[draws.between(-reach, reach) if j > i else int(i == j) for j in range(count)]
             for i in range(count)]  # fmt: skip
    matrix = [
        [sum(lower[i][k] * upper[k][j] for k in range(count)) for j in range(count)]
        for i in range(count)
    ]
    offset = draws.integers(count, 0, 20 + 5 * level)
    wanted = draws.integers(count, -6 - level, 6 + level)
    goal = [
        base + sum(a * d for a, d in zip(row, wanted, strict=True))
        for row, base in zip(matrix, offset, strict=True)
    ]
    question = {"matrix": matrix, "offset": offset, "goal": goal, "budget": 2 * count}
    return question if all(n not in (0, 1) for n in wanted) else None


def _solve_linear(rows: list[list[Fraction]]) -> list[Fraction]:
    """Solve an augmented system by elimination with row exchange."""
    size = len(rows)
    for i in range(size):
        pivot = next(r for r in range(i, size) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for r in range(size):
            if r != i and rows[r][i]:
                rows[r] = [a - rows[r][i] * b for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[-1] for row in rows]


def _adjust(question: dict, backwards: bool = False) -> list[str]:
    """Turn each dial by one, learn its column, then turn each by what is still missing."""
    world = _Dials(question)
    count = len(question["goal"])
    order = list(range(count))[:: -1 if backwards else 1]
    log, before, columns = [], world.readings(), {}
    for dial in order:
        log.append(f"{dial + 1} 1")
        world.take(log[-1])
        after = world.readings()
        columns[dial] = [b - a for a, b in zip(before, after, strict=True)]
        before = after
    rows = [
        [
            *(Fraction(columns[j][i]) for j in range(count)),
            Fraction(question["goal"][i] - before[i]),
        ]
        for i in range(count)
    ]
    missing = _solve_linear(rows)
    turns = [f"{dial + 1} {missing[dial]}" for dial in order if missing[dial]]
    return log + turns


_GATES = {"AND": int.__and__, "OR": int.__or__, "XOR": int.__xor__}


def _signals(question: dict, fault: int | None) -> dict[str, int]:
    """Return the value on every wire; the faulty gate gives the opposite."""
    values = {f"x{n}": bit for n, bit in enumerate(question["inputs"], start=1)}
    for number, (kind, a, b) in enumerate(question["gates"], start=1):
        values[f"g{number}"] = _GATES[kind](values[a], values[b]) ^ (number == fault)
    return values


class _Circuit(World):
    def act(self, action: str) -> str:
        verb, _, gate = action.lower().partition(" ")
        number = int(gate[1:]) if gate[1:].isdecimal() and len(gate) < 5 else 0
        if verb not in ("probe", "fault") or gate[:1] != "g":
            raise UnparsableAnswer("'probe g3' or 'fault g3'")
        if not 1 <= number <= len(self.question["gates"]):
            raise UnparsableAnswer(f"gates from g1 to g{len(self.question['gates'])}")
        if verb == "probe":
            return f"{gate} = {_signals(self.question, self.question['fault'])[f'g{number}']}"
        right = number == self.question["fault"]
        return self.win() if right else self.lose("that gate is sound", "这个门没有坏")


def _circuit(draws: Draws, level: int) -> dict:
    """Draw the faulty gate evenly, then circuits until its fault reaches the last gate."""
    count = 10 + 2 * level
    fault, last = draws.between(1, count), f"g{count}"
    while True:
        inputs = draws.integers(4, 0, 1)
        wires, gates = [f"x{n}" for n in range(1, 5)], []
        for number in range(1, count + 1):
            gates.append([draws.pick(list(_GATES)), *draws.sample(wires[-6:], 2)])
            wires.append(f"g{number}")
        question = {"inputs": inputs, "gates": gates, "fault": fault, "budget": 0, "last": last}
        seen = _signals(question, fault)[last]
        if seen != _signals(question, None)[last]:
            question["seen"] = seen
            turns = max(len(_back_trace(question)), len(_back_trace(question, flip=True)))
            return question | {"budget": turns + 1}


def _back_trace(question: dict, flip: bool = False) -> list[str]:
    """Follow a wrong signal back until a gate is wrong although its inputs are right."""
    real, meant = _signals(question, question["fault"]), _signals(question, None)
    gate, log = question["last"], []
    while True:
        _, *sources = question["gates"][int(gate[1:]) - 1]
        for source in sources[:: -1 if flip else 1]:
            if source[0] == "g" and f"probe {source}" not in log:
                log.append(f"probe {source}")
                if real[source] != meant[source]:
                    gate = source
                    break
        else:
            return [*log, f"fault {gate}"]


def _show_circuit(question: dict) -> dict:
    lines = [f"g{n} = {a} {kind} {b}" for n, (kind, a, b) in enumerate(question["gates"], 1)]
    inputs = " ".join(f"x{n}={bit}" for n, bit in enumerate(question["inputs"], start=1))
    return question | {"gates": "\n".join(lines), "inputs": inputs}


class _Crossing(World):
    """Switch sets of signals; each signal's set of others that it flips is hidden."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.lights = list(question["lights"])

    def act(self, action: str) -> str:
        (button,) = read_integers(action, 1)
        if not 1 <= button <= len(self.lights):
            raise UnparsableAnswer(f"a button from 1 to {len(self.lights)}")
        for light in self.question["wiring"][button - 1]:
            self.lights[light] ^= 1
        if not any(self.lights):
            return self.win()
        return "".join(map(str, self.lights))


def _lights(draws: Draws, level: int) -> dict | None:
    """Buttons with a triangular wiring under a hidden order: every pattern can be put out."""
    count = 4 + level
    order = draws.shuffled(range(count))
    wiring = []
    for place, light in enumerate(order):
        later = order[place + 1 :]
        wiring.append([light, *draws.sample(later, min(len(later), draws.below(3)))])
    names = draws.shuffled(range(count))
    wiring = [sorted(wiring[name]) for name in names]
    lights = draws.integers(count, 0, 1)
    if not any(lights):
        return None
    return {"lights": lights, "wiring": wiring, "budget": 2 * count}


def _put_out(question: dict, backwards: bool = False) -> list[str]:
    """Press every button once to learn what it flips, then the right subset again."""
    world, log = _Crossing(question), []
    count = len(question["lights"])
    learnt: dict[int, int] = {}
    for button in list(range(count))[:: -1 if backwards else 1]:
        before = list(world.lights)
        log.append(str(button + 1))
        world.take(log[-1])
        if world.outcome is not None:
            return log
        pairs = enumerate(zip(before, world.lights, strict=True))
        learnt[button] = sum(1 << n for n, (a, b) in pairs if a != b)
    goal = sum(bit << n for n, bit in enumerate(world.lights))
    return log + [str(button + 1) for button in _subset(learnt, goal)]


def _subset(masks: dict[int, int], goal: int) -> list[int]:
    """Return keys whose masks have the exclusive or `goal` (elimination over two elements)."""
    basis: dict[int, tuple[int, int]] = {}
    for key, mask in masks.items():
        used = 1 << key
        while mask and (top := mask.bit_length()) in basis:
            mask, used = mask ^ basis[top][0], used ^ basis[top][1]
        if mask:
            basis[mask.bit_length()] = (mask, used)
    used = 0
    while goal:
        part = basis[goal.bit_length()]
        goal, used = goal ^ part[0], used ^ part[1]
    return [key for key in masks if used >> key & 1]


TASKS = (
    MultiTurnTask(
        id="multi.polynomial_probe",
        title="Predict a hidden polynomial far away",
        knob="degree",
        world=_Polynomial,
        draw=_polynomial,
        solve=_interpolate,
        second=lambda q: _interpolate(q, -7),
        size=lambda q: sum(len(str(c)) for c in q["coefficients"]) + q["degree"],
        en=(
            "f is a polynomial of degree {degree} with integer coefficients. 'f x' tells f(x) for "
            "integers x from -20 to 20; 'value y' states f({at}) and ends. {budget} turns.",
            "Find f({at}) of a hidden polynomial of degree {degree} (integer coefficients). Query "
            "'f x' with |x| <= 20, answer 'value y', {budget} turns altogether.",
            "Degree {degree}, f({at})? {budget} turns, 'f x' / 'value y':",
        ),
        zh=(
            "f 是 {degree} 次整系数多项式。“f x”告知 f(x)（x 为 -20 到 20 的整数）；“value y”给出 "
            "f({at}) 并结束。共 {budget} 回合。",
            "求隐藏的 {degree} 次整系数多项式的 f({at})。用“f x”（|x| <= 20）查询，用“value y”作答"
            "，"
            "总共 {budget} 回合。",
            "{degree} 次，求 f({at})，{budget} 回合，f x / value y：",
        ),
    ),
    MultiTurnTask(
        id="multi.dial_lab",
        title="Bring an instrument to given readings",
        knob="dials",
        world=_Dials,
        draw=_dials,
        solve=_adjust,
        second=lambda q: _adjust(q, backwards=True),
        size=lambda q: 10 * len(q["goal"]) + sum(len(str(n)) for n in q["goal"]),
        show=lambda q: (
            q
            | {
                "count": len(q["goal"]),
                "goal": " ".join(map(str, q["goal"])),
                "offset": " ".join(map(str, q["offset"])),
            }
        ),
        en=(
            "An instrument has {count} dials and shows {offset}. 'd n' turns dial d by n (any "
            "integer); each reading changes by a fixed amount per step of each dial. Bring the "
            "readings to {goal} within {budget} turns.",
            "Readings {offset}; dials 1 to {count} act linearly on them, in an unknown way. Reach "
            "{goal} in {budget} turns of the form 'dial change'.",
            "{offset} -> {goal}, {count} dials, {budget} turns 'dial change':",
        ),
        zh=(
            "仪器有 {count} 个旋钮，示数为 {offset}。“d n”把旋钮 d 转动 n（任意整数）；每个旋钮每"
            "转一格，"
            "各示数改变固定的量。请在 {budget} 回合内使示数变为 {goal}。",
            "示数 {offset}；旋钮 1 到 {count} 以未知的线性方式影响它们。用 {budget} 回合“旋钮 改变"
            "量”"
            "达到 {goal}。",
            "{offset} -> {goal}，{count} 个旋钮，{budget} 回合“旋钮 改变量”：",
        ),
    ),
    MultiTurnTask(
        id="multi.faulty_gate",
        title="Find the faulty gate of a circuit by probing",
        knob="gates",
        world=_Circuit,
        draw=_circuit,
        solve=_back_trace,
        second=lambda q: _back_trace(q, flip=True),
        ways=lambda level: 10 + 2 * level,
        show=_show_circuit,
        size=lambda q: len(q["gates"]),
        en=(
            "In this circuit exactly one gate gives the opposite of what it should:\n{gates}\n"
            "Inputs: {inputs}. {last} shows {seen}. 'probe g3' tells the real value of a gate, "
            "'fault g3' names the faulty one and ends. {budget} turns.",
            "One gate inverts its result. With {inputs}, the output {last} is {seen}, which is "
            "wrong. Find the gate in {budget} turns ('probe gN', then 'fault gN'):\n{gates}",
            "{gates}\n{inputs}; {last} = {seen} is wrong; {budget} turns, probe / fault:",
        ),
        zh=(
            "下列电路中恰有一个门的输出与应有的相反：\n{gates}\n输入：{inputs}。{last} 显示 "
            "{seen}。"
            "“probe g3”告知门的实际值，“fault g3”指出坏门并结束。共 {budget} 回合。",
            "有一个门输出取反。输入 {inputs} 时输出 {last} 为 {seen}，是错的。在 {budget} 回合内找"
            "出它"
            "（probe gN，最后 fault gN）：\n{gates}",
            "{gates}\n{inputs}；{last} = {seen} 错误；{budget} 回合，probe / fault：",
        ),
    ),
    MultiTurnTask(
        id="multi.unknown_buttons",
        title="Put out all lights with buttons of unknown wiring",
        knob="lights",
        world=_Crossing,
        draw=_lights,
        solve=_put_out,
        second=lambda q: _put_out(q, backwards=True),
        size=lambda q: len(q["lights"]),
        show=lambda q: q | {"count": len(q["lights"]), "lights": "".join(map(str, q["lights"]))},
        en=(
            "{count} lights show {lights} (1 is on). Each of {count} buttons flips its own fixed, "
            "unknown set of lights. Press one button a turn (write its number) and put out all "
            "lights within {budget} turns.",
            "Turn {lights} into all zeros. Button n, from 1 to {count}, always flips the same "
            "hidden set of bits; one press a turn, {budget} turns.",
            "{lights} -> zeros, {count} buttons, {budget} presses:",
        ),
        zh=(
            "{count} 盏灯为 {lights}（1 为亮）。{count} 个按钮各翻转一组固定而未知的灯。每回合按一"
            "个"
            "按钮（写编号），在 {budget} 回合内熄灭所有灯。",
            "把 {lights} 变成全零。按钮 n（1 到 {count}）总是翻转同一组隐藏的位；每回合按一次，共 "
            "{budget} 回合。",
            "{lights} -> 全零，{count} 个按钮，{budget} 次：",
        ),
    ),
)
