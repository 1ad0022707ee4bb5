"""Stochastic depth of the vision tower, and the pixel unshuffle's error."""

import pytest
import torch

import intern_s1_model as im
from intern_s1_model.vision import drop_path, pixel_unshuffle


def tower(rate):
    torch.manual_seed(0)
    config = im.InternS1Config.preset("tiny", vision_config={"drop_path_rate": rate})
    model = im.InternS1VisionModel(config.vision_config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.05)
    return model


def test_whole_samples_are_dropped_and_the_rest_is_rescaled():
    torch.manual_seed(0)
    x = torch.rand(4000, 3, 2) + 1.0
    out = drop_path(x, 0.25, training=True)
    kept = out.flatten(1).any(1)
    assert torch.equal(out[~kept], torch.zeros_like(out[~kept]))
    torch.testing.assert_close(out[kept], x[kept] / 0.75)
    # Bernoulli(0.75) over 4,000 draws: the share's standard deviation is 0.007.
    assert abs(kept.float().mean().item() - 0.75) < 0.03
    assert drop_path(x, 0.25, training=False) is x
    assert drop_path(x, 0.0, training=True) is x


def test_rates_grow_linearly_and_act_in_training_only():
    model, plain = tower(0.5), tower(0.0)
    assert [layer.drop_path_rate for layer in model.encoder.layer] == [0.0, 0.5]
    model.load_state_dict(plain.state_dict())
    pixels = torch.randn(6, 3, 56, 56)
    expected = plain.eval()(pixels).last_hidden_state
    torch.testing.assert_close(model.eval()(pixels).last_hidden_state, expected, rtol=0, atol=0)
    model.train()
    torch.manual_seed(1)
    first = model(pixels).last_hidden_state
    torch.manual_seed(1)
    assert torch.equal(model(pixels).last_hidden_state, first)
    assert not torch.allclose(first, expected)


def test_a_grid_that_does_not_divide_is_refused():
    with pytest.raises(ValueError, match="A 3x4 patch grid cannot be unshuffled by 2"):
        pixel_unshuffle(torch.zeros(1, 3, 4, 8), 0.5)
