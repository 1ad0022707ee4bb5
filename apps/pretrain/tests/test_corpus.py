import json
import re

import pytest

from intern_pretrain.config import DataConfig
from intern_pretrain.corpus import build_corpus, is_test, load_corpus, save_corpus
from intern_pretrain.documents import Document, atom_counts
from intern_pretrain.molecules import read_smiles
from intern_runs import CheckpointError, DataError


def contents(documents):
    return [document.content_hash() for document in documents]


def test_the_same_configuration_and_seed_give_the_same_corpus(small_corpus, small_config):
    again = build_corpus(small_config.data, seed=0)
    assert contents(again.train) == contents(small_corpus.train)
    assert contents(again.test) == contents(small_corpus.test)


def test_another_seed_takes_other_compounds_but_keeps_every_key_in_its_split(
    small_corpus, small_config
):
    other = build_corpus(small_config.data, seed=1)
    assert set(contents(other.train)) != set(contents(small_corpus.train))
    fraction = small_config.data.test_fraction
    for corpus in (small_corpus, other):
        assert not any(is_test(d.key, fraction) for d in corpus.train)
        assert all(is_test(d.key, fraction) for d in corpus.test)


def test_no_compound_and_no_content_is_in_both_splits(small_corpus):
    assert not {d.key for d in small_corpus.train} & {d.key for d in small_corpus.test}
    all_contents = contents(small_corpus.train + small_corpus.test)
    assert len(set(all_contents)) == len(all_contents)

    def molecules(documents):
        smiles = [s for d in documents for s in re.findall(r"<SMILES>(.+?)</SMILES>", d.text)]
        return {read_smiles(s).canonical_smiles for s in smiles}

    assert not molecules(small_corpus.train) & molecules(small_corpus.test)


def test_the_table_counts_every_document(small_corpus):
    table = small_corpus.table()
    assert sum(row["train"] for row in table) == len(small_corpus.train)
    assert sum(row["test"] for row in table) == len(small_corpus.test)
    drawings = [row for row in table if row["modality"] == "image"]
    assert sum(row["train"] + row["test"] for row in drawings) == 40
    texts = sum(row["train"] + row["test"] for row in table if row["modality"] == "text")
    assert texts + small_corpus.left_out.get("text document: same content", 0) == 400


def test_statements_about_compounds_are_true(small_corpus):
    checked = 0
    for document in small_corpus.train:
        if found := re.search(
            r"formula of <SMILES>(.+)</SMILES>\?\nAnswer: <MOLFORMULA>(.+)<", document.text
        ):
            assert read_smiles(found[1]).formula == found[2]
            checked += 1
        if found := re.search(r"<MOLFORMULA>(\w+)</MOLFORMULA> is made of (.+);", document.text):
            listed = dict(reversed(part.split()) for part in found[2].split(", "))
            assert {k: int(v) for k, v in listed.items()} == atom_counts(found[1])
            checked += 1
        if found := re.search(
            r"rings are in <SMILES>(.+)</SMILES>\?\nAnswer: (\d+)", document.text
        ):
            assert read_smiles(found[1]).num_rings == int(found[2])
            checked += 1
        if found := re.search(
            r"<SMILES>(.+)</SMILES> and <SMILES>(.+)</SMILES> are the same", document.text
        ):
            assert found[1] != found[2]
            first, second = (read_smiles(s).canonical_smiles for s in found.groups())
            assert first == second
            checked += 1
    assert checked > 60


def test_atoms_of_a_formula_are_counted_and_a_charge_is_refused():
    assert atom_counts("C2H5OH") == {"C": 2, "H": 6, "O": 1}
    assert atom_counts("ClNa") == {"Cl": 1, "Na": 1}
    with pytest.raises(ValueError, match="not a formula"):
        atom_counts("H4N+")


def test_a_saved_corpus_reads_back_equal(small_corpus, tmp_path):
    save_corpus(small_corpus, tmp_path / "corpus")
    again = load_corpus(tmp_path / "corpus")
    assert contents(again.train) == contents(small_corpus.train)
    assert contents(again.test) == contents(small_corpus.test)
    assert again.left_out == small_corpus.left_out
    assert [p.name for p in tmp_path.iterdir()] == ["corpus"]


def test_a_damaged_corpus_is_named(small_corpus, tmp_path):
    save_corpus(small_corpus, tmp_path / "corpus")
    arrays = tmp_path / "corpus" / "arrays.safetensors"
    arrays.write_bytes(arrays.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="damaged corpus"):
        load_corpus(tmp_path / "corpus")


def test_an_empty_split_is_refused():
    config = DataConfig(
        num_compounds=4, num_images=0, num_series=0, texts_per_compound=1, test_fraction=0.001
    )
    with pytest.raises(DataError, match="test split has no text"):
        build_corpus(config, seed=0)


def test_more_compounds_than_fit_are_refused():
    config = DataConfig(num_compounds=50, num_images=0, num_series=0, max_smiles_chars=1)
    with pytest.raises(DataError, match=r"only \d+ compounds"):
        build_corpus(config, seed=0)


def test_the_users_documents_join_the_corpus_once(tmp_path):
    path = tmp_path / "mine.jsonl"
    lines = [json.dumps({"text": f"line {i % 50}"}) for i in range(60)]
    path.write_text("\n".join(lines), encoding="utf-8")
    config = DataConfig(
        num_compounds=0, num_images=0, num_series=0, files=(str(path),), test_fraction=0.2
    )
    corpus = build_corpus(config, seed=0)
    assert {d.text for d in corpus.train + corpus.test} == {f"line {i}" for i in range(50)}
    assert corpus.left_out == {"text document: same content": 10}


def test_documents_that_differ_in_anything_the_model_reads_hash_differently():
    base = {"modality": "text", "kind": "a", "key": "k"}
    hashes = {
        Document(**base, text="x").content_hash(),
        Document(**base, text="y").content_hash(),
        Document(**base, text="x", sampling_rate=1.0).content_hash(),
    }
    assert len(hashes) == 3
