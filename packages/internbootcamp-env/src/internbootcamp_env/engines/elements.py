"""Chemical elements: symbols, valence electrons, and common ions.

Source: IUPAC periodic table; charges of common ions as in any general chemistry text.
"""

_TABLE = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se "
    "Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb "
    "Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm "
    "Bk Cf Es Fm Md No Lr Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og"
)
SYMBOLS = _TABLE.split()
"""Symbols in order of atomic number; `SYMBOLS[0]` is hydrogen."""

NUMBER = {symbol: number for number, symbol in enumerate(SYMBOLS, start=1)}
"""Atomic number of each symbol."""

VALENCE_ELECTRONS = {
    "H": 1, "Li": 1, "Na": 1, "K": 1, "Be": 2, "Mg": 2, "Ca": 2, "B": 3, "Al": 3, "C": 4,
    "Si": 4, "N": 5, "P": 5, "O": 6, "S": 6, "F": 7, "Cl": 7, "Br": 7, "I": 7,
}  # fmt: skip
"""Electrons in the outer shell of main-group elements."""

CATIONS = {
    "Li": 1, "Na": 1, "K": 1, "Rb": 1, "Cs": 1, "Ag": 1, "NH4": 1, "Be": 2, "Mg": 2, "Ca": 2,
    "Sr": 2, "Ba": 2, "Zn": 2, "Cd": 2, "Fe": 3, "Cu": 2, "Ni": 2, "Co": 2, "Mn": 2, "Pb": 2,
    "Hg": 2, "Al": 3, "Ga": 3, "In": 3, "Sc": 3, "Y": 3, "La": 3, "Cr": 3, "Ti": 4, "Zr": 4,
    "Th": 4, "Hf": 4,
}  # fmt: skip
"""Charge of common cations (one common charge where several exist)."""

ANIONS = {
    "F": 1, "Cl": 1, "Br": 1, "I": 1, "OH": 1, "NO3": 1, "NO2": 1, "CN": 1, "SCN": 1, "ClO": 1,
    "ClO3": 1, "ClO4": 1, "BrO3": 1, "IO3": 1, "HCO3": 1, "MnO4": 1, "H2PO4": 1, "O": 2, "S": 2,
    "Se": 2, "SO3": 2, "SO4": 2, "S2O3": 2, "CO3": 2, "CrO4": 2, "Cr2O7": 2, "C2O4": 2,
    "HPO4": 2, "SiO3": 2, "WO4": 2, "N": 3, "P": 3, "PO4": 3, "AsO4": 3, "BO3": 3,
}  # fmt: skip
"""Magnitude of the negative charge of common anions."""
