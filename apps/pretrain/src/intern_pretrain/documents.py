"""What the model reads: a text, with the picture or the series that its placeholder stands for.

The text templates about compounds live here. Every sentence states a fact of the compound's table
row or of its SMILES; tags mark SMILES, systematic names and formulas for the tokenizer.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

import numpy as np
from numpy.typing import NDArray

from intern_pretrain.compounds import Compound
from intern_pretrain.molecules import Molecule

IMAGE = "<IMG_CONTEXT>"
SERIES = "<TS_CONTEXT>"
MODALITIES = ("text", "image", "series")


@dataclass(frozen=True, kw_only=True, eq=False)
class Document:
    """One document of the corpus.

    Attributes:
        modality: "text", "image" or "series".
        kind: Finer: the template or the source.
        key: What decides its split; documents about one compound or one chunk share it.
        text: With `<IMG_CONTEXT>` or `<TS_CONTEXT>` where picture or series stands.
        image: uint8, [H, W, 3], or None.
        series: float32, [L] or [L, C], or None.
        sampling_rate: Of the series, samples per second, or None.
    """

    modality: str
    kind: str
    key: str
    text: str
    image: NDArray[np.uint8] | None = None
    series: NDArray[np.float32] | None = None
    sampling_rate: float | None = None

    def content_hash(self) -> str:
        """Equal for documents that the model would read alike."""
        state = hashlib.blake2b(self.text.encode(), digest_size=16)
        for array in (self.image, self.series):
            if array is not None:
                state.update(f"/{array.dtype}/{array.shape}/".encode())
                state.update(np.ascontiguousarray(array).tobytes())
        state.update(f"/{self.sampling_rate}".encode())
        return state.hexdigest()


Facts = tuple[Compound, Molecule]


def atom_counts(formula: str) -> dict[str, int]:
    """Atoms per element of a formula without charges, in the formula's order.

    Raises:
        ValueError: If it is not made of element symbols and counts.
    """
    counts: dict[str, int] = {}
    parts = re.findall(r"([A-Z][a-z]?)(\d*)", formula)
    if "".join(symbol + number for symbol, number in parts) != formula or not parts:
        raise ValueError(f"{formula!r} is not a formula of element symbols and counts")
    for symbol, number in parts:
        counts[symbol] = counts.get(symbol, 0) + int(number or 1)
    return counts


def _smiles(facts: Facts) -> str:
    return f"<SMILES>{facts[0].smiles}</SMILES>"


def _formula(facts: Facts) -> str:
    return f"<MOLFORMULA>{facts[0].formula}</MOLFORMULA>"


def _name(facts: Facts) -> str | None:
    name = facts[0].iupac_name
    return f"<IUPAC>{name}</IUPAC>" if name else None


def _mass(facts: Facts) -> str:
    return f"{facts[0].molar_mass:.2f} g/mol"


def _atoms(facts: Facts) -> str:
    counts = atom_counts(facts[0].formula)
    listed = ", ".join(f"{number} {symbol}" for symbol, number in counts.items())
    return f"{listed}; {sum(counts.values())} atoms in all"


def _formula_question(facts: Facts) -> str:
    return f"Question: What is the formula of {_smiles(facts)}?\nAnswer: {_formula(facts)}"


def _mass_question(facts: Facts) -> str:
    return f"Question: What is the molar mass of {_formula(facts)}?\nAnswer: {_mass(facts)}"


def _atoms_statement(facts: Facts) -> str:
    return f"{_formula(facts)} is made of {_atoms(facts)}."


def _structure_statement(facts: Facts) -> str:
    rings = facts[1].num_rings
    return (
        f"{_smiles(facts)} has {facts[1].num_heavy_atoms} heavy atoms and "
        f"{rings} {'ring' if rings == 1 else 'rings'}. Its formula is {_formula(facts)} and its "
        f"molar mass {_mass(facts)}."
    )


def _rings_question(facts: Facts) -> str:
    return f"Question: How many rings are in {_smiles(facts)}?\nAnswer: {facts[1].num_rings}"


def _canonical_statement(facts: Facts) -> str | None:
    if facts[0].smiles == facts[1].canonical_smiles:
        return None
    return (
        f"{_smiles(facts)} and <SMILES>{facts[1].canonical_smiles}</SMILES> are the same compound."
    )


def _name_to_smiles(facts: Facts) -> str | None:
    name = _name(facts)
    return name and f"Question: What is the SMILES of {name}?\nAnswer: {_smiles(facts)}"


def _smiles_to_name(facts: Facts) -> str | None:
    name = _name(facts)
    return name and f"Question: What is the name of {_smiles(facts)}?\nAnswer: {name}"


def _named_statement(facts: Facts) -> str | None:
    name = _name(facts)
    return name and f"{name} has the formula {_formula(facts)}: {_atoms(facts)}."


def _cas_statement(facts: Facts) -> str | None:
    name = _name(facts)
    return name and f"The CAS number of {name} is {facts[0].cas}."


TEMPLATES: dict[str, Callable[[Facts], str | None]] = {
    "formula question": _formula_question,
    "molar mass question": _mass_question,
    "atom counts": _atoms_statement,
    "structure": _structure_statement,
    "ring question": _rings_question,
    "canonical SMILES": _canonical_statement,
    "name to SMILES": _name_to_smiles,
    "SMILES to name": _smiles_to_name,
    "name and formula": _named_statement,
    "CAS number": _cas_statement,
}


def compound_texts(facts: Facts, random: Random, count: int) -> list[Document]:
    """Text documents about one compound, by different templates.

    Args:
        facts: Table row and molecule.
        random: Chooses the templates.
        count: Documents wanted; fewer come from a compound that lacks what they say.
    """
    names = random.sample(list(TEMPLATES), k=len(TEMPLATES))
    texts = ((name, TEMPLATES[name](facts)) for name in names)
    present = [(name, text) for name, text in texts if text is not None]
    return [
        Document(modality="text", kind=name, key=split_key(facts[0]), text=text)
        for name, text in present[:count]
    ]


def compound_picture(facts: Facts, picture: NDArray[np.uint8], random: Random) -> Document:
    """A drawing of a compound with a caption or a question about it."""
    rings = facts[1].num_rings
    captions = [
        f"A drawing of {_smiles(facts)}, {_formula(facts)}.",
        f"Question: What is the formula of the drawn molecule?\nAnswer: {_formula(facts)}",
        f"Question: What is the SMILES of the drawn molecule?\nAnswer: {_smiles(facts)}",
        f"Question: How many rings does the drawn molecule have?\nAnswer: {rings}",
    ]
    return Document(
        modality="image",
        kind="molecule drawing",
        key=split_key(facts[0]),
        text=f"{IMAGE}\n{random.choice(captions)}",
        image=picture,
    )


def split_key(compound: Compound) -> str:
    """The connectivity block of the InChIKey: stereoisomers and isotopes fall into one split."""
    return compound.inchi_key.split("-", 1)[0]
