"""The dynamic tokenizer: ids, exact decoding, tags, files."""

import itertools
import sys

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from transformers import AutoTokenizer

import intern_s1_model as im
from intern_s1_model import tokenization_intern_s1

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


def test_a_long_batch_gives_the_ids_and_spans_of_its_texts_alone(tokenizer):
    texts = [f"{number} {text}" for number in range(15) for text in TRICKY]
    batch = tokenizer(texts, return_offsets_mapping=True)
    assert len(texts) > 2 * tokenization_intern_s1._TEXTS_AT_A_TIME
    for text, ids, spans in zip(texts, batch["input_ids"], batch["offset_mapping"], strict=True):
        assert (ids, spans) == tokenizer.encode_with_offsets(text)
        assert tokenizer.encode_batch_ids([text]) == [ids]
    assert tokenizer(texts)["input_ids"] == batch["input_ids"]


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


def test_token_strings_give_the_text_back_and_ids_past_the_vocabulary_give_none(tokenizer):
    text = "é 你 <SMILES>CCO</SMILES> water"
    ids = [*tokenizer.encode(text), len(tokenizer) + 5]
    tokens = tokenizer.convert_ids_to_tokens(ids)
    assert tokens[:-1] == tokenizer.tokenize(text)
    assert tokenizer.convert_tokens_to_string(tokens) == text == tokenizer.decode(ids)
    with pytest.raises(ValueError, match="'no such token' is not a token"):
        tokenizer.convert_tokens_to_string(["water", "no such token"])


def test_padding_on_both_sides(tokenizer):
    pad = tokenizer.pad_token_id
    batch = tokenizer(["a", "water"], padding="max_length", max_length=6)
    assert batch["input_ids"][0][-1] == pad
    assert batch["attention_mask"][0] == [1, 0, 0, 0, 0, 0]
    left = tokenizer(["a", "water mass"], padding=True, padding_side="left", return_tensors="pt")
    assert left["attention_mask"][0, 0] == 0


def test_ids_of_the_domains_are_disjoint_and_contiguous(tokenizer):
    ranges = [set(tokenizer._base_vocab.values()), set(tokenizer.added_tokens_decoder)]
    for domain, start in tokenizer.piece_starts.items():
        ranges.append(set(range(start, start + len(tokenizer.sub_tokenizers[domain]))))
    assert sum(map(len, ranges)) == len(set().union(*ranges)) == len(tokenizer)


def test_tagged_text_uses_the_pieces_of_its_domain(tokenizer):
    def domain_of(index):
        for domain, start in tokenizer.piece_starts.items():
            if start <= index < start + len(tokenizer.sub_tokenizers[domain]):
                return domain
        return None

    ids = tokenizer.encode("<SMILES>CCO</SMILES> CCO <IUPAC>propan-1-ol</IUPAC><FASTA>MKT</FASTA>")
    seen = [domain_of(index) for index in ids]
    assert [d for i, d in enumerate(seen) if d and d != seen[i - 1]] == ["SMILES", "IUPAC", "FASTA"]
    assert {domain_of(i) for i in tokenizer.encode("<MOLFORMULA>" + "C" * 40)} == {None, "FASTA"}
    assert {
        domain_of(i) for i in tokenizer.encode("<MOLFORMULA>" + "C" * 40 + "</MOLFORMULA>")
    } == {None}


def test_nested_tags_use_the_pieces_of_the_inner_and_then_of_the_outer(tokenizer):
    text = "<IUPAC>propan<SMILES>CCO</SMILES>ol</IUPAC>"
    outer = tokenizer.encode("<IUPAC>propan</IUPAC>")[:-1]
    inner = tokenizer.encode("<SMILES>CCO</SMILES>")
    rest = tokenizer.encode("<IUPAC>ol</IUPAC>")[1:]
    assert tokenizer.encode(text) == outer + inner + rest


@pytest.mark.parametrize("opening", ["<SMILES>", "<IUPAC><SMILES>", "<SMILES>" * 50])
def test_an_unclosed_tag_never_swallows_what_follows(tokenizer, opening):
    rest = " water reacts with CC(=O)Oc1ccccc1C(=O)O <IUPAC>propan-1-ol</IUPAC> and heat"
    ids = tokenizer.encode(opening + rest)
    alone = tokenizer.encode(rest)
    assert ids[-len(alone) :] == alone


def test_ids_are_the_same_with_and_without_rdkit(tokenizer, documents, monkeypatch):
    texts = [*documents[:20], *TRICKY, "x C1CC(C)CC1C=O and [Xx]CCCCC(C)C(C)O and n1cccc1CCCCCC"]
    pytest.importorskip("rdkit.Chem", reason="compares with RDKit at hand")
    with_rdkit = tokenizer.encode_batch_ids(texts)
    for name in [name for name in sys.modules if name.split(".")[0] == "rdkit"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rdkit", None)  # importing it raises now
    assert tokenizer.encode_batch_ids(texts) == with_rdkit


def test_conversation_tokens_end_open_tags(tokenizer):
    whole = "<SMILES>CC<|im_end|>water</SMILES>"
    assert tokenizer.tokenize(whole)[1:3] != ["SMILES⟩CC", "<|im_end|>"]
    parts = [
        tokenizer.encode(part) for part in ("<SMILES>", "CC", "<|im_end|>", "water", "</SMILES>")
    ]
    assert tokenizer.encode(whole) == list(itertools.chain(*parts))


def test_offsets_point_at_the_characters_of_each_token(tokenizer):
    text = "Ethanol <SMILES>CCO é</SMILES> is é 你 CC(=O)Oc1ccccc1C(=O)O."
    encoding = tokenizer(text, return_offsets_mapping=True)
    spans = encoding["offset_mapping"]
    assert spans[0][0] == 0
    assert spans[-1][1] == len(text)
    assert all(a[1] == b[0] or a == b for a, b in itertools.pairwise(spans))
    for index, (start, end) in zip(encoding["input_ids"], spans, strict=True):
        if text[start:end].isascii():
            assert tokenizer.decode([index]) == text[start:end]
    padded = tokenizer([text, "a"], padding=True, padding_side="left", return_offsets_mapping=True)
    assert padded["offset_mapping"][1][0] == (0, 0)
    assert padded["offset_mapping"][1][-1] == (0, 1)


def test_streamed_text_is_the_decoded_text_and_never_half_a_character(tokenizer):
    text = "é 你好 <SMILES>CCO</SMILES> 👩🏽‍🔬 end"
    ids = tokenizer.encode(text)
    pieces = list(im.stream_decode(tokenizer, ids))
    assert "".join(pieces) == text
    assert all("\ufffd" not in piece for piece in pieces)
    cut = "".join(im.stream_decode(tokenizer, tokenizer.encode("a你")[:-1]))
    assert cut == tokenizer.decode(tokenizer.encode("a你")[:-1])
    special = [tokenizer.eos_token_id, *ids]
    assert "".join(im.stream_decode(tokenizer, special, skip_special_tokens=True)) == text


def test_truncation_keeps_the_chosen_side(tokenizer):
    ids = tokenizer.encode("the mass of water is benzene")
    assert (
        tokenizer("the mass of water is benzene", truncation=True, max_length=3).input_ids
        == ids[:3]
    )
    tokenizer.truncation_side = "left"
    try:
        kept = tokenizer("the mass of water is benzene", truncation=True, max_length=3).input_ids
    finally:
        tokenizer.truncation_side = "right"
    assert kept == ids[-3:]


def test_added_tokens_get_new_ids_and_are_found(tokenizer, tmp_path):
    tokenizer.save_pretrained(tmp_path)
    mine = AutoTokenizer.from_pretrained(tmp_path)
    before = len(mine)
    assert mine.add_tokens(["<BOX>", "<BOX>"]) == 1
    assert mine.encode("a<BOX>b")[1] == before == len(mine) - 1
    assert mine.decode(mine.encode("a<BOX>b")) == "a<BOX>b"
    mine.save_pretrained(tmp_path / "more")
    assert AutoTokenizer.from_pretrained(tmp_path / "more").encode("<BOX>") == [before]


def test_a_lone_surrogate_is_refused_with_its_place(tokenizer):
    with pytest.raises(ValueError, match="lone surrogate at character 3"):
        tokenizer.encode("abc\ud800")


def test_chat_template_places_every_modality(tokenizer):
    content = [{"type": kind} for kind in ("image", "video", "time_series")]
    content.append({"type": "text", "text": "What?"})
    chat = tokenizer.apply_chat_template(
        [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
    )
    assert chat == (
        "<|im_start|>user\n<IMG_CONTEXT>\n<video>\n<TS_CONTEXT>\nWhat?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=8),
            st.sampled_from(
                ["<SMILES>", "</SMILES>", "<IUPAC>", "</IUPAC>", "<FASTA>", "</FASTA>", "▁", " "],
            ),
            st.sampled_from(
                ["<MOLFORMULA>", "</MOLFORMULA>", "CC(=O)Oc1ccccc1C(=O)O", "<|im_end|>", "M" * 30]
            ),
        ),
        max_size=8,
    )
)
def test_any_text_decodes_exactly(tokenizer, parts):
    text = "".join(parts)
    ids, spans = tokenizer.encode_with_offsets(text)
    assert tokenizer.decode(ids) == text
    assert tokenizer.encode_batch_ids([text]) == [ids]
    assert len(spans) == len(ids)
    assert "".join(im.stream_decode(tokenizer, ids)) == text
