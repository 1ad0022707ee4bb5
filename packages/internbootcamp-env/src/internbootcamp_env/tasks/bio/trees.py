"""Phylogenetic trees: parsimony, distance between trees, clustering.

Source: Fitch 1971; Robinson and Foulds 1981; UPGMA (Sokal and Michener 1958). Knob: the number of
leaves.
"""

from fractions import Fraction
from itertools import product

from internbootcamp_env.answers import Integer
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import BASES
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _random_tree(draws: Draws, names: list[str]) -> list:
    parts: list = list(names)
    while len(parts) > 1:
        i, j = draws.sample(range(len(parts)), 2)
        pair = [parts[i], parts[j]]
        parts = [part for k, part in enumerate(parts) if k not in (i, j)] + [pair]
    return parts[0]


def newick(tree: list | str) -> str:
    """Write a binary tree in Newick form, without the semicolon."""
    return tree if isinstance(tree, str) else f"({newick(tree[0])},{newick(tree[1])})"


def _states_on_tree(draws: Draws, level: int) -> dict:
    names = [chr(65 + k) for k in range(4 + level)]
    sites = draws.between(2 + level // 2, 12 + 2 * level)
    return {
        "tree": _random_tree(draws, names),
        "rows": {name: draws.text(BASES, sites) for name in names},
    }


def _fitch(q: dict) -> int:
    total = 0
    for site in range(len(next(iter(q["rows"].values())))):

        def visit(tree: list | str, site: int = site) -> tuple[set[str], int]:
            if isinstance(tree, str):
                return {q["rows"][tree][site]}, 0
            (a, m), (b, n) = visit(tree[0]), visit(tree[1])
            return (a & b, m + n) if a & b else (a | b, m + n + 1)

        total += visit(q["tree"])[1]
    return total


def _sankoff(q: dict) -> int:
    """The same score by costs for every base at every node."""

    def costs(tree: list | str, site: int) -> dict[str, int]:
        if isinstance(tree, str):
            return {x: 0 if x == q["rows"][tree][site] else 999 for x in BASES}
        sides = [costs(part, site) for part in tree]
        return {x: sum(min(side[y] + (x != y) for y in BASES) for side in sides) for x in BASES}

    return sum(
        min(costs(q["tree"], k).values()) for k in range(len(next(iter(q["rows"].values()))))
    )


def _show_states(q: dict) -> dict:
    rows = ", ".join(f"{name}={row}" for name, row in sorted(q["rows"].items()))
    return {"tree": newick(q["tree"]) + ";", "rows": rows}


def _two_trees(draws: Draws, level: int) -> dict:
    names = [chr(65 + k) for k in range(8 + level)]
    one = _random_tree(draws, names)
    swapped = draws.sample(names, 2 * draws.below(2 + level // 3) + 2)
    turn = dict(zip(swapped, swapped[1:] + swapped[:1], strict=True))

    def renamed(tree: list | str) -> list | str:
        return turn.get(tree, tree) if isinstance(tree, str) else [renamed(t) for t in tree[::-1]]

    return {"one": one, "other": renamed(one)}


def _clades(tree: list | str) -> set[frozenset[str]]:
    found: set[frozenset[str]] = set()

    def visit(part: list | str) -> frozenset[str]:
        if isinstance(part, str):
            return frozenset(part)
        whole = visit(part[0]) | visit(part[1])
        found.add(whole)
        return whole

    visit(tree)
    return found


def _clade_distance(q: dict) -> int:
    return len(_clades(q["one"]) ^ _clades(q["other"]))


def _clade_distance_by_text(q: dict) -> int:
    """Read the clades off the brackets of the Newick texts."""
    sets = []
    for tree in (q["one"], q["other"]):
        text, stack, found = newick(tree), [], set()
        for place, mark in enumerate(text):
            if mark == "(":
                stack.append(place)
            elif mark == ")":
                inside = text[stack.pop() : place]
                found.add("".join(sorted(c for c in inside if c.isalpha())))
        sets.append(found)
    return len(sets[0] - sets[1]) + len(sets[1] - sets[0])


def _distances(draws: Draws, level: int) -> dict:
    size = 3 + level // 2
    flat = draws.sample(range(4, 20 + 10 * size), size * (size - 1) // 2)
    return {"rows": [[flat[i * (i - 1) // 2 + j] for j in range(i)] for i in range(1, size)]}


def _heights(q: dict) -> list[str]:
    """Heights (half the distance) of the joins of UPGMA, in order of joining."""
    size = len(q["rows"]) + 1
    far = {(i, j): Fraction(q["rows"][i - 1][j]) for i in range(1, size) for j in range(i)}
    weight = dict.fromkeys(range(size), 1)
    heights, fresh = [], size
    while len(weight) > 1:
        pair = min(far, key=lambda p: (far[p], p))
        i, j = pair
        heights.append(str(far[pair] / 2))
        for k in weight:
            if k not in pair:
                a = far[max(i, k), min(i, k)]
                b = far[max(j, k), min(j, k)]
                far[fresh, k] = (a * weight[i] + b * weight[j]) / (weight[i] + weight[j])
        weight[fresh] = weight.pop(i) + weight.pop(j)
        far = {p: d for p, d in far.items() if i not in p and j not in p}
        fresh += 1
    return heights


def _heights_by_leaves(q: dict) -> list[str]:
    """Join the groups whose leaves have the least mean distance; compute means from leaves."""
    groups = [(k,) for k in range(len(q["rows"]) + 1)]
    heights = []

    def mean(a: tuple[int, ...], b: tuple[int, ...]) -> Fraction:
        total = sum(q["rows"][max(i, j) - 1][min(i, j)] for i, j in product(a, b))
        return Fraction(total, len(a) * len(b))

    while len(groups) > 1:
        pairs = [(mean(a, b), a, b) for k, a in enumerate(groups) for b in groups[k + 1 :]]
        least, a, b = min(pairs)
        heights.append(str(least / 2))
        groups = [g for g in groups if g not in (a, b)] + [a + b]
    return heights


def _clear_distances(draws: Draws, level: int) -> dict | None:
    """Refuse ties, which would leave the order of joining open."""
    q = _distances(draws, level)
    return q if len(set(_heights(q))) == len(q["rows"]) else None


def _show_distances(q: dict) -> dict:
    names = "ABCDEFGHIJ"
    parts = [
        f"{names[j]}{names[i]}={d}"
        for i, row in enumerate(q["rows"], start=1)
        for j, d in enumerate(row)
    ]
    return {"distances": ", ".join(parts)}


TASKS = (
    Task(
        id="bio.parsimony_score",
        title="Parsimony score of characters on a tree",
        knob="leaves",
        draw=_states_on_tree,
        solve=_fitch,
        second=_sankoff,
        answer=Integer(),
        show=_show_states,
        en=(
            "On the tree {tree} the leaves carry the sequences {rows}. What is the least total "
            "number of substitutions (each site alone, all changes cost 1)?",
            "Compute the Fitch parsimony score of {rows} on {tree}.",
            "Parsimony of {rows} on {tree}:",
        ),
        zh=(
            "树 {tree} 的叶子序列为 {rows}。各位点独立，每次替换代价 1，最少总替换数是多少？",
            "求 {rows} 在 {tree} 上的 Fitch 简约得分。",
            "{rows} 在 {tree} 上的简约得分：",
        ),
    ),
    Task(
        id="bio.clade_distance",
        title="Robinson-Foulds distance of two rooted trees",
        knob="leaves",
        draw=_two_trees,
        solve=_clade_distance,
        second=_clade_distance_by_text,
        answer=Integer(),
        ways=6,
        show=lambda q: {"one": newick(q["one"]) + ";", "other": newick(q["other"]) + ";"},
        en=(
            "How many clades (sets of leaves below an inner node) are in exactly one of the rooted "
            "trees {one} and {other}?",
            "Find the rooted Robinson-Foulds distance (size of the symmetric difference of the "
            "clades) of {one} and {other}.",
            "Clades not shared: {one} {other}",
        ),
        zh=(
            "有根树 {one} 与 {other} 中，恰属于其中一棵的分支（内部节点下的叶集）有多少个？",
            "求 {one} 与 {other} 的有根 Robinson-Foulds 距离（分支集对称差的大小）。",
            "不共有的分支数：{one} {other}",
        ),
    ),
    Task(
        id="bio.upgma_heights",
        title="Heights of the joins of UPGMA",
        knob="taxa",
        draw=_clear_distances,
        solve=_heights,
        second=_heights_by_leaves,
        answer=Rationals(),
        show=_show_distances,
        en=(
            "Cluster the taxa with UPGMA from the distances {distances}. Give the heights (half "
            "the mean distance) of the joins, in the order in which they are made.",
            "Run average linkage (UPGMA) on {distances} and list the node heights d/2 from the "
            "first join to the last, exactly.",
            "UPGMA heights: {distances}",
        ),
        zh=(
            "由距离 {distances} 用 UPGMA 聚类，按合并次序写出各次合并的高度（平均距离的一半）。",
            "对 {distances} 做平均连锁（UPGMA），从首次到末次列出节点高度 d/2（精确值）。",
            "UPGMA 高度：{distances}",
        ),
    ),
)
