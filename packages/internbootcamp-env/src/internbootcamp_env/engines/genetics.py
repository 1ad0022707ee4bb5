"""Nucleic acids and proteins: complements, the standard genetic code, amino-acid names.

Source: NCBI translation table 1 (the standard code); IUPAC one- and three-letter names.
"""

BASES = "ACGT"
COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}
_ORDER = "TCAG"
_TABLE = "FFLLSSSSYY**CC*WLLLLPPPPHHQQRRRRIIIMTTTTNNKKSSRRVVVVAAAADDEEGGGG"
CODONS = {
    a + b + c: _TABLE[16 * i + 4 * j + k]
    for i, a in enumerate(_ORDER)
    for j, b in enumerate(_ORDER)
    for k, c in enumerate(_ORDER)
}
"""Amino acid (one letter, `*` for stop) of each DNA codon."""

THREE_LETTERS = {
    "A": "Ala", "R": "Arg", "N": "Asn", "D": "Asp", "C": "Cys", "Q": "Gln", "E": "Glu",
    "G": "Gly", "H": "His", "I": "Ile", "L": "Leu", "K": "Lys", "M": "Met", "F": "Phe",
    "P": "Pro", "S": "Ser", "T": "Thr", "W": "Trp", "Y": "Tyr", "V": "Val",
}  # fmt: skip
AMINO_ACIDS = "".join(THREE_LETTERS)


def complement(dna: str) -> str:
    """Return the complementary strand, in the same order."""
    return "".join(COMPLEMENT[base] for base in dna)


def translate(dna: str) -> str:
    """Translate complete codons from the first base on, stop codons as `*`."""
    return "".join(CODONS[dna[i : i + 3]] for i in range(0, len(dna) - 2, 3))


def fasta(sequence: str) -> str:
    """Mark a sequence the way a scientific tokenizer expects it."""
    return f"<FASTA>{sequence}</FASTA>"


def tagged(question: dict) -> dict:
    """Return the fields as they stand in a prompt: sequences marked, all else as it is."""
    return {
        name: fasta(value) if name in ("dna", "left", "right", "protein") else value
        for name, value in question.items()
    }
