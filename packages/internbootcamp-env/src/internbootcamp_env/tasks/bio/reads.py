"""Words and reads: frequent k-mers, assembly, mapping, CIGAR strings.

Source: definitions only. Knob: the length of the sequences.
"""

from internbootcamp_env.answers import Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import BASES, tagged
from internbootcamp_env.engines.grids import CharGrid
from internbootcamp_env.task import Task


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


TASKS = (
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
        show=tagged,
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
        show=tagged,
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
        show=tagged,
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
)
