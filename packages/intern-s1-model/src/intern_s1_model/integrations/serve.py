"""Serving with `transformers serve`, whose server speaks the OpenAI protocol.

That server looks a model's class up by name among the attributes of `transformers` and in its
table of image-and-text models, where a class of another package is not; `serve` puts it there and
starts the server.
"""

from pathlib import Path
from typing import Any

import transformers
from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES

from intern_s1_model.configuration_intern_s1 import InternS1Config
from intern_s1_model.modeling_intern_s1 import InternS1ForConditionalGeneration
from intern_s1_model.registration import register


def serve(folder: str | Path, **options: Any) -> Any:
    """Serve a saved model over HTTP; text and images, not time series.

    Args:
        folder: Folder with the model and its processor.
        **options: Of `transformers.cli.serve.Serve`: `host`, `port`, `device`, `dtype`,
            `non_blocking` to return with the server running, ...

    Returns:
        The server; its `kill_server` ends it, if it was started with `non_blocking=True`.

    Raises:
        ImportError: If fastapi and uvicorn are not installed.
        ValueError: If the folder holds no configuration.
    """
    if not (Path(folder) / "config.json").is_file():
        raise ValueError(f"{folder} holds no config.json; expected a saved model and processor.")
    from transformers.cli.serve import Serve

    register()
    name = InternS1ForConditionalGeneration.__name__
    vars(transformers)[name] = InternS1ForConditionalGeneration
    MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES.setdefault(InternS1Config.model_type, name)
    return Serve(force_model=str(folder), **options)
