"""A small one-stage detector: residual backbone, feature pyramid, anchor-free head.

```text
image 3 x S x S -> stem S/2 (w) -> stages S/4 (2w), S/8 (4w), S/16 (8w)
                -> pyramid S/8, S/16, S/32 (neck channels)
                -> head shared by the levels: class logits, box distances, centerness
```

w is the configured width. The head and its losses follow Tian et al., FCOS (2019), with the
centerness on the box branch and GIoU for boxes, as in that paper's later version. The other kind of
head is RetinaNet's (`anchor_head.py`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional
from torchvision.ops import batched_nms, generalized_box_iou_loss, sigmoid_focal_loss

from intern_detection_kd.anchor_head import AnchorHead, anchor_losses, decode
from intern_detection_kd.config import DetectorConfig

STRIDES = (8, 16, 32)
# Largest distance from a position to a side of its box that each level answers for, in pixels.
RANGES = ((0.0, 22.0), (22.0, 64.0), (64.0, 1e8))
CENTER_RADIUS = 1.5  # positions within this many strides of a box's centre are positive (FCOS)
PRIOR = 0.01  # initial foreground probability (RetinaNet)
SCORE_THRESHOLD, NMS_IOU, MAX_DETECTIONS = 0.05, 0.5, 100


@dataclass(frozen=True, kw_only=True)
class Targets:
    """Boxes of a batch.

    Attributes:
        boxes: Per image, corners [n, 4] in pixels of the batch's images, float32.
        labels: Per image, class indices [n], int64.
    """

    boxes: Sequence[Tensor]
    labels: Sequence[Tensor]

    def to(self, device: torch.device) -> "Targets":
        """The same boxes on another device."""
        return Targets(
            boxes=[x.to(device) for x in self.boxes], labels=[x.to(device) for x in self.labels]
        )


class Block(nn.Module):
    """Two 3x3 convolutions with batch norm and a shortcut."""

    def __init__(self, channels_in: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, 1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )

    def forward(self, x: Tensor) -> Tensor:
        """[N, C, H, W] to [N, channels, H / stride, W / stride]."""
        y = functional.relu(self.norm1(self.conv1(x)))
        return functional.relu(self.norm2(self.conv2(y)) + self.shortcut(x))


class Backbone(nn.Module):
    """Stem and three stages; returns the two deeper ones."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, width, 3, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.stages = nn.ModuleList(
            nn.Sequential(
                Block(width << index, width << (index + 1), 2),
                *[Block(width << (index + 1), width << (index + 1), 1) for _ in range(blocks - 1)],
            )
            for index in range(3)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """Images [N, 3, S, S] to maps of stride 8 and 16."""
        x = self.stages[0](self.stem(images))
        deep = self.stages[1](x)
        return [deep, self.stages[2](deep)]


class Neck(nn.Module):
    """Feature pyramid (Lin et al., 2017) with one more level by a strided convolution."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.lateral = nn.ModuleList(nn.Conv2d(width << i, channels, 1) for i in (2, 3))
        self.output = nn.ModuleList(nn.Conv2d(channels, channels, 3, 1, 1) for _ in range(2))
        self.extra = nn.Conv2d(channels, channels, 3, 2, 1)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps of stride 8 and 16 to levels of stride 8, 16 and 32."""
        top = self.lateral[1](maps[1])
        low = self.lateral[0](maps[0]) + functional.interpolate(top, size=maps[0].shape[2:])
        levels = [self.output[0](low), self.output[1](top)]
        return [*levels, self.extra(functional.relu(levels[1]))]


class Head(nn.Module):
    """Predictions per position, weights shared by the levels."""

    def __init__(self, channels: int, num_classes: int, convs: int) -> None:
        super().__init__()
        self.towers = nn.ModuleList(
            nn.Sequential(
                *[
                    layer
                    for _ in range(convs)
                    for layer in (
                        nn.Conv2d(channels, channels, 3, 1, 1, bias=False),
                        nn.GroupNorm(8, channels),
                        nn.ReLU(),
                    )
                ]
            )
            for _ in range(2)
        )
        self.classes = nn.Conv2d(channels, num_classes, 3, 1, 1)
        self.boxes = nn.Conv2d(channels, 5, 3, 1, 1)  # left, top, right, bottom, centerness
        self.scales = nn.Parameter(torch.ones(len(STRIDES)))
        nn.init.normal_(self.classes.weight, std=0.01)
        nn.init.constant_(self.classes.bias, -torch.tensor((1 - PRIOR) / PRIOR).log().item())
        nn.init.normal_(self.boxes.weight, std=0.01)
        nn.init.zeros_(self.boxes.bias)

    def forward(self, levels: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Class logits [N, P, K], distances [N, P, 4] in pixels, centerness logits [N, P]."""
        classes, distances, centers = [], [], []
        for index, level in enumerate(levels):
            classes.append(self.classes(self.towers[0](level)).flatten(2))
            raw = self.boxes(self.towers[1](level)).flatten(2)
            # Clamped so that a wild early step cannot overflow: e**6 is 400 strides.
            grown = (raw[:, :4].float() * self.scales[index]).clamp(max=6).exp() * STRIDES[index]
            distances.append(grown)
            centers.append(raw[:, 4])
        return (
            torch.cat(classes, 2).transpose(1, 2).float(),
            torch.cat(distances, 2).transpose(1, 2),
            torch.cat(centers, 1).float(),
        )


class Detector(nn.Module):
    """The whole detector.

    Args:
        config: Its size.
        num_classes: Number of categories.
    """

    def __init__(self, config: DetectorConfig, num_classes: int) -> None:
        super().__init__()
        self.backbone = Backbone(config.width, config.blocks)
        self.neck = Neck(config.width, config.neck_channels)
        sizes = (config.neck_channels, num_classes, config.head_convs)
        self.head = AnchorHead(*sizes, STRIDES) if config.head == "retina" else Head(*sizes)

    def forward(self, images: Tensor, targets: Targets | None = None) -> dict[str, Tensor]:
        """Losses with targets, raw predictions without.

        Args:
            images: [N, 3, S, S], float32, about zero mean and unit variance.
            targets: Boxes to learn from.

        Returns:
            Scalars "classes", "boxes", "centers"; or "classes" [N, P, K], "distances" [N, P, 4] and
            "centers" [N, P]. With RetinaNet's head, scalars "classes" and "boxes"; or "classes"
            [N, A, K] and "offsets" [N, A, 4].
        """
        levels = self.neck(self.backbone(images))
        if isinstance(self.head, AnchorHead):
            logits, offsets, anchors = self.head(levels)
            if targets is None:
                return {"classes": logits, "offsets": offsets}
            return anchor_losses(logits, offsets, anchors, targets.boxes, targets.labels)
        classes, distances, centers = self.head(levels)
        if targets is None:
            return {"classes": classes, "distances": distances, "centers": centers}
        points, ranges, strides = positions([tuple(x.shape[2:]) for x in levels], images.device)
        return detection_losses(classes, distances, centers, targets, points, ranges, strides)

    @torch.no_grad()
    def detect(self, images: Tensor) -> list[tuple[Tensor, Tensor, Tensor]]:
        """Boxes [n, 4] in pixels, scores [n] and labels [n] per image, best first."""
        levels = self.neck(self.backbone(images))
        if isinstance(self.head, AnchorHead):
            logits, offsets, anchors = self.head(levels)
            scores, boxes = logits.sigmoid(), decode(offsets, anchors)
        else:
            classes, distances, centers = self.head(levels)
            points, _, _ = positions([tuple(x.shape[2:]) for x in levels], images.device)
            scores = (classes.sigmoid() * centers.sigmoid().unsqueeze(2)).sqrt()
            boxes = to_boxes(points, distances)
        boxes = boxes.clamp(0, images.shape[-1])
        found = []
        for one, box in zip(scores, boxes, strict=True):
            place, label = (one > SCORE_THRESHOLD).nonzero(as_tuple=True)
            kept = batched_nms(box[place], one[place, label], label, NMS_IOU)[:MAX_DETECTIONS]
            found.append((box[place][kept], one[place, label][kept], label[kept]))
        return found


def positions(
    sizes: Sequence[tuple[int, ...]], device: torch.device
) -> tuple[Tensor, Tensor, Tensor]:
    """Centres [P, 2], answered ranges [P, 2] and strides [P] of all positions, in pixels."""
    points, ranges, strides = [], [], []
    for (height, width), stride, limits in zip(sizes, STRIDES, RANGES, strict=True):
        y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        centre = (torch.stack([x, y], -1).reshape(-1, 2) + 0.5) * stride
        points.append(centre)
        ranges.append(torch.tensor(limits).expand(len(centre), 2))
        strides.append(torch.full((len(centre),), float(stride)))
    return tuple(torch.cat(x).to(device) for x in (points, ranges, strides))  # pyright: ignore[reportReturnType]


def to_boxes(points: Tensor, distances: Tensor) -> Tensor:
    """Corners from centres [P, 2] and distances [..., P, 4]."""
    return torch.cat([points - distances[..., :2], points + distances[..., 2:]], -1)


def assign(
    boxes: Tensor, labels: Tensor, points: Tensor, ranges: Tensor, strides: Tensor
) -> tuple[Tensor, Tensor]:
    """Which box each position answers for.

    Args:
        boxes: Corners [n, 4].
        labels: [n].
        points: Centres [P, 2].
        ranges: Answered distances [P, 2].
        strides: [P].

    Returns:
        Label [P], -1 for background, and distances [P, 4] to the box's sides.
    """
    if not len(boxes):
        return torch.full_like(strides, -1, dtype=torch.int64), points.new_zeros(len(points), 4)
    distances = torch.cat([points[:, None] - boxes[:, :2], boxes[:, 2:] - points[:, None]], -1)
    largest = distances.amax(-1)
    near = (points[:, None] - (boxes[:, :2] + boxes[:, 2:]) / 2).abs().amax(-1)
    fits = (
        (distances.amin(-1) > 0)
        & (largest >= ranges[:, :1])
        & (largest < ranges[:, 1:])
        & (near < CENTER_RADIUS * strides[:, None])
    )
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    smallest, which = torch.where(fits, area, torch.inf).min(1)
    label = torch.where(smallest.isinf(), -1, labels[which])
    return label, distances[torch.arange(len(points)), which]


def detection_losses(
    classes: Tensor,
    distances: Tensor,
    centers: Tensor,
    targets: Targets,
    points: Tensor,
    ranges: Tensor,
    strides: Tensor,
) -> dict[str, Tensor]:
    """Focal, GIoU and centerness losses, normalised as in FCOS."""
    assigned = [
        assign(boxes, labels, points, ranges, strides)
        for boxes, labels in zip(targets.boxes, targets.labels, strict=True)
    ]
    label = torch.stack([x for x, _ in assigned])
    wanted = torch.stack([x for _, x in assigned])
    is_object = label >= 0
    one_hot = functional.one_hot(label.clamp(min=0), classes.shape[2]) * is_object.unsqueeze(2)
    count = is_object.sum().clamp(min=1)
    focal = sigmoid_focal_loss(classes, one_hot.to(classes.dtype), reduction="sum") / count
    wanted, got = wanted[is_object], distances[is_object]
    sides = wanted[:, 0::2], wanted[:, 1::2]
    center = torch.stack([s.amin(1) / s.amax(1) for s in sides]).prod(0).sqrt()
    place = points.expand(len(label), -1, -1)[is_object]
    overlap = generalized_box_iou_loss(to_boxes(place, got), to_boxes(place, wanted))
    logits = centers[is_object]
    return {
        "classes": focal,
        "boxes": (overlap * center).sum() / center.sum().clamp(min=1e-6),
        "centers": functional.binary_cross_entropy_with_logits(logits, center, reduction="sum")
        / count,
    }
