"""Short DNA, RNA and protein sequences.

Source: base pairing, the standard genetic code (NCBI table 1), IUPAC amino-acid codes. Knob: the
length of the sequence.
"""

from internbootcamp_env.answers import Integer, Word, Words
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.genetics import (
    AMINO_ACIDS,
    BASES,
    CODONS,
    THREE_LETTERS,
    complement,
    tagged,
    translate,
)
from internbootcamp_env.task import Task

_DNA = Word("ACGT", "The answer is one DNA sequence.", "答案是一段 DNA 序列。")
_RNA = Word("ACGU", "The answer is one RNA sequence.", "答案是一段 RNA 序列。")
_PROTEIN = Word(
    AMINO_ACIDS, "Write the amino acids as one-letter codes.", "用单字母代码写出氨基酸。"
)
_SENSE = [codon for codon, amino in CODONS.items() if amino != "*"]
_STOPS = [codon for codon, amino in CODONS.items() if amino == "*"]


def _dna(draws: Draws, level: int) -> dict:
    return {"dna": draws.text(BASES, 4 * level + 3)}


def _gc_rich(draws: Draws, level: int) -> dict:
    length = 4 * level + 5
    count = draws.between(0, length)
    letters = draws.text("GC", count) + draws.text("AT", length - count)
    return {"dna": "".join(draws.shuffled(letters))}


def _counted(draws: Draws, level: int) -> dict:
    length = 4 * level + 5
    base = draws.pick(BASES)
    count = draws.between(0, min(length, 8 + level))
    letters = base * count + draws.text(BASES.replace(base, ""), length - count)
    return {"dna": "".join(draws.shuffled(letters)), "base": base}


def _coding(draws: Draws, level: int) -> dict:
    return {"dna": "".join(draws.pick(_SENSE) for _ in range(1 + level))}


def _framed(draws: Draws, level: int) -> dict | None:
    body = [draws.pick(_SENSE) for _ in range(1 + level)]
    lead = draws.text(BASES, draws.between(0, 3 + level))
    tail = draws.text(BASES, draws.between(0, 3 + level))
    dna = lead + "ATG" + "".join(body) + draws.pick(_STOPS) + tail
    return {"dna": dna} if dna.find("ATG") == len(lead) else None


def _first_frame(question: dict) -> str:
    dna = question["dna"]
    return translate(dna[dna.find("ATG") :]).partition("*")[0]


def _codon_by_codon(question: dict) -> str:
    dna = question["dna"]
    place = next(i for i in range(len(dna)) if dna[i : i + 3] == "ATG")
    protein = ""
    while dna[place : place + 3] not in ("TAA", "TAG", "TGA"):
        protein += CODONS[dna[place : place + 3]]
        place += 3
    return protein


def _differing(draws: Draws, level: int) -> dict:
    left = draws.text(BASES, 3 * level + 6)
    right = list(left)
    for place in draws.sample(range(len(left)), draws.between(0, 7 + level)):
        right[place] = draws.pick(BASES.replace(left[place], ""))
    return {"left": left, "right": "".join(right)}


def _with_motif(draws: Draws, level: int) -> dict | None:
    length = 5 * level + 9
    motif = draws.text(BASES, 3)
    place = draws.between(0, length - 3)
    dna = draws.text(BASES, place) + motif + draws.text(BASES, length - 3 - place)
    return {"dna": dna, "motif": motif} if dna.find(motif) == place else None


def _residues(draws: Draws, level: int) -> dict:
    return {"protein": draws.text(AMINO_ACIDS, 2 + level)}


_ONE_LETTER = {name: letter for letter, name in THREE_LETTERS.items()}


def _transcribe(question: dict) -> str:
    return question["dna"].replace("T", "U")


TASKS = (
    Task(
        id="bio.complement",
        title="Complementary DNA strand, read in the same direction",
        knob="bases",
        draw=_dna,
        solve=lambda q: complement(q["dna"]),
        second=lambda q: q["dna"].translate(str.maketrans("ACGT", "TGCA")),
        answer=_DNA,
        show=tagged,
        en=(
            "Write the base-paired partner of each base of {dna}, in the same order.",
            "Give the complement (not reversed) of the DNA sequence {dna}.",
            "Complement: {dna}",
        ),
        zh=(
            "按原顺序写出 {dna} 每个碱基的配对碱基。",
            "给出 DNA 序列 {dna} 的互补序列（不反转）。",
            "互补：{dna}",
        ),
    ),
    Task(
        id="bio.reverse_complement",
        title="Reverse complement of a DNA sequence",
        knob="bases",
        draw=_dna,
        solve=lambda q: complement(q["dna"])[::-1],
        second=lambda q: q["dna"][::-1].translate(str.maketrans("ACGT", "TGCA")),
        answer=_DNA,
        show=tagged,
        en=(
            "Give the reverse complement of {dna}.",
            "Write the opposite strand of {dna}, from its 5' end to its 3' end.",
            "Reverse complement: {dna}",
        ),
        zh=(
            "给出 {dna} 的反向互补序列。",
            "从 5' 端到 3' 端写出 {dna} 的对面链。",
            "反向互补：{dna}",
        ),
    ),
    Task(
        id="bio.transcribe",
        title="Transcribe a coding strand into RNA",
        knob="bases",
        draw=_dna,
        solve=_transcribe,
        answer=_RNA,
        show=tagged,
        second=lambda q: "".join("U" if base == "T" else base for base in q["dna"]),
        en=(
            "The coding strand of a gene reads {dna}. Write its messenger RNA.",
            "Transcribe the DNA coding strand {dna} into RNA.",
            "Transcribe: {dna}",
        ),
        zh=(
            "某基因的编码链为 {dna}，写出其信使 RNA。",
            "把 DNA 编码链 {dna} 转录为 RNA。",
            "转录：{dna}",
        ),
    ),
    Task(
        id="bio.gc_count",
        title="Number of G and C bases",
        knob="bases",
        draw=_gc_rich,
        solve=lambda q: q["dna"].count("G") + q["dna"].count("C"),
        second=lambda q: len([base for base in q["dna"] if base in "GC"]),
        answer=Integer(),
        ways=lambda level: 4 * level + 6,
        show=tagged,
        en=(
            "How many bases of {dna} are G or C?",
            "Count the G and C bases together in {dna}.",
            "GC count: {dna}",
        ),
        zh=("{dna} 中有多少个碱基是 G 或 C？", "数一数 {dna} 中 G 与 C 的总数。", "GC 数：{dna}"),
    ),
    Task(
        id="bio.count_base",
        title="Number of one base",
        knob="bases",
        draw=_counted,
        solve=lambda q: q["dna"].count(q["base"]),
        second=lambda q: len(q["dna"]) - len(q["dna"].replace(q["base"], "")),
        answer=Integer(),
        ways=lambda level: 9 + level,
        show=tagged,
        en=(
            "How often does the base {base} occur in {dna}?",
            "Count the base {base} in the sequence {dna}.",
            "Count {base}: {dna}",
        ),
        zh=("碱基 {base} 在 {dna} 中出现几次？", "数一数 {dna} 中的 {base}。", "数 {base}：{dna}"),
    ),
    Task(
        id="bio.translate",
        title="Translate a coding sequence",
        knob="codons",
        draw=_coding,
        solve=lambda q: translate(q["dna"]),
        answer=_PROTEIN,
        show=tagged,
        en=(
            "Translate the coding sequence {dna} with the standard genetic code.",
            "Which peptide does {dna} encode, read from its first base?",
            "Translate: {dna}",
        ),
        zh=(
            "用标准遗传密码翻译编码序列 {dna}。",
            "从第一个碱基读起，{dna} 编码什么肽？",
            "翻译：{dna}",
        ),
    ),
    Task(
        id="bio.open_frame",
        title="Protein of the first open reading frame",
        knob="codons",
        draw=_framed,
        solve=_first_frame,
        second=_codon_by_codon,
        answer=_PROTEIN,
        show=tagged,
        en=(
            "Find the first ATG in {dna} and translate from there up to the first stop codon in "
            "frame (the stop is not written).",
            "Which peptide begins at the first start codon ATG of {dna} and ends before the "
            "first stop codon in that frame?",
            "First ORF: {dna}",
        ),
        zh=(
            "在 {dna} 中找到第一个 ATG，从那里翻译到同框第一个终止密码子之前。",
            "{dna} 从第一个起始密码子 ATG 到同框终止密码子之前编码什么肽？",
            "首个 ORF：{dna}",
        ),
    ),
    Task(
        id="bio.hamming",
        title="Hamming distance of two sequences",
        knob="bases",
        draw=_differing,
        solve=lambda q: sum(a != b for a, b in zip(q["left"], q["right"], strict=True)),
        answer=Integer(),
        ways=lambda level: 8 + level,
        show=tagged,
        canon=lambda q: sorted([q["left"], q["right"]]),
        en=(
            "At how many positions do {left} and {right} differ?",
            "Find the Hamming distance of {left} and {right}.",
            "Hamming: {left} {right}",
        ),
        zh=(
            "{left} 与 {right} 有多少个位置不同？",
            "求 {left} 与 {right} 的汉明距离。",
            "汉明距离：{left} {right}",
        ),
    ),
    Task(
        id="bio.motif_position",
        title="First position of a motif",
        knob="bases",
        draw=_with_motif,
        solve=lambda q: q["dna"].find(q["motif"]) + 1,
        second=lambda q: next(
            i + 1 for i in range(len(q["dna"])) if q["dna"][i:].startswith(q["motif"])
        ),
        answer=Integer(),
        ways=lambda level: 5 * level + 5,
        show=tagged,
        en=(
            "At which position of {dna} does {motif} first begin? The first base is number 1.",
            "Find the first occurrence of the motif {motif} in {dna}, counting bases from 1.",
            "Find {motif}: {dna}",
        ),
        zh=(
            "{motif} 最早从 {dna} 的第几位开始？首个碱基为第 1 位。",
            "从 1 数起，求基序 {motif} 在 {dna} 中首次出现的位置。",
            "找 {motif}：{dna}",
        ),
    ),
    Task(
        id="bio.three_letter_codes",
        title="Three-letter codes of a peptide",
        knob="residues",
        draw=_residues,
        solve=lambda q: [THREE_LETTERS[letter] for letter in q["protein"]],
        answer=Words(example="Gly"),
        show=tagged,
        wrong=lambda q, a, d: [" ".join(["Xaa", *a[1:]])],
        en=(
            "Write the residues of the peptide {protein} as three-letter codes.",
            "Give the three-letter amino-acid codes of {protein}, in order.",
            "Three letters: {protein}",
        ),
        zh=(
            "用三字母代码写出肽 {protein} 的各残基。",
            "依次给出 {protein} 的三字母氨基酸代码。",
            "三字母：{protein}",
        ),
    ),
    Task(
        id="bio.one_letter_codes",
        title="One-letter codes of a peptide",
        knob="residues",
        draw=lambda d, level: {
            "residues": [THREE_LETTERS[x] for x in d.text(AMINO_ACIDS, 2 + level)]
        },
        solve=lambda q: "".join(_ONE_LETTER[name] for name in q["residues"]),
        answer=_PROTEIN,
        en=(
            "Write the peptide {residues} in one-letter codes.",
            "Give the one-letter amino-acid sequence of {residues}.",
            "One letter: {residues}",
        ),
        zh=(
            "用单字母代码写出肽 {residues}。",
            "给出 {residues} 的单字母氨基酸序列。",
            "单字母：{residues}",
        ),
    ),
)
