"""Finite automata: the minimal one of a language.

Source: textbook definitions (Moore 1956, Hopcroft 1971). Knob: the number of states.
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
)
