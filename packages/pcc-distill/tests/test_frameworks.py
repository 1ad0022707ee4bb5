"""The examples for detectors of torchvision and transformers run and teach."""

import importlib.util
from pathlib import Path

import pytest
import torch

EXAMPLES = Path(__file__).parents[1] / "examples"


def load(name: str):
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_torchvision_detector_learns_from_a_larger_one():
    pytest.importorskip("torchvision", reason="torchvision is not installed (extra `torchvision`)")
    seen = load("torchvision_detector").main(steps=4)
    assert seen[-1] < seen[0]


@pytest.mark.parametrize("kind", ["detr", "deformable-detr", "rt-detr"])
def test_a_detector_of_transformers_learns_from_a_larger_one(kind):
    pytest.importorskip("transformers", reason="transformers is not installed")
    seen = load("transformers_detectors").main(kind, steps=8)
    assert min(seen[-3:]) < seen[0]  # single steps of so small a batch are noisy


def test_the_benchmark_agrees_with_the_textbook(monkeypatch):
    path = EXAMPLES.parent / "benchmarks" / "loss_speed.py"
    spec = importlib.util.spec_from_file_location("loss_speed", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SHAPES", [(2, 8, 12, 10)])
    (row,) = module.main()["rows"]
    assert row["textbook"]["value_difference"] < 1e-6
    assert row["textbook"]["gradient_difference"] < 1e-6
    assert row["textbook"]["kept_bytes_ratio"] < 0.6
    assert torch.get_num_threads() == module.main()["threads"]
