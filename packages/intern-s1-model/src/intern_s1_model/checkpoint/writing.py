"""Writing a checkpoint folder in the published layout, shard by shard."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from intern_s1_model.configuration_intern_s1 import InternS1Config

from .fp8 import BLOCK, quantize_blocks
from .layout import SCALE_SUFFIX, expected_keys, is_quantized_in_fp8
from .reading import CheckpointReader, check_keys, read_config

DTYPES = {"bfloat16": torch.bfloat16, "float16": torch.float16, "float32": torch.float32}
# Files beside the weights that a converted folder keeps.
_KEPT_SUFFIXES = (".json", ".txt", ".model", ".jinja")


def convert_checkpoint(
    source: str | Path,
    target: str | Path,
    *,
    dtype: str = "bfloat16",
    max_shard_bytes: int = 5 * 10**9,
    config: InternS1Config | None = None,
) -> int:
    """Rewrite a checkpoint under the published keys.

    Args:
        source: Folder to read; older key spellings and FP8 are understood.
        target: Folder to write, which must not hold a checkpoint.
        dtype: "bfloat16", "float16", "float32", or "fp8" for the layout of the FP8 release.
        max_shard_bytes: Largest shard; at most one shard is in memory.
        config: Configuration of the source; None reads its `config.json`.

    Returns:
        Number of tensors written.

    Raises:
        CheckpointError: If the source does not fit its configuration.
        ValueError: If the dtype is unknown or the target holds a checkpoint.
    """
    source, target = Path(source), Path(target)
    if dtype != "fp8" and dtype not in DTYPES:
        raise ValueError(f"Unknown dtype {dtype!r}; expected 'fp8' or one of {sorted(DTYPES)}.")
    if any(target.glob("*.safetensors")):
        raise ValueError(f"{target} already holds .safetensors files; choose an empty folder.")
    config = config or read_config(source)
    target.mkdir(parents=True, exist_ok=True)
    with CheckpointReader(source, DTYPES.get(dtype, torch.bfloat16)) as reader:
        check_keys(reader, expected_keys(config))
        written = write_shards(_converted(reader, to_fp8=dtype == "fp8"), target, max_shard_bytes)
    for path in source.iterdir():
        if path.suffix in _KEPT_SUFFIXES and path.name != "model.safetensors.index.json":
            shutil.copyfile(path, target / path.name)
    _write_config(config, target, dtype)
    return written


def write_shards(tensors: Iterator[tuple[str, Tensor]], target: Path, max_shard_bytes: int) -> int:
    """Write tensors to numbered shards and an index, or to one file if they fit.

    Returns:
        Number of tensors.
    """
    shard: dict[str, Tensor] = {}
    names: list[list[str]] = []
    size = total = 0

    def flush() -> None:
        save_file(shard, str(target / f"part-{len(names):05d}"), metadata={"format": "pt"})
        names.append(list(shard))
        shard.clear()

    for key, tensor in tensors:
        if shard and size + tensor.nbytes > max_shard_bytes:
            flush()
            size = 0
        shard[key] = tensor.contiguous()
        size += tensor.nbytes
        total += tensor.nbytes
    flush()
    if len(names) == 1:
        (target / "part-00000").replace(target / "model.safetensors")
        return len(names[0])
    weight_map = {}
    for index, keys in enumerate(names):
        name = f"model-{index + 1:05d}-of-{len(names):05d}.safetensors"
        (target / f"part-{index:05d}").replace(target / name)
        weight_map.update(dict.fromkeys(keys, name))
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (target / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")
    return len(weight_map)


def _converted(reader: CheckpointReader, *, to_fp8: bool) -> Iterator[tuple[str, Tensor]]:
    for key in reader.keys_by_shard():
        tensor = reader.read(key)
        if to_fp8 and is_quantized_in_fp8(key):
            quantized, scale = quantize_blocks(tensor)
            yield key, quantized
            yield key + SCALE_SUFFIX, scale
        else:
            yield key, tensor


def _write_config(config: InternS1Config, target: Path, dtype: str) -> None:
    data = config.to_dict()
    data["architectures"] = ["InternS1ForConditionalGeneration"]
    data["dtype"] = "bfloat16" if dtype == "fp8" else dtype
    if dtype == "fp8":
        data["quantization_config"] = {
            "quant_method": "fp8",
            "fmt": "e4m3",
            "activation_scheme": "dynamic",
            "weight_block_size": [BLOCK, BLOCK],
            "modules_to_not_convert": [
                "lm_head",
                "model.vision_tower",
                "model.multi_modal_projector",
                "model.time_series",
                *(
                    f"model.language_model.layers.{layer}.mlp.gate"
                    for layer in range(config.text_config.num_hidden_layers)
                    if config.text_config.model_type == "qwen3_moe"
                ),
            ],
        }
    (target / "config.json").write_text(json.dumps(data, indent=2, sort_keys=True) + "\n")
