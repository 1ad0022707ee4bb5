"""The stages of a run: data, teacher, student alone, one student per arm, report."""

from pathlib import Path
from typing import Any

from torch import nn

from intern_detection_kd.coco import CocoSet, check_same_categories, read_detections
from intern_detection_kd.config import ArmConfig, DetectorConfig, RunConfig
from intern_detection_kd.detector import Detector
from intern_detection_kd.digits import build_digits
from intern_detection_kd.evaluation import evaluate, score
from intern_detection_kd.pictures import Pictures
from intern_detection_kd.report import write_report
from intern_detection_kd.training import TeacherFeatures, Training, make_detector
from intern_detection_kd.voc import read_data
from intern_detection_kd.workers import Workers
from intern_runs import (
    CheckpointError,
    ConfigError,
    RunDisplay,
    RunFolder,
    load_config,
    load_state,
    save_state,
)

PACKAGES = ("intern-detection-kd", "pcc-distill", "torch", "torchvision", "pycocotools", "numpy")


def stages(config: RunConfig) -> dict[str, str]:
    """Stage names and what to call them on the screen."""
    return {
        "data": "data set",
        "teacher": "teacher",
        "student": "student alone",
        **{name: f"student + {arm.loss}" for name, arm in config.arms.items()},
    }


def run(
    config: RunConfig, folder: RunFolder, display: RunDisplay, workers: Workers | None = None
) -> dict[str, Any]:
    """Run every stage that has not finished, then write the report.

    Args:
        config: The checked configuration.
        folder: The run folder, new or to be resumed.
        display: Where progress is shown.
        workers: The processes of the run; this one alone if None.

    Returns:
        Final metrics per stage.
    """
    workers = workers or Workers()
    if workers.is_first:
        train, val = _data(config, folder, display)
    workers.wait()
    if not workers.is_first:
        train, val = _data(config, folder, display)
    if config.framework == "mmdet":
        if workers.size > 1:
            raise ConfigError("framework = mmdet runs in one process; start it without torchrun")
        from intern_detection_kd.mmdet_stages import run_with_mmdet

        results = run_with_mmdet(config, folder, display, (train, val))
        write_report(folder, config)
        return results
    num_classes = len(train.category_ids)
    pictures = tuple(Pictures(data, config.data.image_size) for data in (train, val))
    teacher = _teacher(config, folder, display, num_classes, pictures, workers)
    features = TeacherFeatures(teacher, pictures[0], config.teacher_feature_scale)
    arms: dict[str, ArmConfig | None] = {"student": None, **config.arms}
    for stage, arm in arms.items():
        if folder.result(stage) is None:
            model = make_detector(config.student, num_classes, "student", config.seed)
            training = Training(stage, model, config.steps, config, arm, features, workers)
            _train(training, folder, display, pictures)
        else:
            _tell(stage, folder, display)
    results = {stage: folder.result(stage) or {} for stage in ("teacher", *arms)}
    if workers.is_first:
        draw_maps(config, folder, num_classes, pictures[1])
        write_report(folder, config)
    workers.wait()
    return results


def check_inputs(config: RunConfig) -> None:
    """Read what the run will read, before anything is written.

    Raises:
        DataError: If an annotation file is wrong.
        CheckpointError: If the teacher's checkpoint is missing or damaged.
    """
    if config.data.train:
        train = read_data(config.data.train, config.data.train_folder)
        check_same_categories(train, read_data(config.data.val, config.data.val_folder))
    if config.teacher_checkpoint:
        load_state(config.teacher_checkpoint)
    if config.framework == "mmdet":
        from intern_detection_kd.mmdet_runner import require_mmdet

        require_mmdet("framework = mmdet")


def draw_maps(config: RunConfig, folder: RunFolder, num_classes: int, val: Pictures) -> None:
    """Draw the features of one evaluation image for every student, beside the teacher's."""
    import torch

    from pcc_distill.show import feature_figure

    models = folder.path / "models"
    images, _ = val.batch(range(min(8, len(val))))
    sides = {}
    for stage in ("teacher", "student", *config.arms):
        size = config.teacher if stage == "teacher" else config.student
        model = load_detector(models / f"{stage}.safetensors", size, num_classes).eval()
        with torch.no_grad():
            sides[stage] = model.neck(model.backbone(images))
    (folder.path / "maps").mkdir(exist_ok=True)
    teacher = [level * config.teacher_feature_scale for level in sides.pop("teacher")]
    for stage, levels in sides.items():
        if levels[0].shape[1] == teacher[0].shape[1]:  # learned adapters are not part of a student
            figure = feature_figure(levels, teacher, images[0])
            figure.savefig(folder.path / "maps" / f"{stage}.png", dpi=70)


def load_detector(path: str | Path, config: DetectorConfig, num_classes: int) -> Detector:
    """Build a detector and load its weights.

    Raises:
        CheckpointError: If the file is missing, damaged or of another size of detector.
    """
    model = Detector(config, num_classes)
    state = load_state(path)
    try:
        nn.Module.load_state_dict(model, state["model"])
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        first = str(error).splitlines()[-1].strip()
        raise CheckpointError(
            f"{path}: does not fit the configured detector (width {config.width}, "
            f"{config.blocks} blocks, {config.neck_channels} neck channels, {num_classes} "
            f"categories): {first}"
        ) from None
    return model


def evaluate_run(
    path: Path, stage: str = "", annotations: Path | None = None, images: str = ""
) -> dict[str, dict[str, float]]:
    """Evaluate detectors of a finished run.

    Args:
        path: Run folder.
        stage: Which detector; all that have finished if empty.
        annotations: What to evaluate on; the run's own evaluation set if None.
        images: Folder of its images.

    Returns:
        COCO metrics per stage.

    Raises:
        ProgramError: If the run, the stage or the data cannot be used.
    """
    folder = RunFolder.open(path)
    config = load_config(RunConfig, overrides=folder.config())
    if config.framework == "mmdet":
        raise ConfigError(
            f"{path}: a run of MMDetection's detectors; its metrics are in summary.json, and "
            "`eval --detections` scores a file of detections of any detector"
        )
    known = ["teacher", "student", *config.arms]
    chosen = [stage] if stage else [name for name in known if folder.result(name) is not None]
    if stage and stage not in known:
        raise ConfigError(f"{path}: no stage {stage!r}; there are {', '.join(known)}")
    own = Path(config.data.val) if config.data.val else folder.path / "data" / "val.json"
    data = read_data(annotations or own, images if annotations else config.data.val_folder)
    pictures = Pictures(data, config.data.image_size)
    results = {}
    for name in chosen:
        size = config.teacher if name == "teacher" else config.student
        weights = folder.path / "models" / f"{name}.safetensors"
        model = load_detector(weights, size, len(data.category_ids))
        results[name] = evaluate(model, pictures)
    return results


def evaluate_detections(detections: Path, annotations: Path) -> dict[str, float]:
    """Score a COCO result file.

    Raises:
        DataError: If a file is missing or an entry is wrong; the entry's index is named.
    """
    return score(read_data(annotations), read_detections(detections))


def _data(config: RunConfig, folder: RunFolder, display: RunDisplay) -> tuple[CocoSet, CocoSet]:
    settings = config.data
    display.begin("data", 1 if settings.train else settings.train_images + settings.val_images)
    if settings.train:
        files = {"train": settings.train, "val": settings.val}
        folders = {"train": settings.train_folder, "val": settings.val_folder}
    else:
        files = build_digits(
            folder.path / "data",
            num_train=settings.train_images,
            num_val=settings.val_images,
            size=settings.image_size,
            seed=config.seed,
            on_image=lambda: display.advance("data"),
        )
        folders = {"train": "", "val": ""}
    train, val = (read_data(files[split], folders[split]) for split in ("train", "val"))
    check_same_categories(train, val)
    boxes = [sum(len(r.boxes) for r in data.records) for data in (train, val)]
    display.end(
        "data",
        f"{len(train.records)} images with {boxes[0]} boxes to train on, "
        f"{len(val.records)} with {boxes[1]} to evaluate on",
    )
    return train, val


def _teacher(
    config: RunConfig,
    folder: RunFolder,
    display: RunDisplay,
    num_classes: int,
    pictures: tuple[Pictures, ...],
    workers: Workers,
) -> Detector:
    path = folder.path / "models" / "teacher.safetensors"
    if config.teacher_checkpoint and folder.result("teacher") is None:
        model = load_detector(config.teacher_checkpoint, config.teacher, num_classes)
        display.begin("teacher", 1)
        _finish("teacher", model, evaluate(model, pictures[1]), folder, display, workers)
    elif folder.result("teacher") is None:
        model = make_detector(config.teacher, num_classes, "teacher", config.seed)
        training = Training("teacher", model, config.teacher_steps, config, workers=workers)
        _train(training, folder, display, pictures)
    else:
        _tell("teacher", folder, display)
    return load_detector(path, config.teacher, num_classes).to(workers.device)


def _train(
    training: Training, folder: RunFolder, display: RunDisplay, pictures: tuple[Pictures, ...]
) -> None:
    result = training.run(*pictures, folder, display)
    _finish(training.stage, training.model, result, folder, display, training.workers)


def _finish(
    stage: str,
    model: Detector,
    result: dict[str, Any],
    folder: RunFolder,
    display: RunDisplay,
    workers: Workers,
) -> None:
    if workers.is_first:
        (folder.path / "models").mkdir(exist_ok=True)
        weights = {"model": dict(model.state_dict())}
        save_state(weights, folder.path / "models" / f"{stage}.safetensors")
        parameters = sum(p.numel() for p in model.parameters())
        folder.finish(stage, result | {"parameters": parameters})
    workers.wait()
    _tell(stage, folder, display)


def _tell(stage: str, folder: RunFolder, display: RunDisplay) -> None:
    result = folder.result(stage) or {}
    display.end(stage, f"mAP {result['map']:.3f}, AP50 {result['map50']:.3f}")
