"""Training from an MMDetection configuration; the only importer of MMEngine here."""

import contextlib
import io
import pickle
import time
import urllib.error
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from intern_runs import ConfigError, parse_assignment

# What reading and executing a file of settings raises; OSError and the like of missing bases.
UNREADABLE = (
    *(AssertionError, AttributeError, ImportError, LookupError, NameError),
    *(OSError, SyntaxError, TypeError, ValueError),
)


def train_with_mmdet(
    config: Path, output: Path, assignments: Sequence[str] = (), *, is_resumed: bool = False
) -> None:
    """Train with MMDetection's own runner.

    Args:
        config: The configuration, with or without `pcc_distill.Distill`.
        output: Its work folder.
        assignments: `dotted.key=value` overrides, as MMDetection's --cfg-options.
        is_resumed: Whether to go on from the last checkpoint in the work folder.

    Raises:
        ConfigError: If MMDetection is not installed, the configuration or the teacher is wrong, or
            weights cannot be downloaded.
    """
    require_mmdet("--mmdet")
    from mmengine.config import Config
    from mmengine.runner import Runner

    from pcc_distill import DistillError

    if not config.is_file():
        raise ConfigError(f"{config}: no such configuration file; check the path")
    try:
        settings = Config.fromfile(config)
    except UNREADABLE as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise ConfigError(f"{config}: cannot be read: {first}") from None
    try:
        settings.merge_from_dict(dict(parse_assignment(item) for item in assignments))
        settings.work_dir, settings.resume = str(output), is_resumed
        Runner.from_cfg(settings).train()
    except DistillError as error:
        raise ConfigError(f"{config}: {error}") from None
    except urllib.error.URLError as error:
        raise ConfigError(
            f"{config}: weights that it names could not be downloaded ({error.reason}); put the "
            "file into TORCH_HOME/hub/checkpoints, or set init_cfg=None where it is named"
        ) from None
    except pickle.UnpicklingError:
        raise ConfigError(
            f"{output}: its checkpoints hold MMEngine's log history, which torch does not load by "
            "default; if you trust them, set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 and resume again"
        ) from None


def require_mmdet(what: str) -> None:
    """Import MMDetection and register its modules.

    Args:
        what: What asks for it, for the message.

    Raises:
        ConfigError: If it is not installed, or not whole.
    """
    try:
        from mmdet.utils import register_all_modules
    except (ImportError, AssertionError) as error:  # it asserts the versions of mmcv and mmengine
        raise ConfigError(
            f"{what} needs MMDetection ({error}); install pcc-distill[mmdet] as its README says"
        ) from None
    register_all_modules(init_default_scope=False)


def train_stage(
    settings: Mapping[str, Any],
    on_step: Callable[[int, dict[str, float], float], None],
) -> nn.Module:
    """Train one model with MMEngine's runner, without its screen output.

    Args:
        settings: The runner's configuration.
        on_step: Called after each step, and after its evaluation where there is one, with the step
            from 1, its numbers ("map", "map50" and "map75" after an evaluation) and its seconds.

    Returns:
        The trained model.

    Raises:
        DistillError: If the teacher or a loss cannot be built.
    """
    from mmengine.config import Config
    from mmengine.hooks import Hook
    from mmengine.runner import Runner

    class Reporter(Hook):
        def __init__(self) -> None:
            self.pending: dict[str, float] = {}
            self.began = time.perf_counter()

        def before_run(self, runner: Any) -> None:
            # Weights are drawn next: building a teacher must not change a student's.
            torch.manual_seed(settings["randomness"]["seed"])

        def after_train_iter(
            self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
        ) -> None:
            step = runner.iter + 1
            self.pending = {name: float(value) for name, value in (outputs or {}).items()}
            interval = runner.train_loop.val_interval
            if step % interval and step != runner.max_iters:
                self.report(step)

        def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
            found = metrics or {}  # empty without a single detection
            for name, key in (("map", ""), ("map50", "_50"), ("map75", "_75")):
                self.pending[name] = max(0.0, float(found.get(f"coco/bbox_mAP{key}", 0.0)))
            self.report(runner.iter)

        def report(self, step: int) -> None:
            now = time.perf_counter()
            on_step(step, self.pending, now - self.began)
            self.began = now

    with contextlib.redirect_stdout(io.StringIO()):  # what pycocotools and MMEngine print
        runner = Runner.from_cfg(Config(dict(settings)))
        runner.register_hook(Reporter())
        return runner.train()


def build_model(settings: Mapping[str, Any], weights: Path) -> nn.Module:
    """A plain MMDetection model with the weights of a safetensors file."""
    from mmengine.config import ConfigDict
    from mmengine.registry import MODELS, DefaultScope
    from safetensors.torch import load_file

    with DefaultScope.overwrite_default_scope("mmdet"):
        model = MODELS.build(ConfigDict(settings))
    model.load_state_dict(load_file(weights))
    return model


def neck_levels(model: nn.Module, image: Path) -> tuple[list[Tensor], Tensor]:
    """The neck's levels of one picture, [1, C, H, W] each, and the picture [3, H, W]."""
    import numpy as np
    from mmdet.structures import DetDataSample
    from PIL import Image

    with Image.open(image) as file:
        pixels = torch.from_numpy(np.asarray(file.convert("RGB"))[..., ::-1].copy())
    sample = DetDataSample(metainfo={"img_shape": tuple(pixels.shape[:2])})
    data = {"inputs": [pixels.permute(2, 0, 1)], "data_samples": [sample]}
    model.eval()
    with torch.no_grad():
        inputs = model.data_preprocessor(data, False)["inputs"]
        return list(model.extract_feat(inputs)), inputs[0]
