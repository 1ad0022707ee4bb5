"""Run the experts of any transformers MoE model in block-scaled FP8.

```python
from fp8_grouped_gemm.integrations.transformers import register

register()
model = AutoModelForCausalLM.from_config(config, experts_implementation="fp8_grouped_gemm")
```

Works for training and inference of every model whose experts class carries transformers'
`use_experts_implementation` decorator (Qwen3-MoE, Mixtral, GPT-OSS, ...). Weights stay what they
are in the model; FP8 copies are made when a weight has changed. Experts without a bias read their
tokens through the gather and write them through the weighted scatter, so no sorted copy exists.

Source: the calling convention is that of `transformers.integrations.moe` (5.19).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from fp8_grouped_gemm.functional import DEFAULT_RECIPE, Recipe, grouped_gemm
from fp8_grouped_gemm.weight_cache import WeightCache

NAME = "fp8_grouped_gemm"


def register(*, name: str = NAME, recipe: Recipe = DEFAULT_RECIPE) -> None:
    """Make `experts_implementation=name` available to transformers models.

    Calling it again replaces the entry. Register several recipes under several names if needed.

    Args:
        name: What to pass as `experts_implementation`.
        recipe: How tensors are quantised, and where products run.
    """

    def fp8_grouped_gemm_experts_forward(
        self: nn.Module, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor
    ) -> Tensor:
        return experts_forward(self, hidden_states, top_k_index, top_k_weights, recipe=recipe)

    ALL_EXPERTS_FUNCTIONS.register(name, fp8_grouped_gemm_experts_forward)


def experts_forward(
    experts: Any,
    hidden_states: Tensor,
    top_k_index: Tensor,
    top_k_weights: Tensor,
    *,
    recipe: Recipe = DEFAULT_RECIPE,
) -> Tensor:
    """Run one layer's experts.

    Args:
        experts: The experts module; weights `[E, out, in]`, or `[E, in, out]` if `is_transposed`.
        hidden_states: `[T, D]`.
        top_k_index: Expert of each slot, int64 `[T, K]`; `num_experts` or more marks a slot whose
            expert lives on another rank.
        top_k_weights: Router weight of each slot, `[T, K]`.
        recipe: How tensors are quantised, and where products run.

    Returns:
        `[T, D]` in the type of `hidden_states`.
    """
    num_tokens, top_k = top_k_index.shape
    x = hidden_states
    if torch.is_autocast_enabled(x.device.type):
        x = x.to(torch.get_autocast_dtype(x.device.type))
    slots = top_k_index.reshape(-1)
    sorted_experts, order = torch.sort(slots, stable=True)
    bounds = torch.arange(experts.num_experts + 1, device=slots.device, dtype=slots.dtype)
    group_sizes = torch.searchsorted(sorted_experts, bounds).diff().to(torch.int32)
    weights = top_k_weights.reshape(-1).index_select(0, order)

    up = "gate_up_proj" if experts.has_gate else "up_proj"
    hidden = _project(
        experts, up, x, group_sizes, recipe,
        zero_tail=True, gather=order // top_k, gathers_per_row=top_k,
    )  # fmt: skip
    if experts.has_bias:
        last = experts.num_experts - 1
        experts_of_rows = sorted_experts.clamp(max=last)
        hidden = hidden + getattr(experts, f"{up}_bias")[experts_of_rows].to(hidden.dtype)
    hidden = experts._apply_gate(hidden) if experts.has_gate else experts.act_fn(hidden)
    if not experts.has_bias:
        out = _project(
            experts, "down_proj", hidden, group_sizes, recipe,
            scatter=order, row_weight=weights,
        )  # fmt: skip
    else:
        rows = _project(experts, "down_proj", hidden, group_sizes, recipe, zero_tail=True)
        rows = rows + experts.down_proj_bias[experts_of_rows].to(rows.dtype)
        # Slots of other ranks' experts have router weight 0, but their bias must not count either.
        here = sorted_experts <= last
        rows = torch.where(here[:, None], rows * weights[:, None], 0.0).to(x.dtype)
        out = torch.zeros_like(rows).index_copy(0, order, rows)
    out = out.view(num_tokens, top_k, -1).sum(1, dtype=torch.float32)
    return out.to(hidden_states.dtype)


def _project(
    experts: Any,
    name: str,
    x: Tensor,
    group_sizes: Tensor,
    recipe: Recipe,
    **options: Any,
) -> Tensor:
    """Apply one of the experts' weights, with its FP8 copies cached on the module."""
    weight = getattr(experts, name)
    if experts.is_transposed:
        weight = weight.mT
    caches = experts.__dict__.setdefault("_fp8_grouped_gemm_caches", {})
    cache = caches.setdefault(name, WeightCache())
    row_weight = options.get("row_weight")
    needs_grad = torch.is_grad_enabled() and (
        x.requires_grad or (row_weight is not None and row_weight.requires_grad)
    )
    prepared = cache.get(weight, recipe, needs_grad=needs_grad)
    return grouped_gemm(x, weight, group_sizes, recipe=recipe, prepared=prepared, **options)
