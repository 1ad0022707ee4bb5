import json

import pytest
import torch
from torch import nn

from pcc_distill import CacheError, ConfigError
from pcc_distill.cache import FeatureCache, fingerprint


def levels(seed: int = 0) -> list[torch.Tensor]:
    draws = torch.Generator().manual_seed(seed)
    return [torch.randn(4, 6, 8, generator=draws), torch.randn(4, 3, 4, generator=draws)]


def test_levels_come_back_as_they_were_stored(tmp_path):
    cache = FeatureCache(tmp_path, teacher="t", dtype="float32")
    view = cache.view("image-1")
    assert cache.get(view.key) is None
    assert cache.put(view.key, levels())
    again = FeatureCache(tmp_path, teacher="t", dtype="float32")
    for mine, theirs in zip(again.get(view.key), levels(), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)
    assert again.size_bytes == cache.size_bytes > 4 * 4 * 60


def test_half_precision_rounds_once(tmp_path):
    cache = FeatureCache(tmp_path, teacher="t", dtype="float16")
    cache.put("ab" * 20, levels())
    assert torch.equal(cache.get("ab" * 20)[0], levels()[0].half().float())


def test_epochs_replay_a_fixed_number_of_views_with_seeds_of_their_own(tmp_path):
    cache = FeatureCache(tmp_path, teacher="t", num_views=3)
    views = [cache.view(7, epoch) for epoch in range(6)]
    assert views[:3] == views[3:]
    assert len({v.key for v in views} | {v.key for v in [cache.view(8, 0)]}) == 4
    assert len({v.seed for v in views}) == 3
    assert all(0 <= v.seed < 2**31 for v in views)


def test_the_size_is_bounded(tmp_path):
    cache = FeatureCache(tmp_path, teacher="t", max_bytes=1500)
    kept = [cache.put(cache.view(i).key, levels()) for i in range(5)]
    assert kept == [True, True, False, False, False]
    assert cache.size_bytes <= 1500
    assert cache.put(cache.view(0).key, levels()) is False


def test_a_damaged_file_is_named(tmp_path):
    cache = FeatureCache(tmp_path, teacher="t")
    key = cache.view(1).key
    cache.put(key, levels())
    (path,) = tmp_path.glob("??/*.safetensors")
    data = bytearray(path.read_bytes())
    data[-3] ^= 255
    path.write_bytes(data)
    with pytest.raises(CacheError, match=r"safetensors: damaged \(checksum differs\); delete it"):
        cache.get(key)
    path.write_bytes(bytes(data[:40]))
    with pytest.raises(CacheError, match="damaged"):
        cache.get(key)


def test_features_of_another_teacher_or_setting_are_refused(tmp_path):
    FeatureCache(tmp_path, teacher="one")
    with pytest.raises(CacheError, match=r"features of another teacher \('one', now 'two'\)"):
        FeatureCache(tmp_path, teacher="two")
    with pytest.raises(CacheError, match="features of another num_views"):
        FeatureCache(tmp_path, teacher="one", num_views=2)
    (tmp_path / "cache.json").write_text(json.dumps([1]))
    with pytest.raises(CacheError, match="features of another teacher"):
        FeatureCache(tmp_path, teacher="one")
    with pytest.raises(ConfigError, match="dtype must be one of"):
        FeatureCache(tmp_path / "b", teacher="one", dtype="int8")
    with pytest.raises(ConfigError, match="num_views 0"):
        FeatureCache(tmp_path / "b", teacher="one", num_views=0)


def test_a_full_disk_leaves_no_half_written_file(tmp_path, monkeypatch):
    cache = FeatureCache(tmp_path, teacher="t")

    def full(*_arguments, **_keywords):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OSError, match="No space left"):
        cache.put(cache.view(1).key, levels())
    assert not list(tmp_path.glob("??/*"))


def test_the_fingerprint_changes_with_a_weight():
    model = nn.Linear(2, 2)
    before = fingerprint(model)
    assert fingerprint(model) == before
    with torch.no_grad():
        model.bias[0] += 1
    assert fingerprint(model) != before
