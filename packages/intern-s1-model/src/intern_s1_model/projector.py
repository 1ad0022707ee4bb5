"""The two-layer projectors that carry vision features into the text model's width.

Transformers' `InternVLMultiModalProjector` has the published layout (`layer_norm`, `linear_1`,
`linear_2`, all with biases), so the vision projector is that class. The time-series projector has
the same parts under the same names, at its own widths.
"""

from torch import Tensor, nn
from transformers.activations import ACT2FN
from transformers.models.internvl.modeling_internvl import InternVLMultiModalProjector

from .configuration_intern_s1 import InternS1TimeSeriesConfig


class InternS1MultiModalProjector(InternVLMultiModalProjector):
    """Project unshuffled patch features, [tiles, tokens, C / ratio**2] -> [tiles, tokens, D]."""


class TimeSeriesProjector(nn.Module):
    """Project frame features, [series, frames, ts_hidden_dim] -> [series, frames, D]."""

    def __init__(self, config: InternS1TimeSeriesConfig) -> None:
        super().__init__()
        self.layer_norm = nn.LayerNorm(config.ts_hidden_dim)
        self.linear_1 = nn.Linear(config.ts_hidden_dim, config.out_hidden_size)
        self.act = ACT2FN[config.activation_function]
        self.linear_2 = nn.Linear(config.out_hidden_size, config.out_hidden_size)

    def forward(self, features: Tensor) -> Tensor:
        """Normalise, widen, activate, mix."""
        return self.linear_2(self.act(self.linear_1(self.layer_norm(features))))
