"""Focal and global distillation: imitate where the teacher attends, objects apart from background.

Per level, with F the features, |F| averaged over channels or positions giving the attentions

    A_S = H W softmax(mean_c |F| / T)          A_C = C softmax(mean_hw |F| / T)

the focal part weighs squared differences by the teacher's A_S A_C and by the area of the object
they lie in (1 / area inside boxes, 1 / number of background positions outside), and adds the
absolute difference of the attentions. The global part compares both sides after a context block.

Source: Yang et al., Focal and Global Knowledge Distillation for Detectors (CVPR 2022), equations 1
to 12; default weights are those of their one-stage settings. Differs: where boxes overlap the
smaller one counts, which is what the paper says and what the maximum of 1 / area gives.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from pcc_distill.errors import ConfigError, ShapeError
from pcc_distill.losses.base import FeatureLoss, positive
from pcc_distill.losses.levels import Resize, paired_levels


class ContextBlock(nn.Module):
    """Adds to every position what an attention-weighted sum of all positions gives.

    Args:
        channels: Of the features; at least 2.

    Source: Cao et al., GCNet (2019), figure 4d. The last layer starts at zero.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        inner = channels // 2
        self.mask = nn.Conv2d(channels, 1, 1)
        self.transform = nn.Sequential(
            nn.Conv2d(channels, inner, 1),
            nn.LayerNorm([inner, 1, 1]),
            nn.ReLU(),
            nn.Conv2d(inner, channels, 1),
        )
        nn.init.kaiming_normal_(self.mask.weight)
        nn.init.zeros_(self.mask.bias)
        nn.init.zeros_(self.transform[3].weight)
        nn.init.zeros_(self.transform[3].bias)

    def forward(self, features: Tensor) -> Tensor:
        """[N, C, H, W] to the same shape."""
        weights = self.mask(features).flatten(2).softmax(2)  # N 1 P
        context = (features.flatten(2) * weights).sum(2)[:, :, None, None]
        return features + self.transform(context)


class FGDLoss(FeatureLoss):
    """Focal and global distillation.

    Args:
        loss_weight: Factor of the whole sum.
        channels: Of the features of both sides.
        foreground: Weight of differences inside boxes (the paper's alpha).
        background: Weight of differences outside (beta).
        attention: Weight of the attentions' difference (gamma).
        relation: Weight of the global part (lambda).
        temperature: Of the attentions (T).
        resize: Which side is resized where sizes differ.

    Raises:
        ConfigError: If a setting is impossible.
    """

    needs_boxes = True

    def __init__(
        self,
        loss_weight: float = 1.0,
        *,
        channels: int,
        foreground: float = 1e-3,
        background: float = 5e-4,
        attention: float = 1e-3,
        relation: float = 5e-6,
        temperature: float = 0.5,
        resize: Resize = "student",
    ) -> None:
        super().__init__(loss_weight, resize=resize)
        if channels < 2:
            raise ConfigError(f"channels must be at least 2; got {channels}")
        self.foreground, self.background = foreground, background
        self.attention, self.relation = attention, relation
        self.temperature = positive("temperature", temperature)
        self.student_context = ContextBlock(channels)
        self.teacher_context = ContextBlock(channels)

    def forward(
        self,
        student: Any,
        teacher: Any,
        *,
        boxes: Sequence[Tensor] | None = None,
        image_size: tuple[int, int] | None = None,
    ) -> Tensor:
        """Compare feature maps around boxes.

        Args:
            student: Maps [N, C, H, W].
            teacher: As many maps.
            boxes: Per image, corners [n, 4] in pixels of the network's input.
            image_size: Height and width of the network's input, in pixels.

        Returns:
            A scalar.

        Raises:
            ShapeError: If boxes are missing or do not fit the batch.
        """
        if boxes is None or image_size is None:
            raise ShapeError(
                "FGDLoss needs the boxes and the image size; pass boxes= and image_size="
            )
        total: Tensor | None = None
        for ours, theirs in paired_levels(student, teacher, resize=self.resize):
            if len(boxes) != len(ours):
                raise ShapeError(f"boxes of {len(boxes)} images for a batch of {len(ours)}")
            loss = self._level(ours.float(), theirs.float(), boxes, image_size)
            total = loss if total is None else total + loss
        assert total is not None  # paired_levels gives at least one
        return total * self.loss_weight

    def _level(
        self, ours: Tensor, theirs: Tensor, boxes: Sequence[Tensor], image_size: tuple[int, int]
    ) -> Tensor:
        batch = len(ours)
        our_place, our_channel = attentions(ours, self.temperature)
        place, channel = attentions(theirs, self.temperature)
        inside, outside = box_masks(boxes, image_size, tuple(ours.shape[2:]), ours.device)
        squares = (ours - theirs).square() * place[:, None] * channel[:, :, None, None]
        focal = self.foreground * (squares * inside[:, None]).sum()
        focal = focal + self.background * (squares * outside[:, None]).sum()
        shift = (our_place - place).abs().sum() + (our_channel - channel).abs().sum()
        relation = functional.mse_loss(
            self.student_context(ours), self.teacher_context(theirs), reduction="sum"
        )
        return (focal + self.attention * shift + self.relation * relation) / batch


def attentions(features: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Attention over positions [N, H, W], mean 1, and over channels [N, C], mean 1."""
    size = features.shape
    magnitude = features.abs()
    place = (magnitude.mean(1).flatten(1) / temperature).softmax(1) * (size[2] * size[3])
    channel = (magnitude.mean((2, 3)) / temperature).softmax(1) * size[1]
    return place.reshape(size[0], size[2], size[3]), channel


def box_masks(
    boxes: Sequence[Tensor],
    image_size: tuple[int, int],
    size: tuple[int, int],
    device: torch.device,
) -> tuple[Tensor, Tensor]:
    """Weights of positions inside and outside boxes.

    Args:
        boxes: Per image, corners [n, 4] in pixels.
        image_size: Height and width, in pixels.
        size: Height and width of the level.
        device: Where to make them.

    Returns:
        Inside: 1 / area of the smallest box that covers a position, else 0. Outside: 1 / number of
        positions that no box covers, else 0. Both [N, H, W], float32.
    """
    inside = torch.zeros(len(boxes), *size, device=device)
    for image, corners in zip(inside, boxes, strict=True):
        for x1, y1, x2, y2 in corners.tolist():
            left, right = x1 / image_size[1] * size[1], x2 / image_size[1] * size[1]
            top, bottom = y1 / image_size[0] * size[0], y2 / image_size[0] * size[0]
            rows = slice(max(int(top), 0), max(-int(-bottom // 1), 0))
            columns = slice(max(int(left), 0), max(-int(-right // 1), 0))
            patch = image[rows, columns]
            if patch.numel():
                patch.clamp_(min=1 / patch.numel())
    free = (inside == 0).float()
    return inside, free / free.sum((1, 2), keepdim=True).clamp(min=1)
