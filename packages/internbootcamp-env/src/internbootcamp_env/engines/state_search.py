"""Shortest plans in small state spaces: breadth first from one end or from both."""

from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

State = TypeVar("State", bound=Hashable)
Moves = Callable[[State], Iterable[tuple[str, State]]]


def shortest_plan(
    start: State, moves: Moves[State], goal: Callable[[State], bool]
) -> list[str] | None:
    """Return the labels of a shortest way to a goal state, or None if there is none.

    Args:
        start: First state.
        moves: Yields (label, next state) for a state, always in the same order.
        goal: Tells whether a state is wanted.
    """
    if goal(start):
        return []
    before: dict[State, tuple[State, str] | None] = {start: None}
    queue = [start]
    for state in queue:
        for label, after in moves(state):
            if after not in before:
                before[after] = (state, label)
                if goal(after):
                    return _way(before, after)
                queue.append(after)
    return None


def _way(before: dict[State, tuple[State, str] | None], state: State) -> list[str]:
    labels = []
    while (step := before[state]) is not None:
        state, label = step
        labels.append(label)
    return labels[::-1]


def meeting_plan(
    start: State, end: State, moves: Moves[State], inverse: Callable[[str], str]
) -> list[str] | None:
    """Return a shortest plan between two states where every move can be undone.

    Args:
        start: First state.
        end: Last state.
        moves: Yields (label, next state).
        inverse: Label of the move that undoes a move.
    """
    if start == end:
        return []
    ways: tuple[dict[State, list[str]], dict[State, list[str]]] = ({start: []}, {end: []})
    edges = ([start], [end])
    while edges[0] and edges[1]:
        side = 0 if len(edges[0]) <= len(edges[1]) else 1
        fresh: list[State] = []
        met: list[list[str]] = []
        for state in edges[side]:
            for label, after in moves(state):
                if after in ways[side]:
                    continue
                ways[side][after] = [*ways[side][state], label]
                fresh.append(after)
                if after in ways[1 - side]:
                    met.append(ways[0][after] + [inverse(x) for x in reversed(ways[1][after])])
        if met:
            return min(met, key=len)
        edges = (fresh, edges[1]) if side == 0 else (edges[0], fresh)
    return None
