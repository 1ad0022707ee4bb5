"""RetinaNet ResNeXt-101 teaches RetinaNet ResNet-50.

mAP as published: student alone 37.4, teacher 41.0, distilled 40.8 (MMRazor's table of PKD; weight and
learning rate from its configuration).
"""
# ruff: noqa: C408, E501  (configurations are written with dict(); addresses stay in one piece)

_base_ = "mmdet::retinanet/retinanet_r50_fpn_2x_coco.py"
custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])

model = dict(
    _delete_=True,
    type="pcc_distill.Distill",
    teacher=dict(
        config="mmdet::retinanet/retinanet_x101-64x4d_fpn_1x_coco.py",
        checkpoint="https://download.openmmlab.com/mmdetection/v2.0/retinanet/retinanet_x101_64x4d_fpn_1x_coco/retinanet_x101_64x4d_fpn_1x_coco_20200130-366f5af1.pth",
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
optim_wrapper = dict(optimizer=dict(lr=0.01))
