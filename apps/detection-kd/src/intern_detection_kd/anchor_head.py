"""RetinaNet's head: anchors matched by overlap, focal loss, smooth L1 on encoded offsets.

A head unlike the default one (no centerness, no ranges per level, boxes from anchors), so that a
teacher and a student can differ in kind, as in the heterogeneous pairs of the paper.

Source: Lin et al., Focal Loss for Dense Object Detection (2017), section 4. Differs: two scales and
two aspect ratios per position for the sizes of the digits set, and group norm in the towers, as in
the other head.
"""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import box_iou, sigmoid_focal_loss

SCALES = (1.0, 2**0.5)  # of an anchor's side, per octave
RATIOS = (1.0, 2.0)  # height to width: digits stand upright
SIDE = 2.0  # of the smallest anchor, in strides
POSITIVE_IOU, NEGATIVE_IOU = 0.5, 0.4
PRIOR = 0.01  # initial foreground probability
SMOOTH_BETA = 1 / 9  # as in Detectron's RetinaNet
MAX_LOG_SIZE = math.log(1000 / 16)  # of a decoded box to its anchor
NUM_ANCHORS = len(SCALES) * len(RATIOS)


class AnchorHead(nn.Module):
    """Class logits and box offsets per anchor, weights shared by the levels.

    Args:
        channels: Of every level.
        num_classes: Number of categories.
        convs: Convolutions per tower.
        strides: Of the levels, in pixels.
    """

    def __init__(self, channels: int, num_classes: int, convs: int, strides: Sequence[int]) -> None:
        super().__init__()
        self.num_classes, self.strides = num_classes, tuple(strides)
        self.towers = nn.ModuleList(_tower(channels, convs) for _ in range(2))
        self.classes = nn.Conv2d(channels, NUM_ANCHORS * num_classes, 3, 1, 1)
        self.boxes = nn.Conv2d(channels, NUM_ANCHORS * 4, 3, 1, 1)
        for layer in (self.classes, self.boxes):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)
        nn.init.constant_(self.classes.bias, -math.log((1 - PRIOR) / PRIOR))

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Class logits [N, A, K], offsets [N, A, 4] and anchors [A, 4], corners in pixels."""
        classes, offsets = [], []
        for level in levels:
            for tower, layer, kept, width in (
                (self.towers[0], self.classes, classes, self.num_classes),
                (self.towers[1], self.boxes, offsets, 4),
            ):
                out = layer(tower(level)).float().flatten(2).transpose(1, 2)
                kept.append(out.reshape(len(level), -1, width))
        anchors = make_anchors([tuple(x.shape[2:]) for x in levels], self.strides)
        return torch.cat(classes, 1), torch.cat(offsets, 1), anchors.to(levels[0].device)


def _tower(channels: int, convs: int) -> nn.Sequential:
    layers = [
        (nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.GroupNorm(8, channels), nn.ReLU())
        for _ in range(convs)
    ]
    return nn.Sequential(*itertools.chain(*layers))


def make_anchors(sizes: Sequence[tuple[int, ...]], strides: Sequence[int]) -> Tensor:
    """Anchors of all levels, corners [A, 4] in pixels; the shapes of a position stand together.

    Args:
        sizes: Height and width of each level.
        strides: Of each level, in pixels.
    """
    made = []
    for (height, width), stride in zip(sizes, strides, strict=True):
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        centre = (torch.stack([x, y], -1).reshape(-1, 1, 2) + 0.5) * stride
        shapes = torch.tensor(
            [
                (SIDE * stride * scale / ratio**0.5, SIDE * stride * scale * ratio**0.5)
                for scale in SCALES
                for ratio in RATIOS
            ]
        )
        made.append(torch.cat([centre - shapes / 2, centre + shapes / 2], -1).reshape(-1, 4))
    return torch.cat(made)


def match(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Which box each anchor answers for.

    Args:
        boxes: Corners [n, 4].
        anchors: Corners [A, 4].

    Returns:
        Index of the box [A]; -1 for background, -2 for what counts as neither. Every box has at
        least the anchor that overlaps it most.
    """
    if not len(boxes):
        return torch.full((len(anchors),), -1, dtype=torch.int64, device=anchors.device)
    overlap = box_iou(boxes, anchors)
    best, which = overlap.max(0)
    which = torch.where(best < POSITIVE_IOU, -2, which)
    which = torch.where(best < NEGATIVE_IOU, -1, which)
    which[overlap.argmax(1)] = torch.arange(len(boxes), device=anchors.device)
    return which


def encode(boxes: Tensor, anchors: Tensor) -> Tensor:
    """Offsets [..., 4] of boxes from anchors: shifts in anchor sizes, logarithms of sizes."""
    shift = (boxes[..., :2] + boxes[..., 2:] - anchors[..., :2] - anchors[..., 2:]) / 2
    size, own = boxes[..., 2:] - boxes[..., :2], anchors[..., 2:] - anchors[..., :2]
    return torch.cat([shift / own, (size / own).log()], -1)


def decode(offsets: Tensor, anchors: Tensor) -> Tensor:
    """Boxes [..., 4] from offsets; the inverse of `encode`."""
    own = anchors[..., 2:] - anchors[..., :2]
    centre = (anchors[..., :2] + anchors[..., 2:]) / 2 + offsets[..., :2] * own
    size = own * offsets[..., 2:].clamp(max=MAX_LOG_SIZE).exp()
    return torch.cat([centre - size / 2, centre + size / 2], -1)


def anchor_losses(
    classes: Tensor,
    offsets: Tensor,
    anchors: Tensor,
    boxes: Sequence[Tensor],
    labels: Sequence[Tensor],
) -> dict[str, Tensor]:
    """Focal and smooth L1 losses, both over the number of positive anchors.

    Args:
        classes: Logits [N, A, K].
        offsets: [N, A, 4].
        anchors: Corners [A, 4].
        boxes: Per image, corners [n, 4].
        labels: Per image, class indices [n].

    Returns:
        Scalars "classes" and "boxes".
    """
    wanted_class, wanted, is_counted = torch.zeros_like(classes), torch.zeros_like(offsets), []
    positives = []
    for row, (box, label) in enumerate(zip(boxes, labels, strict=True)):
        which = match(box, anchors)
        positive = which >= 0
        wanted_class[row, positive, label[which[positive]]] = 1
        wanted[row, positive] = encode(box[which[positive]], anchors[positive])
        is_counted.append(which != -2)
        positives.append(positive)
    positive, counted = torch.stack(positives), torch.stack(is_counted)
    count = positive.sum().clamp(min=1)
    focal = sigmoid_focal_loss(classes, wanted_class) * counted.unsqueeze(2)
    distance = functional.smooth_l1_loss(
        offsets[positive], wanted[positive], beta=SMOOTH_BETA, reduction="sum"
    )
    return {"classes": focal.sum() / count, "boxes": distance / count}
