"""Molecules through RDKit: checking a SMILES, counting what is in it, drawing it.

The only module that imports RDKit.
"""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rdkit import Chem, rdBase
from rdkit.Chem import rdMolDescriptors
from rdkit.Chem.Draw import rdMolDraw2D

# Drawn at this multiple of the wanted size and scaled down: bonds stay thin, letters readable.
OVERSAMPLING = 4


@dataclass(frozen=True, kw_only=True)
class Molecule:
    """What a SMILES says, as RDKit reads it.

    Attributes:
        canonical_smiles: RDKit's canonical form; equal for equal molecules.
        formula: Molecular formula in Hill order, with a charge such as `+2` if there is one.
        num_heavy_atoms: Atoms other than hydrogen.
        num_rings: Smallest rings.
        num_fragments: Parts that no bond joins.
        graph: RDKit's own object, for drawing.
    """

    canonical_smiles: str
    formula: str
    num_heavy_atoms: int
    num_rings: int
    num_fragments: int
    graph: Any


def read_smiles(smiles: str) -> Molecule | None:
    """Read a SMILES; None if RDKit finds it impossible (a wrong valence, an open ring)."""
    with rdBase.BlockLogs():
        graph = Chem.MolFromSmiles(smiles)
    if graph is None or graph.GetNumAtoms() == 0:
        return None
    return Molecule(
        canonical_smiles=Chem.MolToSmiles(graph),
        formula=rdMolDescriptors.CalcMolFormula(graph),
        num_heavy_atoms=graph.GetNumHeavyAtoms(),
        num_rings=rdMolDescriptors.CalcNumRings(graph),
        num_fragments=len(Chem.GetMolFrags(graph)),
        graph=graph,
    )


def draw(molecule: Molecule, size: int) -> NDArray[np.uint8]:
    """Draw a molecule as a skeletal formula, black on white.

    Args:
        molecule: What `read_smiles` gave.
        size: Height and width in pixels.

    Returns:
        Picture, uint8, [size, size, 3].
    """
    canvas = rdMolDraw2D.MolDraw2DCairo(size * OVERSAMPLING, size * OVERSAMPLING)
    options = canvas.drawOptions()
    options.useBWAtomPalette()
    options.padding = 0.04
    options.minFontSize = 5 * OVERSAMPLING
    options.bondLineWidth = OVERSAMPLING
    rdMolDraw2D.PrepareAndDrawMolecule(canvas, molecule.graph)
    canvas.FinishDrawing()
    picture = Image.open(io.BytesIO(canvas.GetDrawingText())).convert("RGB")
    return np.array(picture.resize((size, size), Image.Resampling.BOX))
