"""Sequences laid against each other and against themselves, by dynamic programming.

Source: Needleman and Wunsch 1970; Smith and Waterman 1981; Nussinov 1978. Knob: the length of the
sequences.
"""

from internbootcamp_env.answers import Integer, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import BASES, fasta, tagged
from internbootcamp_env.engines.grids import CharGrid
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
        show=tagged,
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
        show=tagged,
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
)
