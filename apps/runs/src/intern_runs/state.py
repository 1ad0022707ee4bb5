"""Checkpoints of anything made of tensors, numbers, strings, lists and dicts, in one file.

The nesting goes as JSON into the safetensors header, the tensors beside it; a CRC of the tensors'
bytes and of the JSON tells a damaged file. Nothing is ever unpickled. A file is written beside its
place and then renamed, so a kill leaves the old file or the new one, never half of one.
"""

import json
import os
import zlib
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from intern_runs.errors import CheckpointError

_TENSOR = "__tensor__"
_TUPLE_KEYS = "__items__"


def save_state(state: Any, path: str | Path) -> None:
    """Write a nested state atomically.

    Args:
        state: Tensors (any device, saved from the CPU), None, bool, int, float, str, lists, tuples
            (read back as lists) and dicts (keys str or int), nested.
        path: File to replace; its folder must exist.

    Raises:
        TypeError: If the state holds anything else.
        OSError: If the disk is full; the old file is untouched.
    """
    path = Path(path)
    tensors: dict[str, Tensor] = {}
    structure = json.dumps(_strip(state, "", tensors), separators=(",", ":"))
    checksum = str(_checksum(structure, tensors))
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        save_file(tensors, draft, metadata={"structure": structure, "crc32": checksum})
        draft.replace(path)
    except SafetensorError as error:
        raise OSError(_errno_of(error), str(error), str(path)) from None
    finally:
        draft.unlink(missing_ok=True)


def load_state(path: str | Path) -> Any:
    """Read what `save_state` wrote.

    Raises:
        CheckpointError: If the file is missing, damaged or of another kind.
    """
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"{path}: no such checkpoint")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dict)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(_damaged(path, error)) from None
    structure = metadata.get("structure")
    if structure is None or "crc32" not in metadata:
        raise CheckpointError(f"{path}: not a checkpoint of a run (no structure in its header)")
    if str(_checksum(structure, tensors)) != metadata["crc32"]:
        raise CheckpointError(_damaged(path, "checksum differs"))
    return _restore(json.loads(structure), tensors)


def _damaged(path: Path, reason: object) -> str:
    return (
        f"{path}: damaged checkpoint ({reason}); delete it to fall back on the previous one, "
        "or start a new run"
    )


def _errno_of(error: SafetensorError) -> int:
    """The errno inside a safetensors message, which carries it only as text."""
    import errno
    import re

    found = re.search(r"os error (\d+)", str(error))
    return int(found.group(1)) if found else errno.EIO


def _checksum(structure: str, tensors: dict[str, Tensor]) -> int:
    crc = zlib.crc32(structure.encode())
    for name in sorted(tensors):
        data = tensors[name].contiguous().reshape(-1).view(torch.uint8).numpy()
        crc = zlib.crc32(data, zlib.crc32(name.encode(), crc))
    return crc


def _strip(value: Any, name: str, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, Tensor):
        # A clone: safetensors refuses tensors that share memory, as tied weights do.
        tensors[name] = value.detach().cpu().clone().contiguous()
        return {_TENSOR: name}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_strip(item, f"{name}.{i}", tensors) for i, item in enumerate(value)]
    if isinstance(value, dict):
        items = [[key, _strip(item, f"{name}.{key}", tensors)] for key, item in value.items()]
        if not all(isinstance(key, str | int) for key in value):
            raise TypeError(f"state{name}: dict keys must be str or int")
        return {_TUPLE_KEYS: items}
    raise TypeError(f"state{name}: cannot save a {type(value).__name__}")


def _restore(value: Any, tensors: dict[str, Tensor]) -> Any:
    if isinstance(value, list):
        return [_restore(item, tensors) for item in value]
    if isinstance(value, dict):
        if _TENSOR in value:
            return tensors[value[_TENSOR]]
        return {key: _restore(item, tensors) for key, item in value[_TUPLE_KEYS]}
    return value
