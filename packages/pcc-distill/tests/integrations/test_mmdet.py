"""MMDetection itself: runs where it is installed, and says so where it is not."""
# ruff: noqa: C408  (MMDetection settings are written with dict(), one mistake a line)

import copy
import importlib.util
import json
import warnings
from pathlib import Path

import pytest
import torch

pytest.importorskip("mmdet", reason="MMDetection is not installed (extra `mmdet`)")

with warnings.catch_warnings():
    # MMEngine imports pkg_resources and MMDetection uses deprecated type names at import.
    warnings.simplefilter("ignore")
    from mmdet.testing import demo_mm_inputs
    from mmdet.utils import register_all_modules
    from mmengine.config import Config
    from mmengine.logging import MessageHub
    from mmengine.registry import MODELS, DefaultScope
    from mmengine.runner import Runner, load_checkpoint

    import pcc_distill.integrations.mmdet as integration

from PIL import Image

from pcc_distill import ConfigError, FeatureError, PCCLoss, ShapeError, TeacherError

# MMDetection 3.3 and MMEngine 0.10 predate current torch and NumPy: their deprecation warnings are
# not ours to mend.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]

CONFIGS = sorted((Path(integration.__file__).parents[1] / "configs").glob("*/*.py"))
STOCK = "mmdet::retinanet/retinanet_r50_fpn_1x_coco.py"


@pytest.fixture(autouse=True)
def _scope(request):
    register_all_modules(init_default_scope=False)
    # A hub of its own: an earlier test's runner left its iterations in the current one.
    MessageHub.get_instance(f"{request.node.name}-{id(request)}")
    with DefaultScope.overwrite_default_scope("mmdet"):
        yield


def small_model(depth: int = 18, channels: int = 32) -> dict:
    """RetinaNet with a narrow ResNet."""
    return dict(
        type="RetinaNet",
        data_preprocessor=dict(
            type="DetDataPreprocessor",
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True,
            pad_size_divisor=32,
        ),
        backbone=dict(
            type="ResNet",
            depth=depth,
            base_channels=8,
            num_stages=4,
            out_indices=(0, 1, 2, 3),
            norm_cfg=dict(type="BN", requires_grad=True),
            norm_eval=False,
            style="pytorch",
        ),
        neck=dict(
            type="FPN",
            in_channels=[8, 16, 32, 64],
            out_channels=channels,
            start_level=1,
            add_extra_convs="on_input",
            num_outs=5,
        ),
        bbox_head=dict(
            type="RetinaHead",
            num_classes=2,
            in_channels=channels,
            stacked_convs=1,
            feat_channels=channels,
            anchor_generator=dict(
                type="AnchorGenerator",
                octave_base_scale=4,
                scales_per_octave=1,
                ratios=[1.0],
                strides=[8, 16, 32, 64, 128],
            ),
            bbox_coder=dict(type="DeltaXYWHBBoxCoder"),
            loss_cls=dict(type="FocalLoss", use_sigmoid=True),
            loss_bbox=dict(type="L1Loss"),
        ),
        train_cfg=dict(
            assigner=dict(type="MaxIoUAssigner", pos_iou_thr=0.5, neg_iou_thr=0.4, min_pos_iou=0),
            sampler=dict(type="PseudoSampler"),
            allowed_border=-1,
            pos_weight=-1,
        ),
        test_cfg=dict(
            nms_pre=100,
            min_bbox_size=0,
            score_thr=0.05,
            nms=dict(type="nms", iou_threshold=0.5),
            max_per_img=20,
        ),
    )


def distilled(**changes) -> dict:
    model = dict(
        type="pcc_distill.Distill",
        student=small_model(),
        teacher=dict(config=small_model(34), checkpoint=None),
        losses=[dict(type="PCCLoss", loss_weight=6, features="neck")],
    )
    return {**model, **changes}


def build(**changes):
    torch.manual_seed(0)
    return MODELS.build(distilled(**changes))


def batch(model, sizes=([3, 64, 96], [3, 70, 80])):
    return model.data_preprocessor(demo_mm_inputs(2, list(sizes), num_classes=2), True)


def test_the_loss_is_pcc_of_the_two_necks_and_gradients_reach_the_student_alone():
    model = build()
    data = batch(model)
    losses = model(**data, mode="loss")
    teacher = model.distillation.teacher
    expected = PCCLoss(6.0)(
        model.extract_feat(data["inputs"]), teacher.extract_feat(data["inputs"])
    )
    # The student's batch norm is in training mode: both passes see the same batch.
    torch.testing.assert_close(losses["loss_PCCLoss_neck"], expected, rtol=1e-4, atol=0)
    total, _ = model.parse_losses(losses)
    total.backward()
    assert all(p.grad is None for p in teacher.parameters())
    assert model.neck.fpn_convs[0].conv.weight.grad.abs().max() > 0
    assert not teacher.training


def test_the_state_dict_is_the_plain_students_and_loads_there():
    model = build()
    plain = MODELS.build(small_model())
    assert list(model.state_dict()) == list(plain.state_dict())
    plain.load_state_dict(model.state_dict())
    assert [n for n, _ in model.named_parameters()] == [n for n, _ in plain.named_parameters()]
    averaged = copy.deepcopy(model)
    assert averaged.distillation.teacher is model.distillation.teacher
    model.eval()
    plain.eval()
    data = batch(plain)
    for mine, theirs in zip(
        model.extract_feat(data["inputs"]), plain.extract_feat(data["inputs"]), strict=True
    ):
        torch.testing.assert_close(mine, theirs)


def test_the_readmes_lines_on_a_stock_config_build_word_for_word(tmp_path):
    (tmp_path / "config.py").write_text(
        f"_base_ = {STOCK!r}\n"
        "custom_imports = dict(imports=['pcc_distill.integrations.mmdet'])\n"
        "model = dict(type='pcc_distill.Distill',\n"
        f"    teacher=dict(config={STOCK!r}, checkpoint=None),\n"
        "    student={{_base_.model}},\n"
        "    losses=[dict(type='PCCLoss', loss_weight=6, features='neck')])\n"
    )
    config = Config.fromfile(tmp_path / "config.py")
    config.model.student.backbone.init_cfg = config.model.backbone.init_cfg = None
    model = MODELS.build(config.model)
    assert type(model).__name__ == "DistilledRetinaNet"
    changed = {**config.model, "backbone": {**config.model.backbone, "depth": 101}}
    with pytest.raises(
        ConfigError, match="'backbone', which is neither its own argument nor equal"
    ):
        MODELS.build(changed)


@pytest.mark.slow
@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_config_builds_and_runs_a_train_step_from_random_weights(path):
    config = Config.fromfile(path)
    checkpoint = config.model.teacher.checkpoint
    assert checkpoint.startswith("https://download.openmmlab.com/")
    config.model.teacher.checkpoint = None
    config.model.student.backbone.init_cfg = None
    if "dcn" in path.stem and not _has_compiled_operators():
        pytest.skip("deformable convolutions need compiled mmcv operators")
    model = MODELS.build(config.model)
    needs_masks = "mask_rcnn" in path.parent.name
    # A deformable kernel of 3 x 3 must fit the map at stride 32.
    size = 128 if "dcn" in path.stem else 64
    inputs = demo_mm_inputs(1, [[3, size, size]], num_classes=4, with_mask=needs_masks)
    if not _has_compiled_operators() and hasattr(model, "roi_head"):
        pytest.skip("RoIAlign needs compiled mmcv operators")
    losses = model(**model.data_preprocessor(inputs, True), mode="loss")
    total, logged = model.parse_losses(losses)
    assert torch.isfinite(total)
    assert logged["loss_PCCLoss_neck"] > 0
    total.backward()
    assert any(p.grad is not None and p.grad.abs().max() > 0 for p in model.neck.parameters())


def _has_compiled_operators() -> bool:
    return importlib.util.find_spec("mmcv._ext") is not None and not str(
        importlib.util.find_spec("mmcv._ext").origin
    ).endswith(".py")


def test_channels_are_adapted_and_the_extra_weights_do_not_hinder_plain_loading():
    model = build(teacher=dict(config=small_model(34, channels=64), checkpoint=None))
    extra = [name for name in model.state_dict() if name.startswith("distillation")]
    assert len(extra) == 10
    losses = model(**batch(model), mode="loss")
    assert losses["loss_PCCLoss_neck"] > 0
    missing, unexpected = MODELS.build(small_model()).load_state_dict(
        model.state_dict(), strict=False
    )
    assert not missing
    assert sorted(unexpected) == sorted(extra)


def test_several_losses_with_schedules_boxes_and_head_logits():
    model = build(
        losses=[
            dict(type="PCCLoss", features="neck", schedule=dict(type="stop_after", fraction=0.5)),
            dict(type="FGDLoss", features="neck", channels=32),
            dict(type="DISTLoss", features="bbox_head", output=0, num_classes=2),
        ]
    )
    losses = model(**batch(model), mode="loss")
    names = {"loss_PCCLoss_neck", "loss_FGDLoss_neck", "loss_DISTLoss_bbox_head"}
    assert names <= set(losses)
    assert all(losses[name] > 0 for name in names)


def test_inherited_modules_start_from_the_teacher_also_after_init_weights():
    model = build(inherit=("neck", "bbox_head"))
    teacher = model.distillation.teacher
    for _ in range(2):
        for name, value in teacher.bbox_head.state_dict().items():
            assert torch.equal(model.bbox_head.state_dict()[name], value)
        model.init_weights()
    with pytest.raises(FeatureError, match="inherit: the student has no module 'head'"):
        build(inherit=("head",))
    with pytest.raises(ShapeError, match="inherit: 'neck' differs between student and teacher"):
        build(
            inherit=("neck",),
            teacher=dict(config=small_model(34, channels=64), checkpoint=None),
        )


def test_the_teacher_sees_images_in_its_own_normalisation():
    other = small_model(34)
    other["data_preprocessor"] |= dict(
        mean=[103.53, 116.28, 123.675], std=[1.0, 2.0, 4.0], bgr_to_rgb=False
    )
    model = build(teacher=dict(config=other, checkpoint=None))
    plain = MODELS.build(other)
    torch.manual_seed(1)
    inputs = demo_mm_inputs(1, [[3, 64, 64]], num_classes=2)
    ours = model.data_preprocessor(copy.deepcopy(inputs), True)["inputs"]
    theirs = plain.data_preprocessor(copy.deepcopy(inputs), True)["inputs"]
    converted = integration._Renormalize(model.data_preprocessor, plain.data_preprocessor)(ours)
    # Two float32 affine maps of values up to about 500.
    torch.testing.assert_close(converted, theirs, rtol=1e-5, atol=1e-3)


def coco_set(folder: Path) -> Path:
    images, annotations = [], []
    for number in range(1, 5):
        picture = Image.effect_noise((64, 64), 60).convert("RGB")
        picture.paste((255, 0, 0), (10, 10 + number, 40, 40 + number))
        picture.save(folder / f"{number}.png")
        images.append(dict(id=number, file_name=f"{number}.png", width=64, height=64))
        annotations.append(
            dict(
                id=number,
                image_id=number,
                category_id=1,
                bbox=[10, 10 + number, 30, 30],
                area=900,
                iscrowd=0,
            )
        )
    categories = [dict(id=1, name="square"), dict(id=2, name="none")]
    path = folder / "set.json"
    path.write_text(json.dumps(dict(images=images, annotations=annotations, categories=categories)))
    return path


def runner_config(folder: Path, epochs: int, **changes) -> Config:
    data = dict(
        batch_size=2,
        num_workers=0,
        persistent_workers=False,
        sampler=dict(type="DefaultSampler", shuffle=True),
        dataset=dict(
            type="CocoDataset",
            ann_file=str(coco_set(folder)),
            data_prefix=dict(img=str(folder)),
            metainfo=dict(classes=("square", "none")),
            pipeline=[
                dict(type="LoadImageFromFile"),
                dict(type="LoadAnnotations", with_bbox=True),
                dict(type="Resize", scale=(64, 64), keep_ratio=True),
                dict(type="PackDetInputs"),
            ],
        ),
    )
    config = dict(
        default_scope="mmdet",
        model=distilled(**changes.pop("model", {})),
        train_dataloader=data,
        train_cfg=dict(type="EpochBasedTrainLoop", max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type="AdamW", lr=1e-3)),
        custom_hooks=[dict(type="EMAHook")],
        default_hooks=dict(
            logger=dict(type="LoggerHook", interval=1),
            checkpoint=dict(type="CheckpointHook", interval=1),
        ),
        work_dir=str(folder / "work"),
        log_level="ERROR",
        randomness=dict(seed=0),
        experiment_name=f"t{folder.name}{epochs}{len(changes)}",
        **changes,
    )
    return Config(config)


def test_the_plain_runner_trains_resumes_and_its_checkpoint_loads_without_this_package(
    tmp_path, monkeypatch
):
    runner = Runner.from_cfg(runner_config(tmp_path, 2))
    before = runner.model.neck.fpn_convs[0].conv.weight.detach().clone()
    runner.train()
    assert not torch.equal(before, runner.model.neck.fpn_convs[0].conv.weight)
    path = tmp_path / "work" / "epoch_2.pth"
    # MMEngine 0.10 reads its own checkpoints with torch.load's old default, which executes pickles.
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    saved = torch.load(path)
    plain = MODELS.build(small_model())
    load_checkpoint(plain, str(path), strict=True)
    assert not any("teacher" in name or "distillation" in name for name in saved["ema_state_dict"])
    assert runner.message_hub.get_scalar("train/loss_PCCLoss_neck").current() > 0
    again = Runner.from_cfg(runner_config(tmp_path, 3, resume=True, load_from=str(path)))
    again.train()
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    assert again.epoch == 3
    taught = MODELS.build(distilled(teacher=dict(config=small_model(), checkpoint=str(path))))
    for name, value in taught.distillation.teacher.state_dict().items():
        torch.testing.assert_close(value, saved["state_dict"][name])


def test_distillation_stops_early_inside_the_runner(tmp_path):
    stop = dict(type="PCCLoss", features="neck", schedule=dict(type="stop_after", fraction=0.5))
    runner = Runner.from_cfg(runner_config(tmp_path, 2, model=dict(losses=[stop])))
    ran = []
    runner.model.distillation.teacher.backbone.register_forward_hook(lambda *_: ran.append(1))
    runner.train()
    assert len(ran) == 2  # of 4 iterations


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        (
            dict(teacher=dict(config=STOCK)),
            ConfigError,
            "teacher lacks checkpoint; checkpoint is a file",
        ),
        (
            dict(teacher=dict(config=STOCK, checkpoint="gone.pth")),
            TeacherError,
            "the teacher's checkpoint gone.pth does not exist",
        ),
        (
            dict(teacher=dict(config="mmdet::retinanet/none.py", checkpoint=None)),
            TeacherError,
            "configuration 'mmdet::retinanet/none.py' cannot be read",
        ),
        (
            dict(teacher=dict(config=STOCK, checkpoint=None, ckpt=1)),
            ConfigError,
            "unknown key .'ckpt'",
        ),
        (
            dict(losses=[dict(type="PCCLoss", features="nek")]),
            FeatureError,
            "the student .RetinaNet. has no module 'nek'; did you mean 'neck'",
        ),
        (
            dict(losses=[dict(type="PCCLoss")]),
            ConfigError,
            r"losses\[0\] \(PCCLoss\) lacks `features`",
        ),
        (
            dict(losses=[dict(features="neck")]),
            ConfigError,
            r"losses\[0\] lacks `type`; known types: PCC",
        ),
        (
            dict(losses=[dict(type="PKD", features="neck")]),
            ConfigError,
            "no loss 'PKD' is registered",
        ),
        (
            dict(losses=[dict(type="PCCLoss", features="neck", weight=1)]),
            ConfigError,
            "unexpected keyword argument 'weight'",
        ),
        (
            dict(losses=[dict(type="PCCLoss", features="neck", student_levels=(0, 1))]),
            ShapeError,
            "the student gives 2 levels and the teacher 5",
        ),
        (
            dict(backbone=dict(depth=3)),
            ConfigError,
            "'backbone', which is neither its own argument",
        ),
    ],
)
def test_mistakes_in_the_config_are_one_line(changes, error, message):
    with pytest.raises(error, match=message) as caught:
        build(**changes)
    assert "\n" not in str(caught.value)


def test_checkpoints_that_are_damaged_or_of_another_model_are_refused(tmp_path):
    torch.save({"state_dict": MODELS.build(small_model(18)).state_dict()}, tmp_path / "r18.pth")
    (tmp_path / "bad.pth").write_bytes(b"PK junk")
    with pytest.raises(
        TeacherError, match=r"r18.pth does not fit RetinaNet: \d+ of \d+ weights are missing"
    ):
        build(teacher=dict(config=small_model(34), checkpoint=str(tmp_path / "r18.pth")))
    with pytest.raises(TeacherError, match=r"bad.pth cannot be read: "):
        build(teacher=dict(config=small_model(34), checkpoint=str(tmp_path / "bad.pth")))
