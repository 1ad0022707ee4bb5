"""Numbers and labels of graphs: walks, betweenness, resistance, dominators, games.

Source: textbook definitions (Freeman 1977, Kirchhoff 1847, Lengauer and Tarjan 1979). Knob: the
number of nodes. All answers are exact.
"""

from fractions import Fraction

from internbootcamp_env.answers import Integer, Rational, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs
from internbootcamp_env.engines.graphs import node_name
from internbootcamp_env.task import Task


def _walk_question(draws: Draws, level: int) -> dict:
    nodes = 7 + level // 2
    edges = graphs.random_edges(draws, nodes, draws.between(2, nodes // 2 + 1))
    lists = graphs.adjacency(nodes, edges)
    steps = 3 + level
    start = end = draws.below(nodes)
    for _ in range(steps):
        end = draws.pick(lists[end])
    return {"nodes": nodes, "edges": edges, "start": start, "end": end, "steps": steps}


def _show(question: dict) -> dict:
    shown = {"edges": graphs.show_edges(question["edges"]), "steps": question.get("steps")}
    for name in ("start", "end", "node"):
        if name in question:
            shown[name] = node_name(question[name])
    return shown


def _walks(question: dict) -> int:
    lists = graphs.adjacency(question["nodes"], question["edges"])
    ways = [int(node == question["start"]) for node in range(question["nodes"])]
    for _ in range(question["steps"]):
        ways = [sum(ways[other] for other in row) for row in lists]
    return ways[question["end"]]


def _walks_by_squaring(question: dict) -> int:
    nodes = range(question["nodes"])
    matrix = [[0] * len(nodes) for _ in nodes]
    for a, b in question["edges"]:
        matrix[a][b] = matrix[b][a] = 1
    result, power, steps = [[int(a == b) for b in nodes] for a in nodes], matrix, question["steps"]

    def times(x: list[list[int]], y: list[list[int]]) -> list[list[int]]:
        return [[sum(x[a][m] * y[m][b] for m in nodes) for b in nodes] for a in nodes]

    while steps:
        if steps & 1:
            result = times(result, power)
        power, steps = times(power, power), steps >> 1
    return result[question["start"]][question["end"]]


def _lies_between(lists: list[list[int]], node: int) -> bool:
    """Tell whether two neighbours are not joined, so that a shortest path leads through."""
    return any(a not in lists[b] for a in lists[node] for b in lists[node] if a != b)


def _between_question(draws: Draws, level: int) -> dict:
    nodes = 6 + level
    edges = graphs.random_edges(draws, nodes, nodes // 2)
    lists = graphs.adjacency(nodes, edges)
    return {
        "nodes": nodes,
        "edges": edges,
        "node": draws.pick([n for n in range(nodes) if _lies_between(lists, n)]),
    }


def _shortest_counts(lists: list[list[int]], start: int) -> tuple[list[int], list[int]]:
    distance, ways = [-1] * len(lists), [0] * len(lists)
    distance[start], ways[start] = 0, 1
    queue = [start]
    for node in queue:
        for other in lists[node]:
            if distance[other] < 0:
                distance[other] = distance[node] + 1
                queue.append(other)
            if distance[other] == distance[node] + 1:
                ways[other] += ways[node]
    return distance, ways


def _betweenness(question: dict) -> str:
    lists, node = graphs.adjacency(question["nodes"], question["edges"]), question["node"]
    rows = [_shortest_counts(lists, start) for start in range(question["nodes"])]
    total = Fraction(0)
    for a in range(question["nodes"]):
        for b in range(a):
            (to_node, ways_to), (from_node, ways_from) = rows[a], rows[b]
            if node not in (a, b) and to_node[node] + from_node[node] == to_node[b]:
                total += Fraction(ways_to[node] * ways_from[node], ways_to[b])
    return str(total)


def _betweenness_by_dependencies(question: dict) -> str:
    """Brandes: shares flow back from the farthest nodes."""
    lists, total = graphs.adjacency(question["nodes"], question["edges"]), Fraction(0)
    for start in range(question["nodes"]):
        distance, ways = _shortest_counts(lists, start)
        share = [Fraction(0)] * question["nodes"]
        for node in sorted(range(question["nodes"]), key=lambda n: -distance[n]):
            for other in lists[node]:
                if distance[other] == distance[node] - 1:
                    share[other] += Fraction(ways[other], ways[node]) * (1 + share[node])
        if start != question["node"]:
            total += share[question["node"]]
    return str(total / 2)


def _resistors(draws: Draws, level: int) -> dict:
    nodes = 4 + level // 2
    edges = graphs.random_edges(draws, nodes, 1 + nodes // 2, weights=3 + level)
    start, end = draws.sample(range(nodes), 2)
    return {"nodes": nodes, "edges": edges, "start": start, "end": end}


def _determinant(rows: list[list[Fraction]]) -> Fraction:
    rows, value = [list(row) for row in rows], Fraction(1)
    for column in range(len(rows)):
        pivot = next((r for r in range(column, len(rows)) if rows[r][column]), None)
        if pivot is None:
            return Fraction(0)
        if pivot != column:
            rows[column], rows[pivot], value = rows[pivot], rows[column], -value
        value *= rows[column][column]
        for row in range(column + 1, len(rows)):
            factor = rows[row][column] / rows[column][column]
            if factor:
                rows[row] = [x - factor * y for x, y in zip(rows[row], rows[column], strict=True)]
    return value


def _resistance(question: dict) -> str:
    """Weighted spanning trees: those with the two nodes as one, over all."""
    nodes = question["nodes"]
    table = [[Fraction(0)] * nodes for _ in range(nodes)]
    for a, b, ohms in question["edges"]:
        for x, y in ((a, b), (b, a)):
            table[x][x] += Fraction(1, ohms)
            table[x][y] -= Fraction(1, ohms)
    start, end = question["start"], question["end"]

    def minor(*dropped: int) -> Fraction:
        kept = [n for n in range(nodes) if n not in dropped]
        return _determinant([[table[a][b] for b in kept] for a in kept])

    return str(minor(start, end) / minor(start))


def _resistance_by_elimination(question: dict) -> str:
    """Replace a node by links between its neighbours (star to mesh) until two are left."""
    links = {frozenset((a, b)): Fraction(1, ohms) for a, b, ohms in question["edges"]}
    for node in range(question["nodes"]):
        if node in (question["start"], question["end"]):
            continue
        arms = {min(pair - {node}): g for pair, g in links.items() if node in pair}
        whole = sum(arms.values())
        links = {pair: g for pair, g in links.items() if node not in pair}
        for a in arms:
            for b in arms:
                if a < b:
                    pair = frozenset((a, b))
                    links[pair] = links.get(pair, Fraction(0)) + arms[a] * arms[b] / whole
    return str(1 / links[frozenset((question["start"], question["end"]))])


def _flow_graph(draws: Draws, level: int) -> dict:
    nodes = 8 + level
    arcs = {(draws.below(node), node) for node in range(1, nodes)}
    while len(arcs) < nodes + nodes // 3:
        a, b = draws.sample(range(nodes), 2)
        if b:
            arcs.add((a, b))
    names = [0, *draws.shuffled(range(1, nodes))]
    return {
        "nodes": nodes,
        "arcs": draws.shuffled([[names[a], names[b]] for a, b in sorted(arcs)]),
    }


def _dominators(question: dict) -> list[str]:
    """Shrink the sets of dominators until nothing changes; the nearest is in most of them."""
    nodes, arcs = question["nodes"], question["arcs"]
    before = [[a for a, b in arcs if b == node] for node in range(nodes)]
    sets = [{0}] + [set(range(nodes)) for _ in range(1, nodes)]
    changed = True
    while changed:
        changed = False
        for node in range(1, nodes):
            fresh = set.intersection(*(sets[a] for a in before[node])) | {node}
            changed |= fresh != sets[node]
            sets[node] = fresh
    nearest = [max(sets[n] - {n}, key=lambda other: len(sets[other])) for n in range(1, nodes)]
    return [node_name(node) for node in nearest]


def _dominators_by_removal(question: dict) -> list[str]:
    nodes, arcs = question["nodes"], question["arcs"]
    cut: list[set[int]] = [set(), *({0} for _ in range(1, nodes))]
    for gone in range(1, nodes):
        left = [arc for arc in arcs if gone not in arc]
        reach = graphs.hops(nodes, left, 0, directed=True)
        for node in range(nodes):
            if reach[node] < 0 and node != gone:
                cut[node].add(gone)
    return [node_name(max(cut[n], key=lambda other: len(cut[other]))) for n in range(1, nodes)]


def _show_arcs(question: dict) -> dict:
    return {
        "arcs": graphs.show_arcs(question["arcs"]),
        "last": node_name(question["nodes"] - 1),
    }


def _board(draws: Draws, level: int) -> dict:
    nodes = 6 + level
    arcs = set()
    for node in range(nodes):
        arcs |= {(node, draws.below(nodes)) for _ in range(draws.weighted((0, 1, 2), (2, 3, 4)))}
    arcs = {(a, b) for a, b in arcs if a != b}
    return {"nodes": nodes, "arcs": draws.shuffled([list(arc) for arc in sorted(arcs)])}


def _labels(question: dict) -> list[str]:
    """Retrograde: a move to a lost position wins; only moves to won positions lose."""
    moves = graphs.adjacency(question["nodes"], question["arcs"], directed=True)
    label: dict[int, str] = {}
    changed = True
    while changed:
        changed = False
        for node, row in enumerate(moves):
            if node in label:
                continue
            if any(label.get(other) == "L" for other in row):
                label[node], changed = "W", True
            elif all(label.get(other) == "W" for other in row):
                label[node], changed = "L", True
    return [label.get(node, "D") for node in range(question["nodes"])]


def _labels_by_horizon(question: dict) -> list[str]:
    """Who wins within k moves, for k beyond every forced win."""
    moves = graphs.adjacency(question["nodes"], question["arcs"], directed=True)
    won, lost = set(), set()
    for _ in range(2 * question["nodes"] + 2):
        won, lost = (
            {n for n, row in enumerate(moves) if set(row) & lost},
            {n for n, row in enumerate(moves) if set(row) <= won},
        )
    return ["W" if n in won else "L" if n in lost else "D" for n in range(question["nodes"])]


TASKS = (
    Task(
        id="graph.walk_count",
        title="Number of walks of a given length",
        knob="steps",
        draw=_walk_question,
        solve=_walks,
        second=_walks_by_squaring,
        answer=Integer(),
        show=_show,
        en=(
            "In the graph {edges}, how many walks of exactly {steps} steps lead from {start} to "
            "{end}? Edges and nodes may be used again.",
            "A bug crawls along the edges {edges} for {steps} steps, starting at {start}. In how "
            "many ways can it end at {end}?",
            "Walks of length {steps} from {start} to {end}: {edges}",
        ),
        zh=(
            "图 {edges} 中从 {start} 到 {end} 恰好走 {steps} 步的路线有多少条？边和节点可重复经过。"
            "",
            "虫子从 {start} 出发沿边 {edges} 爬 {steps} 步，有多少种方式停在 {end}？",
            "从 {start} 到 {end} 长度为 {steps} 的通路数：{edges}",
        ),
    ),
    Task(
        id="graph.betweenness",
        title="Betweenness centrality of a node",
        knob="nodes",
        draw=_between_question,
        solve=_betweenness,
        second=_betweenness_by_dependencies,
        answer=Rational(),
        show=_show,
        en=(
            "For each pair of other nodes of the graph {edges}, take the share of the shortest "
            "paths between them that pass through {node}. What is the sum over all pairs?",
            "Compute the betweenness centrality (unnormalised, unordered pairs) of {node} in the "
            "graph {edges}.",
            "Betweenness of {node}: {edges}",
        ),
        zh=(
            "对图 {edges} 中其他节点的每一对，取两点间最短路中经过 {node} 的比例。"
            "所有点对的总和是多少？",
            "计算图 {edges} 中 {node} 的介数中心性（不归一化，无序点对）。",
            "{node} 的介数：{edges}",
        ),
    ),
    Task(
        id="graph.resistance",
        title="Resistance between two nodes",
        knob="nodes",
        draw=_resistors,
        solve=_resistance,
        second=_resistance_by_elimination,
        answer=Rational(),
        show=_show,
        en=(
            "Resistors in ohms join these points: {edges}. What is the resistance between {start} "
            "and {end}, exactly?",
            "Find the effective resistance in ohms from {start} to {end} of the network {edges}, "
            "where A-B:3 is a resistor of 3 ohms.",
            "Resistance {start} to {end}: {edges}",
        ),
        zh=(
            "各点之间的电阻（欧姆）：{edges}。{start} 与 {end} 之间的等效电阻是多少（精确值）？",
            "求网络 {edges} 中 {start} 到 {end} 的等效电阻（欧姆），A-B:3 表示 3 欧姆电阻。",
            "{start} 到 {end} 的电阻：{edges}",
        ),
    ),
    Task(
        id="graph.dominators",
        title="Immediate dominators",
        knob="nodes",
        draw=_flow_graph,
        solve=_dominators,
        second=_dominators_by_removal,
        answer=Words(example="Z9"),
        show=_show_arcs,
        en=(
            "In the flow graph {arcs} with the entry A, name the immediate dominator of each node "
            "from B to {last}, in this order.",
            "All ways start at A: {arcs}. A node dominates X if every way to X passes through it; "
            "the immediate dominator is the one nearest to X. Give it for B to {last}, in order.",
            "Immediate dominators of B to {last} (entry A): {arcs}",
        ),
        zh=(
            "流图 {arcs} 的入口为 A，依次写出 B 至 {last} 各节点的直接支配者。",
            "所有路线从 A 出发：{arcs}。若到 X 的每条路线都经过某节点，则它支配 X；"
            "离 X 最近的是直接支配者。依次写出 B 至 {last} 的直接支配者。",
            "B 至 {last} 的直接支配者（入口 A）：{arcs}",
        ),
    ),
    Task(
        id="graph.game_labels",
        title="Won, lost and drawn positions",
        knob="nodes",
        draw=_board,
        solve=_labels,
        second=_labels_by_horizon,
        answer=Words(example="W"),
        show=_show_arcs,
        en=(
            "Two players move one token in turn along the arrows {arcs}; who cannot move loses, "
            "and endless play is a draw. For each of A to {last}, write W, L or D for the player "
            "who is to move there.",
            "Label the positions A to {last} of the game {arcs} as won (W), lost (L) or drawn (D) "
            "for the player to move; a player without a move has lost.",
            "W, L or D for A to {last}: {arcs}",
        ),
        zh=(
            "两人轮流沿箭头 {arcs} 移动同一枚棋子，不能移动者输，无休止则为和。"
            "对 A 至 {last} 的每个位置，写出轮到走的一方是胜 W、负 L 还是和 D。",
            "标出博弈 {arcs} 中位置 A 至 {last} 对走棋方是胜（W）、负（L）还是和（D），"
            "无路可走者负。",
            "A 至 {last} 的 W、L 或 D：{arcs}",
        ),
    ),
)
