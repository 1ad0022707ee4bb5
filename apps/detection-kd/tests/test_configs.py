from pathlib import Path

import pytest

from intern_detection_kd.config import RunConfig
from intern_detection_kd.recipes import COCO_TOML
from intern_runs import load_config

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_committed_config_parses(path):
    assert load_config(RunConfig, path).arms


def test_the_written_out_quickstart_equals_the_built_in_one():
    (path,) = [path for path in CONFIGS if path.stem == "quickstart"]
    assert load_config(RunConfig, path) == RunConfig()


def test_the_coco_recipe_parses(tmp_path):
    (tmp_path / "recipe.toml").write_text(COCO_TOML)
    assert load_config(RunConfig, tmp_path / "recipe.toml").data.image_size == 512
