"""A torchvision RetinaNet learns from a larger one; random images stand in for a data set.

    uv run --no-sync python packages/pcc-distill/examples/torchvision_detector.py

torchvision's detectors resize and normalise inside `transform`; the teacher's is used for its own
pass, and its head is skipped because only the pyramid is compared.
"""

import torch
from torchvision.models.detection import RetinaNet
from torchvision.models.detection.backbone_utils import resnet_fpn_backbone

from pcc_distill import Distiller, FeatureMatch, PCCLoss


def detector(backbone: str, size: int = 128) -> RetinaNet:
    pyramid = resnet_fpn_backbone(backbone_name=backbone, weights=None, trainable_layers=5)
    return RetinaNet(pyramid, num_classes=4, min_size=size, max_size=size)


def main(steps: int = 3) -> list[float]:
    torch.manual_seed(0)
    student, teacher = detector("resnet18"), detector("resnet34")
    distiller = Distiller(
        student,
        teacher,
        [FeatureMatch(loss=PCCLoss(6.0), student="backbone")],
        teacher_call=lambda images: teacher.backbone(teacher.transform(images)[0].tensors),
    )
    optimizer = torch.optim.SGD(student.parameters(), lr=1e-3)
    images = [torch.rand(3, 128, 128), torch.rand(3, 128, 128)]
    boxes = torch.tensor([[8.0, 8.0, 90.0, 100.0]])
    targets = [{"boxes": boxes, "labels": torch.tensor([1])} for _ in images]
    seen = []
    for _ in range(steps):
        with distiller.watch():
            losses = student(images, targets)
            losses |= distiller(images)
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        seen.append(float(losses["PCCLoss(backbone)"].detach()))
    return seen


if __name__ == "__main__":
    print("distillation loss per step:", [round(value, 3) for value in main()])
