"""Arrangements to be found: sequences, squares, schedules and colourings without a pattern.

Source: textbook definitions (de Bruijn 1946, Sidon 1932, Schur 1916, van der Waerden 1927,
Langford 1958). Knob: the size. Any arrangement that keeps the rules is right.
"""

from itertools import combinations, product

from internbootcamp_env.answers import Integers, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import witnesses
from internbootcamp_env.task import Task


def _spoilt(question: dict, answer: list[int], draws: Draws) -> list[str]:
    return witnesses.spoilt(answer, -5)


def _cyclic(draws: Draws, level: int) -> dict:
    """Draw a cyclic word that has every short word once, and keep its beginning."""
    letters, length = ("ab", 5) if level < 4 else ("ab", 6) if level < 8 else ("abc", 4)
    following = {
        "".join(node): draws.shuffled(letters) for node in product(letters, repeat=length - 1)
    }
    word = _circuit(following, draws.text(letters, length - 1))
    return {"letters": letters, "length": length, "start": word[: 13 + level]}


def _circuit(following: dict[str, list[str]], start: str) -> str:
    """Hierholzer: use every next letter once, and write the letters of the closed walk."""
    stack, walk = [start], []
    while stack:
        if following[stack[-1]]:
            letter = following[stack[-1]].pop()
            stack.append(stack[-1][1:] + letter)
        else:
            walk.append(stack.pop()[-1])
    return "".join(reversed(walk))


def _complete(question: dict, last: bool = False) -> str:
    """Walk on from the end of the beginning over the words that are left, back to its start."""
    letters, length, start = question["letters"], question["length"], question["start"]
    following = {
        "".join(node): sorted(letters, reverse=not last)
        for node in product(letters, repeat=length - 1)
    }
    for place in range(len(start) - length + 1):
        following[start[place : place + length - 1]].remove(start[place + length - 1])
    rest = _circuit(following, start[1 - length :])
    return (start + rest[1:])[: len(letters) ** length]


def _check_cyclic(question: dict, word: str) -> str:
    letters, length = question["letters"], question["length"]
    size = len(letters) ** length
    if len(word) != size or not word.startswith(question["start"]):
        return f"the word must have {size} letters and the given beginning"
    ring = word + word[: length - 1]
    different = len({ring[i : i + length] for i in range(size)})
    return "" if different == size else f"only {different} different words of length {length}"


def _wrong_cyclic(question: dict, answer: str, draws: Draws) -> list[str]:
    """One letter lost, added or changed: the letters no longer come equally often."""
    letters = question["letters"]
    other = letters[(letters.index(answer[-1]) + 1) % len(letters)]
    return [answer[:-1], answer + other, answer[:-1] + other]


def _sidon_question(draws: Draws, level: int) -> dict:
    """Take a ruler that marks only different distances, and ask for more marks in some room."""
    count = 5 + (level + 1) // 3
    marks = sorted(draws.sample(range(1, 30 + 6 * level), 3 + level // 5))
    ruler = _ruler({"start": [0, *marks], "count": count + 1 + level // 5, "length": 10**6})
    if not ruler:
        return {}
    return {
        "start": [0, *marks],
        "count": len(ruler),
        "length": ruler[-1] + draws.between(0, 3),
    }


def _ruler(question: dict) -> list[int]:
    """Add the least mark that repeats no distance."""
    marks = list(question["start"])
    gaps = {b - a for a, b in combinations(marks, 2)}
    if len(gaps) < len(marks) * (len(marks) - 1) // 2:
        return []
    mark = marks[-1]
    while len(marks) < question["count"]:
        mark += 1
        fresh = {mark - other for other in marks}
        if not fresh & gaps and len(fresh) == len(marks):
            marks.append(mark)
            gaps |= fresh
    return marks


def _draw_sidon(draws: Draws, level: int) -> dict | None:
    return _sidon_question(draws, level) or None


def _check_ruler(question: dict, marks: list[int]) -> str:
    if len(marks) != question["count"] or marks[0] < 0 or marks[-1] > question["length"]:
        return f"{question['count']} marks from 0 to {question['length']} are needed"
    if not set(question["start"]) <= set(marks):
        return "a given mark is missing"
    gaps = [b - a for a, b in combinations(marks, 2)]
    if 0 in gaps:
        return "a mark stands twice"
    return f"a distance, {twice}" if (twice := witnesses.repeated(sorted(gaps))) else ""


def _wrong_rulers(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """An arithmetic progression repeats a distance; spoilt lists have another number of marks."""
    marks = [*question["start"], *range(question["start"][-1] + 1, question["start"][-1] + 20)]
    even = " ".join(map(str, marks[: question["count"]]))
    return (
        [*witnesses.spoilt(answer, -5), even]
        if question["count"] > 4
        else _spoilt(question, answer, draws)
    )


def _partial_square(draws: Draws, level: int) -> dict:
    """Blank cells of a shuffled cyclic square."""
    size = 4 + level // 3
    rows, columns = draws.shuffled(range(size)), draws.shuffled(range(size))
    names = draws.shuffled(range(1, size + 1))
    cells = [names[(r + c) % size] for r in rows for c in columns]
    for place in draws.sample(range(size * size), size * size * (5 + level // 2) // 13):
        cells[place] = 0
    return {"size": size, "cells": cells}


def _fill(question: dict, last: bool = False) -> list[int]:
    """Fill the blank cell with the fewest choices first."""
    size, cells = question["size"], list(question["cells"])

    def options(place: int) -> list[int]:
        row, column = divmod(place, size)
        taken = set(cells[row * size : (row + 1) * size]) | set(cells[column::size])
        return sorted(set(range(1, size + 1)) - taken, reverse=last)

    def extend() -> bool:
        blanks = [(len(options(place)), place) for place, cell in enumerate(cells) if not cell]
        if not blanks:
            return True
        _, place = min(blanks)
        for value in options(place):
            cells[place] = value
            if extend():
                return True
        cells[place] = 0
        return False

    found = extend()
    assert found, "a Latin square was drawn first"
    return cells


def _check_square(question: dict, cells: list[int]) -> str:
    size = question["size"]
    if len(cells) != size * size:
        return f"{size * size} numbers are needed"
    if any(given and given != cell for given, cell in zip(question["cells"], cells, strict=True)):
        return "a given number was changed"
    whole = list(range(1, size + 1))
    for n in range(size):
        if sorted(cells[n * size : (n + 1) * size]) != whole or sorted(cells[n::size]) != whole:
            return f"row or column {n + 1} does not hold every number once"
    return ""


def _wrong_squares(question: dict, answer: list[int], draws: Draws) -> list[str]:
    changed = list(answer)
    changed[-1] = changed[-1] % question["size"] + 1
    return [*witnesses.spoilt(answer, 1), " ".join(map(str, changed))]


def _show_square(question: dict) -> dict:
    size = question["size"]
    rows = [question["cells"][n * size : (n + 1) * size] for n in range(size)]
    text = "\n".join(" ".join(str(cell) if cell else "." for cell in row) for row in rows)
    return {"rows": text, "size": size}


def _teams(draws: Draws, level: int) -> dict:
    """Fix the first rounds of a tournament made by the circle method with shuffled names."""
    teams = 4 + 2 * ((level + 2) // 4)
    names = draws.shuffled(range(1, teams + 1))
    rounds = draws.shuffled(_circle(names))
    given = max(1, teams - 3 - (level % 4) // 2)
    return {"teams": teams, "given": [draws.shuffled(games) for games in rounds[:given]]}


def _circle(names: list[int]) -> list[list[list[int]]]:
    ring, rounds = names[1:], []
    for _ in ring:
        row = [names[0], *ring]
        half = len(row) // 2
        rounds.append([sorted((row[i], row[-1 - i])) for i in range(half)])
        ring = [ring[-1], *ring[:-1]]
    return rounds


def _three_classes(draws: Draws, level: int) -> dict:
    """Ask to colour 1 to n without x + y = z (or equally spaced terms) in one colour."""
    size = 12 + level
    fixed = sorted(draws.sample(range(1, size + 1), 4 + level // 3))
    colours = _progression_free({"size": size, "fixed": {}}, draws)
    return {"size": size, "fixed": {str(n): colours[n - 1] for n in fixed}}


def _progression_free(question: dict, draws: Draws | None = None, last: bool = False) -> list[int]:
    """Colour 1, 2, 3, ... in turn, stepping back where a colour repeats with equal gaps."""
    size, fixed = question["size"], question["fixed"]
    colours: list[int] = []

    def extend() -> bool:
        n = len(colours) + 1
        if n > size:
            return True
        options = [3, 2, 1] if last else [1, 2, 3]
        if draws is not None:
            options = draws.shuffled(options)
        if str(n) in fixed:
            options = [fixed[str(n)]]
        for colour in options:
            if any(
                colours[n - gap - 1] == colour == colours[n - 2 * gap - 1]
                for gap in range(1, (n - 1) // 2 + 1)
            ):
                continue
            colours.append(colour)
            if extend():
                return True
            colours.pop()
        return False

    found = extend()
    assert found, "the given colours come from a colouring"
    return colours


def _check_progressions(question: dict, colours: list[int]) -> str:
    size = question["size"]
    if len(colours) != size or not set(colours) <= {1, 2, 3}:
        return f"{size} colours from 1 to 3 are needed"
    if any(colours[int(n) - 1] != colour for n, colour in question["fixed"].items()):
        return "a given colour was changed"
    for a in range(1, size + 1):
        for gap in range(1, (size - a) // 2 + 1):
            if colours[a - 1] == colours[a + gap - 1] == colours[a + 2 * gap - 1]:
                return f"{a}, {a + gap} and {a + 2 * gap} have the same colour"
    return ""


def _wrong_colours(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """The first five in one colour, and a changed given colour."""
    n, colour = next(iter(question["fixed"].items()))
    changed = list(answer)
    changed[int(n) - 1] = colour % 3 + 1
    same = [1] * len(answer)
    return [" ".join(map(str, row)) for row in (changed, same, answer[:-1], [*answer, 1])]


def _show_colours(question: dict) -> dict:
    given = ", ".join(f"{n}: {colour}" for n, colour in question["fixed"].items())
    return {"size": question["size"], "given": given}


def _data(draws: Draws, level: int) -> dict:
    count = 5 + level
    numbers = [
        count * draws.between(1, 5 + level) + draws.between(1, count - 1) for _ in range(count)
    ]
    return {"numbers": numbers, "count": count}


def _zero_block(question: dict) -> list[int]:
    """Of the prefix sums two are equal modulo n: the block between them sums to a multiple."""
    seen, total = {0: 0}, 0
    for place, number in enumerate(question["numbers"], 1):
        total += number
        if total % question["count"] in seen:
            return question["numbers"][seen[total % question["count"]] : place]
        seen[total % question["count"]] = place
    raise AssertionError("there are more prefix sums than remainders")


def _zero_subset(question: dict) -> list[int]:
    """Any subset, by remainders that can be reached; the one found last."""
    reach: dict[int, list[int]] = {}
    for number in question["numbers"]:
        fresh = {(rest + number) % question["count"]: [*s, number] for rest, s in reach.items()}
        reach = {**fresh, **reach}
        reach.setdefault(number % question["count"], [number])
    return reach[0]


def _check_block(question: dict, chosen: list[int]) -> str:
    left = list(question["numbers"])
    for number in chosen:
        if number not in left:
            return f"{number} is not there (so often)"
        left.remove(number)
    rest = sum(chosen) % question["count"]
    if not chosen or rest:
        return "nothing was chosen" if not chosen else f"the sum leaves the remainder {rest}"
    return ""


def _wrong_blocks(question: dict, answer: list[int], draws: Draws) -> list[str]:
    count = question["count"]
    texts = [" ".join(map(str, [*answer, 10**6])), "none"]
    for number in question["numbers"]:
        if number % count:
            texts.append(str(number))
    return texts[:5]


TASKS = (
    Task(
        id="comb.de_bruijn",
        title="Complete a cyclic word that has every short word once",
        knob="length of the words",
        verifier="C",
        draw=_cyclic,
        solve=_complete,
        second=lambda q: _complete(q, last=True),
        check=_check_cyclic,
        wrong=_wrong_cyclic,
        answer=Word("abc", "The answer is a word of small letters.", "答案是由小写字母组成的串。"),
        show=lambda q: q | {"count": len(q["letters"]) ** q["length"]},
        size=lambda q: len(q["letters"]) ** q["length"] + len(q["start"]),
        en=(
            "Find a cyclic word of {count} letters from {letters} in which, read around, every "
            "word of {length} letters occurs exactly once. It must begin with {start}.",
            "Complete {start} to a de Bruijn sequence of order {length} over the letters "
            "{letters}; write all {count} letters.",
            "De Bruijn sequence over {letters}, order {length}, starting {start}",
        ),
        zh=(
            "求由 {letters} 中 {count} 个字母组成的循环串，绕圈读时每个长 {length} "
            "的词恰好出现一次，"
            "且以 {start} 开头。",
            "把 {start} 补全为字母表 {letters} 上的 {length} 阶德布鲁因序列，写出全部 {count} "
            "个字母。",
            "以 {start} 开头的 {letters} 上 {length} 阶德布鲁因序列",
        ),
    ),
    Task(
        id="comb.golomb_ruler",
        title="Marks with different distances",
        knob="marks",
        verifier="C",
        draw=_draw_sidon,
        solve=_ruler,
        check=_check_ruler,
        wrong=_wrong_rulers,
        answer=Integers(ordered=False),
        en=(
            "A ruler of length {length} has the marks {start} already. Add marks at whole numbers "
            "so that there are {count} in all and no two pairs of marks are the same distance "
            "apart. List all marks.",
            "Extend {start} to {count} integers from 0 to {length} whose pairwise differences are "
            "all different.",
            "{count} marks from 0 to {length}, with {start}, all distances different",
        ),
        zh=(
            "长为 {length} 的尺上已有刻度 {start}。再加整数刻度，使总数为 {count}，"
            "且任意两对刻度的距离都不同。列出所有刻度。",
            "把 {start} 扩充为 0 到 {length} 的 {count} 个整数，使两两之差互不相同。",
            "0 到 {length} 的 {count} 个刻度，含 {start}，距离各不相同",
        ),
    ),
    Task(
        id="comb.latin_square",
        title="Complete a Latin square",
        knob="size and blank cells",
        verifier="C",
        draw=_partial_square,
        solve=_fill,
        second=lambda q: _fill(q, last=True),
        check=_check_square,
        wrong=_wrong_squares,
        answer=Integers(),
        show=_show_square,
        en=(
            "Fill in the dots so that every row and every column holds each of 1 to {size} once:"
            "\n{rows}\nWrite all numbers row by row.",
            "Complete this to a Latin square of order {size}, and give all its entries in reading "
            "order:\n{rows}",
            "Latin square of order {size}, all entries:\n{rows}",
        ),
        zh=(
            "填入圆点处，使每行每列都恰有 1 至 {size} 各一次：\n{rows}\n逐行写出所有数字。",
            "把它补成 {size} 阶拉丁方，按阅读顺序写出全部数字：\n{rows}",
            "{size} 阶拉丁方，全部数字：\n{rows}",
        ),
    ),
    Task(
        id="comb.progression_free",
        title="Three colours without equally spaced numbers of one colour",
        knob="numbers",
        verifier="C",
        draw=_three_classes,
        solve=_progression_free,
        second=lambda q: _progression_free(q, last=True),
        check=_check_progressions,
        wrong=_wrong_colours,
        answer=Integers(),
        show=_show_colours,
        en=(
            "Colour the numbers 1 to {size} with the colours 1, 2 and 3 so that no three equally "
            "spaced numbers (a, a+d, a+2d) have the same colour. Given (number: colour): {given}. "
            "List the colours in order.",
            "Give a 3-colouring of 1..{size} without a monochromatic arithmetic progression of "
            "three terms that agrees with {given}.",
            "1..{size} in three colours, no 3-term progression in one colour; {given}",
        ),
        zh=(
            "用颜色 1、2、3 给 1 到 {size} 的数着色，使任何三个等间距的数（a、a+d、a+2d）不同色。"
            "已知（数: 颜色）：{given}。依次写出颜色。",
            "给出 1..{size} 的三着色，不含单色三项等差数列，且与 {given} 一致。",
            "1..{size} 三色，无单色三项等差数列；{given}",
        ),
    ),
    Task(
        id="comb.zero_sum_subset",
        title="Some of n numbers whose sum is a multiple of n",
        knob="numbers",
        verifier="C",
        draw=_data,
        solve=_zero_subset,
        second=_zero_block,
        check=_check_block,
        echoes=True,
        wrong=_wrong_blocks,
        answer=Integers(ordered=False),
        en=(
            "From the {count} numbers {numbers} choose some (at least one) whose sum is divisible "
            "by {count}.",
            "Among any {count} integers there are some whose sum is a multiple of {count}. Find "
            "such a choice from {numbers}.",
            "A non-empty choice with sum divisible by {count}: {numbers}",
        ),
        zh=(
            "从 {count} 个数 {numbers} 中选出若干个（至少一个），使其和能被 {count} 整除。",
            "任意 {count} 个整数中必有若干个之和是 {count} 的倍数。从 {numbers} 中找出这样一组。",
            "和能被 {count} 整除的非空选取：{numbers}",
        ),
    ),
)
