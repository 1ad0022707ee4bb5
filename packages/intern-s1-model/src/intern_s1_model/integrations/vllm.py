"""Serving with vLLM: the plugin entry point, and the export of folders that vLLM can serve.

vLLM has its own Intern-S1 model (text, images, video). What it lacks is knowledge of this
configuration and tokenizer, which the plugin registers in every vLLM process, and of time series,
which `export_for_vllm` leaves out and whose requests the exported chat template refuses.

This module needs vLLM only in that vLLM calls it; it imports nothing of it.
"""

import json
from pathlib import Path
from typing import Any

from intern_s1_model.checkpoint.layout import expected_keys
from intern_s1_model.checkpoint.reading import CheckpointReader, read_config
from intern_s1_model.checkpoint.writing import DTYPES, write_shards
from intern_s1_model.configuration_intern_s1 import InternS1Config
from intern_s1_model.processing_intern_s1 import InternS1Processor
from intern_s1_model.registration import register as register_with_transformers

NO_TIME_SERIES = (
    "This engine serves Intern-S1 without time series; send text, images or video, or run the "
    "model with transformers."
)
_TIME_SERIES_BRANCH = "{%- elif part['type'] == 'time_series' %}{{- '<TS_CONTEXT>\n' }}"


def register() -> None:
    """Make vLLM's processes know the configuration, tokenizer and processor.

    Named by the `vllm.general_plugins` entry point; called once per process, and again harmlessly.
    """
    register_with_transformers()


def export_for_vllm(
    source: str | Path, target: str | Path, *, dtype: str = "bfloat16"
) -> list[str]:
    """Write a folder that vLLM can serve: no time-series weights, a template that says so.

    Args:
        source: Folder with a saved model and processor.
        target: Folder to write, which must not hold a checkpoint.
        dtype: "bfloat16", "float16" or "float32".

    Returns:
        The keys that were left out.

    Raises:
        ValueError: If the dtype is unknown or the target holds a checkpoint.
    """
    source, target = Path(source), Path(target)
    if dtype not in DTYPES:
        raise ValueError(f"Unknown dtype {dtype!r}; expected one of {sorted(DTYPES)}.")
    if any(target.glob("*.safetensors")):
        raise ValueError(f"{target} already holds .safetensors files; choose an empty folder.")
    config = read_config(source)
    wanted = expected_keys(without_time_series(config))
    target.mkdir(parents=True, exist_ok=True)
    with CheckpointReader(source, DTYPES[dtype]) as reader:
        left_out = [key for key in reader.keys_by_shard() if key not in wanted]
        tensors = ((key, reader.read(key)) for key in reader.keys_by_shard() if key in wanted)
        write_shards(tensors, target, 5 * 10**9)
    data: dict[str, Any] = without_time_series(config).to_dict()
    data |= {"architectures": ["InternS1ForConditionalGeneration"], "dtype": dtype}
    (target / "config.json").write_text(json.dumps(data, indent=2, sort_keys=True) + "\n")
    processor = InternS1Processor.from_pretrained(source)
    refusal = (
        "{%- elif part['type'] == 'time_series' %}{{- raise_exception('" + NO_TIME_SERIES + "') }}"
    )
    template = (processor.chat_template or "").replace(_TIME_SERIES_BRANCH, refusal)
    processor.chat_template = processor.tokenizer.chat_template = template
    processor.save_pretrained(target)
    return left_out


def without_time_series(config: InternS1Config) -> InternS1Config:
    """A copy of a configuration whose model has no time-series encoder."""
    return InternS1Config(**{**config.to_dict(), "ts_config": None})
