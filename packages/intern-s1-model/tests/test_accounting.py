"""Parameters and work: published totals, and torch's own counter of executed operations."""

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import intern_s1_model as im
from intern_s1_model.time_series import num_patches, num_time_series_tokens, patch_stride


def executed(function):
    """Operations of the products and convolutions that a call executes, as torch counts them."""
    with FlopCounterMode(display=False) as counter:
        function()
    return counter.get_total_flops()


@pytest.fixture
def plain(model):
    """The tiny model on implementations whose operations torch's counter sees."""
    model.set_attn_implementation("eager")
    model.set_experts_implementation("eager")
    return model.train()  # no fused inference kernels, which the counter does not know


def test_published_sizes_and_their_active_parameters():
    count = im.count_parameters(im.InternS1Config.preset("intern-s1"))
    assert count.total == 240_709_856_128
    assert count.active == 27_806_985_088
    assert count.per_part["experts"] == 94 * 128 * 3 * 4096 * 1536
    assert count.per_part["time series"] == 0
    assert count.kv_cache_bytes_per_token == 94 * 2 * 4 * 128 * 2
    assert im.count_parameters(im.InternS1Config.preset("intern-s1-mini")).total == 8_538_804_224


def test_parts_add_up_to_the_model(model, config):
    assert im.count_parameters(config).total == sum(p.numel() for p in model.parameters())


def test_text_work_is_what_the_model_executes(plain, config):
    length, text = 13, config.text_config
    ids = torch.randint(0, 200, (1, length), generator=torch.Generator().manual_seed(0))
    count = im.count_flops(config, [length])
    # Eager attention computes the masked half as well.
    width = text.num_attention_heads * text.head_dim
    full = 4.0 * length * length * width * text.num_hidden_layers
    assert executed(lambda: plain(ids)) == count.text + count.lm_head + full
    assert count.attention == full * (length + 1) / (2 * length)


def test_tile_work_is_what_the_tower_executes(plain, config):
    pixels = torch.randn(3, 3, 56, 56)
    expected = im.count_flops(config, [], num_tiles=3).vision
    assert executed(lambda: plain.model.get_image_features(pixels)) == expected


@pytest.mark.parametrize(("samples", "channels", "rate"), [(200, 1, 1.0), (1500, 2, 50.0)])
def test_series_work_is_what_the_encoder_executes(plain, config, samples, channels, rate):
    ts = config.ts_config
    counted = im.count_flops(config, [], series=[(samples, channels, rate)]).time_series
    frames = num_time_series_tokens(samples, rate)
    assert frames <= ts.max_source_positions
    # The frame layers' masked half is executed as well.
    hidden = 4.0 * ts.d_model * ts.encoder_layers * (frames**2 - frames * (frames + 1) / 2)
    # Torch's encoder layer attends within patches by a fused kernel that the counter passes over.
    window, patches = 2 * patch_stride(rate), num_patches(samples, patch_stride(rate))
    fused = 4.0 * channels * patches * window**2 * ts.patch_hidden_dim
    total = executed(lambda: plain.model.time_series([torch.randn(samples, channels)], [rate]))
    assert total == pytest.approx(counted + hidden - fused, rel=1e-12)


def test_documents_add_up_and_do_not_see_each_other(config):
    one, two = im.count_flops(config, [100]), im.count_flops(config, [100, 100])
    joined = im.count_flops(config, [200])
    assert two.forward == 2 * one.forward
    assert joined.text == two.text
    assert joined.attention > two.attention
    assert one.training == 3 * one.forward


def test_published_work_per_token_and_tile():
    config = im.InternS1Config.preset("intern-s1")
    assert im.count_flops(config, [1]).forward == pytest.approx(43.15e9, rel=1e-3)
    tile, token = im.count_flops(config, [], num_tiles=1).vision, im.count_flops(config, [1])
    assert 270 < tile / token.forward < 285  # one tile costs as much as some 277 text tokens


def test_utilisation_by_hand_and_its_errors():
    assert im.model_flops_utilization(6e12, 2.0, 1e12, 4) == 0.75
    with pytest.raises(ValueError, match="must be positive"):
        im.model_flops_utilization(1.0, 0.0, 1.0)
    config = im.InternS1Config.preset("intern-s1-mini")
    with pytest.raises(ValueError, match="not negative"):
        im.count_flops(config, [-1])
    with pytest.raises(ValueError, match="no time-series encoder"):
        im.count_flops(config, [], series=[(10, 1, None)])
