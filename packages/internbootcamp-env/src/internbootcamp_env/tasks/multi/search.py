"""Find something hidden by asking about it, in few turns.

Source: textbook search (binary search, Fibonacci search, trilateration, repeated questions
against a liar). The solver sees the same answers as a player. Knob: the size of what is searched.
"""

from internbootcamp_env.draws import Draws
from internbootcamp_env.episodes import MultiTurnTask, World
from internbootcamp_env.errors import UnparsableAnswer
from internbootcamp_env.numbers import parse_integer


def read_integers(action: str, count: int) -> list[int]:
    """Read a fixed number of integers separated by spaces or commas."""
    items = action.replace(",", " ").split()
    if len(items) != count:
        raise UnparsableAnswer(f"expected {count} integers")
    return [parse_integer(item) for item in items]


class _Guess(World):
    """Guess a number; a stated number of the comparisons may be false."""

    def act(self, action: str) -> str:
        (guess,) = read_integers(action, 1)
        secret = self.question["secret"]
        if guess == secret:
            return self.win()
        turn = self.question["budget"] - self.turns_left
        higher = (secret > guess) ^ (turn == self.question.get("lie", 0))
        return self.say("higher", "更大") if higher else self.say("lower", "更小")


def _guess(draws: Draws, level: int) -> dict:
    top = 300 * 2 ** (2 * level)
    top -= draws.below(top // 4)
    return {"top": top, "secret": draws.between(1, top), "budget": top.bit_length()}


def _bisect(question: dict) -> list[str]:
    low, high, log = 1, question["top"], []
    while not log or int(log[-1]) != question["secret"]:
        middle = (low + high) // 2
        log.append(str(middle))
        low, high = (middle + 1, high) if question["secret"] > middle else (low, middle - 1)
    return log


def _bisect_by_bits(question: dict) -> list[str]:
    """Try the highest bit first: the other classical order of guesses."""
    log, base = [], 0
    for bit in reversed(range(question["top"].bit_length())):
        guess = base + (1 << bit)
        if guess <= question["top"]:
            log.append(str(guess))
            if guess == question["secret"]:
                return log
            base = guess if question["secret"] > guess else base
    raise AssertionError("every number is reached")


def _liar(draws: Draws, level: int) -> dict:
    top = draws.between(30, 60) * 2**level
    bits = top.bit_length()
    return {
        "top": top,
        "secret": draws.between(1, top),
        "budget": 2 * bits + 3,
        "lie": draws.between(1, 2 * bits),
    }


def _outwit(question: dict) -> list[str]:
    """Ask each question twice, and a third time when the two answers differ."""
    world = _Guess(question)
    low, high, log, trusted = 1, question["top"], [], False

    def ask(guess: int) -> str:
        log.append(str(guess))
        return world.take(str(guess))

    while world.outcome is None:
        middle = (low + high) // 2
        seen = ask(middle)
        if not trusted and world.outcome is None and ask(middle) != seen:
            seen, trusted = ask(middle), True
        low, high = (middle + 1, high) if seen == "higher" else (low, middle - 1)
    return log


class _HotCold(World):
    """Dig for a treasure; a miss tells the distance along the streets."""

    def act(self, action: str) -> str:
        x, y = read_integers(action, 2)
        side = self.question["side"]
        if not (0 <= x < side and 0 <= y < side):
            raise UnparsableAnswer("outside the field")
        away = abs(x - self.question["x"]) + abs(y - self.question["y"])
        return self.win() if not away else self.say(f"distance {away}", f"距离 {away}")


def _field(draws: Draws, level: int) -> dict:
    side = 60 + 40 * level + draws.below(30)
    return {"side": side, "x": draws.below(side), "y": draws.below(side), "budget": 3}


def _trilaterate(question: dict) -> list[str]:
    """Two corners on one side give x + y and x - y up to the side's length."""
    x, y, last = question["x"], question["y"], question["side"] - 1
    log = ["0 0"]
    if (x, y) != (0, 0):
        log.append(f"{last} 0")
        if (x, y) != (last, 0):
            total, other = x + y, last - x + y
            log.append(f"{(total - other + last) // 2} {(total + other - last) // 2}")
    return log


def _trilaterate_above(question: dict) -> list[str]:
    x, y, last = question["x"], question["y"], question["side"] - 1
    log = [f"{last} {last}"]
    if (x, y) != (last, last):
        log.append(f"0 {last}")
        if (x, y) != (0, last):
            left, right = x + last - y, last - x + last - y
            log.append(f"{(left - right + last) // 2} {last - (left + right - last) // 2}")
    return log


class _Peak(World):
    """Measure a hill at whole places, then name its top."""

    def act(self, action: str) -> str:
        verb, _, rest = action.partition(" ")
        (place,) = read_integers(rest, 1)
        question = self.question
        if verb == "top":
            right = place == question["top"]
            return self.win() if right else self.lose("that is not the top", "这不是最高处")
        if verb != "measure" or not 1 <= place <= question["length"]:
            raise UnparsableAnswer(f"'measure n' or 'top n' with n from 1 to {question['length']}")
        height = _height(question, place)
        return self.say(f"height {height}", f"高度 {height}")


def _height(question: dict, place: int) -> int:
    """A concave function: quadratic with another steepness on either side of the top."""
    away = place - question["top"]
    return question["peak"] - away * away * (question["right"] if away > 0 else question["left"])


def _hill(draws: Draws, level: int) -> dict:
    length = draws.between(40, 80) * 2**level
    return {
        "length": length,
        "top": draws.between(1, length),
        "peak": draws.between(100, 999),
        "left": draws.between(1, 5),
        "right": draws.between(1, 5),
        "budget": 2 * length.bit_length() + 1,
    }


def _climb(question: dict) -> list[str]:
    """Compare two neighbours in the middle: the top is on the higher one's side."""
    low, high, log = 1, question["length"], []
    while low < high:
        middle = (low + high) // 2
        log += [f"measure {middle}", f"measure {middle + 1}"]
        rises = _height(question, middle) < _height(question, middle + 1)
        low, high = (middle + 1, high) if rises else (low, middle)
    return [*log, f"top {low}"]


def _climb_by_thirds(question: dict) -> list[str]:
    """Fibonacci search: one new measurement a step."""
    a, b = 1, 1
    while b < question["length"] + 1:
        a, b = b, a + b
    low, log, seen = 0, [], {}

    def measure(place: int) -> int:
        if place > question["length"]:
            return -(10**12) - place
        if place not in seen:
            seen[place] = _height(question, place)
            log.append(f"measure {place}")
        return seen[place]

    while b > 2:
        left, right = low + b - a, low + a
        if left == right or measure(left) > measure(right):
            b = a
        else:
            low, b = left, a
        a = _fibonacci_below(b)
    return [*log, f"top {low + 1}"]


def _fibonacci_below(value: int) -> int:
    a, b = 1, 1
    while b < value:
        a, b = b, a + b
    return a


_KINDS = {
    "colour": ("red", "blue", "green", "white"),
    "shape": ("cube", "ball", "cone", "ring"),
    "size": ("tiny", "small", "large", "huge"),
    "stuff": ("wood", "glass", "steel", "wool"),
}


class _Questions(World):
    """Ask yes-or-no questions about one attribute, then name the item."""

    def act(self, action: str) -> str:
        words = action.lower().split()
        hidden = self.question["items"][self.question["secret"]]
        if len(words) == 2 and words[0] == "item":
            right = parse_integer(words[1]) == self.question["secret"] + 1
            return self.win() if right else self.lose("that is not the item", "不是这件")
        if len(words) != 1 or not any(words[0] in values for values in _KINDS.values()):
            raise UnparsableAnswer("one attribute such as 'red', or 'item n'")
        return self.say("yes", "是") if words[0] in hidden else self.say("no", "否")


def _collection(draws: Draws, level: int) -> dict:
    count = 12 + 6 * level
    items: list[list[str]] = []
    while len(items) < count:
        item = [draws.pick(values) for values in _KINDS.values()]
        if item not in items:
            items.append(item)
    question = {"items": items, "secret": draws.below(count), "budget": 0}
    return question | {"budget": len(_halve(question)) + 1}


def _halve(question: dict, late: bool = False) -> list[str]:
    """Ask about the attribute that splits the remaining items most evenly."""
    items, hidden = question["items"], question["items"][question["secret"]]
    left, log = list(items), []
    words = [word for values in _KINDS.values() for word in values][:: -1 if late else 1]
    while len(left) > 1:
        word = min(words, key=lambda w: abs(2 * sum(w in item for item in left) - len(left)))
        log.append(word)
        left = [item for item in left if (word in item) == (word in hidden)]
    return [*log, f"item {items.index(left[0]) + 1}"]


def _show_items(question: dict) -> dict:
    lines = [f"{n}: {' '.join(item)}" for n, item in enumerate(question["items"], start=1)]
    return {"items": "\n".join(lines), "budget": question["budget"]}


TASKS = (
    MultiTurnTask(
        id="multi.guess_number",
        title="Guess a number from comparisons",
        knob="range",
        world=_Guess,
        draw=_guess,
        solve=_bisect,
        second=_bisect_by_bits,
        size=lambda q: q["budget"],
        en=(
            "I think of an integer from 1 to {top}. Guess it within {budget} turns; after each "
            "wrong guess you learn whether my number is higher or lower.",
            "Find my secret number between 1 and {top} in at most {budget} guesses. I answer "
            "'higher' or 'lower'.",
            "Secret in 1..{top}, {budget} guesses:",
        ),
        zh=(
            "我想了一个 1 到 {top} 的整数，请在 {budget} 回合内猜中；每次猜错会告知更大还是更小。",
            "在最多 {budget} 次内猜出 1 与 {top} 之间的秘密数，我会回答“更大”或“更小”。",
            "秘密数 1..{top}，{budget} 次：",
        ),
    ),
    MultiTurnTask(
        id="multi.guess_with_lie",
        title="Guess a number although one answer may be false",
        knob="range",
        world=_Guess,
        draw=_liar,
        solve=_outwit,
        size=lambda q: q["budget"],
        en=(
            "I think of an integer from 1 to {top}. Guess it within {budget} turns. I answer "
            "'higher' or 'lower', but at most one of my answers is a lie.",
            "Find the secret integer in 1..{top}, at most {budget} guesses; of the answers "
            "'higher' and 'lower' that you get, one at most is false.",
            "Secret in 1..{top}, at most one lie, {budget} guesses:",
        ),
        zh=(
            "我想了一个 1 到 {top} 的整数，请在 {budget} 回合内猜中。我回答“更大”或“更小”，"
            "但至多说一次谎。",
            "最多 {budget} 次内猜出 1..{top} 中的秘密整数；得到的“更大”“更小”中至多一个为假。",
            "秘密数 1..{top}，至多一次谎言，{budget} 次：",
        ),
    ),
    MultiTurnTask(
        id="multi.dig_treasure",
        title="Find a treasure from distances",
        knob="side of the field",
        world=_HotCold,
        draw=_field,
        solve=_trilaterate,
        second=_trilaterate_above,
        size=lambda q: q["side"],
        en=(
            "A treasure lies at whole coordinates x y, each from 0 to below {side}. Dig by "
            "'x y'; a miss tells |dx| + |dy|. You may dig {budget} times.",
            "Dig for the treasure on a {side} by {side} field (coordinates from 0). Each dig "
            "'x y' tells the Manhattan distance. Find it in {budget} digs.",
            "Field 0..{side}-1, {budget} digs 'x y':",
        ),
        zh=(
            "宝藏位于整数坐标 x y（均从 0 起、小于 {side}）。用“x y”挖掘，未中会告知 |dx| + |dy|。"
            "最多挖 {budget} 次。",
            "在 {side} 乘 {side} 的场地（坐标从 0 起）挖宝，每次“x y”告知曼哈顿距离，"
            "{budget} 次内挖到。",
            "场地 0..{side}-1，挖 {budget} 次“x y”：",
        ),
    ),
    MultiTurnTask(
        id="multi.peak_search",
        title="Find the top of a hill with few measurements",
        knob="length",
        world=_Peak,
        draw=_hill,
        solve=_climb,
        second=_climb_by_thirds,
        size=lambda q: q["length"],
        en=(
            "Heights at places 1 to {length} rise strictly up to one top and fall strictly after "
            "it. 'measure n' tells a height; 'top n' names the top and ends. {budget} turns.",
            "A hidden list of {length} numbers increases to a single maximum, then decreases. "
            "Query by 'measure n', answer by 'top n' (its place), in {budget} turns altogether.",
            "Unimodal, {length} places, {budget} turns, 'measure n' / 'top n':",
        ),
        zh=(
            "位置 1 到 {length} 的高度先严格上升到唯一顶点，再严格下降。“measure n”测高度，"
            "“top n”指出顶点并结束，共 {budget} 回合。",
            "一列 {length} 个隐藏的数先增到唯一最大值后减。用“measure n”查询，用“top n”回答其"
            "位置，总共 {budget} 回合。",
            "单峰，{length} 个位置，{budget} 回合，measure n / top n：",
        ),
    ),
    MultiTurnTask(
        id="multi.yes_no_questions",
        title="Identify an item by yes-or-no questions",
        knob="items",
        world=_Questions,
        draw=_collection,
        solve=_halve,
        show=_show_items,
        size=lambda q: len(q["items"]),
        en=(
            "One of these items is meant:\n{items}\nAsk about one attribute at a time by naming "
            "it, such as 'red' (yes or no comes back), and finally name the item by 'item n'. "
            "You have {budget} turns; a wrong item ends the game.",
            "Find the secret item in {budget} turns. A turn is one attribute word (answered yes "
            "or no) or 'item n', which must be right:\n{items}",
            "{items}\n{budget} turns, attribute or 'item n':",
        ),
        zh=(
            "秘密物品是下列之一：\n{items}\n每次说出一个属性词（如 red），会得到是或否；最后用"
            "“item n”指出物品。共 {budget} 回合，说错物品即结束。",
            "在 {budget} 回合内找出秘密物品。每回合说一个属性词（答是或否）或“item n”（必须正确）："
            "\n{items}",
            "{items}\n{budget} 回合，属性词或 item n：",
        ),
    ),
)
