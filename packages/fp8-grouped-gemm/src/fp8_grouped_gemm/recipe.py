"""How wide tensors become FP8 and where products run; weights quantised ahead of time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from fp8_grouped_gemm import backends
from fp8_grouped_gemm.errors import DtypeError
from fp8_grouped_gemm.quantize import (
    FP8_DTYPES,
    QuantizedTensor,
    quantize_block,
    quantize_block_dual,
)


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """How wide tensors are quantised on the way, and where the product runs.

    Attributes:
        dtype: FP8 type of activations and weights.
        grad_dtype: FP8 type of output gradients.
        power_of_two_scales: Round scales up to powers of two.
        backend: See `backends`.
        store: Store mode of the Hopper kernels: `auto`, `ragged`, `masked` or `pool`.
    """

    dtype: torch.dtype = torch.float8_e4m3fn
    grad_dtype: torch.dtype = torch.float8_e4m3fn
    power_of_two_scales: bool = False
    backend: str = "auto"
    store: str = "auto"

    def __post_init__(self) -> None:
        for name in ("dtype", "grad_dtype"):
            if getattr(self, name) not in FP8_DTYPES:
                raise DtypeError(f"{name} is {getattr(self, name)}; expected one of {FP8_DTYPES}.")
        backends.check_options(self.backend, self.store)

    @property
    def portable_backend(self) -> str:
        """Backend of what exists once per device: quantisers and the weight gradient."""
        return "triton" if self.backend == "gluon" else self.backend

    def quantizer_options(self, *, is_grad: bool = False) -> dict[str, Any]:
        """Return the options of the quantisers, for an activation or weight, or for a gradient."""
        return {
            "dtype": self.grad_dtype if is_grad else self.dtype,
            "power_of_two_scales": self.power_of_two_scales,
            "backend": self.portable_backend,
        }


DEFAULT_RECIPE = Recipe()


@dataclass(frozen=True)
class PreparedWeight:
    """A weight's two FP8 forms: `[G, N, K]` for the forward, `[G, K, N]` for the input gradient."""

    forward: QuantizedTensor
    transposed: QuantizedTensor | None


def prepare_weight(
    w: Float[Tensor, "groups out_features in_features"],
    *,
    recipe: Recipe = DEFAULT_RECIPE,
    needs_grad: bool = True,
) -> PreparedWeight:
    """Quantise a weight for `grouped_gemm`, once for as many calls as it stays unchanged.

    Args:
        w: bfloat16, float16 or float32 `[G, N, K]`, any strides.
        recipe: See `Recipe`.
        needs_grad: Also make the transposed form, which the input gradient reads.
    """
    options = recipe.quantizer_options()
    if needs_grad:
        return PreparedWeight(*quantize_block_dual(w.detach(), **options))
    return PreparedWeight(quantize_block(w.detach(), **options), None)
