"""MMDetection configurations of the quickstart's stages, as plain dictionaries.

The same sizes, data and schedule as the program's own detectors: a narrow ResNet-18, a pyramid of
strides 8, 16 and 32, an FCOS or RetinaNet head, AdamW with warmup and half a cosine.
"""
# ruff: noqa: C408  (MMDetection settings are written with dict())

import math
from pathlib import Path
from typing import Any

from intern_detection_kd.config import ArmConfig, DetectorConfig, RunConfig
from intern_detection_kd.pictures import DEVIATION, MEAN

STRIDES = [8, 16, 32]
RANGES = ((-1, 22), (22, 64), (64, 1e8))  # of the FCOS head, in pixels
DISTILL_NAME = "distill"  # of the distillation loss in metrics.jsonl


def detector(size: DetectorConfig, num_classes: int) -> dict[str, Any]:
    """Model configuration of one detector."""
    channels = size.neck_channels
    shared = dict(
        num_classes=num_classes,
        in_channels=channels,
        feat_channels=channels,
        stacked_convs=size.head_convs,
        loss_cls=dict(type="FocalLoss", use_sigmoid=True),
    )
    is_fcos = size.head == "fcos"
    return dict(
        type="FCOS" if is_fcos else "RetinaNet",
        data_preprocessor=dict(
            type="DetDataPreprocessor",
            mean=[MEAN] * 3,
            std=[DEVIATION] * 3,
            bgr_to_rgb=True,
            pad_size_divisor=32,
        ),
        backbone=dict(
            type="ResNet",
            depth=18,
            base_channels=size.width,
            num_stages=4,
            out_indices=(0, 1, 2, 3),
            norm_cfg=dict(type="BN", requires_grad=True),
            norm_eval=False,
            style="pytorch",
        ),
        neck=dict(
            type="FPN",
            in_channels=[size.width << stage for stage in range(4)],
            out_channels=channels,
            start_level=1,
            num_outs=len(STRIDES),
        ),
        bbox_head=shared | (_fcos_head() if is_fcos else _retina_head()),
        train_cfg=None
        if is_fcos
        else dict(
            assigner=dict(type="MaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0),
            sampler=dict(type="PseudoSampler"),
            allowed_border=-1,
            pos_weight=-1,
        ),
        test_cfg=dict(
            nms_pre=1000,
            min_bbox_size=0,
            score_thr=0.05,
            nms=dict(type="nms", iou_threshold=0.5),
            max_per_img=100,
        ),
    )


def distilled(
    student: dict[str, Any], teacher: dict[str, Any], weights: Path, arm: ArmConfig, seed: int
) -> dict[str, Any]:
    """The student beside its teacher, as a user would write it."""
    loss = dict(type=arm.loss, loss_weight=arm.weight, features="neck", name=DISTILL_NAME)
    if arm.loss == "CWDLoss":
        loss["tau"] = arm.tau
    return dict(
        type="pcc_distill.Distill",
        student=student,
        teacher=dict(config=teacher, checkpoint=str(weights)),
        losses=[loss],
        seed=seed,
    )


def runner(
    model: dict[str, Any],
    config: RunConfig,
    steps: int,
    files: dict[str, Path],
    names: list[str],
    work: Path,
) -> dict[str, Any]:
    """The whole configuration of one stage.

    Args:
        model: As from `detector` or `distilled`.
        config: The run's.
        steps: Optimizer steps.
        files: COCO annotation file per split, images relative to its folder.
        names: Of the categories, in the order of their ids.
        work: The runner's work folder.
    """
    settings = config.optimizer
    warmup = max(1, min(settings.warmup_steps, steps // 2))
    loaders = {split: _loader(files[split], config, names, split) for split in ("train", "val")}
    return dict(
        default_scope="mmdet",
        custom_imports=dict(imports=["pcc_distill.integrations.mmdet"]),
        model=model,
        train_dataloader=loaders["train"],
        val_dataloader=loaders["val"],
        train_cfg=dict(
            type="IterBasedTrainLoop",
            max_iters=steps,
            val_interval=max(1, math.ceil(steps / config.eval_points)),
        ),
        val_cfg=dict(type="ValLoop"),
        val_evaluator=dict(type="CocoMetric", ann_file=str(files["val"]), metric="bbox"),
        optim_wrapper=dict(
            optimizer=dict(
                type="AdamW", lr=settings.learning_rate, weight_decay=settings.weight_decay
            ),
            clip_grad=dict(max_norm=settings.max_grad_norm),
            paramwise_cfg=dict(norm_decay_mult=0.0, bias_decay_mult=0.0),
        ),
        param_scheduler=[
            dict(type="LinearLR", start_factor=1 / (warmup + 1), by_epoch=False, end=warmup),
            dict(
                type="CosineAnnealingLR", by_epoch=False, begin=warmup, end=max(steps, warmup + 1)
            ),
        ],
        default_hooks=dict(
            logger=dict(type="LoggerHook", interval=steps),
            checkpoint=dict(type="CheckpointHook", by_epoch=False, interval=steps),
        ),
        randomness=dict(seed=config.seed),
        work_dir=str(work),
        experiment_name=f"{work.name}-{config.seed}",
        log_level="CRITICAL",
    )


def _loader(path: Path, config: RunConfig, names: list[str], split: str) -> dict[str, Any]:
    is_train, side = split == "train", config.data.image_size
    keys = ("img_id", "img_path", "ori_shape", "img_shape", "scale_factor")
    return dict(
        batch_size=config.optimizer.batch_size if is_train else 50,
        num_workers=0,
        persistent_workers=False,
        sampler=dict(type="InfiniteSampler" if is_train else "DefaultSampler", shuffle=is_train),
        dataset=dict(
            type="CocoDataset",
            ann_file=str(path),
            data_prefix=dict(img=str(path.parent)),
            metainfo=dict(classes=tuple(names)),
            test_mode=not is_train,
            pipeline=[
                dict(type="LoadImageFromFile"),
                dict(type="LoadAnnotations", with_bbox=True),
                dict(type="Resize", scale=(side, side), keep_ratio=True),
                dict(type="PackDetInputs", meta_keys=keys),
            ],
        ),
    )


def _fcos_head() -> dict[str, Any]:
    return dict(
        type="FCOSHead",
        strides=STRIDES,
        regress_ranges=RANGES,
        center_sampling=True,
        center_sample_radius=1.5,
        norm_on_bbox=True,
        centerness_on_reg=True,
        norm_cfg=dict(type="GN", num_groups=8, requires_grad=True),
        loss_bbox=dict(type="GIoULoss"),
        loss_centerness=dict(type="CrossEntropyLoss", use_sigmoid=True),
    )


def _retina_head() -> dict[str, Any]:
    return dict(
        type="RetinaHead",
        norm_cfg=dict(type="GN", num_groups=8, requires_grad=True),
        anchor_generator=dict(
            type="AnchorGenerator",
            octave_base_scale=2,
            scales_per_octave=2,
            ratios=[1.0, 2.0],
            strides=STRIDES,
        ),
        bbox_coder=dict(type="DeltaXYWHBBoxCoder"),
        loss_bbox=dict(type="SmoothL1Loss", beta=1 / 9),
    )
