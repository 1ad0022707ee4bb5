"""Tools of a programmer's day on small inputs: pipelines, patches, merges, patterns, versions.

Source: the usual behaviour of these tools, restated in the prompts; nothing is executed. Knob: the
number of lines, commands or rules. (Long for the prompts of seven tasks.)
"""

import re
from functools import cache

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task

_FRUIT = ("apple", "fig", "kiwi", "lemon", "mango", "olive", "peach", "plum")


def _pipeline(draws: Draws, level: int) -> dict | None:
    lines = [draws.pick(_FRUIT[: 4 + level // 3]) for _ in range(6 + 2 * level)]
    stages = []
    for _ in range(2 + level // 3):
        kind = draws.pick(("sort", "sort -r", "uniq", "head", "tail", "grep", "grep -v"))
        if kind in ("head", "tail"):
            kind += f" -{draws.between(3, 5 + level)}"
        elif kind.startswith("grep"):
            kind += f" {draws.pick('aeilmp')}"
        stages.append(kind)
    question = {"lines": lines, "stages": stages}
    return question if len(_piped(question)) >= 3 and "sort" in " ".join(stages) else None


def _piped(question: dict) -> list[str]:
    lines = list(question["lines"])
    for stage in question["stages"]:
        tool, _, argument = stage.partition(" ")
        if tool == "sort":
            lines = sorted(lines, reverse=argument == "-r")
        elif tool == "uniq":
            lines = [x for n, x in enumerate(lines) if not n or lines[n - 1] != x]
        elif tool == "head":
            lines = lines[: int(argument[1:])]
        elif tool == "tail":
            lines = lines[-int(argument[1:]) :]
        elif argument.startswith("-v"):
            lines = [x for x in lines if argument[3:] not in x]
        else:
            lines = [x for x in lines if argument in x]
    return lines


def _piped_line_by_line(question: dict) -> list[str]:
    """The same with one pass a stage that takes and gives one line at a time."""
    lines = list(question["lines"])
    for stage in question["stages"]:
        words, out = stage.split(), []
        for number, line in enumerate(lines):
            if words[0] == "sort":
                place = 0
                while place < len(out) and (
                    out[place] > line if "-r" in words else out[place] < line
                ):
                    place += 1
                out.insert(place, line)
            elif words[0] == "uniq":
                out += [line] if out[-1:] != [line] else []
            elif words[0] == "head":
                out += [line] if number < -int(words[1]) else []
            elif words[0] == "tail":
                out += [line] if number >= len(lines) + int(words[1]) else []
            elif (line.find(words[-1]) >= 0) != ("-v" in words):
                out.append(line)
        lines = out
    return lines


def _edits(draws: Draws, level: int) -> dict:
    count = 6 + level
    text = [f"{draws.pick(_FRUIT)}{n}" for n in draws.sample(range(1, 99), count)]
    places = sorted(draws.sample(range(count), 3 + level // 2))
    patch = []
    for place in places:
        kind = draws.pick(("-", "+", "!"))
        fresh = f"{draws.pick(_FRUIT)}{draws.between(100, 199)}"
        patch.append(f"{kind}{place + 1}" + ("" if kind == "-" else f" {fresh}"))
    return {"text": text, "patch": patch}


def _patched(question: dict) -> list[str]:
    """Walk through the old lines with the edits of each at hand."""
    edits = {int(edit.split()[0][1:]): edit for edit in question["patch"]}
    result = []
    for number, line in enumerate(question["text"], start=1):
        edit = edits.get(number, " ")
        fresh = edit.split()[1:]
        result += {" ": [line], "-": [], "!": fresh, "+": [line, *fresh]}[edit[0]]
    return result


def _patched_from_the_end(question: dict) -> list[str]:
    """Apply the edits last to first, so that the numbers stay right."""
    lines = list(question["text"])
    for edit in reversed(question["patch"]):
        head, _, fresh = edit.partition(" ")
        number = int(head[1:])
        if head[0] == "+":
            lines.insert(number, fresh)
        elif head[0] == "!":
            lines[number - 1] = fresh
        else:
            lines.pop(number - 1)
    return lines


def _three_versions(draws: Draws, level: int) -> dict | None:
    base = [f"{draws.pick('abcdefgh')}{draws.below(10)}" for _ in range(6 + level)]
    sides = []
    for _ in range(2):
        side = [
            f"{draws.pick('uvwxyz')}{draws.below(4)}" if draws.chance(1, 3) else x for x in base
        ]
        sides.append(side)
    for place in draws.sample(range(len(base)), 2):
        sides[1][place] = sides[0][place]
    return {"base": base, "ours": sides[0], "theirs": sides[1]}


def _merged(question: dict) -> list[str]:
    result = []
    rows = zip(question["base"], question["ours"], question["theirs"], strict=True)
    for base, ours, theirs in rows:
        if ours == theirs or theirs == base:
            result.append(ours)
        else:
            result.append(theirs if ours == base else "!!")
    return result


def _merged_by_changes(question: dict) -> list[str]:
    """Collect the changes of either side, then lay them over the base."""
    result = list(question["base"])
    changed: dict[int, str] = {}
    for side in ("ours", "theirs"):
        for place, line in enumerate(question[side]):
            if line != question["base"][place]:
                changed[place] = line if changed.get(place, line) == line else "!!"
    for place, line in changed.items():
        result[place] = line
    return result


def _show_versions(question: dict) -> dict:
    return {name: " ".join(lines) for name, lines in question.items()}


def _glob_question(draws: Draws, level: int) -> dict | None:
    names = []
    while len(names) < 8 + level:
        name = draws.text("abc", draws.between(3, 5)) + "." + draws.pick(("c", "h", "ca"))
        if name not in names:
            names.append(name)
    seed, pattern = draws.pick(names), ""
    for letter in seed:
        kind = draws.below(6 + level // 3)
        pattern += (
            "*" if kind == 0 and pattern[-1:] != "*" else "?" if kind == 1
            else f"[{draws.pick('abc')}{letter}]" if kind == 2 and letter != "." else letter
        )  # fmt: skip
    question = {"names": names, "pattern": pattern + ("*" if draws.chance(1, 2) else "")}
    return question if 2 <= len(_globbed(question)) < len(names) else None


def _globbed(question: dict) -> list[str]:
    """Advance a set of places in the pattern letter by letter."""
    pattern = re.findall(r"\[[^\]]*\]|.", question["pattern"])
    result = []
    for name in question["names"]:
        places = _skip({0}, pattern)
        for letter in name:
            after = set()
            for place in places:
                if place < len(pattern):
                    mark = pattern[place]
                    if mark == "*":
                        after.add(place)
                    elif mark == "?" or letter in mark.strip("[]"):
                        after.add(place + 1)
            places = _skip(after, pattern)
        if len(pattern) in places:
            result.append(name)
    return sorted(result)


def _skip(places: set[int], pattern: list[str]) -> set[int]:
    for place in range(len(pattern)):
        if place in places and pattern[place] == "*":
            places = places | {place + 1}
    return places


def _globbed_by_recursion(question: dict) -> list[str]:
    @cache
    def fits(pattern: str, name: str) -> bool:
        if not pattern:
            return not name
        if pattern[0] == "*":
            return fits(pattern[1:], name) or (bool(name) and fits(pattern, name[1:]))
        end = pattern.index("]") + 1 if pattern[0] == "[" else 1
        one = pattern[:end]
        right = one == "?" or (name[:1] in one[1:-1] if end > 1 else name[:1] == one)
        return bool(name) and right and fits(pattern[end:], name[1:])

    return sorted(name for name in question["names"] if fits(question["pattern"], name))


def _versions(draws: Draws, level: int) -> dict | None:
    def version() -> list[int]:
        return [draws.between(0, 3), draws.between(0, 4), draws.between(0, 9)]

    wanted = version()
    rules = []
    for _ in range(2 + level // 3):
        kind = draws.pick(("^", "~", ">=", "<", "!="))
        base = list(wanted)
        if kind in ("^", "~", ">="):
            base[2] = draws.between(0, base[2])
        if kind in ("^", ">="):
            base[1] = draws.between(0, base[1])
        if kind == "<":
            base[draws.below(2)] += 1
        if kind == "!=":
            base = version()
        rules.append(kind + ".".join(map(str, base)))
    found = [version() for _ in range(6 + 2 * level)] + [wanted]
    listed = sorted({".".join(map(str, v)) for v in found})
    question = {"versions": draws.shuffled(listed), "rules": rules}
    return question if _allowed(question) and _allowed(question) != sorted(listed) else None


def _number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _allowed(question: dict) -> list[str]:
    """Keep versions within the half-open range that each rule means."""
    result = []
    for text in question["versions"]:
        at = _number(text)
        good = True
        for rule in question["rules"]:
            kind = rule.rstrip("0123456789.")
            base = _number(rule[len(kind) :])
            top = {"^": (base[0] + 1,), "~": (base[0], base[1] + 1)}.get(kind, (99,))
            if kind == "<":
                good &= at < base
            elif kind == "!=":
                good &= at != base
            else:
                good &= base <= at < top
        if good:
            result.append(text)
    return sorted(result)


def _allowed_by_weights(question: dict) -> list[str]:
    """The same with versions as single numbers."""

    def weight(text: str) -> int:
        a, b, c = _number(text)
        return (a * 100 + b) * 100 + c

    left = set(question["versions"])
    for rule in question["rules"]:
        kind = rule.rstrip("0123456789.")
        base = weight(rule[len(kind) :])
        same = {"^": 10_000, "~": 100}.get(kind)
        if same:
            left = {v for v in left if weight(v) // same == base // same and weight(v) >= base}
        elif kind == ">=":
            left = {v for v in left if weight(v) >= base}
        elif kind == "<":
            left = {v for v in left if weight(v) < base}
        else:
            left = {v for v in left if weight(v) != base}
    return sorted(left)


def _cron(draws: Draws, level: int) -> dict:
    def field(top: int) -> str:
        kind = draws.below(3)
        if kind == 0:
            return f"*/{draws.between(2, top // 3)}"
        low = draws.below(top - 4)
        if kind == 1:
            return f"{low}-{draws.between(low + 1, top - 1)}"
        return ",".join(map(str, sorted(draws.sample(range(top), 2 + level // 4))))

    return {
        "minute": field(60),
        "hour": field(24),
        "now": draws.below(24 * 60),
        "count": 2 + level // 2,
    }


def _field_values(text: str, top: int) -> set[int]:
    if text.startswith("*/"):
        return set(range(0, top, int(text[2:])))
    if "-" in text:
        low, high = map(int, text.split("-"))
        return set(range(low, high + 1))
    return set(map(int, text.split(",")))


def _next_times(question: dict) -> list[str]:
    """Count minutes after now until enough of them fit."""
    minutes = _field_values(question["minute"], 60)
    hours = _field_values(question["hour"], 24)
    times: list[str] = []
    at = question["now"]
    while len(times) < question["count"]:
        at += 1
        if at % 60 in minutes and at // 60 % 24 in hours:
            times.append(f"{at // 60 % 24:02}:{at % 60:02}")
    return times


def _next_times_of_a_day(question: dict) -> list[str]:
    """List a day's times and read on, around midnight."""
    day = sorted(
        60 * hour + minute
        for hour in _field_values(question["hour"], 24)
        for minute in _field_values(question["minute"], 60)
    )
    later = [at for at in day if at > question["now"]]
    row = later + day * question["count"]
    return [f"{at // 60:02}:{at % 60:02}" for at in row[: question["count"]]]


def _show_cron(question: dict) -> dict:
    now = question["now"]
    return question | {"now": f"{now // 60:02}:{now % 60:02}"}


def _sheet(draws: Draws, level: int) -> dict:
    count = 5 + level
    cells = []
    for n in range(count):
        if n < 2 or draws.chance(1, 4):
            cells.append(str(draws.between(-9, 20)))
        elif draws.chance(1, 3) and n >= 3:
            low = draws.below(n - 1)
            cells.append(f"SUM(c{low + 1}:c{draws.between(low + 2, n)})")
        else:
            a, b = draws.below(n), draws.below(n)
            cells.append(f"c{a + 1} {draws.pick('+-')} c{b + 1}")
    order = draws.shuffled(range(count))
    return {"cells": [[n, cells[n]] for n in order]}


def _sheet_values(question: dict) -> list[int]:
    """Evaluate on demand, remembering values."""
    formulas = {n + 1: text for n, text in question["cells"]}

    @cache
    def value(n: int) -> int:
        text = formulas[n]
        if text[0] == "S":
            low, high = (int(part) for part in text[5:-1].replace("c", "").split(":"))
            return sum(value(m) for m in range(low, high + 1))
        parts = text.split()
        if len(parts) == 1:
            return int(text)
        left, right = value(int(parts[0][1:])), value(int(parts[2][1:]))
        return left + right if parts[1] == "+" else left - right

    return [value(n) for n in sorted(formulas)]


def _sheet_by_coefficients(question: dict) -> list[int]:
    """Cells only refer to lower ones: go up, turning every formula into signs on cells."""
    values: list[int] = []
    for _, text in sorted(question["cells"]):
        if text[0] == "S":
            low, high = re.findall(r"\d+", text)
            signs = dict.fromkeys(range(int(low), int(high) + 1), 1)
            values.append(sum(values[m - 1] * sign for m, sign in signs.items()))
        elif "c" in text:
            a, b = (int(m) for m in re.findall(r"c(\d+)", text))
            values.append(values[a - 1] + values[b - 1] * (1 if " + " in text else -1))
        else:
            values.append(int(text))
    return values


def _show_sheet(question: dict) -> dict:
    return {"cells": "\n".join(f"c{n + 1} = {text}" for n, text in question["cells"])}


TASKS = (
    Task(
        id="prog.shell_pipeline",
        title="Output of a pipeline of text tools",
        knob="lines and stages",
        draw=_pipeline,
        solve=_piped,
        second=_piped_line_by_line,
        echoes=True,
        answer=Words(),
        show=lambda q: {"lines": " ".join(q["lines"]), "stages": " | ".join(q["stages"])},
        en=(
            "A file has one word per line: {lines}. What does '{stages}' print from it? (grep "
            "keeps lines that contain the letter, grep -v the others, uniq drops a line equal to "
            "the one before, head and tail keep the first or last lines.)",
            "Run the pipeline {stages} on the lines {lines} and give the resulting lines in order.",
            "{lines} | {stages}",
        ),
        zh=(
            "文件每行一个词：{lines}。“{stages}”会输出什么？（grep 保留含该字母的行，grep -v 保留"
            "其余，"
            "uniq 去掉与前一行相同的行，head、tail 保留开头或结尾的行。）",
            "对这些行 {lines} 运行管道 {stages}，按顺序写出结果行。",
            "{lines} | {stages}",
        ),
    ),
    Task(
        id="prog.apply_patch",
        title="Lines after a patch",
        knob="lines",
        draw=_edits,
        solve=_patched,
        second=_patched_from_the_end,
        answer=Words(example="kiwi0"),
        show=lambda q: {"text": " ".join(q["text"]), "patch": "; ".join(q["patch"])},
        en=(
            "A file has the lines {text}. A patch says, with the old line numbers from 1: -n "
            "deletes line n, !n w replaces it by w, +n w inserts w after it. Apply {patch} and "
            "give all lines.",
            "Patch the lines {text} by {patch} (- delete, ! replace, + insert after; numbers refer "
            "to the original file).",
            "{text}; patch {patch}:",
        ),
        zh=(
            "文件的各行为 {text}。补丁使用原行号（从 1 起）：-n 删除第 n 行，!n w 替换为 w，+n w "
            "在其后"
            "插入 w。应用 {patch}，写出所有行。",
            "用 {patch} 修改各行 {text}（- 删除，! 替换，+ 在后插入，行号指原文件）。",
            "{text}；补丁 {patch}：",
        ),
    ),
    Task(
        id="prog.three_way_merge",
        title="Merge two versions over their common base",
        knob="lines",
        draw=_three_versions,
        solve=_merged,
        second=_merged_by_changes,
        echoes=True,
        answer=Words(example="q9"),
        show=_show_versions,
        en=(
            "Merge line by line. Base: {base}. Ours: {ours}. Theirs: {theirs}. A change made on "
            "one side only, or equally on both, is taken; where the sides changed a line "
            "differently, write !!.",
            "Three-way merge of base {base}, ours {ours}, theirs {theirs}; conflicts as !!.",
            "Base {base} / ours {ours} / theirs {theirs}:",
        ),
        zh=(
            "逐行合并。基础：{base}。我方：{ours}。对方：{theirs}。只有一方修改或双方相同修改则采"
            "用；"
            "双方修改不同处写 !!。",
            "三方合并：基础 {base}，我方 {ours}，对方 {theirs}；冲突写 !!。",
            "基础 {base} / 我方 {ours} / 对方 {theirs}：",
        ),
    ),
    Task(
        id="prog.glob_match",
        title="File names that a pattern matches",
        knob="names",
        draw=_glob_question,
        solve=_globbed,
        second=_globbed_by_recursion,
        echoes=True,
        answer=Words(ordered=False, example="zz.c"),
        en=(
            "Which of the names {names} does the pattern {pattern} match completely? (* is any "
            "text, also none; ? one character; [ab] one of these.)",
            "List the names among {names} selected by the wildcard {pattern}.",
            "{pattern} in {names}:",
        ),
        zh=(
            "模式 {pattern} 完全匹配 {names} 中的哪些名字？（* 为任意文本，可为空；? 为一个字符；"
            "[ab] 为其中之一。）",
            "列出 {names} 中被通配符 {pattern} 选中的名字。",
            "{pattern} 匹配 {names} 中的：",
        ),
    ),
    Task(
        id="prog.version_ranges",
        title="Versions that satisfy all constraints",
        knob="versions",
        draw=_versions,
        solve=_allowed,
        second=_allowed_by_weights,
        echoes=True,
        answer=Words(ordered=False, example="9.9.9"),
        en=(
            "Which of the versions {versions} satisfy all of {rules}? ^a.b.c allows from a.b.c to "
            "below the next a, ~a.b.c to below the next b.",
            "Select from {versions} the versions allowed by {rules} (caret keeps the first number, "
            "tilde the first two, nothing below the stated version).",
            "{rules} in {versions}:",
        ),
        zh=(
            "{versions} 中哪些版本满足所有 {rules}？^a.b.c 允许从 a.b.c 到下一个 a 之前，~a.b.c 到"
            "下一个 b "
            "之前。",
            "从 {versions} 中选出 {rules} 允许的版本（^ 固定第一个数，~ 固定前两个，均不低于所写版"
            "本）。",
            "{rules}，版本 {versions}：",
        ),
    ),
    Task(
        id="prog.cron_times",
        title="Next times of a schedule",
        knob="times",
        draw=_cron,
        solve=_next_times,
        second=_next_times_of_a_day,
        answer=Words(example="25:00"),
        show=_show_cron,
        size=lambda q: q["count"],
        en=(
            "A job runs daily when the minute fits '{minute}' and the hour fits '{hour}' (*/n: "
            "multiples of n from 0; a-b: from a to b; a,b: these). It is {now}. Give the next "
            "{count} times after now as HH:MM.",
            "Cron fields minute {minute}, hour {hour}, every day. List the {count} firing times "
            "strictly after {now} (HH:MM).",
            "{minute} {hour} after {now}, {count} times:",
        ),
        zh=(
            "任务每天在分钟符合“{minute}”且小时符合“{hour}”时运行（*/n：从 0 起 n 的倍数；a-b：a "
            "到 b；"
            "a,b：这些值）。现在是 {now}。写出之后的 {count} 个时间，格式 HH:MM。",
            "每天的定时：分 {minute}，时 {hour}。列出 {now} 之后（不含）的 {count} 个触发时间（"
            "HH:MM）。",
            "{minute} {hour}，{now} 之后 {count} 次：",
        ),
    ),
    Task(
        id="prog.spreadsheet",
        title="Values of cells that refer to others",
        knob="cells",
        draw=_sheet,
        solve=_sheet_values,
        second=_sheet_by_coefficients,
        answer=Integers(),
        show=_show_sheet,
        en=(
            "Evaluate this sheet and list the values of c1, c2, ... in the order of their "
            "numbers:\n{cells}",
            "Cells refer to each other (SUM(c2:c4) adds c2 to c4). Give all values, c1 "
            "first:\n{cells}",
            "{cells}\nvalues:",
        ),
        zh=(
            "计算这张表，按编号顺序写出 c1、c2… 的值：\n{cells}",
            "单元格互相引用（SUM(c2:c4) 为 c2 到 c4 之和）。从 c1 起写出所有值：\n{cells}",
            "{cells}\n各值：",
        ),
    ),
)
