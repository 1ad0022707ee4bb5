"""Keep a weight's FP8 forms while the weight stays unchanged.

A weight is recognised by its storage and its in-place version, both of which every torch optimizer
changes or bumps. Two writers bypass the version counter, and so the cache must not trust it there:

* FSDP2 refills a parameter's storage on every all-gather without counting. Where a process group
  exists, weights are therefore quantised anew on every call unless `trust=True`.
* `parameter.data` writes (old optimizers): call `WeightCache.clear()`.

Under `torch.compile` and CUDA graph capture nothing is kept: the graph quantises its weight.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field

import torch
from torch import Tensor

from fp8_grouped_gemm.cpu import version_of
from fp8_grouped_gemm.functional import PreparedWeight, Recipe, prepare_weight


@dataclass
class WeightCache:
    """Holds the FP8 forms of one weight.

    Attributes:
        trust: Also keep them where a process group exists; for weights that no FSDP manages.
    """

    trust: bool = False
    _storage: weakref.ref[torch.UntypedStorage] | None = field(default=None, repr=False)
    _key: tuple[object, ...] = field(default=(), repr=False)
    _prepared: PreparedWeight | None = field(default=None, repr=False)

    def get(self, weight: Tensor, recipe: Recipe, *, needs_grad: bool) -> PreparedWeight:
        """Return the FP8 forms of `weight`, quantising only if it changed.

        Args:
            weight: `[G, N, K]`, any strides.
            recipe: How it is quantised.
            needs_grad: Whether the transposed form is needed.
        """
        if not self._may_keep(weight):
            return prepare_weight(weight, recipe=recipe, needs_grad=needs_grad)
        storage = weight.untyped_storage()
        key = (
            weight.data_ptr(), version_of(weight), weight.shape, weight.stride(), weight.dtype,
            recipe,
        )  # fmt: skip
        held = self._prepared
        owner = None if self._storage is None else self._storage()
        fresh = self._key == key and owner is storage
        if held is None or not fresh or (needs_grad and held.transposed is None):
            held = prepare_weight(weight, recipe=recipe, needs_grad=needs_grad)
            self._storage, self._key, self._prepared = weakref.ref(storage), key, held
        return held

    def clear(self) -> None:
        """Forget the FP8 forms, for example after writing through `weight.data`."""
        self._storage, self._key, self._prepared = None, (), None

    def _may_keep(self, weight: Tensor) -> bool:
        if torch.compiler.is_compiling():
            return False
        if weight.is_cuda and torch.cuda.is_current_stream_capturing():
            return False
        distributed = torch.distributed
        managed = distributed.is_available() and distributed.is_initialized()
        return self.trust or not managed

    def __deepcopy__(self, memo: dict[int, object]) -> WeightCache:
        """Return an empty cache: a copied module has its own weight."""
        return WeightCache(self.trust)

    def __getstate__(self) -> dict[str, object]:
        return {"trust": self.trust}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.trust = bool(state["trust"])
        self.clear()
