"""Genes and laboratory bench: mutations, splicing, digests, primers, guides, peptides, reads.

Source: the standard genetic code (NCBI table 1); HGVS protein nomenclature; recognition sites and
cuts from REBASE; monoisotopic residue masses (Unimod); the Phred definition Q = -10 log10 p.
Knob: the length of the sequence.
"""

import math
from itertools import pairwise

from internbootcamp_env.answers import Integers, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import (
    AMINO_ACIDS,
    BASES,
    CODONS,
    THREE_LETTERS,
    complement,
    fasta,
    translate,
)
from internbootcamp_env.engines.quantities import measured
from internbootcamp_env.task import Task

_DNA = Word("ACGT", "The answer is one DNA sequence.", "答案是一段 DNA 序列。")
_SENSE = [codon for codon, amino in CODONS.items() if amino != "*"]
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


def _tagged(q: dict) -> dict:
    return {
        name: fasta(value) if name in ("dna", "protein") else value for name, value in q.items()
    }


def _substitutions(draws: Draws, level: int) -> dict:
    codons = [draws.pick(_SENSE) for _ in range(4 + 2 * level)]
    dna = "ATG" + "".join(codons)
    changes = []
    for place in sorted(draws.sample(range(3, len(dna)), 1 + (level + 1) // 2)):
        changes.append(f"c.{place + 1}{dna[place]}>{draws.pick(BASES.replace(dna[place], ''))}")
    return {"dna": dna, "changes": changes}


def _effects(q: dict) -> list[str]:
    """HGVS names of the effect of each substitution, taken alone."""
    words = []
    for change in q["changes"]:
        place = int(change[2:-3]) - 1
        start = place - place % 3
        old = q["dna"][start : start + 3]
        new = old[: place % 3] + change[-1] + old[place % 3 + 1 :]
        before, after = CODONS[old], CODONS[new]
        name = THREE_LETTERS[before] + str(start // 3 + 1)
        if before == after:
            words.append(f"p.{name}=")
        else:
            words.append(f"p.{name}{'Ter' if after == '*' else THREE_LETTERS[after]}")
    return words


def _effects_by_translation(q: dict) -> list[str]:
    """Translate the whole changed gene and compare residue by residue."""
    protein, words = translate(q["dna"]), []
    for change in q["changes"]:
        place = int("".join(mark for mark in change if mark.isdigit()))
        changed = translate(q["dna"][: place - 1] + change[-1] + q["dna"][place:])
        residue = (place + 2) // 3
        new = changed[residue - 1]
        old = THREE_LETTERS[protein[residue - 1]]
        end = "=" if changed == protein else {**THREE_LETTERS, "*": "Ter"}[new]
        words.append(f"p.{old}{residue}{end}")
    return words


def _exons(draws: Draws, level: int) -> dict:
    length = 20 + 8 * level
    marks = sorted(draws.sample(range(1, length + 1), 2 * (2 + level // 4)))
    exons = [list(marks[i : i + 2]) for i in range(0, len(marks), 2)]
    return {"dna": draws.text(BASES, length), "exons": exons, "strand": draws.pick("+-")}


def _mature(q: dict) -> str:
    joined = "".join(q["dna"][a - 1 : b] for a, b in q["exons"])
    joined = joined if q["strand"] == "+" else complement(joined)[::-1]
    return joined.replace("T", "U")


def _mature_by_positions(q: dict) -> str:
    """Visit every position in the order of transcription and keep those inside an exon."""
    partner = {"A": "U", "C": "G", "G": "C", "T": "A"}
    places = range(1, len(q["dna"]) + 1)
    kept = [p for p in places if any(a <= p <= b for a, b in q["exons"])]
    if q["strand"] == "-":
        return "".join(partner[q["dna"][p - 1]] for p in kept[::-1])
    return "".join("U" if q["dna"][p - 1] == "T" else q["dna"][p - 1] for p in kept)


def _show_exons(q: dict) -> dict:
    return {
        "dna": fasta(q["dna"]),
        "exons": ", ".join(f"{a}-{b}" for a, b in q["exons"]),
        "strand": q["strand"],
    }


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


def _framed(draws: Draws, level: int) -> dict | None:
    dna = draws.text(BASES, 24 + 9 * level)
    body = (
        "ATG" + "".join(draws.pick(_SENSE) for _ in range(3 + level)) + draws.pick(("TAA", "TGA"))
    )
    place = draws.below(len(dna))
    dna = dna[:place] + body + dna[place:]
    dna = complement(dna)[::-1] if draws.chance(1, 2) else dna
    lengths = sorted(len(frame) for frame in _frames(dna))
    unique = len(lengths) == 1 or (lengths and lengths[-1] > lengths[-2])
    return {"dna": dna} if unique and lengths[-1] > 2 else None


def _frames(dna: str) -> list[str]:
    """Proteins of the longest frames, one a stop codon, over both strands."""
    found = []
    for strand in (dna, complement(dna)[::-1]):
        for shift in range(3):
            protein = translate(strand[shift:])
            for part in protein.split("*")[:-1]:
                if "M" in part:
                    found.append(part[part.index("M") :])
    return found


def _longest_frame(q: dict) -> str:
    return max(_frames(q["dna"]), key=len)


def _longest_frame_by_starts(q: dict) -> str:
    best = ""
    turned = "".join({"A": "T", "T": "A", "C": "G", "G": "C"}[b] for b in q["dna"][::-1])
    for strand in (q["dna"], turned):
        for start in range(len(strand) - 2):
            protein, place = "", start
            while place + 3 <= len(strand) and CODONS[strand[place : place + 3]] != "*":
                protein += CODONS[strand[place : place + 3]]
                place += 3
            if protein.startswith("M") and place + 3 <= len(strand) and len(protein) > len(best):
                best = protein
    return best


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


def _variants(draws: Draws, level: int) -> dict:
    dna = draws.text(BASES, 14 + 4 * level)
    changes, place = [], draws.below(3)
    while len(changes) < 2 + level // 2 and place < len(dna) - 4:
        size = draws.between(1, 3)
        old = dna[place : place + size]
        new = old[0] + draws.text(BASES, draws.between(0, 2)) if draws.chance(2, 3) else ""
        new = new or draws.pick(BASES.replace(old[0], "")) + old[1:]
        if new != old:
            changes.append([place + 1, old, new])
        place += size + draws.between(1, 4)
    return {"dna": dna, "changes": changes}


def _haplotype(q: dict) -> str:
    dna = q["dna"]
    for place, old, new in reversed(q["changes"]):
        dna = dna[: place - 1] + new + dna[place - 1 + len(old) :]
    return dna


def _haplotype_from_left(q: dict) -> str:
    parts, done = [], 0
    for place, old, new in q["changes"]:
        parts += [q["dna"][done : place - 1], new]
        done = place - 1 + len(old)
    return "".join(parts) + q["dna"][done:]


def _show_variants(q: dict) -> dict:
    rows = ", ".join(f"{place} {old}>{new}" for place, old, new in q["changes"])
    return {"dna": fasta(q["dna"]), "changes": rows}


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
        id="bio.mutation_effects",
        title="Effects of base substitutions on a protein, in HGVS notation",
        knob="substitutions",
        draw=_substitutions,
        solve=_effects,
        second=_effects_by_translation,
        answer=Words(example="p.Xaa1="),
        show=_tagged,
        en=(
            "In the coding sequence {dna} (position 1 is the A of ATG) consider each of these "
            "substitutions alone: {changes}. Write the protein effects in HGVS style: p.Ala5Thr, "
            "p.Trp3Ter for a stop, p.Gly2= if the residue stays.",
            "Name the consequence (like p.Ser4Leu, p.Lys7Ter or p.Val2=) of each substitution of "
            "{changes}, taken singly, in the gene {dna}.",
            "Protein effects (p.Ala5Thr, p.Trp3Ter, p.Gly2=) of {changes} in {dna}:",
        ),
        zh=(
            "编码序列 {dna}（第 1 位为 ATG 的 A）分别发生下列单个替换：{changes}。按 HGVS 写出"
            "蛋白质变化：如 p.Ala5Thr，终止写 p.Trp3Ter，残基不变写 p.Gly2=。",
            "对基因 {dna}，逐个考虑替换 {changes}，写出后果（如 p.Ser4Leu、p.Lys7Ter、p.Val2=）。",
            "{dna} 中 {changes} 的蛋白质变化（p.Ala5Thr、p.Trp3Ter、p.Gly2=）：",
        ),
    ),
    Task(
        id="bio.splice",
        title="Spliced RNA of a gene on either strand",
        knob="bases",
        draw=_exons,
        solve=_mature,
        second=_mature_by_positions,
        answer=Word("ACGU", "The answer is one RNA sequence.", "答案是一段 RNA 序列。"),
        show=_show_exons,
        en=(
            "The forward strand reads {dna}. A gene on the {strand} strand has the exons {exons} "
            "(forward coordinates from 1, ends included). Write its spliced RNA from 5' to 3'.",
            "Splice the exons {exons} of {dna} (1-based, inclusive, forward strand) for a gene on "
            "the {strand} strand and give the mature RNA, 5' end first.",
            "Strand {strand}, exons {exons}, RNA of {dna}:",
        ),
        zh=(
            "正链为 {dna}。某基因位于 {strand} 链，外显子为 {exons}（正链坐标，从 1 起，含两端）。"
            "从 5' 到 3' 写出剪接后的 RNA。",
            "对 {dna} 的 {strand} 链基因，拼接外显子 {exons}（1 起，含端点，正链坐标），"
            "写出成熟 RNA（5' 在前）。",
            "{strand} 链，外显子 {exons}，{dna} 的 RNA：",
        ),
    ),
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
        show=_tagged,
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
        id="bio.longest_frame",
        title="Protein of the longest open frame in six frames",
        knob="bases",
        draw=_framed,
        solve=_longest_frame,
        second=_longest_frame_by_starts,
        answer=Word(AMINO_ACIDS, "Write one-letter amino acids.", "用单字母氨基酸代码。"),
        show=_tagged,
        en=(
            "Over all six reading frames of {dna}, find the longest open reading frame (ATG up to "
            "a stop codon in frame, which must be there) and write its protein.",
            "Which is the longest protein, from an ATG to before a stop codon, encoded on either "
            "strand of {dna}?",
            "Longest of six frames: {dna}",
        ),
        zh=(
            "在 {dna} 的全部六个阅读框中，找出最长的开放阅读框（从 ATG 到同框终止密码子，"
            "终止须存在），写出其蛋白质。",
            "{dna} 的两条链上，从 ATG 到终止密码子之前编码的最长蛋白质是什么？",
            "六框中最长的蛋白质：{dna}",
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
        show=_tagged,
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
        show=_tagged,
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
        id="bio.apply_variants",
        title="Sequence after a list of variants",
        knob="bases",
        draw=_variants,
        solve=_haplotype,
        second=_haplotype_from_left,
        answer=_DNA,
        show=_show_variants,
        en=(
            "Apply these variants (position from 1 in the reference, reference allele > new "
            "allele) all at once to {dna}: {changes}. What does the haplotype read?",
            "The reference is {dna}. Replace, at the given reference positions, {changes}. Write "
            "the resulting sequence.",
            "{dna} with {changes}:",
        ),
        zh=(
            "对参考序列 {dna} 同时应用变异（位置从 1 起按参考序列，参考等位 > 新等位）：{changes}。"
            "单倍型序列是什么？",
            "参考序列为 {dna}，在所给参考位置替换 {changes}，写出所得序列。",
            "{dna} 应用 {changes}：",
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
