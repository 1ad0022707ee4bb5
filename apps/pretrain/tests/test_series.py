import re
from random import Random

import numpy as np
import pytest

from intern_pretrain.series import Series, Window, caption, read_series, trend, windows


def made(values):
    return Series(
        name="made",
        title="a made series",
        unit="V",
        interval="second",
        sampling_rate=1.0,
        values=np.asarray(values, dtype=np.float32),
    )


def test_the_installed_series_are_what_their_sources_say():
    series = {one.name: one for one in read_series()}
    assert len(series["ecg"].values) == 1024
    assert series["ecg"].sampling_rate is None
    assert series["sunspots.SUNACTIVITY"].values[:3].tolist() == [5, 11, 16]
    assert series["nile.volume"].values[:2].tolist() == [1120, 1160]
    assert series["elnino"].values[:2] == pytest.approx([23.11, 24.20])
    assert len(series["elnino"].values) == 61 * 12
    assert series["elnino"].sampling_rate == pytest.approx(12 / (365.25 * 86400))
    assert np.isnan(series["co2.co2"].values).sum() > 0


def test_windows_stay_in_their_chunk_and_never_repeat():
    series = made(np.arange(200))
    drawn = list(windows(series, chunk=64, longest=40, count=300))
    assert len(drawn) > 200
    assert len({(w.start, len(w.values)) for w in drawn}) == len(drawn)
    for window in drawn:
        end = 200 if window.chunk == 2 else (window.chunk + 1) * 64
        assert window.chunk * 64 <= window.start
        assert window.start + len(window.values) <= end
        assert (window.values == series.values[window.start :][: len(window.values)]).all()
        assert 16 <= len(window.values) <= 40


def test_constant_and_mostly_missing_windows_are_left_out():
    assert list(windows(made(np.ones(64)), chunk=64, longest=32, count=20)) == []
    assert list(windows(made(np.full(64, np.nan)), chunk=64, longest=32, count=20)) == []


def test_a_trend_is_rising_falling_or_flat():
    noise = np.random.default_rng(0).normal(size=200).astype(np.float32)
    ramp = np.linspace(0, 10, 200, dtype=np.float32)
    assert trend(ramp + noise) == "rising"
    assert trend(noise - ramp) == "falling"
    assert trend(noise) == "flat"
    assert trend(np.ones(20, dtype=np.float32)) == "flat"


def test_every_statement_of_a_caption_is_true():
    for seed in range(40):
        values = np.random.default_rng(seed).normal(5, 2, size=30).astype(np.float32)
        values[7] = np.nan
        window = Window(series=made(values), chunk=0, start=0, values=values)
        text = caption(window, Random(seed))
        assert text.startswith("<TS_CONTEXT>\n")
        assert "one sample per second" in text
        if found := re.search(r"highest value is at sample (\d+) of 30", text):
            assert values[int(found[1]) - 1] == np.nanmax(values)
        if found := re.search(r"lowest value is at sample (\d+) of 30", text):
            assert values[int(found[1]) - 1] == np.nanmin(values)
        if found := re.search(r"between (\S+) and (\S+) V, with a mean of (\S+) V", text):
            stated = [float(number) for number in found.groups()]
            facts = [np.nanmin(values), np.nanmax(values), np.nanmean(values)]
            assert stated == pytest.approx(facts, rel=5e-4)  # four significant digits
        if "missing" in text:
            assert "1 of 30 samples are missing." in text
