"""FP8 bytes by integer arithmetic, for GPUs whose FP8 types Triton does not know (before sm_89).

```text
e4m3   s eeee mmm    value = float16 bits (s, 0 eeee, mmm 0000000) * 2**8      NaN: 7F, FF
e5m2   s eeeee mm    value = float16 bits (s, eeeee, mm 00000000)              a float16 cut short
```

Both decode exactly into float16, whose products are exact in the float32 accumulator; so sm_80
gives the numbers of the reference at the speed of float16. Encoding rounds to nearest, ties to
even, as the hardware's conversion does: normals by adding half a step to the bits, subnormals by
adding a power of two whose last place is the smallest FP8 step.

`FORMAT` is 1 for e4m3, 2 for e5m2; 0 stands for the hardware's own types.
"""

# A type checker sees plain Python where Triton's compiler sees compile-time constants.
# pyright: reportAssignmentType=false, reportOperatorIssue=false, reportGeneralTypeIssues=false

from __future__ import annotations

from functools import cache

import torch
import triton
import triton.language as tl
from torch import Tensor


@triton.jit
def decode(codes, FORMAT: tl.constexpr):
    """Return FP8 bytes as float16, exactly; NaN stays NaN."""
    wide = codes.to(tl.int32)
    if FORMAT == 2:
        value = (wide << 8).to(tl.int16).to(tl.float16, bitcast=True)
    else:
        bits = ((wide & 0x80) << 8) | ((wide & 0x7F) << 7)
        # A product with a power of two is exact; the NaN of e4m3 would come out as 480.
        value = bits.to(tl.int16).to(tl.float16, bitcast=True) * 256.0
        value = tl.where((wide & 0x7F) == 0x7F, float("nan"), value).to(tl.float16)
    return value


@triton.jit
def encode(x, FORMAT: tl.constexpr):
    """Return finite float32 within the range of FP8 as bytes in int32, rounded to nearest even."""
    MANTISSA: tl.constexpr = 3 if FORMAT == 1 else 2
    BIAS: tl.constexpr = 7 if FORMAT == 1 else 15
    DROPPED: tl.constexpr = 23 - MANTISSA
    bits = x.to(tl.int32, bitcast=True)
    sign = (bits >> 24) & 0x80
    magnitude = bits & 0x7FFFFFFF
    odd = (magnitude >> DROPPED) & 1
    normal = (magnitude + (1 << (DROPPED - 1)) - 1 + odd) >> DROPPED
    normal -= (127 - BIAS) << MANTISSA
    # 2**(1 - BIAS - MANTISSA) is the smallest step, and the last place of this power of two.
    BASE: tl.constexpr = (127 + 1 - BIAS + DROPPED) << 23
    base = tl.full(x.shape, BASE, tl.int32).to(tl.float32, bitcast=True)
    subnormal = (magnitude.to(tl.float32, bitcast=True) + base).to(tl.int32, bitcast=True) - BASE
    return sign | tl.where(magnitude < ((128 - BIAS) << 23), subnormal, normal)


def fp8_format(dtype: torch.dtype) -> int:
    """Return the `FORMAT` of a torch type."""
    return {torch.float8_e4m3fn: 1, torch.float8_e5m2: 2}[dtype]


@cache
def _lacks_fp8(index: int) -> bool:
    return torch.cuda.get_device_capability(index) < (8, 9)


def in_software(device: torch.device) -> bool:
    """Return whether kernels on `device` must decode and encode bytes themselves."""
    return device.type == "cuda" and _lacks_fp8(device.index or 0)


def payload(x: Tensor | None, software: int) -> Tensor | None:
    """Return what a kernel is given: the FP8 tensor, or its bytes."""
    return x.view(torch.uint8) if x is not None and software else x
