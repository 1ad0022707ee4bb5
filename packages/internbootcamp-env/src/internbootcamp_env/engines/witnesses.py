"""Wrong answers by construction, and readers of named edges, for tasks with several right answers.

A witness is a list of words. Where its length is fixed, its items must differ or its items come
from a known set, losing, repeating or inventing one spoils it whatever the rest says.
"""

from collections.abc import Iterable, Sequence

from internbootcamp_env.engines.graphs import node_number


def spoilt(items: Sequence[object], foreign: object = "?") -> list[str]:
    """Write a list with an item lost at either end, one repeated and one invented.

    Args:
        items: A right answer, item by item.
        foreign: An item that no right answer has.
    """
    items = [str(item) for item in items]
    lists = [items[:-1], items[1:], [*items, *items[-1:]], [*items, str(foreign)]]
    return [" ".join(row) or "none" for row in lists]


def with_one_more(items: Sequence[str], pool: Iterable[str]) -> list[str]:
    """Write a list with one more item of a pool, for each of the first three it lacks."""
    fresh = [item for item in pool if item not in items][:3]
    return [" ".join([*items, item]) for item in fresh]


def repeated(items: Sequence[object]) -> str:
    """Say which item comes twice, or return an empty string."""
    seen = set()
    for item in items:
        if item in seen:
            return f"{item} comes twice"
        seen.add(item)
    return ""


def known_nodes(names: Iterable[str], count: int) -> list[int] | str:
    """Turn names into nodes below `count`, or say what is wrong with one."""
    nodes = []
    for name in names:
        node = node_number(name)
        if node is None or node >= count:
            return f"{name!r} is not a node"
        nodes.append(node)
    return nodes


def named_pair(text: str, mark: str = "-") -> tuple[int, int] | None:
    """Read `A-B` (or `A>B`) as two nodes, or return None."""
    left, found, right = text.partition(mark)
    a, b = node_number(left), node_number(right)
    return (a, b) if found and a is not None and b is not None else None
