"""Forward passes over given responses: log-probabilities and token scores.

Two layouts give the same numbers up to rounding:

- `share_prompts=False`: every row is prompt + response. The plain reference.
- `share_prompts=True`: each distinct prompt runs once with a key/value cache, the cache rows are
  repeated for the rollouts of the prompt, and only response tokens run per rollout. Gradients flow
  through the cache. With 16 rollouts of 10 tokens on prompts of 40 this is 200 token positions in
  place of 800.

A model sharded by FSDP2 always takes the plain layout: FSDP2 frees gathered parameters in the first
of two backward passes that belong to one forward pair, and all processes must run equally many.

Shape legend: P distinct prompts, S longest prompt, B rollouts, T response positions, V vocabulary.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from oreal_rl.importance import staleness_mask
from oreal_rl.router_replay import FREE, replaying
from oreal_rl.types import TrainBatch, TrainItem


def make_batch(
    items: Sequence[TrainItem],
    *,
    pad_token_id: int,
    device: torch.device | str = "cpu",
    version: int = 0,
    max_staleness: int | None = None,
) -> TrainBatch:
    """Pad rollouts into tensors; equal prompts become one row.

    Args:
        items: Rollouts, at least one, each with at least one response token.
        pad_token_id: Fills padding.
        device: Where the tensors go.
        version: Version of the weights now.
        max_staleness: Mask tokens drawn by weights more versions ago than this; None masks none.

    Returns:
        The batch.
    """
    rows: dict[tuple[int, tuple[int, ...]], int] = {}
    extras: list[Mapping[str, Tensor]] = []
    prompt_index = []
    for item in items:
        key = (item.group, item.prompt_ids)
        if key not in rows:
            rows[key] = len(rows)
            extras.append(item.extras)
        prompt_index.append(rows[key])
    prompts = [ids for _, ids in rows]
    width = max(len(ids) for ids in prompts)
    length = max(item.rollout.num_tokens for item in items)
    prompt_ids = torch.full((len(prompts), width), pad_token_id)
    prompt_mask = torch.zeros((len(prompts), width), dtype=torch.bool)
    for row, ids in enumerate(prompts):
        prompt_ids[row, width - len(ids) :] = torch.tensor(ids)
        prompt_mask[row, width - len(ids) :] = True
    response_ids = torch.full((len(items), length), pad_token_id)
    mask = torch.zeros((len(items), length), dtype=torch.bool)
    sampling_logprobs = torch.zeros((len(items), length))
    support_logmass = torch.zeros((len(items), length))
    versions = torch.full((len(items), length), version)
    for row, item in enumerate(items):
        count = item.rollout.num_tokens
        response_ids[row, :count] = torch.tensor(item.rollout.response_ids)
        mask[row, :count] = True
        sampling_logprobs[row, :count] = torch.tensor(item.rollout.logprobs)
        if item.rollout.support_logmass:
            support_logmass[row, :count] = torch.tensor(item.rollout.support_logmass)
        if item.rollout.policy_versions:
            versions[row, :count] = torch.tensor(item.rollout.policy_versions)
    trained = mask
    if max_staleness is not None:
        trained = mask & staleness_mask(versions, version=version, max_staleness=max_staleness)
    return TrainBatch(
        prompt_ids=prompt_ids.to(device),
        prompt_mask=prompt_mask.to(device),
        prompt_index=torch.tensor(prompt_index, device=device),
        response_ids=response_ids.to(device),
        mask=trained.to(device),
        attention=mask.to(device),
        advantages=torch.tensor([item.advantage for item in items], device=device),
        rewards=torch.tensor([item.reward for item in items], device=device),
        is_positive=torch.tensor([item.is_positive for item in items], device=device),
        sampling_logprobs=sampling_logprobs.to(device),
        support_logmass=support_logmass.to(device),
        extras=join_extras(extras, device),
        routed_experts=_stack_routes(items, length, device),
        support_ids=_stack_supports(items, length, device),
        token_versions=versions.to(device),
    )


def join_extras(extras: Sequence[Mapping[str, Tensor]], device: Any) -> dict[str, Tensor]:
    """Concatenate the further model inputs of several prompts along dim 0."""
    names = sorted({name for extra in extras for name in extra})
    return {
        name: torch.cat([extra[name] for extra in extras if name in extra]).to(device)
        for name in names
    }


def _stack_routes(items: Sequence[TrainItem], length: int, device: Any) -> Tensor | None:
    routes = [r for r in (item.rollout.routed_experts for item in items) if r is not None]
    if len(routes) < len(items):
        return None
    first = routes[0]
    stacked = torch.full((len(items), length, *first.shape[1:]), FREE)
    for row, route in enumerate(routes):
        stacked[row, : route.shape[0]] = route  # a last token that was never fed has no route
    return stacked.to(device)


def _stack_supports(items: Sequence[TrainItem], length: int, device: Any) -> Tensor | None:
    supports = [s for s in (item.rollout.support_ids for item in items) if s is not None]
    if len(supports) < len(items):
        return None
    width = max((len(ids) for support in supports for ids in support), default=1)
    stacked = torch.full((len(items), length, width), -1)
    for row, support in enumerate(supports):
        for position, ids in enumerate(support):
            stacked[row, position, : len(ids)] = torch.tensor(ids)
    return stacked.to(device)


def response_logits(
    model: nn.Module, batch: TrainBatch, *, share_prompts: bool = True
) -> Float[Tensor, "B T V"]:
    """Logits that predict each response token.

    Args:
        model: A `Policy`, or a token reward model (V = 1).
        batch: Rollouts.
        share_prompts: Layout, see the module's docstring.

    Returns:
        Logits in the model's dtype; values at padding are meaningless.
    """
    if share_prompts and not _is_sharded(model):
        return _shared_logits(model, batch)
    return _plain_logits(model, batch)


def token_scores(
    model: nn.Module, batch: TrainBatch, *, share_prompts: bool = True
) -> Float[Tensor, "B T"]:
    """Scores w(s_t) of the token reward model, *after* each response token was read.

    Args:
        model: From `token_reward.make_token_reward_model`.
        batch: Rollouts.
        share_prompts: Layout, see the module's docstring.

    Returns:
        float32 logits.
    """
    if share_prompts and not _is_sharded(model):
        logits = _shared_logits(model, batch, after=True)
    else:
        logits = _plain_logits(model, batch, after=True)
    return logits[..., 0].float()


def _takes_logits_to_keep(model: nn.Module) -> bool:
    forward = getattr(model, "forward", model)
    return "logits_to_keep" in inspect.signature(forward).parameters


def _routes(batch: TrainBatch, length: int, *, before: int) -> Tensor | None:
    """Experts to replay, one row per token position; `before` positions of prompt are left free."""
    routes = batch.routed_experts
    if routes is None:
        return None
    routes = routes[:, :length].masked_fill(~batch.attention[:, :length, None, None], FREE)
    if before:
        free = routes.new_full((routes.shape[0], before, *routes.shape[2:]), FREE)
        routes = torch.cat([free, routes], dim=1)
    return routes.flatten(0, 1)


def _is_sharded(model: nn.Module) -> bool:
    return hasattr(model, "set_requires_gradient_sync")  # FSDP2 adds it


def _positions(mask: Tensor) -> Tensor:
    return (mask.long().cumsum(dim=1) - 1).clamp(min=0)


def _plain_logits(model: nn.Module, batch: TrainBatch, *, after: bool = False) -> Tensor:
    prompts = batch.prompt_ids[batch.prompt_index]
    prompt_mask = batch.prompt_mask[batch.prompt_index]
    attention_mask = torch.cat([prompt_mask, batch.attention], dim=1)
    length = batch.response_ids.shape[1]
    keep = length + (0 if after else 1)
    extra_inputs: dict[str, Any] = dict(_repeat_extras(batch))
    if _takes_logits_to_keep(model):
        extra_inputs["logits_to_keep"] = keep
    with replaying(model, _routes(batch, length, before=prompts.shape[1])):
        logits = model(
            input_ids=torch.cat([prompts, batch.response_ids], dim=1),
            attention_mask=attention_mask.long(),
            position_ids=_positions(attention_mask),
            use_cache=False,
            **extra_inputs,
        ).logits[:, -keep:]
    return logits if after else logits[:, :-1]


def _repeat_extras(batch: TrainBatch) -> dict[str, Tensor]:
    if not batch.extras:
        return {}
    rows = batch.prompt_ids.shape[0]
    if any(value.shape[0] != rows for value in batch.extras.values()):
        # Rows of several prompts cannot be told apart: only the shared layout can carry them.
        raise ValueError(
            "prompt extras do not have one row per prompt; expected "
            f"{rows} rows; use share_prompts=True"
        )
    return {name: value[batch.prompt_index] for name, value in batch.extras.items()}


def _shared_logits(model: nn.Module, batch: TrainBatch, *, after: bool = False) -> Tensor:
    prompt_positions = _positions(batch.prompt_mask)
    extra_inputs: dict[str, Any] = dict(batch.extras)
    keep = {"logits_to_keep": 1} if _takes_logits_to_keep(model) else {}
    prefill = model(
        input_ids=batch.prompt_ids,
        attention_mask=batch.prompt_mask.long(),
        position_ids=prompt_positions,
        use_cache=True,
        **keep,
        **extra_inputs,
    )
    first = prefill.logits[:, -1:][batch.prompt_index]
    length = batch.response_ids.shape[1] - (0 if after else 1)
    if length == 0:
        return first
    cache = prefill.past_key_values
    cache.batch_select_indices(batch.prompt_index)
    mask = batch.attention[:, :length]
    prompt_lengths = batch.prompt_mask.sum(dim=1)[batch.prompt_index]
    positions = prompt_lengths[:, None] + torch.arange(length, device=mask.device)
    with replaying(model, _routes(batch, length, before=0)):
        rest = model(
            input_ids=batch.response_ids[:, :length],
            attention_mask=torch.cat([batch.prompt_mask[batch.prompt_index], mask], dim=1).long(),
            position_ids=positions,
            past_key_values=cache,
            use_cache=True,
        ).logits
    return rest if after else torch.cat([first, rest], dim=1)


def token_logprobs(
    logits: Float[Tensor, "B T V"],
    batch: TrainBatch,
    *,
    temperature: float = 1.0,
) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
    """Log-probability of each response token and entropy of its distribution.

    Args:
        logits: From `response_logits`.
        batch: The same rollouts.
        temperature: Sampling temperature; the policy that is trained is the tempered one. Zero
            (greedy) counts as 1.

    Returns:
        Log-probabilities in nats (float32, or float64 for float64 logits) with gradient, and
        entropy in nats without; both 0 at padding.
    """
    values = logits if logits.dtype == torch.float64 else logits.float()
    if temperature not in (0.0, 1.0):
        values = values / temperature
    log_softmax = torch.log_softmax(values, dim=-1)
    chosen = log_softmax.gather(-1, batch.response_ids[..., None]).squeeze(-1)
    with torch.no_grad():
        entropy = -(log_softmax.exp() * log_softmax).nan_to_num(0.0).sum(dim=-1)
    zero = torch.zeros_like(chosen)
    return torch.where(batch.mask, chosen, zero), torch.where(batch.mask, entropy, zero)


def supported_logprobs(
    logits: Float[Tensor, "B T V"], batch: TrainBatch, *, temperature: float = 1.0
) -> Float[Tensor, "B T"]:
    """Log-probability of each token renormalised over the sampler's nucleus.

    The exact counterpart of the sampler's log-probability at top_p < 1.

    Args:
        logits: From `response_logits`.
        batch: Rollouts with `support_ids`.
        temperature: Sampling temperature.

    Returns:
        Nats, no gradient, 0 at padding.
    """
    assert batch.support_ids is not None, "the sampler records supports with record_support=True"
    values = logits.detach().float() / (temperature or 1.0)
    inside = values.gather(-1, batch.support_ids.clamp(min=0))
    inside = inside.masked_fill(batch.support_ids < 0, float("-inf"))
    chosen = values.gather(-1, batch.response_ids[..., None]).squeeze(-1)
    logprobs = chosen - inside.logsumexp(dim=-1)
    return torch.where(batch.mask, logprobs, torch.zeros_like(chosen))
