"""The frame of every feature loss: levels are paired, resized, compared one by one and summed."""

import math
from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from pcc_distill.errors import ConfigError
from pcc_distill.losses.levels import Resize, paired_levels


class FeatureLoss(nn.Module):
    """Sum over levels of one loss per level, times a weight.

    A subclass implements `level_loss(student, teacher)`, both [N, C, H, W].

    Args:
        loss_weight: Factor of the sum, finite and not negative.
        resize: Which side is resized where sizes differ: "student", "teacher" or "never".

    Raises:
        ConfigError: If a setting is impossible.
    """

    needs_boxes = False

    def __init__(self, loss_weight: float = 1.0, *, resize: Resize = "student") -> None:
        super().__init__()
        if not (math.isfinite(loss_weight) and loss_weight >= 0):
            raise ConfigError(f"loss_weight must be finite and not negative; got {loss_weight!r}")
        if resize not in ("student", "teacher", "never"):
            raise ConfigError(f"resize must be 'student', 'teacher' or 'never'; got {resize!r}")
        self.loss_weight = loss_weight
        self.resize: Resize = resize

    level_loss: Callable[[Tensor, Tensor], Tensor]

    def forward(self, student: Any, teacher: Any) -> Tensor:
        """Compare feature maps.

        Args:
            student: A map [N, C, H, W], or a sequence or dict of them.
            teacher: As many maps, of the same batch and channels.

        Returns:
            A scalar, float32 (float64 for float64 features), dimensionless.

        Raises:
            ShapeError: If the maps cannot be compared.
        """
        pairs = paired_levels(student, teacher, resize=self.resize)
        losses = [self.level_loss(ours, theirs) for ours, theirs in pairs]
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        return total * self.loss_weight

    def extra_repr(self) -> str:
        """The settings, for `print(model)`."""
        return f"loss_weight={self.loss_weight}, resize={self.resize!r}"


def positive(name: str, value: float) -> float:
    """Return a setting that must be finite and above zero.

    Raises:
        ConfigError: If it is not.
    """
    if not (math.isfinite(value) and value > 0):
        raise ConfigError(f"{name} must be finite and above 0; got {value!r}")
    return value
