"""Finite automata over a few letters, and how to minimise one.

A deterministic automaton is `(table, accepting)`: `table[state][letter]` is the next state, state 0
is the start, letters are numbered as in the alphabet.
"""

Automaton = tuple[list[list[int]], list[int]]


def minimal(automaton: Automaton) -> Automaton:
    """Return the minimal automaton, its states numbered in breadth-first order (Moore)."""
    table, accepting = automaton
    queue = [0]
    for state in queue:
        queue += [s for s in dict.fromkeys(table[state]) if s not in queue]
    block = {state: int(state in accepting) for state in queue}
    while True:
        looks = {s: (block[s], *(block[t] for t in table[s])) for s in queue}
        ranks = {look: n for n, look in enumerate(sorted(set(looks.values())))}
        fresh = {s: ranks[looks[s]] for s in queue}
        if len(ranks) == len(set(block.values())):
            break
        block = fresh
    order: dict[int, int] = {}
    rows: list[list[int]] = []
    leaders = [0]
    order[block[0]] = 0
    for leader in leaders:
        row = []
        for target in table[leader]:
            if block[target] not in order:
                order[block[target]] = len(order)
                leaders.append(target)
            row.append(order[block[target]])
        rows.append(row)
    finals = sorted(n for n, leader in enumerate(leaders) if leader in accepting)
    return rows, finals
