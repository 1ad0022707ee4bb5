"""Nucleotide sequences rewritten base by base.

Rules: base pairing, transcription and its reverse, and the ambiguity classes of the IUPAC
nucleotide code (purine R or pyrimidine Y, strong S or weak W, keto K or amino M). Source: IUPAC-IUB
Commission on Biochemical Nomenclature, 1984. Knob: the number of bases.
"""

from internbootcamp_env.answers import Word
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import BASES, fasta
from internbootcamp_env.task import Task

_RNA_BASES = "ACGU"
_DNA = Word("ACGT", "The answer is one DNA sequence.", "答案是一段 DNA 序列。")
_RNA = Word(_RNA_BASES, "The answer is one RNA sequence.", "答案是一段 RNA 序列。")
_MESSENGER = {"A": "U", "C": "G", "G": "C", "T": "A"}
_RNA_PARTNER = {"A": "U", "C": "G", "G": "C", "U": "A"}
_TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
_RING = {"A": "R", "G": "R", "C": "Y", "T": "Y"}
_BOND = {"A": "W", "T": "W", "C": "S", "G": "S"}
_GROUP = {"A": "M", "C": "M", "G": "K", "T": "K"}


def _dna(draws: Draws, level: int) -> dict:
    return {"dna": draws.text(BASES, 4 * level + 3)}


def _rna(draws: Draws, level: int) -> dict:
    return {"rna": draws.text(_RNA_BASES, 4 * level + 3)}


def _tagged(question: dict) -> dict:
    return {name: fasta(value) for name, value in question.items()}


def _mapped(table: dict[str, str]):
    def solve(question: dict) -> str:
        (sequence,) = question.values()
        return "".join(table[base] for base in sequence)

    return solve


def _replaced(*pairs: str):
    """The same rule by whole-string replacement; lower case marks what is done."""

    def solve(question: dict) -> str:
        (sequence,) = question.values()
        for old, new in pairs:
            sequence = sequence.replace(old, new.lower())
        return sequence.upper()

    return solve


def _classes(letters: str, meaning: str, zh: str) -> Word:
    return Word(letters, f"The answer is a string of {meaning}.", f"答案是由 {zh} 组成的串。")


TASKS = (
    Task(
        id="bio.messenger_of_template",
        title="Messenger RNA made from a template strand",
        knob="bases",
        draw=_dna,
        solve=_mapped(_MESSENGER),
        second=_replaced("AU", "CG", "GC", "TA"),
        answer=_RNA,
        show=_tagged,
        en=(
            "RNA polymerase reads the template strand {dna}, given from its 3' end. Write the RNA.",
            "Which RNA pairs base by base with the DNA template {dna}?",
            "RNA of template: {dna}",
        ),
        zh=(
            "RNA 聚合酶从 3' 端读取模板链 {dna}，写出合成的 RNA。",
            "哪条 RNA 与 DNA 模板 {dna} 逐个碱基配对？",
            "模板转录：{dna}",
        ),
    ),
    Task(
        id="bio.rna_partner",
        title="RNA that pairs with an RNA, base by base",
        knob="bases",
        draw=_rna,
        solve=_mapped(_RNA_PARTNER),
        second=_replaced("AU", "CG", "GC", "UA"),
        answer=_RNA,
        show=_tagged,
        en=(
            "Write the anticodon bases that pair with {rna}, in the same order.",
            "Give the complement (not reversed) of the RNA sequence {rna}, as RNA.",
            "RNA complement: {rna}",
        ),
        zh=(
            "按相同顺序写出与 {rna} 配对的反密码子碱基。",
            "给出 RNA 序列 {rna} 的互补 RNA（不反转）。",
            "RNA 互补：{rna}",
        ),
    ),
    Task(
        id="bio.reverse_transcribe",
        title="Coding DNA strand of a messenger RNA",
        knob="bases",
        draw=_rna,
        solve=lambda q: q["rna"].replace("U", "T"),
        second=lambda q: "".join("T" if base == "U" else base for base in q["rna"]),
        answer=_DNA,
        show=_tagged,
        echoes=True,
        en=(
            "A messenger RNA reads {rna}. Write the coding DNA strand of its gene.",
            "Convert the RNA sequence {rna} back into the coding DNA strand.",
            "Coding DNA: {rna}",
        ),
        zh=(
            "某信使 RNA 为 {rna}，写出其基因的 DNA 编码链。",
            "把 RNA 序列 {rna} 还原为 DNA 编码链。",
            "编码 DNA：{rna}",
        ),
    ),
    Task(
        id="bio.transitions",
        title="Sequence in which every base has undergone a transition",
        knob="bases",
        draw=_dna,
        solve=_mapped(_TRANSITION),
        second=_replaced("AG", "GA", "CT", "TC"),
        answer=_DNA,
        show=_tagged,
        en=(
            "A transition swaps A with G and C with T. Apply one at every position of {dna}.",
            "Mutate each base of {dna} by a transition (purine to purine, pyrimidine to "
            "pyrimidine).",
            "Transitions: {dna}",
        ),
        zh=(
            "转换使 A 与 G 互换、C 与 T 互换。对 {dna} 的每个位置做一次转换。",
            "对 {dna} 的每个碱基做转换突变（嘌呤变嘌呤，嘧啶变嘧啶）。",
            "转换：{dna}",
        ),
    ),
    Task(
        id="bio.purines",
        title="Purine or pyrimidine at each position",
        knob="bases",
        draw=_dna,
        solve=_mapped(_RING),
        second=_replaced("AR", "GR", "CY", "TY"),
        answer=_classes("RY", "R (purine) and Y (pyrimidine)", "R（嘌呤）和 Y（嘧啶）"),
        show=_tagged,
        en=(
            "Write R for each purine and Y for each pyrimidine of {dna}.",
            "Reduce {dna} to the IUPAC ring classes R (A, G) and Y (C, T).",
            "R or Y: {dna}",
        ),
        zh=(
            "把 {dna} 的每个嘌呤写作 R，每个嘧啶写作 Y。",
            "把 {dna} 化为 IUPAC 环类别 R（A、G）和 Y（C、T）。",
            "R 或 Y：{dna}",
        ),
    ),
    Task(
        id="bio.bond_strength",
        title="Strong or weak base pair at each position",
        knob="bases",
        draw=_dna,
        solve=_mapped(_BOND),
        second=_replaced("AW", "TW", "CS", "GS"),
        answer=_classes("SW", "S (strong) and W (weak)", "S（强）和 W（弱）"),
        variant_of="bio.purines",
        show=_tagged,
        en=(
            "Write S where {dna} has a base of three hydrogen bonds and W where it has two.",
            "Reduce {dna} to the IUPAC classes S (C, G) and W (A, T).",
            "S or W: {dna}",
        ),
        zh=(
            "{dna} 中形成三个氢键的碱基写作 S，两个的写作 W。",
            "把 {dna} 化为 IUPAC 类别 S（C、G）和 W（A、T）。",
            "S 或 W：{dna}",
        ),
    ),
    Task(
        id="bio.keto_amino",
        title="Keto or amino base at each position",
        knob="bases",
        draw=_dna,
        solve=_mapped(_GROUP),
        second=_replaced("AM", "CM", "GK", "TK"),
        answer=_classes("KM", "K (keto) and M (amino)", "K（酮基）和 M（氨基）"),
        variant_of="bio.purines",
        show=_tagged,
        en=(
            "Write K for each keto base (G, T) and M for each amino base (A, C) of {dna}.",
            "Reduce {dna} to the IUPAC group classes K (G, T) and M (A, C).",
            "K or M: {dna}",
        ),
        zh=(
            "把 {dna} 的每个酮基碱基（G、T）写作 K，氨基碱基（A、C）写作 M。",
            "把 {dna} 化为 IUPAC 基团类别 K（G、T）和 M（A、C）。",
            "K 或 M：{dna}",
        ),
    ),
)
