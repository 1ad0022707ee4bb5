"""The compounds that the PyPI package `chemicals` ships: about 71,000 from PubChem.

The tables are tab-separated, one compound a line:

```text
CID  CAS  formula  molar mass  SMILES  InChI  InChIKey  IUPAC name  common name  [synonyms ...]
```

A line that does not have this shape raises with its number; nothing is passed over silently.
"""

import importlib.util
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from intern_runs import DataError

TABLES = ("chemical identifiers pubchem large.tsv", "chemical identifiers pubchem small.tsv")
NUM_COLUMNS = 9
INCHI_KEY = re.compile(r"[A-Z]{14}-[A-Z]{10}-[A-Z]")
CAS_NUMBER = re.compile(r"\d{2,7}-\d{2}-\d")


@dataclass(frozen=True, kw_only=True, slots=True)
class Compound:
    """One line of a table.

    Attributes:
        cid: PubChem compound id.
        cas: CAS registry number.
        formula: Molecular formula.
        molar_mass: In g/mol.
        smiles: As PubChem writes it.
        inchi_key: Hash of the structure; its first block of 14 letters stands for the connectivity,
            so stereoisomers and isotopes share it.
        iupac_name: Systematic name, lower case; None where the table has none.
        common_name: First common name; may be an ordering code or the CAS number.
    """

    cid: int
    cas: str
    formula: str
    molar_mass: float
    smiles: str
    inchi_key: str
    iupac_name: str | None
    common_name: str | None


def table_paths() -> list[Path]:
    """Where the tables stand in the installed package; the package itself is not imported.

    Raises:
        DataError: If `chemicals` is not installed or lacks them.
    """
    found = importlib.util.find_spec("chemicals")
    if found is None or found.origin is None:
        raise DataError("the package `chemicals` is not installed; it ships the compounds")
    folder = Path(found.origin).parent / "Identifiers"
    paths = [folder / name for name in TABLES]
    for path in paths:
        if not path.is_file():
            raise DataError(f"{path}: missing; the installed `chemicals` lacks it, reinstall it")
    return paths


def read_compounds(paths: list[Path] | None = None) -> Iterator[Compound]:
    """Yield the compounds of the tables, in the tables' order.

    Args:
        paths: Tables; None for those of the installed package.

    Raises:
        DataError: At the first malformed line; the message begins with `file:line`.
    """
    for path in table_paths() if paths is None else paths:
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                yield _parse(line.rstrip("\n"), f"{path}:{number}")


def _parse(line: str, where: str) -> Compound:
    fields = line.split("\t", NUM_COLUMNS)
    if len(fields) < NUM_COLUMNS:
        raise DataError(
            f"{where}: {len(fields)} tab-separated columns, expected at least {NUM_COLUMNS}"
        )
    cid, cas, formula, mass, smiles, _, key, name, common = fields[:NUM_COLUMNS]
    try:
        compound = Compound(
            cid=int(cid),
            cas=cas,
            formula=formula,
            molar_mass=float(mass),
            smiles=smiles,
            inchi_key=key,
            iupac_name=name or None,
            common_name=common or None,
        )
    except ValueError as error:
        raise DataError(f"{where}: CID or molar mass is no number: {error}") from None
    if not INCHI_KEY.fullmatch(key):
        raise DataError(f"{where}: {key!r} is no InChIKey (14, 10 and 1 capitals, hyphens between)")
    if not CAS_NUMBER.fullmatch(cas):
        raise DataError(f"{where}: {cas!r} is no CAS registry number")
    if not smiles or not formula:
        raise DataError(f"{where}: SMILES or formula is empty")
    if not 0 < compound.molar_mass < float("inf"):
        raise DataError(f"{where}: a molar mass of {mass} g/mol is impossible")
    return compound
