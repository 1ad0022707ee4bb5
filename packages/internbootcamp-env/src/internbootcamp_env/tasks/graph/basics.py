"""Small graphs given as lists of edges: distances, paths, orders, trees.

Source: textbook definitions. Knob: the number of nodes, five at level 1 and up to 32. Tasks with
several right answers (paths, orders, colourings) are judged by their rules, never by comparison.
"""

import itertools

from internbootcamp_env.answers import Choice, Integer, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs
from internbootcamp_env.engines.graphs import node_name, node_number
from internbootcamp_env.task import Task


def _nodes(level: int) -> int:
    return 5 + 3 * (level - 1)


def _weighted(draws: Draws, level: int) -> dict:
    nodes = _nodes(level)
    edges = graphs.random_edges(draws, nodes, nodes // 2 + 1, weights=9 + 2 * level)
    start, end = draws.sample(range(nodes), 2)
    return {"nodes": nodes, "edges": edges, "start": start, "end": end}


def _shown(question: dict) -> dict:
    shown = {"edges": graphs.show_edges(question["edges"])}
    for name in ("start", "end", "node"):
        if name in question:
            shown[name] = node_name(question[name])
    return shown


def _distance(question: dict) -> int:
    best, _ = graphs.dijkstra(question["nodes"], question["edges"], question["start"])
    found = best[question["end"]]
    assert found is not None, "the graph is connected by construction"
    return found


def _distance_by_relaxing(question: dict) -> int | None:
    return graphs.bellman_ford(question["nodes"], question["edges"], question["start"])[
        question["end"]
    ]


def _path(question: dict) -> list[str]:
    _, before = graphs.dijkstra(question["nodes"], question["edges"], question["start"])
    path = [question["end"]]
    while (node := before[path[-1]]) is not None:
        path.append(node)
    return [node_name(node) for node in reversed(path)]


def _walk_weight(question: dict, names: list[str]) -> int | str:
    """Return the weight of a walk from start to end, or what is wrong with it."""
    weights = {frozenset((a, b)): weight for a, b, weight in question["edges"]}
    walk = [node_number(name) for name in names]
    if len(walk) < 2 or walk[0] != question["start"] or walk[-1] != question["end"]:
        return "the path does not lead from the start to the end"
    total = 0
    for a, b in itertools.pairwise(walk):
        weight = weights.get(frozenset((a, b)))
        if weight is None:
            return "the path uses an edge that is not there"
        total += weight
    return total


def _check_path(question: dict, names: list[str]) -> str:
    weight = _walk_weight(question, names)
    if isinstance(weight, str):
        return weight
    return "" if weight == _distance(question) else f"a path of weight {weight} is not shortest"


def _reverse_path(question: dict) -> list[str]:
    """A shortest path found from the other end: a second right answer, often another one."""
    turned = question | {"start": question["end"], "end": question["start"]}
    return _path(turned)[::-1]


def _wrong_paths(question: dict, answer: list[str], draws: Draws) -> list[str]:
    detour = [*answer[:2], answer[0], *answer[1:]]
    texts = [answer[:-1], answer[1:], answer[::-1], detour]
    return [" ".join(text) or "none" for text in texts]


def _plain(draws: Draws, level: int) -> dict:
    nodes = _nodes(level) + 3
    edges = graphs.random_edges(draws, nodes, nodes // 3)
    start, end = draws.sample(range(nodes), 2)
    return {"nodes": nodes, "edges": edges, "start": start, "end": end}


def _hops(question: dict) -> int:
    return graphs.hops(question["nodes"], question["edges"], question["start"])[question["end"]]


def _hops_by_matrix(question: dict) -> int:
    nodes = question["nodes"]
    reached, steps = {question["start"]}, 0
    neighbours = graphs.adjacency(nodes, question["edges"])
    while question["end"] not in reached:
        reached |= {other for node in reached for other in neighbours[node]}
        steps += 1
    return steps


def _hops_flat(draws: Draws, level: int) -> dict:
    """Draw the distance first, then a graph that has a pair at that distance."""
    wanted = draws.between(1, 4 + level // 2)
    while True:
        question = _plain(draws, level + 2)
        distance = graphs.hops(question["nodes"], question["edges"], question["start"])
        ends = [node for node, far in enumerate(distance) if far == wanted]
        if ends:
            return question | {"end": draws.pick(ends)}


def _split(draws: Draws, level: int) -> dict:
    parts = draws.between(1, 5 + level // 2)
    sizes = draws.parts(max(2 * parts, _nodes(level) + 3), parts)
    names = draws.shuffled(range(sum(sizes)))
    edges, first = [], 0
    for size in sizes:
        if size > 1:
            inner = graphs.random_edges(draws, size, draws.below(2))
            edges += [sorted((names[first + a], names[first + b])) for a, b in inner]
        first += size
    return {"nodes": len(names), "edges": draws.shuffled(edges)}


def _count_parts(question: dict) -> int:
    return len(set(graphs.components(question["nodes"], question["edges"])))


def _count_parts_by_search(question: dict) -> int:
    left, count = set(range(question["nodes"])), 0
    while left:
        start = min(left)
        distance = graphs.hops(question["nodes"], question["edges"], start)
        left -= {node for node, far in enumerate(distance) if far >= 0}
        count += 1
    return count


def _show_parts(question: dict) -> dict:
    return {
        "edges": graphs.show_edges(question["edges"]) or "none",
        "count": question["nodes"],
        "last": node_name(question["nodes"] - 1),
    }


def _tree_weight_by_growing(question: dict) -> int:
    inside, total = {0}, 0
    while len(inside) < question["nodes"]:
        weight, a, b = min(
            (w, a, b) for a, b, w in question["edges"] if (a in inside) != (b in inside)
        )
        inside |= {a, b}
        total += weight
    return total


def _ordered_tasks(draws: Draws, level: int) -> dict:
    nodes = _nodes(level)
    hidden = draws.shuffled(range(nodes))
    arcs = set()
    while len(arcs) < nodes + level:
        i, j = sorted(draws.sample(range(nodes), 2))
        arcs.add((hidden[i], hidden[j]))
    return {"nodes": nodes, "arcs": [list(arc) for arc in draws.shuffled(sorted(arcs))]}


def _order(question: dict, last: bool = False) -> list[str]:
    """Sort topologically, always taking the least (or greatest) free node."""
    left = set(range(question["nodes"]))
    arcs = question["arcs"]
    result = []
    while left:
        free = [n for n in left if not any(b == n and a in left for a, b in arcs)]
        node = max(free) if last else min(free)
        left.remove(node)
        result.append(node_name(node))
    return result


def _check_order(question: dict, names: list[str]) -> str:
    place = {node_number(name): index for index, name in enumerate(names)}
    if len(names) != question["nodes"] or set(place) != set(range(question["nodes"])):
        return "not every node stands in the order exactly once"
    broken = next((arc for arc in question["arcs"] if place[arc[0]] > place[arc[1]]), None)
    return f"{node_name(broken[0])} must come before {node_name(broken[1])}" if broken else ""


def _wrong_orders(question: dict, answer: list[str], draws: Draws) -> list[str]:
    a, b = map(node_name, draws.pick(question["arcs"]))
    swapped = [{a: b, b: a}.get(name, name) for name in answer]
    return [" ".join(x) for x in (answer[:-1], answer[::-1], [*answer, answer[0]], swapped)]


def _neighbours_question(draws: Draws, level: int) -> dict:
    nodes = _nodes(level) + 5
    edges = graphs.random_edges(draws, nodes, nodes // 2 + 2)
    return {"nodes": nodes, "edges": edges, "node": draws.below(nodes)}


def _neighbours(question: dict) -> list[str]:
    lists = graphs.adjacency(question["nodes"], question["edges"])
    return sorted(node_name(other) for other in lists[question["node"]])


def _two_colourable(draws: Draws, level: int) -> dict:
    nodes = _nodes(level) + 1
    side = [draws.below(2) for _ in range(nodes)]
    edges = graphs.random_edges(draws, nodes, nodes)
    if draws.chance(1, 2):
        edges = [edge for edge in edges if side[edge[0]] != side[edge[1]]]
    return {"nodes": nodes, "edges": edges}


def _balanced_colourable(draws: Draws, level: int) -> dict:
    wanted = draws.pick(("yes", "no"))
    while True:
        question = _two_colourable(draws, level)
        if len(question["edges"]) > question["nodes"] // 2 and _bipartite(question) == wanted:
            return question


def _bipartite(question: dict) -> str:
    neighbours = graphs.adjacency(question["nodes"], question["edges"])
    colour: dict[int, int] = {}
    for start in range(question["nodes"]):
        if start in colour:
            continue
        colour[start] = 0
        queue = [start]
        for node in queue:
            for other in neighbours[node]:
                if colour.setdefault(other, 1 - colour[node]) == colour[node]:
                    return "no"
                if other not in queue:
                    queue.append(other)
    return "yes"


def _bipartite_by_doubling(question: dict) -> str:
    """A graph has an odd cycle exactly if a node meets its own twin in the doubled graph."""
    nodes = question["nodes"]
    doubled = [(a, b + nodes) for a, b in question["edges"]]
    doubled += [(a + nodes, b) for a, b in question["edges"]]
    parts = graphs.components(2 * nodes, doubled)
    return "no" if any(parts[n] == parts[n + nodes] for n in range(nodes)) else "yes"


TASKS = (
    Task(
        id="graph.distance",
        title="Weight of a shortest path",
        knob="nodes",
        draw=_weighted,
        solve=_distance,
        second=_distance_by_relaxing,
        answer=Integer(),
        show=_shown,
        en=(
            "In the undirected graph with the weighted edges {edges}, what is the least total "
            "weight of a path from {start} to {end}?",
            "Edges and their lengths: {edges}. How long is the shortest way from {start} to {end}?",
            "Distance {start} to {end}: {edges}",
        ),
        zh=(
            "无向图的带权边为 {edges}，从 {start} 到 {end} 的路径最小总权重是多少？",
            "各边及其长度：{edges}。从 {start} 到 {end} 的最短路有多长？",
            "{start} 到 {end} 的距离：{edges}",
        ),
    ),
    Task(
        id="graph.shortest_path",
        title="A shortest path in a weighted graph",
        knob="nodes",
        verifier="O",
        draw=_weighted,
        solve=_path,
        check=_check_path,
        another=_reverse_path,
        wrong=_wrong_paths,
        answer=Words(example="A"),
        show=_shown,
        en=(
            "In the undirected graph with the weighted edges {edges}, find a path from {start} "
            "to {end} of least total weight. List its nodes in order.",
            "Edges and their lengths: {edges}. Name the nodes along a shortest way from {start} "
            "to {end}.",
            "Shortest path {start} to {end}: {edges}",
        ),
        zh=(
            "无向图的带权边为 {edges}，求从 {start} 到 {end} 总权重最小的一条路径，依次列出节点。",
            "各边及其长度：{edges}。写出从 {start} 到 {end} 最短路上的节点。",
            "{start} 到 {end} 的最短路：{edges}",
        ),
    ),
    Task(
        id="graph.hops",
        title="Fewest edges between two nodes",
        knob="nodes",
        draw=_hops_flat,
        solve=_hops,
        second=_hops_by_matrix,
        answer=Integer(),
        show=_shown,
        ways=lambda level: 4 + level // 2,
        en=(
            "What is the smallest number of edges on a path from {start} to {end} in the "
            "undirected graph {edges}?",
            "Friends are listed in pairs: {edges}. How many steps of friendship separate {start} "
            "from {end}?",
            "Hops {start} to {end}: {edges}",
        ),
        zh=(
            "在无向图 {edges} 中，从 {start} 到 {end} 最少经过几条边？",
            "朋友关系成对列出：{edges}。{start} 与 {end} 相隔几步？",
            "{start} 到 {end} 的步数：{edges}",
        ),
    ),
    Task(
        id="graph.components",
        title="Number of connected components",
        knob="nodes",
        draw=_split,
        solve=_count_parts,
        second=_count_parts_by_search,
        answer=Integer(),
        show=_show_parts,
        ways=lambda level: 5 + level // 2,
        en=(
            "A graph has {count} nodes, named A to {last}, and these edges: {edges}. How many "
            "connected components does it have?",
            "{count} people (A to {last}) hold hands in these pairs: {edges}. How many separate "
            "groups are there, single people included?",
            "Components of {count} nodes (A to {last}): {edges}",
        ),
        zh=(
            "图有 {count} 个节点（A 至 {last}），边为：{edges}。它有几个连通分量？",
            "{count} 个人（A 至 {last}）两两牵手：{edges}。共有多少组（单独的人也算一组）？",
            "{count} 个节点（A 至 {last}）的连通分量：{edges}",
        ),
    ),
    Task(
        id="graph.spanning_weight",
        title="Weight of a minimum spanning tree",
        knob="nodes",
        draw=_weighted,
        solve=lambda q: graphs.spanning_weight(q["nodes"], q["edges"]),
        second=_tree_weight_by_growing,
        answer=Integer(),
        show=_shown,
        en=(
            "What is the total weight of a minimum spanning tree of the graph {edges}?",
            "Cables may be laid along these routes at these prices: {edges}. What does it cost "
            "at least to connect all places?",
            "Spanning tree weight: {edges}",
        ),
        zh=(
            "图 {edges} 的最小生成树总权重是多少？",
            "可沿这些线路铺缆，价格如下：{edges}。连通所有地点至少花费多少？",
            "最小生成树权重：{edges}",
        ),
    ),
    Task(
        id="graph.topological_order",
        title="A topological order",
        knob="nodes",
        verifier="C",
        draw=_ordered_tasks,
        solve=_order,
        check=_check_order,
        another=lambda q: _order(q, last=True),
        wrong=_wrong_orders,
        answer=Words(example="A"),
        show=lambda q: {"arcs": graphs.show_arcs(q["arcs"]), "last": node_name(q["nodes"] - 1)},
        en=(
            "Put the jobs A to {last} into an order in which, for every X>Y below, X comes "
            "before Y: {arcs}",
            "Give a topological order of all nodes A to {last} of the directed graph {arcs}.",
            "Topological order of A to {last}: {arcs}",
        ),
        zh=(
            "排列任务 A 至 {last}，使下面每个 X>Y 中 X 都在 Y 之前：{arcs}",
            "给出有向图 {arcs} 的全部节点 A 至 {last} 的一个拓扑序。",
            "A 至 {last} 的拓扑序：{arcs}",
        ),
    ),
    Task(
        id="graph.neighbours",
        title="Neighbours of a node",
        knob="nodes",
        verifier="S",
        draw=_neighbours_question,
        solve=_neighbours,
        second=lambda q: sorted(
            node_name(a + b - q["node"]) for a, b in q["edges"] if q["node"] in (a, b)
        ),
        answer=Words(ordered=False, example="Z9"),
        show=_shown,
        en=(
            "Which nodes share an edge with {node} in the graph {edges}?",
            "List all neighbours of {node}, in any order. Edges: {edges}",
            "Neighbours of {node}: {edges}",
        ),
        zh=(
            "在图 {edges} 中，哪些节点与 {node} 相邻？",
            "列出 {node} 的所有邻居，顺序不限。边：{edges}",
            "{node} 的邻居：{edges}",
        ),
    ),
    Task(
        id="graph.bipartite",
        title="Decide whether a graph is bipartite",
        knob="nodes",
        draw=_balanced_colourable,
        solve=_bipartite,
        second=_bipartite_by_doubling,
        answer=Choice(),
        ways=2,
        show=_shown,
        en=(
            "Can the nodes of the graph {edges} be coloured with two colours so that no edge "
            "joins equal colours?",
            "Is the graph {edges} bipartite?",
            "Bipartite: {edges}",
        ),
        zh=(
            "能否用两种颜色给图 {edges} 的节点着色，使每条边两端颜色不同？",
            "图 {edges} 是二分图吗？",
            "是否二分图：{edges}",
        ),
    ),
)
