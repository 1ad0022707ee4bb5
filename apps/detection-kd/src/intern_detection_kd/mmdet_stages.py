"""The stages of a run with MMDetection's detectors and runner instead of the program's own.

Data, report and run folder are those of `stages.py`. A killed stage starts again from its
beginning: MMEngine's checkpoints hold pickled objects, which this program does not load.
"""

from pathlib import Path
from typing import Any

from torch import nn

from intern_detection_kd.coco import CocoSet
from intern_detection_kd.config import ArmConfig, RunConfig
from intern_detection_kd.mmdet_runner import (
    build_model,
    neck_levels,
    require_mmdet,
    train_stage,
)
from intern_detection_kd.mmdet_settings import detector, distilled, runner
from intern_runs import ConfigError, RunDisplay, RunFolder


def run_with_mmdet(
    config: RunConfig, folder: RunFolder, display: RunDisplay, data: tuple[CocoSet, CocoSet]
) -> dict[str, Any]:
    """Train teacher, student and arms that have not finished; draw the maps.

    Args:
        config: The checked configuration.
        folder: The run folder.
        display: Where progress is shown.
        data: Training and evaluation set.

    Returns:
        Final metrics per stage.

    Raises:
        ConfigError: If MMDetection is not installed, or an image folder is not the file's own.
    """
    require_mmdet("framework = mmdet")
    if config.data.train_folder or config.data.val_folder:
        raise ConfigError(
            "framework = mmdet reads images beside their annotation file; leave out "
            "data.train_folder and data.val_folder"
        )
    num_classes = len(data[0].category_ids)
    teacher, student = (detector(size, num_classes) for size in (config.teacher, config.student))
    weights = folder.path / "models" / "teacher.safetensors"
    arms: dict[str, ArmConfig | None] = {"teacher": None, "student": None, **config.arms}
    for stage, arm in arms.items():
        if folder.result(stage) is None:
            model = teacher if stage == "teacher" else student
            if arm is not None:
                model = distilled(student, teacher, weights, arm, config.seed)
            steps = config.teacher_steps if stage == "teacher" else config.steps
            _train(stage, model, steps, config, folder, display, data)
        result = folder.result(stage) or {}
        display.end(stage, f"mAP {result['map']:.3f}, AP50 {result['map50']:.3f}")
    _draw(config, folder, {"teacher": teacher, "student": student}, data[1])
    return {stage: folder.result(stage) or {} for stage in arms}


def _train(
    stage: str,
    model: dict[str, Any],
    steps: int,
    config: RunConfig,
    folder: RunFolder,
    display: RunDisplay,
    data: tuple[CocoSet, CocoSet],
) -> None:
    from safetensors.torch import save_file

    folder.restore(stage)  # drops the lines of a killed try
    display.begin(stage, steps)
    files = {split: part.path.resolve() for split, part in zip(("train", "val"), data, strict=True)}
    last: dict[str, float] = {}

    def on_step(step: int, numbers: dict[str, float], seconds: float) -> None:
        folder.log(stage, step, numbers, seconds=seconds)
        display.advance(stage, numbers)
        last.update(numbers)

    work = folder.path / "mmdet" / stage
    names = list(data[0].category_names)
    trained = train_stage(runner(model, config, steps, files, names, work), on_step)
    (folder.path / "models").mkdir(exist_ok=True)
    state = {k: v for k, v in trained.state_dict().items() if not k.startswith("distillation.")}
    save_file(state, folder.path / "models" / f"{stage}.safetensors")
    parameters = sum(p.numel() for name, p in trained.named_parameters() if name in state)
    metrics = {name: last[name] for name in ("map", "map50", "map75")}
    folder.finish(stage, metrics | {"parameters": parameters})


def _draw(
    config: RunConfig, folder: RunFolder, models: dict[str, dict[str, Any]], val: CocoSet
) -> None:
    from pcc_distill.show import feature_figure

    if config.teacher.neck_channels != config.student.neck_channels:
        return  # learned adapters are not part of a student
    image = val.records[0].path
    teacher, pixels = neck_levels(_loaded(models["teacher"], folder.path, "teacher"), image)
    (folder.path / "maps").mkdir(exist_ok=True)
    for stage in ("student", *config.arms):
        levels, _ = neck_levels(_loaded(models["student"], folder.path, stage), image)
        figure = feature_figure(levels, teacher, pixels)
        figure.savefig(folder.path / "maps" / f"{stage}.png", dpi=70)


def _loaded(settings: dict[str, Any], folder: Path, stage: str) -> nn.Module:
    return build_model(settings, folder / "models" / f"{stage}.safetensors")
