"""Reading a teacher's weights from files of others without running anything in them.

A `.pth` file is a pickle, and training frameworks put more than tensors into it (MMEngine: its log
history, whose unpickling calls `getattr`). Here every object but tensors and plain containers
becomes an inert placeholder, so nothing the file names is imported or called.
"""

import pickle
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from pcc_distill.errors import TeacherError

# What rebuilding a tensor needs; everything else in a file is inert.
_ALLOWED = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): torch.Size,
    ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    ("torch._utils", "_rebuild_parameter"): torch._utils._rebuild_parameter,
}
WRAPPERS = ("state_dict", "model")  # keys under which frameworks keep the weights


class _Ignored:
    """Takes whatever a pickle does to an object, and does nothing."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        pass

    def __call__(self, *arguments: Any, **keywords: Any) -> "_Ignored":
        return self

    def __setstate__(self, state: Any) -> None:
        pass

    def __setitem__(self, key: Any, value: Any) -> None:
        pass

    def append(self, item: Any) -> None:
        """Ignored."""

    def extend(self, items: Any) -> None:
        """Ignored."""


class _TensorUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        return _ALLOWED.get((module, name), _Ignored)


_PICKLE = SimpleNamespace(Unpickler=_TensorUnpickler, load=None, __name__="pcc_distill.weights")


def read_weights(path: str | Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name, on the CPU.

    Args:
        path: A `.safetensors` file, or a file of `torch.save` with a state dict, bare or under the
            key "state_dict" or "model".

    Returns:
        Name to tensor.

    Raises:
        TeacherError: If the file is missing, damaged or holds no state dict.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise TeacherError(
            f"the teacher's checkpoint {path} does not exist; give a file, an address, or None for "
            "random weights"
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(path)
        loaded = torch.load(path, map_location="cpu", weights_only=False, pickle_module=_PICKLE)
    except Exception as error:  # torch, zip and pickle raise many kinds for damaged files
        first = (str(error).strip().splitlines() or [repr(error)])[0]
        raise TeacherError(f"the teacher's checkpoint {path} cannot be read: {first}") from None
    for key in WRAPPERS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(key), Mapping):
            loaded = loaded[key]
            break
    weights = (
        {k: v for k, v in loaded.items() if isinstance(v, Tensor)}
        if (isinstance(loaded, Mapping))
        else {}
    )
    if not weights:
        raise TeacherError(
            f"the teacher's checkpoint {path} holds no weights; expected a state dict, bare or "
            f"under the key {' or '.join(map(repr, WRAPPERS))}"
        )
    return weights


def load_weights(model: nn.Module, path: str | Path) -> None:
    """Load a checkpoint into a teacher; extra tensors in the file are left out.

    Args:
        model: The teacher.
        path: As for `read_weights`.

    Raises:
        TeacherError: If the file cannot be read, or lacks a weight of the model in its shape.
    """
    found, expected = read_weights(path), model.state_dict()
    fits = {k: v for k, v in found.items() if k in expected and v.shape == expected[k].shape}
    lacking = sorted(k for k in set(expected) - set(fits) if not k.endswith("num_batches_tracked"))
    if lacking:
        raise TeacherError(
            f"the teacher's checkpoint {path} does not fit {type(model).__name__}: {len(lacking)} "
            f"of {len(expected)} weights are missing or of another shape, the first "
            f"{lacking[0]!r}; give the configuration that it was trained with"
        )
    model.load_state_dict(fits, strict=False)
