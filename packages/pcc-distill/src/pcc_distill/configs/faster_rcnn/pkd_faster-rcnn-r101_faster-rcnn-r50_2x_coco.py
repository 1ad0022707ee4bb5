"""Faster R-CNN ResNet-101 teaches Faster R-CNN ResNet-50.

mAP as published: student alone 38.4, teacher 39.8, distilled 40.3 (MMRazor's table of PKD; weight from its configuration).
"""
# ruff: noqa: C408, E501  (configurations are written with dict(); addresses stay in one piece)

_base_ = "mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco.py"
custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])

model = dict(
    _delete_=True,
    type="pcc_distill.Distill",
    teacher=dict(
        config="mmdet::faster_rcnn/faster-rcnn_r101_fpn_2x_coco.py",
        checkpoint="https://download.openmmlab.com/mmdetection/v2.0/faster_rcnn/faster_rcnn_r101_fpn_2x_coco/faster_rcnn_r101_fpn_2x_coco_bbox_mAP-0.398_20200504_210455-1d2dac9c.pth",
    ),
    student={{_base_.model}},  # pyright: ignore[reportUnhashable]
    losses=[
        dict(
            type="PCCLoss",
            loss_weight=6,
            features="neck",
            student_levels=(0, 1, 2, 3),
            teacher_levels=(0, 1, 2, 3),
        )
    ],
)
