"""RepPoints ResNeXt-101 with deformable convolutions teaches RepPoints ResNet-50.

mAP as published: student alone 38.6, teacher 44.2, distilled 42.3 (MMRazor's table of PKD; weight and
learning rate from its configuration).
"""
# ruff: noqa: C408, E501  (configurations are written with dict(); addresses stay in one piece)

_base_ = "mmdet::reppoints/reppoints-moment_r50_fpn-gn_head-gn_2x_coco.py"
custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])

model = dict(
    _delete_=True,
    type="pcc_distill.Distill",
    teacher=dict(
        config="mmdet::reppoints/reppoints-moment_x101-dconv-c3-c5_fpn-gn_head-gn_2x_coco.py",
        checkpoint="https://download.openmmlab.com/mmdetection/v2.0/reppoints/reppoints_moment_x101_fpn_dconv_c3-c5_gn-neck%2Bhead_2x_coco/reppoints_moment_x101_fpn_dconv_c3-c5_gn-neck%2Bhead_2x_coco_20200329-f87da1ea.pth",
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
