"""Explore what is not shown: a maze, an archive of cards, a folder of files, a booking desk.

Source: definitions, restated in the prompts. The solver uses only what its actions show. Knob: the
number of cells, cards, files or offers.
(Long for the prompts of four tasks.)
"""

from internbootcamp_env.draws import Draws
from internbootcamp_env.episodes import MultiTurnTask, World
from internbootcamp_env.errors import UnparsableAnswer

Cell = tuple[int, int]
_STEPS = {"U": (-1, 0), "D": (1, 0), "L": (0, -1), "R": (0, 1)}
_BACK = {"U": "D", "D": "U", "L": "R", "R": "L"}


def _maze(draws: Draws, level: int) -> dict:
    """A spanning tree of the cells, grown at random; doors are stored by cell."""
    side = 4 + level // 2
    doors = {(r, c): "" for r in range(side) for c in range(side)}
    at = (draws.below(side), draws.below(side))
    reached = [at]
    inside = {at}
    while len(inside) < side * side:
        here = draws.pick(reached[-3:])
        ways = [w for w in "UDLR" if (near := _beside(here, w)) in doors and near not in inside]
        if not ways:
            reached.remove(here)
            continue
        way = draws.pick(ways)
        there = _beside(here, way)
        doors[here] += way
        doors[there] += _BACK[way]
        inside.add(there)
        reached.append(there)
    start, end = draws.sample(sorted(doors), 2)
    rows = [["".join(sorted(doors[r, c])) for c in range(side)] for r in range(side)]
    ends = {"start": list(start), "end": list(end)}
    return {"doors": rows, **ends, "budget": 2 * side * side}


def _beside(cell: Cell, way: str) -> Cell:
    return cell[0] + _STEPS[way][0], cell[1] + _STEPS[way][1]


class _Maze(World):
    """Walk from room to room; each room shows its own doors only."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.at: Cell = (question["start"][0], question["start"][1])

    def doors(self) -> str:
        """Return the ways out of the room."""
        return self.question["doors"][self.at[0]][self.at[1]]

    def act(self, action: str) -> str:
        way = action.upper()
        if way not in _STEPS:
            raise UnparsableAnswer("one of U, D, L, R")
        if way not in self.doors():
            return self.say(f"wall; doors: {' '.join(self.doors())}", f"墙；门：{self.doors()}")
        self.at = _beside(self.at, way)
        if list(self.at) == self.question["end"]:
            return self.win()
        row, column = (n + 1 for n in self.at)
        return self.say(
            f"row {row}, column {column}; doors: {' '.join(self.doors())}",
            f"第 {row} 行第 {column} 列；门：{self.doors()}",
        )


def _wander(question: dict, order: str = "UDLR") -> list[str]:
    """Go on through doors to rooms not seen, and back where there is none."""
    world, log, trail = _Maze(question), [], []
    seen = {world.at}
    while world.outcome is None:
        fresh = [w for w in order if w in world.doors() and _beside(world.at, w) not in seen]
        if fresh:
            way = fresh[0]
            trail.append(_BACK[way])
        else:
            way = trail.pop()
        log.append(way)
        world.take(way)
        seen.add(world.at)
    return log


def _show_maze(question: dict) -> dict:
    (r, c), (i, j) = question["start"], question["end"]
    doors = question["doors"][r][c]
    return {
        "side": len(question["doors"]),
        "start": f"{r + 1} {c + 1}",
        "end": f"{i + 1} {j + 1}",
        "doors": " ".join(doors),
        "budget": question["budget"],
    }


_CITIES = ("Arun", "Belt", "Cove", "Dorn", "Elm", "Ford", "Gale", "Holm", "Isle", "Kirn", "Lund")


def _cards(draws: Draws, level: int) -> dict:
    """People with a chief and a city; the question follows the chiefs a few steps."""
    count, hops = 12 + 4 * level, 2 + level // 3
    names: list[str] = []
    while len(names) < count:
        name = (
            draws.pick("BDGKLMNPRST")
            + draws.pick("aeiou")
            + draws.pick("lmnr")
            + draws.pick("aeiou")
        )
        if name not in names:
            names.append(name)
    cards = {
        name: [names[place + 1 + draws.below(3)] if place < count - 3 else "-", draws.pick(_CITIES)]
        for place, name in enumerate(names)
    }
    start = names[draws.below(count - 3 * hops)]
    return {"cards": cards, "start": start, "hops": hops, "budget": hops + 3}


class _Archive(World):
    """Look a card up by its name; the answer is a city."""

    def act(self, action: str) -> str:
        verb, _, name = action.partition(" ")
        cards = self.question["cards"]
        if verb == "answer":
            right = name == cards[_follow(self.question)[-1]][1]
            return self.win() if right else self.lose("another city", "是另一个城市")
        if verb != "search" or not name:
            raise UnparsableAnswer("'search NAME' or 'answer CITY'")
        if name not in cards:
            return self.say("no card", "没有卡片")
        chief, city = cards[name]
        return self.say(
            f"{name}: chief {chief}, lives in {city}", f"{name}：上级 {chief}，住在 {city}"
        )


def _follow(question: dict) -> list[str]:
    names = [question["start"]]
    for _ in range(question["hops"]):
        names.append(question["cards"][names[-1]][0])
    return names


def _look_up(question: dict) -> list[str]:
    names = _follow(question)
    return [*(f"search {name}" for name in names), f"answer {question['cards'][names[-1]][1]}"]


def _look_up_again(question: dict) -> list[str]:
    """Read what the archive says, and look for an unknown card first."""
    world, name, log = _Archive(question), question["start"], ["search Nobody"]
    city = ""
    for _ in range(question["hops"] + 1):
        log.append(f"search {name}")
        said = world.act(log[-1])
        name, city = said.split("chief ")[1].split(", lives in ")
    return [*log, f"answer {city}"]


def _folder(draws: Draws, level: int) -> dict | None:
    """Files whose names were mixed up; some are empty. Names and titles are the same words."""
    count = 4 + level
    made: list[str] = []
    while len(made) < count:
        word = (
            draws.pick("bdgkmnprst")
            + draws.pick("aeiou")
            + draws.pick("lmnrst")
            + draws.pick("aeiou")
        )
        if word not in made:
            made.append(word)
    titles = draws.shuffled(made)
    empty = set(draws.sample(made, 1 + level // 4))
    files = {name: "" if name in empty else title for name, title in zip(made, titles, strict=True)}
    moved = sum(title not in ("", name) for name, title in files.items())
    return {"files": files, "budget": 3 * count} if moved >= 3 else None


class _Shell(World):
    """`cat`, `mv` and `rm` on one folder; nothing is overwritten."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.files: dict[str, str] = dict(question["files"])

    def act(self, action: str) -> str:
        words = action.split()
        if words[:1] == ["ls"] and len(words) == 1:
            return " ".join(sorted(self.files))
        if len(words) != {"cat": 2, "rm": 2, "mv": 3}.get(words[0]) or not words[-1].isalnum():
            raise UnparsableAnswer("'ls', 'cat NAME', 'rm NAME' or 'mv NAME NEW'")
        if words[1] not in self.files:
            return self.say(f"no file {words[1][:20]}", f"没有文件 {words[1][:20]}")
        if words[0] == "cat":
            return self.files[words[1]] or self.say("(empty)", "（空）")
        if words[0] == "mv" and words[2] in self.files:
            return self.say(f"{words[2][:20]} exists", f"{words[2][:20]} 已存在")
        content = self.files.pop(words[1])
        if words[0] == "mv":
            self.files[words[2]] = content
        tidy = all(name == title for name, title in self.files.items())
        kept = sorted(title for title in self.question["files"].values() if title)
        if tidy and sorted(self.files) == kept:
            return self.win()
        return self.say("ok", "好")


def _tidy(question: dict, late: bool = False) -> list[str]:
    """Read everything, delete the empty, then move along chains; a cycle needs a spare name."""
    log = [f"cat {name}" for name in sorted(question["files"], reverse=late)]
    empty = sorted(name for name, title in question["files"].items() if not title)
    log += [f"rm {name}" for name in empty]
    left = {name: title for name, title in question["files"].items() if title}
    while any(name != title for name, title in left.items()):
        wrong = sorted((name for name in left if name != left[name]), reverse=late)
        free = [name for name in wrong if left[name] not in left]
        name = free[0] if free else wrong[0]
        target = left[name] if free else "spare"
        log.append(f"mv {name} {target}")
        left[target] = left.pop(name)
    return log


def _offers(draws: Draws, level: int) -> dict | None:
    """Trains with a price; some can no longer be held, which only holding shows."""
    count = 4 + level
    numbers = draws.sample(range(100, 1_000), count)
    offers = [
        [number, draws.between(20, 200), draws.between(0, 2), int(draws.chance(1, 2))]
        for number in numbers
    ]
    question = {
        "offers": offers,
        "changes": draws.between(0, 1),
        "secret": draws.between(1_000, 9_999),
    }
    fitting = _fitting(question)
    prices = [offer[1] for offer in fitting]
    if not any(offer[3] for offer in fitting) or len(set(prices)) < len(prices) or len(fitting) < 2:
        return None
    return question | {"budget": 2 * len(offers) + 2}


def _fitting(question: dict) -> list[list[int]]:
    rows = (offer for offer in question["offers"] if offer[2] <= question["changes"])
    return sorted(rows, key=lambda offer: offer[1])


class _Desk(World):
    """Search, hold, pay: paying for anything but the cheapest possible train is final."""

    def __init__(self, question: dict, lang: str = "en") -> None:
        super().__init__(question, lang)
        self.held: dict[str, list[int]] = {}

    def act(self, action: str) -> str:
        words = action.lower().split()
        if words == ["search"]:
            return "\n".join(f"{n}: {price}, {changes} changes" for n, price, changes, _ in
                             self.question["offers"])  # fmt: skip
        if len(words) != 2 or words[0] not in ("hold", "pay"):
            raise UnparsableAnswer("'search', 'hold NUMBER' or 'pay CODE'")
        return self._hold(words[1]) if words[0] == "hold" else self._pay(words[1])

    def _hold(self, number: str) -> str:
        offer = next((row for row in self.question["offers"] if str(row[0]) == number), None)
        if offer is None:
            return self.say("no such train", "没有这趟车")
        if not offer[3]:
            return self.say("sold out", "已售完")
        code = f"c{self.question['secret'] + offer[0]}"
        self.held[code] = offer
        return self.say(f"held, code {code}", f"已保留，代码 {code}")

    def _pay(self, code: str) -> str:
        if code not in self.held:
            return self.say("unknown code", "未知代码")
        best = next(offer for offer in _fitting(self.question) if offer[3])
        if self.held[code] == best:
            return self.win()
        return self.lose(
            "a cheaper train was possible, or this one does not fit", "不是最便宜的可行车次"
        )


def _book(question: dict, survey: bool = False) -> list[str]:
    """Hold fitting trains from the cheapest on until one is free (or all), then pay that one."""
    log, codes = ["search"], []
    for number, _, _, free in _fitting(question):
        log.append(f"hold {number}")
        if free:
            codes.append(f"c{question['secret'] + number}")
        if codes and not survey:
            break
    return [*log, f"pay {codes[0]}"]


TASKS = (
    MultiTurnTask(
        id="multi.maze_walk",
        title="Find the way through an unknown maze",
        knob="rooms",
        world=_Maze,
        draw=_maze,
        solve=_wander,
        second=lambda q: _wander(q, "RDLU"),
        show=_show_maze,
        size=lambda q: q["budget"],
        en=(
            "You are in a maze of {side} by {side} rooms, in row and column {start}, with doors "
            "{doors}. Move by U, D, L or R; every room shows its doors. Reach row and column {end} "
            "within {budget} turns.",
            "Explore a hidden maze ({side} x {side} rooms) from {start} (row column; doors "
            "{doors}) to {end}: one letter U, D, L or R a turn, {budget} turns.",
            "Maze {side} x {side}, {start} -> {end}, doors {doors}, {budget} turns:",
        ),
        zh=(
            "你在 {side} 乘 {side} 间房的迷宫中，位于行、列 {start}，门在 {doors}。用 U、D、L、R "
            "移动，每间房会"
            "显示其门。在 {budget} 回合内到达行、列 {end}。",
            "探索隐藏的迷宫（{side} x {side} 间），从 {start}（行 列；门 {doors}）到 {end}：每回合"
            "一个字母 U、D、"
            "L 或 R，共 {budget} 回合。",
            "迷宫 {side} x {side}，{start} -> {end}，门 {doors}，{budget} 回合：",
        ),
    ),
    MultiTurnTask(
        id="multi.archive_search",
        title="Answer a question of several steps from an archive",
        knob="cards and steps",
        world=_Archive,
        draw=_cards,
        solve=_look_up,
        second=_look_up_again,
        size=lambda q: len(q["cards"]),
        en=(
            "An archive has a card for every person, with chief and city; 'search NAME' shows it. "
            "Start at {start} and go to the chief {hops} times in a row: in which city does the "
            "person reached live? State it by 'answer CITY'. You have {budget} turns.",
            "Using 'search NAME' on a hidden archive (chief and city of each person), find the "
            "city of the chief's chief and so on, {hops} steps up from {start}; finish with "
            "'answer CITY' within {budget} turns.",
            "City {hops} chiefs above {start}; search / answer, {budget} turns:",
        ),
        zh=(
            "档案里每人有一张卡片，记着上级和城市；“search NAME”可查看。从 {start} 起连续找上级 "
            "{hops} 次，"
            "所到之人住在哪个城市？用“answer CITY”回答。共 {budget} 回合。",
            "用“search NAME”查隐藏档案（每人的上级与城市），求从 {start} 往上 {hops} 级者的城市；"
            "在 {budget} "
            "回合内用“answer CITY”结束。",
            "{start} 往上 {hops} 级者的城市；search / answer，{budget} 回合：",
        ),
    ),
    MultiTurnTask(
        id="multi.tidy_folder",
        title="Rename files by what they contain",
        knob="files",
        world=_Shell,
        draw=_folder,
        solve=_tidy,
        second=lambda q: _tidy(q, late=True),
        show=lambda q: {"names": " ".join(q["files"]), "budget": q["budget"]},
        size=lambda q: len(q["files"]),
        en=(
            "A folder has the files {names}; their names got mixed up. Each file holds one word, "
            "its right name, or is empty and must be deleted. Use 'ls', 'cat NAME', 'rm NAME' and "
            "'mv NAME NEW' (which never overwrites) until every name is right, within {budget} "
            "turns.",
            "Tidy the files {names}: rename each to the word that it contains and remove empty "
            "ones, with ls, cat, mv and rm, one command a turn, {budget} turns.",
            "Files {names}; name = content, no empty ones; {budget} commands:",
        ),
        zh=(
            "文件夹中有文件 {names}，名字弄乱了。每个文件含一个词，即其正确的名字，或为空而应删除"
            "。用“ls”、"
            "“cat NAME”、“rm NAME”和“mv NAME NEW”（不覆盖）在 {budget} 回合内使所有名字正确。",
            "整理文件 {names}：把每个文件改名为其所含的词，删除空文件；可用 ls、cat、mv、rm，每回"
            "合一条命令，"
            "共 {budget} 回合。",
            "文件 {names}；名字 = 内容，无空文件；{budget} 条命令：",
        ),
    ),
    MultiTurnTask(
        id="multi.book_train",
        title="Book the cheapest train that is still free",
        knob="offers",
        world=_Desk,
        draw=_offers,
        solve=_book,
        second=lambda q: _book(q, survey=True),
        show=lambda q: {"changes": q["changes"], "budget": q["budget"]},
        size=lambda q: len(q["offers"]),
        en=(
            "Book the cheapest train with at most {changes} changes that is not sold out. 'search' "
            "lists number, price and changes; 'hold NUMBER' gives a code or says sold out; 'pay "
            "CODE' is final. You have {budget} turns.",
            "With the commands search, hold NUMBER and pay CODE, pay for the cheapest available "
            "train that needs no more than {changes} changes, in {budget} turns. A wrong payment "
            "ends it.",
            "Cheapest free train, changes <= {changes}; search / hold / pay, {budget} turns:",
        ),
        zh=(
            "预订最多换乘 {changes} 次且未售完的最便宜车次。“search”列出车次、价格和换乘；“hold "
            "NUMBER”给出代码"
            "或告知已售完；“pay CODE”即成交。共 {budget} 回合。",
            "用 search、hold NUMBER、pay CODE 三种命令，在 {budget} 回合内为换乘不超过 {changes} "
            "次的最便宜可订"
            "车次付款。付错即结束。",
            "最便宜的可订车次，换乘 <= {changes}；search / hold / pay，{budget} 回合：",
        ),
    ),
)
