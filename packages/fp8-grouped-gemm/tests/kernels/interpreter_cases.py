"""Cases for Triton's interpreter, which replaces kernels as they are imported.

It is switched on by an environment variable before the import, so `test_interpreter` runs this file
as a program of its own; it prints one JSON object, case name to "ok" or what went wrong.

The interpreter's own casts are not exact: it truncates float32 to bfloat16 and misrounds about a
tenth of the casts to FP8. `use_exact_casts` replaces them by torch's, so that bits can be compared.
"""

from __future__ import annotations

import json
import sys
import traceback

import numpy as np
import torch
from triton.runtime import interpreter

from fp8_grouped_gemm import Recipe, grouped_gemm, layout, reference
from fp8_grouped_gemm import reference_quantize as rules
from fp8_grouped_gemm.kernels import cast, gemm, schedule, wgrad
from fp8_grouped_gemm.testing import (
    bits_equal,
    canaries_alive,
    relative_error,
    with_canaries,
)

E4M3, E5M2 = torch.float8_e4m3fn, torch.float8_e5m2
SIZES = torch.tensor([5, 0, 150, 128, 0, 1], dtype=torch.int32)
ROWS = 300  # 16 rows of tail
CASES = {}
TYPES = {
    "fp8e4nv": (E4M3, torch.uint8, np.uint8),
    "fp8e5": (E5M2, torch.uint8, np.uint8),
    "bf16": (torch.bfloat16, torch.int16, np.uint16),
    "fp16": (torch.float16, torch.int16, np.uint16),
    "fp32": (torch.float32, torch.int32, np.uint32),
}


def use_exact_casts():
    def convert(data, source, target, rounding_mode):
        del rounding_mode
        wide, signed, _ = TYPES[str(source)]
        narrow, narrow_signed, unsigned = TYPES[str(target)]
        integers = np.frombuffer(data.tobytes(), dtype=str(signed)[6:]).copy()
        values = torch.from_numpy(integers).view(wide).float().to(narrow)
        return values.view(narrow_signed).numpy().view(unsigned).reshape(data.shape)

    interpreter._convert_float = convert


def case(function):
    CASES[function.__name__] = function
    return function


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(torch.bfloat16)


def operands(cols=144, depth=160, rows=ROWS, sizes=SIZES):
    a = rules.quantize_rows(random(rows, depth), E4M3, False)
    b = rules.quantize_blocks(random(len(sizes), cols, depth, seed=1), E4M3, False)
    return (*a, *b, sizes)


def launch(tensors, *, out=None, fill=7.0, **options):
    if out is None:
        out = torch.full((tensors[0].shape[0], tensors[2].shape[1]), fill)
    gemm.launch_gemm(*tensors, out, hopper=True, programs=3, **options)
    return out


@case
def schedule_equals_its_model():
    for sizes in (SIZES, SIZES.long(), torch.tensor([400]), torch.tensor([0, 7, -3, 600])):
        for block in (64, 128):
            table, groups = schedule.build_schedule(sizes, ROWS, block)
            model = layout.tile_schedule(sizes, ROWS, block)
            used = int(model[0, 1]) + 1
            assert torch.equal(table[:used, :3], model[:used, :3])
            assert torch.equal(groups, torch.stack(layout.column_layout(sizes, ROWS), 1))


@case
def stores_agree_bit_for_bit_and_with_the_reference():
    tensors = operands()
    expected = reference.grouped_gemm(*tensors, torch.float32)[:284]
    for config in (gemm.LARGE, gemm.SMALL):
        results = [
            launch(tensors, store=store, config=config) for store in ("masked", "ragged", "pool")
        ]
        for got in results:
            assert bits_equal(got, results[0])
            assert (got[284:] == 7).all(), "wrote behind the last group"
            # float32 sums of 160 products in another order.
            assert relative_error(got[:284], expected) < 1e-12


@case
def every_height_of_the_pool_is_right():
    for size in (1, 2, 3, 63, 64, 65, 127, 128, 129):
        sizes = torch.tensor([size, 4], dtype=torch.int32)
        tensors = operands(cols=16, depth=128, rows=size + 10, sizes=sizes)
        pool, masked = (
            launch(tensors, store=store, config=gemm.LARGE) for store in ("pool", "masked")
        )
        assert bits_equal(pool, masked), size


@case
def pointer_loads_give_the_same():
    tensors = operands()
    out = torch.full((ROWS, 144), 7.0)
    gemm.launch_gemm(*tensors, out, hopper=False, programs=3, store="ragged")
    assert relative_error(out[:284], reference.grouped_gemm(*tensors, torch.float32)[:284]) < 1e-12


@case
def a_tail_is_zeroed_on_request():
    for store in ("masked", "ragged", "pool"):
        assert not launch(operands(), store=store, zero_tail=True)[284:].any()


@case
def canaries_around_rows_and_results_survive():
    a, scale_a, *rest = operands()
    view, _ = with_canaries(a)
    for store in ("masked", "ragged", "pool"):
        result, frame = with_canaries(torch.zeros(ROWS, 144))
        launch((view, scale_a, *rest), out=result, store=store)
        assert canaries_alive(frame)
        assert bits_equal(result[:284], launch((a, scale_a, *rest), store=store)[:284])


@case
def neighbours_that_are_nan_never_leak():
    a, scale_a, *rest = operands()
    clean = launch((a, scale_a, *rest))
    start = 0
    for size in SIZES.tolist():
        poisoned = torch.full(a.shape, float("nan")).to(a.dtype)
        poisoned[start : start + size] = a[start : start + size]
        for store in ("masked", "ragged", "pool"):
            got = launch((poisoned, scale_a, *rest), store=store)
            assert bits_equal(got[start : start + size], clean[start : start + size])
        start += size


@case
def a_ragged_run_has_the_bits_of_its_padded_run():
    a, scale_a, b, scale_b, _ = operands()
    padded_sizes = (SIZES + 127) // 128 * 128
    total = int(padded_sizes.sum())
    a_pad = torch.zeros(total, 160).to(E4M3)
    scale_pad = torch.ones(total, 2)
    rows, source, target = [], 0, 0
    for size, room in zip(SIZES.tolist(), padded_sizes.tolist(), strict=True):
        a_pad[target : target + size] = a[source : source + size]
        scale_pad[target : target + size] = scale_a[source : source + size]
        rows += range(target, target + size)
        source, target = source + size, target + room
    padded = launch((a_pad, scale_pad, b, scale_b, padded_sizes))
    assert bits_equal(launch((a, scale_a, b, scale_b, SIZES))[:284], padded[rows])


@case
def gather_scatter_and_row_weight_equal_the_long_way():
    a, scale_a, b, scale_b, sizes = operands()
    generator = torch.Generator().manual_seed(2)
    gather = torch.randint(0, 40, (ROWS,), generator=generator)
    scatter = torch.randperm(ROWS, generator=generator)
    weight = torch.rand(ROWS, generator=generator)
    out = torch.zeros(ROWS, 144)
    launch(
        (a[:40], scale_a[:40], b, scale_b, sizes), out=out, gather=gather, scatter=scatter,
        row_weight=weight,
    )  # fmt: skip
    rows = launch((a[gather], scale_a[gather], b, scale_b, sizes)) * weight[:, None]
    expected = torch.zeros(ROWS, 144)
    expected[scatter[:284]] = rows[:284]
    assert bits_equal(out, expected)


@case
def depths_and_widths_that_are_no_multiple_of_128():
    for cols, depth in ((16, 16), (136, 144), (100, 272)):
        tensors = operands(cols, depth)
        expected = reference.grouped_gemm(*tensors, torch.float32)[:284]
        for store in ("ragged", "pool", "masked"):
            assert relative_error(launch(tensors, store=store)[:284], expected) < 1e-12


@case
def casts_have_the_bits_of_the_rules():
    x = random(ROWS, 160)
    x[7, 3], x[270, 5] = float("nan"), float("inf")
    w = random(2, 144, 160, seed=3)
    place = layout.column_layout(SIZES, ROWS)
    end = int(place.starts[-1] + place.sizes[-1])
    used = int(-(-SIZES // 128).sum())
    for dtype in (E4M3, E5M2):
        for pow2 in (False, True):
            got = cast.quantize_dual(x, SIZES, dtype, pow2)
            rows = rules.quantize_rows(x, dtype, pow2)
            columns = rules.quantize_columns(x, SIZES, dtype, pow2)
            blocks = rules.quantize_blocks(w, dtype, pow2)
            alone = cast.quantize_rows(x, dtype, pow2)
            data, scale, data_t = cast.quantize_blocks(w, dtype, pow2, transposed=True)
            strided = cast.quantize_blocks(w.mT, dtype, pow2, transposed=False)
            for name, left, right in (
                ("row values", got[0], rows[0]),
                ("row scales", got[1], rows[1]),
                ("column values", got[2][:, :end], columns[0][:, :end]),
                ("column scales", got[3][:, :used], columns[1][:, :used]),
                ("rows alone", alone[0], rows[0]),
                ("row scales alone", alone[1], rows[1]),
                ("block values", data, blocks[0]),
                ("block scales", scale, blocks[1]),
                ("transposed block values", data_t, blocks[0].mT),
                ("blocks of a strided weight", strided[0], blocks[0].mT),
            ):
                left, right = left.float(), right.float()
                assert torch.equal(left.isnan(), right.isnan()), name
                assert torch.equal(left.nan_to_num(), right.nan_to_num()), name


@case
def weight_gradients_equal_the_reference_and_see_no_neighbour():
    left = rules.quantize_columns(random(ROWS, 144), SIZES, E5M2, False)
    right = rules.quantize_columns(random(ROWS, 160, seed=1), SIZES, E4M3, False)
    expected = reference.grouped_gemm_wgrad(*left, *right, SIZES, ROWS, torch.float32)
    _, table = schedule.build_schedule(SIZES, ROWS, 128)
    tensors = (left[0].contiguous(), left[1], right[0].contiguous(), right[1])
    for config, hopper in ((wgrad.LARGE, True), (wgrad.PORTABLE, False)):
        out = torch.full((6, 144, 160), 7.0)
        wgrad.launch_wgrad(*tensors, table, out, config=config, hopper=hopper)
        assert relative_error(out, expected) < 1e-12
        assert not out[1].any(), "an empty group must give zeros"
    place = layout.column_layout(SIZES, ROWS)
    for group in (0, 2, 3):
        start, size = int(place.starts[group]), -(-int(place.sizes[group]) // 16) * 16
        poisoned = []
        for data in tensors[::2]:
            bad = torch.full(data.shape, float("nan")).to(data.dtype)
            bad[:, start : start + size] = data[:, start : start + size]
            poisoned.append(bad)
        for config, hopper in ((wgrad.LARGE, True), (wgrad.PORTABLE, False)):
            out = torch.zeros(6, 144, 160)
            wgrad.launch_wgrad(
                poisoned[0], left[1], poisoned[1], right[1], table, out, config=config,
                hopper=hopper,
            )  # fmt: skip
            assert bits_equal(out[group], out[group].nan_to_num(1e30)), "a neighbour leaked"
            assert relative_error(out[group], expected[group]) < 1e-12


@case
def the_public_function_trains_on_the_triton_backend():
    sizes = torch.tensor([3, 0, 30])
    results = []
    for backend in ("triton", "reference"):
        a = random(40, 64).float().requires_grad_()
        b = random(3, 48, 64, seed=1).float().requires_grad_()
        out = grouped_gemm(a, b, sizes, zero_tail=True, recipe=Recipe(backend=backend))
        out.backward(random(40, 48, seed=2).float())
        results.append((out.detach(), a.grad, b.grad))
    for got, expected in zip(*results, strict=True):
        # The same FP8 operands; float32 sums in another order.
        assert relative_error(got, expected) < 1e-12


def main() -> None:
    use_exact_casts()
    results = {}
    for name, function in CASES.items():
        try:
            function()
            results[name] = "ok"
        except Exception:
            results[name] = traceback.format_exc()
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
