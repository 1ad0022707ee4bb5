"""InternViT with stochastic depth, and the pixel unshuffle in front of the projector.

Shape legend: B tiles, H W patch grid, N = H * W patches, C vision width.

Transformers' InternVL vision model is used as it is; only the layer class is exchanged, for one
that can skip its residual branches in training. With a rate of 0 the two compute the same bits.
"""

from typing import ClassVar

import torch
from torch import Tensor
from transformers.models.internvl.modeling_internvl import InternVLVisionLayer, InternVLVisionModel

from .configuration_intern_s1 import InternS1VisionConfig


def drop_path(x_BNC: Tensor, rate: float, *, training: bool) -> Tensor:
    """Zero whole samples of a residual branch and rescale the rest (stochastic depth).

    Args:
        x_BNC: Branch output, any float dtype.
        rate: Probability of zeroing one sample, in [0, 1).
        training: Outside training the input is returned as it is.

    Returns:
        Same shape and dtype; the expectation over draws is the input.

    Source: Huang et al., "Deep Networks with Stochastic Depth", section 3. As published.
    """
    if rate == 0.0 or not training:
        return x_BNC
    keep = 1.0 - rate
    mask_B11 = x_BNC.new_empty(x_BNC.shape[0], *([1] * (x_BNC.ndim - 1))).bernoulli_(keep)
    return x_BNC * mask_B11 / keep


class InternS1VisionLayer(InternVLVisionLayer):
    """One InternViT layer whose two residual branches can be skipped in training."""

    def __init__(self, config: InternS1VisionConfig, drop_path_rate: float = 0.0) -> None:
        super().__init__(config)
        self.drop_path_rate = drop_path_rate

    def forward(self, hidden_states: Tensor) -> Tensor:
        """Apply attention and MLP, [B, N, C] -> [B, N, C]."""
        if self.drop_path_rate == 0.0 or not self.training:
            return super().forward(hidden_states)
        attended, _ = self.attention(self.layernorm_before(hidden_states))
        branch = self.lambda_1 * attended
        hidden_states = hidden_states + drop_path(branch, self.drop_path_rate, training=True)
        branch = self.lambda_2 * self.dropout(self.mlp(self.layernorm_after(hidden_states)))
        return hidden_states + drop_path(branch, self.drop_path_rate, training=True)


class InternS1VisionModel(InternVLVisionModel):
    """Transformers' InternVL vision model with `InternS1VisionLayer` layers and the same keys."""

    config: InternS1VisionConfig
    config_class = InternS1VisionConfig
    _no_split_modules: ClassVar[list[str]] = ["InternS1VisionLayer"]

    def __init__(self, config: InternS1VisionConfig) -> None:
        super().__init__(config)
        if config.drop_path_rate == 0.0:
            return
        rates = torch.linspace(0.0, config.drop_path_rate, config.num_hidden_layers).tolist()
        self.encoder.layer = torch.nn.ModuleList(
            [InternS1VisionLayer(config, drop_path_rate=rate) for rate in rates]
        )
        self.post_init()


def pixel_unshuffle(features_BHWC: Tensor, ratio: float) -> Tensor:
    """Fold each square of `1 / ratio` by `1 / ratio` patches into the channels.

    Args:
        features_BHWC: Patch features on their grid, any float dtype.
        ratio: Linear factor, 1 / k for an integer k; H and W must divide by k.

    Returns:
        [B, W * ratio, H * ratio, C / ratio**2], laid out as the published projector expects: the
        grid is transposed and, within a cell, the column offset varies slowest.

    Raises:
        ValueError: If the grid does not divide by the factor.
    """
    factor = round(1 / ratio)
    num_tiles, height, width, channels = features_BHWC.shape
    if height % factor or width % factor:
        raise ValueError(
            f"A {height}x{width} patch grid cannot be unshuffled by {factor}: both sides must "
            f"divide by it. Change image_size, patch_size or downsample_ratio."
        )
    x = features_BHWC.reshape(num_tiles, height, width // factor, channels * factor)
    x = x.permute(0, 2, 1, 3).reshape(
        num_tiles, width // factor, height // factor, channels * factor * factor
    )
    return x.permute(0, 2, 1, 3).contiguous()
