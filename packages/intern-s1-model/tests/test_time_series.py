"""The time-series encoder: lengths, rates, channels, batching, bad values, files."""

import math
import struct
import wave

import numpy as np
import pytest
import torch
from torch.nn import functional as F

import intern_s1_model as im
from intern_s1_model.series_io import load_series
from intern_s1_model.time_series import (
    InternS1TimeSeriesModel,
    TimeSeriesFrameLayer,
    normalize_series,
    num_time_series_tokens,
    patch_stride,
)

# Float32; only the order of sums differs.
CLOSE = {"rtol": 0, "atol": 1e-5}


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    config = im.InternS1Config.preset("tiny").ts_config
    return InternS1TimeSeriesModel(config).eval()


def series(length, channels=1, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(length, channels, generator=generator).cumsum(0)


def reference(model, values, rate):
    """The published computation for one series, written out: patches, stem, causal layers."""
    stride = patch_stride(rate)
    x = normalize_series(values).to(model.dtype)
    patches = math.ceil((len(x) - 2 * stride) / stride) + 1
    x = F.pad(x, (0, 0, 0, (patches - 1) * stride + 2 * stride - len(x)))
    index = (torch.arange(0, patches * stride, stride)[:, None] + torch.arange(2 * stride)).long()
    cut = x[index]
    embed = model.encoder_embed
    flat = cut.reshape(patches * cut.shape[-1], 1, 2 * stride)
    h = F.relu(embed.conv(flat)).permute(2, 0, 1)
    width = h.shape[-1]
    position = torch.arange(len(h)).float()[:, None]
    frequency = torch.exp(torch.arange(0, width, 2).float() * (-math.log(10000.0) / width))
    table = torch.zeros(len(h), width)
    table[:, 0::2] = torch.sin(position * frequency)
    table[:, 1::2] = torch.cos(position * frequency)
    h = embed.transformer_encoder((h + table[:, None]).transpose(0, 1)).mean(1)
    h = h.reshape(patches, cut.shape[-1], -1).mean(1)
    h = h[: patches // 2 * 2]
    h = torch.cat((h[::2], h[1::2]), dim=1)
    encoder = model.encoder
    h = encoder.adapt_in(h).T[None]
    h = F.gelu(encoder.conv2(F.gelu(encoder.conv1(h)))).permute(0, 2, 1)
    frames = h.shape[1]
    h = h + encoder.embed_positions.weight[:frames]
    mask = torch.full((frames, frames), float("-inf"), dtype=h.dtype).triu(1)[None, None]
    for layer in encoder.layers:
        h = super(TimeSeriesFrameLayer, layer).forward(h, mask)
    return model.projector(encoder.adapt_out(encoder.layer_norm(h)))[0]


@pytest.mark.parametrize(
    ("length", "channels", "rate"), [(40, 1, 1.0), (333, 3, 50.0), (90, 2, 9.0)]
)
def test_features_equal_the_written_out_computation(encoder, length, channels, rate):
    encoder, values = encoder.double(), series(length, channels)
    encoder.encoder_embed.interleave_channels = True  # as published
    [got] = encoder([values], [rate])
    # Float64 leaves only the order of sums, some 1e-14; float32 position tables are shared.
    torch.testing.assert_close(got, reference(encoder, values, rate), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("rate", "stride"), [(1e-9, 2), (1, 2), (100, 24), (250, 99), (1000, 159), (16000, 160)]
)
def test_stride_follows_the_sampling_rate(rate, stride):
    exact = 160 / (1 + math.exp(-rate / 100)) ** 6
    assert patch_stride(rate) == math.floor(exact) == stride


@pytest.mark.parametrize(
    ("length", "rate", "tokens"),
    [(1, None, 1), (4, None, 1), (5, 1, 1), (64_000, 16_000, 100), (240_000, 1, 30_000)],
)
def test_token_counts(length, rate, tokens):
    assert num_time_series_tokens(length, rate) == tokens


@pytest.mark.parametrize("length", [1, 2, 3, 4, 5, 17, 100, 1001])
def test_as_many_features_as_tokens(encoder, length):
    [features] = encoder([series(length)], [1.0])
    assert features.shape == (num_time_series_tokens(length, 1.0), 128)
    assert torch.isfinite(features).all()


@pytest.mark.slow
def test_a_million_samples_are_taken_whole():
    small = {"patch_hidden_dim": 4, "patch_attention_heads": 1, "patch_ffn_dim": 4}
    small |= {"ts_adapt_in_dim": 8, "encoder_layers": 1}
    config = im.InternS1Config.preset("tiny", ts_config=small).ts_config
    encoder = InternS1TimeSeriesModel(config).eval()
    values = series(1_000_000)
    with torch.no_grad():
        [features] = encoder([values], [None])
        changed = values.clone()
        changed[-1000:] += 1e4 * torch.arange(1000)[:, None] % 977
        [other] = encoder([changed], [None])
    assert len(features) == num_time_series_tokens(1_000_000) == 1562
    assert not torch.allclose(features[-1], other[-1])


def test_windowed_attention_is_exact_below_the_bound_and_local_above(encoder):
    layer = encoder.encoder.layers[0]
    window = encoder.config.max_source_positions
    x = torch.randn(1, 3 * window + 5, 64, generator=torch.Generator().manual_seed(1))
    frames = x.shape[1]
    index = torch.arange(frames)
    distance = index[:, None] - index[None]
    mask = torch.where((distance >= 0) & (distance < window), 0.0, float("-inf"))[None, None]
    expected = super(TimeSeriesFrameLayer, layer).forward(x, mask)
    torch.testing.assert_close(layer(x), expected, rtol=0, atol=1e-5)
    torch.testing.assert_close(layer(x[:, :window]), expected[:, :window], rtol=0, atol=1e-5)


def test_a_series_does_not_depend_on_its_batch(encoder):
    first, second = series(50, 2), series(400, 1, seed=1)
    together = encoder([first, second], [1.0, 20.0])
    torch.testing.assert_close(together[0], encoder([first], [1.0])[0], rtol=0, atol=0)
    torch.testing.assert_close(together[1], encoder([second], [20.0])[0], rtol=0, atol=0)


def test_own_rows_per_channel_make_the_order_of_channels_irrelevant(encoder):
    values = series(200, 3)
    expected = encoder([values], [1.0])[0]
    torch.testing.assert_close(encoder([values[:, [2, 0, 1]]], [1.0])[0], expected, **CLOSE)
    twice = torch.cat([values, values], dim=1)
    torch.testing.assert_close(encoder([twice], [1.0])[0], expected, **CLOSE)


def test_lengths_and_rates_without_number_have_as_many_features_as_placeholders(encoder):
    generator = torch.Generator().manual_seed(0)
    lengths = (10 ** (torch.rand(40, generator=generator) * 4)).int().tolist()
    rates = (10 ** (torch.rand(40, generator=generator) * 6 - 2)).tolist()
    values = [series(max(1, n), 1 + n % 3, seed=n) for n in lengths]
    features = encoder(values, rates)
    expected = [num_time_series_tokens(len(v), r) for v, r in zip(values, rates, strict=True)]
    assert [len(one) for one in features] == expected
    assert all(torch.isfinite(one).all() for one in features)


def test_normalization_rules():
    values = torch.tensor([[1.0, 5.0, math.nan], [3.0, 5.0, 2.0], [math.inf, 5.0, 2.0]])
    expected = torch.tensor([[-1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    assert torch.equal(normalize_series(values), expected)
    assert torch.equal(normalize_series(torch.full((9, 1), 0.1)), torch.zeros(9, 1))
    offset = torch.tensor([[1e6], [1e6 + 1]], dtype=torch.float64)
    assert normalize_series(offset).flatten().tolist() == [-1.0, 1.0]
    with pytest.raises(ValueError, match="no finite sample"):
        normalize_series(torch.full((3, 2), math.nan))


@pytest.mark.parametrize(
    ("values", "rate", "message"),
    [
        (torch.zeros(0, 1), 1.0, r"Time series 1 has shape \(0, 1\)"),
        (torch.zeros(3, 0), 1.0, r"Time series 1 has shape \(3, 0\)"),
        (torch.zeros(2, 2, 2), 1.0, "Time series 1 has shape"),
        (torch.zeros(4, dtype=torch.complex64), 1.0, "Time series 1 has dtype torch.complex64"),
        (torch.ones(4, dtype=torch.bool), 1.0, "Time series 1 has dtype torch.bool"),
        (torch.zeros(1_000_001), 1.0, "Time series 1 has 1000001 samples"),
        (torch.ones(4), 0.0, "Time series 1: A sampling rate must be a positive"),
        (torch.ones(4), math.nan, "Time series 1: A sampling rate must be a positive"),
        (torch.ones(4), -5, "Time series 1: A sampling rate must be a positive"),
    ],
)
def test_bad_series_are_named(encoder, values, rate, message):
    with pytest.raises(ValueError, match=message):
        encoder([series(9), values], [1.0, rate])
    with pytest.raises(ValueError, match="Got 2 time series but 1 sampling rates"):
        encoder([series(9), series(9)], [1.0])


def test_gradients_reach_every_parameter(encoder):
    encoder.train()
    sum(one.square().mean() for one in encoder([series(300, 2)], [1.0])).backward()
    silent = [n for n, p in encoder.named_parameters() if p.grad is None or not p.grad.any()]
    # The bias of keys shifts all scores alike, so softmax removes it; Whisper has none either.
    assert silent == []


def test_series_are_read_from_files(tmp_path):
    values = np.stack([np.arange(6.0), np.arange(6.0) ** 2], axis=1)
    np.save(tmp_path / "a.npy", values)
    np.testing.assert_array_equal(load_series(tmp_path / "a.npy")[0], values)
    (tmp_path / "b.csv").write_text("time,value\n1,2\n3,\n5,6\n")
    loaded, rate = load_series(tmp_path / "b.csv")
    np.testing.assert_array_equal(loaded, [[1, 2], [3, math.nan], [5, 6]])
    assert rate is None
    for width, code, scale in ((1, "B", 128), (2, "<h", 2**15), (4, "<i", 2**31)):
        path = tmp_path / f"{width}.wav"
        offset = 128 if width == 1 else 0
        samples = [offset, offset + scale // 2]
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(width)
            file.setframerate(8000)
            file.writeframes(b"".join(struct.pack(code, sample) for sample in samples))
        loaded, rate = load_series(path)
        assert rate == 8000
        assert loaded.flatten().tolist() == [0.0, 0.5]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"1", "the ending '.txt' is not one of"),
        ("a.npy", b"junk", "not a plain .npy array"),
        ("a.csv", b"1,2\n3\n", "line 2 has 1 columns"),
        ("a.csv", b"1\nx\n", "line 2: could not convert"),
        ("a.wav", b"junk", "not a PCM .wav file"),
        ("a.csv", b"", "at least one of each"),
    ],
)
def test_bad_files_are_refused_with_the_reason(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        load_series(tmp_path / name)


def test_pickled_arrays_are_refused(tmp_path):
    np.save(tmp_path / "a.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="not a plain"):
        load_series(tmp_path / "a.npy")
