"""The dynamic tokenizer: ids, exact decoding, tags, files."""

import pytest
from transformers import AutoTokenizer

import intern_s1_model as im

TRICKY = [
    "",
    " ",
    "plain text",
    "é 你好 👩🏽‍🔬 \u0301combining e\u0301",
    "<SMILES>CCO</SMILES>",
    "<SMILES>unclosed CCO and 2 lines\nof text",
    "</SMILES> stray <IUPAC><SMILES>C</IUPAC>",
    "<SMILES>C ▁ C é</SMILES> ▁",
    "Aspirin CC(=O)Oc1ccccc1C(=O)O. Benzene",
    "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQAPILS is a protein",
    "<|im_start|>user\n<MOLFORMULA>C9H8O4</MOLFORMULA><|im_end|>\n",
    "\x00\x01\t\r\n  \n",
]


@pytest.mark.parametrize("text", TRICKY)
def test_decoding_gives_the_text_back(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


def test_documents_decode_exactly_in_a_batch(tokenizer, documents):
    encoded = tokenizer(documents)["input_ids"]
    assert [tokenizer.decode(ids) for ids in encoded] == documents


def test_saving_and_loading_gives_the_same_ids(tokenizer, documents, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert isinstance(loaded, im.InternS1Tokenizer)
    assert loaded(documents)["input_ids"] == tokenizer(documents)["input_ids"]
    assert loaded.get_vocab() == tokenizer.get_vocab()
    assert loaded.pad_token_id == tokenizer.pad_token_id


def test_an_unclosed_tag_changes_nothing_after_it(tokenizer):
    plain = tokenizer.encode(" water reacts")
    assert tokenizer.encode("<SMILES> water reacts")[1:] == plain


def test_padding_on_both_sides(tokenizer):
    pad = tokenizer.pad_token_id
    batch = tokenizer(["a", "water"], padding="max_length", max_length=6)
    assert batch["input_ids"][0][-1] == pad
    assert batch["attention_mask"][0] == [1, 0, 0, 0, 0, 0]
    left = tokenizer(["a", "water mass"], padding=True, padding_side="left", return_tensors="pt")
    assert left["attention_mask"][0, 0] == 0
