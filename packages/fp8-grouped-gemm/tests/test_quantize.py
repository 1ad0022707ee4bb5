"""The quantisers follow the written rules, on every backend, bit for bit."""

import pytest
import torch

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm import cpu, layout
from fp8_grouped_gemm import reference_quantize as rules
from fp8_grouped_gemm.testing import bits_equal

FP8 = [torch.float8_e4m3fn, torch.float8_e5m2]


def sample(*shape: int, seed: int = 0, dtype: torch.dtype = torch.bfloat16) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(*shape, generator=generator)
    # Spread magnitudes over 2**-20 .. 2**20, so that every exponent of FP8 is met.
    return (x * torch.exp2(torch.randint(-20, 20, (*shape[:-1], 1), generator=generator))).to(dtype)


def test_a_hand_computed_tile() -> None:
    x = torch.zeros(1, 128)
    x[0, :4] = torch.tensor([448.0, -224.0, 1.0, 0.0])
    q = fgg.quantize_tile(x * 2)
    assert q.scale.tolist() == [[2.0]]
    assert q.data.float()[0, :4].tolist() == [448.0, -224.0, 1.0, 0.0]


@pytest.mark.parametrize("dtype", FP8)
def test_power_of_two_scales_round_up_and_lose_no_range(dtype: torch.dtype) -> None:
    x = sample(64, 256)
    q = fgg.quantize_tile(x, dtype=dtype, power_of_two_scales=True)
    plain = fgg.quantize_tile(x, dtype=dtype)
    mantissa, _ = torch.frexp(q.scale)
    assert (mantissa == 0.5).all()
    assert (q.scale >= plain.scale).all()
    assert (q.scale < 2 * plain.scale).all()


@pytest.mark.parametrize("dtype", FP8)
@pytest.mark.parametrize("power_of_two", [False, True])
@pytest.mark.parametrize("source", [torch.bfloat16, torch.float32, torch.float16])
def test_the_fast_path_gives_the_bits_of_the_rules(
    dtype: torch.dtype, power_of_two: bool, source: torch.dtype
) -> None:
    x = sample(77, 256, dtype=torch.float32).clamp(-6e4, 6e4).to(source)
    sizes = torch.tensor([5, 0, 40, 20])
    for fast, slow in (
        (cpu.quantize_rows, rules.quantize_rows),
        (
            lambda *args: cpu.quantize_columns(args[0], sizes, *args[1:]),
            lambda *args: rules.quantize_columns(args[0], sizes, *args[1:]),
        ),
    ):
        for got, expected in zip(
            fast(x, dtype, power_of_two), slow(x, dtype, power_of_two), strict=True
        ):
            assert bits_equal(got, expected)


@pytest.mark.parametrize("dtype", FP8)
@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_a_value_that_is_not_finite_becomes_nan_alone(dtype: torch.dtype, bad: float) -> None:
    x = sample(8, 256)
    clean = fgg.quantize_tile(x.clone(), dtype=dtype)
    position = (3, int(x[3, :128].abs().argmin()))
    x[position] = bad
    q = fgg.quantize_tile(x, dtype=dtype)
    assert q.data[position].float().isnan()
    other = torch.ones_like(x, dtype=torch.bool)
    other[position] = False
    assert torch.equal(q.data.float()[other], clean.data.float()[other])
    assert torch.equal(q.scale, clean.scale)
    columns = fgg.quantize_tile_columns(x, torch.tensor([8]), dtype=dtype)
    assert int(columns.data.float().isnan().sum()) == 1


def test_zero_and_tiny_tiles_have_a_finite_scale() -> None:
    x = torch.zeros(2, 128)
    x[1, 0] = 1e-38
    q = fgg.quantize_tile(x)
    assert q.scale.isfinite().all()
    assert (q.scale > 0).all()
    assert not q.data.float().any()


@pytest.mark.parametrize("dtype", FP8)
def test_the_largest_value_is_kept_and_errors_stay_below_half_a_step(dtype: torch.dtype) -> None:
    x = sample(32, 128, dtype=torch.float32)
    back = fgg.quantize_tile(x, dtype=dtype).dequantize()
    mantissa_bits = 3 if dtype == torch.float8_e4m3fn else 2
    # Half a unit in the last place relative to the value, or half the smallest subnormal step
    # relative to the tile: 2**-9 for e4m3 and 2**-16 for e5m2, over fp8_max; 2**-22 for arithmetic.
    step = (2.0**-9 if mantissa_bits == 3 else 2.0**-16) / rules.FP8_MAX[dtype]
    limit = torch.maximum(x.abs() * 2.0 ** -(mantissa_bits + 1), x.abs().amax(1, True) * step / 2)
    assert ((back - x).abs() <= limit * (1 + 2.0**-20)).all()


def test_weights_and_their_transposes_share_values_and_scales() -> None:
    w = sample(3, 144, 160)
    plain, transposed = fgg.quantize_block_dual(w)
    reference, _ = rules.quantize_blocks(w.mT, torch.float8_e4m3fn, False)
    assert bits_equal(transposed.data, reference)
    assert torch.equal(plain.scale.mT, transposed.scale)


def test_columns_place_groups_at_multiples_of_sixteen_and_fill_with_zeros() -> None:
    sizes = torch.tensor([5, 0, 130, 17], dtype=torch.int32)
    x = sample(160, 32)
    q = fgg.quantize_tile_columns(x, sizes)
    place = layout.column_layout(sizes, 160)
    assert place.starts.tolist() == [0, 16, 16, 160]
    assert place.tile_starts.tolist() == [0, 1, 1, 3]
    used = torch.zeros(q.data.shape[1], dtype=torch.bool)
    for row, size, start, tile in zip(*(p.tolist() for p in place), strict=True):
        used[start : start + size] = True
        for index in range(layout.ceil_div(size, 128)):
            begin, end = index * 128, min(size, index * 128 + 128)
            expected = x[row + begin : row + end].float().abs().amax(0) / 448
            assert torch.equal(q.scale[:, tile + index], expected)
    assert not q.data.float()[:, ~used].any()
    padding = q.data.shape[1] - int(sizes.sum())
    assert padding <= 15 * len(sizes) + 15


def test_dual_results_equal_the_two_single_ones() -> None:
    x, sizes = sample(50, 64), torch.tensor([20, 30])
    tiles, columns = fgg.quantize_tile_dual(x, sizes)
    assert bits_equal(tiles.data, fgg.quantize_tile(x).data)
    assert bits_equal(columns.data, fgg.quantize_tile_columns(x, sizes).data)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: fgg.quantize_tile(torch.zeros(3)), fgg.ShapeError, "expected"),
        (lambda: fgg.quantize_tile(torch.zeros(3, 4).int()), fgg.DtypeError, "int32"),
        (
            lambda: fgg.quantize_tile(torch.zeros(3, 4), dtype=torch.bfloat16),
            fgg.DtypeError,
            "float8",
        ),
        (
            lambda: fgg.quantize_tile_columns(torch.zeros(3, 4), torch.tensor([2, 2])),
            fgg.GroupSizeError,
            "only 3",
        ),
        (
            lambda: fgg.quantize_tile_columns(torch.zeros(3, 4), torch.tensor([4, -1])),
            fgg.GroupSizeError,
            "-1",
        ),
        (
            lambda: fgg.QuantizedTensor(
                torch.zeros(2, 130).to(torch.float8_e4m3fn), torch.zeros(2, 1)
            ),
            fgg.ShapeError,
            r"\(2, 2\)",
        ),
    ],
)
def test_bad_input_is_refused_with_words(call, error, words) -> None:
    with pytest.raises(error, match=words):
        call()
