"""Sequences and trees compared: alignments, k-mers, assemblies, folds, phylogenies.

Source: Needleman and Wunsch 1970; Smith and Waterman 1981; Nussinov 1978; Fitch 1971; Robinson and
Foulds 1981; UPGMA (Sokal and Michener 1958). Knob: the length of the sequences or the leaves.
"""

from fractions import Fraction
from itertools import product

from internbootcamp_env.answers import Integer, Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import BASES, fasta
from internbootcamp_env.engines.grids import CharGrid
from internbootcamp_env.engines.rational_lists import Rationals
from internbootcamp_env.task import Task


def _relatives(draws: Draws, level: int) -> dict:
    left = draws.text(BASES, 5 + level)
    right = []
    for base in left:
        if not draws.chance(1, 6):
            right.append(draws.pick(BASES) if draws.chance(1, 4) else base)
        if draws.chance(1, 8):
            right.append(draws.pick(BASES))
    return {
        "left": left,
        "right": "".join(right) or "A",
        "match": draws.between(1, 4),
        "mismatch": -draws.between(1, 3),
        "gap": -draws.between(1, 4),
    }


def _alignment(q: dict) -> list[str]:
    """Fill the table of best scores and trace one optimal alignment back."""
    a, b, gap = q["left"], q["right"], q["gap"]
    table = [[gap * (i + j) if not i or not j else 0 for j in range(len(b) + 1)]
             for i in range(len(a) + 1)]  # fmt: skip
    for i, x in enumerate(a, start=1):
        row, above = table[i], table[i - 1]
        for j, y in enumerate(b, start=1):
            here = above[j - 1] + (q["match"] if x == y else q["mismatch"])
            row[j] = max(here, above[j] + gap, row[j - 1] + gap)
    i, j, top, bottom = len(a), len(b), "", ""
    while i or j:
        same = i and j and a[i - 1] == b[j - 1]
        pair = q["match"] if same else q["mismatch"]
        if i and j and table[i][j] == table[i - 1][j - 1] + pair:
            i, j = i - 1, j - 1
            top, bottom = a[i] + top, b[j] + bottom
        elif i and table[i][j] == table[i - 1][j] + gap:
            i -= 1
            top, bottom = a[i] + top, "-" + bottom
        else:
            j -= 1
            top, bottom = "-" + top, b[j] + bottom
    return [top, bottom]


def _alignment_score(q: dict, rows: list[str]) -> int:
    return sum(
        q["gap"] if "-" in (x, y) else q["match"] if x == y else q["mismatch"]
        for x, y in zip(*rows, strict=True)
    )


def _best_score(q: dict) -> int:
    """The best score, by recursion on suffixes with a memory."""
    known: dict[tuple[int, int], int] = {}
    a, b = q["left"], q["right"]

    def best(i: int, j: int) -> int:
        if i == len(a) or j == len(b):
            return q["gap"] * (len(a) - i + len(b) - j)
        if (i, j) not in known:
            pair = q["match"] if a[i] == b[j] else q["mismatch"]
            known[i, j] = max(
                pair + best(i + 1, j + 1), q["gap"] + best(i + 1, j), q["gap"] + best(i, j + 1)
            )
        return known[i, j]

    return best(0, 0)


def _check_alignment(q: dict, rows: list[str]) -> str:
    if len(rows) != 2 or any(pair == ("-", "-") for pair in zip(*rows, strict=True)):
        return "two rows without a column of gaps are needed"
    if [row.replace("-", "") for row in rows] != [q["left"], q["right"]]:
        return "the rows are not the two sequences"
    best = _alignment_score(q, _alignment(q))
    got = _alignment_score(q, rows)
    return "" if got == best else f"the score is {got}, not the best one"


def _worse_alignments(q: dict, answer: list[str], draws: Draws) -> list[str]:
    """Alignments that are worse by construction, and rows that are not the sequences."""
    a, b = q["left"], q["right"]
    apart = [a + "-" * len(b), "-" * len(a) + b]
    texts = []
    if _alignment_score(q, apart) < _best_score(q):
        texts.append("\n".join(apart))
    texts.append("\n".join([answer[0], answer[0]]) if a != b else "\n".join([a + "A", b + "A"]))
    texts.append("\n".join([answer[0][:-1] or "A", answer[1][:-1] or "A"]))
    texts.append("\n".join([answer[0] + "-", answer[1] + "-"]))
    return texts


def _other_alignment(q: dict) -> list[str]:
    """An optimal alignment found on the reversed sequences."""
    turned = {**q, "left": q["left"][::-1], "right": q["right"][::-1]}
    return [row[::-1] for row in _alignment(turned)]


def _shown(q: dict) -> dict:
    return {
        name: fasta(value) if name in ("left", "right", "dna") else value
        for name, value in q.items()
    }


def _related(draws: Draws, level: int) -> dict:
    q = _relatives(draws, 2 * level + 3)
    q["left"] = draws.text(BASES, 2 + level) + q["left"]
    q["right"] = q["right"] + draws.text(BASES, 2 + level)
    return q


def _local_score(q: dict) -> int:
    best, above = 0, [0] * (len(q["right"]) + 1)
    for x in q["left"]:
        row = [0]
        for j, y in enumerate(q["right"], start=1):
            pair = above[j - 1] + (q["match"] if x == y else q["mismatch"])
            row.append(max(0, pair, above[j] + q["gap"], row[j - 1] + q["gap"]))
        best, above = max(best, *row), row
    return best


def _local_score_by_global(q: dict) -> int:
    """The greatest of the best scores that end at each pair of places."""
    a, b = q["left"], q["right"]
    known: dict[tuple[int, int], int] = {}

    def ending(i: int, j: int) -> int:
        """Best score of an alignment of suffixes of a[:i] and b[:j], or nothing at all."""
        if not i or not j:
            return 0
        if (i, j) not in known:
            pair = q["match"] if a[i - 1] == b[j - 1] else q["mismatch"]
            options = (ending(i - 1, j - 1) + pair, ending(i - 1, j) + q["gap"])
            known[i, j] = max(0, *options, ending(i, j - 1) + q["gap"])
        return known[i, j]

    return max(ending(i, j) for i in range(len(a) + 1) for j in range(len(b) + 1))


def _repeats(draws: Draws, level: int) -> dict:
    size = 3 + level // 5
    motif = draws.text(BASES, size)
    parts = [draws.text(BASES, draws.between(2, 5)) + motif for _ in range(2 + level // 2)]
    return {"dna": "".join(parts) + draws.text(BASES, 2 + level), "size": size}


def _frequent(q: dict) -> list[str]:
    counts: dict[str, int] = {}
    for i in range(len(q["dna"]) - q["size"] + 1):
        word = q["dna"][i : i + q["size"]]
        counts[word] = counts.get(word, 0) + 1
    most = max(counts.values())
    return sorted(word for word, count in counts.items() if count == most)


def _frequent_by_sorting(q: dict) -> list[str]:
    size = q["size"]
    words = sorted(q["dna"][i : i + size] for i in range(len(q["dna"]) - size + 1))
    best = max(words.count(word) for word in words)
    return [w for k, w in enumerate(words) if words.count(w) == best and w not in words[:k]]


def _composition(draws: Draws, level: int) -> dict:
    size = 3 + level // 4
    dna = draws.text(BASES, 8 + 2 * level)
    words = [dna[i : i + size] for i in range(len(dna) - size + 1)]
    return {"words": sorted(words)}


def _assembled(q: dict) -> str:
    """Walk every edge of the de Bruijn graph once (Hierholzer)."""
    edges: dict[str, list[str]] = {}
    balance: dict[str, int] = {}
    for word in q["words"]:
        edges.setdefault(word[:-1], []).append(word[1:])
        balance[word[:-1]] = balance.get(word[:-1], 0) + 1
        balance[word[1:]] = balance.get(word[1:], 0) - 1
    start = next((node for node, b in balance.items() if b > 0), q["words"][0][:-1])
    stack, path = [start], []
    while stack:
        if edges.get(stack[-1]):
            stack.append(edges[stack[-1]].pop())
        else:
            path.append(stack.pop())
    path.reverse()
    return path[0] + "".join(node[-1] for node in path[1:])


def _check_assembly(q: dict, value: str) -> str:
    size = len(q["words"][0])
    if len(value) != len(q["words"]) + size - 1:
        return "the length does not fit the number of words"
    words = sorted(value[i : i + size] for i in range(len(value) - size + 1))
    return "" if words == q["words"] else "its words are not those given"


def _wrong_assembly(q: dict, answer: str, draws: Draws) -> list[str]:
    place = draws.below(len(answer))
    other = draws.pick(BASES.replace(answer[place], ""))
    # One letter changed changes the sum of the letters over all words, so it is always wrong.
    return [answer[:place] + other + answer[place + 1 :], answer[1:], answer + "A", answer[:-1]]


def _assembled_backwards(q: dict) -> str:
    """The same walk on reversed words."""
    turned = {"words": [word[::-1] for word in q["words"]]}
    return _assembled(turned)[::-1]


def _mapping(draws: Draws, level: int) -> dict:
    size = 4 + level // 4
    read = draws.text(BASES, size)
    dna = draws.text(BASES, 8 + 2 * level)
    for _ in range(1 + level // 3):
        copy = list(read)
        copy[draws.below(size)] = draws.pick(BASES)
        place = draws.below(len(dna))
        dna = dna[:place] + "".join(copy) + dna[place:]
    return {"dna": dna, "read": read, "errors": 1 + (level > 5)}


def _mapped(q: dict) -> list[int]:
    size = len(q["read"])
    return [
        i + 1
        for i in range(len(q["dna"]) - size + 1)
        if sum(x != y for x, y in zip(q["read"], q["dna"][i : i + size], strict=True))
        <= q["errors"]
    ]


def _mapped_by_diagonals(q: dict) -> list[int]:
    hits = [0] * len(q["dna"])
    for shift, base in enumerate(q["read"]):
        for place, other in enumerate(q["dna"]):
            if base == other and place >= shift:
                hits[place - shift] += 1
    last = len(q["dna"]) - len(q["read"])
    needed = len(q["read"]) - q["errors"]
    return [k + 1 for k, count in enumerate(hits) if count >= needed and k <= last]


def _cigar(draws: Draws, level: int) -> dict:
    pieces, read, reference = [], "", ""
    last = ""
    for k in range(3 + level):
        kind = "M" if k % 2 == 0 else draws.pick("IDN")
        kind = "S" if k == 0 and draws.chance(1, 3) else kind
        size = draws.between(1, 4)
        pieces.append(f"{size}{kind}")
        if kind == "M":
            text = draws.text(BASES, size)
            read, reference = read + text, reference + text
        elif kind in "IS":
            read += draws.text(BASES, size)
        else:
            reference += draws.text(BASES, size)
        last = kind
    if last != "M":
        pieces.append("2M")
        text = draws.text(BASES, 2)
        read, reference = read + text, reference + text
    return {"left": read, "right": reference, "cigar": "".join(pieces)}


def _steps(cigar: str) -> list[tuple[int, str]]:
    steps, number = [], ""
    for mark in cigar:
        if mark.isdigit():
            number += mark
        else:
            steps.append((int(number), mark))
            number = ""
    return steps


def _rows_of_cigar(q: dict) -> list[str]:
    top, bottom, i, j = "", "", 0, 0
    for size, kind in _steps(q["cigar"]):
        if kind == "S":
            i += size
            continue
        uses_read, uses_reference = kind in "MI", kind in "MDN"
        top += q["left"][i : i + size] if uses_read else "-" * size
        bottom += q["right"][j : j + size] if uses_reference else "-" * size
        i, j = i + size * uses_read, j + size * uses_reference
    return [top, bottom]


def _rows_by_columns(q: dict) -> list[str]:
    read, reference = iter(q["left"]), iter(q["right"])
    columns = []
    for size, kind in _steps(q["cigar"]):
        for _ in range(size):
            if kind == "S":
                next(read)
            else:
                x = next(read) if kind in "MI" else "-"
                columns.append((x, next(reference) if kind != "I" else "-"))
    return ["".join(row) for row in zip(*columns, strict=True)]


_PAIRS = {"AU", "UA", "GC", "CG", "GU", "UG"}


def _strand(draws: Draws, level: int) -> dict:
    return {"rna": draws.text("ACGU", 8 + 2 * level)}


def _fold(q: dict) -> str:
    """A structure with the most pairs, hairpins of at least three bases, no crossing."""
    rna = q["rna"]
    size = len(rna)
    best = [[0] * (size + 1) for _ in range(size + 1)]
    for span in range(4, size):
        for i in range(size - span):
            j = i + span
            value = best[i + 1][j]
            for k in range(i + 4, j + 1):
                if rna[i] + rna[k] in _PAIRS:
                    rest = best[k + 1][j] if k < j else 0
                    value = max(value, 1 + best[i + 1][k - 1] + rest)
            best[i][j] = value
    marks, stack = ["."] * size, [(0, size - 1)]
    while stack:
        i, j = stack.pop()
        if j - i < 4 or not best[i][j]:
            continue
        if best[i][j] == best[i + 1][j]:
            stack.append((i + 1, j))
            continue
        for k in range(i + 4, j + 1):
            rest = best[k + 1][j] if k < j else 0
            if rna[i] + rna[k] in _PAIRS and best[i][j] == 1 + best[i + 1][k - 1] + rest:
                marks[i], marks[k] = "(", ")"
                stack += [(i + 1, k - 1), (k + 1, j)]
                break
    return "".join(marks)


def _check_fold(q: dict, value: str) -> str:
    rna, stack, pairs = q["rna"], [], 0
    if len(value) != len(rna):
        return "the length differs from the RNA's"
    for place, mark in enumerate(value):
        if mark == "(":
            stack.append(place)
        elif mark == ")":
            if not stack:
                return "a bracket is closed that was not opened"
            start = stack.pop()
            if place - start < 4 or rna[start] + rna[place] not in _PAIRS:
                return f"bases {start + 1} and {place + 1} cannot pair"
            pairs += 1
    if stack:
        return "a bracket is left open"
    return "" if pairs == _fold(q).count("(") else "more pairs are possible"


def _most_pairs_fold(q: dict) -> str:
    """The same optimum, by a memoised recursion on the last base."""
    rna = q["rna"]
    known: dict[tuple[int, int], tuple[int, str]] = {}

    def best(i: int, j: int) -> tuple[int, str]:
        if j - i < 4:
            return 0, "." * max(0, j - i + 1)
        if (i, j) not in known:
            count, text = best(i, j - 1)
            found = (count, text + ".")
            for k in range(i, j - 3):
                if rna[k] + rna[j] in _PAIRS:
                    left, inner = best(i, k - 1), best(k + 1, j - 1)
                    total = left[0] + inner[0] + 1
                    if total > found[0]:
                        found = (total, f"{left[1]}({inner[1]})")
            known[i, j] = found
        return known[i, j]

    return best(0, len(rna) - 1)[1]


def _wrong_folds(q: dict, answer: str, draws: Draws) -> list[str]:
    first = answer.index("(")
    depth, close = 0, first
    for close in range(first, len(answer)):
        depth += (answer[close] == "(") - (answer[close] == ")")
        if not depth:
            break
    fewer = answer[:first] + "." + answer[first + 1 : close] + "." + answer[close + 1 :]
    return [fewer, answer + ".", answer[:first] + "." + answer[first + 1 :], answer[1:]]


def _foldable(draws: Draws, level: int) -> dict | None:
    q = _strand(draws, level)
    return q if _fold(q).count("(") >= 1 + level // 2 else None


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


_SCORING = "match {match}, mismatch {mismatch}, gap {gap} per base"
_SCORING_ZH = "匹配 {match}，错配 {mismatch}，每个空位 {gap}"

TASKS = (
    Task(
        id="bio.global_alignment",
        title="Optimal global alignment of two sequences",
        knob="bases",
        draw=_relatives,
        solve=_alignment,
        second=_other_alignment,
        check=_check_alignment,
        wrong=_worse_alignments,
        answer=CharGrid(BASES + "-"),
        verifier="O",
        show=_shown,
        en=(
            "Align {left} with {right} end to end, with the greatest score: " + _SCORING + ". "
            "Write the two rows of any best alignment, - for a gap.",
            "Give an optimal global alignment (two lines, gaps as -) of {left} (first line) and "
            "{right}; " + _SCORING + ".",
            "Global alignment, " + _SCORING + ": {left} {right}",
        ),
        zh=(
            "对 {left} 与 {right} 做得分最高的全局比对：" + _SCORING_ZH + "。"
            "写出任一最优比对的两行，空位用 -。",
            "写出 {left}（第一行）和 {right} 的一个最优全局比对（两行，空位为 -）；"
            + _SCORING_ZH
            + "。",
            "全局比对，" + _SCORING_ZH + "：{left} {right}",
        ),
    ),
    Task(
        id="bio.local_alignment_score",
        title="Score of the best local alignment",
        knob="bases",
        draw=_related,
        solve=_local_score,
        second=_local_score_by_global,
        answer=Integer(),
        show=_shown,
        en=(
            "What is the Smith-Waterman score of {left} and {right} (" + _SCORING + ")?",
            "Find the greatest score of an alignment of a piece of {left} with a piece of "
            "{right}; " + _SCORING + ".",
            "Local score, " + _SCORING + ": {left} {right}",
        ),
        zh=(
            "{left} 与 {right} 的 Smith-Waterman 得分是多少（" + _SCORING_ZH + "）？",
            "求 {left} 的一段与 {right} 的一段比对的最高得分；" + _SCORING_ZH + "。",
            "局部得分，" + _SCORING_ZH + "：{left} {right}",
        ),
    ),
    Task(
        id="bio.frequent_words",
        title="Most frequent k-mers",
        knob="bases",
        draw=_repeats,
        solve=_frequent,
        second=_frequent_by_sorting,
        answer=Words(ordered=False, example="NNN"),
        verifier="S",
        echoes=True,
        show=_shown,
        en=(
            "Which words of {size} bases occur most often (overlaps counted) in {dna}? List all "
            "that tie.",
            "Find all most frequent {size}-mers of {dna}.",
            "Top {size}-mers: {dna}",
        ),
        zh=(
            "{dna} 中出现次数最多（可重叠）的 {size} 碱基词有哪些？并列的都写出。",
            "求 {dna} 中所有频率最高的 {size}-mer。",
            "最频繁的 {size}-mer：{dna}",
        ),
    ),
    Task(
        id="bio.assemble_words",
        title="A sequence with given k-mers",
        knob="words",
        draw=_composition,
        solve=_assembled,
        second=_assembled_backwards,
        check=_check_assembly,
        wrong=_wrong_assembly,
        answer=Word(BASES, "The answer is one DNA sequence.", "答案是一段 DNA 序列。"),
        verifier="C",
        en=(
            "Find a DNA sequence whose overlapping words of that length are exactly these (as "
            "often as listed): {words}",
            "Assemble a sequence in which each of these k-mers occurs exactly as often as written: "
            "{words}",
            "Assemble: {words}",
        ),
        zh=(
            "找一段 DNA，其全部（重叠的）等长子词恰为（按所列次数）：{words}",
            "组装一段序列，使下列 k-mer 恰按所列次数出现：{words}",
            "组装：{words}",
        ),
    ),
    Task(
        id="bio.map_read",
        title="Places where a read fits with few mismatches",
        knob="bases",
        draw=_mapping,
        solve=_mapped,
        second=_mapped_by_diagonals,
        answer=Integers(ordered=False),
        verifier="S",
        show=_shown,
        en=(
            "At which positions (from 1) of {dna} does {read} fit with at most {errors} "
            "mismatches and no gaps?",
            "List every start in {dna}, counted from 1, where the Hamming distance to {read} is "
            "{errors} or less.",
            "Map {read} (<= {errors} mismatches) to {dna}:",
        ),
        zh=(
            "{read} 在 {dna} 的哪些位置（从 1 起）可以无空位、至多 {errors} 个错配地匹配？",
            "列出 {dna} 中所有与 {read} 汉明距离不超过 {errors} 的起点（从 1 起）。",
            "把 {read}（错配 <= {errors}）定位到 {dna}：",
        ),
    ),
    Task(
        id="bio.cigar_rows",
        title="Alignment rows from a CIGAR string",
        knob="operations",
        draw=_cigar,
        solve=_rows_of_cigar,
        second=_rows_by_columns,
        answer=CharGrid(BASES + "-"),
        show=_shown,
        en=(
            "The read {left} lies on the reference {right} (from its first base) with the CIGAR "
            "{cigar}. Write the aligned read and, below it, the aligned reference, - for gaps; "
            "soft-clipped bases are left out, N counts like D.",
            "Expand CIGAR {cigar} into two rows, read {left} above reference {right}; gaps -, "
            "clipped bases dropped, N as a deletion.",
            "CIGAR {cigar}, read {left}, reference {right}; rows:",
        ),
        zh=(
            "读段 {left} 从参考序列 {right} 的首个碱基起按 CIGAR {cigar} 比对。写出比对后的读段，"
            "下一行写参考序列，空位用 -；软剪切碱基略去，N 同 D。",
            "把 CIGAR {cigar} 展开为两行，上为读段 {left}，下为参考 {right}；空位 -，剪切部分去掉，"
            "N 视为缺失。",
            "CIGAR {cigar}，读段 {left}，参考 {right}；两行：",
        ),
    ),
    Task(
        id="bio.rna_fold",
        title="Fold of an RNA with the most base pairs",
        knob="bases",
        draw=_foldable,
        solve=_fold,
        second=_most_pairs_fold,
        check=_check_fold,
        wrong=_wrong_folds,
        answer=Word("().", "Write one dot-bracket string.", "写一个点括号串。"),
        verifier="O",
        show=lambda q: {"rna": fasta(q["rna"])},
        en=(
            "Fold {rna} without crossing pairs so that as many bases as possible are paired (AU, "
            "GC, GU; at least three bases inside a hairpin). Give any such structure in "
            "dot-bracket notation.",
            "Write a dot-bracket structure of {rna} with the maximum number of nested pairs A-U, "
            "G-C, G-U, each enclosing at least three bases.",
            "Max-pair fold (AU GC GU, loops >= 3): {rna}",
        ),
        zh=(
            "折叠 {rna}，配对不交叉（AU、GC、GU，发夹内至少三个碱基），使配对数最多。"
            "用点括号记法写出任一结构。",
            "写出 {rna} 的点括号结构，使嵌套的 A-U、G-C、G-U 配对最多，每对之间至少三个碱基。",
            "最大配对折叠（AU GC GU，环 >= 3）：{rna}",
        ),
    ),
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
