"""Values and gradients of the grouped products, against independent arithmetic."""

import pytest
import torch

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm import cpu, layout
from fp8_grouped_gemm.testing import bits_equal, relative_error, with_canaries

BACKENDS = ["cpu", "reference"]
CASES = [
    # sizes, rows, N, K
    ([5, 0, 130, 40], 200, 144, 160),
    ([0, 0, 0], 7, 16, 16),
    ([1], 1, 128, 128),
    ([128, 128], 256, 256, 128),
    ([127, 129, 1, 0, 3], 260, 48, 272),
]


def operands(rows, cols, depth, groups, dtype=torch.bfloat16):
    generator = torch.Generator().manual_seed(rows * 31 + cols)
    a = torch.randn(rows, depth, generator=generator).to(dtype)
    b = torch.randn(groups, cols, depth, generator=generator).to(dtype)
    return a, b


def loop(a, b, sizes, start=0):
    """Multiply group by group in float64."""
    out = torch.zeros(a.shape[0], b.shape[1], dtype=torch.float64)
    for group, size in enumerate(sizes):
        out[start : start + size] = a[start : start + size].double() @ b[group].double().T
        start += size
    return out


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("sizes", "rows", "cols", "depth"), CASES)
@pytest.mark.parametrize("index_dtype", [torch.int32, torch.int64])
def test_the_product_of_quantised_operands_is_right(
    backend, sizes, rows, cols, depth, index_dtype
) -> None:
    a, b = operands(rows, cols, depth, len(sizes))
    qa, qb = fgg.quantize_tile(a), fgg.quantize_block(b)
    recipe = fgg.Recipe(backend=backend)
    group_sizes = torch.tensor(sizes, dtype=index_dtype)
    got = fgg.grouped_gemm(qa, qb, group_sizes, zero_tail=True, recipe=recipe)
    expected = loop(qa.dequantize(), qb.dequantize(), sizes)
    # Both operands and the result are rounded to bfloat16 once: squared relative error about
    # 3 * 2**-18 / 3, halved by the measure; random signs leave less.
    assert relative_error(got, expected) < 1e-5
    assert relative_error(fgg.grouped_gemm(a, b, group_sizes, zero_tail=True), got) < 1e-5
    assert not got[sum(sizes) :].any()
    exact = fgg.grouped_gemm(
        qa, qb, group_sizes, zero_tail=True, out_dtype=torch.float32, recipe=recipe
    )
    # float32 sums of at most 272 products.
    assert relative_error(exact, expected) < 1e-12


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("sizes", "rows", "cols", "depth"), CASES)
def test_both_gradients_are_right(backend, sizes, rows, cols, depth) -> None:
    recipe = fgg.Recipe(backend=backend)
    a, b = operands(rows, cols, depth, len(sizes))
    grad = operands(rows, cols, depth, 1)[1][0, :, :1].T.expand(rows, cols) + torch.randn(
        rows, cols, generator=torch.Generator().manual_seed(1)
    ).to(torch.bfloat16)
    group_sizes = torch.tensor(sizes)
    got = fgg.grouped_gemm_dgrad(grad, b, group_sizes, zero_tail=True, recipe=recipe)
    qg, (_, qb_t) = fgg.quantize_tile(grad), fgg.quantize_block_dual(b)
    assert relative_error(got, loop(qg.dequantize(), qb_t.dequantize(), sizes)) < 1e-5
    d_b = fgg.grouped_gemm_wgrad(grad, a, group_sizes, recipe=recipe)
    start = 0
    for group, size in enumerate(sizes):
        rows_of = slice(start, start + size)
        expected = grad[rows_of].double().T @ a[rows_of].double()
        # Two FP8 roundings of 2**-4 at most, about 2**-5.3 in the mean square: 1e-3 in the measure.
        assert relative_error(d_b[group], expected) < 1.5e-3
        start += size


def test_a_weight_is_decoded_for_good_at_its_second_use_and_anew_after_a_change() -> None:
    a, b = operands(6, 144, 160, 2)
    a, b = fgg.quantize_tile(a), fgg.quantize_block(b)
    sizes = torch.tensor([4, 2])
    weight = (b.data, b.scale, torch.float32)
    options = {"recipe": fgg.Recipe(backend="cpu"), "out_dtype": torch.float32}
    results = [fgg.grouped_gemm(a, b, sizes, **options) for _ in range(3)]
    assert all(bits_equal(result, results[0]) for result in results)
    kept = cpu.kept_weight(*weight)
    assert kept is not None
    assert kept is cpu.kept_weight(*weight)
    assert bits_equal(kept, cpu.decode_scaled(*weight))
    b.data.copy_(b.data.flip(0))
    assert cpu.kept_weight(*weight) is None  # changed: its first use again
    assert cpu.kept_weight(b.data.mT, b.scale.mT, torch.float32) is None  # and of its view
    again = cpu.kept_weight(*weight)
    assert again is not None
    assert bits_equal(again, cpu.decode_scaled(*weight))
    view = cpu.kept_weight(b.data.mT, b.scale.mT, torch.float32)
    assert view is not None
    assert view.data_ptr() == again.data_ptr()
    cpu.forget_weight(b.data)
    assert cpu.kept_weight(*weight) is None


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_the_cpu_path_is_right_with_and_without_bfloat16_products(monkeypatch, dtype) -> None:
    def operand_dtype(out_dtype):
        return torch.float32 if out_dtype == torch.float32 else dtype

    monkeypatch.setattr(cpu, "operand_dtype", operand_dtype)
    for case in CASES:
        test_the_product_of_quantised_operands_is_right("cpu", *case, torch.int32)
        test_both_gradients_are_right("cpu", *case)


@pytest.mark.parametrize("backend", BACKENDS)
def test_backward_equals_the_two_gradient_functions(backend) -> None:
    recipe = fgg.Recipe(backend=backend)
    sizes = torch.tensor([5, 0, 130, 40])
    a, b = (x.requires_grad_() for x in operands(200, 144, 160, 4))
    grad = torch.randn(200, 144, generator=torch.Generator().manual_seed(2)).to(torch.bfloat16)
    fgg.grouped_gemm(a, b, sizes, zero_tail=True, recipe=recipe).backward(grad)
    d_a = fgg.grouped_gemm_dgrad(grad, b, sizes, zero_tail=True, recipe=recipe)
    d_b = fgg.grouped_gemm_wgrad(grad, a.detach(), sizes, recipe=recipe)
    assert bits_equal(a.grad, d_a)
    assert bits_equal(b.grad, d_b)


@pytest.mark.parametrize("backend", BACKENDS)
def test_neighbours_and_tail_never_leak(backend) -> None:
    recipe = fgg.Recipe(backend=backend)
    sizes = torch.tensor([3, 0, 131, 20])
    a, b = operands(154, 48, 144, 4)
    qa, qb = fgg.quantize_tile(a), fgg.quantize_block(b)
    clean = fgg.grouped_gemm(qa, qb, sizes, recipe=recipe)
    starts = [0, 3, 3, 134]
    for group, start in enumerate(starts):
        size = int(sizes[group])
        poisoned = torch.full_like(a, float("nan"))
        poisoned[start : start + size] = a[start : start + size]
        got = fgg.grouped_gemm(fgg.quantize_tile(poisoned), qb, sizes, recipe=recipe)
        assert bits_equal(got[start : start + size], clean[start : start + size])
        grad = fgg.grouped_gemm_wgrad(poisoned, poisoned, sizes, recipe=recipe)
        assert not grad[group].isnan().any()
    view, _ = with_canaries(qa.data)
    framed = fgg.QuantizedTensor(view, qa.scale)
    assert bits_equal(fgg.grouped_gemm(framed, qb, sizes, recipe=recipe), clean)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_ragged_run_has_the_bits_of_its_padded_run(backend) -> None:
    recipe = fgg.Recipe(backend=backend, dtype=torch.float8_e4m3fn)
    sizes = [3, 0, 131, 20]
    a, b = operands(154, 48, 144, 4)
    padded_sizes = [-(-size // 128) * 128 for size in sizes]
    padded = torch.zeros(sum(padded_sizes), 144, dtype=a.dtype)
    rows, source, target = [], 0, 0
    for size, room in zip(sizes, padded_sizes, strict=True):
        padded[target : target + size] = a[source : source + size]
        rows += range(target, target + size)
        source, target = source + size, target + room
    ragged = fgg.grouped_gemm(a, b, torch.tensor(sizes), recipe=recipe)
    full = fgg.grouped_gemm(padded, b, torch.tensor(padded_sizes), recipe=recipe)
    assert relative_error(ragged, full[rows]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gather_scatter_and_row_weight_equal_the_long_way(backend) -> None:
    recipe = fgg.Recipe(backend=backend)
    tokens, top_k, experts = 30, 2, 4
    generator = torch.Generator().manual_seed(3)
    slots = torch.randint(0, experts + 1, (tokens * top_k,), generator=generator)
    ordered, order = torch.sort(slots, stable=True)
    sizes = torch.bincount(ordered, minlength=experts + 1)[:experts]
    a, b = operands(tokens, 48, 64, experts, torch.float32)
    weight = torch.rand(tokens * top_k, generator=generator)
    grad = torch.randn(tokens * top_k, 48, generator=generator)

    def fused(a, b, weight):
        return fgg.grouped_gemm(
            a, b, sizes, gather=order // top_k, scatter=order, row_weight=weight, recipe=recipe
        )

    def long_way(a, b, weight):
        rows = fgg.grouped_gemm(a[order // top_k], b, sizes, zero_tail=True, recipe=recipe)
        return torch.zeros(tokens * top_k, 48).index_copy(0, order, rows * weight[:, None])

    results = []
    for function in (fused, long_way):
        inputs = [x.clone().requires_grad_() for x in (a, b, weight)]
        out = function(*inputs)
        out.backward(grad)
        results.append([out.detach(), *(x.grad for x in inputs)])
    for got, expected in zip(*results, strict=True):
        # The fused backward rounds gradients to FP8 before the row weight, the long way after it.
        assert relative_error(got, expected) < 2e-3
    assert relative_error(results[0][0], results[1][0]) < 1e-12


def test_odd_group_counts_strides_and_offsets_are_accepted() -> None:
    sizes = torch.tensor([3, 0, 17])
    a, b = operands(20, 48, 64, 3)
    wide = torch.zeros(20, 200, dtype=a.dtype)
    wide[:, 100:164] = a
    expected = fgg.grouped_gemm(a, b, sizes)
    assert bits_equal(fgg.grouped_gemm(wide[:, 100:164], b, sizes), expected)
    assert bits_equal(fgg.grouped_gemm(a, b.mT.contiguous().mT, sizes), expected)
    assert bits_equal(fgg.grouped_gemm(a.t().contiguous().t(), b, sizes), expected)


def test_the_gradient_of_gathered_rows_is_summed_in_one_order() -> None:
    generator = torch.Generator().manual_seed(8)
    tokens, top_k, experts = 20, 4, 3
    ordered, order = torch.sort(torch.randint(0, experts, (80,), generator=generator), stable=True)
    sizes = torch.bincount(ordered, minlength=experts)
    a, b = operands(tokens, 48, 64, experts)
    weight = torch.rand(80, generator=generator)
    grad = torch.randn(80, 48, generator=generator).to(a.dtype)
    for weight_grad in (False, True):
        results = []
        for per_row in (top_k, None):
            x = a.clone().requires_grad_()
            factor = weight.clone().requires_grad_(weight_grad)
            out = fgg.grouped_gemm(
                x, b, sizes, gather=order // top_k, gathers_per_row=per_row, scatter=order,
                row_weight=factor,
            )  # fmt: skip
            out.backward(grad)
            results.append((x.grad, factor.grad))
        # One way weights a row before it is rounded to bfloat16, the other after.
        assert relative_error(results[0][0], results[1][0]) < 1e-5
        if weight_grad:
            assert bits_equal(results[0][1], results[1][1])


def test_the_schedule_lists_every_row_once() -> None:
    sizes = torch.tensor([5, 0, 300, 128, 0, 1])
    table = layout.tile_schedule(sizes, 500, 128)
    groups, tiles, rows, _ = table[0].tolist()
    assert (groups, tiles, rows) == (1 + 3 + 1 + 1, 7, 434)
    seen = torch.zeros(500, dtype=torch.int64)
    owner = layout.row_groups(layout.group_ends(sizes, 500), 500)
    for group, row, end, _ in table[1 : 1 + tiles].tolist():
        seen[row : min(row + 128, end)] += 1
        assert (owner[row : min(row + 128, end)] == group).all()
    assert (seen == 1).all()
    assert (table[1 + tiles :] == -1).all()


def test_index_arithmetic_survives_two_billion_elements() -> None:
    sizes = torch.tensor([2**30, 7, 2**30 - 9], dtype=torch.int64)
    ends = layout.group_ends(sizes, 2**31 - 1)
    assert ends.tolist() == [2**30, 2**30 + 7, 2**31 - 2]
    place = layout.column_layout(sizes, 2**31 - 1)
    assert place.row_starts.tolist() == [0, 2**30, 2**30 + 7]
    assert layout.column_capacity(2**31, 8) == 2**31 + 128


@pytest.mark.parametrize(
    ("shape_a", "shape_b", "sizes", "error", "words"),
    [
        ((4, 20), (1, 16, 20), [4], fgg.ShapeError, "multiple of 16"),
        ((4, 32), (1, 16, 48), [4], fgg.ShapeError, "same K"),
        ((4, 32), (2, 16, 32), [4], fgg.ShapeError, "2 groups"),
        ((4, 32), (1, 16, 32), [5], fgg.GroupSizeError, "only 4"),
        ((4, 32), (16, 32), [4], fgg.ShapeError, r"\[G, N, K\]"),
    ],
)
def test_bad_operands_are_refused_with_words(shape_a, shape_b, sizes, error, words) -> None:
    with pytest.raises(error, match=words):
        fgg.grouped_gemm(torch.zeros(shape_a), torch.zeros(shape_b), torch.tensor(sizes))


def test_training_wants_output_features_in_multiples_of_sixteen_before_it_starts() -> None:
    a, b = operands(4, 40, 32, 1)
    sizes = torch.tensor([4])
    assert fgg.grouped_gemm(a, b, sizes).shape == (4, 40)
    with pytest.raises(fgg.ShapeError, match="40 output features"):
        fgg.grouped_gemm(a.requires_grad_(), b, sizes)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"gathers_per_row": 2}, "without gather"),
        ({"gather": [0, 1, 2], "gathers_per_row": 2}, "8 entries"),
        ({"gather": [0, 0, 1, 1, 2, 2, 2, 3], "gathers_per_row": 2}, "exactly 2 times"),
    ],
)
def test_a_wrong_count_of_gathers_is_refused_with_words(options, words) -> None:
    a, b = operands(4, 16, 32, 1)
    if "gather" in options:
        options["gather"] = torch.tensor(options["gather"])
    with pytest.raises(fgg.OptionError, match=words):
        fgg.grouped_gemm(a, b, torch.tensor([0]), **options)


def test_more_rows_than_a_descriptor_reaches_are_refused() -> None:
    a = torch.empty(1, 16).expand(2**30 + 1, 16)
    with pytest.raises(fgg.ShapeError, match="Split the call"):
        fgg.grouped_gemm(a, torch.zeros(1, 16, 16), torch.tensor([0]))


def test_unknown_options_and_impossible_backends_are_refused() -> None:
    with pytest.raises(fgg.DtypeError, match="grad_dtype"):
        fgg.Recipe(grad_dtype=torch.bfloat16)
    with pytest.raises(fgg.OptionError, match="backend"):
        fgg.Recipe(backend="magic")
    with pytest.raises(fgg.OptionError, match="store"):
        fgg.Recipe(store="pile")
    with pytest.raises(fgg.BackendError, match="CPU tensors"):
        fgg.grouped_gemm(
            torch.zeros(4, 32), torch.zeros(1, 16, 32), torch.tensor([4]),
            recipe=fgg.Recipe(backend="gluon"),
        )  # fmt: skip
    columns = fgg.quantize_tile_columns(torch.zeros(4, 16), torch.tensor([4]))
    with pytest.raises(fgg.OptionError, match="num_rows"):
        fgg.grouped_gemm_wgrad(columns, columns, torch.tensor([4]))
