"""Saved models: written whole or not at all, loaded through the Auto classes."""

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
)
from transformers.initialization import no_init_weights
from transformers.utils.logging import disable_progress_bar

import intern_s1_model  # registers Intern-S1 with the Auto classes
from intern_pretrain.folders import written_folder
from intern_runs import CheckpointError, ConfigError
from oreal_rl.distributed import ReplicaSampler

__all__ = [
    "describe_config",
    "freeze",
    "hide_progress_bars",
    "intern_s1_model",
    "load_model",
    "load_policy",
    "make_architecture",
    "save_model",
    "silence_placeholders",
    "without_initialization",
]
SILENT_LOGIT = -1e4  # exp of it is 0 in every float dtype
LOAD_ERRORS = (OSError, ValueError, RuntimeError, KeyError, SafetensorError)


def hide_progress_bars() -> None:
    """Silence transformers' own bars: a run has a display of its own."""
    disable_progress_bar()


def save_model(model: Any, processor: Any, path: Path) -> None:
    """Write model and processor so that `from_pretrained(path)` loads them.

    A kill leaves the folder whole or absent.
    """
    with written_folder(path) as draft:
        model.save_pretrained(draft)
        processor.save_pretrained(draft)


def load_model(path: str | Path, *, dtype: str = "float32") -> Any:
    """Load a saved model: image-text-to-text where its kind is, else a causal language model.

    Args:
        path: Folder or hub name.
        dtype: Of the weights.

    Raises:
        CheckpointError: If it is missing or damaged.
    """
    try:
        config = AutoConfig.from_pretrained(path)
        return _auto_class(config).from_pretrained(path, config=config, dtype=dtype)
    except LOAD_ERRORS as error:
        raise CheckpointError(f"{path}: cannot load the model: {_reason(error)}") from None


def load_policy(path: str | Path, *, dtype: str = "float32") -> tuple[Any, Any]:
    """Load a model with its processor, or with its tokenizer where it has no processor.

    Raises:
        CheckpointError: If either is missing or damaged.
    """
    model = load_model(path, dtype=dtype)
    auto = (
        AutoProcessor if _auto_class(model.config) is AutoModelForImageTextToText else AutoTokenizer
    )
    try:
        return model, auto.from_pretrained(path)
    except LOAD_ERRORS as error:
        raise CheckpointError(f"{path}: cannot load the tokenizer: {_reason(error)}") from None


def freeze(model: Any, patterns: tuple[str, ...]) -> int:
    """Stop training the parameters whose names match.

    Args:
        model: The policy.
        patterns: Shell patterns over parameter names.

    Returns:
        Number of weights frozen.

    Raises:
        ConfigError: If a pattern matches nothing.
    """
    frozen = 0
    for pattern in patterns:
        found = [p for name, p in model.named_parameters() if fnmatchcase(name, pattern)]
        if not found:
            names = [name for name, _ in model.named_parameters()][:3]
            raise ConfigError(
                f"policy.freeze: {pattern!r} matches no parameter; names look like {names}"
            )
        frozen += sum(p.numel() for p in found if p.requires_grad)
        for parameter in found:
            parameter.requires_grad_(False)
    return frozen


def silence_placeholders(model: Any) -> None:
    """Give the placeholders of images and series no probability, in sampling and in training alike.

    A response may hold any token, and a forward pass over prompt and response together takes a
    placeholder for one that wants features. One process never makes such a pass (responses
    continue from a cache); a sharded policy does.

    Args:
        model: The policy; copies of it keep the rule.
    """
    names = ("image_token_id", "ts_token_id", "video_token_id")
    ids = [getattr(model.config, name, None) for name in names]
    known = [i for i in ids if i is not None]
    if not known:
        return

    def silence(module: Any, inputs: Any, output: Any) -> None:
        logits = output.logits
        if logits.shape[-1] == 1:  # a copy with the token reward model's head
            return
        places = torch.tensor(known, device=logits.device)
        # Finite, so that entropy stays a number: 0 times its logarithm.
        logits.index_fill_(-1, places, SILENT_LOGIT)

    model.register_forward_hook(silence)


def describe_config(path: str, architecture: dict[str, Any]) -> Any:
    """The transformers configuration of a policy, without its weights.

    Args:
        path: Folder or hub name, read where `architecture` is empty.
        architecture: `preset` of `intern_s1_model`, or `model_type` with its fields.

    Raises:
        ConfigError: If neither gives a configuration.
    """
    fields = dict(architecture)
    try:
        if not fields:
            return AutoConfig.from_pretrained(path)
        if preset := fields.pop("preset", None):
            return intern_s1_model.InternS1Config.preset(preset, **fields)
        return AutoConfig.for_model(fields.pop("model_type", ""), **fields)
    except LOAD_ERRORS as error:
        raise ConfigError(
            f"policy: no architecture for {path!r}: {_reason(error)}; name its folder, or give "
            "policy.architecture (model_type and sizes, or preset)"
        ) from None


def without_initialization() -> Any:
    """Context in which new models do not draw their weights."""
    return no_init_weights()


def make_architecture(config: Any, *, dtype: torch.dtype = torch.float32) -> Any:
    """A model of a configuration with fresh weights, on the device of the context."""
    return _auto_class(config).from_config(config, dtype=dtype)


def make_rollout_sampler(
    config: Any, tokenizer: Any, *, dtype: torch.dtype, device: str, is_silenced: bool
) -> ReplicaSampler:
    """What a rollout worker is made of; called inside it.

    Args:
        config: Of transformers; the weights come with the first sync.
        tokenizer: Decodes responses.
        dtype: Of the weights.
        device: Where they live.
        is_silenced: Whether placeholders have no probability, see `silence_placeholders`.
    """
    with without_initialization():
        replica = make_architecture(config, dtype=dtype)
    if is_silenced:
        silence_placeholders(replica)
    return ReplicaSampler(replica.to(device), tokenizer)


def _auto_class(config: Any) -> Any:
    known = AutoModelForImageTextToText._model_mapping.keys()
    return AutoModelForImageTextToText if type(config) in known else AutoModelForCausalLM


def _reason(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
