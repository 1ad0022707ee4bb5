"""Time-series encoder: adaptive patches, a convolution stem, causal frames, any length.

Shape legend: L samples, C channels, P patches, W samples per patch, H patch width,
F frames, D frame width, T tokens.

A series [L, C] is normalised per channel, cut into patches whose stride follows the sampling rate,
and each patch becomes one vector. Neighbouring patches are joined in pairs (2H), two convolutions
halve the rate again, and `encoder_layers` causal layers give one token per frame.

Against the published code: a series of any length from 1 to `max_length` samples is taken whole
(the published code fails at 4 samples or fewer, and drops what lies past 240,000); attention past
`max_source_positions` frames looks back over that many frames instead of building an F x F mask;
and a series gives the same features whatever it is batched with. Up to the bound, one series at a
time, the arithmetic is the published one and so are the parameter names.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import PreTrainedModel
from transformers import initialization as init
from transformers.models.whisper.modeling_whisper import WhisperEncoderLayer

from .configuration_intern_s1 import InternS1TimeSeriesConfig
from .projector import TimeSeriesProjector

# Patches encoded at once: bounds memory at about 4096 * 320 * 128 floats, and changes no result,
# because patches do not see each other.
_PATCHES_AT_ONCE = 4096


def patch_stride(sampling_rate: float, max_stride: int = 160) -> int:
    """Samples between neighbouring patches for a sampling rate.

    Args:
        sampling_rate: Samples per second, positive and finite.
        max_stride: Stride of very fast series, in samples.

    Returns:
        From `max_stride // 64` (2 as published) for slow series to `max_stride`.

    Raises:
        ValueError: If the rate is not a positive finite number.
    """
    if not (isinstance(sampling_rate, int | float) and 0 < sampling_rate < math.inf):
        raise ValueError(
            f"A sampling rate must be a positive finite number of samples per second, got "
            f"{sampling_rate!r}; pass None to take a quarter of the series' length."
        )
    return max(1, math.floor(max_stride / (1.0 + math.exp(-sampling_rate / 100.0)) ** 6))


def default_sampling_rate(num_samples: int) -> float:
    """Rate assumed for a series that names none: a quarter of its length per second."""
    return num_samples / 4


def num_patches(num_samples: int, stride: int) -> int:
    """Patches cut from a series; at least two, for which a short series is padded with zeros."""
    return max(2, math.ceil((num_samples - 2 * stride) / stride) + 1)


def num_time_series_tokens(
    num_samples: int, sampling_rate: float | None = None, max_stride: int = 160
) -> int:
    """Tokens that a series becomes, hence placeholders that the text needs.

    Args:
        num_samples: Length of the series, at least 1.
        sampling_rate: Samples per second; None takes a quarter of the length.
        max_stride: See `patch_stride`.

    Returns:
        `(patches // 2 + 1) // 2`, at least 1.

    Raises:
        ValueError: If the series is empty or the rate impossible.
    """
    if num_samples < 1:
        raise ValueError(f"A time series needs at least 1 sample, got {num_samples}.")
    rate = default_sampling_rate(num_samples) if sampling_rate is None else sampling_rate
    return (num_patches(num_samples, patch_stride(rate, max_stride)) // 2 + 1) // 2


def normalize_series(values_LC: Tensor) -> Tensor:
    """Bring each channel to mean 0 and standard deviation 1.

    Args:
        values_LC: Samples, any real dtype; NaN and infinity mean "missing".

    Returns:
        Float32, [L, C]. Missing samples do not count and become 0, the channel's mean; a constant
        channel becomes 0 throughout.

    Raises:
        ValueError: If no sample of the whole series is finite.
    """
    values_LC = values_LC.double()
    known_LC = torch.isfinite(values_LC)
    if not bool(known_LC.any()):
        raise ValueError(
            f"A time series of shape {tuple(values_LC.shape)} has no finite sample; it cannot be "
            "normalised. Check how it was read."
        )
    count_C = known_LC.sum(dim=0).clamp_min(1)
    mean_C = torch.where(known_LC, values_LC, 0.0).sum(dim=0) / count_C
    centred_LC = torch.where(known_LC, values_LC - mean_C, 0.0)
    std_C = (centred_LC.square().sum(dim=0) / count_C).sqrt()
    # A spread within rounding of the mean is a constant channel.
    constant_C = std_C <= 1e-9 * mean_C.abs().clamp_min(1e-30)
    scale_C = torch.where(constant_C, 1.0, std_C)
    return torch.where(constant_C, 0.0, centred_LC / scale_C).float()


class ConcatSubsampling(nn.Module):
    """Join neighbouring patches in pairs, [P, H] -> [P // 2, 2H]; an odd last one is dropped."""

    def forward(self, patches_PH: Tensor) -> Tensor:
        """Put each even patch's features before those of the odd patch after it."""
        even = patches_PH.shape[0] // 2 * 2
        return patches_PH[:even].reshape(even // 2, -1)


class AdaptivePatchEncoder(nn.Module):
    """Turn a series into one vector per patch, at a stride chosen from the sampling rate."""

    def __init__(self, config: InternS1TimeSeriesConfig) -> None:
        super().__init__()
        width = config.patch_hidden_dim
        self.max_stride = config.max_stride
        self.interleave_channels = config.interleave_channels
        self.conv = nn.Conv1d(1, width, kernel_size=5, padding=2)
        layer = nn.TransformerEncoderLayer(
            width,
            config.patch_attention_heads,
            dim_feedforward=config.patch_ffn_dim,
            dropout=config.dropout,
            batch_first=True,
        )
        self.transformer_encoder = nn.TransformerEncoder(layer, 1, enable_nested_tensor=False)
        self.subsampling = ConcatSubsampling()

    def forward(self, values_LC: Tensor, sampling_rate: float) -> Tensor:
        """Encode one normalised series.

        Args:
            values_LC: Samples, float.
            sampling_rate: Samples per second.

        Returns:
            [P // 2, 2H] in the dtype of the weights.
        """
        stride = patch_stride(sampling_rate, self.max_stride)
        length, num_channels = values_LC.shape
        patches = num_patches(length, stride)
        padding = (patches + 1) * stride - length
        padded_LC = F.pad(values_LC.to(self.conv.weight.dtype), (0, 0, 0, padding))
        windows_PCW = padded_LC.unfold(0, 2 * stride, stride)
        if num_channels == 0:
            raise ValueError("A time series needs at least 1 channel, got 0.")
        parts = [self._encode(chunk) for chunk in windows_PCW.split(_PATCHES_AT_ONCE)]
        return self.subsampling(torch.cat(parts))

    def _encode(self, windows_PCW: Tensor) -> Tensor:
        """Encode patches, [P, C, W] -> [P, H]: C rows of W values each, averaged at the end."""
        patches, num_channels, width = windows_PCW.shape
        rows = windows_PCW.mT if self.interleave_channels else windows_PCW
        x = F.relu(self.conv(rows.reshape(patches * num_channels, 1, width))).mT
        x = x + _sinusoids(width, x.shape[-1], device=x.device).to(x.dtype)
        x = self.transformer_encoder(x).mean(dim=1)
        return x.view(patches, num_channels, -1).mean(dim=1)


class TimeSeriesFrameLayer(WhisperEncoderLayer):
    """Whisper's layer with causal attention over a bounded number of frames.

    Each frame sees itself and the `max_source_positions - 1` frames before it. Frames are taken in
    chunks of that many, so a chunk needs the one before it and nothing else: time and memory are
    linear in the frames, and a series that fits one chunk gets plain causal attention.
    """

    def __init__(self, config: InternS1TimeSeriesConfig) -> None:
        super().__init__(config)
        self.window = config.max_source_positions

    def forward(self, hidden_states: Tensor) -> Tensor:
        """Apply the layer, [1, F, D] -> [1, F, D]."""
        normed = self.self_attn_layer_norm(hidden_states)
        outputs = []
        for start in range(0, normed.shape[1], self.window):
            end = min(start + self.window, normed.shape[1])
            first = max(0, start - self.window + 1)
            mask = self._band(start, end, first, normed)
            attended, _ = self.self_attn(
                normed[:, start:end], key_value_states=normed[:, first:end], attention_mask=mask
            )
            outputs.append(attended)
        branch = F.dropout(torch.cat(outputs, dim=1), self.dropout, self.training)
        x = hidden_states + branch
        branch = self.activation_fn(self.fc1(self.final_layer_norm(x)))
        branch = F.dropout(branch, self.activation_dropout, self.training)
        return x + F.dropout(self.fc2(branch), self.dropout, self.training)

    def _band(self, start: int, end: int, first: int, like: Tensor) -> Tensor:
        """Additive mask, [1, 1, end - start, end - first], of frames seen by a chunk's frames."""
        query = torch.arange(start, end, device=like.device)[:, None]
        key = torch.arange(first, end, device=like.device)[None]
        hidden = (key > query) | (key <= query - self.window)
        mask = torch.zeros(hidden.shape, dtype=like.dtype, device=like.device)
        return mask.masked_fill(hidden, torch.finfo(like.dtype).min)[None, None]


class TimeSeriesFrameEncoder(nn.Module):
    """Whisper-layout encoder with causal attention over frames."""

    def __init__(self, config: InternS1TimeSeriesConfig) -> None:
        super().__init__()
        self.config = config
        width = config.d_model
        self.embed_scale = math.sqrt(width) if config.scale_embedding else 1.0
        self.adapt_in = nn.Linear(config.ts_adapt_in_dim, config.num_mel_bins)
        self.conv1 = nn.Conv1d(config.num_mel_bins, width, kernel_size=3, padding=1)
        self.conv2 = nn.Conv1d(width, width, kernel_size=3, stride=2, padding=1)
        self.embed_positions = nn.Embedding(config.max_source_positions, width)
        self.layers = nn.ModuleList(
            [TimeSeriesFrameLayer(config) for _ in range(config.encoder_layers)]
        )
        self.layer_norm = nn.LayerNorm(width)
        self.adapt_out = nn.Linear(width, config.ts_adapt_out_dim)

    def forward(self, joined_F2H: Tensor) -> Tensor:
        """Encode one series, [2F or 2F - 1, ts_adapt_in_dim] -> [F, ts_adapt_out_dim]."""
        x = self.adapt_in(joined_F2H).T[None]
        x = F.gelu(self.conv2(F.gelu(self.conv1(x)))).permute(0, 2, 1)
        known = min(x.shape[1], self.embed_positions.num_embeddings)
        positions = F.pad(self.embed_positions.weight[:known], (0, 0, 0, x.shape[1] - known))
        x = x * self.embed_scale + positions
        for layer in self.layers:
            x = layer(x)
        return self.adapt_out(self.layer_norm(x))[0]


class InternS1TimeSeriesModel(PreTrainedModel):
    """Series to text-width tokens: patches, frames, projector."""

    config: InternS1TimeSeriesConfig
    config_class = InternS1TimeSeriesConfig
    base_model_prefix = "time_series"
    main_input_name = "time_series_values"
    input_modalities: ClassVar[Any] = ("audio",)
    _supports_sdpa = True
    _supports_attention_backend = True
    supports_gradient_checkpointing = True
    _no_split_modules: ClassVar[list[str]] = ["TimeSeriesFrameLayer"]
    # The published files may carry the sinusoid table, which is computed here.
    _keys_to_ignore_on_load_unexpected: ClassVar[list[str]] = [r"encoder_embed\.pos_encoder\.pe"]

    def __init__(self, config: InternS1TimeSeriesConfig) -> None:
        super().__init__(config)
        self.encoder_embed = AdaptivePatchEncoder(config)
        self.encoder = TimeSeriesFrameEncoder(config)
        self.projector = TimeSeriesProjector(config)
        self.post_init()

    @torch.no_grad()
    def _init_weights(self, module: nn.Module) -> None:
        super()._init_weights(module)
        if isinstance(module, TimeSeriesFrameEncoder):
            table = module.embed_positions.weight
            init.copy_(table, _sinusoids(*table.shape, device=table.device).to(table.dtype))

    def forward(
        self, series: Sequence[Tensor], sampling_rates: Sequence[float | None] | None = None
    ) -> list[Tensor]:
        """Encode series of any lengths and numbers of channels.

        Args:
            series: [L] or [L, C] tensors of real numbers.
            sampling_rates: Samples per second for each; None takes a quarter of the length.

        Returns:
            One [T, out_hidden_size] tensor per series, T = `num_time_series_tokens(L, rate)`.

        Raises:
            ValueError: If a series is empty, too long, not real, or has an impossible rate; the
                message names its index.
        """
        rates = check_series(series, sampling_rates, self.config)
        features = []
        for values, rate in zip(series, rates, strict=True):
            values_LC = values[:, None] if values.ndim == 1 else values
            normalized = normalize_series(values_LC).to(self.device)
            features.append(self.projector(self.encoder(self.encoder_embed(normalized, rate))))
        return features


def check_series(
    series: Sequence[Tensor],
    sampling_rates: Sequence[float | None] | None,
    config: InternS1TimeSeriesConfig,
) -> list[float]:
    """Check shapes, dtypes, lengths and rates, and fill in the rates left out.

    Returns:
        One rate per series, in samples per second.

    Raises:
        ValueError: At the first series that cannot be encoded; the message names its index.
    """
    if sampling_rates is None:
        sampling_rates = [None] * len(series)
    if len(sampling_rates) != len(series):
        raise ValueError(
            f"Got {len(series)} time series but {len(sampling_rates)} sampling rates; pass one "
            "rate (or None) per series."
        )
    rates = []
    for index, (values, rate) in enumerate(zip(series, sampling_rates, strict=True)):
        if values.dtype == torch.bool or values.is_complex():
            raise ValueError(
                f"Time series {index} has dtype {values.dtype}; expected real numbers."
            )
        if values.ndim not in (1, 2) or 0 in values.shape:
            raise ValueError(
                f"Time series {index} has shape {tuple(values.shape)}; expected [samples] or "
                "[samples, channels] with at least one of each."
            )
        if values.shape[0] > config.max_length:
            raise ValueError(
                f"Time series {index} has {values.shape[0]} samples; at most {config.max_length} "
                "are accepted. Resample it or split it."
            )
        rate = default_sampling_rate(values.shape[0]) if rate is None else float(rate)
        try:
            patch_stride(rate, config.max_stride)
        except ValueError as error:
            raise ValueError(f"Time series {index}: {error}") from error
        rates.append(rate)
    return rates


def _sinusoids(length: int, width: int, *, device: torch.device) -> Tensor:
    """Interleaved sine and cosine position table, [length, width], float32."""
    position = torch.arange(length, dtype=torch.float32, device=device)[:, None]
    step = torch.arange(0, width, 2, dtype=torch.float32, device=device)
    angle = position * torch.exp(step * (-math.log(10000.0) / width))
    return torch.stack((angle.sin(), angle.cos()), dim=-1).reshape(length, width)
