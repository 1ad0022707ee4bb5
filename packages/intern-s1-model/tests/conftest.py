"""Shared, tiny inputs: a corpus, a tokenizer trained on it, a model of the tiny preset."""

import copy
import random

import pytest
import torch

import intern_s1_model as im

WORDS = "the mass of water is benzene reacts with acid energy protein system and heat"
SMILES_PARTS = ["C", "CC", "C(=O)", "O", "N", "c1ccccc1", "C1CCCCC1", "C(C)", "[NH3+]", "C=C"]
AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"


def make_document(index: int) -> str:
    rng = random.Random(f"document/{index}")
    prose = " ".join(rng.choice(WORDS.split(" ")) for _ in range(15))
    molecule = "".join(rng.choice(SMILES_PARTS) for _ in range(6))
    sequence = "".join(rng.choice(AMINO_ACIDS) for _ in range(35))
    return (
        f"{prose} <SMILES>{molecule}</SMILES> é 你好 <IUPAC>2-methylpropan-{index % 9}-ol</IUPAC> "
        f"<FASTA>{sequence}</FASTA> costs 2.5\n\n"
    )


@pytest.fixture(scope="session")
def documents() -> list[str]:
    return [make_document(index) for index in range(300)]


@pytest.fixture(scope="session")
def tokenizer(documents):
    return im.train_tokenizer(documents, vocab_size=512)


@pytest.fixture(scope="session")
def config(tokenizer):
    return im.InternS1Config.preset("tiny", tokenizer=tokenizer)


@pytest.fixture
def model(config):
    torch.manual_seed(0)
    # A copy: a model writes its choice of experts and attention into the configuration.
    return im.InternS1ForConditionalGeneration(copy.deepcopy(config)).eval()
