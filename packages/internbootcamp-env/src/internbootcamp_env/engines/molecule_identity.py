"""Whether two molecules are the same, which atoms are equivalent, and SMILES as answers.

Colour refinement (Weisfeiler and Leman) on element, charge, hydrogens and bond orders narrows the
candidates; a backtracking search with a budget of `MAX_STEPS` settles the rest exactly. Stereo
marks are not looked at.
"""

from dataclasses import dataclass

from internbootcamp_env.draws import Draws
from internbootcamp_env.engines.smiles import Molecule, parse
from internbootcamp_env.errors import OverLimitAnswer, UnparsableAnswer

MAX_STEPS = 20_000
MAX_ATOMS = 200
Colours = list[int]


def _neighbours(molecule: Molecule) -> list[dict[int, int]]:
    lists: list[dict[int, int]] = [{} for _ in molecule.atoms]
    for a, b, order in molecule.bonds:
        lists[a][b] = lists[b][a] = order
    return lists


def _start(molecule: Molecule) -> list[tuple]:
    pairs = zip(molecule.atoms, molecule.all_hydrogens(), strict=True)
    return [(atom.symbol, atom.charge, atom.aromatic, count) for atom, count in pairs]


def colours(*molecules: Molecule) -> list[Colours]:
    """Refine the colours of all atoms together, so that they can be compared across molecules."""
    graphs = [_neighbours(molecule) for molecule in molecules]
    labels: list[list] = [_start(molecule) for molecule in molecules]
    count = 0
    while True:
        table: dict[object, int] = {}
        numbers = [[table.setdefault(x, len(table)) for x in labelling] for labelling in labels]
        if len(table) == count:
            return numbers
        count = len(table)
        labels = [
            [
                (own[i], tuple(sorted((order, own[j]) for j, order in graph[i].items())))
                for i in range(len(own))
            ]
            for own, graph in zip(numbers, graphs, strict=True)
        ]


def _maps(
    left: list[dict[int, int]],
    right: list[dict[int, int]],
    hues: tuple[Colours, Colours],
    pin: tuple[int, int] | None,
) -> bool:
    """Whether an isomorphism of the coloured graphs exists (that sends one atom to another)."""
    size = len(left)
    order: list[tuple[int, int]] = []
    seen: set[int] = set()
    roots = [pin[0]] if pin else []
    for root in [*roots, *range(size)]:
        queue = [(root, -1)] if root not in seen else []
        seen.add(root)
        for atom, parent in queue:
            order.append((atom, parent))
            fresh = [n for n in left[atom] if n not in seen]
            seen.update(fresh)
            queue += [(n, atom) for n in fresh]
    image: dict[int, int] = {}
    used: set[int] = set()
    steps = 0

    def extend(depth: int) -> bool:
        nonlocal steps
        if depth == size:
            return True
        atom, parent = order[depth]
        options = right[image[parent]] if parent >= 0 else range(size)
        if pin and depth == 0:
            options = [pin[1]]
        for other in options:
            steps += 1
            if steps > MAX_STEPS:
                raise OverLimitAnswer(f"molecules not told apart in {MAX_STEPS} steps")
            if other in used or hues[0][atom] != hues[1][other]:
                continue
            known = {image[n]: bond for n, bond in left[atom].items() if n in image}
            if known != {n: bond for n, bond in right[other].items() if n in used}:
                continue
            image[atom] = other
            used.add(other)
            if extend(depth + 1):
                return True
            del image[atom]
            used.discard(other)
        return False

    return extend(0)


def same(one: Molecule, other: Molecule) -> bool:
    """Whether two molecules are the same, stereochemistry left aside.

    Raises:
        OverLimitAnswer: If the search exceeds its budget.
    """
    if len(one.atoms) != len(other.atoms) or len(one.bonds) != len(other.bonds):
        return False
    if sorted(a.symbol for a in one.atoms) != sorted(a.symbol for a in other.atoms):
        return False
    first, second = colours(one, other)
    if sorted(first) != sorted(second):
        return False
    return _maps(_neighbours(one), _neighbours(other), (first, second), None)


def environments(molecule: Molecule) -> list[int]:
    """Return for every atom the least atom that a symmetry of the graph sends it to."""
    (hues,) = colours(molecule)
    graph = _neighbours(molecule)
    least: list[int] = []
    for atom in range(len(hues)):
        earlier = (o for o in sorted(set(least)) if hues[o] == hues[atom])
        least.append(
            next((o for o in earlier if _maps(graph, graph, (hues, hues), (atom, o))), atom)
        )
    return least


def wiener(molecule: Molecule) -> int:
    """Return the sum of the distances, in bonds, of all pairs of heavy atoms."""
    graph, total = _neighbours(molecule), 0
    for start in range(len(graph)):
        distance = {start: 0}
        queue = [start]
        for atom in queue:
            for other in graph[atom]:
                if other not in distance:
                    distance[other] = distance[atom] + 1
                    queue.append(other)
        total += sum(distance.values())
    return total // 2


@dataclass(frozen=True)
class Smiles:
    """A SMILES string of at most `MAX_ATOMS` heavy atoms, kept as written."""

    multiline = False

    def parse(self, text: str) -> str:
        """Read a SMILES, with or without `<SMILES>` tags around it."""
        text = text.removeprefix("<SMILES>").removesuffix("</SMILES>").strip()
        if len(text) > 20 * MAX_ATOMS:
            raise OverLimitAnswer(f"SMILES of {len(text)} characters")
        if len(parse(text).atoms) > MAX_ATOMS:
            raise OverLimitAnswer(f"more than {MAX_ATOMS} heavy atoms")
        return text

    def format(self, value: str) -> str:
        """Write the SMILES."""
        return value

    def describe(self, lang: str) -> str:
        """Ask for one SMILES string."""
        return {
            "en": "The answer is one SMILES string (any valid writing, hydrogens implicit).",
            "zh": "答案是一个 SMILES 字符串（任何正确写法均可，氢可隐含）。",
        }[lang]

    def near(self, value: str, draws: Draws) -> list[str]:
        """One carbon more, one letter lost."""
        longer = [value + "C", "C" + value]
        for place in range(len(value)):
            shorter = value[:place] + value[place + 1 :]
            try:
                parse(shorter)
            except (UnparsableAnswer, OverLimitAnswer):
                continue
            longer.append(shorter)
        return longer[:5]
