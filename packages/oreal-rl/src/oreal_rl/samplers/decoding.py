"""One decoding step after another: the model's own forward, and who may take the fused path.

`ModelSteps` calls the model for every token and is the reference. `fused_decoding.FusedSteps` gives
the same logits up to rounding from the same weights, without the model's Python code in between; it
knows the text stacks of transformers' Qwen3 and Qwen3-MoE, alone or inside Intern-S1.
`text_stack` says whether a model is one of these, unchanged; every other model, and one with hooks,
adapters, quantised or sharded weights, is left to `ModelSteps`.

Shape legend: P prompts, M samples per prompt, S longest prompt, R live rows, V vocabulary.
"""

from typing import Any, NamedTuple, Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

_MODELS = ("Qwen3ForCausalLM", "Qwen3MoeForCausalLM", "InternS1ForConditionalGeneration")
_STACKS = ("Qwen3Model", "Qwen3MoeModel")
_PARTS = {
    "self_attn": ("Qwen3Attention", "Qwen3MoeAttention"),
    "mlp": ("Qwen3MLP", "Qwen3MoeMLP", "Qwen3MoeSparseMoeBlock"),
    "input_layernorm": ("Qwen3RMSNorm", "Qwen3MoeRMSNorm"),
    "post_attention_layernorm": ("Qwen3RMSNorm", "Qwen3MoeRMSNorm"),
}
_EXPERT_CALLS = ("eager", "grouped_mm", "batched_mm", "sorted_loop")  # of one function
_FIXED_ROPE = ("default", "linear", "llama3", "yarn")  # tables that do not depend on the length
_MAX_GAP = 1e-3  # of a logit, relative to the largest; rounding gives about 1e-6 in float32


class Prompts(NamedTuple):
    """What the prompts left behind.

    Attributes:
        cache: The model's key/value cache, one row per prompt.
        mask: 1 at real prompt tokens, [P, S].
        last_ids: Last token of each prompt, [P].
        num_samples: M.
        max_new_tokens: Most tokens that will be drawn.
    """

    cache: Any
    mask: Int[Tensor, "P S"]
    last_ids: Int[Tensor, "P"]
    num_samples: int
    max_new_tokens: int


class Steps(Protocol):
    """Reads one token per live row at a time."""

    def read(self, token_ids: Int[Tensor, "R"], step: int) -> Float[Tensor, "R V"]:
        """Read the tokens drawn at `step` and return the logits of the next."""
        ...

    def keep(self, kept: Int[Tensor, "kept"]) -> None:
        """Go on with these of the live rows; indices ascend."""
        ...


class ModelSteps:
    """The reference: one forward pass of the model per step.

    Args:
        model: The policy.
        prompts: After the prompts were read; the cache is taken over.
    """

    def __init__(self, model: nn.Module, prompts: Prompts) -> None:
        self.model, self.cache = model, prompts.cache
        if prompts.num_samples > 1:
            self.cache.batch_repeat_interleave(prompts.num_samples)
        mask = prompts.mask.repeat_interleave(prompts.num_samples, dim=0)
        self.width = mask.shape[1]
        ones = mask.new_ones((mask.shape[0], prompts.max_new_tokens))
        self.mask = torch.cat([mask, ones], dim=1)
        self.positions = mask.sum(dim=1, keepdim=True)

    def read(self, token_ids: Int[Tensor, "R"], step: int) -> Float[Tensor, "R V"]:
        """Read one token per row; see `Steps`."""
        return self.model(
            input_ids=token_ids[:, None],
            attention_mask=self.mask[:, : self.width + step + 1],
            position_ids=self.positions + step,
            past_key_values=self.cache,
            use_cache=True,
        ).logits[:, -1]

    def keep(self, kept: Int[Tensor, "kept"]) -> None:
        """Drop the other rows; see `Steps`."""
        self.cache.batch_select_indices(kept)
        self.mask, self.positions = self.mask[kept], self.positions[kept]


def text_stack(model: nn.Module) -> nn.Module | None:
    """Find the decoder that `FusedSteps` can read, if the model is exactly what it looks like.

    Args:
        model: The policy.

    Returns:
        The module with `embed_tokens`, `layers`, `norm` and `rotary_emb`; None for a model of
        another architecture, with hooks inside, adapters, replaced forwards or a sliding window,
        under autocast, on another device than the CPU, or with weights that are not plain float32
        or float64 tensors of one dtype.
    """
    if type(model).__name__ not in _MODELS or torch.is_autocast_enabled("cpu"):
        return None
    stack: Any = getattr(model, "model", None)
    stack = getattr(stack, "language_model", stack)
    if (
        type(stack).__name__ not in _STACKS
        or type(getattr(model, "lm_head", None)) is not nn.Linear
    ):
        return None
    if not (_is_untouched(model) and _is_plain(stack) and _is_plain(model.lm_head)):
        return None
    if getattr(stack.rotary_emb, "rope_type", None) not in _FIXED_ROPE:
        return None
    known = type(stack.embed_tokens) is nn.Embedding and stack.embed_tokens.max_norm is None
    known = known and getattr(stack.config, "_attn_implementation", None) in ("sdpa", "eager")
    return stack if known and all(map(_is_known_layer, stack.layers)) else None


def _is_known_layer(layer: Any) -> bool:
    if any(
        type(getattr(layer, name, None)).__name__ not in types for name, types in _PARTS.items()
    ):
        return False
    attention, mlp = layer.self_attn, layer.mlp
    linears = [getattr(attention, f"{name}_proj") for name in "qkvo"]
    if not hasattr(mlp, "experts"):
        linears += [mlp.gate_proj, mlp.up_proj, mlp.down_proj]
    elif not _are_known_experts(mlp.experts):
        return False
    norms = (layer.post_attention_layernorm, attention.q_norm, attention.k_norm)
    if {norm.variance_epsilon for norm in norms} != {layer.input_layernorm.variance_epsilon}:
        return False
    return attention.sliding_window is None and all(type(one) is nn.Linear for one in linears)


def _are_known_experts(experts: Any) -> bool:
    return (
        getattr(experts.config, "_experts_implementation", None) in _EXPERT_CALLS
        and experts.config.hidden_act == "silu"
        and experts.has_gate
        and not (experts.has_bias or experts.is_transposed or experts._is_expert_parallel)
    )


def output_hooks(model: nn.Module) -> list[Any]:
    """Forward hooks of a module that do something.

    transformers leaves its recorders of router logits and the like in place, asleep.
    """
    hooks = model._forward_hooks.values()
    return [hook for hook in hooks if getattr(hook, "__name__", "") != "output_capturing_hook"]


def _is_untouched(model: nn.Module) -> bool:
    """No hook would be skipped and no replaced forward passed over by reading weights directly.

    Hooks on the output of the whole model are called, see `FusedSteps.read`.
    """
    if model._forward_hooks_with_kwargs:
        return False
    return not any(
        (module is not model and output_hooks(module))
        or module._forward_pre_hooks
        or "forward" in vars(module)
        for module in model.modules()
    )


def _is_plain(module: nn.Module) -> bool:
    """Weights of one dtype that is computed with as it is, whole, on the CPU."""
    weights = list(module.parameters())
    return (
        all(type(weight) in (Tensor, nn.Parameter) for weight in weights)
        and {weight.device.type for weight in weights} == {"cpu"}
        and {weight.dtype for weight in weights} in ({torch.float32}, {torch.float64})
    )


def agree(found: Float[Tensor, "R V"], wanted: Float[Tensor, "R V"]) -> bool:
    """Whether two ways to the logits are one computation.

    Args:
        found: Logits of the fused step.
        wanted: Logits of the model.

    Returns:
        False where more than a quarter of the rows differ by more than rounding could. A few may:
        where two experts are nearly as good, rounding decides which one is taken.
    """
    gaps = (found - wanted).abs().amax(dim=-1) / wanted.abs().max().clamp(min=1e-6)
    return float((gaps <= _MAX_GAP).double().mean()) >= 0.75  # NaN counts as a difference
