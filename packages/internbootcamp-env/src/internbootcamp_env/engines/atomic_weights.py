"""Standard atomic weights, abridged to five significant digits.

Source: IUPAC Commission on Isotopic Abundances and Atomic Weights, abridged values of 2021.
Monoisotopic masses: Atomic Mass Evaluation 2020, of the most abundant isotopes.
"""

from collections.abc import Mapping

ATOMIC_WEIGHTS = {
    "H": 1.008, "He": 4.0026, "Li": 6.94, "Be": 9.0122, "B": 10.81, "C": 12.011, "N": 14.007,
    "O": 15.999, "F": 18.998, "Ne": 20.180, "Na": 22.990, "Mg": 24.305, "Al": 26.982,
    "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45, "Ar": 39.95, "K": 39.098, "Ca": 40.078,
    "Sc": 44.956, "Ti": 47.867, "V": 50.942, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845,
    "Co": 58.933, "Ni": 58.693, "Cu": 63.546, "Zn": 65.38, "Ga": 69.723, "Ge": 72.630,
    "As": 74.922, "Se": 78.971, "Br": 79.904, "Kr": 83.798, "Rb": 85.468, "Sr": 87.62,
    "Y": 88.906, "Zr": 91.224, "Mo": 95.95, "Ag": 107.87, "Cd": 112.41, "In": 114.82,
    "Sn": 118.71, "Sb": 121.76, "Te": 127.60, "I": 126.90, "Xe": 131.29, "Cs": 132.91,
    "Ba": 137.33, "La": 138.91, "Hf": 178.49, "W": 183.84, "Pt": 195.08, "Au": 196.97,
    "Hg": 200.59, "Pb": 207.2, "Bi": 208.98, "Th": 232.04,
}  # fmt: skip
"""Relative atomic mass, which is the molar mass in g/mol."""

MONOISOTOPIC = {
    "H": 1.00782503, "C": 12.0, "N": 14.0030740, "O": 15.9949146, "S": 31.9720712,
}  # fmt: skip
"""Mass in Da of the most abundant isotope."""


def molar_mass(counts: Mapping[str, int]) -> float:
    """Return the molar mass in g/mol of a composition."""
    return sum(ATOMIC_WEIGHTS[element] * count for element, count in counts.items())
