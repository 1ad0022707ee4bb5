"""Largest and smallest sets of nodes: cliques, dominating sets, cuts, colourings.

Source: Karp's list of 1972 and textbook definitions. Knob: the number of nodes, at most 16, so
that the exact optimum takes about a millisecond. A set that reaches the optimum is right.
"""

from itertools import combinations

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs, witnesses
from internbootcamp_env.engines import vertex_sets as exact
from internbootcamp_env.engines.graphs import node_name
from internbootcamp_env.task import Task


def _dense(draws: Draws, level: int) -> dict:
    nodes = 6 + level
    inside = draws.sample(range(nodes), 4 + level // 4)
    pairs = set(combinations(sorted(inside), 2))
    pairs |= {pair for pair in combinations(range(nodes), 2) if draws.chance(2, 5)}
    return {"nodes": nodes, "edges": draws.shuffled([list(pair) for pair in sorted(pairs)])}


def _masks(question: dict) -> list[int]:
    return exact.masks_of(question["nodes"], question["edges"])


def _names(mask: int) -> list[str]:
    return [node_name(node) for node in exact.bits(mask)]


def _show(question: dict) -> dict:
    return {
        "edges": graphs.show_edges(question["edges"]),
        "last": node_name(question["nodes"] - 1),
    }


def _read(question: dict, names: list[str]) -> list[int] | str:
    return witnesses.repeated(names) or witnesses.known_nodes(names, question["nodes"])


def _check_clique(question: dict, names: list[str]) -> str:
    nodes = _read(question, names)
    if isinstance(nodes, str):
        return nodes
    masks = _masks(question)
    for a, b in combinations(nodes, 2):
        if not masks[a] >> b & 1:
            return f"{node_name(a)} and {node_name(b)} are not joined"
    best = exact.largest_clique(masks).bit_count()
    return "" if len(nodes) == best else f"{len(nodes)} nodes, {best} are possible"


def _clique_by_listing(question: dict) -> list[str]:
    edges = {tuple(sorted(edge)) for edge in question["edges"]}
    groups: list[tuple[int, ...]] = [(node,) for node in range(question["nodes"])]
    while True:
        larger = [
            (*group, node)
            for group in groups
            for node in range(group[-1] + 1, question["nodes"])
            if all((other, node) in edges for other in group)
        ]
        if not larger:
            return [node_name(node) for node in groups[-1]]
        groups = larger


def _sparse(draws: Draws, level: int) -> dict:
    nodes = 6 + level
    return {"nodes": nodes, "edges": graphs.random_edges(draws, nodes, nodes // 3)}


def _check_dominating(question: dict, names: list[str]) -> str:
    nodes = _read(question, names)
    if isinstance(nodes, str):
        return nodes
    masks, seen = _masks(question), 0
    for node in nodes:
        seen |= masks[node] | 1 << node
    for node in range(question["nodes"]):
        if not seen >> node & 1:
            return f"{node_name(node)} is neither chosen nor next to a chosen node"
    best = exact.smallest_dominating(masks).bit_count()
    return "" if len(nodes) == best else f"{len(nodes)} nodes, the fewest are {best}"


def _wrong_dominating(question: dict, answer: list[str], draws: Draws) -> list[str]:
    pool = [node_name(node) for node in range(question["nodes"])]
    return [*witnesses.spoilt(answer, "Z9"), *witnesses.with_one_more(answer, pool)]


def _dominating_by_size(question: dict) -> list[str]:
    lists = graphs.adjacency(question["nodes"], question["edges"])
    everyone = set(range(question["nodes"]))
    for size in range(1, len(everyone) + 1):
        for chosen in combinations(sorted(everyone, reverse=True), size):
            if everyone == {*chosen, *(n for node in chosen for n in lists[node])}:
                return [node_name(node) for node in chosen]
    raise AssertionError("all nodes together dominate")


def _weighted(draws: Draws, level: int) -> dict:
    nodes = 5 + (level + 1) // 2
    return {
        "nodes": nodes,
        "edges": graphs.random_edges(draws, nodes, nodes, weights=4 + 3 * level),
    }


def _cut(question: dict) -> list[str]:
    return _names(exact.largest_cut(question["nodes"], question["edges"])[1])


def _cut_weight(question: dict, inside: set[int]) -> int:
    return sum(w for a, b, w in question["edges"] if (a in inside) != (b in inside))


def _cut_by_listing(question: dict) -> list[str]:
    nodes = range(question["nodes"])
    sides = [set(side) for size in range(len(nodes)) for side in combinations(nodes, size)]
    return [node_name(n) for n in sorted(max(sides, key=lambda s: _cut_weight(question, s)))]


def _check_cut(question: dict, names: list[str]) -> str:
    nodes = _read(question, names)
    if isinstance(nodes, str):
        return nodes
    weight = _cut_weight(question, set(nodes))
    best, _ = exact.largest_cut(question["nodes"], question["edges"])
    return "" if weight == best else f"weight {weight}, {best} is possible"


def _wrong_cuts(question: dict, answer: list[str], draws: Draws) -> list[str]:
    best = _cut_weight(question, {ord(name) - 65 for name in answer})
    texts = witnesses.spoilt(answer, "Z9")[2:]
    for node in range(question["nodes"]):
        flipped = {ord(name) - 65 for name in answer} ^ {node}
        if _cut_weight(question, flipped) < best:
            texts.append(" ".join(map(node_name, sorted(flipped))) or "none")
    return texts


def _colourable(draws: Draws, level: int) -> dict:
    nodes = 6 + level
    colour = draws.shuffled([node % 3 for node in range(nodes)])
    pairs = [pair for pair in combinations(range(nodes), 2) if colour[pair[0]] != colour[pair[1]]]
    chosen = draws.sample(pairs, min(len(pairs), 2 * nodes - 1))
    return {"nodes": nodes, "edges": [list(pair) for pair in chosen]}


def _colours(question: dict) -> list[int]:
    found = exact.colouring(_masks(question), 3)
    assert found is not None, "three-colourable by construction"
    return [colour + 1 for colour in found]


def _check_colours(question: dict, colours: list[int]) -> str:
    if len(colours) != question["nodes"] or not set(colours) <= {1, 2, 3}:
        return "one colour from 1 to 3 per node is needed"
    for a, b in question["edges"]:
        if colours[a] == colours[b]:
            return f"{node_name(a)} and {node_name(b)} have the same colour"
    return ""


def _wrong_colours(question: dict, answer: list[int], draws: Draws) -> list[str]:
    a, b = draws.pick(question["edges"])
    clash = list(answer)
    clash[a] = answer[b]
    return [*witnesses.spoilt(answer, 1), " ".join(map(str, clash))]


def _tree(draws: Draws, level: int) -> dict:
    nodes = 6 + 2 * level
    return {
        "nodes": nodes,
        "edges": graphs.random_edges(draws, nodes, 0),
        "weights": draws.integers(nodes, 1, 9 + 4 * level),
    }


def _show_tree(question: dict) -> dict:
    weights = " ".join(f"{node_name(n)}:{w}" for n, w in enumerate(question["weights"]))
    return {"edges": graphs.show_edges(question["edges"]), "weights": weights}


def _tree_set(question: dict) -> list[str]:
    lists, weights = graphs.adjacency(question["nodes"], question["edges"]), question["weights"]

    def best(node: int, parent: int) -> tuple[tuple[int, list[int]], tuple[int, list[int]]]:
        """Return the best sets below a node with it and without it."""
        take, skip = (weights[node], [node]), (0, [])
        for other in lists[node]:
            if other != parent:
                taken, skipped = best(other, node)
                take = (take[0] + skipped[0], take[1] + skipped[1])
                more = max(taken, skipped)
                skip = (skip[0] + more[0], skip[1] + more[1])
        return take, skip

    return [node_name(node) for node in sorted(max(best(0, -1))[1])]


def _tree_set_by_clique(question: dict) -> list[str]:
    """Try all independent sets, each node in turn taken or left."""
    masks, weights = _masks(question), question["weights"]
    best = (0, 0)

    def extend(node: int, chosen: int, weight: int, left: int) -> None:
        nonlocal best
        best = max(best, (weight, chosen))
        if node < len(masks) and weight + left > best[0]:
            if not chosen & masks[node]:
                extend(node + 1, chosen | 1 << node, weight + weights[node], left - weights[node])
            extend(node + 1, chosen, weight, left - weights[node])

    extend(0, 0, 0, sum(weights))
    return _names(best[1])


def _check_tree_set(question: dict, names: list[str]) -> str:
    nodes = _read(question, names)
    if isinstance(nodes, str):
        return nodes
    chosen = set(nodes)
    for a, b in question["edges"]:
        if a in chosen and b in chosen:
            return f"{node_name(a)} and {node_name(b)} are joined"
    weight = sum(question["weights"][node] for node in nodes)
    best = sum(question["weights"][ord(name) - 65] for name in _tree_set(question))
    return "" if weight == best else f"weight {weight}, {best} is possible"


def _wrong_sets(question: dict, answer: list[str], draws: Draws) -> list[str]:
    return witnesses.spoilt(answer, "Z9")


TASKS = (
    Task(
        id="graph.max_clique",
        title="A largest clique",
        knob="nodes",
        verifier="O",
        draw=_dense,
        solve=lambda q: _names(exact.largest_clique(_masks(q))),
        second=_clique_by_listing,
        check=_check_clique,
        wrong=_wrong_sets,
        answer=Words(ordered=False, example="Z9"),
        show=_show,
        en=(
            "Pairs of people who know each other: {edges}. Find a largest group in which everyone "
            "knows everyone.",
            "Give a maximum clique of the graph with the edges {edges}.",
            "Maximum clique: {edges}",
        ),
        zh=(
            "互相认识的人：{edges}。找出两两认识的最大一组人。",
            "给出边为 {edges} 的图的一个最大团。",
            "最大团：{edges}",
        ),
    ),
    Task(
        id="graph.dominating_set",
        title="A smallest dominating set",
        knob="nodes",
        verifier="O",
        draw=_sparse,
        solve=lambda q: _names(exact.smallest_dominating(_masks(q))),
        second=_dominating_by_size,
        check=_check_dominating,
        wrong=_wrong_dominating,
        answer=Words(ordered=False, example="Z9"),
        show=_show,
        en=(
            "Villages A to {last} are joined by these roads: {edges}. Build as few fire stations "
            "as possible so that every village has one or is next to one. Where?",
            "Give a minimum dominating set of the graph on A to {last} with the edges {edges}.",
            "Minimum dominating set of A to {last}: {edges}",
        ),
        zh=(
            "村庄 A 至 {last} 由道路相连：{edges}。建尽量少的消防站，"
            "使每个村庄自己有站或与有站的村相邻。"
            "建在哪里？",
            "给出节点 A 至 {last}、边为 {edges} 的图的一个最小支配集。",
            "A 至 {last} 的最小支配集：{edges}",
        ),
    ),
    Task(
        id="graph.max_cut",
        title="A largest cut",
        knob="nodes and weights",
        verifier="O",
        draw=_weighted,
        solve=_cut,
        second=_cut_by_listing,
        check=_check_cut,
        wrong=_wrong_cuts,
        answer=Words(ordered=False, example="Z9"),
        show=_show,
        en=(
            "Split the nodes A to {last} into two groups so that the total weight of the edges "
            "between the groups is as large as possible: {edges}. List one of the groups.",
            "Rivalries and their strength: {edges}. Divide A to {last} into two teams with the "
            "most rivalry between the teams, and name the members of one team.",
            "Maximum cut of A to {last}, one side: {edges}",
        ),
        zh=(
            "把节点 A 至 {last} 分成两组，使两组之间边的总权重最大：{edges}。列出其中一组。",
            "对立关系及强度：{edges}。把 A 至 {last} 分成两队，使队间对立总强度最大，"
            "写出其中一队的成员。",
            "A 至 {last} 的最大割，一侧：{edges}",
        ),
    ),
    Task(
        id="graph.colouring",
        title="A colouring with three colours",
        knob="nodes",
        verifier="C",
        draw=_colourable,
        solve=_colours,
        check=_check_colours,
        another=lambda q: [4 - colour for colour in _colours(q)],
        wrong=_wrong_colours,
        answer=Integers(),
        show=_show,
        en=(
            "Colour the nodes A to {last} with the colours 1, 2 and 3 so that joined nodes differ: "
            "{edges}. List the colours in the order of the nodes.",
            "Radio stations A to {last} may use channel 1, 2 or 3; these pairs disturb each other "
            "and must differ: {edges}. Write a valid channel for each station in order.",
            "Proper 3-colouring of A to {last}: {edges}",
        ),
        zh=(
            "用颜色 1、2、3 给节点 A 至 {last} 着色，相邻节点颜色不同：{edges}。"
            "按节点顺序写出颜色。",
            "电台 A 至 {last} 可用频道 1、2、3，下列各对互相干扰，频道须不同：{edges}。"
            "依次写出每台的频道。",
            "A 至 {last} 的三着色：{edges}",
        ),
    ),
    Task(
        id="graph.tree_independent_set",
        title="A heaviest independent set of a tree",
        knob="nodes",
        verifier="O",
        draw=_tree,
        solve=_tree_set,
        second=_tree_set_by_clique,
        check=_check_tree_set,
        wrong=_wrong_sets,
        answer=Words(ordered=False, example="Z9"),
        show=_show_tree,
        en=(
            "In the tree {edges} the nodes have the weights {weights}. Choose nodes, no two of "
            "them joined, with the largest total weight.",
            "Guests and how merry they are: {weights}. Of each pair {edges} at most one may be "
            "invited. Whom to invite for the merriest party?",
            "Heaviest independent set: {edges}; {weights}",
        ),
        zh=(
            "树 {edges} 的节点权重为 {weights}。选出互不相邻的节点，使总权重最大。",
            "客人及其欢乐度：{weights}。每一对 {edges} 至多邀请一人。邀请谁使总欢乐度最大？",
            "最大权独立集：{edges}；{weights}",
        ),
    ),
)
