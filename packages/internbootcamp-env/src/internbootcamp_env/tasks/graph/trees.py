"""Trees and cycles with weights: spanning trees, arborescences, cycles of negative weight.

Source: Kruskal 1956, Bellman 1958, Edmonds 1967. Knob: the number of nodes. Every tree or cycle
that keeps the rules, and where an optimum is asked for reaches it, is right.
"""

from itertools import pairwise, product

from internbootcamp_env.answers import Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs, witnesses
from internbootcamp_env.engines.graphs import node_name, node_number
from internbootcamp_env.task import Task


def _named(nodes: list[int]) -> list[str]:
    return [node_name(node) for node in nodes]


def _spoilt(question: dict, answer: list[str], draws: Draws) -> list[str]:
    return witnesses.spoilt(answer, "Z9")


def _cables(draws: Draws, level: int) -> dict:
    nodes = 5 + level
    edges = graphs.random_edges(draws, nodes, nodes // 2 + 2, weights=5 + 2 * level)
    return {"nodes": nodes, "edges": edges}


def _tree(question: dict) -> list[str]:
    chosen: list[list[int]] = []
    for edge in sorted(question["edges"], key=lambda e: e[2]):
        parts = graphs.components(question["nodes"], chosen)
        if parts[edge[0]] != parts[edge[1]]:
            chosen.append(edge)
    return sorted(f"{node_name(a)}-{node_name(b)}" for a, b, _ in chosen)


def _wrong_trees(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Add the heaviest tree where it is heavier."""
    turned = [[a, b, -weight] for a, b, weight in question["edges"]]
    heaviest = -graphs.spanning_weight(question["nodes"], turned)
    heavier = heaviest > graphs.spanning_weight(question["nodes"], question["edges"])
    texts = [" ".join(_tree(question | {"edges": turned}))] if heavier else []
    return [*witnesses.spoilt(answer, "Z9"), *texts]


def _tree_by_growing(question: dict) -> list[str]:
    inside, names = {question["nodes"] - 1}, []
    while len(inside) < question["nodes"]:
        _, b, a = min((w, b, a) for a, b, w in question["edges"] if (a in inside) != (b in inside))
        inside |= {a, b}
        names.append(f"{node_name(a)}-{node_name(b)}")
    return sorted(names)


def _check_tree(question: dict, names: list[str]) -> str:
    weights = {(a, b): w for a, b, w in question["edges"]}
    chosen = []
    for name in names:
        pair = witnesses.named_pair(name)
        pair = tuple(sorted(pair)) if pair else pair
        if pair not in weights:
            return f"{name} is not an edge"
        chosen.append([*pair, weights[pair]])
    parts = len(set(graphs.components(question["nodes"], chosen)))
    if parts > 1 or len(chosen) != question["nodes"] - 1:
        return f"{len(chosen)} edges leave {parts} parts; a spanning tree is needed"
    weight = sum(edge[2] for edge in chosen)
    best = graphs.spanning_weight(question["nodes"], question["edges"])
    return "" if weight == best else f"weight {weight}, the least is {best}"


def _rates(draws: Draws, level: int) -> dict:
    """Hide a cycle of negative sum among arcs shifted so that they make no other."""
    nodes = 5 + level
    height = draws.integers(nodes, 0, 5 + 2 * level)
    pairs = {tuple(draws.sample(range(nodes), 2)) for _ in range(3 * nodes)}
    cycle = draws.sample(range(nodes), 3 + level // 4)
    ring = set(pairwise([*cycle, cycle[0]]))
    weights = {pair: draws.between(0, 5) + height[pair[1]] - height[pair[0]] for pair in pairs}
    weights |= {pair: height[pair[1]] - height[pair[0]] for pair in ring}
    weights[cycle[-1], cycle[0]] -= draws.between(1, 3)
    arcs = [[a, b, w] for (a, b), w in sorted(weights.items())]
    return {"nodes": nodes, "arcs": draws.shuffled(arcs)}


def _show_rates(question: dict) -> dict:
    return {"arcs": " ".join(f"{node_name(a)}>{node_name(b)}:{w}" for a, b, w in question["arcs"])}


def _negative(question: dict) -> list[str]:
    """Relax until an arc still gives, then walk back until a node comes again."""
    best, before = [0] * question["nodes"], [-1] * question["nodes"]
    last = -1
    for _ in range(question["nodes"] + 1):
        for a, b, weight in question["arcs"]:
            if best[a] + weight < best[b]:
                best[b], before[b], last = best[a] + weight, a, b
    for _ in range(question["nodes"]):
        last = before[last]
    cycle = [last]
    while before[cycle[-1]] != last:
        cycle.append(before[cycle[-1]])
    return _named(cycle[::-1])


def _check_negative(question: dict, names: list[str]) -> str:
    cycle = witnesses.repeated(names) or witnesses.known_nodes(names, question["nodes"])
    if isinstance(cycle, str):
        return cycle
    weights = {(a, b): w for a, b, w in question["arcs"]}
    ring = list(pairwise([*cycle, *cycle[:1]]))
    if not ring or not all(pair in weights for pair in ring):
        return "the nodes are not joined in a circle by arcs"
    total = sum(weights[pair] for pair in ring)
    return "" if total < 0 else f"the sum is {total}, not negative"


def _wrong_cycles(question: dict, answer: list[str], draws: Draws) -> list[str]:
    weights = {(a, b) for a, b, _ in question["arcs"]}
    texts = witnesses.spoilt(answer, "Z9")[2:]
    others = [n for n in range(question["nodes"]) if (node_number(answer[-1]), n) not in weights]
    fresh = [node_name(n) for n in others if node_name(n) not in answer]
    return [*texts, *(" ".join([*answer, name]) for name in fresh[:2]), answer[0]]


def _roots(draws: Draws, level: int) -> dict:
    """Every node but the first gets two or three arcs, one from an earlier node of an order."""
    nodes = 5 + level // 3
    order = [0, *draws.shuffled(range(1, nodes))]
    arcs = []
    for place in range(1, nodes):
        node = order[place]
        tails = {order[draws.below(place)], *draws.sample(range(nodes), 2)} - {node}
        arcs += [[tail, node, draws.between(1, 4 + 4 * level)] for tail in sorted(tails)]
    return {"nodes": nodes, "arcs": draws.shuffled(arcs)}


def _arborescence(question: dict) -> list[str]:
    """Chu and Liu, Edmonds: cheapest arcs in, circles contracted."""

    def best(nodes: list[int], arcs: list[tuple[int, int, int, int]]) -> list[int]:
        cheapest = {n: min(arc for arc in arcs if arc[1] == n) for n in nodes if n}
        lower: dict[int, tuple[int, int, int, int]] = {}
        for node in cheapest:
            for arc in arcs:
                if arc[1] == node and (node not in lower or arc[2] < lower[node][2]):
                    lower[node] = arc
        for start in lower:
            ring, node = [], start
            while node and node not in ring:
                ring.append(node)
                node = lower[node][0]
            if node:
                circle = set(ring[ring.index(node) :])
                break
        else:
            return [arc[3] for arc in lower.values()]
        merged = min(circle)
        inner = []
        for a, b, weight, name in arcs:
            x, y = (merged if a in circle else a), (merged if b in circle else b)
            if x != y:
                inner.append((x, y, weight - (lower[b][2] if b in circle else 0), name))
        chosen = best([n for n in nodes if n not in circle or n == merged], inner)
        entered = {b for a, b, _, name in arcs if name in chosen and b in circle}
        entry = next(b for a, b, _, name in arcs if name in chosen and b in entered)
        return chosen + [lower[n][3] for n in circle if n != entry]

    arcs = [(a, b, weight, name) for name, (a, b, weight) in enumerate(question["arcs"])]
    chosen = best(list(range(question["nodes"])), arcs)
    return _arc_names(question, chosen)


def _arc_names(question: dict, chosen: list[int]) -> list[str]:
    arcs = question["arcs"]
    return sorted(f"{node_name(arcs[n][0])}>{node_name(arcs[n][1])}" for n in chosen)


def _reaches_all(nodes: int, parents: dict[int, int]) -> bool:
    for start in range(1, nodes):
        node, steps = start, 0
        while node and steps <= nodes:
            node, steps = parents.get(node, start), steps + 1
        if node:
            return False
    return True


def _arborescence_by_listing(question: dict) -> list[str]:
    nodes, arcs = question["nodes"], question["arcs"]
    names = range(len(arcs) - 1, -1, -1)
    options = [[n for n in names if arcs[n][1] == node] for node in range(1, nodes)]
    whole = sorted(product(*options), key=lambda chosen: sum(arcs[n][2] for n in chosen))
    for chosen in whole:
        if _reaches_all(nodes, {arcs[n][1]: arcs[n][0] for n in chosen}):
            return _arc_names(question, list(chosen))
    raise AssertionError("every node can be reached by construction")


def _wrong_arborescences(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Add the tree that is found by turning the prices over, where it is dearer."""
    arcs = question["arcs"]
    price = {f"{node_name(a)}>{node_name(b)}": weight for a, b, weight in arcs}
    other = _arborescence(question | {"arcs": [[a, b, 999 - weight] for a, b, weight in arcs]})
    dearer = sum(price[name] for name in other) > sum(price[name] for name in answer)
    return [*witnesses.spoilt(answer, "Z9"), *([" ".join(other)] if dearer else [])]


def _check_arborescence(question: dict, names: list[str]) -> str:
    weights = {(a, b): w for a, b, w in question["arcs"]}
    parents, total = {}, 0
    for name in names:
        pair = witnesses.named_pair(name, ">")
        if pair not in weights or pair[1] in parents or pair[1] == 0:
            return f"{name} is no arc, ends in the root or is a second arc into its end"
        parents[pair[1]] = pair[0]
        total += weights[pair]
    if len(parents) != question["nodes"] - 1 or not _reaches_all(question["nodes"], parents):
        return "not every node is reached from A"
    best = sum(weights[witnesses.named_pair(n, ">") or (0, 0)] for n in _arborescence(question))
    return "" if total == best else f"cost {total}, the least is {best}"


TASKS = (
    Task(
        id="graph.spanning_tree",
        title="The edges of a minimum spanning tree",
        knob="nodes",
        verifier="O",
        draw=_cables,
        solve=_tree,
        second=_tree_by_growing,
        check=_check_tree,
        wrong=_wrong_trees,
        answer=Words(ordered=False, example="Z9-Z8"),
        show=lambda q: {"edges": graphs.show_edges(q["edges"])},
        en=(
            "Possible cables and their prices: {edges}. Choose cables that connect all nodes at "
            "the least total price. List them in the form A-B.",
            "Give the edges of a minimum spanning tree of {edges}, each as A-B.",
            "Minimum spanning tree, edges as A-B: {edges}",
        ),
        zh=(
            "可铺设的电缆及价格：{edges}。选择电缆使所有节点连通且总价最低，以 A-B 的形式列出。",
            "给出 {edges} 的一棵最小生成树的边，写成 A-B。",
            "最小生成树的边（写成 A-B）：{edges}",
        ),
    ),
    Task(
        id="graph.negative_cycle",
        title="A cycle of negative weight",
        knob="nodes",
        verifier="C",
        draw=_rates,
        solve=_negative,
        check=_check_negative,
        another=lambda q: [*_negative(q)[1:], _negative(q)[0]],
        wrong=_wrong_cycles,
        answer=Words(example="Z9"),
        show=_show_rates,
        en=(
            "Moving along an arrow costs what stands after the colon (a negative cost is a gain): "
            "{arcs}. Find a closed round on which you gain. List its nodes in order, the first "
            "one not repeated.",
            "Find a simple directed cycle of negative total weight in {arcs}.",
            "Negative cycle: {arcs}",
        ),
        zh=(
            "沿箭头移动的花费写在冒号后（负数表示收益）：{arcs}。找出一个能获利的环路，"
            "依次写出节点，不重复起点。",
            "在 {arcs} 中找一个总权重为负的简单有向圈。",
            "负圈：{arcs}",
        ),
    ),
    Task(
        id="graph.arborescence",
        title="A cheapest directed spanning tree",
        knob="nodes and weights",
        verifier="O",
        draw=_roots,
        solve=_arborescence,
        second=_arborescence_by_listing,
        check=_check_arborescence,
        wrong=_wrong_arborescences,
        answer=Words(ordered=False, example="Z9>Z8"),
        show=_show_rates,
        en=(
            "Messages can be passed along these arrows at these prices: {arcs}. News from A must "
            "reach everyone. Choose arrows of the least total price, written as A>B.",
            "Find a minimum-cost arborescence rooted at A in {arcs}; list its arcs as A>B.",
            "Cheapest arborescence from A, as A>B: {arcs}",
        ),
        zh=(
            "消息可沿箭头按所示价格传递：{arcs}。A 的消息须传到每个人。选出总价最低的箭头，写成 "
            "A>B。",
            "在 {arcs} 中求以 A 为根的最小树形图，以 A>B 列出各弧。",
            "以 A 为根的最小树形图（写成 A>B）：{arcs}",
        ),
    ),
)
