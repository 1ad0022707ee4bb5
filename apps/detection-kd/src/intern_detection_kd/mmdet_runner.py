"""Training from an MMDetection configuration; the only importer of MMEngine here."""

import pickle
from collections.abc import Sequence
from pathlib import Path

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
        ConfigError: If MMDetection is not installed or the configuration or the teacher is wrong.
    """
    try:
        from mmdet.utils import register_all_modules
        from mmengine.config import Config
        from mmengine.runner import Runner
    except ImportError as error:
        raise ConfigError(
            f"--mmdet needs MMDetection ({error}); install pcc-distill[mmdet] as its README says"
        ) from None
    from pcc_distill import DistillError

    if not config.is_file():
        raise ConfigError(f"{config}: no such configuration file; check the path")
    register_all_modules(init_default_scope=False)
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
    except pickle.UnpicklingError:
        raise ConfigError(
            f"{output}: its checkpoints hold MMEngine's log history, which torch does not load by "
            "default; if you trust them, set TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD=1 and resume again"
        ) from None
