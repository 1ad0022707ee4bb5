"""Finite automata: minimise one, write one for a described language.

Source: textbook definitions (Rabin and Scott 1959, Moore 1956, Hopcroft 1971). Knob: the number
of states. A written automaton is compared with the wanted language exactly, by the product.
"""

from itertools import product

from internbootcamp_env.answers import Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import automata
from internbootcamp_env.task import Task


def _table(draws: Draws, states: int) -> list[list[int]]:
    return [draws.integers(2, 0, states - 1) for _ in range(states)]


def _automaton(draws: Draws, level: int) -> dict:
    """Blow a small automaton up by copying states."""
    core = 3 + level // 2
    wanted = core + 2 + level // 2
    table = _table(draws, core)
    accepting = [s for s in range(core) if draws.chance(1, 2)] or [core - 1]
    copies = [*range(core), *(draws.below(core) for _ in range(wanted - core))]
    places = [[n for n, s in enumerate(copies) if s == state] for state in range(core)]
    rows = [[draws.pick(places[target]) for target in table[state]] for state in copies]
    return {
        "table": rows,
        "accepting": [n for n, s in enumerate(copies) if s in accepting],
    }


def _language(question: dict) -> automata.Automaton:
    return question["table"], question["accepting"]


def _minimal(question: dict) -> list[str]:
    rows, finals = automata.minimal(_language(question))
    return [f"{a}{b}{'*' if n in finals else ''}" for n, (a, b) in enumerate(rows)]


def _minimal_by_words(question: dict) -> list[str]:
    """Tell states apart by all words up to the number of states, tried one by one."""
    table, accepting = _language(question)
    words = [w for size in range(len(table)) for w in product(range(2), repeat=min(size, 7))]

    def look(state: int) -> tuple[bool, ...]:
        results = []
        for word in words:
            here = state
            for letter in word:
                here = table[here][letter]
            results.append(here in accepting)
        return tuple(results)

    looks = [look(state) for state in range(len(table))]
    names, queue, rows = {looks[0]: 0}, [0], []
    for state in queue:
        row = ""
        for target in table[state]:
            if looks[target] not in names:
                names[looks[target]] = len(names)
                queue.append(target)
            row += str(names[looks[target]])
        rows.append(row + ("*" if state in accepting else ""))
    return rows


def _draw_minimal(draws: Draws, level: int) -> dict | None:
    question = _automaton(draws, level)
    return question if 2 < len(automata.minimal(_language(question))[0]) < 10 else None


def _show_automaton(question: dict) -> dict:
    rows = [f"{s}: a->{a}, b->{b}" for s, (a, b) in enumerate(question["table"])]
    accepting = ", ".join(map(str, question["accepting"]))
    return {"table": "; ".join(rows), "accepting": accepting}


def _condition(draws: Draws, level: int) -> dict:
    """Draw conditions on a word: a remainder of a count, a block, an end, a length."""
    kinds = draws.sample(("count", "begin", "end", "block", "length"), 2)
    conditions = []
    for kind in sorted(kinds):
        letter, modulus = draws.pick("ab"), draws.between(2, 7)
        if kind in ("count", "length"):
            conditions.append([kind, letter, modulus, draws.below(modulus)])
        else:
            conditions.append([kind, draws.text("ab", draws.between(2, 6))])
    return {"conditions": conditions}


def _condition_automaton(condition: list) -> automata.Automaton:
    kind, word, *numbers = condition
    if kind == "count":
        modulus, rest = numbers
        turn = [[(s + 1) % modulus, s] for s in range(modulus)]
        return [row if word == "a" else row[::-1] for row in turn], [rest]
    if kind == "length":
        modulus, rest = numbers
        return [[(s + 1) % modulus] * 2 for s in range(modulus)], [rest]
    size = len(word)
    if kind == "begin":
        rows = [[s + 1 if word[s] == x else size + 1 for x in "ab"] for s in range(size)]
        return [*rows, [size, size], [size + 1, size + 1]], [size]
    rows = []
    for s in range(size + 1):
        if kind == "block" and s == size:
            rows.append([size, size])
            continue
        seen = word[:s]
        rows.append(
            [max(k for k in range(size + 1) if (seen + x).endswith(word[:k])) for x in "ab"]
        )
    return rows, [size]


def _both(a: automata.Automaton, b: automata.Automaton) -> automata.Automaton:
    names, queue, rows = {(0, 0): 0}, [(0, 0)], []
    for s, t in queue:
        row = []
        for letter in range(2):
            pair = a[0][s][letter], b[0][t][letter]
            if pair not in names:
                names[pair] = len(names)
                queue.append(pair)
            row.append(names[pair])
        rows.append(row)
    return rows, [names[s, t] for s, t in queue if s in a[1] and t in b[1]]


def _wanted(question: dict) -> automata.Automaton:
    machines = [_condition_automaton(condition) for condition in question["conditions"]]
    whole = machines[0]
    for machine in machines[1:]:
        whole = _both(whole, machine)
    return automata.minimal(whole)


def _rows(machine: automata.Automaton) -> list[str]:
    table, finals = machine
    return [f"{a}{b}{'*' if n in finals else ''}" for n, (a, b) in enumerate(table)]


def _draw_condition(draws: Draws, level: int) -> dict | None:
    question = _condition(draws, level)
    table, finals = _wanted(question)
    return question if finals and 4 + level // 3 <= len(table) <= 7 + level // 3 else None


def _unminimised(question: dict) -> list[str] | None:
    """Copy the start state, if there is room: another automaton of the same language."""
    table, finals = _wanted(question)
    if len(table) > 9:
        return None
    copied = [[len(table) if t == 0 else t for t in row] for row in [*table, table[0]]]
    return _rows((copied, [*finals, *([len(table)] if 0 in finals else [])]))


def _check_rows(question: dict, rows: list[str]) -> str:
    if not 1 <= len(rows) <= 10:
        return "one to ten states are needed"
    table, finals = [], []
    for n, row in enumerate(rows):
        digits = row.removesuffix("*")
        if len(digits) != 2 or not (digits.isascii() and digits.isdigit()):
            return f"{row!r} is not two digits, perhaps with *"
        if max(map(int, digits)) >= len(rows):
            return f"{row!r} leads to a state that is not there"
        table.append([int(digit) for digit in digits])
        if row != digits:
            finals.append(n)
    word = automata.difference((table, finals), _wanted(question))
    if word is None:
        return ""
    return f"decides {''.join('ab'[n] for n in word) or 'the empty word'!r} wrongly"


def _wrong_rows(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Turn acceptance round, in one state that is reached or in all; lose a state."""
    place = draws.below(len(answer))

    def turned(row: str) -> str:
        return row.removesuffix("*") if row.endswith("*") else row + "*"

    one = [turned(row) if n == place else row for n, row in enumerate(answer)]
    return [" ".join(rows) for rows in (one, map(turned, answer), answer[:-1], ["00"], ["00*"])]


def _condition_text(condition: list, lang: str) -> str:
    kind, word, *numbers = condition
    if lang == "en":
        if kind == "count":
            return f"the number of {word} leaves remainder {numbers[1]} modulo {numbers[0]}"
        if kind == "length":
            return f"the length leaves remainder {numbers[1]} modulo {numbers[0]}"
        return {"begin": "starts with", "end": "ends with", "block": "contains"}[kind] + f" {word}"
    if kind == "count":
        return f"{word} 的个数除以 {numbers[0]} 余 {numbers[1]}"
    if kind == "length":
        return f"长度除以 {numbers[0]} 余 {numbers[1]}"
    return {"begin": "以 {} 开头", "end": "以 {} 结尾", "block": "含有 {}"}[kind].format(word)


def _show_conditions(question: dict) -> dict:
    return {
        "en": " and ".join(_condition_text(c, "en") for c in question["conditions"]),
        "zh": "，且".join(_condition_text(c, "zh") for c in question["conditions"]),
    }


TASKS = (
    Task(
        id="lang.minimal_automaton",
        title="Minimal automaton",
        knob="states",
        draw=_draw_minimal,
        solve=_minimal,
        second=_minimal_by_words,
        answer=Words(example="00"),
        show=_show_automaton,
        en=(
            "Minimise the automaton {table} with start 0 and accepting states {accepting}. Number "
            "the new states in the order in which a breadth-first search from the start (letter a "
            "first) meets them. For each new state write its two successors as two digits, with * "
            "added if it accepts, such as 12* 02.",
            "Find the minimal deterministic automaton equivalent to {table} (start 0, accepting "
            "{accepting}), states renumbered breadth-first with a before b. Give each state as the "
            "digits of its a- and b-successor, followed by * if accepting.",
            "Minimal automaton, rows like 12*: {table}; accepting {accepting}",
        ),
        zh=(
            "最小化自动机 {table}，起始状态 0，接受状态 {accepting}。新状态按从起点广度优先"
            "（先字母 a）遇到的顺序编号。每个新状态写成两个后继的数字，接受则加 *，如 12* 02。",
            "求与 {table}（起始 0，接受 {accepting}）等价的最小确定自动机，状态按广度优先（先 a 后 "
            "b）"
            "重新编号。每个状态写出 a、b 后继的数字，接受状态后加 *。",
            "最小自动机，形如 12* 的各行：{table}；接受 {accepting}",
        ),
    ),
    Task(
        id="lang.write_automaton",
        title="Write an automaton for a language",
        knob="conditions",
        verifier="X",
        draw=_draw_condition,
        solve=lambda q: _rows(_wanted(q)),
        another=_unminimised,
        size=lambda q: len(_wanted(q)[0]),
        check=_check_rows,
        wrong=_wrong_rows,
        answer=Words(example="00"),
        show=_show_conditions,
        en=(
            "Design a deterministic automaton that accepts exactly those words over a and b of "
            "which this holds: {en}. Number its states from 0 (the start), at most ten. For each "
            "state write the digits of its a- and b-successor, with * added if it accepts, such as "
            "12* 02 ...",
            "Give a complete automaton with at most ten states for the words of letters a, b such "
            "that {en}. One item per state, from the start 0 on: two digits for where a and b "
            "lead, then * if the state accepts.",
            "Automaton (items like 12*) for words over a, b: {en}",
        ),
        zh=(
            "设计一个确定自动机，恰好接受由 a、b 组成且满足下述条件的词：{zh}。状态从 "
            "0（起始）编号，"
            "至多十个。每个状态写出 a、b 后继的数字，接受则加 *，如 12* 02……",
            "给出至多十个状态的完全自动机，接受满足条件“{zh}”的 a、b 串。从起始 0 起每个状态一项："
            "a、b 去向两位数字，接受状态后加 *。",
            "自动机（形如 12* 的各项），a、b 串满足：{zh}",
        ),
    ),
)
