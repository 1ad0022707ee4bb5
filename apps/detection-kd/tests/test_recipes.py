import hashlib
import zipfile

import pytest

from intern_detection_kd.coco import read_coco
from intern_detection_kd.main import main
from intern_detection_kd.recipes import Recipe, fetch, recipe
from intern_runs import ConfigError, DataError


def served(path, data: bytes) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path.as_uri()


def test_a_file_is_fetched_once_checked_and_named_in_the_configuration(tmp_path):
    data = b"weights" * 1000
    name = f"r50-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    address = served(tmp_path / "server" / name, data)
    found = Recipe(addresses=(address,), file="c.py", text='x = dict(a="{folder}/' + name + '")')
    seen = []
    target = fetch(found, tmp_path / "out", lambda *progress: seen.append(progress))
    assert target.read_text() == f'x = dict(a="{(tmp_path / "out").resolve()}/{name}")'
    assert seen[-1] == (name, len(data), len(data))
    assert (tmp_path / "out" / name).read_bytes() == data
    (tmp_path / "server" / name).unlink()
    fetch(found, tmp_path / "out")
    (tmp_path / "out" / name).write_bytes(b"other")
    with pytest.raises(DataError, match="SHA-256 begins with"):
        fetch(found, tmp_path / "out")


def test_archives_are_unpacked_and_kept_inside_the_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "good.zip", "w") as archive:
        archive.writestr("images/a.txt", "a")
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr("../outside.txt", "a")
    (tmp_path / "junk.zip").write_bytes(b"junk")

    def get(name: str):
        uri = (tmp_path / name).as_uri()
        return fetch(Recipe(addresses=(uri,), file="r.toml", text=""), tmp_path / "out")

    get("good.zip")
    assert (tmp_path / "out" / "images" / "a.txt").read_text() == "a"
    with pytest.raises(DataError, match=r"'\.\./outside.txt' would be written outside"):
        get("bad.zip")
    assert not (tmp_path / "outside.txt").exists()
    with pytest.raises(DataError, match="damaged archive"):
        get("junk.zip")
    with pytest.raises(DataError, match=r"cannot be fetched: .*; run the same command again"):
        get("gone.zip")


def test_every_shipped_pair_is_a_recipe_whose_checkpoint_becomes_local(capsys):
    assert main(["fetch-recipe", "coco2017", "--dry-run"]) == 0
    assert capsys.readouterr().out.count(".zip") == 3
    found = recipe("retinanet/pkd_fcos-x101_retinanet-r50_1x_coco")
    assert found.addresses[0].endswith("ede514a8.pth")
    assert 'checkpoint="{folder}/' in found.text
    assert "{{_base_.model}}" in found.text
    with pytest.raises(
        ConfigError, match=r"no recipe 'x'; there are: digits, coco2017, faster_rcnn/"
    ):
        recipe("x")


def test_the_digits_recipe_builds_a_coco_set_and_a_configuration_that_names_its_files(
    tmp_path, capsys
):
    folder = tmp_path / "digits"
    assert main(["fetch-recipe", "digits", "--images", "6", "--output", str(folder)]) == 0
    assert str(folder / "retinanet_pcc_digits.py") in capsys.readouterr().out
    assert [len(read_coco(folder / f"{s}.json").records) for s in ("train", "val")] == [6, 1]
    text = (folder / "retinanet_pcc_digits.py").read_text()
    compile(text.replace("{{_base_.model}}", "None"), "config", "exec")
    assert f'data_root="{folder.resolve()}/"' in text
    with pytest.raises(ConfigError, match="--images is 0, expected at least 1"):
        recipe("digits", 0)
