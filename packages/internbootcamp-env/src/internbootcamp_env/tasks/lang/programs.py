"""Small programming languages, run by hand: tape, stack, lists, grammar, Turing machines.

Source: Müller 1993 (eight commands), Landin 1964, Chomsky 1959, Turing 1936; every rule stands in
the prompt. Knob: the length of the program or word.
"""

from functools import cache

from internbootcamp_env.answers import Integer, Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.task import Task


def _tape_program(draws: Draws, level: int) -> dict:
    """Draw counting loops that move amounts between cells, and plain steps."""
    text = "+" * draws.between(2, 5)
    for _ in range(2 + (level + 1) // 2):
        kind = draws.below(3)
        if kind == 0:
            text += f"[-{'>' + '+' * draws.between(1, 3)}{'>' + '+' * draws.between(1, 2)}<<]>"
        elif kind == 1:
            text += draws.pick(("+", "-")) * draws.between(1, 3) + ">" + "+" * draws.between(1, 4)
        else:
            text += "+" * draws.between(1, 3) + f"[->{'+' * draws.between(2, 3)}<]>"
    return {"program": text}


def _tape(question: dict) -> list[int]:
    """Interpret with a table of matching brackets."""
    program, cells, here = question["program"], [0] * 60, 0
    match, stack = {}, []
    for place, mark in enumerate(program):
        if mark == "[":
            stack.append(place)
        elif mark == "]":
            match[place] = stack.pop()
            match[match[place]] = place
    place = used = 0
    while place < len(program):
        mark = program[place]
        if mark in "<>":
            here += 1 if mark == ">" else -1
            used = max(used, here)
        elif mark in "+-":
            cells[here] += 1 if mark == "+" else -1
        elif (mark == "[") == (not cells[here]):
            place = match[place]
        place += 1
    return cells[: used + 1]


def _tape_by_blocks(question: dict) -> list[int]:
    """Interpret recursively, block by block."""
    program = question["program"]
    cells: dict[int, int] = {}
    here = used = 0

    def block(place: int, run: bool) -> int:
        nonlocal here, used
        while place < len(program) and program[place] != "]":
            mark = program[place]
            if mark == "[":
                start = place + 1
                end = block(start, run=False)
                while run and cells.get(here, 0):
                    block(start, run=True)
                place = end
            elif run and mark in "<>":
                here += 1 if mark == ">" else -1
                used = max(used, here)
            elif run:
                cells[here] = cells.get(here, 0) + (1 if mark == "+" else -1)
            place += 1
        return place

    block(0, run=True)
    return [cells.get(n, 0) for n in range(used + 1)]


def _draw_tape(draws: Draws, level: int) -> dict | None:
    """Refuse programs with a cell below zero, where a loop might never end."""
    question = _tape_program(draws, level)
    if "--" in question["program"] or ">-" in question["program"]:
        return None
    return question


_TM_MOVES = {"L": -1, "R": 1}


def _machine(draws: Draws, level: int) -> dict | None:
    states = "ABC"[: 2 + level // 5]
    rules = [
        [s, x, draws.pick("01"), draws.pick("LR"), draws.pick(states)] for s in states for x in "01"
    ]
    question = {"rules": rules, "steps": 5 + 2 * level, "tape": draws.text("01", 5 + level // 2)}
    return question if len(set(_turing_trace(question))) > 3 + level else None


def _turing_trace(question: dict) -> list[tuple]:
    rules = {(s, x): (y, move, t) for s, x, y, move, t in question["rules"]}
    cells = {n: x for n, x in enumerate(question["tape"]) if x == "1"}
    state, here, trace = "A", 0, []
    for _ in range(question["steps"]):
        trace.append((state, here, tuple(sorted(cells))))
        y, move, state = rules[state, cells.get(here, "0")]
        if y == "1":
            cells[here] = "1"
        else:
            cells.pop(here, None)
        here += _TM_MOVES[move]
    return [*trace, (state, here, tuple(sorted(cells)))]


def _turing(question: dict) -> list[str]:
    state, here, ones = _turing_trace(question)[-1]
    return [state, str(here), *map(str, ones)]


def _turing_by_strings(question: dict) -> list[str]:
    """Keep the tape as two texts left and right of the head."""
    rules = {s + x: (y, move, t) for s, x, y, move, t in question["rules"]}
    left, right, state, here = "", question["tape"], "A", 0
    for _ in range(question["steps"]):
        y, move, state = rules[state + (right or "0")[0]]
        right = y + right[1:]
        if move == "R":
            left, right, here = left + right[0], right[1:], here + 1
        else:
            left, right, here = left[:-1], (left or "0")[-1] + right, here - 1
    ones = [here - len(left) + n for n, x in enumerate(left + right) if x == "1"]
    return [state, str(here), *map(str, ones)]


def _show_machine(question: dict) -> dict:
    rules = ", ".join(f"{s}{x}->{y}{move}{t}" for s, x, y, move, t in question["rules"])
    return question | {"rules": rules}


def _lisp(draws: Draws, level: int) -> dict:
    return {"term": _lisp_term(draws, 3 + level, ())}


def _lisp_term(draws: Draws, size: int, names: tuple[str, ...]) -> str:
    if size <= 1:
        if names and draws.chance(3, 5):
            return draws.pick(names)
        return str(draws.between(1, 9))
    kind = draws.weighted(("let", "op", "if", "call"), (3, 4, 2, 2))
    left = draws.between(1, size - 1)
    rest = max(1, size - 1 - left)
    if kind == "op" or size < 4:
        parts = (_lisp_term(draws, left, names), _lisp_term(draws, rest, names))
        return f"({draws.pick('+-*')} {parts[0]} {parts[1]})"
    name = draws.pick("xyz")
    inner = tuple(dict.fromkeys([*names, name]))
    if kind == "let":
        value, body = _lisp_term(draws, left, names), _lisp_term(draws, rest, inner)
        return f"(let {name} {value} {body})"
    if kind == "call":
        body, value = _lisp_term(draws, left, inner), _lisp_term(draws, rest, names)
        return f"((fn {name} {body}) {value})"
    test = f"{_lisp_term(draws, 1, names)} {_lisp_term(draws, 1, names)}"
    then, other = _lisp_term(draws, left, names), _lisp_term(draws, rest, names)
    return f"(if (< {test}) {then} {other})"


def _lisp_read(text: str) -> list | str:
    tokens = text.replace("(", " ( ").replace(")", " ) ").split()
    stack: list[list] = [[]]
    for token in tokens:
        if token == "(":
            stack.append([])
        elif token == ")":
            done = stack.pop()
            stack[-1].append(done)
        else:
            stack[-1].append(token)
    return stack[0][0]


def _lisp_value(question: dict) -> int:
    """Evaluate with environments."""

    def value(term: list | str, scope: dict[str, int]) -> int:
        if isinstance(term, str):
            return int(term) if term.isdigit() else scope[term]
        head = term[0]
        if isinstance(head, list):
            return value(head[2], scope | {head[1]: value(term[1], scope)})
        if head == "let":
            return value(term[3], scope | {term[1]: value(term[2], scope)})
        if head == "if":
            test = value(term[1][1], scope) < value(term[1][2], scope)
            return value(term[2] if test else term[3], scope)
        a, b = value(term[1], scope), value(term[2], scope)
        return a + b if head == "+" else a - b if head == "-" else a * b

    return value(_lisp_read(question["term"]), {})


def _lisp_value_by_substitution(question: dict) -> int:
    """Replace names by values in the term itself, respecting inner definitions."""

    def replace(term: list | str, name: str, number: int) -> list | str | int:
        if isinstance(term, str):
            return number if term == name else term
        if isinstance(term, int):
            return term
        if term[0] in ("let", "fn") and term[1] == name:
            kept = len(term) - 1
            parts = [replace(p, name, number) for p in term[2:kept]]
            return [*term[:2], *parts, term[kept]]
        return [term[0] if isinstance(term[0], str) else replace(term[0], name, number)] + [
            part if part in ("let", "fn") else replace(part, name, number) for part in term[1:]
        ]

    def value(term: list | str | int) -> int:
        if not isinstance(term, list):
            return int(term)
        head = term[0]
        if isinstance(head, list):
            return value(replace(head[2], head[1], value(term[1])))
        if head == "let":
            return value(replace(term[3], term[1], value(term[2])))
        if head == "if":
            return value(term[2 if value(term[1][1]) < value(term[1][2]) else 3])
        a, b = value(term[1]), value(term[2])
        return {"+": a + b, "-": a - b, "*": a * b}[head]

    return value(_lisp_read(question["term"]))


def _grammar(draws: Draws, level: int) -> dict | None:
    """Draw rules in normal form, and a word by deriving it."""
    names = "SAB"
    rules = [[name, draws.pick("ab")] for name in names]
    while len(rules) < 8:
        rule = [draws.pick(names), draws.pick(names) + draws.pick(names)]
        if rule not in rules:
            rules.append(rule)
    text, wanted = "S", 6 + level // 3
    while len(text) < wanted:
        places = [(n, r) for n, x in enumerate(text) for r in rules if r[0] == x and len(r[1]) == 2]
        if not places:
            return None
        place, rule = draws.pick(places)
        text = text[:place] + rule[1] + text[place + 1 :]
    letters = {name: [r[1] for r in rules if r[0] == name and len(r[1]) == 1] for name in names}
    word = "".join(draws.pick(letters[x]) for x in text)
    question = {"rules": sorted(rules), "word": word}
    return question if _parses(question) > 4 else None


def _parses(question: dict) -> int:
    """Count trees for every part of the word (Cocke, Younger and Kasami)."""
    word, rules = question["word"], question["rules"]
    size = len(word)
    ways: dict[tuple[int, int, str], int] = {}
    for n, letter in enumerate(word):
        for name, body in rules:
            if body == letter:
                ways[n, n + 1, name] = ways.get((n, n + 1, name), 0) + 1
    for span in range(2, size + 1):
        for start in range(size - span + 1):
            end = start + span
            for name, body in rules:
                if len(body) < 2:
                    continue
                for cut in range(start + 1, end):
                    left, right = ways.get((start, cut, body[0])), ways.get((cut, end, body[1]))
                    if left and right:
                        key = (start, end, name)
                        ways[key] = ways.get(key, 0) + left * right
    return ways.get((0, size, "S"), 0)


def _parses_by_derivations(question: dict) -> int:
    """Follow leftmost derivations that match the word so far."""
    rules = question["rules"]

    @cache
    def count(goals: str, word: str) -> int:
        if len(goals) > len(word):
            return 0
        if not goals:
            return int(not word)
        total = 0
        for name, body in rules:
            if name == goals[0]:
                if len(body) == 2:
                    total += count(body + goals[1:], word)
                elif body == word[0]:
                    total += count(goals[1:], word[1:])
        return total

    return count("S", question["word"])


def _show_grammar(question: dict) -> dict:
    return {
        "rules": ", ".join(f"{name} -> {body}" for name, body in question["rules"]),
        "word": question["word"],
    }


def _sets_grammar(draws: Draws, level: int) -> dict:
    """Draw productions with optional parts; some symbols vanish."""
    names = "SABCDE"[: 3 + level // 3]
    rules = set()
    for name in names:
        rules.add((name, draws.text("abc", 1)))
        for _ in range(1 + draws.below(2)):
            size = draws.between(1, 3)
            rules.add((name, "".join(draws.pick(names + "abc") for _ in range(size))))
        if draws.chance(2, 5):
            rules.add((name, ""))
    return {"rules": [list(rule) for rule in sorted(rules)]}


def _follow(question: dict) -> list[str]:
    """Iterate FIRST and FOLLOW to their fixed point."""
    rules = question["rules"]
    names = sorted({name for name, _ in rules})
    first: dict[str, set[str]] = {name: set() for name in names}
    empty: set[str] = set()
    follow: dict[str, set[str]] = {name: set() for name in names}
    follow["S"].add("$")
    while True:
        before = (str(first), len(empty), sum(map(len, follow.values())))
        for name, body in rules:
            if all(x in empty for x in body):
                empty.add(name)
            for x in body:
                first[name] |= first.get(x, {x})
                if x not in empty:
                    break
            for n, x in enumerate(body):
                if x not in follow:
                    continue
                for y in body[n + 1 :]:
                    follow[x] |= first.get(y, {y})
                    if y not in empty:
                        break
                else:
                    follow[x] |= follow[name]
        if before == (str(first), len(empty), sum(map(len, follow.values()))):
            return [f"{name}:{''.join(sorted(follow[name]))}" for name in names]


def _follow_by_relation(question: dict) -> list[str]:
    """Say which symbol can stand directly before which, by chains of first and last symbols."""
    rules = question["rules"]
    names = sorted({name for name, _ in rules})
    empty: set[str] = set()
    for _ in names:
        empty |= {name for name, body in rules if set(body) <= empty}

    def reach(step: dict[str, set[str]], start: str) -> set[str]:
        seen, stack = {start}, [start]
        while stack:
            for other in step.get(stack.pop(), set()) - seen:
                seen.add(other)
                stack.append(other)
        return seen

    heads: dict[str, set[str]] = {}
    owners: dict[str, set[str]] = {}  # symbols whose end may be the end of the key
    pairs = set()
    for name, body in rules:
        for n, x in enumerate(body):
            if set(body[:n]) <= empty:
                heads.setdefault(name, set()).add(x)
            if set(body[n + 1 :]) <= empty:
                owners.setdefault(x, set()).add(name)
            for m in range(n + 1, len(body)):
                if set(body[n + 1 : m]) <= empty:
                    pairs.add((x, body[m]))
    rows = []
    for name in names:
        above = reach(owners, name)
        after = {z for x, y in pairs if x in above for z in reach(heads, y) if z not in names}
        rows.append(f"{name}:{''.join(sorted(after | ({'$'} if 'S' in above else set())))}")
    return rows


def _show_sets(question: dict) -> dict:
    return {"rules": ", ".join(f"{name} -> {body or 'ε'}" for name, body in question["rules"])}


TASKS = (
    Task(
        id="lang.tape_program",
        title="Cells after a program of eight-command language",
        knob="commands",
        draw=_draw_tape,
        solve=_tape,
        second=_tape_by_blocks,
        answer=Integers(),
        en=(
            "All cells of a tape are 0. > and < move right and left, + and - change the cell by "
            "one, and [ ] repeats what is inside while the current cell is not 0. Run {program} "
            "from the first cell and list the cells up to the rightmost one visited.",
            "Execute this Brainfuck program and give the final contents of all visited cells, from "
            "the left: {program}",
            "Tape after {program}",
        ),
        zh=(
            "纸带各格为 0。> 和 < 右移、左移，+ 和 - 使当前格加减一，[ ] 在当前格不为 0 "
            "时重复其中内容。"
            "从第一格运行 {program}，列出到过的最右格为止的各格内容。",
            "执行这段 Brainfuck 程序，从左起写出所有到过的格的最终内容：{program}",
            "运行 {program} 后的纸带",
        ),
    ),
    Task(
        id="lang.turing_steps",
        title="Turing machine after some steps",
        knob="steps",
        draw=_machine,
        solve=_turing,
        second=_turing_by_strings,
        answer=Words(example="A"),
        show=_show_machine,
        en=(
            "A Turing machine has the rules {rules} (A0->1RB: in state A reading 0, write 1, move "
            "right, go to B). The tape is 0 except for {tape} from position 0 on; it starts in A "
            "at 0. After {steps} steps, write its state, the position of the head and the "
            "positions "
            "of all ones, ascending.",
            "Run {rules} for {steps} steps from state A at cell 0 on the tape {tape} (cells from "
            "0; "
            "all others 0; left is negative). Give state, head position and, ascending, the cells "
            "that hold 1.",
            "{rules}; tape {tape} from 0; after {steps} steps: state, head, ones",
        ),
        zh=(
            "图灵机规则为 {rules}（A0->1RB：状态 A 读到 0，写 1，右移，转到 B）。"
            "纸带从位置 0 起为 {tape}，其余为 0；从状态 A、位置 0 开始。运行 {steps} 步后，"
            "写出状态、读写头位置以及所有 1 的位置（升序）。",
            "从状态 A、格 0 运行 {rules} 共 {steps} 步，纸带为 {tape}（从 0 起，其余为 0，"
            "左为负）。"
            "写出状态、头的位置和写着 1 的格（升序）。",
            "{rules}；纸带 {tape} 从 0 起；{steps} 步后：状态、头、各个 1",
        ),
    ),
    Task(
        id="lang.lisp_value",
        title="Value of an expression with definitions and functions",
        knob="parts",
        draw=_lisp,
        solve=_lisp_value,
        second=_lisp_value_by_substitution,
        answer=Integer(),
        en=(
            "Evaluate {term}. (let x v e) is e with x standing for v, ((fn x e) v) calls a "
            "function, (if (< a b) p q) is p if a < b and q otherwise; inner names hide outer "
            "ones.",
            "What is the value of this Lisp-like expression with lexical scope? {term} Here (let x "
            "v e) binds x in e only.",
            "Value: {term}",
        ),
        zh=(
            "求 {term} 的值。(let x v e) 是把 e 中的 x 换作 v，((fn x e) v) 是函数调用，"
            "(if (< a b) p q) 当 a < b 时为 p 否则为 q；内层名字遮蔽外层。",
            "这个词法作用域的类 Lisp 表达式的值是多少？{term} 其中 (let x v e) 只在 e 内绑定 x。",
            "求值：{term}",
        ),
    ),
    Task(
        id="lang.parse_count",
        title="Number of parse trees",
        knob="letters",
        draw=_grammar,
        solve=_parses,
        second=_parses_by_derivations,
        answer=Integer(),
        show=_show_grammar,
        en=(
            "How many different parse trees does {word} have in the grammar {rules} (start S)?",
            "With the rules {rules} and the start symbol S, in how many ways can {word} be derived "
            "leftmost?",
            "Parse trees of {word}: {rules}",
        ),
        zh=(
            "在文法 {rules}（开始符号 S）中，{word} 有多少棵不同的语法树？",
            "规则为 {rules}，开始符号 S，{word} 有多少种最左推导？",
            "{word} 的语法树数：{rules}",
        ),
    ),
    Task(
        id="lang.follow_sets",
        title="FOLLOW sets of a grammar",
        knob="symbols",
        draw=_sets_grammar,
        solve=_follow,
        second=_follow_by_relation,
        answer=Words(ordered=False, example="Z:z"),
        show=_show_sets,
        en=(
            "For the grammar {rules} (start S, ε the empty word, small letters terminals), compute "
            "FOLLOW of every capital letter, with $ for the end. Write each as A:$bc, its members "
            "sorted with $ first.",
            "List the FOLLOW sets of {rules}; S is the start and $ marks the end of input. Form: "
            "A:$ab for each non-terminal, members in ASCII order.",
            "FOLLOW sets, as A:$ab: {rules}",
        ),
        zh=(
            "对文法 {rules}（开始符号 S，ε 为空串，小写为终结符），求每个大写字母的 FOLLOW 集，"
            "$ 表示结尾。写成 A:$bc，成员按序，$ 在最前。",
            "列出 {rules} 的 FOLLOW 集，S 为开始符号，$ 为输入结束。每个非终结符写成 A:$ab，"
            "按 ASCII 顺序。",
            "FOLLOW 集（写成 A:$ab）：{rules}",
        ),
    ),
)
