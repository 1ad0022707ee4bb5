"""Trees, codes and tableaux, and the maps between them.

Source: textbook definitions (Prüfer 1918, Robinson 1938, Schensted 1961, Aitken 1943). Knob: the
size of the objects.
"""

import math
from fractions import Fraction
from functools import cache

from internbootcamp_env.answers import Integer, Integers, Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines import graphs
from internbootcamp_env.task import Task


def _tree(draws: Draws, level: int) -> dict:
    edges = graphs.random_edges(draws, 6 + level, 0)
    return {"edges": [[a + 1, b + 1] for a, b in edges]}


def _prufer(question: dict) -> list[int]:
    edges, code = [set(edge) for edge in question["edges"]], []
    while len(edges) > 1:
        ends = sorted(node for edge in edges for node in edge)
        leaf = next(node for node in ends if ends.count(node) == 1)
        edge = next(edge for edge in edges if leaf in edge)
        edges.remove(edge)
        code += edge - {leaf}
    return code


def _prufer_by_pointer(question: dict) -> list[int]:
    """Root the tree at the greatest node; leaves leave towards their parents."""
    size = len(question["edges"]) + 1
    lists = graphs.adjacency(size + 1, question["edges"])
    parent, order = {size: 0}, [size]
    for node in order:
        for other in lists[node]:
            if other not in parent:
                parent[other] = node
                order.append(other)
    degree = [len(row) for row in lists]
    code: list[int] = []
    while len(code) < size - 2:
        leaf = degree.index(1)
        degree[leaf] = 0
        degree[parent[leaf]] -= 1
        code.append(parent[leaf])
    return code


def _show_tree(question: dict) -> dict:
    return {"edges": " ".join(f"{a}-{b}" for a, b in question["edges"])}


def _insertion_question(draws: Draws, level: int) -> dict:
    return {"perm": draws.shuffled(range(1, 8 + level))}


def _tableau(question: dict) -> list[int]:
    """Schensted: each number bumps the least greater one of a row into the next."""
    rows: list[list[int]] = []
    for number in question["perm"]:
        for row in rows:
            larger = next((i for i, x in enumerate(row) if x > number), None)
            if larger is None:
                row.append(number)
                break
            row[larger], number = number, row[larger]
        else:
            rows.append([number])
    return [number for row in rows for number in row]


def _tableau_by_words(question: dict) -> list[int]:
    """Knuth's relations: move letters until the word is the reading word of a tableau."""
    size = len(question["perm"])
    shapes = []
    for top in range(1, size + 1):  # the tableau of the numbers up to `top` grows with `top`
        word = [x for x in question["perm"] if x <= top]
        shapes.append(_greene(word))
    rows: list[list[int]] = [[] for _ in range(size)]
    before: list[int] = []
    for top, shape in enumerate(shapes, 1):
        grown = next(i for i, n in enumerate(shape) if i >= len(before) or before[i] < n)
        rows[grown].append(top)
        before = shape
    return [number for row in rows for number in row]


def _greene(word: list[int]) -> list[int]:
    """Shape of the insertion tableau by row lengths, inserted from the left end backwards."""
    columns: list[list[int]] = []
    for number in reversed(word):  # inserting the reversed word builds the transposed tableau
        for column in columns:
            larger = next((i for i, x in enumerate(column) if x > number), None)
            if larger is None:
                column.append(number)
                break
            column[larger], number = number, column[larger]
        else:
            columns.append([number])
    lengths = [len(column) for column in columns]
    return [sum(length > row for length in lengths) for row in range(lengths[0])]


def _shape(draws: Draws, level: int) -> dict:
    rows = sorted(draws.integers(5 + level // 4, 2, 6 + (level + 1) // 2), reverse=True)
    inner = [0] * len(rows)
    for i in reversed(range(len(rows))):
        low = inner[i + 1] if i + 1 < len(rows) else 0
        inner[i] = draws.between(low, max(low, min(rows[i] - 1, low + 2)))
    if any(hole >= row for hole, row in zip(inner, rows, strict=True)):
        inner = [0] * len(rows)
    return {"outer": rows, "inner": inner}


def _skew(question: dict) -> int:
    """Aitken: n! times the determinant of inverse factorials."""
    outer, inner = question["outer"], question["inner"]
    size = range(len(outer))
    gaps = [[outer[i] - inner[j] - i + j for j in size] for i in size]
    rows = [[Fraction(1, math.factorial(g)) if g >= 0 else Fraction(0) for g in r] for r in gaps]
    value = Fraction(math.factorial(sum(outer) - sum(inner)))
    for k in size:
        pivot = next(r for r in range(k, len(rows)) if rows[r][k])
        if pivot != k:
            rows[k], rows[pivot], value = rows[pivot], rows[k], -value
        value *= rows[k][k]
        for r in range(k + 1, len(rows)):
            factor = rows[r][k] / rows[k][k]
            rows[r] = [x - factor * y for x, y in zip(rows[r], rows[k], strict=True)]
    return int(value)


def _skew_by_removal(question: dict) -> int:
    """Take the greatest number away from the end of a row again and again."""
    inner = question["inner"]

    @cache
    def count(shape: tuple[int, ...]) -> int:
        if list(shape) == inner:
            return 1
        total = 0
        for i, row in enumerate(shape):
            if row > inner[i] and (i == len(shape) - 1 or shape[i + 1] < row):
                total += count((*shape[:i], row - 1, *shape[i + 1 :]))
        return total

    return count(tuple(question["outer"]))


def _dyck(draws: Draws, level: int) -> dict:
    """Draw a balanced word by the cycle lemma."""
    size = 9 + level
    steps = draws.shuffled([1] * (size + 1) + [-1] * size)
    height = lowest = start = 0
    for place, step in enumerate(steps, 1):
        height += step
        if height <= lowest:
            lowest, start = height, place
    turned = [*steps[start:], *steps[:start]][1:]
    return {"word": "".join("(" if step > 0 else ")" for step in turned)}


def _first_return(word: str) -> int:
    height = 0
    for place, mark in enumerate(word):
        height += 1 if mark == "(" else -1
        if not height:
            return place
    raise AssertionError("the word is balanced")


def _preorder_by_marks(question: dict) -> str:
    """Every opening bracket is a node, every closing one an empty place; one more at the end."""
    return question["word"].replace("(", "1").replace(")", "0") + "0"


def _mirrored(question: dict) -> str:
    """Exchange left and right subtrees at every node and write the brackets of the result."""

    def turn(word: str) -> str:
        if not word:
            return ""
        close = _first_return(word)
        return "(" + turn(word[close + 1 :]) + ")" + turn(word[1:close])

    return turn(question["word"])


def _mirrored_by_tree(question: dict) -> str:
    marks = iter(_preorder_by_marks(question))

    def read() -> list | None:
        if next(marks) == "0":
            return None
        left = read()
        return [left, read()]

    def write(node: list | None) -> str:
        return "" if node is None else f"({write(node[1])}){write(node[0])}"

    return write(read())


TASKS = (
    Task(
        id="comb.prufer_code",
        title="Prüfer code of a tree",
        knob="nodes",
        draw=_tree,
        solve=_prufer,
        second=_prufer_by_pointer,
        answer=Integers(),
        show=_show_tree,
        en=(
            "From the tree {edges} remove the leaf with the smallest number again and again, until "
            "two nodes are left, and write down the neighbour of each removed leaf.",
            "Give the Prüfer code of the labelled tree with the edges {edges}.",
            "Prüfer code: {edges}",
        ),
        zh=(
            "在树 {edges} 中反复去掉编号最小的叶子，直到剩两个节点，依次写出被去掉叶子的邻居。",
            "给出边为 {edges} 的标号树的普吕弗编码。",
            "普吕弗编码：{edges}",
        ),
    ),
    Task(
        id="comb.insertion_tableau",
        title="Insertion tableau of a permutation",
        knob="numbers",
        draw=_insertion_question,
        solve=_tableau,
        second=_tableau_by_words,
        answer=Integers(),
        en=(
            "Insert {perm} by Schensted's row insertion (a number bumps the smallest greater "
            "number of a row into the next row, or joins the end). Write the rows of the final "
            "tableau one after another, the first row first.",
            "Compute the insertion tableau P of the permutation {perm} under the "
            "Robinson-Schensted correspondence; list its entries row by row from the top.",
            "Insertion tableau, row by row: {perm}",
        ),
        zh=(
            "用申斯泰德行插入法依次插入 {perm}（数把一行中最小的更大数顶到下一行，否则接在行末）。"
            "从第一行起逐行写出最后的表。",
            "求置换 {perm} 在罗宾逊－申斯泰德对应下的插入表 P，自上而下逐行列出。",
            "插入表，逐行：{perm}",
        ),
    ),
    Task(
        id="comb.skew_tableaux",
        title="Number of standard tableaux of a skew shape",
        knob="cells",
        draw=_shape,
        solve=_skew,
        second=_skew_by_removal,
        answer=Integer(),
        size=lambda q: sum(q["outer"]),
        en=(
            "Left-aligned rows have {outer} cells; the first {inner} cells of these rows are "
            "blocked. In how many ways can 1, 2, 3, ... be written into the free cells so that "
            "they increase along every row and down every column?",
            "Count the standard Young tableaux of the skew shape ({outer}) / ({inner}).",
            "Standard tableaux of shape {outer} / {inner}",
        ),
        zh=(
            "左对齐的各行有 {outer} 格，各行的前 {inner} 格被封住。把 1、2、3…… 填入空格，"
            "使每行向右、每列向下递增，有多少种填法？",
            "求斜形 ({outer}) / ({inner}) 的标准杨表的个数。",
            "形状 {outer} / {inner} 的标准表数",
        ),
    ),
    Task(
        id="comb.mirrored_tree",
        title="Brackets of the mirrored binary tree",
        knob="pairs of brackets",
        draw=_dyck,
        solve=_mirrored,
        second=_mirrored_by_tree,
        answer=Word("()", "The answer is a row of brackets.", "答案是一串括号。"),
        en=(
            "A balanced word (A)B stands for a binary tree whose root has the left subtree A and "
            "the right subtree B; the empty word is the empty tree. Mirror the tree of {word} "
            "(exchange left and right everywhere) and write its word.",
            "Under the bijection (A)B = node with left subtree A and right subtree B, reflect the "
            "binary tree of {word} and give the resulting brackets.",
            "Mirror the binary tree ((A)B: left A, right B) of {word}",
        ),
        zh=(
            "平衡串 (A)B 表示根的左子树为 A、右子树为 B 的二叉树，空串为空树。"
            "把 {word} 的树镜像（处处交换左右），写出对应的串。",
            "按对应 (A)B = 左子树 A、右子树 B 的节点，翻转 {word} 的二叉树，写出所得括号串。",
            "镜像 {word} 的二叉树（(A)B：左 A 右 B）",
        ),
    ),
)
