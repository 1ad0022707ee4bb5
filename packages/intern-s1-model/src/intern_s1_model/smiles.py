r"""Syntax and valence check of SMILES strings, without a chemistry library.

One rule decides everywhere whether untagged text is a molecule, so that the same text gives the
same token ids on every machine. The check is a single pass: atoms, bonds, branches and ring
closures must be well formed (OpenSMILES), every ring and branch must close, and the bonds of the
unbracketed atoms must fit their valence. It accepts and rejects nearly what RDKit does; what it
does not do is search for a Kekulé structure.
"""

import re

# A bracket atom: isotope, symbol, chirality, hydrogens, charge, atom class.
_ELEMENTS = (
    r"He|Li|Be|Ne|Na|Mg|Al|Si|Cl|Ar|Ca|Sc|Ti|Cr|Mn|Fe|Co|Ni|Cu|Zn|"
    r"Ga|Ge|As|Se|Br|Kr|Rb|Sr|Zr|Nb|Mo|Tc|Ru|Rh|Pd|Ag|Cd|In|Sn|Sb|"
    r"Te|Xe|Cs|Ba|La|Ce|Pr|Nd|Pm|Sm|Eu|Gd|Tb|Dy|Ho|Er|Tm|Yb|Lu|Hf|"
    r"Ta|Re|Os|Ir|Pt|Au|Hg|Tl|Pb|Bi|Po|At|Rn|Fr|Ra|Ac|Th|Pa|Np|Pu|"
    r"Am|Cm|Bk|Cf|Es|Fm|Md|No|Lr|Rf|Db|Sg|Bh|Hs|Mt|Ds|Rg|Cn|Nh|Fl|"
    r"Mc|Lv|Ts|Og|H|B|C|N|O|F|P|S|K|V|Y|I|W|U"
)
_BRACKET_ATOM = re.compile(
    r"\[\d{0,3}(?P<symbol>"
    + _ELEMENTS
    + r"|se|as|te|si|b|c|n|o|p|s|\*)(?:@(?:@|(?:TH|AL|SP|TB|OH)\d{1,2})?)?(?P<hydrogens>H\d?)?"
    r"(?P<charge>\+{1,4}|-{1,4}|[+-]\d{1,2})?(?::\d{1,4})?\]"
)
_TOKEN = re.compile(
    _BRACKET_ATOM.pattern
    + r"|(?P<atom>Cl|Br|[BCNOPSFIbcnops*])"
    + r"|(?P<bond>[-=#$:/\\])|(?P<ring>%\d\d|\d)|(?P<open>\()|(?P<close>\))|(?P<dot>\.)"
)
_PUNCTUATION = frozenset(("ring", "open", "close", "dot"))
# Largest sum of bond orders of an unbracketed atom; aromatic atoms count neighbours only.
_VALENCE = {"B": 3, "C": 4, "N": 3, "O": 2, "P": 5, "S": 6, "F": 1, "Cl": 1, "Br": 1, "I": 5}
_AROMATIC_NEIGHBOURS = {"b": 3, "c": 3, "n": 3, "o": 2, "p": 3, "s": 3}
# The same for bracketed atoms of common elements, hydrogens included, by charge.
_BRACKET_VALENCE = {
    ("C", 0): 4,
    ("C", 1): 3,
    ("C", -1): 3,
    ("N", 0): 3,
    ("N", 1): 4,
    ("N", -1): 2,
    ("O", 0): 2,
    ("O", 1): 3,
    ("O", -1): 1,
}
_ORDER = {"": 1, "-": 1, "=": 2, "#": 3, "$": 4, ":": 1, "/": 1, "\\": 1}
_ANY = 1000  # more than any sum of bond orders: the valence of what has no entry above


def is_smiles(text: str) -> bool:
    """Say whether a string is one well-formed SMILES (or several, joined by dots).

    Args:
        text: Candidate, any string.

    Returns:
        True if every token, branch, ring and valence is in order. Time is linear in the length.

    Source: OpenSMILES specification 1.0, grammar and valence sections. Differs: aromatic atoms are
    checked for neighbours and for lying on a ring bond, not for a Kekulé structure.
    """
    return _Molecule().read(text)


class _Molecule:
    """State of one reading pass: the atoms so far, the open branches and rings."""

    def __init__(self) -> None:
        self.symbols: list[str | None] = []  # None: bracketed, valence unchecked
        self.aromatic: list[int] = []
        self.orders: list[int] = []
        self.degrees: list[int] = []
        self.limits: dict[int, int] = {}  # of bracketed atoms whose valence is known
        self.parents: list[int] = []  # the atom before each one in its chain, or -1
        self.ring_bonds: set[tuple[int, int]] = set()  # lower atom first
        self.branches: list[int] = []
        self.rings: dict[str, tuple[int, str]] = {}
        self.previous = -1
        self.bond = ""

    def read(self, text: str) -> bool:
        position, kind = 0, ""
        for match in _TOKEN.finditer(text):
            if match.start() != position:
                return False
            position, previous_kind = match.end(), kind
            kind = match.lastgroup
            if kind == "atom":
                self._add_atom(match[0], match[0])
            elif kind == "bond":
                if self.previous < 0 or self.bond:
                    return False
                self.bond = match[0]
            elif kind in _PUNCTUATION:
                if not self._take(kind, match[0], previous_kind):
                    return False
            else:  # a bracketed atom, whose last group may be its hydrogens or its charge
                kind = "symbol"
                self._limit_bracketed(match)
                self._add_atom(None, match["symbol"])
        return (
            position == len(text)
            and not (self.branches or self.rings or self.bond)
            and kind not in ("", "dot", "open")
            and self._valences_fit()
            and self._aromatic_atoms_lie_in_rings()
        )

    def _take(self, kind: str, value: str, previous_kind: str) -> bool:
        if self.previous < 0 or (self.bond and kind != "ring"):
            return False
        if kind == "ring":
            return previous_kind != "close" and self._close_ring(value)
        if previous_kind == "open":
            return False
        if kind == "open":
            self.branches.append(self.previous)
        elif kind == "close":
            if not self.branches:
                return False
            self.previous = self.branches.pop()
        else:
            self.previous = -1
        return True

    def _add_atom(self, valence_symbol: str | None, symbol: str) -> None:
        index, previous = len(self.symbols), self.previous
        self.symbols.append(valence_symbol)
        self.parents.append(previous)
        if symbol[0].islower():
            self.aromatic.append(index)
        if previous < 0:
            self.orders.append(0)
            self.degrees.append(0)
        else:
            order = _ORDER[self.bond]
            self.orders[previous] += order
            self.degrees[previous] += 1
            self.orders.append(order)
            self.degrees.append(1)
        self.previous, self.bond = index, ""

    def _limit_bracketed(self, match: re.Match[str]) -> None:
        """Note how many bond orders the bracketed atom about to be added may have."""
        charge, hydrogens = match["charge"] or "", match["hydrogens"] or ""
        number = int(charge[1:]) if charge[1:].isdigit() else len(charge)
        key = (match["symbol"], -number if charge.startswith("-") else number)
        if key in _BRACKET_VALENCE:
            held = int(hydrogens[1:] or 1) if hydrogens else 0
            self.limits[len(self.symbols)] = _BRACKET_VALENCE[key] - held

    def _close_ring(self, label: str) -> bool:
        label = label.lstrip("%").lstrip("0") or "0"
        opened = self.rings.pop(label, None)
        if opened is None:
            self.rings[label] = (self.previous, self.bond)
            self.bond = ""
            return True
        other, other_bond = opened
        bond, self.bond = self.bond or other_bond, ""
        low, high = sorted((other, self.previous))
        if low == high or self.parents[high] == low or (low, high) in self.ring_bonds:
            return False
        order = _ORDER[bond]
        if other_bond and bond != other_bond and order != _ORDER[other_bond]:
            return False
        for atom in (low, high):
            self.orders[atom] += order
            self.degrees[atom] += 1
        self.ring_bonds.add((low, high))
        return True

    def _valences_fit(self) -> bool:
        if any(self.orders[atom] > limit for atom, limit in self.limits.items()):
            return False
        for symbol, order, degree in zip(self.symbols, self.orders, self.degrees, strict=True):
            if order > _VALENCE.get(symbol, _ANY):
                return False
            if degree > _AROMATIC_NEIGHBOURS.get(symbol, _ANY):
                return False
        return True

    def _aromatic_atoms_lie_in_rings(self) -> bool:
        """Strip atoms of degree one until none is left: rings and the bridges between them stay."""
        if not self.aromatic:
            return True
        neighbours: list[list[int]] = [[] for _ in self.symbols]
        chain = ((low, high) for high, low in enumerate(self.parents) if low >= 0)
        for first, second in (*chain, *self.ring_bonds):
            neighbours[first].append(second)
            neighbours[second].append(first)
        degrees, aromatic = self.degrees, set(self.aromatic)
        leaves = [atom for atom, degree in enumerate(degrees) if degree <= 1]
        while leaves:
            atom = leaves.pop()
            if atom in aromatic:
                return False
            degrees[atom] = 0
            for other in neighbours[atom]:
                if degrees[other] > 0:
                    degrees[other] -= 1
                    if degrees[other] == 1:
                        leaves.append(other)
        return True
