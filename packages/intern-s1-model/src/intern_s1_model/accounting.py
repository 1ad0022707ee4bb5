"""Parameters, memory and floating-point work of a configuration, without building its weights.

Parameter counts come from the model on the meta device. Work is counted analytically: a multiply
and an add are two operations, a matrix of p weights costs 2p per token, attention costs
4 * keys * width per query (half of that over a causal document), and elementwise work is left out.
The vision tower and the time-series encoder are counted by tiles and series, because leaving them
out makes utilisation wrong by about a factor of two on image-heavy batches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .checkpoint.layout import build_on_meta, expected_keys, is_quantized_in_fp8
from .configuration_intern_s1 import InternS1Config
from .time_series import default_sampling_rate, num_patches, patch_stride

PARTS = (
    "embedding",
    "attention",
    "router",
    "experts",
    "dense mlp",
    "norms",
    "lm_head",
    "vision tower",
    "projector",
    "time series",
)


@dataclass(frozen=True, kw_only=True)
class ParameterCount:
    """Parameters of a model.

    Attributes:
        per_part: Parameters of each of `PARTS`.
        active_per_part: Those used for one token (and, for the other towers, one item).
        fp8_bytes: Bytes of the FP8 release: quantized matrices, their scales, the rest in bfloat16.
        kv_cache_bytes_per_token: Bytes that one position adds to a bfloat16 cache.
    """

    per_part: dict[str, int]
    active_per_part: dict[str, int]
    fp8_bytes: int
    kv_cache_bytes_per_token: int

    @property
    def total(self) -> int:
        """All parameters."""
        return sum(self.per_part.values())

    @property
    def active(self) -> int:
        """Parameters active per token."""
        return sum(self.active_per_part.values())

    @property
    def bf16_bytes(self) -> int:
        """Bytes of the bfloat16 release."""
        return 2 * self.total


def count_parameters(config: InternS1Config) -> ParameterCount:
    """Count a configuration's parameters on the meta device.

    Args:
        config: Any configuration.

    Returns:
        Counts per part, and the memory that follows from them.
    """
    text = config.text_config
    per_part = dict.fromkeys(PARTS, 0)
    fp8_bytes = 0
    for key, target in expected_keys(build_on_meta(config)).items():
        number = 1
        for side in target.shape:
            number *= side
        per_part[_part_of(key)] += number
        if is_quantized_in_fp8(key):
            rows, columns = target.shape
            fp8_bytes += number + 4 * -(-rows // 128) * -(-columns // 128)
        else:
            fp8_bytes += 2 * number
    active = dict(per_part)
    if per_part["experts"]:
        active["experts"] = per_part["experts"] * text.num_experts_per_tok // text.num_experts
    cache = 2 * 2 * text.num_hidden_layers * text.num_key_value_heads * _head_dim(text)
    return ParameterCount(
        per_part=per_part,
        active_per_part=active,
        fp8_bytes=fp8_bytes,
        kv_cache_bytes_per_token=cache,
    )


@dataclass(frozen=True, kw_only=True)
class FlopCount:
    """Floating-point operations of one forward pass, by part."""

    text: float
    attention: float
    lm_head: float
    vision: float
    time_series: float

    @property
    def forward(self) -> float:
        """Operations of the forward pass."""
        return self.text + self.attention + self.lm_head + self.vision + self.time_series

    @property
    def training(self) -> float:
        """Operations of forward and backward pass, everything trained, nothing recomputed."""
        return 3 * self.forward


def count_flops(
    config: InternS1Config,
    document_lengths: Sequence[int],
    *,
    num_tiles: int = 0,
    series: Sequence[tuple[int, int, float | None]] = (),
) -> FlopCount:
    """Count the operations of a batch.

    Args:
        config: Any configuration.
        document_lengths: Tokens of each document; documents do not see each other.
        num_tiles: Image tiles in the batch.
        series: `(samples, channels, samples per second or None)` of each time series.

    Returns:
        Operations of the forward pass, by part.

    Raises:
        ValueError: If a length is negative.
    """
    if min(document_lengths, default=0) < 0 or num_tiles < 0:
        raise ValueError(f"Lengths and tiles are not negative: {document_lengths}, {num_tiles}.")
    text = config.text_config
    tokens = sum(document_lengths)
    width = text.num_attention_heads * _head_dim(text)
    projections = text.hidden_size * (2 * width + 2 * text.num_key_value_heads * _head_dim(text))
    mlp = 0.0
    for layer in range(text.num_hidden_layers):
        if _is_sparse(text, layer):
            router = text.hidden_size * text.num_experts
            expert = 3 * text.hidden_size * text.moe_intermediate_size
            mlp += router + text.num_experts_per_tok * expert
        else:
            mlp += 3 * text.hidden_size * text.intermediate_size
    pairs = sum(length * (length + 1) / 2 for length in document_lengths)
    return FlopCount(
        text=2.0 * tokens * (text.num_hidden_layers * projections + mlp),
        attention=4.0 * pairs * width * text.num_hidden_layers,
        lm_head=2.0 * tokens * text.hidden_size * text.vocab_size,
        vision=num_tiles * _tile_flops(config),
        time_series=sum(_series_flops(config, *one) for one in series),
    )


def model_flops_utilization(
    flops: float, seconds: float, peak_flops_per_second: float, num_devices: int = 1
) -> float:
    """Share of the devices' peak that a step's operations took.

    Args:
        flops: Operations of the step over all devices, usually `FlopCount.training`.
        seconds: Time of the step.
        peak_flops_per_second: Peak of one device at the dtype used.
        num_devices: Devices that shared the step.

    Returns:
        Between 0 and 1, dimensionless.

    Raises:
        ValueError: If a denominator is not positive.
    """
    if seconds <= 0 or peak_flops_per_second <= 0 or num_devices < 1:
        raise ValueError(
            "seconds, peak_flops_per_second and num_devices must be positive, got "
            f"{seconds}, {peak_flops_per_second}, {num_devices}."
        )
    return flops / (seconds * peak_flops_per_second * num_devices)


def _tile_flops(config: InternS1Config) -> float:
    """One tile through the vision tower and the projector."""
    vision = config.vision_config
    patches = 1
    for side, patch in zip(vision.image_size, vision.patch_size, strict=True):
        patches *= side // patch
    positions, width = patches + 1, vision.hidden_size
    embed = patches * vision.num_channels * vision.patch_size[0] * vision.patch_size[1] * width
    layer = positions * (4 * width * width + 2 * width * vision.intermediate_size)
    attention = 2 * positions * positions * width
    folded = width * round(1 / config.downsample_ratio) ** 2
    out = config.text_config.hidden_size
    projector = patches * config.downsample_ratio**2 * (folded * out + out * out)
    return 2.0 * (embed + vision.num_hidden_layers * (layer + attention) + projector)


def _series_flops(config: InternS1Config, samples: int, channels: int, rate: float | None) -> float:
    """One series through patch encoder, frame encoder and projector."""
    ts = config.ts_config
    if ts is None:
        raise ValueError("The configuration has no time-series encoder (ts_config is None).")
    rate = default_sampling_rate(samples) if rate is None else rate
    stride = patch_stride(rate, ts.max_stride)
    patches, window, width = num_patches(samples, stride), 2 * stride, ts.patch_hidden_dim
    per_sample = 5 * width + 4 * width * width + 2 * width * ts.patch_ffn_dim
    patch_work = channels * patches * (window * per_sample + 2 * window * window * width)
    joined = patches // 2
    frames, inner = (joined + 1) // 2, ts.d_model
    stem = joined * (ts.ts_adapt_in_dim * ts.num_mel_bins + 3 * ts.num_mel_bins * inner)
    stem += frames * 3 * inner * inner
    seen = min(frames, ts.max_source_positions)
    pairs = seen * (seen + 1) / 2 + max(0, frames - seen) * seen
    layer = frames * (4 * inner * inner + 2 * inner * ts.encoder_ffn_dim) + 2 * pairs * inner
    out = ts.out_hidden_size
    tail = frames * (inner * ts.ts_adapt_out_dim + ts.ts_hidden_dim * out + out * out)
    return 2.0 * (patch_work + stem + ts.encoder_layers * layer + tail)


def _part_of(key: str) -> str:
    prefixes = {
        "lm_head.": "lm_head",
        "model.vision_tower.": "vision tower",
        "model.multi_modal_projector.": "projector",
        "model.time_series.": "time series",
        "model.language_model.embed_tokens.": "embedding",
    }
    for prefix, part in prefixes.items():
        if key.startswith(prefix):
            return part
    if "norm" in key:
        return "norms"
    for mark, part in (
        (".self_attn.", "attention"),
        (".mlp.experts.", "experts"),
        (".mlp.gate.", "router"),
    ):
        if mark in key:
            return part
    return "dense mlp"


def _head_dim(text) -> int:
    return getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads


def _is_sparse(text, layer: int) -> bool:
    if text.model_type != "qwen3_moe":
        return False
    return layer not in text.mlp_only_layers and (layer + 1) % text.decoder_sparse_step == 0
