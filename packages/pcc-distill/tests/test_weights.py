import os
import pickle

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pcc_distill import TeacherError
from pcc_distill.weights import load_weights, read_weights


class Harmful:
    """Writes a file when unpickled the usual way."""

    def __init__(self, path) -> None:
        self.path = str(path)

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


class Log:
    """Unpickles by `getattr`, as MMEngine's log history does."""

    def __reduce__(self):
        return getattr, (nn.Linear, "forward")


@pytest.mark.parametrize("key", [None, "state_dict", "model"])
def test_weights_are_read_bare_or_under_the_usual_keys(tmp_path, key):
    model = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3)).to(torch.float64)
    state = model.state_dict()
    torch.save(state if key is None else {key: state, "meta": {"epoch": 3}}, tmp_path / "a.pth")
    found = read_weights(tmp_path / "a.pth")
    assert set(found) == set(state)
    for name, value in state.items():
        torch.testing.assert_close(found[name], value, rtol=0, atol=0)
    torch.save({"w": nn.Parameter(torch.ones(2))}, tmp_path / "b.pth")
    assert read_weights(tmp_path / "b.pth")["w"].tolist() == [1, 1]


def test_safetensors_are_read(tmp_path):
    save_file({"w": torch.arange(3.0)}, tmp_path / "a.safetensors")
    assert read_weights(tmp_path / "a.safetensors")["w"].tolist() == [0, 1, 2]


def test_nothing_in_a_file_is_run(tmp_path):
    state = {"state_dict": {"w": torch.ones(1)}, "hub": [Harmful(tmp_path / "harm"), Log()]}
    torch.save(state, tmp_path / "a.pth")
    assert read_weights(tmp_path / "a.pth")["w"].item() == 1
    assert not (tmp_path / "harm").exists()
    pickle.loads(pickle.dumps(Harmful(tmp_path / "harm")))  # the trap itself works
    assert (tmp_path / "harm").exists()


def test_missing_damaged_and_empty_files_are_refused(tmp_path):
    with pytest.raises(TeacherError, match=r"gone.pth does not exist"):
        read_weights(tmp_path / "gone.pth")
    (tmp_path / "bad.pth").write_bytes(b"PK junk")
    with pytest.raises(TeacherError, match=r"bad.pth cannot be read: "):
        read_weights(tmp_path / "bad.pth")
    torch.save({"epoch": 3}, tmp_path / "none.pth")
    with pytest.raises(TeacherError, match="holds no weights; expected a state dict"):
        read_weights(tmp_path / "none.pth")
    (tmp_path / "bad.safetensors").write_bytes(b"junk")
    with pytest.raises(TeacherError, match=r"bad.safetensors cannot be read"):
        read_weights(tmp_path / "bad.safetensors")


def test_a_checkpoint_of_another_model_names_the_first_weight_that_lacks(tmp_path):
    torch.save(nn.Linear(2, 3).state_dict() | {"more": torch.ones(1)}, tmp_path / "a.pth")
    model = nn.Linear(2, 3)
    load_weights(model, tmp_path / "a.pth")
    with pytest.raises(TeacherError, match=r"does not fit Linear: 1 of 2 weights .* 'weight'"):
        load_weights(nn.Linear(3, 3), tmp_path / "a.pth")
