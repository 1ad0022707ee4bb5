"""FCOS ResNet-101 teaches FCOS ResNet-50.

No number is published for this pair in MMRazor's table of PKD; the weight is that of its one-stage pairs.
"""
# ruff: noqa: C408, E501  (configurations are written with dict(); addresses stay in one piece)

_base_ = "mmdet::fcos/fcos_r50-caffe_fpn_gn-head_ms-640-800-2x_coco.py"
custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])

model = dict(
    _delete_=True,
    type="pcc_distill.Distill",
    teacher=dict(
        config="mmdet::fcos/fcos_r101-caffe_fpn_gn-head_ms-640-800-2x_coco.py",
        checkpoint="https://download.openmmlab.com/mmdetection/v2.0/fcos/fcos_r101_caffe_fpn_gn-head_mstrain_640-800_2x_coco/fcos_r101_caffe_fpn_gn-head_mstrain_640-800_2x_coco-511424d6.pth",
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
