r"""Small organic molecules as graphs, and the SMILES notation for them.

Source: the OpenSMILES specification for the notation and the normal valences. `parse` reads a
bounded subset: organic-subset atoms, aromatic `b c n o p s`, bracket atoms, the bonds
`- = # : / \\`, branches, ring numbers and dots. `write` and `random_molecule` make Kekulé
SMILES whose implicit hydrogens follow from the normal valences.
"""

import re
from dataclasses import dataclass, field

from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.elements import NUMBER
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer

MAX_CHARS = 4_000
VALENCE = {"C": 4, "N": 3, "O": 2, "S": 2, "F": 1, "Cl": 1, "Br": 1, "P": 3, "B": 3, "I": 1}
_HIGHER = {"N": (3, 5), "P": (3, 5), "S": (2, 4, 6)}
_ORDERS = {"-": 1, "=": 2, "#": 3, ":": 1, "/": 1, "\\": 1}
_MARKS = {1: "", 2: "=", 3: "#"}
_BRACKET = re.compile(
    r"\[[0-9]{0,3}([A-Z][a-z]?|[bcnops])@{0,2}(?:H([0-9]?))?([+-][0-9]?|\+\+|--)?\]", re.ASCII
)
_ATOM = re.compile(r"Cl|Br|[BCNOPSFI]|[bcnops]", re.ASCII)


@dataclass
class Atom:
    """One heavy atom: element symbol, charge, aromatic flag, hydrogens if written out."""

    symbol: str
    charge: int = 0
    aromatic: bool = False
    written_hydrogens: int | None = None


@dataclass
class Molecule:
    """Atoms and bonds; a bond is (first atom, second atom, order)."""

    atoms: list[Atom] = field(default_factory=list)
    bonds: list[tuple[int, int, int]] = field(default_factory=list)

    def order_sum(self, index: int) -> int:
        """Return the sum of the bond orders at an atom."""
        return sum(order for a, b, order in self.bonds if index in (a, b))

    def hydrogens(self, index: int) -> int:
        """Return the number of hydrogens on an atom, written or implied by its valence."""
        atom = self.atoms[index]
        if atom.written_hydrogens is not None:
            return atom.written_hydrogens
        used = self.order_sum(index) + atom.aromatic
        choices = _HIGHER.get(atom.symbol, (VALENCE[atom.symbol],))
        return next((valence - used for valence in choices if valence >= used), 0)

    def all_hydrogens(self) -> list[int]:
        """Return `hydrogens` of every atom, in time linear in the bonds."""
        used = [int(atom.aromatic) for atom in self.atoms]
        for a, b, order in self.bonds:
            used[a] += order
            used[b] += order
        counts = []
        for atom, bonds in zip(self.atoms, used, strict=True):
            if atom.written_hydrogens is not None:
                counts.append(atom.written_hydrogens)
            else:
                choices = _HIGHER.get(atom.symbol, (VALENCE[atom.symbol],))
                counts.append(next((v - bonds for v in choices if v >= bonds), 0))
        return counts

    def composition(self) -> dict[str, int]:
        """Count the atoms of each element, hydrogens included."""
        counts: dict[str, int] = {}
        for atom, hydrogens in zip(self.atoms, self.all_hydrogens(), strict=True):
            counts[atom.symbol] = counts.get(atom.symbol, 0) + 1
            if hydrogens:
                counts["H"] = counts.get("H", 0) + hydrogens
        return counts

    def neighbours(self) -> list[list[int]]:
        """Return the adjacency lists."""
        lists: list[list[int]] = [[] for _ in self.atoms]
        for a, b, _ in self.bonds:
            lists[a].append(b)
            lists[b].append(a)
        return lists

    def num_components(self) -> int:
        """Return the number of connected parts."""
        neighbours, seen, parts = self.neighbours(), set(), 0
        for start in range(len(self.atoms)):
            if start in seen:
                continue
            parts += 1
            stack = [start]
            seen.add(start)
            while stack:
                for other in neighbours[stack.pop()]:
                    if other not in seen:
                        seen.add(other)
                        stack.append(other)
        return parts

    def num_rings(self) -> int:
        """Return the number of independent rings."""
        return len(self.bonds) - len(self.atoms) + self.num_components()


def parse(text: str) -> Molecule:
    """Read a SMILES string into a molecule.

    Raises:
        UnparsableAnswer: If the text is not in the subset described above.
        OverLimitAnswer: If it is longer than `MAX_CHARS`.
    """
    if len(text) > MAX_CHARS:
        raise OverLimitAnswer(f"SMILES of {len(text)} characters; at most {MAX_CHARS}")
    return _Reader(text).read()


class _Reader:
    """One pass over a SMILES string."""

    def __init__(self, text: str) -> None:
        self.text, self.place = text, 0
        self.molecule = Molecule()
        self.last: int | None = None
        self.order: int | None = None
        self.branches: list[int | None] = []
        self.open_rings: dict[int, tuple[int, int | None]] = {}
        self.pairs: set[frozenset[int]] = set()

    def read(self) -> Molecule:
        while self.place < len(self.text):
            self._step(self.text[self.place])
        if self.branches or self.open_rings or self.order is not None or self.last is None:
            raise UnparsableAnswer("a branch, ring or bond of the SMILES is left open")
        return self.molecule

    def _step(self, mark: str) -> None:
        if mark in _ORDERS and self.last is not None and self.order is None:
            self.order = _ORDERS[mark]
            self.place += 1
        elif mark == "(" and self.last is not None and self.order is None:
            self.branches.append(self.last)
            self.place += 1
        elif mark == ")" and self.branches and self.order is None:
            self.last = self.branches.pop()
            self.place += 1
        elif mark == "." and self.order is None and self.last is not None and not self.branches:
            self.last = None
            self.place += 1
        elif mark.isdigit() or mark == "%":
            self._ring()
        else:
            self._atom()

    def _ring(self) -> None:
        match = re.compile(r"%([0-9]{2})|([0-9])", re.ASCII).match(self.text, self.place)
        if not match or self.last is None:
            raise UnparsableAnswer("a ring number stands where none can stand")
        self.place = match.end()
        number = int(match.group(1) or match.group(2))
        if number not in self.open_rings:
            self.open_rings[number] = (self.last, self.order)
        else:
            other, order = self.open_rings.pop(number)
            if order and self.order and order != self.order:
                raise UnparsableAnswer(f"ring bond {number} has two different orders")
            self._bond(other, self.last, order or self.order or 1)
        self.order = None

    def _bond(self, first: int, second: int, order: int) -> None:
        pair = frozenset((first, second))
        if len(pair) == 1 or pair in self.pairs:
            raise UnparsableAnswer("two atoms are joined twice, or one to itself")
        self.pairs.add(pair)
        self.molecule.bonds.append((first, second, order))

    def _atom(self) -> None:
        if match := _BRACKET.match(self.text, self.place):
            symbol, hydrogens, charge = match.groups()
            count = 0 if hydrogens is None else int(hydrogens or 1)
            atom = Atom(symbol.capitalize(), _charge(charge), symbol.islower(), count)
        elif match := _ATOM.match(self.text, self.place):
            atom = Atom(match.group().capitalize(), aromatic=match.group().islower())
        else:
            raise UnparsableAnswer(f"{self.text[self.place]!r} cannot stand there in a SMILES")
        if atom.symbol not in NUMBER:
            raise UnparsableAnswer(f"{atom.symbol!r} is not an element")
        self.place = match.end()
        self.molecule.atoms.append(atom)
        index = len(self.molecule.atoms) - 1
        if self.last is not None:
            self._bond(self.last, index, self.order or 1)
        self.last, self.order = index, None


def _charge(text: str | None) -> int:
    if not text:
        return 0
    sign = 1 if text[0] == "+" else -1
    return sign * (len(text) if text[1:] in ("", "+", "-") else int(text[1:]))


def write(molecule: Molecule, start: int = 0) -> str:
    """Write a connected Kekulé molecule as SMILES, beginning at one atom."""
    orders = {frozenset((a, b)): order for a, b, order in molecule.bonds}
    neighbours = molecule.neighbours()
    children: dict[int, list[int]] = {}
    closures: dict[int, list[tuple[int, int]]] = {}
    seen: set[int] = set()
    rings = 0

    def visit(atom: int, parent: int) -> None:
        nonlocal rings
        seen.add(atom)
        children[atom] = []
        for other in neighbours[atom]:
            if other == parent:
                continue
            if other not in seen:
                children[atom].append(other)
                visit(other, atom)
            elif (other, atom) not in closed:
                closed.update({(other, atom), (atom, other)})
                rings += 1
                order = orders[frozenset((atom, other))]
                closures.setdefault(other, []).append((rings, order))
                closures.setdefault(atom, []).append((rings, order))

    closed: set[tuple[int, int]] = set()
    visit(start, -1)

    def emit(atom: int, mark: str, opened: set[int]) -> str:
        text = mark + molecule.atoms[atom].symbol
        for ring, order in closures.get(atom, []):
            number = str(ring) if ring < 10 else f"%{ring}"
            text += (_MARKS[order] if ring not in opened else "") + number
            opened.add(ring)
        parts = [
            emit(child, _MARKS[orders[frozenset((atom, child))]], opened)
            for child in children[atom]
        ]
        return text + "".join(f"({part})" for part in parts[:-1]) + "".join(parts[-1:])

    return emit(start, "", set())


def random_molecule(
    draws: Draws,
    atoms: int,
    *,
    rings: int = 0,
    double_bonds: int = 0,
    hetero: int = 0,
    branches: int | None = None,
) -> Molecule | None:
    """Draw a connected molecule, or None when the wanted features do not fit.

    Args:
        draws: Source of chance.
        atoms: Number of heavy atoms.
        rings: Number of ring-closing bonds; each makes a ring of five or six atoms.
        double_bonds: Number of double bonds.
        hetero: Number of atoms that are not carbon.
        branches: Number of side branches that `write` shall put in brackets, or None for any;
            only for molecules without rings.
    """
    molecule = Molecule()
    places = set(draws.sample(range(atoms), hetero))
    for index in range(atoms):
        symbol = draws.weighted("NOSFX", (4, 5, 1, 1, 1)) if index in places else "C"
        molecule.atoms.append(Atom("Cl" if symbol == "X" else symbol))
    free = [VALENCE[atom.symbol] for atom in molecule.atoms]
    forks = None if branches is None else set(draws.sample(range(2, atoms), branches))
    parents: set[int] = set()
    for index in range(1, atoms):
        hosts = [other for other in range(index) if free[other]]
        if forks is not None:
            hosts = [other for other in hosts if (other in parents) == (index in forks)]
        if not hosts or not free[index]:
            return None
        host = hosts[-1] if draws.chance(3, 5) else draws.pick(hosts)
        parents.add(host)
        _join(molecule, free, host, index)
    for _ in range(rings):
        pair = _ring_pair(draws, molecule, free)
        if pair is None:
            return None
        _join(molecule, free, *pair)
    for _ in range(double_bonds):
        places_left = [
            index
            for index, (a, b, order) in enumerate(molecule.bonds)
            if order == 1 and free[a] and free[b]
        ]
        if not places_left:
            return None
        index = draws.pick(places_left)
        a, b, _order = molecule.bonds[index]
        molecule.bonds[index] = (a, b, 2)
        free[a] -= 1
        free[b] -= 1
    return molecule


def _join(molecule: Molecule, free: list[int], first: int, second: int) -> None:
    molecule.bonds.append((first, second, 1))
    free[first] -= 1
    free[second] -= 1


def _ring_pair(draws: Draws, molecule: Molecule, free: list[int]) -> tuple[int, int] | None:
    """Pick two atoms with a free valence that are four or five bonds apart."""
    neighbours = molecule.neighbours()
    for start in draws.shuffled([index for index, left in enumerate(free) if left]):
        distance = {start: 0}
        layer = [start]
        for depth in range(1, 6):
            layer = [n for a in layer for n in neighbours[a] if n not in distance]
            distance.update(dict.fromkeys(layer, depth))
        ends = [other for other, depth in distance.items() if depth >= 4 and free[other]]
        if ends:
            return start, draws.pick(ends)
    return None
