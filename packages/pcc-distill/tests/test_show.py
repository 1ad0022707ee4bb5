import importlib.util

import pytest
import torch

from pcc_distill import FeatureError
from pcc_distill.cli import config_names, main
from pcc_distill.show import channel_magnitudes, position_correlation, read_features, write_features


def levels(seed: int = 0) -> list[torch.Tensor]:
    draws = torch.Generator().manual_seed(seed)
    return [torch.randn(2, 4, 6, 8, generator=draws), torch.randn(2, 4, 3, 4, generator=draws)]


def test_correlation_maps_ignore_magnitude_and_see_sign():
    maps = levels()[0]
    ones = torch.ones(2, 6, 8)
    torch.testing.assert_close(position_correlation(maps, 8 * maps + 3), ones)
    torch.testing.assert_close(position_correlation(maps, -maps), -ones)
    assert position_correlation(maps, torch.zeros_like(maps)).abs().max() == 0


def test_magnitudes_are_standard_deviations_per_channel():
    maps = torch.tensor([1.0, 3.0]).reshape(1, 1, 1, 2).repeat(1, 2, 1, 1) * torch.tensor(
        [1.0, 8.0]
    ).reshape(1, 2, 1, 1)
    assert channel_magnitudes(maps).tolist() == [1.0, 8.0]


def test_a_feature_file_is_drawn(tmp_path, capsys):
    write_features(tmp_path / "f.safetensors", levels(), levels(1), torch.rand(3, 48, 64))
    student, teacher, image = read_features(tmp_path / "f.safetensors")
    assert len(student) == len(teacher) == 2
    assert image.shape == (3, 48, 64)
    assert main(["show", str(tmp_path / "f.safetensors"), "--output", str(tmp_path / "m.png")]) == 0
    assert (tmp_path / "m.png").read_bytes()[:4] == b"\x89PNG"
    assert capsys.readouterr().out.strip() == str(tmp_path / "m.png")


def test_mistakes_are_one_line_with_exit_code_2(tmp_path, capsys):
    def fails(*arguments: str) -> str:
        assert main(list(arguments)) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        return error

    gone = str(tmp_path / "gone")
    assert "gone: no such feature file" in fails("show", gone)
    (tmp_path / "bad").write_bytes(b"junk")
    assert "cannot be read" in fails("show", str(tmp_path / "bad"))
    write_features(tmp_path / "half", [], levels())
    assert "lacks student.0; it has teacher.0" in fails("show", str(tmp_path / "half"))
    write_features(tmp_path / "good", levels(), levels())
    nowhere = str(tmp_path / "no" / "m.png")
    assert "cannot be written" in fails("show", str(tmp_path / "good"), "--output", nowhere)
    assert "no shipped configuration 'x/y'; there are: faster_rcnn/" in fails("config", "x/y")
    assert "--mmdet needs --image" in fails("show", "--mmdet", "config.py")
    if importlib.util.find_spec("mmengine") is None:
        message = fails("show", "--mmdet", "config.py", "--image", "a.png")
        assert "show needs mmengine, which is not installed; install pcc-distill[" in message
    with pytest.raises(FeatureError):
        read_features(gone)


def test_shipped_configs_are_listed_and_found(capsys):
    assert main(["config"]) == 0
    assert capsys.readouterr().out.split() == config_names()
    assert main(["config", "pcc_distill::" + config_names()[0]]) == 0
    assert capsys.readouterr().out.strip().endswith(config_names()[0])
