"""Logits and generation against a model put together from transformers' own modules."""

import copy

import pytest
import torch
from transformers import InternVLConfig, InternVLForConditionalGeneration
from transformers.models.internvl.configuration_internvl import InternVLVisionConfig

import intern_s1_model as im

CLOSE = {"rtol": 0, "atol": 1e-5}  # float32; in fact the same kernels on the same numbers


@pytest.fixture
def pair(config):
    """Our model without time series and transformers' InternVL over Qwen3-MoE, same weights."""
    config = copy.deepcopy(config)
    config.ts_config = None
    torch.manual_seed(0)
    ours = im.InternS1ForConditionalGeneration(config).eval()
    vision = config.vision_config.to_dict()
    for key in ("model_type", "drop_path_rate"):
        vision.pop(key)
    reference = InternVLForConditionalGeneration(
        InternVLConfig(
            vision_config=InternVLVisionConfig(**vision),
            text_config=config.text_config,
            image_token_id=config.image_token_id,
            image_seq_length=config.image_seq_length,
            tie_word_embeddings=False,
        )
    ).eval()
    reference.load_state_dict(ours.state_dict())
    with torch.no_grad():  # positions and layer scales start at trivial values
        for parameter in ours.model.vision_tower.parameters():
            parameter.normal_(std=0.2, generator=torch.Generator().manual_seed(parameter.numel()))
    reference.load_state_dict(ours.state_dict())
    return ours, reference


@pytest.fixture
def batch(config):
    generator = torch.Generator().manual_seed(5)
    ids = torch.randint(0, 400, (2, 20), generator=generator)
    ids[0, 6:14] = config.image_token_id  # two tiles, such as two frames of a video
    ids[1, 8:12] = config.image_token_id
    return {
        "input_ids": ids,
        "pixel_values": torch.randn(3, 3, 56, 56, generator=generator),
    }


def padded(batch, side, pad):
    """Pad row 1 by 4 on a side; its own tokens stay the same."""
    ids = torch.full((2, 24), pad)
    mask = torch.ones(2, 24, dtype=torch.long)
    extra = torch.tensor([5, 6, 7, 8])
    ids[0] = torch.cat([extra, batch["input_ids"][0]])
    place = slice(4, 24) if side == "left" else slice(0, 20)
    ids[1, place] = batch["input_ids"][1]
    mask[1, :4] = 0 if side == "left" else 1
    mask[1, 20:] = 1 if side == "left" else 0
    return {**batch, "input_ids": ids, "attention_mask": mask}


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_logits_equal_the_composed_reference(pair, batch, attention):
    ours, reference = pair
    for model in pair:
        model.set_attn_implementation(attention)
    torch.testing.assert_close(ours(**batch).logits, reference(**batch).logits, **CLOSE)


@pytest.mark.parametrize("experts", ["eager", "grouped_mm", "batched_mm", "sorted_loop"])
def test_every_experts_implementation_gives_the_same_logits(pair, batch, experts):
    ours, reference = pair
    expected = reference(**batch).logits
    ours.set_experts_implementation(experts)
    with torch.no_grad():
        torch.testing.assert_close(ours(**batch).logits, expected, **CLOSE)
    assert ours.config.text_config._experts_implementation == experts
    torch.testing.assert_close(ours(**batch).logits, expected, **CLOSE)


def test_bfloat16_stays_within_the_rounding_of_the_reference(pair, batch):
    ours, reference = (model.to(torch.bfloat16) for model in pair)
    # The same kernels, whose order of summation depends on threads and alignment: two units in the
    # last place of a bfloat16 between 1 and 2, where these logits end.
    torch.testing.assert_close(
        ours(**batch).logits, reference(**batch).logits, rtol=0, atol=2 * 2**-7
    )


@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize(
    "how",
    [
        {"do_sample": False},
        {"do_sample": True, "temperature": 1.3},
        {"do_sample": False, "num_beams": 3},
        {"do_sample": True, "num_return_sequences": 2},
    ],
    ids=["greedy", "sampled", "beams", "several"],
)
def test_generation_equals_the_reference_token_for_token(pair, batch, config, side, how):
    inputs = padded(batch, side, config.text_config.pad_token_id)
    results = []
    for model in pair:
        torch.manual_seed(3)
        results.append(
            model.generate(
                **inputs,
                max_new_tokens=6,
                min_new_tokens=6,
                pad_token_id=config.text_config.pad_token_id,
                output_logits=True,
                return_dict_in_generate=True,
                **how,
            )
        )
    assert torch.equal(results[0].sequences, results[1].sequences)
    for ours, theirs in zip(results[0].logits, results[1].logits, strict=True):
        torch.testing.assert_close(ours, theirs, **CLOSE)


def test_beams_with_series_equal_each_row_alone(model, config):
    ids = torch.randint(0, 400, (2, 10), generator=torch.Generator().manual_seed(7))
    ids[0, 2:4] = config.ts_token_id
    ids[1, 5] = config.ts_token_id
    values = [torch.randn(14, 2), torch.randn(9)]
    rates = [1.0, 1.0]
    how = {"max_new_tokens": 5, "min_new_tokens": 5, "num_beams": 3, "do_sample": False}
    together = model.generate(
        ids, time_series_values=values, time_series_sampling_rates=rates, **how
    )
    for row in range(2):
        alone = model.generate(
            ids[row : row + 1],
            time_series_values=values[row : row + 1],
            time_series_sampling_rates=rates[row : row + 1],
            **how,
        )
        assert torch.equal(together[row], alone[0])


def test_pixel_unshuffle_equals_the_reference(pair):
    reference = pair[1]
    grid = torch.randn(2, 4, 6, 8)
    from intern_s1_model.vision import pixel_unshuffle

    expected = reference.model.pixel_shuffle(grid, scale_factor=0.5)
    assert torch.equal(pixel_unshuffle(grid, 0.5), expected)


def test_gradients_equal_the_composed_reference_and_checkpointing_keeps_them(pair, batch):
    ours, reference = pair
    for model in pair:
        model(**batch, labels=batch["input_ids"]).loss.backward()
    theirs = dict(reference.named_parameters())
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, theirs[name].grad, rtol=1e-4, atol=1e-6)
    expected = {n: p.grad.clone() for n, p in ours.named_parameters()}
    ours.zero_grad()
    ours.train()
    ours.gradient_checkpointing_enable()
    ours(**batch, labels=batch["input_ids"], use_cache=False).loss.backward()
    for name, parameter in ours.named_parameters():
        torch.testing.assert_close(parameter.grad, expected[name], rtol=1e-4, atol=1e-6)
