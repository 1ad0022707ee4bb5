"""Every committed configuration parses with the program it belongs to."""

from importlib import import_module
from pathlib import Path

import pytest

from intern_runs import load_config

ROOT = Path(__file__).parents[2]
MODELS = {
    "pretrain": "intern_pretrain.config:RunConfig",
    "rl": "intern_rl.config:RunConfig",
    "detection-kd": "intern_detection_kd.config:RunConfig",
}
CONFIGS = sorted(path for app in MODELS for path in (ROOT / "apps" / app).glob("configs/*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: f"{path.parents[1].name}/{path.name}")
def test_a_committed_configuration_parses(path):
    module, name = MODELS[path.parents[1].name].split(":")
    load_config(getattr(import_module(module), name), path)


def test_each_program_has_a_quickstart_configuration():
    assert {path.parents[1].name for path in CONFIGS if path.name == "quickstart.toml"} == set(
        MODELS
    )
