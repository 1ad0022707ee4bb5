"""The whole model: counts, files, losses, packing, cache, bad input."""

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForImageTextToText

import intern_s1_model as im

# Float32 on the same kernels; differences come from matmul blocking at other shapes only.
CLOSE = {"rtol": 0, "atol": 1e-5}


def text_batch(config, shape=(2, 16)):
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 400, shape, generator=generator)


def multimodal_batch(config):
    ids = text_batch(config, (2, 24))
    ids[0, 3:7] = config.image_token_id
    ids[1, 1:5] = config.image_token_id
    ids[1, 10:12] = config.ts_token_id
    generator = torch.Generator().manual_seed(2)
    return {
        "input_ids": ids,
        "pixel_values": torch.randn(2, 3, 56, 56, generator=generator),
        "time_series_values": [torch.randn(14, 2, generator=generator)],
        "time_series_sampling_rates": [1.0],
    }


@pytest.mark.parametrize(
    ("name", "count"), [("intern-s1", 240_709_856_128), ("intern-s1-mini", 8_538_804_224)]
)
def test_published_sizes_count_exactly(name, count):
    with torch.device("meta"):
        model = im.InternS1ForConditionalGeneration(im.InternS1Config.preset(name))
    assert sum(parameter.numel() for parameter in model.parameters()) == count


def test_save_load_save_keeps_keys_and_bytes(model, config, tmp_path):
    model.save_pretrained(tmp_path / "a")
    loaded = AutoModelForImageTextToText.from_pretrained(tmp_path / "a")
    loaded.save_pretrained(tmp_path / "b")
    first, second = (tmp_path / x / "model.safetensors" for x in "ab")
    assert first.read_bytes() == second.read_bytes()
    batch = multimodal_batch(config)
    torch.testing.assert_close(model(**batch).logits, loaded(**batch).logits, rtol=0, atol=0)


def test_saved_keys_follow_the_published_layout(model, tmp_path):
    model.save_pretrained(tmp_path)
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        keys = set(file.keys())
    assert "lm_head.weight" in keys
    assert "model.language_model.layers.3.mlp.experts.7.gate_proj.weight" in keys
    assert "model.vision_tower.encoder.layer.0.attention.projection_layer.weight" in keys
    assert "model.multi_modal_projector.linear_2.bias" in keys
    assert "model.time_series.encoder_embed.conv.weight" in keys
    tops = {key.split(".")[1] for key in keys if key.startswith("model.")}
    assert tops == {"language_model", "vision_tower", "multi_modal_projector", "time_series"}


def test_loss_has_its_router_parts_in_the_multimodal_path(model, config):
    batch = multimodal_batch(config)
    labels = batch["input_ids"]
    plain = model(**batch, labels=labels)
    full = model(**batch, labels=labels, output_router_logits=True)
    expected = plain.loss + config.text_config.router_aux_loss_coef * full.aux_loss
    torch.testing.assert_close(full.loss, expected)
    assert len(full.router_logits) == config.text_config.num_hidden_layers
    assert full.router_logits[0].shape == (48, config.text_config.num_experts)


def test_router_losses_ignore_padding(model, config):
    ids = text_batch(config, (1, 10))
    alone = model(ids, output_router_logits=True)
    padded = torch.cat([ids, torch.zeros(1, 6, dtype=torch.long)], dim=1)
    mask = torch.cat([torch.ones(1, 10), torch.zeros(1, 6)], dim=1).long()
    out = model(padded, attention_mask=mask, output_router_logits=True)
    torch.testing.assert_close(out.aux_loss, alone.aux_loss, **CLOSE)
    torch.testing.assert_close(out.z_loss, alone.z_loss, **CLOSE)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_packed_documents_equal_separate_ones(model, config, attention):
    model.set_attn_implementation(attention)
    ids = text_batch(config, (1, 24))
    ids[0, 8:12] = config.image_token_id  # the image ends where the second document begins
    ids[0, 12:16] = config.image_token_id
    pixels = torch.randn(2, 3, 56, 56, generator=torch.Generator().manual_seed(3))
    positions = torch.cat([torch.arange(12), torch.arange(12)])[None]
    packed = model(ids, pixel_values=pixels, position_ids=positions).logits
    first = model(ids[:, :12], pixel_values=pixels[:1]).logits
    second = model(ids[:, 12:], pixel_values=pixels[1:]).logits
    torch.testing.assert_close(packed, torch.cat([first, second], dim=1), **CLOSE)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"use_cache": True}, "use_cache=True was passed"),
        ({"attention_mask": torch.ones(1, 8, dtype=torch.long)}, "attention_mask of shape"),
    ],
)
def test_packing_that_would_leak_raises(model, config, arguments, message):
    positions = torch.tensor([[0, 1, 2, 3, 0, 1, 2, 3]])
    with pytest.raises(ValueError, match=message):
        model(text_batch(config, (1, 8)), position_ids=positions, **arguments)


def test_decoding_with_a_cache_equals_the_whole_row(model, config):
    ids = text_batch(config, (1, 12))
    whole = model(ids).logits
    out = model(ids[:, :5], use_cache=True)
    rows = [out.logits]
    for position in range(5, 12):
        step = ids[:, position : position + 1]
        out = model(step, past_key_values=out.past_key_values, use_cache=True)
        rows.append(out.logits)
    torch.testing.assert_close(torch.cat(rows, dim=1), whole, **CLOSE)


def test_placeholder_mismatch_names_the_row(model, config):
    batch = multimodal_batch(config)
    batch["input_ids"][1, 5] = config.image_token_id
    with pytest.raises(ValueError, match=r"Row 1 has 5 image placeholders"):
        model(**batch)
    batch = multimodal_batch(config)
    batch["pixel_values"] = batch["pixel_values"].repeat(2, 1, 1, 1)
    with pytest.raises(ValueError, match=r"8 image features \(2 tile\) found no placeholder"):
        model(**batch)
    batch = multimodal_batch(config)
    del batch["time_series_values"], batch["time_series_sampling_rates"]
    with pytest.raises(ValueError, match=r"Row 1 has 2 time series placeholders"):
        model(**batch)
