"""Which implementation runs: `gluon`, `triton`, `cpu` or `reference`.

| backend     | where                              | what                                          |
|-------------|------------------------------------|-----------------------------------------------|
| `gluon`     | sm_90                              | warp-specialised TMA + wgmma kernel           |
| `triton`    | sm_90 by TMA, sm_89+ by pointers   | portable kernels, forward, dgrad, wgrad, casts|
| `cpu`       | CPU tensors                        | table decode, bfloat16 or float32 product     |
| `reference` | any device                         | exact float32 promotion, loops over groups    |

`auto` takes `cpu` for CPU tensors, `gluon` on Hopper, `triton` on other GPUs. What `gluon` has no
kernel for (row maps, the pool store, the weight gradient, the quantisers) runs in `triton`.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from functools import cache
from typing import Literal, get_args

import torch

from fp8_grouped_gemm.errors import BackendError, OptionError

Backend = Literal["auto", "gluon", "triton", "cpu", "reference"]
StoreMode = Literal["auto", "ragged", "masked", "pool"]


@cache
def has_triton() -> bool:
    """Return whether Triton can be imported (it is not imported here)."""
    return importlib.util.find_spec("triton") is not None


@cache
def has_gluon() -> bool:
    """Return whether this Triton's Gluon is one that the kernel supports; imports Triton."""
    try:
        importlib.import_module("fp8_grouped_gemm.kernels.gluon_gemm")
    except ImportError:
        return False
    return True


@cache
def capability(index: int) -> tuple[int, int]:
    """Return the compute capability of CUDA device `index`."""
    return torch.cuda.get_device_capability(index)


def interpreting() -> bool:
    """Return whether Triton's interpreter is switched on, so that kernels run on CPU tensors."""
    return os.environ.get("TRITON_INTERPRET", "0") == "1"


def check_options(backend: str, store: str) -> None:
    """Raise `OptionError` unless both names exist."""
    if backend not in get_args(Backend):
        raise OptionError(f"backend is {backend!r}; expected one of {get_args(Backend)}.")
    if store not in get_args(StoreMode):
        raise OptionError(f"store is {store!r}; expected one of {get_args(StoreMode)}.")


def resolve(backend: str, device: torch.device) -> str:
    """Return the backend that will run on `device`.

    Raises:
        BackendError: If the backend cannot run there.
    """
    if backend == "reference":
        return backend
    if device.type == "cpu":
        if backend in ("auto", "cpu"):
            return "cpu"
        if backend == "triton" and has_triton() and interpreting():
            return backend
        raise BackendError(
            f"backend {backend!r} was asked for CPU tensors. Use 'cpu' or 'reference', move the "
            "tensors to a GPU, or set TRITON_INTERPRET=1 before Python starts to debug 'triton'."
        )
    if backend == "cpu":
        raise BackendError(f"backend 'cpu' was asked for tensors on {device}. Use 'triton'.")
    if not has_triton():
        raise BackendError(
            f"Triton is not installed, so tensors on {device} can only use backend='reference'. "
            "Install it with: pip install 'fp8-grouped-gemm[triton]'"
        )
    if device.type == "cuda":
        major, minor = capability(device.index or 0)
        if backend == "auto" and major == 9 and has_gluon():
            return "gluon"
        if backend == "gluon" and major != 9:
            raise BackendError(
                f"backend 'gluon' needs compute capability 9.x (Hopper); {device} has "
                f"{major}.{minor}. Use 'triton'."
            )
    return "triton" if backend == "auto" else backend
