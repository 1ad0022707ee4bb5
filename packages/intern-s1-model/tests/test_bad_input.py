"""Bad input, one error each: what was wrong, where, with which counts."""

import re

import jinja2
import numpy as np
import pytest
import torch
from PIL import Image

import intern_s1_model as im


@pytest.fixture
def processor(config, tokenizer):
    return im.InternS1Processor.for_config(config, tokenizer)


def ids(config, shape=(2, 12)):
    return torch.randint(0, 200, shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(
    ("shape", "sides"),
    [
        ((0, 5, 3), "0 pixels high and 5 wide"),
        ((1, 50, 3), "1 pixels high and 50 wide"),
        ((3, 40, 1), "40 pixels high and 1 wide"),
        ((1, 1), "1 pixels high and 1 wide"),
    ],
)
def test_images_without_an_area_are_named_with_their_row(processor, shape, sides):
    good = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=f"Image 1, of row 1, is {sides}"):
        processor(text=["<IMG_CONTEXT>"] * 2, images=[good, np.zeros(shape, np.uint8)])


def test_small_images_are_taken(processor):
    for image in (Image.new("RGB", (2, 2)), np.zeros((3, 2, 9), np.uint8), torch.zeros(3, 9, 2)):
        batch = processor(text="<IMG_CONTEXT>", images=image, return_tensors="pt")
        assert batch["pixel_values"].shape[1:] == (3, 56, 56)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"text": ["a", "<IMG_CONTEXT>"]}, r"Row 1 .* 1 images .* 0 were passed"),
        ({"text": "<video>"}, "need 1 videos"),
        ({"text": ["<TS_CONTEXT>", "b"]}, "Row 0 .* need 1 time series"),
        ({"text": "a", "time_series": [[1.0, 2.0]]}, "need 0 time series .* 1 were passed"),
        ({"text": "a", "sampling_rate": 5.0}, "sampling_rate was passed without time_series"),
        ({}, "text is missing"),
    ],
)
def test_the_processor_counts_placeholders_per_row(processor, arguments, message):
    with pytest.raises(ValueError, match=message):
        processor(**arguments)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_impossible_sampling_rates_name_the_series(processor, rate):
    with pytest.raises(ValueError, match="Time series 1 of 2: A sampling rate must be a positive"):
        processor(
            text="<TS_CONTEXT><TS_CONTEXT>",
            time_series=[[1.0, 2.0], [1.0, 2.0]],
            sampling_rate=[None, rate],
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda b: b.update(input_ids=b["input_ids"].float()), "input_ids has dtype torch.float32"),
        (lambda b: b.update(input_ids=b["input_ids"][0]), r"shape \(12,\); expected integers"),
        (lambda b: b.update(inputs_embeds=torch.zeros(2, 12, 128)), "exactly one of .* got both"),
        (lambda b: b.pop("input_ids"), "exactly one of .* got neither"),
        (lambda b: b.update(labels=b["input_ids"][:, :5]), r"labels has shape \(2, 5\)"),
        (lambda b: b.update(labels=b["input_ids"], logits_to_keep=1), "labels and logits_to_keep"),
        (lambda b: b.update(pixel_values=torch.zeros(1, 3, 56, 55)), r"\(1, 3, 56, 55\)"),
        (
            lambda b: b.update(pixel_values=torch.zeros(1, 3, 56, 56, dtype=torch.uint8)),
            "pixel_values has dtype torch.uint8",
        ),
        (lambda b: b.update(time_series_lengths=[3]), "without time_series_values"),
        (
            lambda b: b.update(time_series_values=[torch.ones(4)], time_series_lengths=[9]),
            r"time_series_lengths\[0\] is 9; expected 1 to 4",
        ),
        (
            lambda b: b.update(time_series_values=[torch.ones(4, dtype=torch.bool)]),
            "Time series 0 has dtype torch.bool",
        ),
    ],
)
def test_the_model_refuses_wrong_and_conflicting_arguments(model, config, change, message):
    batch = {"input_ids": ids(config)}
    change(batch)
    with pytest.raises(ValueError, match=message):
        model(**batch)


def test_rows_beyond_the_maximum_are_refused_with_both_lengths(model, config):
    limit = config.text_config.max_position_embeddings
    with pytest.raises(ValueError, match=f"{limit + 1} positions long .* built for {limit}"):
        model(torch.zeros(1, limit + 1, dtype=torch.long))


def test_series_for_a_model_without_an_encoder_are_refused(tokenizer):
    config = im.InternS1Config.preset("tiny", tokenizer=tokenizer, ts_config=None)
    model = im.InternS1ForConditionalGeneration(config)
    with pytest.raises(ValueError, match="without a time-series encoder"):
        model(ids(config), time_series_values=[torch.ones(9)])


def test_unknown_parts_of_a_message_are_refused(processor):
    message = {"role": "user", "content": [{"type": "audio"}]}
    with pytest.raises(jinja2.TemplateError, match="Unknown content type audio; expected text"):
        processor.apply_chat_template([message])
    message = {"role": "user", "content": [{"type": "time_series"}]}
    with pytest.raises(ValueError, match="Message 0 has a time_series part with"):
        processor.apply_chat_template([message], tokenize=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a <SMILE>C</SMILE>", "Row 1 has the unknown tag '<SMILE>' at character 2"),
        ("<SMILES>CC", "Row 1 opens <SMILES> at character 0 and does not close it before the end"),
        ("<IUPAC>a<|im_end|></IUPAC>", "does not close it before '<|im_end|>'"),
        ("CC</SMILES>", "</SMILES> at character 2 that opens nowhere"),
        ("<IUPAC><SMILES>C</IUPAC>", "</IUPAC> at character 16 while <SMILES> is open"),
    ],
)
def test_tags_that_do_nothing_are_found_before_training(text, message):
    im.check_tags(["<SMILES>CC</SMILES> <IMG_CONTEXT> a < B > c", "<FASTA>M</FASTA>"])
    with pytest.raises(ValueError, match=re.escape(message)):
        im.check_tags(["fine", text])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: im.InternS1Config.preset("big"), "Unknown preset 'big'"),
        (lambda: im.InternS1Config.preset("tiny", colour=1), r"Unknown override\(s\) \['colour'\]"),
        (lambda: im.InternS1Config(text_config={"model_type": "llama"}), "got 'llama'"),
        (lambda: im.InternS1Config(vision_config=3), "vision_config must be a dict"),
        (lambda: im.InternS1VisionConfig(drop_path_rate=1.0), "drop_path_rate must be in"),
        (lambda: im.InternS1TimeSeriesConfig(ts_adapt_in_dim=5), "ts_adapt_in_dim must be"),
        (lambda: im.train_tokenizer(["a"], vocab_size=9), "vocab_size must be at least 256"),
        (lambda: im.train_tokenizer(["a"], smiles_vocab_size=9), "smiles_vocab_size must be"),
    ],
)
def test_settings_that_cannot_be_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()
