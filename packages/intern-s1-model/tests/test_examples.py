"""Every example, run as its command line would, on the tiny model."""

import importlib
import re
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"


@pytest.fixture
def example(monkeypatch):
    """Import an example by name, as Python does for a script: its folder comes first."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    before = set(sys.modules)

    def load(name, *needed):
        for library in needed:
            pytest.importorskip(library, reason=f"the example uses {library}")
        return importlib.import_module(name)

    yield load
    for name in set(sys.modules) - before:
        if (
            getattr(sys.modules[name], "__file__", None)
            and EXAMPLES in Path(sys.modules[name].__file__).parents
        ):
            del sys.modules[name]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory):
    """The tiny checkpoint, written once by its own example."""
    folder = tmp_path_factory.mktemp("tiny")
    sys.path.insert(0, str(EXAMPLES))
    try:
        importlib.import_module("tiny_checkpoint").main([str(folder)])
    finally:
        sys.path.remove(str(EXAMPLES))
    return folder


def test_chat_with_image(example, checkpoint, tmp_path, capsys):
    module = example("chat_with_image")
    first = module.main(["--model", str(checkpoint), "--max-new-tokens", "4"])
    assert "640x320 pixels, 9 tiles of 4" in capsys.readouterr().out
    module.drawn_image().save(tmp_path / "a.png")
    again = module.main(
        ["--model", str(checkpoint), "--image", str(tmp_path / "a.png"), "--max-new-tokens", "4"]
    )
    assert first == again


def test_read_molecule_drawing(example, checkpoint, capsys):
    module = example("read_molecule_drawing", "rdkit")
    assert module.main(["--model", str(checkpoint), "--max-new-tokens", "4"]) is False
    assert "same molecule: False" in capsys.readouterr().out
    assert module.same_molecule("It is <SMILES>OCC</SMILES>.", "CCO")
    with pytest.raises(SystemExit, match="'C1C' is not a SMILES"):
        module.main(["--smiles", "C1C"])


def test_ecg_series(example, checkpoint, tmp_path, capsys):
    pywt = pytest.importorskip("pywt")
    module = example("ecg_series")
    arguments = ["--model", str(checkpoint), "--max-new-tokens", "4"]
    first = module.main(arguments)
    assert "1024 samples, 2.8 s, 2 tokens" in capsys.readouterr().out
    path = tmp_path / "ecg.csv"
    path.write_text("\n".join(map(str, pywt.data.ecg())))
    assert module.main([*arguments, "--file", str(path), "--sampling-rate", "360"]) == first


def test_finetune_with_the_trainer(example, checkpoint, tmp_path):
    module = example("finetune_trainer", "accelerate", "rdkit")
    before, after = module.main([str(tmp_path), "--model", str(checkpoint), "--steps", "8"])
    assert after < 0.7 * before
    from intern_s1_model.checkpoint import verify_checkpoint

    verify_checkpoint(tmp_path)


def test_finetune_adapters(example, checkpoint, tmp_path):
    module = example("finetune_lora", "peft", "pywt")
    before, after = module.main([str(tmp_path), "--model", str(checkpoint), "--steps", "12"])
    assert after < 0.7 * before
    assert (tmp_path / "adapter_model.safetensors").stat().st_size < 1_000_000


def test_export_reload_and_serve(example, checkpoint, tmp_path):
    module = example("export_and_serve", "fastapi", "uvicorn")
    reply = module.main([str(tmp_path), "--model", str(checkpoint), "--once"])
    assert reply["choices"][0]["message"]["role"] == "assistant"
    assert reply["usage"]["completion_tokens"] in range(1, 9)


def test_the_readme_runs_as_it_stands(capsys):
    readme = (EXAMPLES.parent / "README.md").read_text("utf-8")
    namespace: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        exec(compile(block, "README.md", "exec"), namespace)
    assert capsys.readouterr().out.startswith("torch.Size([1, ")
    assert namespace["batch"]["time_series_sampling_rates"] == [100.0]
