"""A tiny, untrained Intern-S1 and its processor, so that the examples run anywhere in seconds.

Run: `python examples/tiny_checkpoint.py FOLDER` writes one that `from_pretrained` reads. The other
examples take `--model FOLDER_OR_HUB_NAME`; without it they use the tiny model, whose answers mean
nothing.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

import intern_s1_model as im

# Common name and SMILES.
MOLECULES = {
    "ethanol": "CCO",
    "acetone": "CC(C)=O",
    "acetic acid": "CC(=O)O",
    "benzene": "c1ccccc1",
    "toluene": "Cc1ccccc1",
    "phenol": "Oc1ccccc1",
    "aniline": "Nc1ccccc1",
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "paracetamol": "CC(=O)Nc1ccc(O)cc1",
    "ibuprofen": "CC(C)Cc1ccc(cc1)C(C)C(=O)O",
    "caffeine": "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
    "nicotine": "CN1CCCC1c1cccnc1",
    "glycine": "NCC(=O)O",
    "alanine": "CC(N)C(=O)O",
    "urea": "NC(N)=O",
    "vanillin": "COc1cc(C=O)ccc1O",
}


def build_tiny() -> tuple[im.InternS1ForConditionalGeneration, im.InternS1Processor]:
    """Train a tokenizer on a few sentences and draw random weights around it."""
    texts = [
        f"user asks: which molecule is {name}? assistant: {name} is <SMILES>{smiles}</SMILES>. "
        "The series shows beats, noise, a spectrum or a curve."
        for name, smiles in MOLECULES.items()
    ]
    tokenizer = im.train_tokenizer(texts * 4, vocab_size=400)
    torch.manual_seed(0)
    config = im.InternS1Config.preset("tiny", tokenizer=tokenizer)
    model = im.InternS1ForConditionalGeneration(config)
    return model, im.InternS1Processor.for_config(config, tokenizer)


def load(name: str | None) -> tuple[Any, Any]:
    """Load a model and its processor from a folder or the hub, or the tiny ones."""
    if name is None:
        return build_tiny()
    return AutoModelForImageTextToText.from_pretrained(name), AutoProcessor.from_pretrained(name)


def answer(model: Any, processor: Any, content: Sequence[dict], max_new_tokens: int) -> str:
    """Send one user message and return the model's answer."""
    inputs = processor.apply_chat_template(
        [{"role": "user", "content": list(content)}],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    ids = model.eval().generate(**inputs, max_new_tokens=max_new_tokens, do_sample=False)
    return processor.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args(argv).folder
    model, processor = build_tiny()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    print(f"wrote {sum(p.numel() for p in model.parameters()):,} parameters to {folder}")


if __name__ == "__main__":
    main()
