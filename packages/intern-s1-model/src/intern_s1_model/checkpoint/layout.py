"""Which keys a checkpoint of a configuration has, with what shapes, and where each goes.

The files hold one matrix per expert; the model holds all experts of a layer in one tensor. That,
and nothing else, is what distinguishes file keys from parameter names.
"""

import re
from dataclasses import dataclass

import torch

from intern_s1_model.configuration_intern_s1 import InternS1Config
from intern_s1_model.modeling_intern_s1 import InternS1ForConditionalGeneration

SCALE_SUFFIX = "_scale_inv"
# Older spellings of the same places: other tools write these for the same weights.
_RENAMES = (
    (re.compile(r"^model\.language_model\.model\."), "model.language_model."),
    (re.compile(r"^language_model\.model\."), "model.language_model."),
    (re.compile(r"^language_model\.lm_head\."), "lm_head."),
    (
        re.compile(r"^(vision_tower|multi_modal_projector|language_model|time_series)\."),
        r"model.\1.",
    ),
)
# Tables some writers store and this model computes.
_COMPUTED = re.compile(
    r"^model\.time_series\.encoder_embed\.pos_encoder\.pe$|rotary_emb\.inv_freq$"
)
_QUANTIZED = re.compile(
    r"^model\.language_model\.layers\.\d+\.(self_attn\.[qkvo]_proj|mlp\.(experts\.\d+\.)?"
    r"(gate|up|down)_proj)\.weight$"
)


@dataclass(frozen=True)
class KeyTarget:
    """Where a file key's tensor goes.

    Attributes:
        parameter: Name of the model's parameter.
        shape: Shape of the tensor in the file.
        expert: Index into the parameter's first dimension, or None for the whole parameter.
        rows: `(start, end)` rows of that expert's matrix, or None for all.
    """

    parameter: str
    shape: tuple[int, ...]
    expert: int | None = None
    rows: tuple[int, int] | None = None

    def view(self, parameter: torch.Tensor) -> torch.Tensor:
        """The part of the parameter that the key fills."""
        if self.expert is None:
            return parameter
        part = parameter[self.expert]
        return part if self.rows is None else part[self.rows[0] : self.rows[1]]


def build_on_meta(config: InternS1Config) -> InternS1ForConditionalGeneration:
    """Build the model without memory for its weights."""
    with torch.device("meta"):
        return InternS1ForConditionalGeneration(config)


def expected_keys(
    source: InternS1Config | InternS1ForConditionalGeneration,
) -> dict[str, KeyTarget]:
    """List the keys of a checkpoint.

    Args:
        source: A configuration or a model (its weights are not read).

    Returns:
        File key to target, in the model's order.
    """
    model = build_on_meta(source) if isinstance(source, InternS1Config) else source
    tied = model.config.tie_word_embeddings
    keys: dict[str, KeyTarget] = {}
    for name, tensor in model.state_dict().items():
        shape = tuple(tensor.shape)
        if name == "lm_head.weight" and tied:
            continue
        if name.endswith(".experts.gate_up_proj"):
            stem, (experts, double, width) = name.removesuffix("gate_up_proj"), shape
            half = double // 2
            for expert in range(experts):
                for part, rows in (("gate", (0, half)), ("up", (half, double))):
                    target = KeyTarget(name, (half, width), expert, rows)
                    keys[f"{stem}{expert}.{part}_proj.weight"] = target
        elif name.endswith(".experts.down_proj"):
            stem = name.removesuffix("down_proj")
            for expert in range(shape[0]):
                keys[f"{stem}{expert}.down_proj.weight"] = KeyTarget(name, shape[1:], expert)
        else:
            keys[name] = KeyTarget(name, shape)
    return keys


def hub_name(key: str) -> str | None:
    """Bring an older spelling of a key to the published one; None for tables that are computed."""
    for pattern, replacement in _RENAMES:
        renamed = pattern.sub(replacement, key, count=1)
        if renamed != key:
            key = renamed
            break
    return None if _COMPUTED.search(key) else key


def is_quantized_in_fp8(key: str) -> bool:
    """Whether the FP8 release stores this key in FP8: the text model's matrices, not its router."""
    return _QUANTIZED.match(key) is not None
