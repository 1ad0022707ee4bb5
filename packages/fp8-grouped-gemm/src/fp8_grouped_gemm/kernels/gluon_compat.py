"""One set of names for what Gluon renamed between Triton 3.6 and 3.9.

| here            | 3.6, 3.7                                 | 3.9                     |
|-----------------|------------------------------------------|-------------------------|
| `async_load`    | `tma.async_copy_global_to_shared`        | `tma.async_load`        |
| `async_store`   | `tma.async_copy_shared_to_global`        | `tma.async_store`       |
| `async_values`  | `async_copy.async_copy_global_to_shared` | `async_copy.async_load` |
| `group_barrier` | `thread_barrier` (3.6)                   | `barrier` (3.7 on)      |

Newer names are taken where they exist, so that deprecations pass unnoticed.
"""

from __future__ import annotations

from triton.experimental.gluon import language as gl
from triton.experimental.gluon.language.nvidia.ampere import async_copy
from triton.experimental.gluon.language.nvidia.hopper import tma


def _first(module: object, *names: str) -> object:
    """Return the first of `names` that the module has."""
    for name in names:
        if hasattr(module, name):
            return getattr(module, name)
    raise ImportError(
        f"{getattr(module, '__name__', module)} has none of {names}: this Triton is outside the "
        "supported range (3.6 to 3.9). Use backend='triton'."
    )


async_load = _first(tma, "async_load", "async_copy_global_to_shared")
async_store = _first(tma, "async_store", "async_copy_shared_to_global")
async_values = _first(async_copy, "async_load", "async_copy_global_to_shared")
"""Copy of single values, by addresses; the two above copy boxes, by descriptors."""
group_barrier = _first(gl, "barrier", "thread_barrier")
"""Barrier among the warps of the partition that calls it."""
