"""MMDetection: distillation from a configuration alone.

```python
_base_ = "mmdet::retinanet/retinanet_r50_fpn_1x_coco.py"
custom_imports = dict(imports=["pcc_distill.integrations.mmdet"])
model = dict(
    type="pcc_distill.Distill",
    teacher=dict(config="mmdet::retinanet/retinanet_r101_fpn_2x_coco.py", checkpoint="r101.pth"),
    student={{_base_.model}},
    losses=[dict(type="PCCLoss", loss_weight=6, features="neck")],
)
```

`pcc_distill.Distill` builds the student as MMDetection would and gives it a subclass whose `loss`
adds the distillation losses. So the runner, hooks, optimizers, evaluation and checkpoints see the
student they know: its module names are unchanged, the teacher is in no state dict, and the trained
checkpoint loads in MMDetection without this package.
"""

import functools
import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import torch
from mmengine.config import Config
from mmengine.config.utils import MODULE2PACKAGE
from mmengine.hub import get_config
from mmengine.logging import MessageHub
from mmengine.registry import MODELS as ENGINE_MODELS
from mmengine.registry import DefaultScope, Registry
from torch import Tensor, nn

from pcc_distill.distiller import Distiller, FeatureMatch
from pcc_distill.errors import ConfigError, FeatureError, ShapeError, TeacherError
from pcc_distill.losses import LOSSES, FeatureLoss
from pcc_distill.schedules import make_schedule
from pcc_distill.weights import load_weights, read_weights

logger = logging.getLogger(__name__)

SCOPE = "pcc_distill"
MODELS = Registry("pcc_distill model", parent=ENGINE_MODELS, scope=SCOPE, locations=[__name__])
# Lets MMEngine resolve `pcc_distill::retinanet/...` to the configurations in the wheel.
MODULE2PACKAGE.setdefault(SCOPE, SCOPE)
for _name, _loss in LOSSES.items():
    MODELS.register_module(name=_name, module=_loss)

MATCH_KEYS = ("student_levels", "teacher_levels", "pairing", "adapt", "output")
EXAMPLE_PIXELS = 128  # side of the blank image that shows the shapes of features


@MODELS.register_module(name="Distill")
def distill(
    *,
    student: Mapping[str, Any],
    teacher: Mapping[str, Any],
    losses: Sequence[Mapping[str, Any]],
    inherit: Sequence[str] = (),
    seed: int = 0,
    **inherited: Any,
) -> nn.Module:
    """Build a student detector that learns from a teacher as well.

    Args:
        student: Its model configuration, as plain MMDetection has it.
        teacher: `config` (a file, `scope::path`, or a model configuration) and `checkpoint` (a
            file, an address, or None for random weights).
        losses: Per loss its `type` and arguments, `features` (module name, or `student` and
            `teacher` where names differ), and the options of `FeatureMatch`; `schedule` is a dict
            as in `pcc_distill.schedules.make_schedule`.
        inherit: Names of modules that start from the teacher's weights, such as "neck" and
            "bbox_head" (the inheriting strategy of homogeneous pairs).
        seed: Of channel adapters.
        **inherited: What MMEngine leaves here of the base configuration's model when it merges;
            must equal the student's.

    Returns:
        The student.

    Raises:
        ConfigError: If a key is unknown or missing.
        TeacherError: If the teacher's configuration or checkpoint cannot be used.
        FeatureError: If a module name is unknown.
    """
    _check_inherited(student, inherited)
    detector = ENGINE_MODELS.build(student)
    master = _teacher(teacher)
    matches = [_match(dict(setting), index) for index, setting in enumerate(losses)]
    only_features = all(
        name.split(".")[0] in ("backbone", "neck")
        for m in matches
        for name in (m.student, m.teacher)
    )
    distiller = Distiller(
        detector,
        master,
        matches,
        seed=seed,
        student_call=_Pass(detector, only_features=only_features),
        teacher_call=_TeacherCall(detector, master, only_features=only_features),
    )
    _fit(distiller)
    detector.__class__ = _distilled(type(detector))
    detector.distillation = distiller
    detector.inherited_modules = tuple(inherit)
    for name in inherit:
        _inherit(detector, master, name)
    return detector


class DistilledMixin:
    """What a student detector gets on top of its own class."""

    def loss(self, batch_inputs: Tensor, batch_data_samples: Any) -> dict[str, Any]:
        """The student's losses and the distillation losses."""
        distiller: Distiller = self.distillation
        distiller.progress = _progress()
        with distiller.watch():
            plain = super().loss  # pyright: ignore[reportAttributeAccessIssue]
            losses = plain(batch_inputs, batch_data_samples)
            if distiller.is_active:
                boxes = [sample.gt_instances.bboxes for sample in batch_data_samples]
                losses |= distiller.compare(
                    distiller.teach(batch_inputs),
                    boxes=[getattr(box, "tensor", box) for box in boxes],
                    image_size=tuple(batch_inputs.shape[2:]),
                )
        return losses

    def init_weights(self) -> None:
        """The student's own initialisation, then what it inherits from the teacher."""
        super().init_weights()  # pyright: ignore[reportAttributeAccessIssue]
        for name in self.inherited_modules:
            _inherit(self, self.distillation.teacher, name)


@functools.cache
def _distilled(kind: type) -> type:
    return type(f"Distilled{kind.__name__}", (DistilledMixin, kind), {"__module__": __name__})


class _Pass:
    """Runs a detector on images up to what is compared: the neck, or a one-stage head.

    The head is called as a module: `_forward` of MMDetection's detectors goes round its hooks.
    """

    def __init__(self, detector: nn.Module, *, only_features: bool) -> None:
        self._detector, self._only_features = detector, only_features

    def __call__(self, images: Tensor) -> Any:
        features = self._detector.extract_feat(images)
        return features if self._only_features else self._detector.bbox_head(features)


class _TeacherCall:
    """Runs the teacher on the student's preprocessed images, renormalised if theirs differ."""

    def __init__(self, student: nn.Module, teacher: nn.Module, *, only_features: bool) -> None:
        self._call = _Pass(teacher, only_features=only_features)
        self._images = _Renormalize(student.data_preprocessor, teacher.data_preprocessor)

    def __call__(self, images: Tensor) -> Any:
        return self._call(self._images(images))


class _Renormalize:
    """From the student's image normalisation to the teacher's, in padded areas as well."""

    def __init__(self, student: nn.Module, teacher: nn.Module) -> None:
        ours, theirs = _normalization(student), _normalization(teacher)
        self._flip = ours[2] != theirs[2]
        self._scale = ours[1] / theirs[1]
        if self._flip:
            ours = (ours[0].flip(0), ours[1].flip(0), theirs[2])
            self._scale = ours[1] / theirs[1]
        self._shift = (ours[0] - theirs[0]) / theirs[1]
        self._is_equal = not self._flip and bool(
            torch.allclose(self._scale, torch.ones(3))
            and torch.allclose(self._shift, torch.zeros(3))
        )

    def __call__(self, images: Tensor) -> Tensor:
        if self._is_equal:
            return images
        images = images.flip(1) if self._flip else images
        scale, shift = (x.to(images).reshape(1, 3, 1, 1) for x in (self._scale, self._shift))
        return images * scale + shift


def _normalization(preprocessor: nn.Module) -> tuple[Tensor, Tensor, bool]:
    """Mean and deviation per channel in the order of the network's input, and whether it is RGB."""
    is_rgb = bool(getattr(preprocessor, "_channel_conversion", False))
    if not getattr(preprocessor, "_enable_normalize", False):
        return torch.zeros(3), torch.ones(3), is_rgb
    return preprocessor.mean.flatten().cpu(), preprocessor.std.flatten().cpu(), is_rgb


def _progress() -> float:
    """Share of the runner's iterations that is done; 0 outside a runner."""
    hub = MessageHub.get_current_instance()
    done, total = hub.get_info("iter"), hub.get_info("max_iters")
    return min(1.0, done / total) if done is not None and total else 0.0


def _check_inherited(student: Mapping[str, Any], inherited: Mapping[str, Any]) -> None:
    for key, value in inherited.items():
        if key != "init_cfg" and (key not in student or student[key] != value):
            raise ConfigError(
                f"pcc_distill.Distill got {key!r}, which is neither its own argument nor equal to "
                "the student's; put changes of the student into `student=dict(...)`, or add "
                "`_delete_=True` to `model`"
            )


def _match(setting: dict[str, Any], index: int) -> FeatureMatch:
    if "type" not in setting:
        raise ConfigError(f"losses[{index}] lacks `type`; known types: {', '.join(LOSSES)}")
    features = setting.pop("features", None)
    student = setting.pop("student", features)
    teacher = setting.pop("teacher", features)
    if not student:
        raise ConfigError(
            f"losses[{index}] ({setting['type']}) lacks `features`, for example features='neck'"
        )
    options = {key: setting.pop(key) for key in MATCH_KEYS if key in setting}
    schedule = make_schedule(setting.pop("schedule", None))
    kind = str(setting["type"]).rpartition(".")[2]
    name = setting.pop("name", f"{kind}_{student}")
    if kind in LOSSES:
        setting["type"] = f"{SCOPE}.{kind}"
    try:
        loss = MODELS.build(setting)
    except TypeError as error:
        raise ConfigError(f"losses[{index}]: {error}") from None
    except KeyError:
        raise ConfigError(
            f"losses[{index}]: no loss {kind!r} is registered; known types: {', '.join(LOSSES)}"
        ) from None
    if not isinstance(loss, FeatureLoss):
        raise ConfigError(f"losses[{index}]: {kind} is no pcc_distill.FeatureLoss")
    return FeatureMatch(
        loss=loss,
        student=student,
        teacher=teacher or student,
        name=f"loss_{name}".replace(".", "_"),  # MMEngine sums what has "loss" in its name
        schedule=schedule,
        **options,
    )


def _teacher(setting: Mapping[str, Any]) -> nn.Module:
    known = {"config", "checkpoint"}
    if unknown := set(setting) - known - {"_scope_"}:
        raise ConfigError(f"teacher: unknown key {sorted(unknown)}; known: config, checkpoint")
    if missing := known - set(setting):
        raise ConfigError(
            f"teacher lacks {' and '.join(sorted(missing))}; checkpoint is a file, an address, or "
            "None for random weights"
        )
    checkpoint = setting["checkpoint"]
    path = None if checkpoint is None else _checkpoint_file(str(checkpoint))
    if path is not None and not path.is_file():  # before the slow part
        read_weights(path)
    model, scope = _teacher_config(setting["config"])
    with DefaultScope.overwrite_default_scope(scope):
        teacher = ENGINE_MODELS.build(model)
    if path is None:
        logger.warning("the teacher %s has random weights", type(teacher).__name__)
    else:
        load_weights(teacher, path)
    return teacher


def _teacher_config(config: Any) -> tuple[Mapping[str, Any], str]:
    """The teacher's model configuration, without pretrained backbone weights, and its scope."""
    if isinstance(config, Mapping):
        whole: Mapping[str, Any] = config if "model" in config else {"model": config}
    else:
        try:
            whole = get_config(config) if "::" in config else Config.fromfile(config)
        except (OSError, ValueError, AssertionError, ModuleNotFoundError) as error:
            raise TeacherError(
                f"the teacher's configuration {config!r} cannot be read: {error}; give a file or "
                "scope::path such as mmdet::retinanet/retinanet_r101_fpn_2x_coco.py"
            ) from None
    model = dict(whole["model"])
    if isinstance(model.get("backbone"), Mapping):
        model["backbone"] = {**model["backbone"], "init_cfg": None}
    return model, whole.get("default_scope") or "mmdet"


def _checkpoint_file(checkpoint: str) -> Path:
    """The file of a checkpoint; an address is downloaded once and kept in torch's hub folder."""
    if "://" not in checkpoint:
        return Path(checkpoint).expanduser()
    path = Path(torch.hub.get_dir()) / "checkpoints" / unquote(checkpoint.rpartition("/")[2])
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = re.search(r"-([0-9a-f]{8})\.pth$", path.name)  # OpenMMLab names files by hash
        try:
            torch.hub.download_url_to_file(
                checkpoint, str(path), digest[1] if digest else None, progress=False
            )
        except (OSError, RuntimeError) as error:
            raise TeacherError(f"the teacher's checkpoint {checkpoint}: {error}") from None
    return path


def _fit(distiller: Distiller) -> None:
    """Build channel adapters where channels differ, from one blank image."""
    example = torch.zeros(1, 3, EXAMPLE_PIXELS, EXAMPLE_PIXELS)
    try:
        distiller.fit_adapters(example)
    except (FeatureError, ShapeError):
        raise
    except RuntimeError as error:
        raise ShapeError(f"a blank image does not pass the detectors: {error}") from None


def _inherit(student: nn.Module, teacher: nn.Module, name: str) -> None:
    ours, theirs = (dict(m.named_modules()).get(name) for m in (student, teacher))
    if ours is None or theirs is None:
        side = "student" if ours is None else "teacher"
        raise FeatureError(f"inherit: the {side} has no module {name!r}")
    try:
        ours.load_state_dict(theirs.state_dict())
    except RuntimeError as error:
        raise ShapeError(
            f"inherit: {name!r} differs between student and teacher "
            f"({str(error).splitlines()[-1].strip()}); inherit between equal parts alone"
        ) from None


def features_of_image(
    config: str, image: str, checkpoint: str | None = None
) -> tuple[list[Tensor], list[Tensor], Tensor]:
    """Student and teacher features of one picture, for `pcc-distill show`.

    Args:
        config: File of a configuration whose model is `pcc_distill.Distill`.
        image: A picture that Pillow reads.
        checkpoint: The student's; random weights without one.

    Returns:
        Levels of the first loss's modules, [1, C, H, W] each, and the image [3, H, W].

    Raises:
        ConfigError: If the configuration or the picture cannot be read.
    """
    import numpy as np
    from mmdet.structures import DetDataSample
    from mmdet.utils import register_all_modules
    from PIL import Image

    try:
        whole = Config.fromfile(config)
        with Image.open(image) as file:
            pixels = torch.from_numpy(np.asarray(file.convert("RGB"))[..., ::-1].copy())
    except (OSError, ValueError, SyntaxError, NameError, ImportError, KeyError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"{config} or {image} cannot be read: {first}") from None
    register_all_modules(init_default_scope=False)
    with DefaultScope.overwrite_default_scope(whole.get("default_scope") or "mmdet"):
        model = ENGINE_MODELS.build(whole.model)
    if not isinstance(model, DistilledMixin):
        raise ConfigError(f"{config}: its model is no pcc_distill.Distill")
    if checkpoint is not None:
        load_weights(model, checkpoint)
    model.eval()
    sample = DetDataSample(metainfo={"img_shape": tuple(pixels.shape[:2])})
    data = {"inputs": [pixels.permute(2, 0, 1)], "data_samples": [sample]}
    inputs = model.data_preprocessor(data, False)["inputs"]
    distiller: Distiller = model.distillation
    match = distiller.matches[0]
    with torch.no_grad(), distiller.watch():
        model.extract_feat(inputs)
        student, teacher = distiller.levels(match, distiller.teach(inputs))
    return student, teacher, inputs[0]
