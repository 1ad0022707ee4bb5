"""Pairings: matchings, covers and assignments between two sides, stable and otherwise.

Source: textbook definitions (Kőnig 1931, Kuhn 1955, Gale and Shapley 1962). Knob: the size of a
side. Optima are judged by validating the witness and comparing its value with the optimum.
"""

from functools import cache
from itertools import pairwise, permutations

from internbootcamp_env.answers import Integers, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import flows, witnesses
from internbootcamp_env.engines.graphs import node_name
from internbootcamp_env.task import Task


def _sides(draws: Draws, level: int) -> dict:
    size = 4 + level
    edges = []
    for node in range(size):
        edges += [[node, other] for other in draws.sample(range(size), draws.between(1, 3))]
    return {"size": size, "edges": draws.shuffled(edges)}


def _hubs(draws: Draws, level: int) -> dict:
    """Draw edges that all meet a few hubs, spread over both sides."""
    size = 4 + level
    left = draws.sample(range(size), draws.between(1, size - 2))
    right = draws.sample(range(size), max(1, size - 1 - len(left)))
    edges = set()
    for hub in left:
        edges |= {(hub, other) for other in draws.sample(range(size), draws.between(1, 3))}
    for hub in right:
        edges |= {(other, hub) for other in draws.sample(range(size), draws.between(1, 3))}
    return {"size": size, "edges": draws.shuffled([list(edge) for edge in sorted(edges)])}


def _pair(edge: list[int]) -> str:
    return f"{node_name(edge[0])}-{edge[1] + 1}"


def _show_sides(question: dict) -> dict:
    size = question["size"]
    edges = " ".join(map(_pair, question["edges"]))
    return {"edges": edges, "last": node_name(size - 1), "size": size}


def _partners(question: dict) -> list[int]:
    return flows.bipartite_matching(question["size"], question["size"], question["edges"])


def _matching(question: dict) -> list[str]:
    partner = _partners(question)
    return sorted(_pair([left, right]) for right, left in enumerate(partner) if left >= 0)


def _network(question: dict) -> tuple[int, list[list[int]]]:
    size = question["size"]
    arcs = [[2 * size, node, 1] for node in range(size)]
    arcs += [[size + node, 2 * size + 1, 1] for node in range(size)]
    arcs += [[a, size + b, size] for a, b in question["edges"]]
    return size, arcs


def _matching_by_flow(question: dict) -> list[str]:
    size, arcs = _network(question)
    _, flow, _ = flows.max_flow(2 * size + 2, arcs, 2 * size, 2 * size + 1)
    chosen = [edge for edge, used in zip(question["edges"], flow[2 * size :], strict=True) if used]
    return sorted(map(_pair, chosen))


def _check_matching(question: dict, pairs: list[str]) -> str:
    allowed = set(map(_pair, question["edges"]))
    if foreign := next((pair for pair in pairs if pair not in allowed), ""):
        return f"{foreign} is not an allowed pair"
    ends = [end for pair in pairs for end in pair.split("-")]
    if twice := witnesses.repeated(ends):
        return twice
    best = sum(left >= 0 for left in _partners(question))
    return "" if len(pairs) == best else f"{len(pairs)} pairs, {best} are possible"


def _cover(question: dict) -> list[str]:
    """Kőnig: alternate from the unmatched left nodes; the rest of the left and what was met."""
    size, partner = question["size"], _partners(question)
    left = {node for node in range(size) if node not in partner}
    right: set[int] = set()
    queue = sorted(left)
    for node in queue:
        for a, b in question["edges"]:
            if a == node and b not in right:
                right.add(b)
                if partner[b] not in left:
                    left.add(partner[b])
                    queue.append(partner[b])
    names = [node_name(node) for node in range(size) if node not in left]
    return sorted([*names, *(str(node + 1) for node in right)])


def _cover_by_cut(question: dict) -> list[str]:
    size, arcs = _network(question)
    _, _, inside = flows.max_flow(2 * size + 2, arcs, 2 * size, 2 * size + 1)
    names = [node_name(node) for node in range(size) if node not in inside]
    return sorted([*names, *(str(node + 1) for node in range(size) if size + node in inside)])


def _cover_from_right(question: dict) -> list[str]:
    """Exchange the sides, cover, and exchange them again."""
    turned = question | {"edges": [[b, a] for a, b in question["edges"]]}
    names = [node_name(node) for node in range(question["size"])]
    return sorted(
        names[int(name) - 1] if name.isdigit() else str(names.index(name) + 1)
        for name in _cover(turned)
    )


def _wrong_covers(question: dict, answer: list[str], draws: Draws) -> list[str]:
    pool = [node_name(node) for node in range(question["size"])]
    return [*witnesses.spoilt(answer, "Z9"), *witnesses.with_one_more(answer, pool)]


def _check_cover(question: dict, names: list[str]) -> str:
    size = question["size"]
    known = {node_name(node) for node in range(size)} | {str(n + 1) for n in range(size)}
    if foreign := next((name for name in names if name not in known), ""):
        return f"{foreign!r} is neither a letter nor a number of the two sides"
    if twice := witnesses.repeated(names):
        return twice
    chosen = set(names)
    for edge in question["edges"]:
        if not chosen & set(_pair(edge).split("-")):
            return f"{_pair(edge)} is not covered"
    best = sum(left >= 0 for left in _partners(question))
    return "" if len(names) == best else f"{len(names)} chosen, the fewest are {best}"


def _costs(draws: Draws, level: int) -> dict:
    size = 4 + level // 2
    return {"costs": [draws.integers(size, 1, 9 + 10 * level) for _ in range(size)]}


def _show_costs(question: dict) -> dict:
    rows = [f"{node_name(n)}: {' '.join(map(str, r))}" for n, r in enumerate(question["costs"])]
    return {"rows": "\n".join(rows), "size": len(rows)}


def _assignment(question: dict) -> list[int]:
    return [column + 1 for column in flows.least_assignment(question["costs"])]


def _cost_of(question: dict, columns: list[int]) -> int:
    return sum(row[column - 1] for row, column in zip(question["costs"], columns, strict=True))


def _assignment_by_subsets(question: dict) -> list[int]:
    costs = question["costs"]

    @cache
    def best(row: int, used: int) -> tuple[int, tuple[int, ...]]:
        if row == len(costs):
            return 0, ()
        options = []
        for column in range(len(costs)):
            if not used >> column & 1:
                rest, columns = best(row + 1, used | 1 << column)
                options.append((costs[row][column] + rest, (column + 1, *columns)))
        return min(options)

    return list(best(0, 0)[1])


def _check_assignment(question: dict, columns: list[int]) -> str:
    if sorted(columns) != list(range(1, len(question["costs"]) + 1)):
        return "the answer must name every column exactly once"
    cost, best = _cost_of(question, columns), _cost_of(question, _assignment(question))
    return "" if cost == best else f"cost {cost}, the least is {best}"


def _wrong_assignments(question: dict, answer: list[int], draws: Draws) -> list[str]:
    best = _cost_of(question, answer)
    texts = witnesses.spoilt(answer, 0)
    for a, b in pairwise(range(len(answer))):
        swapped = list(answer)
        swapped[a], swapped[b] = answer[b], answer[a]
        if _cost_of(question, swapped) > best:
            texts.append(" ".join(map(str, swapped)))
    return texts


def _preferences(draws: Draws, level: int) -> dict:
    size = 4 + level // 2
    first = [draws.shuffled(range(1, size + 1)) for _ in range(size)]
    return {"men": first, "women": [draws.shuffled(range(1, size + 1)) for _ in range(size)]}


def _show_preferences(question: dict) -> dict:
    men, women = question["men"], question["women"]
    letters = [node_name(n) for n in range(len(men))]
    rows = [f"{letters[n]}: {' '.join(map(str, row))}" for n, row in enumerate(men)]
    others = [f"{n + 1}: {' '.join(letters[m - 1] for m in r)}" for n, r in enumerate(women)]
    return {"men": "\n".join(rows), "women": "\n".join(others)}


def _propose(question: dict, take_last: bool = False) -> list[int]:
    men, women = question["men"], question["women"]
    rank = [{man: place for place, man in enumerate(row)} for row in women]
    asked, husband = [0] * len(men), [-1] * len(women)
    free = list(range(len(men)))
    while free:
        man = free.pop(-1 if take_last else 0)
        woman = men[man][asked[man]] - 1
        asked[man] += 1
        other = husband[woman]
        if other < 0 or rank[woman][man + 1] < rank[woman][other + 1]:
            husband[woman] = man
            if other >= 0:
                free.append(other)
        else:
            free.append(man)
    return [husband.index(man) + 1 for man in range(len(men))]


def _is_stable(question: dict, wives: tuple[int, ...]) -> bool:
    men, women = question["men"], question["women"]
    for man, row in enumerate(men):
        for woman in row[: row.index(wives[man])]:
            order = women[woman - 1]
            if order.index(man + 1) < order.index(wives.index(woman) + 1):
                return False
    return True


def _stable_by_listing(question: dict) -> list[int]:
    """Of all stable pairings the one that every man likes best; proposals past five a side."""
    men = question["men"]
    if len(men) > 5:
        return _propose(question, take_last=True)
    stable = [p for p in permutations(range(1, len(men) + 1)) if _is_stable(question, p)]
    return list(min(stable, key=lambda p: sum(r.index(w) for r, w in zip(men, p, strict=True))))


TASKS = (
    Task(
        id="graph.bipartite_matching",
        title="A maximum matching between two sides",
        knob="nodes a side",
        verifier="O",
        draw=_sides,
        solve=_matching,
        second=_matching_by_flow,
        check=_check_matching,
        wrong=lambda q, answer, d: witnesses.spoilt(answer, "Z9-0"),
        answer=Words(ordered=False, example="Z9-0"),
        show=_show_sides,
        en=(
            "Workers A to {last} can do jobs 1 to {size} as these pairs say: {edges}. Every "
            "worker does at most one job and every job goes to at most one worker. Choose as many "
            "pairs as possible.",
            "Find a maximum matching in the bipartite graph of the edges {edges}. Name its edges.",
            "Maximum matching: {edges}",
        ),
        zh=(
            "工人 A 至 {last} 能做的工作（1 至 {size}）由这些配对给出：{edges}。"
            "每人至多做一项，每项至多由一人做。请选出尽可能多的配对。",
            "求二部图的一个最大匹配，边为 {edges}，列出匹配的边。",
            "最大匹配：{edges}",
        ),
    ),
    Task(
        id="graph.vertex_cover",
        title="A minimum vertex cover of a bipartite graph",
        knob="nodes a side",
        verifier="O",
        draw=_hubs,
        solve=_cover,
        second=_cover_by_cut,
        another=_cover_from_right,
        check=_check_cover,
        wrong=_wrong_covers,
        answer=Words(ordered=False, example="Z9"),
        show=_show_sides,
        en=(
            "Streets join the squares A to {last} with the squares 1 to {size}: {edges}. Post "
            "guards on as few squares as possible so that every street has a guard at an end.",
            "Give a minimum vertex cover (letters and numbers) of the graph {edges}.",
            "Minimum vertex cover: {edges}",
        ),
        zh=(
            "街道连接广场 A 至 {last} 与广场 1 至 {size}：{edges}。"
            "在尽量少的广场上设岗，使每条街道至少一端有岗。",
            "给出图 {edges} 的一个最小顶点覆盖（字母和数字）。",
            "最小顶点覆盖：{edges}",
        ),
    ),
    Task(
        id="graph.assignment",
        title="An assignment of least cost",
        knob="rows",
        verifier="O",
        draw=_costs,
        solve=_assignment,
        second=_assignment_by_subsets,
        check=_check_assignment,
        wrong=_wrong_assignments,
        answer=Integers(),
        show=_show_costs,
        en=(
            "Each row gives what a worker asks for the jobs 1 to {size}:\n{rows}\nGive every "
            "worker one job, all different, at the least total cost. List the job numbers in the "
            "order of the workers.",
            "Choose one column number per row, all different, so that the sum of the chosen "
            "entries is as small as possible:\n{rows}",
            "Least assignment, column of each row:\n{rows}",
        ),
        zh=(
            "每行是一名工人对工作 1 至 {size} 的报价：\n{rows}\n"
            "给每人分配一项不同的工作，使总费用最小。按工人顺序列出工作编号。",
            "每行选一个列号，列号互不相同，使所选数之和最小：\n{rows}",
            "最小指派，各行的列号：\n{rows}",
        ),
    ),
    Task(
        id="graph.stable_matching",
        title="The stable matching that is best for those who propose",
        knob="members a side",
        draw=_preferences,
        solve=_propose,
        second=_stable_by_listing,
        answer=Integers(),
        show=_show_preferences,
        en=(
            "Applicants rank the schools, best first:\n{men}\nSchools rank the applicants:\n"
            "{women}\nEach school has one place. Applicants propose in their order and a school "
            "keeps the best proposal so far (Gale and Shapley). List the school of each applicant.",
            "Find the stable matching that is optimal for the letters. Preferences of the "
            "letters:\n{men}\nPreferences of the numbers:\n{women}\nGive the number matched to "
            "each letter, in order.",
            "Letter-optimal stable matching:\n{men}\n{women}",
        ),
        zh=(
            "申请者对学校的偏好（先好后差）：\n{men}\n学校对申请者的偏好：\n{women}\n"
            "每校一个名额。申请者依次申请，学校保留目前最好的（盖尔－沙普利）。"
            "列出每位申请者的学校。",
            "求对字母一方最优的稳定匹配。字母的偏好：\n{men}\n数字的偏好：\n{women}\n"
            "按顺序写出与每个字母配对的数字。",
            "字母方最优稳定匹配：\n{men}\n{women}",
        ),
    ),
)
