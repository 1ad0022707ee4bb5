"""Small graphs: random ones, breadth-first search, Dijkstra, components, spanning trees.

A graph is a list of edges over nodes 0 to n - 1, `[a, b]` or `[a, b, weight]`, a < b when it is
undirected. Prompts show nodes as capital letters, or with numbers past Z.
"""

import heapq
from collections.abc import Iterable, Sequence

from internbootcamp_env.draws import Draws

Edge = Sequence[int]


def node_name(node: int) -> str:
    """Name a node: A to Z, then A1, B1 and so on."""
    letter = chr(65 + node % 26)
    return letter if node < 26 else f"{letter}{node // 26}"


def node_number(name: str) -> int | None:
    """Return the node of a name, or None if it is not one."""
    if not name or not "A" <= name[0] <= "Z":
        return None
    rest = name[1:]
    if rest and not (rest.isascii() and rest.isdigit() and rest[0] != "0" and len(rest) < 4):
        return None
    return ord(name[0]) - 65 + 26 * int(rest or 0)


def random_edges(draws: Draws, nodes: int, extra: int, *, weights: int = 0) -> list[list[int]]:
    """Draw a connected undirected graph: a random tree and `extra` more edges.

    Args:
        draws: Source of chance.
        nodes: Number of nodes, at least 2.
        extra: Edges beyond a spanning tree, as far as there is room for them.
        weights: Largest edge weight, drawn from 1 on; 0 for no weights.
    """
    order = draws.shuffled(range(nodes))
    pairs = set()
    for place in range(1, nodes):
        a, b = order[place], order[draws.below(place)]
        pairs.add((min(a, b), max(a, b)))
    room = nodes * (nodes - 1) // 2
    wanted = min(room, len(pairs) + extra)
    while len(pairs) < wanted:
        a, b = draws.below(nodes), draws.below(nodes)
        if a != b:
            pairs.add((min(a, b), max(a, b)))
    chosen = draws.shuffled(sorted(pairs))
    return [[a, b, *([draws.between(1, weights)] if weights else [])] for a, b in chosen]


def adjacency(nodes: int, edges: Iterable[Edge], *, directed: bool = False) -> list[list[int]]:
    """Return sorted lists of neighbours."""
    lists: list[list[int]] = [[] for _ in range(nodes)]
    for a, b, *_ in edges:
        lists[a].append(b)
        if not directed:
            lists[b].append(a)
    return [sorted(row) for row in lists]


def hops(nodes: int, edges: Iterable[Edge], start: int, *, directed: bool = False) -> list[int]:
    """Return the number of edges of a shortest path to each node, -1 where there is none."""
    neighbours = adjacency(nodes, edges, directed=directed)
    distance = [-1] * nodes
    distance[start] = 0
    queue = [start]
    for node in queue:
        for other in neighbours[node]:
            if distance[other] < 0:
                distance[other] = distance[node] + 1
                queue.append(other)
    return distance


def dijkstra(
    nodes: int, edges: Iterable[Edge], start: int
) -> tuple[list[int | None], list[int | None]]:
    """Return least weights and predecessors from a start node; None where there is no path."""
    around: list[list[tuple[int, int]]] = [[] for _ in range(nodes)]
    for a, b, weight in edges:
        around[a].append((b, weight))
        around[b].append((a, weight))
    best: list[int | None] = [None] * nodes
    before: list[int | None] = [None] * nodes
    heap: list[tuple[int, int, int]] = [(0, start, -1)]
    while heap:
        cost, node, via = heapq.heappop(heap)
        if best[node] is not None:
            continue
        best[node], before[node] = cost, via if via >= 0 else None
        for other, weight in around[node]:
            if best[other] is None:
                heapq.heappush(heap, (cost + weight, other, node))
    return best, before


def bellman_ford(nodes: int, edges: Sequence[Edge], start: int) -> list[int | None]:
    """Return least weights by relaxing every edge as often as there are nodes."""
    best: list[int | None] = [None] * nodes
    best[start] = 0
    for _ in range(nodes):
        for a, b, weight in edges:
            for x, y in ((a, b), (b, a)):
                here, there = best[x], best[y]
                if here is not None and (there is None or here + weight < there):
                    best[y] = here + weight
    return best


def components(nodes: int, edges: Iterable[Edge]) -> list[int]:
    """Return the representative of each node's component, by union and find."""
    parent = list(range(nodes))

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for a, b, *_ in edges:
        parent[find(a)] = find(b)
    return [find(node) for node in range(nodes)]


def spanning_weight(nodes: int, edges: Iterable[Edge]) -> int:
    """Return the weight of a minimum spanning tree (Kruskal)."""
    chosen: list[Edge] = []
    for edge in sorted(edges, key=lambda e: e[2]):
        parts = components(nodes, chosen)
        if parts[edge[0]] != parts[edge[1]]:
            chosen.append(edge)
    return sum(edge[2] for edge in chosen)


def show_edges(edges: Iterable[Edge]) -> str:
    """Write edges as `A-B` or `A-B:7`, separated by spaces."""
    return " ".join(
        f"{node_name(a)}-{node_name(b)}" + (f":{rest[0]}" if rest else "") for a, b, *rest in edges
    )


def show_arcs(edges: Iterable[Edge]) -> str:
    """Write directed edges as `A>B`, separated by spaces."""
    return " ".join(f"{node_name(a)}>{node_name(b)}" for a, b, *_ in edges)
