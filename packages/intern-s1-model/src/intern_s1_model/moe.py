"""Router losses of a mixture of experts: load balancing and z, global over ranks, without padding.

Shape legend: B batch, S positions, N = B * S tokens, E experts, K experts per token, L layers.

Both losses are written over sums (expert counts, probability sums, token counts), because sums can
be added over ranks: `group` makes every rank's value the one a single process with all the tokens
would have, and its gradient such that the usual average of gradients over ranks is that process's
gradient. Averaging per-rank losses instead would be wrong: load balance is not linear in tokens.
"""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor


def load_balancing_loss(
    router_logits: Sequence[Tensor],
    top_k: int,
    token_mask_BS: Tensor | None = None,
    group: "dist.ProcessGroup | None" = None,
) -> Tensor:
    """Penalise layers whose tokens crowd on few experts.

    Args:
        router_logits: One [N, E] tensor per mixture layer, before the softmax.
        top_k: Experts chosen per token.
        token_mask_BS: 1 for tokens that count, 0 for padding; None counts every token.
        group: Ranks whose tokens form one batch; None for this process alone.

    Returns:
        Float32 scalar: the mean over layers of `E * sum_e f_e P_e`, with f_e the (token, choice)
        pairs sent to expert e per token and P_e its mean probability. `top_k` at perfect balance,
        `E` when the same `top_k` experts get everything with certainty.

    Raises:
        ValueError: If there are no logits, or the mask has another number of tokens.

    Source: Fedus et al., "Switch Transformers", equations 4-6. Differs: per layer, then averaged
    (transformers sums counts over layers first, which lets layers cancel each other's imbalance);
    with one layer and no group the two are equal.
    """
    weights_N = _token_weights(router_logits, token_mask_BS)
    num_experts = router_logits[0].shape[-1]
    counts, prob_sums = [], []
    for logits_NE in router_logits:
        probs_NE = torch.softmax(logits_NE.float(), dim=-1)
        chosen_NK = probs_NE.topk(top_k, dim=-1).indices
        if weights_N is None:
            counts.append(torch.bincount(chosen_NK.flatten(), minlength=num_experts).float())
            prob_sums.append(probs_NE.sum(dim=0))
        else:
            per_choice = weights_N.repeat_interleave(top_k)
            zeros_E = torch.zeros(num_experts, device=logits_NE.device)
            counts.append(zeros_E.scatter_add_(0, chosen_NK.flatten(), per_choice))
            prob_sums.append(weights_N @ probs_NE)
    counts_LE, prob_sums_LE = torch.stack(counts), torch.stack(prob_sums)
    num_tokens = _num_tokens(router_logits[0], weights_N)
    if group is None:
        num_tokens = num_tokens.clamp_min(1.0)
        return num_experts * (counts_LE / num_tokens * prob_sums_LE / num_tokens).sum(-1).mean()
    dist.all_reduce(counts_LE, group=group)
    dist.all_reduce(num_tokens, group=group)
    prob_sums_LE = _sum_over_ranks(prob_sums_LE, group)
    num_tokens = num_tokens.clamp_min(1.0)
    return num_experts * (counts_LE / num_tokens * prob_sums_LE / num_tokens).sum(-1).mean()


def router_z_loss(
    router_logits: Sequence[Tensor],
    token_mask_BS: Tensor | None = None,
    group: "dist.ProcessGroup | None" = None,
) -> Tensor:
    """Penalise large router logits, which lose precision in the softmax.

    Args:
        router_logits: One [N, E] tensor per mixture layer.
        token_mask_BS: 1 for tokens that count, 0 for padding; None counts every token.
        group: Ranks whose tokens form one batch; None for this process alone.

    Returns:
        Float32 scalar: mean over tokens and layers of `logsumexp(logits) ** 2`.

    Source: Zoph et al., "ST-MoE", equation 5. As published.
    """
    weights_N = _token_weights(router_logits, token_mask_BS)
    sums = []
    for logits_NE in router_logits:
        squares_N = torch.logsumexp(logits_NE.float(), dim=-1).square()
        sums.append(squares_N.sum() if weights_N is None else squares_N @ weights_N)
    total = torch.stack(sums).mean()
    num_tokens = _num_tokens(router_logits[0], weights_N)
    if group is not None:
        dist.all_reduce(num_tokens, group=group)
        total = _sum_over_ranks(total, group)
    return total / num_tokens.clamp_min(1.0)


def tokens_per_expert(
    router_logits: Sequence[Tensor], top_k: int, token_mask_BS: Tensor | None = None
) -> Tensor:
    """Count the tokens each expert receives.

    Args:
        router_logits: One [N, E] tensor per mixture layer.
        top_k: Experts chosen per token.
        token_mask_BS: 1 for tokens that count, 0 for padding; None counts every token.

    Returns:
        Int64 counts, [L, E]; a layer's sum is `top_k` times the number of tokens.
    """
    weights_N = _token_weights(router_logits, token_mask_BS)
    counts = []
    for logits_NE in router_logits:
        chosen_NK = logits_NE.topk(top_k, dim=-1).indices
        if weights_N is not None:
            chosen_NK = chosen_NK[weights_N > 0]
        counts.append(torch.bincount(chosen_NK.flatten(), minlength=logits_NE.shape[-1]))
    return torch.stack(counts)


class _SumOverRanks(torch.autograd.Function):
    """All-reduce whose gradient suits averaging over ranks: forward sum, backward times ranks.

    Each rank's loss is the global one, so d(loss)/d(local part) is the incoming gradient; the
    trainer then divides by the number of ranks, which the factor undoes.
    """

    @staticmethod
    def forward(ctx, x, group):
        ctx.num_ranks = dist.get_world_size(group)
        total = x.detach().clone()
        dist.all_reduce(total, group=group)
        return total

    @staticmethod
    def backward(ctx, *grad_outputs):
        return grad_outputs[0] * ctx.num_ranks, None


def _sum_over_ranks(x: Tensor, group: "dist.ProcessGroup") -> Tensor:
    return _SumOverRanks.apply(x, group)


def _token_weights(router_logits: Sequence[Tensor], mask_BS: Tensor | None) -> Tensor | None:
    """Flatten the mask to float weights per token and check it against the logits."""
    if len(router_logits) == 0:
        raise ValueError(
            "No router logits were given: router losses need at least one mixture layer. Pass "
            "output_router_logits=True to a model whose text part is Qwen3-MoE."
        )
    if mask_BS is None:
        return None
    weights_N = mask_BS.reshape(-1).to(device=router_logits[0].device, dtype=torch.float32)
    if weights_N.shape[0] != router_logits[0].shape[0]:
        raise ValueError(
            f"The token mask has {tuple(mask_BS.shape)} = {weights_N.shape[0]} entries but the "
            f"router saw {router_logits[0].shape[0]} tokens; pass one entry per routed token."
        )
    return weights_N


def _num_tokens(logits_NE: Tensor, weights_N: Tensor | None) -> Tensor:
    if weights_N is None:
        return torch.tensor(float(logits_NE.shape[0]), device=logits_NE.device)
    return weights_N.sum()
