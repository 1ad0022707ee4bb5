"""Structure of graphs: bridges, strong components, odd cycles, transitive reduction.

Source: textbook definitions. Knob: the number of nodes. The decision comes with a certificate that
anybody can check: one side, or an odd cycle.
"""

from itertools import combinations, pairwise

from internbootcamp_env.answers import Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs, witnesses
from internbootcamp_env.engines.graphs import node_name
from internbootcamp_env.task import Task


def _spoilt(question: dict, answer: list[str], draws: Draws) -> list[str]:
    return witnesses.spoilt(answer, "Z9")


def _edge_name(a: int, b: int) -> str:
    return f"{node_name(min(a, b))}-{node_name(max(a, b))}"


def _clusters(draws: Draws, level: int) -> dict:
    """Draw clusters, each a ring with chords or one node, and join them to a tree by bridges."""
    sizes = [draws.pick((1, 3, 4)) for _ in range(2 + (level + 1) // 2)]
    names = draws.shuffled(range(sum(sizes)))
    edges, starts = [], []
    for size in sizes:
        first = sum(sizes[: len(starts)])
        ring = names[first : first + size]
        if size > 1:
            edges += list(pairwise([*ring, ring[0]]))
        if starts:
            edges.append((draws.pick(names[:first]), draws.pick(ring)))
        starts.append(first)
    return {"nodes": len(names), "edges": draws.shuffled([sorted(edge) for edge in edges])}


def _bridges(question: dict) -> list[str]:
    """Low points of a depth-first search."""
    lists = graphs.adjacency(question["nodes"], question["edges"])
    order: dict[int, int] = {}
    found = []

    def visit(node: int, parent: int) -> int:
        low = order[node] = len(order)
        for other in lists[node]:
            if other == parent:
                continue
            if other in order:
                low = min(low, order[other])
            else:
                below = visit(other, node)
                low = min(low, below)
                if below > order[node]:
                    found.append(_edge_name(node, other))
        return low

    visit(0, -1)
    return sorted(found)


def _bridges_by_removal(question: dict) -> list[str]:
    edges = question["edges"]
    return sorted(
        _edge_name(*edge)
        for edge in edges
        if len(set(graphs.components(question["nodes"], [e for e in edges if e != edge]))) > 1
    )


def _arcs(draws: Draws, level: int) -> dict:
    """Draw directed rings and single nodes, and arcs that lead forward between them."""
    sizes = [draws.between(1, 4) for _ in range(2 + (level + 1) // 2)]
    names = draws.shuffled(range(sum(sizes)))
    arcs, first = set(), 0
    for size in sizes:
        ring = names[first : first + size]
        if size > 1:
            arcs |= set(pairwise([*ring, ring[0]]))
        for _ in range(2 if first else 0):
            arcs.add((names[draws.below(first)], draws.pick(ring)))
        first += size
    return {"nodes": len(names), "arcs": draws.shuffled([list(arc) for arc in sorted(arcs)])}


def _strong(question: dict) -> list[str]:
    """Kosaraju: finish order forward, then search backward."""
    nodes, arcs = question["nodes"], question["arcs"]
    forward = graphs.adjacency(nodes, arcs, directed=True)
    backward = graphs.adjacency(nodes, [(b, a) for a, b in arcs], directed=True)

    def visit(lists: list[list[int]], node: int, seen: set[int], out: list[int]) -> None:
        seen.add(node)
        for other in lists[node]:
            if other not in seen:
                visit(lists, other, seen, out)
        out.append(node)

    finished: list[int] = []
    seen: set[int] = set()
    for node in range(nodes):
        if node not in seen:
            visit(forward, node, seen, finished)
    seen, groups = set(), []
    for node in reversed(finished):
        if node not in seen:
            group: list[int] = []
            visit(backward, node, seen, group)
            groups.append("".join(map(node_name, sorted(group))))
    return sorted(groups)


def _strong_by_reach(question: dict) -> list[str]:
    nodes, arcs = question["nodes"], question["arcs"]
    reach = [graphs.hops(nodes, arcs, node, directed=True) for node in range(nodes)]
    groups = {
        "".join(node_name(b) for b in range(nodes) if reach[a][b] >= 0 <= reach[b][a])
        for a in range(nodes)
    }
    return sorted(groups)


def _check_strong(question: dict, groups: list[str]) -> str:
    given = sorted("".join(sorted(group)) for group in groups)
    return "" if given == _strong(question) else "these are not the strong components"


def _two_sided(draws: Draws, level: int) -> dict:
    nodes = 6 + 2 * level
    side = [draws.below(2) for _ in range(nodes)]
    side[:2] = [0, 1]
    order = draws.shuffled(range(nodes))
    pairs = set()
    for place in range(1, nodes):
        earlier = [n for n in order[:place] if side[n] != side[order[place]]]
        pairs.add(tuple(sorted((order[place], draws.pick(earlier or [order[0]])))))
    across = [p for p in combinations(range(nodes), 2) if side[p[0]] != side[p[1]]]
    pairs |= set(draws.sample(across, min(len(across), nodes // 2)))
    inner = [p for p in combinations(range(nodes), 2) if side[p[0]] == side[p[1]]]
    if draws.chance(1, 2) and inner:
        pairs.add(draws.pick(inner))
    return {"nodes": nodes, "edges": draws.shuffled([list(pair) for pair in sorted(pairs)])}


def _sides(question: dict) -> list[str]:
    """Colour in breadth-first order; two equal ends of an edge close an odd cycle."""
    lists = graphs.adjacency(question["nodes"], question["edges"])
    parent, depth = {0: 0}, {0: 0}
    queue = [0]
    for node in queue:
        for other in lists[node]:
            if other not in depth:
                depth[other], parent[other] = depth[node] + 1, node
                queue.append(other)
            elif depth[other] % 2 == depth[node] % 2:
                left, right = [node], [other]
                while left[-1] != right[-1]:
                    longer = left if depth[left[-1]] >= depth[right[-1]] else right
                    longer.append(parent[longer[-1]])
                return ["cycle", *map(node_name, left + right[-2::-1])]
    return ["side", *(node_name(node) for node in sorted(depth) if depth[node] % 2 == 0)]


def _check_sides(question: dict, words: list[str]) -> str:
    if not words or words[0] not in ("side", "cycle"):
        return "the answer starts with side or cycle"
    nodes = witnesses.repeated(words[1:]) or witnesses.known_nodes(words[1:], question["nodes"])
    if isinstance(nodes, str):
        return nodes
    edges = {frozenset(edge) for edge in question["edges"]}
    if words[0] == "side":
        chosen = set(nodes)
        inner = next((e for e in question["edges"] if (e[0] in chosen) == (e[1] in chosen)), None)
        return f"{_edge_name(*inner)} does not join the two sides" if inner else ""
    if len(nodes) % 2 == 0:
        return "the cycle is not odd"
    ring = pairwise([*nodes, nodes[0]])
    return "" if all(frozenset(pair) in edges for pair in ring) else "not a cycle of the graph"


def _wrong_sides(question: dict, answer: list[str], draws: Draws) -> list[str]:
    other = {"side": "cycle", "cycle": "side"}[answer[0]]
    swapped = [other, *answer[1:]]
    return [" ".join(row) for row in (swapped, [*answer, "Z9"], [*answer, answer[-1]], answer[1:])]


def _layers(draws: Draws, level: int) -> dict:
    nodes = 5 + level
    names = draws.shuffled(range(nodes))
    arcs = set()
    while len(arcs) < 2 * nodes - 2:
        a, b = sorted(draws.sample(range(nodes), 2))
        arcs.add((names[a], names[b]))
    return {"nodes": nodes, "arcs": draws.shuffled([list(arc) for arc in sorted(arcs)])}


def _reduced(question: dict) -> list[str]:
    arcs = question["arcs"]
    kept = []
    for arc in arcs:
        rest = [other for other in arcs if other != arc]
        if graphs.hops(question["nodes"], rest, arc[0], directed=True)[arc[1]] < 0:
            kept.append(f"{node_name(arc[0])}>{node_name(arc[1])}")
    return sorted(kept)


def _reduced_by_closure(question: dict) -> list[str]:
    nodes = range(question["nodes"])
    reach = {tuple(arc) for arc in question["arcs"]}
    for middle in nodes:
        reach |= {(a, b) for a in nodes for b in nodes if {(a, middle), (middle, b)} <= reach}
    kept = [(a, b) for a, b in reach if not any({(a, m), (m, b)} <= reach for m in nodes)]
    return sorted(f"{node_name(a)}>{node_name(b)}" for a, b in kept)


def _show_arcs(question: dict) -> dict:
    return {"arcs": graphs.show_arcs(question["arcs"])}


def _show_edges(question: dict) -> dict:
    return {"edges": graphs.show_edges(question["edges"])}


TASKS = (
    Task(
        id="graph.bridges",
        title="Bridges of a graph",
        knob="clusters",
        verifier="S",
        draw=_clusters,
        solve=_bridges,
        second=_bridges_by_removal,
        answer=Words(ordered=False, example="Z8-Z9"),
        echoes=True,
        show=_show_edges,
        en=(
            "Roads of a country: {edges}. Which single roads would, if closed, cut some place off "
            "from another? List them as written.",
            "List all bridges of the connected graph {edges}, each as it is written there.",
            "Bridges: {edges}",
        ),
        zh=(
            "某国的道路：{edges}。关闭哪些单条道路会使某些地点互不可达？按原样列出。",
            "列出连通图 {edges} 的所有桥，写法与题中相同。",
            "桥：{edges}",
        ),
    ),
    Task(
        id="graph.strong_components",
        title="Strong components of a digraph",
        knob="components",
        verifier="S",
        draw=_arcs,
        solve=_strong,
        second=_strong_by_reach,
        check=_check_strong,
        wrong=_spoilt,
        answer=Words(ordered=False, example="Z9"),
        show=_show_arcs,
        en=(
            "Whispers travel along these arrows: {arcs}. Group the people so that two are in one "
            "group exactly if news of each reaches the other. Write each group as a word of its "
            "letters, such as ACD.",
            "List the strongly connected components of {arcs}, each as a word of its letters "
            "(single nodes too).",
            "Strong components, as words: {arcs}",
        ),
        zh=(
            "消息沿箭头传播：{arcs}。把人分组，两人同组当且仅当他们的消息能互相传到。"
            "每组写成由其字母组成的词，如 ACD。",
            "列出 {arcs} 的强连通分量，每个写成字母组成的词（单个节点也要写）。",
            "强连通分量（写成词）：{arcs}",
        ),
    ),
    Task(
        id="graph.odd_cycle",
        title="Two sides, or an odd cycle",
        knob="nodes",
        verifier="D",
        draw=_two_sided,
        solve=_sides,
        check=_check_sides,
        wrong=_wrong_sides,
        answer=Words(example="Z9"),
        show=_show_edges,
        en=(
            "Can the nodes of {edges} be split into two sides so that every edge joins the sides? "
            "If so, write 'side' and the nodes of one side; if not, write 'cycle' and the nodes of "
            "an odd cycle in order.",
            "Prove that the graph {edges} is bipartite ('side' and all nodes of one part) or that "
            "it is not ('cycle' and the nodes of a cycle of odd length, in order).",
            "'side' with one part, or 'cycle' with an odd cycle: {edges}",
        ),
        zh=(
            "能否把 {edges} 的节点分成两侧，使每条边都连接两侧？能则写 side 及一侧的节点；"
            "不能则写 cycle 及一个奇圈的节点（按顺序）。",
            "证明图 {edges} 是二部图（写 side 和一部分的全部节点）或不是（写 cycle "
            "和一个奇圈的节点）。",
            "side 加一侧，或 cycle 加奇圈：{edges}",
        ),
    ),
    Task(
        id="graph.transitive_reduction",
        title="Transitive reduction of an acyclic digraph",
        knob="nodes",
        verifier="S",
        draw=_layers,
        solve=_reduced,
        second=_reduced_by_closure,
        answer=Words(ordered=False, example="Z8>Z9"),
        show=_show_arcs,
        en=(
            "Which of the arrows {arcs} cannot be left out without changing who can be reached "
            "from whom? List them as written.",
            "List the arcs of the transitive reduction of the acyclic digraph {arcs}.",
            "Transitive reduction: {arcs}",
        ),
        zh=(
            "箭头 {arcs} 中哪些不能省略，否则会改变可达关系？按原样列出。",
            "列出无环有向图 {arcs} 的传递约简中的弧。",
            "传递约简：{arcs}",
        ),
    ),
)
