"""The processor: tiles, frames and series find their placeholders, in chats and in plain text."""

import wave

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoProcessor

import intern_s1_model as im


@pytest.fixture
def processor(config, tokenizer):
    return im.InternS1Processor.for_config(config, tokenizer)


def picture(width, height, seed=0):
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def clip(frames, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (frames, 56, 56, 3), np.uint8)


def placeholders(batch, token):
    return (torch.as_tensor(batch["input_ids"]) == token).sum(-1).tolist()


@pytest.mark.parametrize(
    ("size", "tiles"), [((56, 56), 1), ((112, 56), 3), ((56, 168), 4), ((640, 320), 9), ((2, 2), 1)]
)
def test_an_image_is_cut_into_the_grid_of_its_shape(processor, config, size, tiles):
    batch = processor(text="<IMG_CONTEXT>?", images=picture(*size), return_tensors="pt")
    assert batch["pixel_values"].shape == (tiles, 3, 56, 56)
    assert placeholders(batch, config.image_token_id) == [tiles * config.image_seq_length]
    text = processor.tokenizer.decode(batch["input_ids"][0])
    assert text == f"<img>{'<IMG_CONTEXT>' * 4 * tiles}</img>?"


def test_frames_and_images_keep_the_order_of_the_text(processor, config):
    batch = processor(
        text="<video> then <IMG_CONTEXT>",
        images=picture(56, 56),
        videos=[clip(3)],
        return_tensors="pt",
    )
    assert batch["pixel_values"].shape == (4, 3, 56, 56)
    alone = processor(text="<IMG_CONTEXT>", images=picture(56, 56), return_tensors="pt")
    assert torch.equal(batch["pixel_values"][3:], alone["pixel_values"])
    text = processor.tokenizer.decode(batch["input_ids"][0])
    frame = f"<img>{'<IMG_CONTEXT>' * 4}</img>"
    expected = "\n".join(f"Frame{n}: {frame}" for n in (1, 2, 3))
    assert text == f"{expected} then {frame}"


def test_every_kind_of_series_file_gives_the_same_input(processor, config, tmp_path):
    soundfile = pytest.importorskip("soundfile", reason="writes the .flac file")
    samples = (np.sin(np.arange(800) / 9) * 2**14).astype(np.int16)
    np.save(tmp_path / "a.npy", samples)
    np.savetxt(tmp_path / "a.csv", samples, fmt="%d")
    soundfile.write(tmp_path / "a.flac", samples, 400, subtype="PCM_16")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 400, 0, "NONE", ""))
        file.writeframes(samples.tobytes())
    batches = []
    for ending, rate, scale in [("npy", 400, 1), ("csv", 400, 1)] + [
        (ending, None, 2**15) for ending in ("wav", "flac")
    ]:
        batch = processor(
            text="<TS_CONTEXT>", time_series=tmp_path / f"a.{ending}", sampling_rate=rate
        )
        assert batch["time_series_sampling_rates"] == [400.0]  # audio files state theirs
        [values] = batch["time_series_values"]
        torch.testing.assert_close(values * scale, torch.from_numpy(samples)[:, None].float())
        batches.append(batch["input_ids"])
    number = im.num_time_series_tokens(800, 400.0)
    assert all(ids == batches[0] for ids in batches)
    assert placeholders({"input_ids": batches[0]}, config.ts_token_id) == [number]


def test_a_chat_with_every_modality_equals_the_call_by_hand(processor, model):
    series = np.cumsum(np.ones(90))
    image, video = picture(112, 56), clip(2)
    message = {
        "role": "user",
        "content": [
            {"type": "image", "image": image},
            {"type": "video", "video": video},
            {"type": "time_series", "time_series": series, "sampling_rate": 9.0},
            {"type": "text", "text": "What?"},
        ],
    }
    chat = processor.apply_chat_template(
        [message],
        add_generation_prompt=True,
        tokenize=True,
        return_dict=True,
        return_tensors="pt",
    )
    text = processor.apply_chat_template([message], add_generation_prompt=True)
    by_hand = processor(
        text=text,
        images=image,
        videos=[video],
        time_series=[series],
        sampling_rate=9.0,
        return_tensors="pt",
    )
    assert chat.keys() == by_hand.keys()
    assert torch.equal(chat["input_ids"], by_hand["input_ids"])
    assert torch.equal(chat["pixel_values"], by_hand["pixel_values"])
    assert chat["time_series_sampling_rates"] == [9.0]
    assert model.generate(**chat, max_new_tokens=2, min_new_tokens=2).shape[1] == 2 + len(
        chat["input_ids"][0]
    )


def test_conversations_with_unequal_numbers_of_items_are_batched(processor, config):
    def ask(*parts):
        return [{"role": "user", "content": [*parts, {"type": "text", "text": "?"}]}]

    def part(length):
        return {"type": "time_series", "time_series": [float(n) for n in range(length)]}

    videos = [{"type": "video", "video": clip(2, seed)} for seed in (0, 1)]
    batch = processor.apply_chat_template(
        [ask(part(9), part(400), *videos), ask(), ask(part(33))],
        tokenize=True,
        return_dict=True,
        processor_kwargs={"padding": True, "padding_side": "left", "return_tensors": "pt"},
    )
    sizes = [im.num_time_series_tokens(n) for n in (9, 400, 33)]
    assert placeholders(batch, config.ts_token_id) == [sizes[0] + sizes[1], 0, sizes[2]]
    assert placeholders(batch, config.image_token_id) == [16, 0, 0]
    assert batch["attention_mask"][1, 0] == 0


def test_a_saved_processor_is_the_same(processor, tmp_path):
    processor.save_pretrained(tmp_path)
    loaded = AutoProcessor.from_pretrained(tmp_path)
    assert isinstance(loaded, im.InternS1Processor)
    arguments = {"text": "<IMG_CONTEXT> <TS_CONTEXT>", "images": picture(112, 56)}
    arguments |= {"time_series": [[1.0, 2.0, 3.0]], "return_tensors": "pt"}
    expected, got = processor(**arguments), loaded(**arguments)
    assert torch.equal(expected["input_ids"], got["input_ids"])
    assert torch.equal(expected["pixel_values"], got["pixel_values"])
