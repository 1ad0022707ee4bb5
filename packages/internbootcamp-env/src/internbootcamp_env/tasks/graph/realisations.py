"""Graphs to construct: one with given degrees, and a mapping between two that look different.

Source: Havel 1955, Hakimi 1962; colour refinement by Weisfeiler and Leman 1968. Knob: the number
of nodes. Any graph and any mapping that fits is right.
"""

from itertools import combinations

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs, witnesses
from internbootcamp_env.engines.graphs import node_name
from internbootcamp_env.task import Task


def _spoilt(question: dict, answer: list[str], draws: Draws) -> list[str]:
    return witnesses.spoilt(answer, "Z9")


def _edge_name(a: int, b: int) -> str:
    return f"{node_name(min(a, b))}-{node_name(max(a, b))}"


def _degrees(draws: Draws, level: int) -> dict:
    nodes = 7 + level
    edges = graphs.random_edges(draws, nodes, nodes + level)
    return {"degrees": [len(row) for row in graphs.adjacency(nodes, edges)]}


def _realise(question: dict, last: bool = False) -> list[str]:
    """Havel and Hakimi: join a node to those with the greatest degrees left."""
    left = list(question["degrees"])
    edges = []
    while any(left):
        node = max((n for n in range(len(left)) if left[n]), key=lambda n: (left[n], n * last))
        wanted, left[node] = left[node], 0
        others = sorted((n for n in range(len(left)) if left[n]), key=lambda n: -left[n])
        for other in others[:wanted]:
            left[other] -= 1
            edges.append(_edge_name(node, other))
    return sorted(edges)


def _check_degrees(question: dict, names: list[str]) -> str:
    degrees = [0] * len(question["degrees"])
    seen = set()
    for name in names:
        pair = witnesses.named_pair(name)
        if pair is None or max(pair) >= len(degrees) or pair[0] == pair[1]:
            return f"{name!r} does not join two of the nodes"
        if frozenset(pair) in seen:
            return f"{name} stands twice"
        seen.add(frozenset(pair))
        for node in pair:
            degrees[node] += 1
    wrong = next((n for n, d in enumerate(question["degrees"]) if degrees[n] != d), None)
    return "" if wrong is None else f"{node_name(wrong)} has degree {degrees[wrong]}"


def _show_degrees(question: dict) -> dict:
    return {"degrees": " ".join(f"{node_name(n)}:{d}" for n, d in enumerate(question["degrees"]))}


def _twins(draws: Draws, level: int) -> dict:
    nodes = 5 + level
    first = graphs.random_edges(draws, nodes, nodes // 2 + 1)
    image = draws.shuffled(range(nodes))
    second = [sorted((image[a], image[b])) for a, b in first]
    return {"nodes": nodes, "first": first, "second": draws.shuffled(second)}


def _show_twins(question: dict) -> dict:
    return {
        "first": graphs.show_edges(question["first"]),
        "second": " ".join(f"{a + 1}-{b + 1}" for a, b in question["second"]),
        "last": node_name(question["nodes"] - 1),
    }


def _profile(nodes: int, lists: list[list[int]]) -> list[int]:
    """Number the nodes by what they look like from further and further away."""
    colour = [len(row) for row in lists]
    for _ in range(nodes):
        seen = [(colour[n], *sorted(colour[m] for m in lists[n])) for n in range(nodes)]
        ranks = {look: place for place, look in enumerate(sorted(set(seen)))}
        colour = [ranks[look] for look in seen]
    return colour


def _mapping(question: dict, last: bool = False) -> list[int]:
    nodes = question["nodes"]
    first = graphs.adjacency(nodes, question["first"])
    second = graphs.adjacency(nodes, question["second"])
    looks, others = _profile(nodes, first), _profile(nodes, second)
    image: list[int] = []

    def extend() -> bool:
        node = len(image)
        if node == nodes:
            return True
        for other in sorted(range(nodes), reverse=last):
            if other in image or looks[node] != others[other]:
                continue
            if all((m in first[node]) == (image[m] in second[other]) for m in range(node)):
                image.append(other)
                if extend():
                    return True
                image.pop()
        return False

    found = extend()
    assert found, "the second graph is a renamed first one"
    return [other + 1 for other in image]


def _check_mapping(question: dict, image: list[int]) -> str:
    if sorted(image) != list(range(1, question["nodes"] + 1)):
        return "not every number is used exactly once"
    edges = {frozenset(edge) for edge in question["second"]}
    for a, b in question["first"]:
        if frozenset((image[a] - 1, image[b] - 1)) not in edges:
            return f"{_edge_name(a, b)} becomes {image[a]}-{image[b]}, which is not an edge"
    return ""


def _wrong_mappings(question: dict, answer: list[int], draws: Draws) -> list[str]:
    """Exchange the images of two nodes of different degree."""
    degrees = [len(row) for row in graphs.adjacency(question["nodes"], question["first"])]
    texts = witnesses.spoilt(answer, 0)
    for a, b in combinations(range(question["nodes"]), 2):
        if degrees[a] != degrees[b]:
            swapped = list(answer)
            swapped[a], swapped[b] = answer[b], answer[a]
            return [*texts, " ".join(map(str, swapped))]
    return texts


TASKS = (
    Task(
        id="graph.degree_sequence",
        title="A graph with given degrees",
        knob="nodes",
        verifier="C",
        draw=_degrees,
        solve=_realise,
        check=_check_degrees,
        another=lambda q: _realise(q, last=True),
        wrong=_spoilt,
        answer=Words(ordered=False, example="Z8-Z9"),
        show=_show_degrees,
        en=(
            "At a meeting everyone shook this many hands: {degrees}. Nobody shook the same hand "
            "twice or their own. Give pairs that fit, in the form A-B.",
            "Construct a simple graph with the degrees {degrees}; list its edges as A-B.",
            "Edges (A-B) of a graph with degrees {degrees}",
        ),
        zh=(
            "聚会上每人握手次数为：{degrees}。没有人与同一人握手两次或与自己握手。"
            "给出符合的配对，写成 A-B。",
            "构造一个度数为 {degrees} 的简单图，以 A-B 列出其边。",
            "度数为 {degrees} 的图的边（A-B）",
        ),
    ),
    Task(
        id="graph.isomorphism",
        title="An isomorphism between two graphs",
        knob="nodes",
        verifier="C",
        draw=_twins,
        solve=_mapping,
        check=_check_mapping,
        another=lambda q: _mapping(q, last=True),
        wrong=_wrong_mappings,
        answer=Integers(),
        show=_show_twins,
        en=(
            "The graph {first} was drawn again with numbers instead of letters: {second}. Which "
            "number can each of A to {last} be? List the numbers in the order of the letters.",
            "Give an isomorphism from {first} to {second} as the list of the images of A to "
            "{last}.",
            "Isomorphism, images of A to {last}: {first} -> {second}",
        ),
        zh=(
            "图 {first} 用数字代替字母重画成：{second}。A 至 {last} 可分别对应哪个数字？"
            "按字母顺序列出。",
            "给出从 {first} 到 {second} 的一个同构，依次写出 A 至 {last} 的像。",
            "同构，A 至 {last} 的像：{first} -> {second}",
        ),
    ),
)
