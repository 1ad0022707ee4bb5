"""Flows in small networks: a maximum flow, a least cut, edge-disjoint paths.

Source: Ford and Fulkerson 1956. Knob: the number of nodes. Every flow and cut that reaches the
optimum is right.
"""

from itertools import pairwise

from internbootcamp_env.answers import Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import flows, witnesses
from internbootcamp_env.engines.graphs import node_name, node_number
from internbootcamp_env.task import Task


def _network(draws: Draws, level: int) -> dict:
    """Draw two chains from first to last node and further arcs, mostly forward."""
    nodes = 5 + level
    pairs = set()
    for _ in range(2):
        stops = [0, *sorted(draws.sample(range(1, nodes - 1), draws.between(1, 3))), nodes - 1]
        pairs |= set(pairwise(stops))
    while len(pairs) < 2 * nodes - 2:
        a, b = sorted(draws.sample(range(nodes), 2))
        if a > 0 and b < nodes - 1 and draws.chance(1, 4):
            a, b = b, a
        if (b, a) not in pairs and (a, b) != (0, nodes - 1):
            pairs.add((a, b))
    arcs = [
        [a, b, draws.between(1, 6 + 2 * level) + (8 + 3 * level) * (a == 0 or b == nodes - 1)]
        for a, b in sorted(pairs)
    ]
    return {"nodes": nodes, "arcs": arcs}


def _show(question: dict) -> dict:
    arcs = " ".join(f"{node_name(a)}>{node_name(b)}:{c}" for a, b, c in question["arcs"])
    return {"arcs": arcs, "last": node_name(question["nodes"] - 1)}


def _solve(question: dict) -> tuple[int, list[int], set[int]]:
    return flows.max_flow(question["nodes"], question["arcs"], 0, question["nodes"] - 1)


def _flow(question: dict) -> list[str]:
    _, flow, _ = _solve(question)
    return [
        f"{node_name(a)}>{node_name(b)}:{used}"
        for (a, b, _), used in zip(question["arcs"], flow, strict=True)
        if used
    ]


def _turned(question: dict) -> dict:
    last = question["nodes"] - 1
    return question | {"arcs": [[last - b, last - a, c] for a, b, c in question["arcs"]]}


def _flow_from_sink(question: dict) -> list[str]:
    """Find a flow in the reversed network and turn it back."""
    last = question["nodes"] - 1
    turned = []
    other = _turned(question)
    for item in _flow(other | {"arcs": other["arcs"][::-1]}):
        arc, _, used = item.partition(":")
        a, b = (node_number(name) for name in arc.split(">"))
        assert a is not None, "made from nodes"
        assert b is not None, "made from nodes"
        turned.append(f"{node_name(last - b)}>{node_name(last - a)}:{used}")
    return turned


def _read_flow(question: dict, items: list[str]) -> list[int] | str:
    """Return the net outflow of each node, or what is wrong."""
    room = {(a, b): c for a, b, c in question["arcs"]}
    balance = [0] * question["nodes"]
    seen = set()
    for item in items:
        name, _, used = item.partition(":")
        arc = witnesses.named_pair(name, ">")
        if arc not in room:
            return f"{name!r} is not an arc"
        if arc in seen or not (used.isascii() and used.isdigit() and len(used) < 6):
            return f"{item!r} is given twice or has no amount"
        seen.add(arc)
        if int(used) > room[arc]:
            return f"{item!r} exceeds the capacity {room[arc]}"
        balance[arc[0]] += int(used)
        balance[arc[1]] -= int(used)
    return balance


def _check_flow(question: dict, items: list[str]) -> str:
    balance = _read_flow(question, items)
    if isinstance(balance, str):
        return balance
    for node in range(1, question["nodes"] - 1):
        if balance[node]:
            return f"what enters {node_name(node)} does not leave it"
    best = _solve(question)[0]
    return "" if balance[0] == best else f"flow of {balance[0]}, {best} is possible"


def _wrong_flows(question: dict, answer: list[str], draws: Draws) -> list[str]:
    arc, _, used = answer[0].partition(":")
    more = " ".join([f"{arc}:{int(used) + 1}", *answer[1:]])
    return [*witnesses.spoilt(answer, "Z9>Z8:1"), more, "none"]


def _cut(question: dict) -> list[str]:
    return sorted(node_name(node) for node in _solve(question)[2])


def _cut_near_sink(question: dict) -> list[str]:
    last = question["nodes"] - 1
    behind = {last - node for node in _solve(_turned(question))[2]}
    return sorted(node_name(node) for node in range(last + 1) if node not in behind)


def _check_cut(question: dict, names: list[str]) -> str:
    nodes = witnesses.known_nodes(names, question["nodes"])
    if isinstance(nodes, str):
        return nodes
    if twice := witnesses.repeated(names):
        return twice
    inside, last = set(nodes), question["nodes"] - 1
    if 0 not in inside or last in inside:
        return f"the side of A must hold A and not {node_name(last)}"
    weight = sum(c for a, b, c in question["arcs"] if a in inside and b not in inside)
    best = _solve(question)[0]
    return "" if weight == best else f"a cut of capacity {weight}, the least is {best}"


def _wrong_cuts(question: dict, answer: list[str], draws: Draws) -> list[str]:
    last = node_name(question["nodes"] - 1)
    others = [name for name in answer if name != "A"]
    best = _solve(question)[0]
    leaving = sum(capacity for a, _, capacity in question["arcs"] if a == 0)
    narrow = ["A"] if leaving > best else []
    return [
        *narrow,
        *witnesses.spoilt(answer, "Z9")[2:],
        " ".join(others) or "none",
        " ".join([*answer, last]),
    ]


def _unit(question: dict) -> dict:
    return question | {"arcs": [[a, b, 1] for a, b, *_ in question["arcs"]]}


def _unweighted(draws: Draws, level: int) -> dict:
    question = _network(draws, level + 2)
    return question | {"arcs": [arc[:2] for arc in question["arcs"]]}


def _show_paths(question: dict) -> dict:
    arcs = " ".join(f"{node_name(a)}>{node_name(b)}" for a, b in question["arcs"])
    return {"arcs": arcs, "last": node_name(question["nodes"] - 1)}


def _paths(question: dict) -> list[str]:
    """Follow the arcs that a unit flow uses; a walk that closes a circle drops it."""
    unit = _unit(question)
    _, flow, _ = _solve(unit)
    leaving: dict[int, list[int]] = {}
    for (a, b, _), used in zip(unit["arcs"], flow, strict=True):
        if used:
            leaving.setdefault(a, []).append(b)
    paths = []
    while leaving.get(0):
        path = [0]
        while path[-1] != question["nodes"] - 1:
            path.append(leaving[path[-1]].pop())
            if path[-1] in path[:-1]:
                path = path[: path.index(path[-1]) + 1]
        paths.append(">".join(map(node_name, path)))
    return sorted(paths)


def _check_paths(question: dict, paths: list[str]) -> str:
    arcs, used = {tuple(arc) for arc in question["arcs"]}, set()
    for path in paths:
        nodes = [node_number(name) for name in path.split(">")]
        if nodes[0] != 0 or nodes[-1] != question["nodes"] - 1:
            return f"{path} does not lead from the first node to the last"
        for arc in pairwise(nodes):
            if arc not in arcs or arc in used:
                return f"{path} uses an arc that is missing or used already"
            used.add(arc)
    best = _solve(_unit(question))[0]
    return "" if len(paths) == best else f"{len(paths)} paths, {best} are possible"


def _paths_from_sink(question: dict) -> list[str]:
    last = question["nodes"] - 1
    turned = question | {"arcs": sorted([last - b, last - a] for a, b in question["arcs"])}
    found = []
    for path in _paths(turned):
        nodes = [node_number(name) for name in path.split(">")]
        found.append(
            ">".join(node_name(last - node) for node in reversed(nodes) if node is not None)
        )
    return sorted(found)


TASKS = (
    Task(
        id="graph.max_flow",
        title="A maximum flow",
        knob="nodes",
        verifier="O",
        draw=_network,
        solve=_flow,
        second=_flow_from_sink,
        check=_check_flow,
        wrong=_wrong_flows,
        answer=Words(ordered=False, example="Z9>Z8:1"),
        show=_show,
        en=(
            "Pipes with their direction and capacity: {arcs}. Send as much as possible from A to "
            "{last}; elsewhere what flows in flows out. Give the flow of every pipe that is used, "
            "in the form A>B:3.",
            "Find a maximum flow from A to {last} in the network {arcs} (capacity after the "
            "colon). List the arcs with positive flow as A>B:amount.",
            "Maximum flow A to {last}, as A>B:amount: {arcs}",
        ),
        zh=(
            "管道的方向和容量：{arcs}。从 A 向 {last} 输送尽可能多的流量，其余各点流入等于流出。"
            "以 A>B:3 的形式写出每条被使用管道的流量。",
            "求网络 {arcs}（冒号后为容量）中 A 到 {last} 的最大流，以 A>B:流量 写出流量为正的弧。",
            "A 到 {last} 的最大流（写成 A>B:流量）：{arcs}",
        ),
    ),
    Task(
        id="graph.min_cut",
        title="A least cut",
        knob="nodes",
        verifier="O",
        draw=lambda d, level: _network(d, level + 2),
        solve=_cut,
        another=_cut_near_sink,
        second=_cut_near_sink,
        check=_check_cut,
        wrong=_wrong_cuts,
        answer=Words(ordered=False, example="Z9"),
        show=_show,
        en=(
            "One-way roads with the cost of blocking each: {arcs}. Block roads at the least total "
            "cost so that {last} cannot be reached from A. List all nodes on A's side of that cut, "
            "A included.",
            "Give a minimum cut between A and {last} of the network {arcs} by naming the nodes of "
            "the part that contains A (arcs from it to the rest are cut).",
            "Minimum cut, side of A (sink {last}): {arcs}",
        ),
        zh=(
            "单行道及封锁费用：{arcs}。以最小总费用封路，使 A 无法到达 {last}。"
            "列出该割中 A 一侧的所有节点（含 A）。",
            "用包含 A 的那部分节点给出网络 {arcs} 中 A 与 {last} 之间的一个最小割"
            "（从该部分指向其余部分的弧被割断）。",
            "最小割，A 一侧（汇点 {last}）：{arcs}",
        ),
    ),
    Task(
        id="graph.disjoint_paths",
        title="As many edge-disjoint paths as possible",
        knob="nodes",
        verifier="O",
        draw=_unweighted,
        solve=_paths,
        second=_paths_from_sink,
        check=_check_paths,
        wrong=lambda q, answer, d: witnesses.spoilt(answer, "A>Z9"),
        answer=Words(ordered=False, example="A>Z9"),
        show=_show_paths,
        en=(
            "One-way streets: {arcs}. Find as many routes from A to {last} as possible such that "
            "no street is on two of them. Write each route as A>C>F.",
            "Give a largest set of arc-disjoint paths from A to {last} in the digraph {arcs}, each "
            "path written as A>C>F.",
            "Most arc-disjoint paths A to {last}, as A>C>F: {arcs}",
        ),
        zh=(
            "单行道：{arcs}。找出从 A 到 {last} 尽可能多的路线，任何街道不属于两条路线。"
            "每条路线写成 A>C>F。",
            "给出有向图 {arcs} 中从 A 到 {last} 的最大弧不相交路径集，每条路径写成 A>C>F。",
            "A 到 {last} 最多的弧不相交路径（写成 A>C>F）：{arcs}",
        ),
    ),
)
