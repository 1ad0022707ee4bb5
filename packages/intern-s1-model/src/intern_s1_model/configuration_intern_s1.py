"""Configuration of Intern-S1: vision tower, projector, text model, time-series encoder.

The class names, the `model_type` strings and the field names are those of the published
`config.json`, so that a hub folder loads without editing. `InternS1Config.preset` gives the two
published sizes and a tiny one for tests and CPU training.
"""

from copy import deepcopy
from typing import Any, ClassVar

from huggingface_hub.dataclasses import strict
from transformers import AutoConfig, PreTrainedConfig
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.internvl.configuration_internvl import InternVLVisionConfig

TEXT_MODEL_TYPES = ("qwen3_moe", "qwen3")


@strict
class InternS1VisionConfig(InternVLVisionConfig):
    """InternViT settings; adds stochastic depth to transformers' `InternVLVisionConfig`.

    Args:
        drop_path_rate: Probability of skipping a residual branch in the last layer, in [0, 1);
            grows linearly from 0 at the first layer. Used in training only.
    """

    model_type = "interns1_vision"
    base_config_key = "vision_config"
    # TP and EP replicate the towers: 25 heads divide by nothing useful. FSDP shards them.
    base_model_fsdp_plan: ClassVar[dict[str, str]] = {"encoder.layer.*": "free_full_weight"}

    drop_path_rate: float = 0.0

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        if not 0.0 <= self.drop_path_rate < 1.0:
            raise ValueError(
                f"drop_path_rate must be in [0, 1), got {self.drop_path_rate}; 0 switches it off."
            )


@strict
class InternS1TimeSeriesConfig(PreTrainedConfig):
    """Settings of the time-series encoder; defaults are the published 146 M-parameter encoder.

    Args:
        patch_hidden_dim: Width of the per-patch encoder, in channels.
        patch_attention_heads: Heads of the per-patch Transformer layer.
        patch_ffn_dim: Feed-forward width of the per-patch Transformer layer.
        num_mel_bins: Width of the input to the convolution stem (`adapt_in` output).
        d_model: Width of the frame encoder.
        encoder_layers: Frame-encoder layers.
        encoder_attention_heads: Heads per frame-encoder layer.
        encoder_ffn_dim: Feed-forward width of a frame-encoder layer.
        max_source_positions: Learned positions, in frames, and the bound up to which attention is
            full and causal; past it, attention looks back over this many frames.
        ts_adapt_in_dim: Width of two concatenated patches; must be `2 * patch_hidden_dim`.
        ts_adapt_out_dim: Width of the encoder output.
        ts_hidden_dim: Width the projector takes; must equal `ts_adapt_out_dim`.
        out_hidden_size: Width of the text model.
        interleave_channels: As published, a patch of W samples and C channels is cut into C rows of
            W values in memory order (sample by sample), so that with several channels each row
            mixes them; weights trained that way need it. False gives each channel its own row.
        max_stride: Largest stride between patches, in samples; a patch is twice the stride.
        max_length: Longest series accepted, in samples.
    """

    model_type = "interns1_time_series"
    base_config_key = "ts_config"
    base_model_fsdp_plan: ClassVar[dict[str, str]] = {"encoder.layers.*": "free_full_weight"}
    attribute_map: ClassVar[dict[str, str]] = {
        "hidden_size": "d_model",
        "num_attention_heads": "encoder_attention_heads",
        "num_hidden_layers": "encoder_layers",
    }

    patch_hidden_dim: int = 128
    patch_attention_heads: int = 8
    patch_ffn_dim: int = 2048
    num_mel_bins: int = 80
    d_model: int = 768
    encoder_layers: int = 17
    encoder_attention_heads: int = 8
    encoder_ffn_dim: int = 3072
    max_source_positions: int = 1500
    ts_adapt_in_dim: int = 256
    ts_adapt_out_dim: int = 1024
    ts_hidden_dim: int = 1024
    out_hidden_size: int = 4096
    activation_function: str = "gelu"
    dropout: float | int = 0.0
    attention_dropout: float | int = 0.0
    activation_dropout: float | int = 0.0
    scale_embedding: bool = False
    initializer_range: float = 0.02
    interleave_channels: bool = True
    max_stride: int = 160
    max_length: int = 1_000_000

    def __post_init__(self, **kwargs):
        super().__post_init__(**kwargs)
        if self.ts_adapt_in_dim != 2 * self.patch_hidden_dim:
            raise ValueError(
                f"ts_adapt_in_dim must be 2 * patch_hidden_dim = {2 * self.patch_hidden_dim} (two "
                f"neighbouring patches are concatenated), got {self.ts_adapt_in_dim}."
            )
        if self.ts_hidden_dim != self.ts_adapt_out_dim:
            raise ValueError(
                f"ts_hidden_dim ({self.ts_hidden_dim}) must equal ts_adapt_out_dim "
                f"({self.ts_adapt_out_dim}): the projector reads what the encoder writes."
            )


@strict
class InternS1Config(PreTrainedConfig):
    """Configuration of `InternS1ForConditionalGeneration`.

    Args:
        vision_config: InternViT settings; a dict or `InternS1VisionConfig`. None: the 300 M one.
        text_config: `Qwen3MoeConfig`, `Qwen3Config` or a dict naming its `model_type`. None: the
            text model of Intern-S1.
        ts_config: Time-series encoder settings, or None for a model without one (as published).
        image_token_id: Id of `<IMG_CONTEXT>`, the placeholder of one image feature.
        ts_token_id: Id of `<TS_CONTEXT>`, the placeholder of one time-series feature.
        image_seq_length: Placeholders per image tile.
        downsample_ratio: Linear factor of the pixel unshuffle; 0.5 turns 4 patches into 1 token.
        projector_hidden_act: Activation between the projector's two layers.
        vision_feature_layer: Vision layer whose output is used; -1 is the last.
        vision_feature_select_strategy: "default" drops the CLS token, "full" keeps it.
        router_z_loss_coef: Weight of the router z-loss; 0 switches it off. The weight of the
            load-balancing loss is `text_config.router_aux_loss_coef`.
        tie_word_embeddings: Whether `lm_head` shares the embedding matrix; False as published.

    Raises:
        ValueError: If the text model is of another family or the parts do not fit together.
    """

    model_type = "interns1"
    # The parts bring their own plans; what is left (the projector) belongs to the root's shard.
    base_model_fsdp_plan: ClassVar[dict[str, str]] = {}
    sub_configs: ClassVar[dict[str, Any]] = {
        "text_config": AutoConfig,
        "vision_config": InternS1VisionConfig,
        "ts_config": InternS1TimeSeriesConfig,
    }

    # Dicts or None on the way in, configurations after `__post_init__`.
    vision_config: Any = None
    text_config: Any = None
    ts_config: Any = None
    image_token_id: int = 152957
    ts_token_id: int = 152973
    image_seq_length: int = 256
    downsample_ratio: float = 0.5
    projector_hidden_act: str = "gelu"
    vision_feature_layer: int | list[int] = -1
    vision_feature_select_strategy: str = "default"
    router_z_loss_coef: float = 0.0
    tie_word_embeddings: bool = False

    def __post_init__(self, **kwargs):
        self.vision_config = _as_config(self.vision_config, InternS1VisionConfig, "vision_config")
        self.text_config = _text_config(self.text_config)
        if self.ts_config is not None:
            self.ts_config = _as_config(self.ts_config, InternS1TimeSeriesConfig, "ts_config")
            if self.ts_config.out_hidden_size != self.text_config.hidden_size:
                raise ValueError(
                    f"ts_config.out_hidden_size ({self.ts_config.out_hidden_size}) must equal "
                    f"text_config.hidden_size ({self.text_config.hidden_size})."
                )
        super().__post_init__(**kwargs)

    @classmethod
    def preset(cls, name: str, *, tokenizer: Any = None, **overrides: Any) -> "InternS1Config":
        """Build one of the named configurations.

        Args:
            name: "intern-s1", "intern-s1-mini" or "tiny" (2-3 M parameters with a 2,048 vocabulary,
                every part present).
            tokenizer: Take vocabulary size and special ids from this `InternS1Tokenizer`.
            **overrides: `text_config`, `vision_config`, `ts_config` as dicts of fields to change
                (`ts_config=None` leaves the encoder out), `vocab_size` for the text model, or any
                field of this class.

        Raises:
            ValueError: If the name or an override is unknown.
        """
        if name not in PRESETS:
            raise ValueError(f"Unknown preset {name!r}; expected one of {sorted(PRESETS)}.")
        fields = deepcopy(PRESETS[name])
        if tokenizer is not None:
            overrides = {**_fields_of_tokenizer(tokenizer), **overrides}
        text_overrides = dict(overrides.pop("text_config", {}))
        if "vocab_size" in overrides:
            text_overrides["vocab_size"] = overrides.pop("vocab_size")
        for key in ("pad_token_id", "bos_token_id", "eos_token_id"):
            if key in overrides:
                text_overrides[key] = overrides.pop(key)
        _update_known(fields["text_config"], text_overrides, "text_config")
        if "vocab_size" in text_overrides and "image_token_id" not in overrides:
            fields.update(_last_ids(text_overrides["vocab_size"]))
        for part in ("vision_config", "ts_config"):
            if part in overrides:
                change = overrides.pop(part)
                if change is None:
                    fields[part] = None
                    continue
                fields[part] = fields[part] or {}
                _update_known(fields[part], change, part)
        unknown = sorted(set(overrides) - set(cls.__dataclass_fields__))
        if unknown:
            raise ValueError(f"Unknown override(s) {unknown} for preset {name!r}.")
        return cls(**{**fields, **overrides})


def _as_config(value: Any, kind: type, field: str) -> PreTrainedConfig:
    """Turn a dict or None into a `kind`, or check that it is one."""
    if value is None:
        return kind()
    if isinstance(value, dict):
        return kind(**{k: v for k, v in value.items() if k != "model_type"})
    if isinstance(value, PreTrainedConfig):
        return value
    raise ValueError(f"{field} must be a dict or a {kind.__name__}, got {type(value).__name__}.")


def _text_config(value: Any) -> PreTrainedConfig:
    """Turn a dict or None into a Qwen3 or Qwen3-MoE configuration, or check that it is one."""
    if value is None:
        value = deepcopy(INTERN_S1_TEXT)
    if isinstance(value, dict):
        model_type = value.get("model_type", "qwen3_moe")
        if model_type not in TEXT_MODEL_TYPES:
            raise ValueError(
                f"text_config.model_type must be one of {TEXT_MODEL_TYPES}, got {model_type!r}."
            )
        return CONFIG_MAPPING[model_type](**value)
    if value.model_type not in TEXT_MODEL_TYPES:
        raise ValueError(
            f"text_config.model_type must be one of {TEXT_MODEL_TYPES}, got {value.model_type!r}."
        )
    return value


def _update_known(fields: dict, change: dict, part: str) -> None:
    """Apply overrides to a part; refuse a field that the part's class does not have."""
    kinds = {"vision_config": InternS1VisionConfig, "ts_config": InternS1TimeSeriesConfig}
    kind = kinds.get(part) or CONFIG_MAPPING[change.get("model_type", fields.get("model_type"))]
    # `head_dim` is read by both text models but declared by one of them only.
    known = {*kind.__dataclass_fields__, "head_dim", "model_type", "dtype"}
    unknown = sorted(set(change) - known)
    if unknown:
        raise ValueError(f"Unknown field(s) {unknown} for {part} ({kind.__name__}).")
    fields.update(change)


def _fields_of_tokenizer(tokenizer: Any) -> dict[str, int]:
    """Vocabulary size, rounded up to a multiple of 64, and special ids of a tokenizer."""
    return {
        "vocab_size": -(-len(tokenizer) // 64) * 64,
        "image_token_id": tokenizer.context_image_token_id,
        "ts_token_id": tokenizer.context_ts_token_id,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
    }


def _last_ids(vocab_size: int) -> dict[str, int]:
    """Placeholder ids at the end of a vocabulary that no tokenizer describes."""
    return {"image_token_id": vocab_size - 2, "ts_token_id": vocab_size - 1}


_SHARED_TEXT = {
    "vocab_size": 153216,
    "hidden_size": 4096,
    "head_dim": 128,
    "hidden_act": "silu",
    "max_position_embeddings": 40960,
    "rms_norm_eps": 1e-6,
    "rope_parameters": {"rope_type": "default", "rope_theta": 1_000_000.0},
    "attention_bias": False,
    "tie_word_embeddings": False,
    "bos_token_id": 151643,
    "eos_token_id": 151645,
}

INTERN_S1_TEXT: dict[str, Any] = {
    **_SHARED_TEXT,
    "model_type": "qwen3_moe",
    "num_hidden_layers": 94,
    "num_attention_heads": 64,
    "num_key_value_heads": 4,
    "intermediate_size": 12288,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "moe_intermediate_size": 1536,
    "norm_topk_prob": True,
    "router_aux_loss_coef": 0.001,
}

_MINI_TEXT: dict[str, Any] = {
    **_SHARED_TEXT,
    "model_type": "qwen3",
    "num_hidden_layers": 36,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "intermediate_size": 12288,
}

PRESETS: dict[str, dict[str, Any]] = {
    "intern-s1": {
        "text_config": INTERN_S1_TEXT,
        "vision_config": {
            "num_hidden_layers": 45,
            "hidden_size": 3200,
            "num_attention_heads": 25,
            "intermediate_size": 12800,
            "norm_type": "rms_norm",
            "use_qk_norm": True,
            "attention_bias": False,
        },
    },
    "intern-s1-mini": {
        "text_config": _MINI_TEXT,
        "vision_config": {
            "num_hidden_layers": 24,
            "hidden_size": 1024,
            "num_attention_heads": 16,
            "intermediate_size": 4096,
            "norm_type": "layer_norm",
            "use_qk_norm": False,
            "attention_bias": True,
        },
    },
    "tiny": {
        "text_config": {
            **_SHARED_TEXT,
            "model_type": "qwen3_moe",
            "vocab_size": 2048,
            "hidden_size": 128,
            "head_dim": 32,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "intermediate_size": 256,
            "num_experts": 8,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 128,
            "norm_topk_prob": True,
            "max_position_embeddings": 4096,
            "bos_token_id": 0,
            "eos_token_id": 0,
        },
        "vision_config": {
            "num_hidden_layers": 2,
            "hidden_size": 64,
            "num_attention_heads": 4,
            "intermediate_size": 128,
            "norm_type": "rms_norm",
            "use_qk_norm": True,
            "attention_bias": False,
            "image_size": (56, 56),
        },
        "ts_config": {
            "patch_hidden_dim": 32,
            "patch_attention_heads": 4,
            "patch_ffn_dim": 64,
            "num_mel_bins": 16,
            "d_model": 64,
            "encoder_layers": 2,
            "encoder_attention_heads": 4,
            "encoder_ffn_dim": 128,
            "max_source_positions": 64,
            "ts_adapt_in_dim": 64,
            "ts_adapt_out_dim": 64,
            "ts_hidden_dim": 64,
            "out_hidden_size": 128,
            "interleave_channels": False,
        },
        "image_seq_length": 4,
        "image_token_id": 2046,
        "ts_token_id": 2047,
    },
}

__all__ = ["InternS1Config", "InternS1TimeSeriesConfig", "InternS1VisionConfig"]
