"""A stack of linear layers, one per expert, computed in block-scaled FP8."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float, Integer
from torch import Tensor, nn

from fp8_grouped_gemm.errors import ShapeError
from fp8_grouped_gemm.functional import (
    CONTRACTION_MULTIPLE,
    DEFAULT_RECIPE,
    Recipe,
    grouped_gemm,
)
from fp8_grouped_gemm.weight_cache import WeightCache


class GroupedLinear(nn.Module):
    """Apply expert `g`'s linear map to the rows of group `g`.

    The parameter stays in bfloat16 or float32 (the master weight); FP8 copies are made when it has
    changed (see `weight_cache`) and are never part of the state dict.

    Args:
        num_groups: Experts held by this module; with expert parallelism those of this rank.
        in_features: A multiple of 16.
        out_features: A multiple of 16.
        recipe: How tensors are quantised, and where the product runs.
        cache_trusted: Keep FP8 weights even where a process group exists; for weights that no
            FSDP manages.
        device: Where the parameter is made.
        dtype: Type of the parameter.

    Attributes:
        weight: `[num_groups, out_features, in_features]`.

    Raises:
        ShapeError: If a feature count is no multiple of 16.
    """

    def __init__(
        self,
        num_groups: int,
        in_features: int,
        out_features: int,
        *,
        recipe: Recipe = DEFAULT_RECIPE,
        cache_trusted: bool = False,
        device: torch.device | str | None = None,
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        super().__init__()
        for name, value in (("in_features", in_features), ("out_features", out_features)):
            if value <= 0 or value % CONTRACTION_MULTIPLE:
                raise ShapeError(
                    f"{name} is {value}; expected a positive multiple of {CONTRACTION_MULTIPLE}, "
                    "because one of the two gradients contracts over it."
                )
        self.num_groups = num_groups
        self.in_features = in_features
        self.out_features = out_features
        self.recipe = recipe
        self.weight = nn.Parameter(
            torch.empty(num_groups, out_features, in_features, device=device, dtype=dtype)
        )
        self._cache = WeightCache(cache_trusted)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the weight as `torch.nn.Linear` does, from the global generator."""
        bound = 1.0 / math.sqrt(self.in_features)
        nn.init.uniform_(self.weight, -bound, bound)

    def invalidate_cache(self) -> None:
        """Forget the FP8 weights; needed only after writes through `weight.data`."""
        self._cache.clear()

    def forward(
        self,
        x: Float[Tensor, "rows in_features"],
        group_sizes: Integer[Tensor, " groups"],
        *,
        gather: Integer[Tensor, " sorted_rows"] | None = None,
        gathers_per_row: int | None = None,
        scatter: Integer[Tensor, " sorted_rows"] | None = None,
        row_weight: Float[Tensor, " sorted_rows"] | None = None,
        out_rows: int | None = None,
        zero_tail: bool = False,
    ) -> Float[Tensor, "out_rows out_features"]:
        """Return `x[rows of g] @ weight[g].T`; arguments as `functional.grouped_gemm`."""
        needs_grad = torch.is_grad_enabled() and (
            x.requires_grad or (row_weight is not None and row_weight.requires_grad)
        )
        # Experts sharded over an EP mesh are a DTensor: each rank computes with its own.
        weight = self.weight.to_local() if hasattr(self.weight, "to_local") else self.weight
        return grouped_gemm(
            x,
            weight,
            group_sizes,
            gather=gather,
            gathers_per_row=gathers_per_row,
            scatter=scatter,
            row_weight=row_weight,
            out_rows=out_rows,
            zero_tail=zero_tail,
            recipe=self.recipe,
            prepared=self._cache.get(weight, self.recipe, needs_grad=needs_grad),
        )

    def extra_repr(self) -> str:
        """Describe the module for `print`."""
        return (
            f"num_groups={self.num_groups}, in_features={self.in_features}, "
            f"out_features={self.out_features}, dtype={self.weight.dtype}"
        )
