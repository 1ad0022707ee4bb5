"""Exact optima over sets of nodes of small graphs, with bit masks.

A graph is given by the neighbour masks of its nodes. Sizes are up to about twenty nodes.
"""

from collections.abc import Sequence


def masks_of(nodes: int, edges: Sequence[Sequence[int]]) -> list[int]:
    """Return the mask of neighbours of each node."""
    masks = [0] * nodes
    for a, b, *_ in edges:
        masks[a] |= 1 << b
        masks[b] |= 1 << a
    return masks


def bits(mask: int) -> list[int]:
    """Return the positions of the ones of a mask, ascending."""
    places = []
    while mask:
        low = mask & -mask
        places.append(low.bit_length() - 1)
        mask ^= low
    return places


def largest_clique(masks: Sequence[int]) -> int:
    """Return the mask of a largest clique (branch and bound on the candidates left)."""
    best = 0

    def grow(chosen: int, candidates: int) -> None:
        nonlocal best
        if chosen.bit_count() > best.bit_count():
            best = chosen
        while candidates and chosen.bit_count() + candidates.bit_count() > best.bit_count():
            low = candidates & -candidates
            candidates ^= low
            grow(chosen | low, candidates & masks[low.bit_length() - 1])

    grow(0, (1 << len(masks)) - 1)
    return best


def smallest_dominating(masks: Sequence[int]) -> int:
    """Return the mask of a smallest set that every node belongs to or is next to."""
    full = (1 << len(masks)) - 1
    closed = [mask | 1 << node for node, mask in enumerate(masks)]

    def search(chosen: int, seen: int, left: int) -> int | None:
        missing = full & ~seen
        if not missing:
            return chosen
        if not left:
            return None
        for node in bits(closed[(missing & -missing).bit_length() - 1]):
            found = search(chosen | 1 << node, seen | closed[node], left - 1)
            if found is not None:
                return found
        return None

    size = 1
    while (found := search(0, 0, size)) is None:
        size += 1
    return found


def largest_cut(nodes: int, edges: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Return the weight of a largest cut and the mask of its side without the last node."""
    weights = [[0] * nodes for _ in range(nodes)]
    for a, b, weight in edges:
        weights[a][b] = weights[b][a] = weight
    side = [-1] * nodes
    value = best = mask = best_mask = 0
    for step in range(1, 1 << (nodes - 1)):
        node = (step & -step).bit_length() - 1  # Gray code: one node changes sides
        here = side[node]
        value += sum(w if side[n] == here else -w for n, w in enumerate(weights[node]) if w)
        side[node] = -here
        mask ^= 1 << node
        if value > best:
            best, best_mask = value, mask
    return best, best_mask


def colouring(masks: Sequence[int], colours: int) -> list[int] | None:
    """Return a proper colouring with colours from 0, or None (always the most confined node)."""
    result = [-1] * len(masks)

    def extend() -> bool:
        options: list[tuple[int, int, list[int]]] = []
        for node, mask in enumerate(masks):
            if result[node] < 0:
                taken = {result[other] for other in bits(mask)}
                free = [c for c in range(colours) if c not in taken]
                options.append((len(free), node, free))
        if not options:
            return True
        _, node, free = min(options)
        for colour in free:
            result[node] = colour
            if extend():
                return True
        result[node] = -1
        return False

    return result if extend() else None
