"""Genes: mutations and their effects, splicing, reading frames, variants.

Source: the standard genetic code (NCBI table 1); HGVS protein nomenclature. Knob: the length of the
sequence.
"""

from internbootcamp_env.answers import Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import (
    AMINO_ACIDS,
    BASES,
    CODONS,
    THREE_LETTERS,
    complement,
    fasta,
    tagged,
    translate,
)
from internbootcamp_env.task import Task

_DNA = Word("ACGT", "The answer is one DNA sequence.", "答案是一段 DNA 序列。")
_SENSE = [codon for codon, amino in CODONS.items() if amino != "*"]


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


TASKS = (
    Task(
        id="bio.mutation_effects",
        title="Effects of base substitutions on a protein, in HGVS notation",
        knob="substitutions",
        draw=_substitutions,
        solve=_effects,
        second=_effects_by_translation,
        answer=Words(example="p.Xaa1="),
        show=tagged,
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
        id="bio.longest_frame",
        title="Protein of the longest open frame in six frames",
        knob="bases",
        draw=_framed,
        solve=_longest_frame,
        second=_longest_frame_by_starts,
        answer=Word(AMINO_ACIDS, "Write one-letter amino acids.", "用单字母氨基酸代码。"),
        show=tagged,
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
)
