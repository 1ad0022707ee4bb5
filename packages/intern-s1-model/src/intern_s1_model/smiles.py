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
_ORDER = {"-": 1, "=": 2, "#": 3, "$": 4, ":": 1, "/": 1, "\\": 1}


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
        self.aromatic: list[bool] = []
        self.orders: list[int] = []
        self.degrees: list[int] = []
        self.limits: dict[int, int] = {}  # of bracketed atoms whose valence is known
        self.edges: set[tuple[int, int]] = set()
        self.branches: list[int] = []
        self.rings: dict[str, tuple[int, str]] = {}
        self.previous = -1
        self.bond = ""

    def read(self, text: str) -> bool:
        position, previous_kind = 0, ""
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                return False
            kind = "symbol" if match.group("symbol") else str(match.lastgroup)
            if not self._take(kind, match.group(kind), previous_kind):
                return False
            if kind == "symbol":
                self._limit_bracketed(match)
            previous_kind, position = kind, match.end()
        return (
            not (self.branches or self.rings or self.bond)
            and previous_kind not in ("", "dot", "open")
            and self._valences_fit()
            and self._aromatic_atoms_lie_in_rings()
        )

    def _take(self, kind: str, value: str, previous_kind: str) -> bool:
        if kind in ("symbol", "atom"):
            return self._add_atom(value, bracketed=kind == "symbol")
        if self.previous < 0 or (self.bond and kind != "ring"):
            return False
        if kind == "bond":
            self.bond = value
        elif kind == "ring":
            return previous_kind != "close" and self._close_ring(value)
        elif kind == "open":
            self.branches.append(self.previous)
            return previous_kind != "open"
        elif kind == "close":
            if not self.branches or previous_kind == "open":
                return False
            self.previous = self.branches.pop()
        else:
            if self.branches and previous_kind == "open":
                return False
            self.previous = -1
        return True

    def _add_atom(self, symbol: str, *, bracketed: bool) -> bool:
        index = len(self.symbols)
        self.symbols.append(None if bracketed else symbol)
        self.aromatic.append(symbol[0].islower())
        self.orders.append(0)
        self.degrees.append(0)
        if self.previous >= 0:
            self._connect(self.previous, index, self.bond)
        elif self.bond:
            return False
        self.previous, self.bond = index, ""
        return True

    def _limit_bracketed(self, match: re.Match[str]) -> None:
        """Note how many bond orders the bracketed atom just read may have."""
        charge, hydrogens = match.group("charge") or "", match.group("hydrogens") or ""
        number = int(charge[1:]) if charge[1:].isdigit() else len(charge)
        key = (match.group("symbol"), -number if charge.startswith("-") else number)
        if key in _BRACKET_VALENCE:
            held = int(hydrogens[1:] or 1) if hydrogens else 0
            self.limits[len(self.symbols) - 1] = _BRACKET_VALENCE[key] - held

    def _close_ring(self, label: str) -> bool:
        label = label.lstrip("%").lstrip("0") or "0"
        opened = self.rings.pop(label, None)
        if opened is None:
            self.rings[label] = (self.previous, self.bond)
            self.bond = ""
            return True
        other, other_bond = opened
        bond, self.bond = self.bond or other_bond, ""
        if (
            other == self.previous
            or (min(other, self.previous), max(other, self.previous)) in self.edges
        ):
            return False
        if other_bond and bond != other_bond and _ORDER[bond] != _ORDER[other_bond]:
            return False
        self._connect(other, self.previous, bond)
        return True

    def _connect(self, first: int, second: int, bond: str) -> None:
        order = _ORDER.get(bond, 1)
        for atom in (first, second):
            self.orders[atom] += order
            self.degrees[atom] += 1
        self.edges.add((min(first, second), max(first, second)))

    def _valences_fit(self) -> bool:
        if any(self.orders[atom] > limit for atom, limit in self.limits.items()):
            return False
        for symbol, order, degree in zip(self.symbols, self.orders, self.degrees, strict=True):
            if symbol in _VALENCE and order > _VALENCE[symbol]:
                return False
            if symbol in _AROMATIC_NEIGHBOURS and degree > _AROMATIC_NEIGHBOURS[symbol]:
                return False
        return True

    def _aromatic_atoms_lie_in_rings(self) -> bool:
        """Strip atoms of degree one until none is left: rings and the bridges between them stay."""
        if not any(self.aromatic):
            return True
        neighbours: list[list[int]] = [[] for _ in self.symbols]
        for first, second in self.edges:
            neighbours[first].append(second)
            neighbours[second].append(first)
        degrees = [len(n) for n in neighbours]
        leaves = [atom for atom, degree in enumerate(degrees) if degree <= 1]
        while leaves:
            atom = leaves.pop()
            if self.aromatic[atom]:
                return False
            degrees[atom] = 0
            for other in neighbours[atom]:
                if degrees[other] > 0:
                    degrees[other] -= 1
                    if degrees[other] == 1:
                        leaves.append(other)
        return True
