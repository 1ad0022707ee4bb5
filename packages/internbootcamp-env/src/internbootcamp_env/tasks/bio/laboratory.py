"""The laboratory bench: digests, primers, guides, peptides, quality of reads.

Source: recognition sites and cuts from REBASE; monoisotopic residue masses (Unimod); the Phred
definition Q = -10 log10 p. Knob: the length of the sequence.
"""

import math
from itertools import pairwise

from internbootcamp_env.answers import Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import (
    AMINO_ACIDS,
    BASES,
    complement,
    fasta,
    tagged,
)
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.task import Task

_DNA = Word("ACGT", "The answer is one DNA sequence.", "答案是一段 DNA 序列。")
_ENZYMES = {  # recognition site and the place of the cut in the upper strand
    "EcoRI": ("GAATTC", 1), "BamHI": ("GGATCC", 1), "HindIII": ("AAGCTT", 1),
    "SmaI": ("CCCGGG", 3), "PstI": ("CTGCAG", 5), "KpnI": ("GGTACC", 5), "XhoI": ("CTCGAG", 1),
    "NdeI": ("CATATG", 2), "HaeIII": ("GGCC", 2), "MspI": ("CCGG", 1), "TaqI": ("TCGA", 1),
    "AluI": ("AGCT", 2), "RsaI": ("GTAC", 2), "MboI": ("GATC", 0), "HhaI": ("GCGC", 3),
}  # fmt: skip
_RESIDUES = {
    "G": 57.02146, "A": 71.03711, "S": 87.03203, "P": 97.05276, "V": 99.06841, "T": 101.04768,
    "C": 103.00919, "L": 113.08406, "I": 113.08406, "N": 114.04293, "D": 115.02694,
    "Q": 128.05858, "K": 128.09496, "E": 129.04259, "M": 131.04049, "H": 137.05891,
    "F": 147.06841, "R": 156.10111, "Y": 163.06333, "W": 186.07931,
}  # fmt: skip


def _digest(draws: Draws, level: int) -> dict | None:
    names = draws.sample(list(_ENZYMES), 1 + level // 4)
    parts = []
    for _ in range(2 + level // 2):
        parts += [draws.text(BASES, draws.between(4, 9 + level)), _ENZYMES[draws.pick(names)][0]]
    parts.append(draws.text(BASES, draws.between(4, 9)))
    shape = draws.pick(("linear", "circular"))
    return {"dna": "".join(parts), "enzymes": names, "shape": shape}


def _fragments(q: dict) -> list[int]:
    """Lengths of the fragments, sorted."""
    dna, length = q["dna"], len(q["dna"])
    circular = q["shape"] == "circular"
    read = dna + dna[:5] if circular else dna
    cuts = set()
    for name in q["enzymes"]:
        site, cut = _ENZYMES[name]
        for place in range(length if circular else length - len(site) + 1):
            if read.startswith(site, place):
                cuts.add((place + cut) % length if circular else place + cut)
    marks = sorted(cuts)
    if circular:
        return sorted(
            (b - a) % length or length for a, b in zip(marks, marks[1:] + marks[:1], strict=True)
        )
    ends = [0, *marks, length]
    return sorted(b - a for a, b in pairwise(ends) if b > a)


def _fragments_by_marking(q: dict) -> list[int]:
    """Mark each base after which the strand is cut, then measure the runs."""
    dna, size = q["dna"], len(q["dna"])
    doubled = dna + dna
    before = [False] * size
    for name in q["enzymes"]:
        site, cut = _ENZYMES[name]
        for place in range(size):
            whole = place + len(site) <= size or q["shape"] == "circular"
            if whole and doubled[place : place + len(site)] == site:
                before[(place + cut) % size] = True
    if q["shape"] == "linear":
        before[0] = True
    runs, start = [], before.index(True)
    for step in range(size):
        if before[(start + step) % size]:
            runs.append(0)
        runs[-1] += 1
    return sorted(runs)


def _show_digest(q: dict) -> dict:
    zh = {"linear": "线性", "circular": "环状"}
    sites = []
    for name in q["enzymes"]:
        site, cut = _ENZYMES[name]
        sites.append(f"{name} ({site[:cut]}^{site[cut:]})")
    return {
        "dna": fasta(q["dna"]),
        "enzymes": ", ".join(sites),
        "shape": q["shape"],
        "shape_zh": zh[q["shape"]],
    }


def _template(draws: Draws, level: int) -> dict | None:
    size = 6
    inner = draws.text(BASES, draws.between(4, 8 + 4 * level))
    left, right = draws.text(BASES, size), draws.text(BASES, size)
    dna = draws.text(BASES, 4 + 2 * level) + left + inner + right + draws.text(BASES, 4 + 2 * level)
    if draws.chance(1, 2):
        dna, left, right = complement(dna)[::-1], complement(right)[::-1], complement(left)[::-1]
    reverse = complement(right)[::-1]
    both = dna + "N" + complement(dna)[::-1]
    if both.count(left) != 1 or both.count(reverse) != 1:
        return None
    primers = draws.shuffled([left, reverse])
    return {"dna": dna, "first": primers[0], "second": primers[1]}


def _amplicon(q: dict) -> str:
    """The stretch of the given strand between the primers, both included."""
    dna = q["dna"]
    forward, reverse = q["first"], q["second"]
    if forward not in dna:
        forward, reverse = reverse, forward
    return dna[dna.index(forward) : dna.index(complement(reverse)[::-1]) + len(reverse)]


def _amplicon_by_scan(q: dict) -> str:
    pairs = {"A": "T", "T": "A", "C": "G", "G": "C"}
    spots = []
    for primer in (q["first"], q["second"]):
        turned = "".join(pairs[base] for base in reversed(primer))
        for place in range(len(q["dna"]) - len(primer) + 1):
            if q["dna"][place : place + len(primer)] in (primer, turned):
                spots += [place, place + len(primer)]
    return q["dna"][min(spots) : max(spots)]


def _guides(draws: Draws, level: int) -> dict | None:
    size = 5 + level // 3
    dna = draws.text("ACGGT", 16 + 5 * level)
    q = {"dna": dna, "size": size, "least": draws.between(size // 2 - 1, size // 2)}
    return q if _guide_places(q) else None


def _guide_places(q: dict) -> list[int]:
    """Starts (from 1) of spacers followed by NGG with enough G and C, on the given strand."""
    dna, size = q["dna"], q["size"]
    return [
        i + 1
        for i in range(len(dna) - size - 2)
        if dna[i + size + 1 : i + size + 3] == "GG"
        and sum(base in "GC" for base in dna[i : i + size]) >= q["least"]
    ]


def _guide_places_by_motif(q: dict) -> list[int]:
    found, place = [], q["dna"].find("GG")
    while place >= 0:
        start = place - 1 - q["size"]
        spacer = q["dna"][max(0, start) : place - 1]
        if start >= 0 and len(spacer.replace("A", "").replace("T", "")) >= q["least"]:
            found.append(start + 1)
        place = q["dna"].find("GG", place + 1)
    return found


def _peptide(draws: Draws, level: int) -> dict | None:
    protein = draws.text(AMINO_ACIDS + "KRKRP", 8 + 3 * level)
    return {"protein": protein} if len(_peptides({"protein": protein})) > 1 else None


def _peptides(q: dict) -> list[str]:
    """Cut after K or R, but not before P."""
    parts, start, protein = [], 0, q["protein"]
    for i, residue in enumerate(protein):
        if residue in "KR" and i + 1 < len(protein) and protein[i + 1] != "P":
            parts.append(protein[start : i + 1])
            start = i + 1
    return [*parts, protein[start:]]


def _peptides_by_replacing(q: dict) -> list[str]:
    text = q["protein"].replace("K", "K|").replace("R", "R|").replace("|P", "P")
    return [part for part in text.split("|") if part]


def _ion(draws: Draws, level: int) -> dict:
    return {"protein": draws.text(AMINO_ACIDS, 3 + 2 * level), "charge": draws.between(1, 3)}


def _mass_to_charge(q: dict) -> float:
    whole = sum(_RESIDUES[x] for x in q["protein"]) + 18.010565
    return (whole + q["charge"] * 1.007276) / q["charge"]


def _mass_by_counts(q: dict) -> float:
    counts = {x: q["protein"].count(x) for x in sorted(set(q["protein"]))}
    return math.fsum([*(n * _RESIDUES[x] for x, n in counts.items()), 18.010565]) / q["charge"] + (
        1.007276
    )


def _show_ion(q: dict) -> dict:
    table = ", ".join(f"{x} {_RESIDUES[x]}" for x in sorted(set(q["protein"])))
    return {"protein": fasta(q["protein"]), "charge": q["charge"], "table": table}


def _read(draws: Draws, level: int) -> dict | None:
    length = 8 + 3 * level
    qualities = [max(2, min(40, 38 - abs(k - length // 3) * 2 + draws.between(-14, 6)))
                 for k in range(length)]  # fmt: skip
    return {
        "dna": draws.text(BASES, length),
        "quality": "".join(chr(33 + x) for x in qualities),
        "threshold": draws.between(16, 26),
    }


def _trimmed(q: dict) -> str:
    """Keep the first longest run whose sum of (Q - threshold) is greatest (Mott's rule)."""
    scores = [ord(mark) - 33 - q["threshold"] for mark in q["quality"]]
    best, here, start, span = 0, 0, 0, (0, 0)
    for k, score in enumerate(scores):
        here += score
        if here <= 0:
            here, start = 0, k + 1
        elif here > best:
            best, span = here, (start, k + 1)
    return q["dna"][span[0] : span[1]]


def _trimmed_by_all_runs(q: dict) -> str:
    scores = [ord(mark) - 33 - q["threshold"] for mark in q["quality"]]
    size = len(scores)
    runs = [(sum(scores[a:b]), a, b) for a in range(size) for b in range(a + 1, size + 1)]
    top = max(run[0] for run in runs)
    winners = [run for run in runs if run[0] == top]
    return q["dna"][winners[0][1] : winners[0][2]]


def _clear_read(draws: Draws, level: int) -> dict | None:
    """A read with exactly one best run."""
    q = _read(draws, level)
    if q is None:
        return None
    scores = [ord(mark) - 33 - q["threshold"] for mark in q["quality"]]
    sums, seen = [0], 0
    for score in scores:
        sums.append(sums[-1] + score)
    top = max(sums[b] - sums[a] for b in range(len(sums)) for a in range(b))
    for b in range(len(sums)):
        seen += sum(sums[b] - sums[a] == top for a in range(b))
    return q if top > 0 and seen == 1 else None


TASKS = (
    Task(
        id="bio.restriction_digest",
        title="Fragment lengths after a restriction digest",
        knob="bases",
        draw=_digest,
        solve=_fragments,
        second=_fragments_by_marking,
        answer=Integers(ordered=False),
        verifier="S",
        show=_show_digest,
        en=(
            "The {shape} DNA {dna} is cut completely by {enzymes} (^ marks the cut in the strand "
            "shown). What are the lengths of all its fragments, measured on this strand?",
            "Digest the {shape} molecule {dna} with {enzymes}; list the fragment sizes in bases of "
            "the strand shown.",
            "Digest, {shape}, {enzymes}: {dna}",
        ),
        zh=(
            "{shape_zh} DNA {dna} 被 {enzymes} 完全酶切（^ 为所示链的切点）。"
            "按该链计算，所有片段的长度是多少？",
            "用 {enzymes} 消化{shape_zh}分子 {dna}，列出各片段长度（按所示链的碱基数）。",
            "酶切，{shape_zh}，{enzymes}：{dna}",
        ),
    ),
    Task(
        id="bio.amplicon",
        title="Product of a polymerase chain reaction",
        knob="bases",
        draw=_template,
        solve=_amplicon,
        second=_amplicon_by_scan,
        answer=_DNA,
        show=tagged,
        echoes=True,
        en=(
            "A PCR on double-stranded DNA, one strand of which is {dna}, uses the primers {first} "
            "and {second} (5' to 3'). Write the product as it reads on the strand given.",
            "Which stretch of {dna}, primers included and on this strand, is amplified by the "
            "primers 5'-{first}-3' and 5'-{second}-3'?",
            "PCR of {dna} with {first}, {second}:",
        ),
        zh=(
            "双链 DNA 的一条链为 {dna}，用引物 {first} 和 {second}（5' 到 3'）做 PCR，"
            "按所给链写出产物序列。",
            "引物 5'-{first}-3' 与 5'-{second}-3' 在 {dna} 上扩增哪一段（含引物，按此链书写）？",
            "{dna} 用 {first}、{second} 的 PCR 产物：",
        ),
    ),
    Task(
        id="bio.guide_sites",
        title="Spacers before an NGG motif",
        knob="bases",
        draw=_guides,
        solve=_guide_places,
        second=_guide_places_by_motif,
        answer=Integers(ordered=False),
        verifier="S",
        show=tagged,
        en=(
            "On the strand {dna}, give the start positions (from 1) of all spacers of {size} bases "
            "that are followed directly by NGG and contain at least {least} G or C.",
            "Find every {size}-base target in {dna} (this strand only) with the PAM NGG right "
            "after it and a GC count of {least} or more; list the 1-based starts.",
            "Starts of {size}-base spacers with NGG after and GC >= {least} in {dna}:",
        ),
        zh=(
            "在链 {dna} 上，写出所有长 {size} 个碱基、紧接 NGG 且至少含 {least} 个 G 或 C 的间隔区"
            "的起始位置（从 1 起）。",
            "只看此链，找出 {dna} 中后接 PAM NGG、GC 数不少于 {least} 的 {size} 碱基靶点，"
            "列出起点（从 1 起）。",
            "{dna} 中后接 NGG、GC >= {least} 的 {size} 碱基间隔区起点：",
        ),
    ),
    Task(
        id="bio.tryptic_peptides",
        title="Peptides of a tryptic digest",
        knob="residues",
        draw=_peptide,
        solve=_peptides,
        second=_peptides_by_replacing,
        answer=Words(example="GGG"),
        show=tagged,
        en=(
            "Trypsin cuts after K and R, except before P. Into which peptides, in order, is "
            "{protein} cut completely?",
            "List from the N-terminus the peptides of a complete tryptic digest (after K or R, not "
            "before P) of {protein}.",
            "Tryptic peptides (not before P): {protein}",
        ),
        zh=(
            "胰蛋白酶在 K 和 R 之后切割，但其后为 P 时不切。{protein} 完全酶解后依次得到哪些肽段？",
            "从 N 端起列出 {protein} 的完全胰酶肽段（K 或 R 后切，P 前不切）。",
            "胰酶肽段（P 前不切）：{protein}",
        ),
    ),
    Task(
        id="bio.peptide_mass",
        title="Mass-to-charge ratio of a peptide ion",
        knob="residues",
        draw=_ion,
        **measured(_mass_to_charge, "", second=_mass_by_counts, relative=1e-5),
        show=_show_ion,
        en=(
            "What is the monoisotopic m/z of the {charge}-fold protonated peptide {protein}? "
            "Residue masses: {table}; water 18.010565, proton 1.007276.",
            "Compute (M + {charge} x 1.007276)/{charge} for the peptide {protein} with the residue "
            "masses {table} and one water, 18.010565.",
            "m/z, charge {charge}, {protein}; {table}; water 18.010565, proton 1.007276:",
        ),
        zh=(
            "带 {charge} 个质子的肽 {protein} 的单同位素 m/z 是多少？残基质量：{table}；"
            "水 18.010565，质子 1.007276。",
            "用残基质量 {table} 及一分子水 18.010565，求肽 {protein} 的 "
            "(M + {charge} x 1.007276)/{charge}。",
            "m/z，电荷 {charge}，{protein}；{table}；水 18.010565，质子 1.007276：",
        ),
    ),
    Task(
        id="bio.quality_trim",
        title="Read trimmed by quality",
        knob="bases",
        draw=_clear_read,
        solve=_trimmed,
        second=_trimmed_by_all_runs,
        answer=_DNA,
        echoes=True,
        show=lambda q: {**q, "dna": fasta(q["dna"])},
        en=(
            "A read {dna} has the Phred+33 qualities (one character a base)\n{quality}\nKeep the "
            "stretch with the greatest sum of (Q - {threshold}). Which bases are kept?",
            "Trim {dna} by Mott's rule: the contiguous part that maximises the sum of Q - "
            "{threshold} stays, where Q is the character code minus 33 of\n{quality}",
            "Best stretch of {dna}, Phred+33, threshold {threshold}:\n{quality}",
        ),
        zh=(
            "读段 {dna} 的 Phred+33 质量（每碱基一个字符）为\n{quality}\n保留 (Q - {threshold}) "
            "之和"
            "最大的连续段。保留哪些碱基？",
            "按 Mott 规则修剪 {dna}：保留使 Q - {threshold} 之和最大的连续部分，Q "
            "为下列字符编码减 33："
            "\n{quality}",
            "{dna} 的最佳段，Phred+33，阈值 {threshold}：\n{quality}",
        ),
    ),
)
