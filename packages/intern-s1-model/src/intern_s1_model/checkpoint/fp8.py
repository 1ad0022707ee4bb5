"""FP8 weights scaled per 128 by 128 block, as the published FP8 release stores them.

A weight `X.weight` is float8_e4m3fn, [O, I]; `X.weight_scale_inv`, float32,
[ceil(O / 128), ceil(I / 128)], is what each block is multiplied by to get the weight back.
"""

import torch
from torch import Tensor

BLOCK = 128
FP8_MAX = torch.finfo(torch.float8_e4m3fn).max  # 448


def dequantize_blocks(
    quantized_OI: Tensor, scale_inv: Tensor, dtype: torch.dtype = torch.bfloat16
) -> Tensor:
    """Multiply each block by its scale.

    Args:
        quantized_OI: float8_e4m3fn, [O, I].
        scale_inv: Float32, one entry per block; an incomplete last block has its own.
        dtype: Dtype of the result.

    Returns:
        [O, I] in `dtype`; the product is taken in float32 and rounded once.

    Raises:
        ValueError: If the scales do not fit the weight.
    """
    rows, columns = quantized_OI.shape
    expected = (-(-rows // BLOCK), -(-columns // BLOCK))
    if tuple(scale_inv.shape) != expected:
        raise ValueError(
            f"weight_scale_inv has shape {tuple(scale_inv.shape)}; a {rows}x{columns} weight in "
            f"blocks of {BLOCK} needs {expected}."
        )
    out = torch.empty(rows, columns, dtype=dtype, device=quantized_OI.device)
    # One band of blocks at a time keeps the float32 copy small.
    for band, start in enumerate(range(0, rows, BLOCK)):
        part = quantized_OI[start : start + BLOCK].float()
        scales_I = scale_inv[band].float().repeat_interleave(BLOCK)[:columns]
        out[start : start + BLOCK] = part * scales_I
    return out


def quantize_blocks(weight_OI: Tensor) -> tuple[Tensor, Tensor]:
    """Scale each block so that its largest magnitude becomes 448, and round to FP8.

    Args:
        weight_OI: Finite floats, [O, I].

    Returns:
        The float8_e4m3fn weight and its float32 scales; a block of zeros has scale 1.

    Raises:
        ValueError: If a weight is not finite.
    """
    if not bool(torch.isfinite(weight_OI).all()):
        raise ValueError("A weight to be quantized holds NaN or infinity; check the source.")
    rows, columns = weight_OI.shape
    quantized = torch.empty(rows, columns, dtype=torch.float8_e4m3fn, device=weight_OI.device)
    scales = torch.ones(-(-rows // BLOCK), -(-columns // BLOCK), device=weight_OI.device)
    padding = -columns % BLOCK
    for band, start in enumerate(range(0, rows, BLOCK)):
        part = weight_OI[start : start + BLOCK].float()
        blocks = torch.nn.functional.pad(part, (0, padding)).view(len(part), -1, BLOCK)
        largest = blocks.abs().amax(dim=(0, 2))
        scales[band] = torch.where(largest > 0, largest / FP8_MAX, 1.0)
        scaled = (blocks / scales[band][:, None]).clamp(-FP8_MAX, FP8_MAX)
        quantized[start : start + BLOCK] = scaled.view(len(part), -1)[:, :columns].to(
            torch.float8_e4m3fn
        )
    return quantized, scales
