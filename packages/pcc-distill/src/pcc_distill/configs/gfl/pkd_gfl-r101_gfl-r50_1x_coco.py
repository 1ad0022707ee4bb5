"""GFL ResNet-101 teaches GFL ResNet-50.

No number is published for this pair in MMRazor's table of PKD; the weight is that of its one-stage pairs.
"""
# ruff: noqa: C408, E501  (configurations are written with dict(); addresses stay in one piece)

_base_ = "mmdet::gfl/gfl_r50_fpn_1x_coco.py"
custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])

model = dict(
    _delete_=True,
    type="pcc_distill.Distill",
    teacher=dict(
        config="mmdet::gfl/gfl_r101_fpn_ms-2x_coco.py",
        checkpoint="https://download.openmmlab.com/mmdetection/v2.0/gfl/gfl_r101_fpn_mstrain_2x_coco/gfl_r101_fpn_mstrain_2x_coco_20200629_200126-dd12f847.pth",
    ),
    student={{_base_.model}},  # pyright: ignore[reportUnhashable]
    losses=[
        dict(
            type="PCCLoss",
            loss_weight=10,
            features="neck",
            student_levels=(0, 1, 2, 3),
            teacher_levels=(0, 1, 2, 3),
        )
    ],
)
