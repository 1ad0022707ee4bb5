"""The published tokenizer's test vector, on vocabularies rebuilt around its ids.

The published vocabularies are not part of this package. The vector names 18 ids; the vocabularies
here put the strings it implies at those ids and fill the rest, so what is tested is everything but
the vocabularies: layout of ids, tags, detection, splitting around molecules, choice of vocabulary.
"""

import json

import pytest

from intern_s1_model import InternS1Tokenizer
from intern_s1_model.sentencepiece_file import NORMAL, PieceModel, write_piece_model
from intern_s1_model.tokenization_intern_s1 import _byte_of_character

TEXT = "Describe <SMILES>C1=CC=C(C=C1)C=O</SMILES> and CC1=CC=CC=C1C=O"
IDS = [74785, 220, 151925, 151854, 151860, 151698, 151707, 151860, 151690, 151726, 151926]
IDS += [323, 220, 151672, 151860, 151701, 151860, 151854, 151726]
PIECES = {3: "CC1", 21: "C1)", 29: "CC=C", 32: "CC=CC", 38: "(C", 57: "C=O", 185: "C1", 191: "="}


def filled(size: int, known: dict[int, str], name: str) -> list[str]:
    return [known.get(index, f"\ue000{name}{index}") for index in range(size)]


def write_pieces(folder, domain: str, size: int, known: dict[int, str]) -> str:
    pieces = filled(size, known, domain)
    model = PieceModel(
        pieces=tuple(pieces),
        scores=tuple(-5.0 if index in known else -50.0 for index in range(size)),
        types=(NORMAL,) * size,
    )
    write_piece_model(model, folder / f"tokenizer_{domain}.model")
    return str(folder / f"tokenizer_{domain}.model")


@pytest.fixture(scope="module")
def published_layout(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    merges = [("D", "e"), ("De", "s"), ("Des", "c"), ("Desc", "r"), ("Descr", "i"), ("Descri", "b")]
    merges += [("Describ", "e"), ("Ġ", "a"), ("n", "d"), ("Ġa", "nd")]
    alphabet = dict(enumerate(_byte_of_character()))
    alphabet[220], alphabet[[*alphabet.values()].index("Ġ")] = "Ġ", alphabet[220]
    inner = [a + b for a, b in merges if a + b not in ("Describe", "Ġand")]
    known = alphabet | dict(enumerate(inner, start=300)) | {74785: "Describe", 323: "Ġand"}
    vocab = {token: index for index, token in enumerate(filled(151643, known, "base"))}
    (folder / "vocab.json").write_text(json.dumps(vocab), "utf-8")
    (folder / "merges.txt").write_text("\n".join(map(" ".join, merges)), "utf-8")
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    special += [f"<|reserved_{index}|>" for index in range(23)]
    added = {151643 + index: token for index, token in enumerate(special)}
    added |= {152955: "<img>", 152956: "</img>", 152957: "<IMG_CONTEXT>", 152958: "<video>"}
    return InternS1Tokenizer(
        str(folder / "vocab.json"),
        str(folder / "merges.txt"),
        sp_model_SMILES=write_pieces(folder, "SMILES", 256, PIECES),
        sp_model_IUPAC=write_pieces(folder, "IUPAC", 512, {}),
        sp_model_FASTA=write_pieces(folder, "FASTA", 512, {}),
        added_tokens_decoder=added,
    )


def test_the_published_vector_comes_out(published_layout):
    assert published_layout.encode(TEXT) == IDS
    assert published_layout.decode(IDS) == TEXT


def test_the_published_layout_of_ids_is_inferred_from_the_files(published_layout):
    assert published_layout.piece_starts == {"SMILES": 151669, "IUPAC": 151929, "FASTA": 152443}
    ids = published_layout.convert_tokens_to_ids
    tags = ["<SMILES>", "</SMILES>", "<SELFIES>", "</SELFIES>", "<IUPAC>", "</IUPAC>"]
    assert [ids(tag) for tag in tags] == [151925, 151926, 151927, 151928, 152441, 152442]
    assert published_layout.context_image_token_id == 152957
    assert ids("<FASTA>") is None  # not in the published vocabulary


def test_the_protecting_tag_without_an_id_is_text_that_stops_detection(published_layout):
    molecule = "CC1=CC=CC=C1C=O"
    detected = published_layout.encode(f" {molecule}")
    assert detected[1:] == IDS[-6:]
    text = f"<MOLFORMULA> {molecule}</MOLFORMULA>"
    assert not set(IDS[-6:]) & set(published_layout.encode(text))
    assert published_layout.decode(published_layout.encode(text)) == text
