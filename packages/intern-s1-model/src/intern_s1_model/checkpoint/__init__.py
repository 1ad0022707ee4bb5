"""Reading, checking, converting and writing checkpoints in the published layout.

`python -m intern_s1_model.checkpoint verify FOLDER` compares a folder's keys and shapes with its
configuration; `convert SOURCE TARGET` rewrites it, undoing or applying FP8 block scaling.
"""

from .fp8 import BLOCK, dequantize_blocks, quantize_blocks
from .layout import KeyTarget, expected_keys, hub_name, is_quantized_in_fp8
from .reading import CheckpointReader, load_model, verify_checkpoint
from .writing import convert_checkpoint

__all__ = [
    "BLOCK",
    "CheckpointReader",
    "KeyTarget",
    "convert_checkpoint",
    "dequantize_blocks",
    "expected_keys",
    "hub_name",
    "is_quantized_in_fp8",
    "load_model",
    "quantize_blocks",
    "verify_checkpoint",
]
