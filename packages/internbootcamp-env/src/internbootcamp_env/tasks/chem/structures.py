"""Structures of molecules: the same or not, written, named, and measured on the graph.

Source: the OpenSMILES specification; IUPAC recommendations 2013 for the names of branched alkanes
(longest chain, lowest locants, alphabetical order). Stereochemistry is left aside throughout.
Knob: the number of heavy atoms.
(Long for the prompts of seven tasks, in two languages, and the code that they share.)
"""

from itertools import groupby

from internbootcamp_env.answers import Integer, Integers
from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.molecule_identity import (
    Smiles,
    colours,
    environments,
    same,
    wiener,
)
from internbootcamp_env.engines.smiles import VALENCE, Atom, Molecule, parse, random_molecule, write
from internbootcamp_env.task import Task


def _drawn(draws: Draws, atoms: int) -> Molecule | None:
    """A molecule that can have no aromatic writing: at most one double bond when it has rings."""
    rings = draws.below(2)
    double = draws.below(2) if rings else draws.below(3)
    hetero = 1 + draws.below(1 + atoms // 4)
    return random_molecule(draws, atoms, rings=rings, double_bonds=double, hetero=hetero)


def _renumbered(molecule: Molecule, order: list[int]) -> Molecule:
    place = {old: new for new, old in enumerate(order)}
    atoms = [molecule.atoms[old] for old in order]
    bonds = [(place[a], place[b], o) for a, b, o in molecule.bonds]
    return Molecule(atoms, sorted(bonds))


def _moved(draws: Draws, molecule: Molecule) -> Molecule | None:
    """Move one end atom to another host; the result is an isomer, or None if that fails."""
    neighbours = molecule.neighbours()
    ends = [i for i, n in enumerate(neighbours) if len(n) == 1]
    if not ends:
        return None
    end = draws.pick(ends)
    host = neighbours[end][0]
    order = next(o for a, b, o in molecule.bonds if {a, b} == {end, host})
    free = [
        i
        for i, atom in enumerate(molecule.atoms)
        if i not in (end, host) and VALENCE[atom.symbol] - molecule.order_sum(i) >= order
    ]
    if not free:
        return None
    bonds = [bond for bond in molecule.bonds if end not in bond[:2]]
    return Molecule(molecule.atoms, [*bonds, (end, draws.pick(free), order)])


def _writings(draws: Draws, level: int) -> dict | None:
    molecule = _drawn(draws, 6 + 2 * level)
    if molecule is None:
        return None
    texts = []
    moved = 1 + draws.below(3 + level // 3)
    for number in range(5 + level // 3):
        version = _moved(draws, molecule) if number < moved else molecule
        if version is None:
            return None
        order = draws.shuffled(range(len(version.atoms)))
        texts.append(write(_renumbered(version, order)))
    first = write(molecule)
    return {"first": first, "others": draws.shuffled(texts)} if first not in texts else None


def _same_numbers(q: dict) -> list[int]:
    first = parse(q["first"])
    return [k for k, text in enumerate(q["others"], start=1) if same(first, parse(text))]


def _same_by_strings(q: dict) -> list[int]:
    """Compare the least of all writings that start anywhere and visit neighbours in any order."""
    first = _signature(q["first"])
    return [k for k, text in enumerate(q["others"], start=1) if _signature(text) == first]


def _signature(text: str) -> tuple:
    """Distance-layer spectrum of each atom with a tree code from every root, sorted."""
    molecule = parse(text)
    neighbours: list[list[tuple[int, int]]] = [[] for _ in molecule.atoms]
    for a, b, order in molecule.bonds:
        neighbours[a].append((b, order))
        neighbours[b].append((a, order))

    def walk(atom: int, path: tuple[int, ...]) -> str:
        inner = sorted(
            f"{o}{'@' + str(path.index(b)) if b in path else walk(b, (*path, b))}"
            for b, o in neighbours[atom]
            if len(path) < 2 or b != path[-2]
        )
        return molecule.atoms[atom].symbol + "(" + "".join(inner) + ")"

    return tuple(sorted(walk(atom, (atom,)) for atom in range(len(molecule.atoms))))


def _show_writings(q: dict) -> dict:
    lines = [f"{k}: <SMILES>{text}</SMILES>" for k, text in enumerate(q["others"], start=1)]
    return {"first": f"<SMILES>{q['first']}</SMILES>", "others": "\n".join(lines)}


def _table(draws: Draws, level: int) -> dict | None:
    molecule = _drawn(draws, 5 + 2 * level)
    if molecule is None:
        return None
    molecule = _renumbered(molecule, draws.shuffled(range(len(molecule.atoms))))
    bonds = [list(bond) for bond in molecule.bonds]
    return {"atoms": [atom.symbol for atom in molecule.atoms], "bonds": bonds}


def _built(q: dict) -> Molecule:
    return Molecule([Atom(symbol) for symbol in q["atoms"]], [tuple(b) for b in q["bonds"]])


def _check_built(q: dict, value: str) -> str:
    return "" if same(_built(q), parse(value)) else "another molecule"


def _wrong_molecules(molecule: Molecule, draws: Draws) -> list[str]:
    """Molecules of another composition, or of another sum of distances."""
    texts = []
    for index, atom in enumerate(molecule.atoms):
        if atom.symbol == "C" and molecule.order_sum(index) <= 2 and len(texts) < 2:
            atoms = list(molecule.atoms)
            atoms[index] = Atom("O")
            texts.append(write(Molecule(atoms, molecule.bonds)))
        elif atom.symbol != "C" and molecule.order_sum(index) == 1 and len(texts) < 3:
            atoms = list(molecule.atoms)
            atoms[index] = Atom("I")
            texts.append(write(Molecule(atoms, molecule.bonds)))
    for _ in range(4):
        isomer = _moved(draws, molecule)
        if isomer is not None and wiener(isomer) != wiener(molecule):
            texts.append(write(isomer))
    return [*texts, "C" + write(molecule), "CC"]


def _show_table(q: dict) -> dict:
    marks = {1: "-", 2: "=", 3: "#"}
    atoms = " ".join(f"{k}:{s}" for k, s in enumerate(q["atoms"], start=1))
    bonds = " ".join(f"{a + 1}{marks[o]}{b + 1}" for a, b, o in q["bonds"])
    return {"atoms": atoms, "bonds": bonds}


_STEMS = {5: "pent", 6: "hex", 7: "hept", 8: "oct", 9: "non", 10: "dec", 11: "undec", 12: "dodec",
          13: "tridec", 14: "tetradec", 15: "pentadec", 16: "hexadec"}  # fmt: skip
_TIMES = ("", "", "di", "tri", "tetra", "penta", "hexa", "hepta", "octa")
_GROUPS = {"bromo": "Br", "chloro": "Cl", "ethyl": "CC", "fluoro": "F", "methyl": "C"}


def _alkane(draws: Draws, level: int) -> dict | None:
    length = draws.between(6, min(16, 7 + level))
    used, groups = {1: 0, length: 0}, []
    for _ in range(3 + level // 2):
        name = draws.pick(list(_GROUPS))
        low = 3 if name == "ethyl" else 2
        place = draws.between(low, length + 1 - low)
        if used.get(place, 0) > 1:
            return None
        used[place] = used.get(place, 0) + 1
        groups.append((place, name))
    return {"name": _named(length, groups)}


def _named(length: int, groups: list[tuple[int, str]]) -> str:
    """Name a chain with groups: lowest locants, then alphabetical order for the lowest first."""
    turned = [(length + 1 - place, name) for place, name in groups]

    def rank(choice: list[tuple[int, str]]) -> tuple:
        locants = sorted(place for place, _ in choice)
        by_name = sorted(choice, key=lambda g: (g[1], g[0]))
        return locants, [place for place, _ in by_name]

    best = sorted(min(groups, turned, key=rank), key=lambda g: (g[1], g[0]))
    parts = []
    for name, members in groupby(best, key=lambda g: g[1]):
        places = [str(place) for place, _ in members]
        parts.append(f"{','.join(places)}-{_TIMES[len(places)]}{name}")
    return "-".join(parts) + _STEMS[length] + "ane"


def _structure(q: dict) -> str:
    """Build the SMILES by reading the name."""
    head = q["name"].removesuffix("ane")
    *parts, last = head.split("-")
    stem = max((s for s in _STEMS.values() if last.endswith(s)), key=len)
    length = next(n for n, s in _STEMS.items() if s == stem)
    branches: dict[int, list[str]] = {}
    words = [*parts, last.removesuffix(stem)]
    for places, word in zip(words[::2], words[1::2], strict=True):
        group = max((g for g in _GROUPS if word.endswith(g)), key=len)  # methyl ends in ethyl
        for place in places.split(","):
            branches.setdefault(int(place), []).append(_GROUPS[group])
    chain = ["C" + "".join(f"({b})" for b in branches.get(k, [])) for k in range(1, length)]
    return "".join(chain) + "C"


def _other_structure(q: dict) -> str:
    molecule = parse(_structure(q))
    return write(molecule, len(molecule.atoms) // 2)


_FRAGMENTS = ("C", "C", "CC", "C(C)C", "O", "OC", "N(C)C", "F", "CO", "C=C", "Cl", "CCO", "N", "SC")


def _symmetric(draws: Draws, level: int) -> dict | None:
    """Copies of fragments on a small core, so that atoms are equivalent in groups."""
    core = draws.pick(("C", "CC", "CCC", "COC", "CSC", "C=C"))
    molecule = parse(core)
    for _ in range(3 + level // 3):
        hosts = [i for i in range(len(molecule.atoms)) if i in _hosts(molecule)]
        if not hosts:
            return None
        (equal,) = colours(molecule)  # exact, as the molecule is a tree
        host = draws.pick(hosts)
        group = [i for i in hosts if equal[i] == equal[host]]
        fragment = parse(draws.pick(_FRAGMENTS))
        if draws.chance(1, 3) or len(molecule.atoms) + len(group) * len(fragment.atoms) > 40:
            group = group[:1]
        for i in group:
            _attach(molecule, i, fragment)
    return {"smiles": write(molecule)}


def _hosts(molecule: Molecule) -> list[int]:
    return [
        i
        for i, atom in enumerate(molecule.atoms)
        if atom.symbol == "C" and molecule.order_sum(i) < 4
    ]


def _attach(molecule: Molecule, host: int, fragment: Molecule) -> None:
    shift = len(molecule.atoms)
    molecule.atoms.extend(fragment.atoms)
    molecule.bonds.extend((a + shift, b + shift, o) for a, b, o in fragment.bonds)
    molecule.bonds.append((host, shift, 1))


def _sized(draws: Draws, level: int) -> dict | None:
    q = _symmetric(draws, level)
    return q if q and len(parse(q["smiles"]).atoms) >= 6 + level else None


def _carbon_kinds(q: dict) -> int:
    molecule = parse(q["smiles"])
    least = environments(molecule)
    return len({o for o, atom in zip(least, molecule.atoms, strict=True) if atom.symbol == "C"})


def _carbon_kinds_by_trees(q: dict) -> int:
    """The molecules are trees: code each as a rooted tree, and count different codes."""
    molecule = parse(q["smiles"])
    neighbours: list[list[tuple[int, int]]] = [[] for _ in molecule.atoms]
    for a, b, order in molecule.bonds:
        neighbours[a].append((b, order))
        neighbours[b].append((a, order))

    def code(atom: int, parent: int) -> str:
        parts = sorted(f"{o}{code(b, atom)}" for b, o in neighbours[atom] if b != parent)
        return f"({molecule.atoms[atom].symbol}{''.join(parts)})"

    return len({code(i, -1) for i, atom in enumerate(molecule.atoms) if atom.symbol == "C"})


def _tree(draws: Draws, level: int) -> dict | None:
    molecule = random_molecule(draws, 9 + 3 * level, hetero=1 + draws.below(3 + level // 2))
    return None if molecule is None else {"smiles": write(molecule)}


def _chain(q: dict) -> int:
    """Longest path of carbon atoms: two sweeps in every carbon part."""
    molecule = parse(q["smiles"])
    carbon = {i for i, atom in enumerate(molecule.atoms) if atom.symbol == "C"}
    neighbours = molecule.neighbours()
    best = 0
    for start in carbon:
        far = start
        for _ in range(2):
            distance = {far: 1}
            queue = [far]
            for atom in queue:
                for other in neighbours[atom]:
                    if other in carbon and other not in distance:
                        distance[other] = distance[atom] + 1
                        queue.append(other)
            far = queue[-1]
            best = max(best, distance[far])
    return best


def _chain_by_depth(q: dict) -> int:
    molecule = parse(q["smiles"])
    neighbours = molecule.neighbours()
    best = 0

    def depth(atom: int, parent: int) -> int:
        nonlocal best
        if molecule.atoms[atom].symbol != "C":
            for other in neighbours[atom]:
                if other != parent:
                    depth(other, atom)
            return 0
        arms = sorted((depth(o, atom) for o in neighbours[atom] if o != parent), reverse=True)
        best = max(best, 1 + sum(arms[:2]))
        return 1 + max(arms, default=0)

    depth(0, -1)
    return best


def _small(draws: Draws, level: int) -> dict | None:
    molecule = _drawn(draws, 6 + 2 * level + draws.below(4))
    return None if molecule is None else {"smiles": write(molecule)}


def _wiener_by_matrix(q: dict) -> int:
    """Floyd and Warshall on the distance matrix."""
    molecule = parse(q["smiles"])
    size = len(molecule.atoms)
    far = [[0 if i == j else size for j in range(size)] for i in range(size)]
    for a, b, _ in molecule.bonds:
        far[a][b] = far[b][a] = 1
    for k in range(size):
        for i in range(size):
            for j in range(size):
                far[i][j] = min(far[i][j], far[i][k] + far[k][j])
    return sum(map(sum, far)) // 2


def _polar(draws: Draws, level: int) -> dict | None:
    atoms = 7 + 3 * level
    hetero = draws.between(1, 4 + level)
    rings = draws.below(2)
    double = draws.below(2 if rings else 3)
    molecule = random_molecule(draws, atoms, rings=rings, double_bonds=double, hetero=hetero)
    return None if molecule is None else {"smiles": write(molecule)}


def _lipinski(q: dict) -> list[int]:
    """Hydrogens on N or O, atoms N and O, and single bonds outside rings between inner atoms."""
    molecule = parse(q["smiles"])
    polar = [i for i, atom in enumerate(molecule.atoms) if atom.symbol in ("N", "O")]
    donors = sum(molecule.hydrogens(i) for i in polar)
    degree = [len(n) for n in molecule.neighbours()]
    turning = 0
    for bond in molecule.bonds:
        a, b, order = bond
        if order == 1 and degree[a] > 1 and degree[b] > 1:
            rest = Molecule(molecule.atoms, [other for other in molecule.bonds if other != bond])
            turning += rest.num_components() > 1
    return [donors, len(polar), turning]


def _lipinski_by_ring_walk(q: dict) -> list[int]:
    """Strip end atoms until only rings and what links them are left, and count the rest."""
    molecule = parse(q["smiles"])
    degree = [len(n) for n in molecule.neighbours()]
    left = set(range(len(degree)))
    bonds = list(molecule.bonds)
    stripped = True
    while stripped:
        ends = {i for i in left if sum(i in bond[:2] for bond in bonds) <= 1}
        stripped = bool(ends)
        left -= ends
        bonds = [b for b in bonds if b[0] in left and b[1] in left]
    inner = [b for b in molecule.bonds if degree[b[0]] > 1 and degree[b[1]] > 1 and b[2] == 1]
    turning = sum(b not in bonds for b in inner)
    used = [0] * len(degree)
    for a, b, order in molecule.bonds:
        used[a], used[b] = used[a] + order, used[b] + order
    normal = {"N": 3, "O": 2}
    polar = [i for i, atom in enumerate(molecule.atoms) if atom.symbol in normal]
    return [sum(normal[molecule.atoms[i].symbol] - used[i] for i in polar), len(polar), turning]


def _tagged(q: dict) -> dict:
    return {"smiles": f"<SMILES>{q['smiles']}</SMILES>"}


TASKS = (
    Task(
        id="chem.same_molecule",
        title="Which SMILES denote the same molecule as the first",
        knob="heavy atoms",
        draw=_writings,
        solve=_same_numbers,
        second=_same_by_strings,
        answer=Integers(ordered=False),
        verifier="S",
        show=_show_writings,
        en=(
            "Which of the numbered SMILES denote the same molecule as {first}?\n{others}",
            "Compare with {first} and give the numbers of all writings of the very same "
            "structure:\n{others}",
            "Same as {first}:\n{others}",
        ),
        zh=(
            "下列编号的 SMILES 中，哪些与 {first} 表示同一分子？\n{others}",
            "与 {first} 比较，写出所有表示相同结构的编号：\n{others}",
            "与 {first} 相同：\n{others}",
        ),
    ),
    Task(
        id="chem.write_smiles",
        title="SMILES of a molecule given as a table of atoms and bonds",
        knob="heavy atoms",
        draw=_table,
        solve=lambda q: write(_built(q)),
        another=lambda q: write(_built(q), len(q["atoms"]) - 1),
        check=_check_built,
        wrong=lambda q, a, d: _wrong_molecules(_built(q), d),
        answer=Smiles(),
        verifier="C",
        show=_show_table,
        en=(
            "A molecule has the heavy atoms {atoms} and the bonds {bonds} (- single, = double, # "
            "triple). Write it as SMILES.",
            "Give a SMILES for this connection table: atoms {atoms}; bonds {bonds}.",
            "SMILES of atoms {atoms}, bonds {bonds}:",
        ),
        zh=(
            "分子的重原子为 {atoms}，键为 {bonds}（- 单键，= 双键，# 三键）。写出其 SMILES。",
            "写出该连接表的 SMILES：原子 {atoms}；键 {bonds}。",
            "SMILES：原子 {atoms}，键 {bonds}：",
        ),
    ),
    Task(
        id="chem.name_to_smiles",
        title="SMILES of a branched, halogenated alkane from its name",
        version=2,  # 1 took methyl for ethyl
        knob="heavy atoms",
        draw=_alkane,
        solve=_structure,
        another=_other_structure,
        check=lambda q, v: "" if same(parse(_structure(q)), parse(v)) else "another molecule",
        wrong=lambda q, a, d: _wrong_molecules(parse(a), d),
        answer=Smiles(),
        verifier="C",
        en=(
            "Write a SMILES for {name}.",
            "Draw {name} as a SMILES string.",
            "SMILES: {name}",
        ),
        zh=(
            "写出 {name} 的 SMILES。",
            "用 SMILES 表示 IUPAC 名称为 {name} 的化合物。",
            "SMILES：{name}",
        ),
    ),
    Task(
        id="chem.carbon_environments",
        title="Number of different carbon environments",
        knob="heavy atoms",
        draw=_sized,
        solve=_carbon_kinds,
        second=_carbon_kinds_by_trees,
        answer=Integer(),
        ways=lambda level: 4 + level // 2,
        show=_tagged,
        size=lambda q: sum(mark.isalpha() for mark in q["smiles"]),
        en=(
            "How many kinds of carbon atoms does {smiles} have, two carbons being of one kind if a "
            "symmetry of the structural formula exchanges them (no stereochemistry)?",
            "Count the distinct 13C signals expected for {smiles} from constitutional symmetry "
            "alone.",
            "Carbon environments: {smiles}",
        ),
        zh=(
            "{smiles} 有多少种碳原子（结构式的对称性能互换的碳算同一种，不计立体化学）？",
            "只按构造对称性，{smiles} 预计有多少个不同的 13C 信号？",
            "碳环境数：{smiles}",
        ),
    ),
    Task(
        id="chem.longest_carbon_chain",
        title="Longest chain of carbon atoms",
        knob="heavy atoms",
        draw=_tree,
        solve=_chain,
        second=_chain_by_depth,
        answer=Integer(),
        ways=6,
        show=_tagged,
        en=(
            "How many atoms has the longest unbroken chain of carbon atoms in {smiles}?",
            "Find the greatest number of carbons on one path of C-C bonds in {smiles}.",
            "Longest carbon chain: {smiles}",
        ),
        zh=(
            "{smiles} 中最长的连续碳链有几个原子？",
            "求 {smiles} 中沿 C-C 键的一条路径上最多有多少个碳。",
            "最长碳链：{smiles}",
        ),
    ),
    Task(
        id="chem.wiener_index",
        title="Wiener index of a molecule",
        knob="heavy atoms",
        draw=_small,
        solve=lambda q: wiener(parse(q["smiles"])),
        second=_wiener_by_matrix,
        answer=Integer(),
        show=_tagged,
        en=(
            "What is the Wiener index of {smiles}: the sum over all pairs of heavy atoms of the "
            "least number of bonds between them?",
            "Add up the shortest bond distances of all unordered pairs of non-hydrogen atoms in "
            "{smiles}.",
            "Wiener index: {smiles}",
        ),
        zh=(
            "{smiles} 的维纳指数是多少（所有重原子对之间最少键数之和）？",
            "把 {smiles} 中所有非氢原子对（无序）的最短键距相加。",
            "维纳指数：{smiles}",
        ),
    ),
    Task(
        id="chem.rule_of_five_counts",
        title="Donor hydrogens, acceptors and rotatable bonds",
        knob="heavy atoms",
        draw=_polar,
        solve=_lipinski,
        second=_lipinski_by_ring_walk,
        answer=Integers(),
        show=_tagged,
        en=(
            "For {smiles} give three integers: the hydrogens bound to N or O, the number of N and "
            "O atoms, and the number of single bonds outside rings both of whose heavy atoms have "
            "another heavy neighbour.",
            "Count in {smiles}: N-H plus O-H hydrogens; N plus O atoms; rotatable bonds (single, "
            "not in a ring, no end atom).",
            "Donor H, acceptors N+O, rotatable bonds: {smiles}",
        ),
        zh=(
            "对 {smiles} 依次写出三个整数：连在 N 或 O 上的氢数；N 与 O 原子数；"
            "不在环中且两端重原子都另有重原子邻居的单键数。",
            "在 {smiles} 中数出：N-H 与 O-H 氢；N 与 O 原子；可旋转键（单键，不在环中，非末端）。",
            "供体氢、受体 N+O、可旋转键：{smiles}",
        ),
    ),
)
