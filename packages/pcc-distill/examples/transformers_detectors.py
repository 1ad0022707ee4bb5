"""DETR, Deformable DETR and RT-DETR of transformers learn from larger ones of their kind.

    uv run --no-sync python packages/pcc-distill/examples/transformers_detectors.py

Each level enters the transformer through a projection with a name of its own, so a level is one
match. Random weights and images stand in for real ones.
"""

import torch
from torch import nn
from transformers import (
    DeformableDetrConfig,
    DeformableDetrForObjectDetection,
    DetrConfig,
    DetrForObjectDetection,
    ResNetConfig,
    RTDetrConfig,
    RTDetrForObjectDetection,
    RTDetrResNetConfig,
)

from pcc_distill import Distiller, FeatureMatch, PCCLoss

LEVELS = {
    "detr": ["model.input_projection"],
    "deformable-detr": [f"model.input_proj.{level}" for level in range(3)],
    "rt-detr": [f"model.decoder_input_proj.{level}" for level in range(3)],
}


def detector(kind: str, width: int) -> nn.Module:
    """A tiny detector; `width` is the backbone's."""
    small = {"d_model": 32, "num_queries": 5, "decoder_layers": 2, "num_labels": 3}
    small |= {"decoder_ffn_dim": 32, "encoder_ffn_dim": 32, "encoder_layers": 1}
    small |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    sizes = {"embedding_size": width, "hidden_sizes": [width, width, width, width]}
    sizes |= {"depths": [1, 1, 1, 1], "layer_type": "basic"}
    sizes |= {"out_features": ["stage4"] if kind == "detr" else ["stage2", "stage3", "stage4"]}
    if kind == "rt-detr":
        channels = {"encoder_hidden_dim": 32, "encoder_in_channels": [width] * 3}
        channels |= {"decoder_in_channels": [32] * 3, "num_denoising": 0}
        backbone = RTDetrResNetConfig(**sizes)
        return RTDetrForObjectDetection(RTDetrConfig(backbone_config=backbone, **small, **channels))
    backbone = {"backbone_config": ResNetConfig(**sizes), "use_timm_backbone": False}
    backbone |= {"backbone": None, "use_pretrained_backbone": False}
    if kind == "detr":
        return DetrForObjectDetection(DetrConfig(**backbone, **small))
    return DeformableDetrForObjectDetection(
        DeformableDetrConfig(**backbone, **small, num_feature_levels=3)
    )


def main(kind: str, steps: int = 3) -> list[float]:
    torch.manual_seed(0)
    student, teacher = detector(kind, 16), detector(kind, 32)
    matches = [FeatureMatch(loss=PCCLoss(), student=name) for name in LEVELS[kind]]
    distiller = Distiller(student, teacher, matches)
    optimizer = torch.optim.AdamW(student.parameters(), lr=1e-3)
    images = torch.rand(2, 3, 64, 96)
    box = torch.tensor([[0.5, 0.5, 0.4, 0.4]])
    labels = [{"class_labels": torch.tensor([1]), "boxes": box} for _ in images]
    seen = []
    for _ in range(steps):
        with distiller.watch():
            loss = student(images, labels=labels).loss
            distilled = torch.stack(list(distiller(images).values())).sum()
        optimizer.zero_grad()
        (loss + distilled).backward()
        optimizer.step()
        seen.append(float(distilled.detach()))
    return seen


if __name__ == "__main__":
    for name in LEVELS:
        print(f"{name}: distillation loss per step", [round(value, 3) for value in main(name)])
