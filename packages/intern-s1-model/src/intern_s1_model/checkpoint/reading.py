"""Reading a checkpoint folder key by key.

Shards are memory-mapped one at a time and every tensor is copied straight to its place, so that
beside the model itself memory holds at most the mapped pages of one shard and one matrix.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor
from transformers import AutoConfig

from intern_s1_model.configuration_intern_s1 import InternS1Config
from intern_s1_model.errors import CheckpointError
from intern_s1_model.modeling_intern_s1 import InternS1ForConditionalGeneration

from .fp8 import BLOCK, dequantize_blocks
from .layout import SCALE_SUFFIX, KeyTarget, build_on_meta, expected_keys, hub_name

_SHOWN = 20


class CheckpointReader:
    """Tensors of a folder by published key, FP8 weights scaled back on the way.

    Args:
        folder: Folder of `.safetensors` files, with `model.safetensors.index.json` if several.
        dtype: Dtype that floating tensors are returned in; None keeps the stored one (bfloat16
            for FP8 weights).

    Raises:
        CheckpointError: If the folder holds no checkpoint, or a file is damaged.
    """

    def __init__(self, folder: str | Path, dtype: torch.dtype | None = None) -> None:
        self.folder = Path(folder)
        self.dtype = dtype
        self._open_shard: tuple[str, Any] | None = None
        # Published key -> (stored key, shard); scales are kept apart.
        self.locations: dict[str, tuple[str, str]] = {}
        self.scales: dict[str, tuple[str, str]] = {}
        for shard in self._shards():
            for stored in self._file(shard).keys():  # noqa: SIM118 - not a dict
                key = hub_name(stored)
                if key is None:
                    continue
                place = self.scales if key.endswith(SCALE_SUFFIX) else self.locations
                if key in place:
                    raise CheckpointError(
                        f"Key {key} is stored twice, in {place[key][1]} and {shard}; remove the "
                        "files that do not belong to this checkpoint."
                    )
                place[key] = (stored, shard)

    def __enter__(self) -> "CheckpointReader":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Unmap the shard in use."""
        self._open_shard = None

    def shape(self, key: str) -> tuple[int, ...]:
        """Shape of a key's tensor, without reading it."""
        stored, shard = self.locations[key]
        return tuple(self._file(shard).get_slice(stored).get_shape())

    def keys_by_shard(self) -> Iterator[str]:
        """Keys in the order in which they can be read with each shard opened once."""
        yield from sorted(self.locations, key=lambda key: self.locations[key][1])

    def read(self, key: str) -> Tensor:
        """Read one tensor, scaled back if it is FP8, in the reader's dtype."""
        stored, shard = self.locations[key]
        tensor = self._file(shard).get_tensor(stored)
        if tensor.dtype == torch.float8_e4m3fn:
            return self._dequantize(key, tensor, shard)
        if self.dtype is not None and tensor.is_floating_point():
            tensor = tensor.to(self.dtype)
        return tensor

    def _dequantize(self, key: str, tensor: Tensor, shard: str) -> Tensor:
        scale_key = key + SCALE_SUFFIX
        if scale_key not in self.scales:
            raise CheckpointError(
                f"{key} is FP8 but {scale_key} is not in {self.folder}; without its scales the "
                "weight cannot be read.",
                missing=(scale_key,),
            )
        stored, scale_shard = self.scales[scale_key]
        if scale_shard == shard:
            scale = self._file(shard).get_tensor(stored)
        else:
            with safe_open(str(self.folder / scale_shard), "pt") as file:
                scale = file.get_tensor(stored)
        return dequantize_blocks(tensor, scale, self.dtype or torch.bfloat16)

    def _shards(self) -> list[str]:
        index = self.folder / "model.safetensors.index.json"
        if index.exists():
            try:
                shards = sorted(set(json.loads(index.read_text("utf-8"))["weight_map"].values()))
            except (ValueError, KeyError, AttributeError) as error:
                raise CheckpointError(f"{index} is not a weight index: {error}") from error
        else:
            shards = sorted(path.name for path in self.folder.glob("*.safetensors"))
        if not shards:
            raise CheckpointError(
                f"{self.folder} holds no .safetensors file; expected a saved Intern-S1 model."
            )
        absent = [shard for shard in shards if not (self.folder / shard).is_file()]
        if absent:
            raise CheckpointError(f"{self.folder} lacks {absent}, which its index names.")
        return shards

    def _file(self, shard: str) -> Any:
        if self._open_shard is None or self._open_shard[0] != shard:
            self._open_shard = None  # unmap the last one first
            try:
                self._open_shard = (shard, safe_open(str(self.folder / shard), "pt"))
            except (SafetensorError, OSError) as error:
                raise CheckpointError(f"{self.folder / shard} cannot be read: {error}") from error
        return self._open_shard[1]


def verify_checkpoint(
    folder: str | Path, config: InternS1Config | None = None
) -> dict[str, KeyTarget]:
    """Compare a folder's keys and shapes with what its configuration asks for.

    Args:
        folder: Checkpoint folder.
        config: Configuration to compare with; None reads the folder's `config.json`.

    Returns:
        The keys, all of which are there with the right shape.

    Raises:
        CheckpointError: If keys are missing, extra or misshapen; one error names them all.
    """
    config = config or read_config(folder)
    with CheckpointReader(folder) as reader:
        return check_keys(reader, expected_keys(config))


def load_model(
    folder: str | Path,
    *,
    dtype: torch.dtype | None = None,
    device: str | torch.device = "cpu",
    config: InternS1Config | None = None,
) -> InternS1ForConditionalGeneration:
    """Load a checkpoint, FP8 included, with little memory beside the model.

    Args:
        folder: Checkpoint folder.
        dtype: Dtype of the model; None takes the configuration's, or else bfloat16.
        device: Where to put it.
        config: Configuration; None reads the folder's.

    Returns:
        The model, in eval mode, every parameter read from the files.

    Raises:
        CheckpointError: If keys are missing, extra or misshapen.
    """
    config = config or read_config(folder)
    chosen: Any = dtype or config.dtype or torch.bfloat16
    model = build_on_meta(config)
    with CheckpointReader(folder, chosen) as reader:
        targets = check_keys(reader, expected_keys(model))
        model = model.to(chosen).to_empty(device=device)
        parameters = model.state_dict()
        for key in reader.keys_by_shard():
            target = targets[key]
            target.view(parameters[target.parameter]).copy_(reader.read(key))
    model.tie_weights()
    _restore_computed_buffers(model)
    return model.eval()


def read_config(folder: str | Path) -> InternS1Config:
    """Read `config.json`, without the note that the weights are FP8 (they are scaled back).

    Raises:
        CheckpointError: If it is not an Intern-S1 configuration, or of an unknown FP8 kind.
    """
    config = AutoConfig.from_pretrained(folder)
    if not isinstance(config, InternS1Config):
        raise CheckpointError(
            f"{folder} holds a {config.model_type!r} configuration; expected "
            f"{InternS1Config.model_type!r}."
        )
    quantization = getattr(config, "quantization_config", None)
    if quantization is not None:
        block = list(quantization.get("weight_block_size") or ())
        if quantization.get("quant_method") != "fp8" or block != [BLOCK, BLOCK]:
            raise CheckpointError(
                f"{folder} is quantized as {quantization}; only fp8 in blocks of {BLOCK} by "
                f"{BLOCK} is read here."
            )
        del config.quantization_config
    return config


def check_keys(reader: CheckpointReader, expected: dict[str, KeyTarget]) -> dict[str, KeyTarget]:
    """Compare an open folder with the expected keys; see `verify_checkpoint`."""
    found = reader.locations
    missing = tuple(key for key in expected if key not in found)
    extra = tuple(key for key in found if key not in expected)
    extra += tuple(
        key for key in reader.scales if key.removesuffix(SCALE_SUFFIX) not in reader.locations
    )
    misshapen = tuple(
        f"{key}: got {list(reader.shape(key))}, expected {list(expected[key].shape)}"
        for key in reader.keys_by_shard()
        if key in expected and reader.shape(key) != expected[key].shape
    )
    if not (missing or extra or misshapen):
        return expected
    lines = [
        f"{len(names)} {what}: {', '.join(names[:_SHOWN])}{' ...' * (len(names) > _SHOWN)}"
        for what, names in (("missing", missing), ("extra", extra), ("misshapen", misshapen))
        if names
    ]
    raise CheckpointError(
        f"{reader.folder} does not fit its configuration. " + "; ".join(lines),
        missing=missing,
        extra=extra,
        misshapen=misshapen,
    )


def _restore_computed_buffers(model: InternS1ForConditionalGeneration) -> None:
    """Compute again what is not stored: the rotary frequencies, lost on the meta device."""
    rotary = model.model.language_model.rotary_emb
    fresh = type(rotary)(config=rotary.config)
    for name, buffer in rotary.named_buffers():
        buffer.copy_(getattr(fresh, name))
