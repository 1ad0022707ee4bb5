"""Ask which molecule a drawing shows.

Run: `python examples/read_molecule_drawing.py [--model NAME] [--smiles SMILES]`. RDKit draws the
molecule and, if the answer holds a SMILES, says whether it is the same one.
"""

import argparse
import re
from collections.abc import Sequence

from PIL import Image
from rdkit import Chem
from rdkit.Chem import Draw
from tiny_checkpoint import MOLECULES, answer, load

QUESTION = "Which molecule is drawn here? Answer with its SMILES."


def draw(smiles: str, side: int = 448) -> Image.Image:
    """Draw a molecule; the error of a string that is none names it."""
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        raise SystemExit(f"{smiles!r} is not a SMILES that RDKit understands.")
    return Draw.MolToImage(molecule, size=(side, side)).convert("RGB")


def same_molecule(reply: str, smiles: str) -> bool:
    """Whether the first tagged SMILES of a reply is the molecule, however it is written."""
    found = re.search(r"<SMILES>(.{1,500}?)</SMILES>", reply)
    molecule = Chem.MolFromSmiles(found.group(1)) if found else None
    return molecule is not None and Chem.MolToSmiles(molecule) == Chem.CanonSmiles(smiles)


def main(argv: Sequence[str] | None = None) -> bool:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model")
    parser.add_argument("--smiles", default=MOLECULES["aspirin"])
    parser.add_argument("--max-new-tokens", type=int, default=24)
    arguments = parser.parse_args(argv)
    image = draw(arguments.smiles)
    model, processor = load(arguments.model)
    content = [{"type": "image", "image": image}, {"type": "text", "text": QUESTION}]
    reply = answer(model, processor, content, arguments.max_new_tokens)
    correct = same_molecule(reply, arguments.smiles)
    print(f"answer: {reply}\nsame molecule: {correct}")
    return correct


if __name__ == "__main__":
    main()
