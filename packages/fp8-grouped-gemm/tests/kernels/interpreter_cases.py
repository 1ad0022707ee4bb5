"""Cases for Triton's interpreter, which replaces kernels as they are imported.

It is switched on by an environment variable before the import, so `test_interpreter` runs this file
as a program of its own; it prints one JSON object, case name to "ok" or what went wrong.

The interpreter's own casts are not exact: it truncates float32 to bfloat16 and misrounds about a
tenth of the casts to FP8. `use_exact_casts` replaces them by torch's, so that bits can be compared.

Long because it is one program: every further one would import torch and Triton again.
"""

from __future__ import annotations

import json
import mmap
import sys
import traceback

import numpy as np
import torch
import triton
import triton.language as tl
from torch._subclasses.fake_tensor import FakeTensorMode
from triton.runtime import interpreter

from fp8_grouped_gemm import (
    Recipe,
    bench_cuda,
    bench_targets,
    grouped_gemm,
    layout,
    ops,
    reference,
)
from fp8_grouped_gemm import reference_quantize as rules
from fp8_grouped_gemm.kernels import cast, codes, gemm, pad, schedule, wgrad
from fp8_grouped_gemm.shapes import Shape
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


def groups(sizes, rows):
    return layout.groups_table(schedule.build_schedule(sizes, rows), sizes.numel())


def launch(tensors, *, out=None, fill=7.0, **options):
    if out is None:
        out = torch.full((tensors[0].shape[0], tensors[2].shape[1]), fill)
    gemm.launch_gemm(*tensors, out, hopper=True, programs=3, **options)
    return out


@case
def schedule_equals_its_model():
    for sizes in (SIZES, SIZES.long(), torch.tensor([400]), torch.tensor([0, 7, -3, 600])):
        whole = schedule.build_schedule(sizes, ROWS)
        count = sizes.numel()
        assert whole.shape == (layout.schedule_length(ROWS, count), 4)
        starts = layout.groups_table(whole, count)
        assert torch.equal(starts, torch.stack(layout.column_layout(sizes, ROWS), 1))
        for block in layout.TILE_HEIGHTS:
            table = layout.tile_table(whole, ROWS, count, block)
            model = layout.tile_schedule(sizes, ROWS, block)
            assert table.shape == model.shape
            used = int(model[0, 1]) + 1
            assert torch.equal(table[:used, :3], model[:used, :3])


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
    # One tile for both: the interpreter's products are numpy's, whose sums depend on the tile.
    for config in (gemm.LARGE, gemm.SMALL):
        padded = launch((a_pad, scale_pad, b, scale_b, padded_sizes), config=config)
        ragged = launch((a, scale_a, b, scale_b, SIZES), config=config)
        assert bits_equal(ragged[:284], padded[rows])


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
    table = groups(SIZES, ROWS)
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
def values_beyond_k_and_rows_beyond_n_never_leak():
    sizes, (cols, depth) = torch.tensor([3, 40], dtype=torch.int32), (80, 144)
    a, scale_a, b, scale_b, _ = operands(cols, depth, rows=43, sizes=sizes)
    expected = reference.grouped_gemm(a, scale_a, b, scale_b, sizes, torch.float32)
    wide = torch.full((43, 144 + 2 * 160), float("nan")).to(E4M3)
    framed = wide[:, 160:304]  # 16-byte aligned, NaN on both sides of every row
    framed.copy_(a)
    flat, _ = with_canaries(b.view(2 * cols, depth))
    for hopper, config in ((True, gemm.LARGE), (False, gemm.PORTABLE)):
        for store in ("masked", "ragged", "pool") if hopper else ("masked",):
            result, frame = with_canaries(torch.zeros(43, cols))
            gemm.launch_gemm(
                framed, scale_a, flat.view(2, cols, depth), scale_b, sizes, result,
                hopper=hopper, programs=3, store=store, config=config,
            )  # fmt: skip
            assert canaries_alive(frame)
            assert relative_error(result, expected) < 1e-12


@case
def a_weight_gradient_writes_nothing_outside_its_result():
    sizes = torch.tensor([0, 20], dtype=torch.int32)
    left = rules.quantize_columns(random(20, 48), sizes, E4M3, False)
    right = rules.quantize_columns(random(20, 80, seed=1), sizes, E4M3, False)
    table = groups(sizes, 20)
    tensors = (left[0].contiguous(), left[1], right[0].contiguous(), right[1])
    for config, hopper in ((wgrad.LARGE, True), (wgrad.PORTABLE, False)):
        out, frame = with_canaries(torch.zeros(2, 48, 80), before=1, after=1)
        wgrad.launch_wgrad(*tensors, table, out, config=config, hopper=hopper)
        assert canaries_alive(frame, 1, 1)


@case
def quantising_through_a_gather_equals_a_sorted_weighted_copy():
    generator = torch.Generator().manual_seed(4)
    x = random(40, 144)
    gather = torch.randint(0, 40, (ROWS,), generator=generator)
    weight = torch.rand(ROWS, generator=generator)
    copy = x[gather]
    weighted = (copy.float() * weight[:, None]).to(x.dtype)
    got = cast.quantize_dual(x, SIZES, E4M3, False, gather, weight)
    expected = (
        *cast.quantize_rows(copy, E4M3, False),
        *cast.quantize_columns(weighted, SIZES, E4M3, False),
    )
    place = layout.column_layout(SIZES, ROWS)
    end, used = int(place.starts[-1] + place.sizes[-1]), int(-(-SIZES // 128).sum())
    limits = (None, None, end, used)
    for left, right, limit in zip(got, expected, limits, strict=True):
        assert bits_equal(left[:, :limit].contiguous(), right[:, :limit].contiguous())
    alone = cast.quantize_rows(x, E4M3, False, gather)
    assert bits_equal(alone[0], got[0])
    assert torch.equal(alone[1], got[1])


@triton.jit
def codes_kernel(code_ptr, half_ptr, value_ptr, back_ptr, FORMAT: tl.constexpr):
    lane = tl.program_id(0) * 256 + tl.arange(0, 256)
    tl.store(half_ptr + lane, codes.decode(tl.load(code_ptr + lane), FORMAT))
    tl.store(back_ptr + lane, codes.encode(tl.load(value_ptr + lane), FORMAT).to(tl.uint8))


@case
def software_codes_have_the_bits_of_torch():
    generator = torch.Generator().manual_seed(5)
    for dtype in (E4M3, E5M2):
        limit = rules.FP8_MAX[dtype]
        every = torch.arange(256, dtype=torch.uint8).view(dtype).float()
        finite = every[every.isfinite()].sort().values
        ties = (finite[1:] + finite[:-1]) / 2
        near = [torch.nextafter(ties, torch.full_like(ties, sign * limit)) for sign in (-1, 1)]
        spread = torch.randn(4096, generator=generator) * torch.exp2(
            torch.randint(-30, 20, (4096,), generator=generator)
        )
        values = torch.cat([finite, ties, *near, spread, -spread, torch.tensor([0.0, -0.0, 1e-45])])
        values = torch.nn.functional.pad(values, (0, -len(values) % 256)).clamp(-limit, limit)
        byte = torch.arange(256, dtype=torch.uint8).repeat(len(values) // 256)
        half = torch.empty(len(values), dtype=torch.float16)
        back = torch.empty(len(values), dtype=torch.uint8)
        codes_kernel[(len(values) // 256,)](byte, half, values, back, codes.fp8_format(dtype))
        assert torch.equal(half.isnan(), byte.view(dtype).float().isnan())
        assert torch.equal(
            half.float().nan_to_num(0, 1e9), byte.view(dtype).float().nan_to_num(0, 1e9)
        )
        assert torch.equal(back, values.to(dtype).view(torch.uint8))


@case
def software_paths_have_the_bits_of_the_hardware_paths():
    for dtype_a, dtype_b in ((E4M3, E4M3), (E5M2, E4M3)):
        x = random(ROWS, 144)
        x[7, 3] = float("nan")
        for name in ("quantize_rows", "quantize_columns", "quantize_dual"):
            args = (x, *(() if name == "quantize_rows" else (SIZES,)), dtype_a, False)
            hard, soft = (getattr(cast, name)(*args, software=on) for on in (False, True))
            assert bits_equal(hard[0].contiguous()[:, :144], soft[0].contiguous()[:, :144]), name
        w = random(6, 144, 144, seed=3)
        hard, soft = (
            cast.quantize_blocks(w, dtype_b, False, transposed=True, software=on)
            for on in (False, True)
        )
        assert all(bits_equal(left, right) for left, right in zip(hard, soft, strict=True))
        a = rules.quantize_rows(random(ROWS, 144), dtype_a, False)
        outs = []
        for software in (False, True):
            out = torch.zeros(ROWS, 144)
            gemm.launch_gemm(
                *a, *hard[:2], SIZES, out, hopper=False, programs=3, software=software,
                config=gemm.SOFTWARE,
            )  # fmt: skip
            outs.append(out)
        assert relative_error(outs[1], outs[0]) < 1e-12
        left = rules.quantize_columns(random(ROWS, 48), SIZES, dtype_a, False)
        right = rules.quantize_columns(random(ROWS, 80, seed=1), SIZES, dtype_b, False)
        table = groups(SIZES, ROWS)
        tensors = (left[0].contiguous(), left[1], right[0].contiguous(), right[1])
        outs = [torch.zeros(6, 48, 80) for _ in range(2)]
        for software, out in enumerate(outs):
            wgrad.launch_wgrad(
                *tensors, table, out, config=wgrad.PORTABLE, hopper=False, software=bool(software)
            )
        assert relative_error(outs[1], outs[0]) < 1e-12


def sparse(count, dtype):
    """Return memory that exists only where it is touched: pages of a fresh mapping."""
    return torch.frombuffer(mmap.mmap(-1, count * dtype.itemsize), dtype=dtype)


@case
def addresses_beyond_two_billion_elements_are_right():
    # 33 rows, each 2**26 + 16 elements after the last: the last ones lie behind element 2**31.
    rows, pitch, depth, cols = 40, 2**26 + 16, 160, 80
    sizes = torch.tensor([0, 39], dtype=torch.int32)
    a, scale_a, b, scale_b, _ = operands(cols, depth, rows=rows, sizes=sizes)
    expected = reference.grouped_gemm(a, scale_a, b, scale_b, sizes, torch.float32)
    memory = sparse(rows * pitch, torch.uint8).view(E4M3)
    far = memory.as_strided((rows, depth), (pitch, 1))
    far.copy_(a)
    for hopper in (True, False):
        out = torch.zeros(rows, cols)
        gemm.launch_gemm(far, scale_a, b, scale_b, sizes, out, hopper=hopper, programs=3)
        assert relative_error(out[:39], expected[:39]) < 1e-12
    # Results scattered to rows behind element 2**31 of a bfloat16 result.
    total = 2**31 // cols + 100
    result = sparse(total * cols, torch.bfloat16).view(total, cols)
    scatter = torch.arange(total - rows, total)
    gemm.launch_gemm(
        a, scale_a, b, scale_b, sizes, result, hopper=True, programs=3, scatter=scatter
    )
    assert relative_error(result[total - rows : total - 1], expected[:39]) < 1e-5
    # A gather of rows behind element 2**31, quantised.
    x = sparse(total * cols, torch.bfloat16).view(total, cols)
    x[total - rows :] = random(rows, cols)
    got = cast.quantize_rows(x, E4M3, False, torch.arange(total - rows, total))
    assert bits_equal(got[0], rules.quantize_rows(random(rows, cols), E4M3, False)[0])
    # Columns of the weight gradient, each 2**26 + 16 positions after the last.
    left = rules.quantize_columns(random(20, rows), sizes // 2, E4M3, False)
    right = rules.quantize_columns(random(20, 32, seed=1), sizes // 2, E4M3, False)
    wanted = reference.grouped_gemm_wgrad(*left, *right, sizes // 2, 20, torch.float32)
    table = groups(sizes // 2, 20)
    far = memory.as_strided(left[0].shape, (pitch, 1))
    far.copy_(left[0])
    for config, hopper in ((wgrad.LARGE, True), (wgrad.PORTABLE, False)):
        out = torch.zeros(2, rows, 32)
        wgrad.launch_wgrad(
            far, left[1], right[0].contiguous(), right[1], table, out, config=config, hopper=hopper
        )
        assert relative_error(out, wanted) < 1e-12


@case
def fake_kernels_promise_the_strides_that_the_kernels_give():
    x, w = random(40, 144), random(3, 48, 144)
    sizes, gather, weight = torch.tensor([3, 0, 30]), torch.arange(40), torch.rand(40)
    rows, blocks = (
        cast.quantize_rows(x, E4M3, False),
        cast.quantize_blocks(w, E4M3, False, transposed=False)[:2],
    )
    columns = cast.quantize_columns(x, sizes, E4M3, False)
    calls = [
        (ops.schedule, (sizes, 40, "triton")),
        (ops.quantize_rows, (x, E4M3, False, "triton", gather)),
        (ops.quantize_columns, (x, sizes, E4M3, False, "triton", gather, weight)),
        (ops.quantize_dual, (x, sizes, E4M3, True, "triton")),
        (ops.quantize_blocks, (w, E4M3, False, "triton")),
        (ops.quantize_blocks_dual, (w, E4M3, False, "triton")),
        (
            ops.gemm,
            (*rows, *blocks, sizes, None, None, None, 40, torch.bfloat16, True, "triton", "auto"),
        ),
        (ops.wgrad, (*columns, *columns, sizes, 40, torch.float32, "triton")),
    ]
    for op, args in calls:
        real = op(*args)
        with FakeTensorMode() as mode:
            fake = op(*(mode.from_tensor(a) if isinstance(a, torch.Tensor) else a for a in args))
        pairs = zip(real, fake, strict=True) if isinstance(real, tuple) else [(real, fake)]
        for got, promised in pairs:
            assert (got.shape, got.stride(), got.dtype) == (
                promised.shape, promised.stride(), promised.dtype,
            ), op  # fmt: skip


@case
def routed_training_has_the_bits_of_sorted_training():
    generator = torch.Generator().manual_seed(6)
    tokens, top_k, experts = 20, 2, 3
    ordered, order = torch.sort(torch.randint(0, experts + 1, (40,), generator=generator))
    sizes = torch.bincount(ordered, minlength=experts + 1)[:experts]
    results = []
    for fused in (True, False):
        a = random(tokens, 64).requires_grad_()
        b = random(experts, 48, 64, seed=1).requires_grad_()
        recipe = Recipe(backend="triton")
        if fused:
            out = grouped_gemm(
                a, b, sizes, gather=order // top_k, gathers_per_row=top_k, scatter=order,
                recipe=recipe,
            )  # fmt: skip
        else:
            rows = grouped_gemm(a[order // top_k], b, sizes, zero_tail=True, recipe=recipe)
            out = torch.zeros(40, 48, dtype=rows.dtype).index_copy(0, order, rows)
        out.backward(random(40, 48, seed=2))
        results.append((out.detach(), b.grad, a.grad))
    assert bits_equal(results[0][0], results[1][0])
    assert bits_equal(results[0][1], results[1][1])
    # The sum over a token's experts is rounded once here, once per term there.
    assert relative_error(results[0][2], results[1][2]) < 1e-5


@case
def a_training_step_launches_one_schedule():
    kernel, grids = schedule.schedule_kernel, []

    class Counting:
        def __getitem__(self, grid):
            grids.append(grid)
            return kernel[grid]

    a, b = random(ROWS, 64).requires_grad_(), random(6, 48, 64, seed=1).requires_grad_()
    schedule.schedule_kernel = Counting()
    try:
        grouped_gemm(a, b, SIZES, recipe=Recipe(backend="triton")).float().sum().backward()
    finally:
        schedule.schedule_kernel = kernel
    assert grids == [(7, 3)], "groups and the tail, three heights, once"


@case
def padding_kernels_write_every_group_to_a_whole_tile():
    x = random(ROWS, 144)
    a, scale = rules.quantize_rows(x, E4M3, False)
    padded = int((-(-SIZES // 128) * 128).sum())
    for data, scales in (
        pad.pad_rows(a, scale, SIZES, padded), pad.quantize_padded(x, SIZES, padded, E4M3)
    ):  # fmt: skip
        source = target = 0
        for size in SIZES.tolist():
            rows = slice(target, target + size)
            assert bits_equal(data[rows], a[source : source + size])
            assert torch.equal(scales[rows], scale[source : source + size])
            target += -(-size // 128) * 128
            assert not data[rows.stop : target].float().any()
            source += size


@case
def the_gpu_benchmark_runs_all_its_own_modes_on_a_tiny_shape():
    def timer(function):
        function()
        return 1.0

    shape = Shape("tiny", 256, 2, 32, 144)
    record = bench_cuda.run_shape(shape, device="cpu", timer=timer)
    own = {"triton ragged", "triton masked", "triton pool", "triton on padded rows"}
    assert own <= record["seconds"].keys(), record["refused"]
    assert {"pad kernel", "quantiser that pads", "triton aligned groups"} <= record[
        "seconds"
    ].keys()
    backward = {"input gradient triton", "weight gradient triton", "training step triton"}
    assert backward <= record["seconds"].keys(), record["refused"]
    assert all("gluon" in name or "torch" in name or "deep" in name for name in record["refused"])
    assert list(record["same bits"].values()) == [True]
    # Both operands rounded to FP8, against a product of bfloat16.
    assert record["error"]["triton ragged"] < 1.5e-3
    judged = bench_targets.judge(
        [record | {"ratios": bench_targets.ratios(record, "NVIDIA H200", 4e12)}]
    )
    least = {target["ratio"]: target["least"] for target in judged}
    assert least["ragged over pad in the quantiser"] == 1.0
    assert least["ragged over own aligned"] == 1.0


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
    wanted = sys.argv[1:] or list(CASES)
    for name, function in ((name, CASES[name]) for name in wanted):
        try:
            function()
            results[name] = "ok"
        except Exception:
            results[name] = traceback.format_exc()
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main()
