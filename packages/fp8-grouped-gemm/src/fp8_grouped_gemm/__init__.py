"""Block-scaled FP8 grouped GEMM for mixture-of-experts layers, without padding anywhere."""

from importlib.metadata import version

from fp8_grouped_gemm.errors import (
    BackendError,
    DeviceError,
    DtypeError,
    Fp8GroupedGemmError,
    GroupSizeError,
    OptionError,
    ShapeError,
)
from fp8_grouped_gemm.functional import (
    PreparedWeight,
    Recipe,
    grouped_gemm,
    grouped_gemm_dgrad,
    grouped_gemm_wgrad,
    prepare_weight,
)
from fp8_grouped_gemm.nn import GroupedLinear
from fp8_grouped_gemm.quantize import (
    QuantizedTensor,
    quantize_block,
    quantize_block_dual,
    quantize_tile,
    quantize_tile_columns,
    quantize_tile_dual,
)

__version__ = version("fp8-grouped-gemm")

__all__ = [
    "BackendError",
    "DeviceError",
    "DtypeError",
    "Fp8GroupedGemmError",
    "GroupSizeError",
    "GroupedLinear",
    "OptionError",
    "PreparedWeight",
    "QuantizedTensor",
    "Recipe",
    "ShapeError",
    "grouped_gemm",
    "grouped_gemm_dgrad",
    "grouped_gemm_wgrad",
    "prepare_weight",
    "quantize_block",
    "quantize_block_dual",
    "quantize_tile",
    "quantize_tile_columns",
    "quantize_tile_dual",
]
