"""Reading SMILES: count what the notation says.

Source: the OpenSMILES specification; molecules are drawn at random within normal valences.
Knob: the number of heavy atoms.
"""

from internbootcamp_env.answers import Integer
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.formula import Formula, composition, hill
from internbootcamp_env.engines.smiles import Molecule, parse, random_molecule, write
from internbootcamp_env.task import Task


def _tagged(question: dict) -> dict:
    return {"smiles": f"<SMILES>{question['smiles']}</SMILES>"}


def _atoms(level: int) -> int:
    return 4 + 3 * level


def _written(molecule: Molecule | None) -> dict | None:
    return None if molecule is None else {"smiles": write(molecule)}


def _by_carbons(draws: Draws, level: int) -> dict | None:
    carbons = draws.between(3, _atoms(level) + 5)
    hetero = draws.between(2, min(carbons + 1, 3 + level))
    double = draws.between(0, min(1 + level // 2, carbons // 3))
    return _written(random_molecule(draws, carbons + hetero, hetero=hetero, double_bonds=double))


def _by_rings(draws: Draws, level: int) -> dict | None:
    rings = draws.between(0, 3 + level // 3)
    atoms = max(5 + 2 * rings, _atoms(level)) + draws.below(3)
    return _written(random_molecule(draws, atoms, rings=rings, hetero=draws.below(3)))


def _by_double_bonds(draws: Draws, level: int) -> dict | None:
    double = draws.between(0, 4 + level // 2)
    atoms = max(2 * double + 1, _atoms(level)) + draws.below(3)
    return _written(
        random_molecule(draws, atoms, double_bonds=double, hetero=draws.below(2 + level // 2))
    )


def _by_hetero(draws: Draws, level: int) -> dict | None:
    hetero = draws.between(0, 5 + level)
    atoms = hetero + draws.between(4, _atoms(level) + 2)
    return _written(random_molecule(draws, atoms, hetero=hetero, double_bonds=draws.below(2)))


def _by_branches(draws: Draws, level: int) -> dict | None:
    wanted = draws.between(0, 3 + level // 2)
    atoms = max(_atoms(level), 2 * wanted + 2) + draws.below(3)
    return _written(random_molecule(draws, atoms, hetero=1 + draws.below(4), branches=wanted))


def _any(draws: Draws, level: int) -> dict | None:
    return _written(
        random_molecule(
            draws,
            draws.between(5 + level, _atoms(level) + 4),
            rings=draws.below(2 + level // 2),
            double_bonds=draws.below(2 + level),
            hetero=1 + draws.below(3 + level // 2),
        )
    )


def _count_atoms(*, carbon: bool):
    def solve(question: dict) -> int:
        return sum((atom.symbol == "C") is carbon for atom in parse(question["smiles"]).atoms)

    return solve


def _letters(question: dict) -> str:
    """Reduce a Kekulé SMILES to one capital letter per heavy atom, `X` for chlorine."""
    return "".join(mark for mark in question["smiles"].replace("Cl", "X") if mark.isalpha())


def _ring_numbers(question: dict) -> int:
    return sum(mark.isdigit() for mark in question["smiles"]) // 2


def _double_bonds(question: dict) -> int:
    return sum(order == 2 for _, _, order in parse(question["smiles"]).bonds)


def _formula(question: dict) -> str:
    return hill(parse(question["smiles"]).composition())


def _formula_from_balance(question: dict) -> str:
    """Find the hydrogens from the valence sum and the numbers of atoms, rings and bonds."""
    valence = {"C": 4, "N": 3, "O": 2, "S": 2, "F": 1, "X": 1}
    letters = _letters(question)
    rings, double = _ring_numbers(question), question["smiles"].count("=")
    hydrogens = sum(valence[x] for x in letters) - 2 * (len(letters) - 1 + rings + double)
    counts = {("Cl" if x == "X" else x): letters.count(x) for x in letters}
    return hill({**counts, "H": hydrogens} if hydrogens else counts)


def _hydrogens(question: dict) -> int:
    return composition(_formula(question)).get("H", 0)


TASKS = (
    Task(
        id="chem.smiles_carbons",
        title="Carbon atoms in a SMILES",
        knob="heavy atoms",
        draw=_by_carbons,
        solve=_count_atoms(carbon=True),
        second=lambda q: _letters(q).count("C"),
        answer=Integer(),
        ways=lambda level: _atoms(level) + 3,
        show=_tagged,
        en=(
            "How many carbon atoms does the molecule {smiles} have?",
            "Count the carbon atoms in the SMILES string {smiles}.",
            "Carbons: {smiles}",
        ),
        zh=(
            "分子 {smiles} 有多少个碳原子？",
            "数一数 SMILES {smiles} 中的碳原子。",
            "碳原子数：{smiles}",
        ),
    ),
    Task(
        id="chem.smiles_rings",
        title="Rings in a SMILES",
        knob="heavy atoms",
        draw=_by_rings,
        solve=lambda q: parse(q["smiles"]).num_rings(),
        second=_ring_numbers,
        answer=Integer(),
        ways=lambda level: 4 + level // 3,
        show=_tagged,
        en=(
            "How many independent rings does the molecule {smiles} have?",
            "Count the ring closures of the SMILES string {smiles}.",
            "Rings: {smiles}",
        ),
        zh=(
            "分子 {smiles} 有多少个独立的环？",
            "数一数 SMILES {smiles} 的成环键数。",
            "环数：{smiles}",
        ),
    ),
    Task(
        id="chem.smiles_branches",
        title="Branches in a SMILES",
        knob="heavy atoms",
        draw=_by_branches,
        solve=lambda q: q["smiles"].count("("),
        second=lambda q: len(q["smiles"].split(")")) - 1,
        answer=Integer(),
        ways=lambda level: 4 + level // 2,
        show=_tagged,
        en=(
            "How many branches (bracketed parts) are written in the SMILES {smiles}?",
            "Count the side branches in round brackets of {smiles}.",
            "Branches: {smiles}",
        ),
        zh=(
            "SMILES {smiles} 中写有多少个支链（括号部分）？",
            "数一数 {smiles} 中圆括号内的支链。",
            "支链数：{smiles}",
        ),
    ),
    Task(
        id="chem.smiles_double_bonds",
        title="Double bonds in a SMILES",
        knob="heavy atoms",
        draw=_by_double_bonds,
        solve=_double_bonds,
        second=lambda q: q["smiles"].count("="),
        answer=Integer(),
        ways=lambda level: 5 + level // 2,
        show=_tagged,
        en=(
            "How many double bonds does {smiles} have?",
            "Count the double bonds in the molecule {smiles}.",
            "Double bonds: {smiles}",
        ),
        zh=("{smiles} 有多少个双键？", "数一数分子 {smiles} 中的双键。", "双键数：{smiles}"),
    ),
    Task(
        id="chem.smiles_heteroatoms",
        title="Heteroatoms in a SMILES",
        knob="heavy atoms",
        draw=_by_hetero,
        solve=_count_atoms(carbon=False),
        second=lambda q: len(_letters(q).replace("C", "")),
        answer=Integer(),
        ways=lambda level: 6 + level,
        show=_tagged,
        en=(
            "How many atoms of {smiles} are neither carbon nor hydrogen?",
            "Count the heteroatoms in the molecule {smiles}.",
            "Heteroatoms: {smiles}",
        ),
        zh=(
            "{smiles} 中既非碳也非氢的原子有多少个？",
            "数一数分子 {smiles} 中的杂原子。",
            "杂原子数：{smiles}",
        ),
    ),
    Task(
        id="chem.smiles_hydrogens",
        title="Hydrogen atoms implied by a SMILES",
        knob="heavy atoms",
        draw=_any,
        solve=_hydrogens,
        second=lambda q: composition(_formula_from_balance(q)).get("H", 0),
        answer=Integer(),
        ways=lambda level: 7 + level,
        show=_tagged,
        en=(
            "How many hydrogen atoms, implicit ones included, does {smiles} have?",
            "Count all hydrogen atoms of the molecule {smiles}.",
            "Hydrogens: {smiles}",
        ),
        zh=(
            "{smiles} 共有多少个氢原子（含隐式氢）？",
            "数一数分子 {smiles} 的全部氢原子。",
            "氢原子数：{smiles}",
        ),
    ),
    Task(
        id="chem.smiles_formula",
        title="Molecular formula of a SMILES",
        knob="heavy atoms",
        draw=_any,
        solve=_formula,
        second=_formula_from_balance,
        answer=Formula(),
        show=_tagged,
        en=(
            "What is the molecular formula of {smiles}?",
            "Work out the molecular formula, hydrogens included, of the SMILES {smiles}.",
            "Formula: {smiles}",
        ),
        zh=(
            "{smiles} 的分子式是什么？",
            "求 SMILES {smiles} 的分子式（含氢）。",
            "分子式：{smiles}",
        ),
    ),
)
