"""Experts on the CPU without gradients: one expert at a time, its rows never leaving the cache.

Shape legend: N tokens, K experts per token, S = N * K choices, E experts, D hidden, F inner width.

Select it with `model.set_experts_implementation("sorted_loop")`. On the CPU, transformers'
`grouped_mm` is a loop of matrix products as well, but it gathers the rows of all choices, [S, D],
gates them, [S, F], weights them and sums them in passes of their own, each through memory. Here the
rows of one expert are gathered, multiplied, gated and multiplied again while they are in the cache,
and one pass over the outputs weights and sums them. With gradients, or on another device, the call
goes to `grouped_mm`: training computes what it computed before.

`benchmarks/experts.py` holds both sides.
"""

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS, grouped_mm_experts_forward

NAME = "sorted_loop"


def sorted_loop_experts_forward(
    self: Any, hidden_states: Tensor, top_k_index: Tensor, top_k_weights: Tensor
) -> Tensor:
    """Compute `sum_k weight[n, k] * expert[index[n, k]](x[n])`.

    Args:
        self: Experts module with `gate_up_proj` [E, 2F, D] and `down_proj` [E, D, F].
        hidden_states: Tokens x, [N, D], float.
        top_k_index: Chosen experts, [N, K] integers; `num_experts` marks a choice that another
            rank computes.
        top_k_weights: Their weights, [N, K].

    Returns:
        [N, D], dtype of the tokens.
    """
    plain = self.has_gate and not self.has_bias and not self.is_transposed
    if torch.is_grad_enabled() or hidden_states.device.type != "cpu" or not plain:
        return grouped_mm_experts_forward(self, hidden_states, top_k_index, top_k_weights)
    num_tokens, top_k = top_k_index.shape
    chosen_S = top_k_index.reshape(-1)
    order_S = torch.argsort(chosen_S, stable=True)
    counts = torch.bincount(chosen_S, minlength=self.num_experts + 1)[: self.num_experts].tolist()
    used = sum(counts)
    if used == 0:
        return torch.zeros_like(hidden_states)
    order_S = order_S[:used]
    outputs_SD = hidden_states.new_empty(used, hidden_states.shape[1])
    for tokens_T, out_TD, gate_up, down in zip(
        (order_S // top_k).split(counts),
        outputs_SD.split(counts),
        self.gate_up_proj.unbind(0),
        self.down_proj.unbind(0),
        strict=True,
    ):
        if len(tokens_T):
            gate_TF, up_TF = F.linear(hidden_states[tokens_T], gate_up).chunk(2, dim=-1)
            torch.mm(self.act_fn(gate_TF).mul_(up_TF), down.t(), out=out_TD)
    # Row of each choice in the sorted outputs; choices of other ranks weigh nothing.
    rows_S = torch.zeros_like(chosen_S)
    rows_S[order_S] = torch.arange(used)
    weights_NK = top_k_weights.to(outputs_SD.dtype)
    if used < len(chosen_S):
        weights_NK = weights_NK.masked_fill(top_k_index >= self.num_experts, 0.0)
    return F.embedding_bag(
        rows_S.view(num_tokens, top_k), outputs_SD, mode="sum", per_sample_weights=weights_NK
    )


def register_experts() -> None:
    """Let transformers know the name; harmless if done before."""
    ALL_EXPERTS_FUNCTIONS.register(NAME, sorted_loop_experts_forward)
