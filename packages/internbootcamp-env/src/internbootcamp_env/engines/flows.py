"""Matchings and flows: Kuhn's augmenting paths, the Hungarian method, Edmonds and Karp.

Source: textbook algorithms. Sizes here are tens of nodes, so that plain loops take well below
a millisecond.
"""

from collections.abc import Sequence


def bipartite_matching(left: int, right: int, edges: Sequence[Sequence[int]]) -> list[int]:
    """Return the left partner of each right node, -1 for none, in a maximum matching (Kuhn)."""
    around: list[list[int]] = [[] for _ in range(left)]
    for a, b in edges:
        around[a].append(b)
    partner = [-1] * right

    def place(node: int, seen: set[int]) -> bool:
        for other in around[node]:
            if other not in seen:
                seen.add(other)
                if partner[other] < 0 or place(partner[other], seen):
                    partner[other] = node
                    return True
        return False

    for node in range(left):
        place(node, set())
    return partner


def least_assignment(costs: Sequence[Sequence[int]]) -> list[int]:
    """Return the column of each row in an assignment of least total cost (Hungarian method)."""
    size = len(costs)
    row_price, column_price = [0] * (size + 1), [0] * (size + 1)
    row_of = [0] * (size + 1)
    for row in range(1, size + 1):
        row_of[0], column = row, 0
        slack, via = [float("inf")] * (size + 1), [0] * (size + 1)
        used = [False] * (size + 1)
        while row_of[column]:
            used[column] = True
            here, step, following = row_of[column], float("inf"), 0
            for j in range(1, size + 1):
                if used[j]:
                    continue
                gap = costs[here - 1][j - 1] - row_price[here] - column_price[j]
                if gap < slack[j]:
                    slack[j], via[j] = gap, column
                if slack[j] < step:
                    step, following = slack[j], j
            for j in range(size + 1):
                if used[j]:
                    row_price[row_of[j]] += step
                    column_price[j] -= step
                else:
                    slack[j] -= step
            column = following
        while column:
            row_of[column] = row_of[via[column]]
            column = via[column]
    columns = [0] * size
    for column in range(1, size + 1):
        columns[row_of[column] - 1] = column - 1
    return columns


def max_flow(
    nodes: int, arcs: Sequence[Sequence[int]], source: int, sink: int
) -> tuple[int, list[int], set[int]]:
    """Return the value of a maximum flow, the flow on each arc and the nodes of a least cut.

    Args:
        nodes: Number of nodes.
        arcs: `[tail, head, capacity]`; no arc stands twice.
        source: Where the flow comes from.
        sink: Where it goes.
    """
    leaving: list[list[int]] = [[] for _ in range(nodes)]
    heads, room = [], []
    for a, b, capacity in arcs:
        leaving[a].append(len(heads))
        leaving[b].append(len(heads) + 1)
        heads += [b, a]
        room += [capacity, 0]
    value = 0
    while True:
        via = {source: -1}
        queue = [source]
        for node in queue:
            for arc in leaving[node]:
                if room[arc] and heads[arc] not in via:
                    via[heads[arc]] = arc
                    queue.append(heads[arc])
        if sink not in via:
            return value, room[1::2], set(via)
        path, node = [], sink
        while node != source:
            path.append(via[node])
            node = heads[via[node] ^ 1]
        push = min(room[arc] for arc in path)
        for arc in path:
            room[arc] -= push
            room[arc ^ 1] += push
        value += push
