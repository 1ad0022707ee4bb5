"""Saved models: written whole or not at all, loaded through the Auto classes."""

from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from transformers import AutoModelForImageTextToText
from transformers.utils.logging import disable_progress_bar

import intern_s1_model  # registers Intern-S1 with the Auto classes
from intern_pretrain.folders import written_folder
from intern_runs import CheckpointError

__all__ = ["intern_s1_model", "load_model", "save_model"]


def hide_progress_bars() -> None:
    """Silence transformers' own bars: a run has a display of its own."""
    disable_progress_bar()


def save_model(model: Any, processor: Any, path: Path) -> None:
    """Write model and processor so that `from_pretrained(path)` loads them.

    A kill leaves the folder whole or absent.
    """
    with written_folder(path) as draft:
        model.save_pretrained(draft)
        processor.save_pretrained(draft)


def load_model(path: Path) -> Any:
    """Load a saved model in float32.

    Raises:
        CheckpointError: If the folder is missing or damaged.
    """
    try:
        return AutoModelForImageTextToText.from_pretrained(path, dtype="float32")
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CheckpointError(f"{path}: cannot load the model: {reason}") from None
