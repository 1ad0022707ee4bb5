"""What the samplers of separate engines share: saving weights, reading answers.

Saving a policy that FSDP2 has sharded gathers it, which is a collective: every training process
calls, those that write nothing with `folder=None`.
"""

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from oreal_rl.errors import SamplerError, WeightSyncError
from oreal_rl.protocols import SamplingParams, Tokenizer
from oreal_rl.types import Rollout

OUTSIDE = -9000.0  # nats; vLLM's engine gives -inf outside of the nucleus, its server -9999
MAX_SUPPORT = 20  # vLLM's own default for the most log-probabilities per token


def require_awake(is_asleep: bool) -> None:
    """Refuse to send weights to a sleeping engine: vLLM would crash (vllm-project/vllm 57853).

    Args:
        is_asleep: Whether it sleeps.

    Raises:
        WeightSyncError: Where it does.
    """
    if is_asleep:
        raise WeightSyncError("the engine sleeps and cannot take weights; call wake_up() first")


def whole_weights(policy: nn.Module) -> dict[str, Tensor]:
    """Weights by name on the CPU, gathered where they are sharded (then a collective)."""

    def whole(value: Tensor) -> Tensor:
        return (value.full_tensor() if hasattr(value, "full_tensor") else value).detach().cpu()

    return {name: whole(value) for name, value in policy.state_dict().items()}


def save_pretrained(policy: nn.Module, folder: Path | None) -> None:
    """Save through the model's own `save_pretrained`.

    Args:
        policy: A transformers model, sharded or not.
        folder: Where to; None takes part in the gathering only.

    Raises:
        WeightSyncError: For a model without that method.
    """
    save = getattr(policy, "save_pretrained", None)
    if not callable(save):
        raise WeightSyncError(
            f"{type(policy).__name__} has no save_pretrained(); give the sampler save_weights=..."
        )
    state = whole_weights(policy)
    if folder is not None:
        save(folder, state_dict=state)


def save_untied(policy: nn.Module, folder: Path | None) -> None:
    """Save a transformers model with its output head written out, and configured as untied.

    An engine that starts from such a folder keeps a head of its own, which a later reload fills.
    One that starts from a tied checkpoint may leave its head as it was (vLLM on the CPU does).
    Models that are not tied are saved as they are.

    Args:
        policy: A transformers model, sharded or not.
        folder: Where to; None takes part in the gathering only.

    Raises:
        WeightSyncError: For a model without `save_pretrained`.
    """
    config: Any = getattr(policy, "config", None)
    if not getattr(config, "tie_word_embeddings", False):
        save_pretrained(policy, folder)
        return
    state = whole_weights(policy)
    if folder is None:
        return
    head = policy.get_output_embeddings().weight
    names = [n for n, p in policy.named_parameters(remove_duplicate=False) if p is head]
    for name in names[1:]:  # the head under each of its names, in storage of its own
        state[name] = state[names[0]].clone()
    untied = copy.deepcopy(config)
    untied.tie_word_embeddings = False
    untied.architectures = [type(policy).__name__.removeprefix("FSDP")]
    untied.dtype = head.dtype
    save_checkpoint(state, untied, folder)


def save_checkpoint(state: dict[str, Tensor], config: Any, folder: Path) -> None:
    """Write `config.json` and `model.safetensors`, the layout that engines read.

    Args:
        state: Whole tensors by name, none sharing storage.
        config: A transformers config.
        folder: Where to; made where it is missing.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(folder)
    contiguous = {name: value.contiguous() for name, value in state.items()}
    save_file(contiguous, str(folder / "model.safetensors"), metadata={"format": "pt"})


def make_rollout(
    token_ids: tuple[int, ...],
    rows: Sequence[dict[int, float]],
    finish_reason: str | None,
    tokenizer: Tokenizer,
    version: int,
    params: SamplingParams,
) -> Rollout:
    """Build a rollout from an engine's answer.

    Args:
        token_ids: Drawn tokens.
        rows: Log-probability by token id at each position; holds at least the drawn one.
        finish_reason: "stop", "length" or anything else (counted as "abort").
        tokenizer: Decodes.
        version: Version of the weights.
        params: What was asked for.

    Returns:
        The rollout. `support_ids` are known where every position's nucleus is smaller than the
        number of log-probabilities asked for.

    Raises:
        SamplerError: Where a drawn token has no log-probability.
    """
    if len(rows) != len(token_ids) or any(
        token not in row for token, row in zip(token_ids, rows, strict=False)
    ):
        raise SamplerError(
            f"the engine gave {len(rows)} log-probabilities for {len(token_ids)} tokens, or not "
            "those of the drawn tokens; expected one each"
        )
    support = None
    if params.record_support:
        inside = [tuple(t for t, value in row.items() if value > OUTSIDE) for row in rows]
        if all(len(ids) < MAX_SUPPORT for ids in inside):
            support = tuple(inside)
    known = finish_reason if finish_reason in ("stop", "length") else "abort"
    return Rollout(
        response_ids=token_ids,
        logprobs=tuple(row[token] for token, row in zip(token_ids, rows, strict=True)),
        finish_reason=known,
        text=tokenizer.decode(list(token_ids), skip_special_tokens=True),
        policy_versions=(version,) * len(token_ids),
        support_ids=support,
    )
