r"""Finding molecules and sequences in untagged text, the same way everywhere.

The rules follow the published tokenizer: a molecule is a maximal run of at least ten SMILES units
with five letters, not touching other letters, that passes a check; a sequence is a run of at least
27 capitals. The check here is `smiles.is_smiles`, always; the published code asks RDKit if it
happens to be installed and otherwise a rule with gaps, so its ids depend on the machine.
"""

import re
from collections.abc import Iterator

from .smiles import is_smiles

SMILES_MIN_UNITS = 10
SMILES_MIN_LETTERS = 5
FASTA_MIN_LENGTH = 27
# Longer runs are not molecules anyone writes inline; the bound keeps the cost of a check small.
SMILES_MAX_LENGTH = 2000

_TWO_LETTERS = (
    "Ac Ag Al Am Ar As At Au Ba Be Bh Bi Bk Br Ca Cd Ce Cf Cl Cm Cn Co Cr Cs Cu Db Ds Dy Er Es Eu "
    "Fe Fl Fm Fr Ga Gd Ge He Hf Hg Ho Hs In Ir Kr La Li Lr Lu Lv Mc Md Mg Mn Mo Mt Na Nb Nd Ne Nh "
    "Ni No Np Og Os Pa Pb Pd Pm Po Pr Pt Pu Ra Rb Re Rf Rg Rh Rn Ru Sb Sc Se Sg Si Sm Sn Sr Ta Tb "
    "Tc Te Th Ti Tl Tm Ts Xe Yb Zn Zr"
)
_UNIT = (
    r"(?>\[[A-Za-z0-9@+\-*:#]{1,24}\]|"
    + _TWO_LETTERS.replace(" ", "|")
    + r"|[BCFHIKNOPSUVWYbcnops().=\-#@0-9$%*:+/\\])"
)
_SMILES = re.compile(rf"(?![:.=]){_UNIT}{{{SMILES_MIN_UNITS},}}(?<![:.=])")
# Every candidate lies in such a run; scanning for runs first skips prose about ten times faster.
_RUN = re.compile(r"[A-Za-z0-9()\[\].=\-#@$%*:+/\\]{10,}+")
_FASTA = re.compile(rf"[A-Z]{{{FASTA_MIN_LENGTH},}}+")
_LETTER = re.compile(r"[A-Za-z]")
_CAPITAL_OR_DIGIT = re.compile(r"[A-Z0-9]")


def find_sequences(text: str) -> list[tuple[int, int, str]]:
    """Find untagged molecules and sequences.

    Args:
        text: Text without tags.

    Returns:
        Disjoint `(start, end, domain)` spans in order; domain is "SMILES" or "FASTA".
    """
    spans = list(_find_smiles(text))
    if not spans:
        return [(m.start(), m.end(), "FASTA") for m in _FASTA.finditer(text)]
    found, position = [], 0
    for start, end, domain in [*spans, (len(text), len(text), "")]:
        for match in _FASTA.finditer(text, position, start):
            found.append((match.start(), match.end(), "FASTA"))
        if domain:
            found.append((start, end, domain))
        position = end
    return found


def _find_smiles(text: str) -> Iterator[tuple[int, int, str]]:
    for run in _RUN.finditer(text):
        start, end = run.span()
        if not _CAPITAL_OR_DIGIT.search(text, start, end):
            continue
        for match in _SMILES.finditer(text, start, end):
            if _is_molecule(text, *match.span()):
                yield match.start(), match.end(), "SMILES"


def _is_molecule(text: str, start: int, end: int) -> bool:
    if start > 0 and _LETTER.match(text[start - 1]):
        return False
    if end < len(text) and _LETTER.match(text[end]):
        return False
    candidate = text[start:end]
    if len(candidate) > SMILES_MAX_LENGTH:
        return False
    if len(_LETTER.findall(candidate)) < SMILES_MIN_LETTERS:
        return False
    if _FASTA.fullmatch(candidate):
        return False  # capitals only: a sequence, as the published code has it
    if candidate.islower() and sum(character.isdigit() for character in candidate) < 2:
        return False
    return is_smiles(candidate)
