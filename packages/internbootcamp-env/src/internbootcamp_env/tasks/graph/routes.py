"""Routes: trails over all edges, paths and tours over all nodes, critical and widest paths.

Source: textbook definitions. Knob: the number of nodes. Every route that keeps the rules, and
where an optimum is asked for reaches it, is right.
"""

from functools import cache
from itertools import pairwise, permutations

from internbootcamp_env.answers import Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs, witnesses
from internbootcamp_env.engines.graphs import node_name
from internbootcamp_env.task import Task


def _read(question: dict, names: list[str]) -> list[int] | str:
    if len(names) > 4 * question["nodes"] + 40:
        return "too many nodes for any answer"
    return witnesses.known_nodes(names, question["nodes"])


def _named(nodes: list[int]) -> list[str]:
    return [node_name(node) for node in nodes]


def _wrong_walks(question: dict, answer: list[str], draws: Draws) -> list[str]:
    return witnesses.spoilt(answer, "Z9")


def _trail(draws: Draws, level: int) -> dict:
    """Walk over unused pairs of nodes until enough edges are used."""
    nodes = 5 + level // 2
    wanted = min(nodes * (nodes - 1) // 2 - nodes // 2, 6 + 2 * level)
    walk, used = [draws.below(nodes)], set()
    while len(used) < wanted:
        here = walk[-1]
        free = [n for n in range(nodes) if n != here and frozenset((n, here)) not in used]
        if not free:
            break
        walk.append(draws.pick(free))
        used.add(frozenset((here, walk[-1])))
    edges = [sorted(pair) for pair in pairwise(walk)]
    present = sorted(set(walk))
    edges = [[present.index(a), present.index(b)] for a, b in edges]
    return {"nodes": len(present), "edges": draws.shuffled(edges)}


def _euler(question: dict) -> list[str]:
    lists = [set(row) for row in graphs.adjacency(question["nodes"], question["edges"])]
    odd = [node for node, row in enumerate(lists) if len(row) % 2]
    stack, trail = [odd[0] if odd else 0], []
    while stack:
        here = stack[-1]
        if lists[here]:
            there = max(lists[here])
            lists[here].remove(there)
            lists[there].remove(here)
            stack.append(there)
        else:
            trail.append(stack.pop())
    return _named(trail)


def _check_trail(question: dict, names: list[str]) -> str:
    walk = _read(question, names)
    if isinstance(walk, str):
        return walk
    edges = {frozenset(edge) for edge in question["edges"]}
    used = [frozenset(pair) for pair in pairwise(walk)]
    if not set(used) <= edges:
        return "a step is not along an edge"
    if len(used) != len(edges) or len(set(used)) != len(edges):
        return f"{len(used)} steps over {len(set(used))} edges, but there are {len(edges)} edges"
    return ""


def _hidden_path(draws: Draws, level: int) -> dict:
    nodes = 6 + level
    order = draws.shuffled(range(nodes))
    pairs = {tuple(sorted(pair)) for pair in pairwise(order)}
    while len(pairs) < nodes + nodes // 2:
        pairs.add(tuple(sorted(draws.sample(range(nodes), 2))))
    return {"nodes": nodes, "edges": draws.shuffled([list(pair) for pair in sorted(pairs)])}


def _hamilton(question: dict, backwards: bool = False) -> list[str]:
    """Search with the neighbour of fewest free neighbours first."""
    lists = graphs.adjacency(question["nodes"], question["edges"])
    path: list[int] = []
    inside: set[int] = set()

    def extend(node: int) -> bool:
        path.append(node)
        inside.add(node)
        if len(path) == question["nodes"]:
            return True
        free = [n for n in lists[node] if n not in inside]
        free.sort(key=lambda n: (sum(m not in inside for m in lists[n]), -n if backwards else n))
        if any(extend(other) for other in free):
            return True
        inside.remove(path.pop())
        return False

    starts = sorted(range(question["nodes"]), key=lambda n: (len(lists[n]), n))
    found = any(extend(start) for start in starts)
    assert found, "a path was drawn first"
    return _named(path)


def _check_hamilton(question: dict, names: list[str]) -> str:
    walk = _read(question, names)
    if isinstance(walk, str):
        return walk
    edges = {frozenset(edge) for edge in question["edges"]}
    if sorted(walk) != list(range(question["nodes"])):
        return "not every node comes exactly once"
    missing = next((pair for pair in pairwise(walk) if frozenset(pair) not in edges), None)
    return f"{node_name(missing[0])} and {node_name(missing[1])} are not joined" if missing else ""


def _distances(draws: Draws, level: int) -> dict:
    nodes = 5 + level // 3
    rows = [[0] * nodes for _ in range(nodes)]
    for a in range(nodes):
        for b in range(a):
            rows[a][b] = rows[b][a] = draws.between(10, 20 + 40 * level)
    return {"nodes": nodes, "rows": rows}


def _show_distances(question: dict) -> dict:
    names = _named(list(range(question["nodes"])))
    head = "  " + " ".join(names)
    rows = [f"{n}: {' '.join(map(str, r))}" for n, r in zip(names, question["rows"], strict=True)]
    return {"rows": "\n".join([head, *rows]), "last": names[-1]}


def _tour(question: dict) -> list[str]:
    """Held and Karp: the best way to leave a set of visited nodes by each of them."""
    rows, nodes = question["rows"], question["nodes"]
    best = {(1 << n, n): (rows[0][n], 0) for n in range(1, nodes)}
    for mask in range(2, 1 << nodes, 2):
        inside = [n for n in range(1, nodes) if mask >> n & 1]
        if len(inside) > 1:
            for n in inside:
                rest = mask ^ 1 << n
                best[mask, n] = min((best[rest, m][0] + rows[m][n], m) for m in inside if m != n)
    mask = (1 << nodes) - 2
    _, node = min((best[mask, n][0] + rows[n][0], n) for n in range(1, nodes))
    tour = []
    while node:
        tour.append(node)
        mask, node = mask ^ 1 << node, best[mask, node][1]
    return _named([0, *reversed(tour)])


def _tour_length(question: dict, tour: list[int]) -> int:
    return sum(question["rows"][a][b] for a, b in pairwise([*tour, tour[0]]))


def _tour_by_listing(question: dict) -> list[str]:
    tours = [[0, *rest] for rest in permutations(range(1, question["nodes"]))]
    return _named(min(tours, key=lambda tour: _tour_length(question, tour)))


def _wrong_tours(question: dict, answer: list[str], draws: Draws) -> list[str]:
    tour = [ord(name) - 65 for name in answer]
    best = _tour_length(question, tour)
    texts = witnesses.spoilt(answer, "Z9")
    for place in range(1, len(tour) - 1):
        other = [*tour[:place], tour[place + 1], tour[place], *tour[place + 2 :]]
        if _tour_length(question, other) > best:
            texts.append(" ".join(_named(other)))
    return texts


def _check_tour(question: dict, names: list[str]) -> str:
    tour = _read(question, names)
    if isinstance(tour, str):
        return tour
    if sorted(tour) != list(range(question["nodes"])):
        return "not every place comes exactly once"
    best = _tour_length(question, [ord(name) - 65 for name in _tour(question)])
    length = _tour_length(question, tour)
    return "" if length == best else f"length {length}, the least is {best}"


def _jobs(draws: Draws, level: int) -> dict:
    nodes = 6 + level
    arcs = {tuple(sorted(draws.sample(range(nodes), 2))) for _ in range(2 * nodes)}
    names = draws.shuffled(range(nodes))
    return {
        "nodes": nodes,
        "arcs": [[names[a], names[b]] for a, b in draws.shuffled(sorted(arcs))],
        "days": draws.integers(nodes, 1, 9 + level),
    }


def _show_jobs(question: dict) -> dict:
    days = " ".join(f"{node_name(n)}:{d}" for n, d in enumerate(question["days"]))
    return {"days": days, "arcs": graphs.show_arcs(question["arcs"])}


def _critical(question: dict) -> list[str]:
    after: dict[int, list[int]] = {}
    for a, b in question["arcs"]:
        after.setdefault(a, []).append(b)

    @cache
    def longest(node: int) -> tuple[int, tuple[int, ...]]:
        rest = max((longest(other) for other in after.get(node, ())), default=(0, ()))
        return question["days"][node] + rest[0], (node, *rest[1])

    return _named(list(max(longest(node) for node in range(question["nodes"]))[1]))


def _critical_by_relaxing(question: dict) -> list[str]:
    days = question["days"]
    best = [[node] for node in range(question["nodes"])]
    for _ in days:
        for a, b in question["arcs"]:
            if sum(days[n] for n in best[a]) + days[b] > sum(days[n] for n in best[b]):
                best[b] = [*best[a], b]
    return _named(max(best, key=lambda path: sum(days[n] for n in path)))


def _check_critical(question: dict, names: list[str]) -> str:
    path = _read(question, names)
    if isinstance(path, str):
        return path
    arcs = {tuple(arc) for arc in question["arcs"]}
    if not all(pair in arcs for pair in pairwise(path)):
        return "two neighbours of the chain are not joined by an arrow"
    length = sum(question["days"][node] for node in path)
    best = sum(question["days"][ord(name) - 65] for name in _critical(question))
    return "" if length == best else f"length {length}, {best} is possible"


def _wrong_wide(question: dict, answer: list[str], draws: Draws) -> list[str]:
    """Add the path of fewest edges where it is narrower."""
    distance = graphs.hops(question["nodes"], question["edges"], question["start"])
    lists = graphs.adjacency(question["nodes"], question["edges"])
    path = [question["end"]]
    while path[-1] != question["start"]:
        path.append(next(n for n in lists[path[-1]] if distance[n] == distance[path[-1]] - 1))
    direct, best = _width(question, _named(path[::-1])), _width(question, answer)
    narrow = [" ".join(_named(path[::-1]))] if str(direct) != str(best) else []
    return [*witnesses.spoilt(answer, "Z9"), *narrow]


def _wide(draws: Draws, level: int) -> dict:
    nodes = 5 + level
    edges = graphs.random_edges(draws, nodes, nodes, weights=9 + 6 * level)
    start, end = draws.sample(range(nodes), 2)
    return {"nodes": nodes, "edges": edges, "start": start, "end": end}


def _show_wide(question: dict) -> dict:
    start, end = node_name(question["start"]), node_name(question["end"])
    return {"edges": graphs.show_edges(question["edges"]), "start": start, "end": end}


def _widest(question: dict) -> list[str]:
    """Join edges from the widest on until the ends meet, then walk the tree between them."""
    chosen: list[list[int]] = []
    for edge in sorted(question["edges"], key=lambda e: -e[2]):
        parts = graphs.components(question["nodes"], chosen)
        if parts[edge[0]] != parts[edge[1]]:
            chosen.append(edge)
    lists = graphs.adjacency(question["nodes"], chosen)
    stack = [[question["start"]]]
    while stack[-1][-1] != question["end"]:
        path = stack.pop()
        stack += [[*path, other] for other in lists[path[-1]] if other not in path]
    return _named(stack[-1])


def _widest_by_relaxing(question: dict) -> list[str]:
    width = {question["start"]: (10**9, [question["start"]])}
    for _ in range(question["nodes"]):
        for a, b, weight in question["edges"]:
            for x, y in ((a, b), (b, a)):
                if x in width and (wide := min(width[x][0], weight)) > width.get(y, (0, []))[0]:
                    width[y] = (wide, [*width[x][1], y])
    return _named(width[question["end"]][1])


def _width(question: dict, names: list[str]) -> int | str:
    walk = _read(question, names)
    if isinstance(walk, str):
        return walk
    if len(walk) < 2 or walk[0] != question["start"] or walk[-1] != question["end"]:
        return "the path does not lead from the start to the end"
    weights = {frozenset(edge[:2]): edge[2] for edge in question["edges"]}
    steps = [weights.get(frozenset(pair), 0) for pair in pairwise(walk)]
    return min(steps) or "a step is not along an edge"


def _check_widest(question: dict, names: list[str]) -> str:
    width = _width(question, names)
    if isinstance(width, str):
        return width
    best = _width(question, _widest(question))
    return "" if width == best else f"width {width}, {best} is possible"


TASKS = (
    Task(
        id="graph.euler_trail",
        title="A trail over every edge once",
        knob="edges",
        verifier="C",
        draw=_trail,
        solve=_euler,
        check=_check_trail,
        another=lambda q: _euler(q)[::-1],
        wrong=_wrong_walks,
        answer=Words(example="Z9"),
        show=lambda q: {"edges": graphs.show_edges(q["edges"])},
        en=(
            "Draw the figure with the lines {edges} in one stroke, every line exactly once. List "
            "the nodes in the order in which they are visited.",
            "Find an Eulerian trail of the graph {edges} and give its sequence of nodes.",
            "Euler trail: {edges}",
        ),
        zh=(
            "一笔画出由线段 {edges} 组成的图形，每条线恰好一次。按经过的顺序写出节点。",
            "求图 {edges} 的一条欧拉迹，写出节点序列。",
            "欧拉迹：{edges}",
        ),
    ),
    Task(
        id="graph.hamiltonian_path",
        title="A path through every node once",
        knob="nodes",
        verifier="C",
        draw=_hidden_path,
        solve=_hamilton,
        check=_check_hamilton,
        another=lambda q: _hamilton(q, backwards=True)[::-1],
        wrong=_wrong_walks,
        answer=Words(example="Z9"),
        show=lambda q: {"edges": graphs.show_edges(q["edges"])},
        en=(
            "Visit every node of the graph {edges} exactly once, moving along edges. List the "
            "nodes in order.",
            "Guests who get along: {edges}. Seat all of them in one row so that neighbours get "
            "along.",
            "Hamiltonian path: {edges}",
        ),
        zh=(
            "沿边走，恰好访问图 {edges} 的每个节点一次，依次写出节点。",
            "合得来的客人：{edges}。让所有人坐成一排，使相邻的人都合得来。",
            "哈密顿路：{edges}",
        ),
    ),
    Task(
        id="graph.travelling_salesman",
        title="A shortest round tour",
        knob="places and distances",
        verifier="O",
        draw=_distances,
        solve=_tour,
        second=_tour_by_listing,
        check=_check_tour,
        wrong=_wrong_tours,
        answer=Words(example="Z9"),
        show=_show_distances,
        en=(
            "Distances between the places A to {last}:\n{rows}\nFind a shortest round tour that "
            "visits every place once and returns. List the places in order, without repeating the "
            "first.",
            "Solve the travelling salesman problem for this table:\n{rows}\nGive the order of the "
            "places A to {last} (the return to the first is understood).",
            "Shortest round tour:\n{rows}",
        ),
        zh=(
            "地点 A 至 {last} 之间的距离：\n{rows}\n求经过每个地点一次并返回的最短环游。"
            "依次列出地点，不重复起点。",
            "求解此表的旅行商问题：\n{rows}\n写出地点 A 至 {last} 的顺序（默认回到起点）。",
            "最短环游：\n{rows}",
        ),
    ),
    Task(
        id="graph.critical_path",
        title="A longest chain of dependent jobs",
        knob="jobs",
        verifier="O",
        draw=_jobs,
        solve=_critical,
        second=_critical_by_relaxing,
        check=_check_critical,
        wrong=_wrong_walks,
        answer=Words(example="Z9"),
        show=_show_jobs,
        en=(
            "Jobs and their days: {days}. X>Y means that Y starts after X has ended: {arcs}. Name "
            "the jobs of a critical path, that is a chain of the greatest total length, in order.",
            "Find a heaviest directed path in the acyclic graph {arcs} with the node weights "
            "{days}.",
            "Critical path: {days}; {arcs}",
        ),
        zh=(
            "各任务及天数：{days}。X>Y 表示 X 完成后 Y 才能开始：{arcs}。依次写出一条关键路径"
            "（总时长最大的链）上的任务。",
            "在节点权重为 {days} 的无环有向图 {arcs} 中求一条权重最大的有向路径。",
            "关键路径：{days}；{arcs}",
        ),
    ),
    Task(
        id="graph.widest_path",
        title="A path whose narrowest edge is as wide as possible",
        knob="nodes",
        verifier="O",
        draw=_wide,
        solve=_widest,
        second=_widest_by_relaxing,
        check=_check_widest,
        wrong=_wrong_wide,
        answer=Words(example="Z9"),
        show=_show_wide,
        en=(
            "Bridges and the load that each bears: {edges}. Find a way from {start} to {end} over "
            "which the heaviest possible lorry can drive. List its nodes.",
            "Find a path from {start} to {end} in {edges} whose smallest edge weight is as large "
            "as possible.",
            "Widest path {start} to {end}: {edges}",
        ),
        zh=(
            "桥梁及其承重：{edges}。找一条从 {start} 到 {end} 的路线，使可通行的卡车尽可能重。"
            "列出节点。",
            "在 {edges} 中求一条从 {start} 到 {end} 的路径，使其最小边权尽可能大。",
            "{start} 到 {end} 的最宽路径：{edges}",
        ),
    ),
)
