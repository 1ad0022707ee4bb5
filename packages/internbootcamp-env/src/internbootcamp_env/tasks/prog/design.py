"""Design small things: tests, networks, hash functions, pipelines; and follow a history.

Source: the zero-one principle, set cover, modular hashing, version control as usually taught. Where
several designs are right, the checker tries the one given. Knob: wires, keys, tests or commits.
(Long for the prompts of five tasks.)
"""

import itertools
from functools import partial

from internbootcamp_env.answers import Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _network(draws: Draws, level: int) -> dict | None:
    """A sorting network of neighbours, its wires renamed, with one comparator taken out."""
    wires = 5 + level // 4
    order = draws.shuffled(range(1, wires + 1))
    full = [(n, n + 1) for layer in range(wires) for n in range(layer % 2, wires - 1, 2)]
    full.pop(draws.below(len(full)))
    before = [sorted(draws.sample(range(wires), 2)) for _ in range(1 + level // 2)]
    full = [*map(tuple, before), *full]
    pairs = [[order[a], order[b]] for a, b in full]
    question = {"wires": wires, "order": order, "pairs": pairs}
    failing = sum(not _sorts(question, bits) for bits in _inputs(question))
    return question if 1 <= failing <= 2**wires // 10 else None


def _inputs(question: dict) -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=question["wires"]))


def _sorts(question: dict, values: tuple[int, ...]) -> bool:
    row = [0, *values]
    for a, b in question["pairs"]:
        if row[a] > row[b]:
            row[a], row[b] = row[b], row[a]
    ends = [row[n] for n in question["order"]]
    return all(x <= y for x, y in itertools.pairwise(ends))


def _counterexample(question: dict, last: bool = False) -> str:
    inputs = _inputs(question)[:: -1 if last else 1]
    return next("".join(map(str, bits)) for bits in inputs if not _sorts(question, bits))


def _check_counterexample(question: dict, word: str) -> str:
    if len(word) != question["wires"]:
        return f"{question['wires']} bits are needed"
    return "it comes out sorted" if _sorts(question, tuple(map(int, word))) else ""


def _wrong_inputs(question: dict, answer: str, draws: Draws) -> list[str]:
    """Inputs sorted along the order stay so, as every comparator leaves them alone."""
    order, words = question["order"], []
    for zeros in range(len(order) + 1):
        first = set(order[:zeros])
        words.append("".join("0" if n in first else "1" for n in sorted(order)))
    return [*words, answer + "0"]


def _show_network(question: dict) -> dict:
    pairs = " ".join(f"{a}-{b}" for a, b in question["pairs"])
    return question | {"pairs": pairs, "order": " ".join(map(str, question["order"]))}


def _keys(draws: Draws, level: int) -> dict | None:
    count = 6 + level // 3
    keys = draws.sample(range(10, 100 + 40 * level), count)
    size = count + 1
    question = {"keys": keys, "size": size, "prime": 97 if level < 4 else 211}
    return question if _hash_search(question) else None


def _places(question: dict, a: int, b: int) -> list[int]:
    return [(a * key + b) % question["prime"] % question["size"] for key in question["keys"]]


def _hash_search(question: dict, last: bool = False) -> list[int] | None:
    factors = range(1, question["prime"])
    for a in reversed(factors) if last else factors:
        for b in range(8):
            if len(set(_places(question, a, b))) == len(question["keys"]):
                return [a, b]
    return None


def _check_hash(question: dict, value: list[int]) -> str:
    if len(value) != 2 or not all(0 <= n < question["prime"] for n in value):
        return f"two numbers from 0 to below {question['prime']}"
    places = _places(question, *value)
    return "" if len(set(places)) == len(places) else f"keys collide: {places}"


def _wrong_hash(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """A factor of 0 sends all keys to one place."""
    p = question["prime"]
    return ["0 1", "0 0", f"{p} {answer[1]}", f"{answer[0]}", f"{answer[0]} -1"]


def _kills(draws: Draws, level: int) -> dict | None:
    tests, faults = 7 + level // 3, 8 + level
    found = [sorted(draws.sample(range(1, faults + 1), draws.between(2, 4))) for _ in range(tests)]
    question = {"found": found, "faults": faults}
    if set().union(*found) != set(range(1, faults + 1)):
        return None
    return question if 3 <= len(_smallest(question)) < tests else None


def _covers(question: dict, chosen: list[int]) -> bool:
    seen = {fault for n in chosen for fault in question["found"][n - 1]}
    return len(seen) == question["faults"]


def _smallest(question: dict, last: bool = False) -> list[int]:
    """Try sets of rising size, faults as bits."""
    masks = {n: sum(1 << f for f in row) for n, row in enumerate(question["found"], start=1)}
    whole = (2 << question["faults"]) - 2
    for size in range(1, len(masks) + 1):
        for chosen in itertools.combinations(sorted(masks, reverse=last), size):
            seen = 0
            for n in chosen:
                seen |= masks[n]
            if seen == whole:
                return sorted(chosen)
    raise AssertionError("all tests together find everything")


def _check_tests(question: dict, chosen: list[int]) -> str:
    count = len(question["found"])
    if len(set(chosen)) != len(chosen) or not all(1 <= n <= count for n in chosen):
        return "a test comes twice or does not exist"
    if not _covers(question, chosen):
        return "a fault is not found"
    least = len(_smallest(question))
    return "" if len(chosen) == least else f"{len(chosen)} tests; the fewest are {least}"


def _wrong_tests(question: dict, answer: list[int], draws: Draws) -> list[str]:
    every = list(range(1, len(question["found"]) + 1))
    rows = [every, answer[:-1], [*answer, answer[0]], [*answer, 99]]
    return [" ".join(map(str, row)) for row in rows]


def _show_kills(question: dict) -> dict:
    lines = [f"{n}: {' '.join(map(str, row))}" for n, row in enumerate(question["found"], 1)]
    return question | {"found": "\n".join(lines)}


_STEPS = {
    "reverse": lambda row: row[::-1],
    "sort": sorted,
    "drop": lambda row: row[1:],
    "chop": lambda row: row[:-1],
    "double": lambda row: [2 * n for n in row],
    "next": lambda row: [n + 1 for n in row],
    "negate": lambda row: [-n for n in row],
    "sums": lambda row: list(itertools.accumulate(row)),
    "gaps": lambda row: [b - a for a, b in itertools.pairwise(row)],
    "evens": lambda row: [n for n in row if n % 2 == 0],
    "rotate": lambda row: row[1:] + row[:1],
}
_LONGEST = 60


def _applied(steps: list[str], row: list[int]) -> list[int]:
    for step in steps:
        row = _STEPS[step](row)
    return row


def _examples(draws: Draws, level: int) -> dict | None:
    rows = [draws.integers(4 + level // 3, -9, 20 + level) for _ in range(2)]
    most = 2 if level < 5 else 3
    steps = [draws.pick(list(_STEPS)) for _ in range(most)]
    pairs = [[row, _applied(steps, row)] for row in rows]
    question = {"pairs": pairs, "most": most}
    return question if all(len(after) > 1 for _, after in pairs) and _hard(question) else None


def _hard(question: dict) -> bool:
    return not any(_produces(question, [step]) for step in _STEPS)


def _produces(question: dict, steps: list[str]) -> bool:
    return all(_applied(steps, row) == after for row, after in question["pairs"])


def _synthesise(question: dict, last: bool = False) -> list[str]:
    """Build rows reached by few steps from the first example, and test those that fit."""
    (row, after), names = question["pairs"][0], list(_STEPS)[:: -1 if last else 1]
    reached: list[tuple[list[str], list[int]]] = [([], row)]
    for _ in range(question["most"]):
        reached = [([*steps, name], _STEPS[name](now)) for steps, now in reached for name in names]
        for steps, now in reached:
            if now == after and _produces(question, steps):
                return steps
    raise AssertionError("the drawn steps produce it")


def _check_steps(question: dict, steps: list[str]) -> str:
    if not 1 <= len(steps) <= question["most"]:
        return f"from 1 to {question['most']} steps"
    if not set(steps) <= set(_STEPS):
        return "an unknown step"
    for row, after in question["pairs"]:
        if (now := _applied(steps, row)) != after:
            return f"{row} becomes {now}"
    return ""


def _wrong_steps(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Every single step fails as drawn; so do too many, and an unknown one."""
    few = draws.sample(list(_STEPS), 3)
    return [*few, " ".join(["reverse", "reverse"] * 2), " ".join([*answer[:-1], "shuffle"])]


def _show_examples(question: dict) -> dict:
    lines = [
        f"[{' '.join(map(str, a))}] -> [{' '.join(map(str, b))}]" for a, b in question["pairs"]
    ]
    return question | {"pairs": "\n".join(lines), "names": " ".join(_STEPS)}


def _commands(draws: Draws, level: int) -> dict | None:
    branches, commands, current = ["main"], ["commit"], "main"
    for _ in range(9 + 2 * level):
        kind = draws.pick(("commit", "commit", "branch", "checkout", "merge", "reset"))
        if kind == "branch" and len(branches) < 4:
            branches.append(f"b{len(branches)}")
            commands.append(f"branch {branches[-1]}")
        elif kind in ("checkout", "merge") and len(branches) > 1:
            other = draws.pick([name for name in branches if name != current])
            commands.append(f"{kind} {other}")
            current = other if kind == "checkout" else current
        elif kind == "reset" and len(branches) > 1 and draws.chance(1, 2):
            commands.append("reset")
        else:
            commands.append("commit")
    question = {"commands": commands, "branches": branches}
    return question if len(branches) > 2 and len(set(_heads(question))) > 2 else None


def _heads(question: dict) -> list[int]:
    """Keep the first parent and all ancestors of every commit."""
    parents: dict[int, int] = {0: 0}
    ancestors: dict[int, set[int]] = {0: {0}}
    heads, current = {"main": 0}, "main"

    def commit(*origins: int) -> int:
        number = len(parents)
        parents[number] = origins[0]
        ancestors[number] = {number}.union(*(ancestors[origin] for origin in origins))
        return number

    for command in question["commands"]:
        verb, _, name = command.partition(" ")
        here = heads[current]
        if verb == "commit":
            heads[current] = commit(here)
        elif verb == "branch":
            heads[name] = here
        elif verb == "checkout":
            current = name
        elif verb == "reset":
            heads[current] = parents[here]
        elif here in ancestors[heads[name]]:
            heads[current] = heads[name]
        elif heads[name] not in ancestors[here]:
            heads[current] = commit(here, heads[name])
    return [heads[name] for name in question["branches"]]


def _heads_by_search(question: dict) -> list[int]:
    """Keep all parents, and look for ancestors when a merge needs them."""
    parents: list[tuple[int, ...]] = [()]
    heads, current = {"main": 0}, "main"

    def behind(old: int, new: int) -> bool:
        edge = [new]
        for commit in edge:
            edge += [parent for parent in parents[commit] if parent not in edge]
        return old in edge

    for command in question["commands"]:
        words = command.split()
        here, other = heads[current], heads.get(words[-1], 0)
        if words[0] == "checkout":
            current = words[1]
        elif words[0] == "branch":
            heads[words[1]] = here
        elif words[0] == "reset":
            heads[current] = (*parents[here], 0)[0]
        elif words[0] == "merge" and behind(other, here):
            continue
        elif words[0] == "merge" and behind(here, other):
            heads[current] = other
        else:
            parents.append((here, other) if words[0] == "merge" else (here,))
            heads[current] = len(parents) - 1
    return [heads[name] for name in question["branches"]]


def _show_commands(question: dict) -> dict:
    return {"commands": "; ".join(question["commands"]), "branches": " ".join(question["branches"])}


TASKS = (
    Task(
        id="prog.network_counterexample",
        title="An input that a comparator network fails to sort",
        knob="wires and comparators",
        verifier="C",
        draw=_network,
        solve=_counterexample,
        another=partial(_counterexample, last=True),
        check=_check_counterexample,
        wrong=_wrong_inputs,
        answer=Word("01", "Write the bits as one word.", "把各位连写成一个词。"),
        show=_show_network,
        size=lambda q: q["wires"] * 10 + len(q["pairs"]),
        en=(
            "A network on {wires} wires compares, in this order, the pairs {pairs}: i-j puts the "
            "smaller of the values on wires i and j onto i and the larger onto j. The values "
            "should "
            "never fall along the wires {order}, but for some inputs they do. Give such an input "
            "of bits, wire 1 first.",
            "Find a 0-1 input (wires 1 to {wires}) that the comparators {pairs} (smaller value to "
            "the first wire), applied from left to right, leave unsorted in the order {order}.",
            "{wires} wires, {pairs}, order {order}: unsorted 0-1 input:",
        ),
        zh=(
            "{wires} 条线的网络依次比较 {pairs}：i-j 把线 i、j 上较小的值放到 i，较大的放到 j。沿"
            "线 {order} "
            "读出的值本不应下降，但有些输入会。给出一个这样的 0-1 输入（从线 1 起）。",
            "求一个 0-1 输入（线 1 到 {wires}），使比较器 {pairs}（小值到前一条线）从左到右应用后"
            "，按 {order} "
            "的顺序仍未有序。",
            "{wires} 条线，{pairs}，顺序 {order}：未排好的 0-1 输入：",
        ),
    ),
    Task(
        id="prog.perfect_hash",
        title="A hash function without collisions",
        knob="keys",
        verifier="C",
        draw=_keys,
        solve=_hash_search,
        another=partial(_hash_search, last=True),
        check=_check_hash,
        wrong=_wrong_hash,
        answer=Integers(),
        size=lambda q: len(q["keys"]) * 100 + max(q["keys"]) // 10,
        en=(
            "Find integers a and b from 0 to below {prime} such that ((a * key + b) mod {prime}) "
            "mod {size} differs for all of the keys {keys}. Answer with a and b.",
            "Choose a, b in 0..{prime}-1 that make h(k) = ((a k + b) mod {prime}) mod {size} "
            "collision-free on {keys}.",
            "a b for ((a k + b) mod {prime}) mod {size}, keys {keys}:",
        ),
        zh=(
            "求 0 到 {prime} 之前的整数 a、b，使 ((a * key + b) mod {prime}) mod {size} 对键 "
            "{keys} 互不相同。"
            "回答 a 和 b。",
            "选取 0..{prime}-1 中的 a、b，使 h(k) = ((a k + b) mod {prime}) mod {size} 在 {keys} "
            "上无冲突。",
            "((a k + b) mod {prime}) mod {size} 的 a b，键 {keys}：",
        ),
    ),
    Task(
        id="prog.fewest_tests",
        title="Fewest tests that find all faults",
        knob="tests and faults",
        verifier="O",
        draw=_kills,
        solve=_smallest,
        second=partial(_smallest, last=True),
        check=_check_tests,
        wrong=_wrong_tests,
        answer=Integers(ordered=False),
        show=_show_kills,
        echoes=True,
        en=(
            "Each test with the faults (1 to {faults}) that it finds:\n{found}\nChoose as few "
            "tests as possible that together find every fault.",
            "Smallest set of these tests that covers the faults 1 to {faults}:\n{found}",
            "{found}\nfewest tests for 1-{faults}:",
        ),
        zh=(
            "各测试及其能发现的缺陷（1 到 {faults}）：\n{found}\n选尽量少的测试，合起来发现所有缺"
            "陷。",
            "覆盖缺陷 1 到 {faults} 的最小测试集：\n{found}",
            "{found}\n覆盖 1-{faults} 的最少测试：",
        ),
    ),
    Task(
        id="prog.steps_by_example",
        title="List operations that produce the examples",
        knob="steps",
        verifier="X",
        draw=_examples,
        solve=_synthesise,
        another=partial(_synthesise, last=True),
        check=_check_steps,
        wrong=_wrong_steps,
        answer=Words(),
        show=_show_examples,
        echoes=True,
        en=(
            "Operations on lists: {names} (drop removes the first item, chop the last; double, "
            "next, negate map every n to 2n, n+1, -n; sums gives running sums, gaps the "
            "differences of neighbours; evens keeps even numbers; rotate moves the first item to "
            "the end). Give at most {most} of them, in order, that turn\n{pairs}",
            "Write a program of up to {most} words out of {names} (each applied to the result so "
            "far; drop first, chop last, next adds 1, gaps are later minus earlier) with\n{pairs}",
            "{pairs}\nup to {most} of {names}:",
        ),
        zh=(
            "列表操作：{names}（drop 去掉首项，chop 去掉末项；double、next、negate 把每个 n 变为 "
            "2n、n+1、-n；"
            "sums 为累加和，gaps 为相邻之差；evens 保留偶数；rotate 把首项移到末尾）。依次给出至多"
            " {most} 个"
            "操作，使\n{pairs}",
            "用 {names} 中至多 {most} 个词写程序（依次作用；drop 去首，chop 去尾，next 加 1，gaps "
            "为后减前），"
            "满足\n{pairs}",
            "{pairs}\n至多 {most} 个，取自 {names}：",
        ),
    ),
    Task(
        id="prog.branch_heads",
        title="Where the branches point after some commands",
        knob="commands",
        draw=_commands,
        solve=_heads,
        second=_heads_by_search,
        answer=Integers(),
        show=_show_commands,
        en=(
            "A repository starts with commit 0 and branch main. Every new commit gets the next "
            "number: {commands}. 'branch b' makes b here without going there; 'merge b' does "
            "nothing if b is behind, moves on to b if this branch is behind, and otherwise makes a "
            "commit; 'reset' moves the current branch back to its first parent (0 stays). At which "
            "commits are {branches}?",
            "Simulate version control from commit 0 on main, commits numbered 1, 2, ...: "
            "{commands} (merge: fast-forward if possible, no commit if up to date; reset: one "
            "commit back along first parents; branch does not switch). Give the heads of "
            "{branches}.",
            "{commands}; heads of {branches}:",
        ),
        zh=(
            "仓库从提交 0 和分支 main 开始，新提交依次编号：{commands}。branch b 在此处建立 b 但不"
            "切换；"
            "merge b：若 b 落后则不变，若当前分支落后则快进到 b，否则产生一个提交；reset 把当前分"
            "支退回其"
            "第一父提交（0 不变）。{branches} 各在哪个提交？",
            "从 main 上的提交 0 开始模拟版本控制，提交编号 1、2…：{commands}（merge 能快进则快进，"
            "已包含则无"
            "提交；reset 沿第一父退一步；branch 不切换）。写出 {branches} 的位置。",
            "{commands}；{branches} 的位置：",
        ),
    ),
)
