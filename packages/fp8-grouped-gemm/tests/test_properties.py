"""Properties over many group-size vectors and shapes."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm import cpu, layout
from fp8_grouped_gemm import reference_quantize as rules
from fp8_grouped_gemm.shapes import CPU, DEEPGEMM, PAPER, draw_group_sizes, intern_s1
from fp8_grouped_gemm.testing import bits_equal, padded_bytes, relative_error

SIZES = st.lists(st.integers(0, 150), min_size=1, max_size=6)
MULTIPLE = st.integers(1, 12).map(lambda x: 16 * x)


def random(*shape: int, seed: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(torch.bfloat16)


@given(SIZES, st.integers(0, 20), MULTIPLE, MULTIPLE, st.integers(0, 99))
@settings(max_examples=25, deadline=None)
def test_the_fast_path_follows_exact_promotion(sizes, tail, cols, depth, seed) -> None:
    rows = sum(sizes) + tail
    a, b = random(rows, depth, seed=seed), random(len(sizes), cols, depth, seed=seed + 1)
    group_sizes = torch.tensor(sizes)
    exact = fgg.Recipe(backend="reference")
    got = fgg.grouped_gemm(a, b, group_sizes, zero_tail=True)
    assert relative_error(got, fgg.grouped_gemm(a, b, group_sizes, recipe=exact)) < 1e-5
    grad = random(rows, cols, seed=seed + 2)
    got = fgg.grouped_gemm_wgrad(grad, a, group_sizes)
    expected = fgg.grouped_gemm_wgrad(grad, a, group_sizes, recipe=exact)
    assert relative_error(got, expected) < 1e-5


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=4), MULTIPLE, MULTIPLE,
    st.integers(0, 3), st.integers(0, 5), st.sampled_from(["rows", "columns"]),
    st.sampled_from([torch.int32, torch.int64]),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_strides_and_offsets_change_no_bit(
    sizes, cols, depth, before, beside, order, index_dtype
) -> None:
    rows, groups = sum(sizes), len(sizes)
    group_sizes = torch.tensor(sizes, dtype=index_dtype)
    a, b = random(rows, depth, seed=rows), random(groups, cols, depth, seed=rows + 1)
    # The same values as views into buffers of NaN: pitches, offsets, transposed storage.
    frame = torch.full((before + rows, beside + depth + beside), float("nan"), dtype=a.dtype)
    if order == "columns":
        frame = frame.t().contiguous().t()
    view = frame[before:, beside : beside + depth]
    view.copy_(a)
    block = torch.full((groups + before, depth, cols + beside), float("nan"), dtype=b.dtype)
    weight = block[before:, :, :cols].mT
    weight.copy_(b)
    results = []
    for x, w in ((a, b), (view, weight)):
        x, w = x.detach().requires_grad_(), w.detach().requires_grad_()
        out = fgg.grouped_gemm(x, w, group_sizes)
        out.backward(random(rows, cols, seed=3))
        results.append((out.detach(), x.grad, w.grad))
    for got, expected in zip(*results, strict=True):
        assert bits_equal(got, expected)


@given(SIZES, st.integers(0, 20), st.sampled_from([16, 48, 128]), st.booleans())
@settings(max_examples=25, deadline=None)
def test_columns_of_the_fast_path_have_the_bits_of_the_rules(sizes, tail, width, pow2) -> None:
    x = random(sum(sizes) + tail, width, seed=len(sizes))
    args = (x, torch.tensor(sizes), torch.float8_e4m3fn, pow2)
    for got, expected in zip(
        cpu.quantize_columns(*args), rules.quantize_columns(*args), strict=True
    ):
        assert bits_equal(got, expected)


@given(st.lists(st.integers(0, 700), min_size=1, max_size=40), st.sampled_from([64, 128]))
@settings(max_examples=50, deadline=None)
def test_schedules_cover_every_row_once_and_fit_their_bounds(sizes, block) -> None:
    rows = sum(sizes) + 5
    group_sizes = torch.tensor(sizes)
    table = layout.tile_schedule(group_sizes, rows, block)
    count = int(table[0, 1])
    begins, ends = table[1 : count + 1, 1], table[1 : count + 1, 2]
    covered = torch.minimum(begins + block, ends) - begins
    assert int(covered.sum()) == rows
    assert (covered > 0).all()
    assert count <= layout.tile_capacity(rows, len(sizes) + 1, block)
    place = layout.column_layout(group_sizes, rows)
    assert (place.starts % 16 == 0).all()
    end = int((place.starts + place.sizes)[-1])
    assert end <= layout.column_capacity(rows, len(sizes))
    assert end - sum(sizes) <= 15 * (len(sizes) - 1)


def test_padding_costs_what_the_documentation_says() -> None:
    sizes = torch.tensor([1, 128, 130, 0])
    assert padded_bytes(sizes, row_bytes=10) == (127 + 0 + 126) * 10


def test_benchmark_sizes_are_reproducible_and_add_up() -> None:
    for shape in (*intern_s1(), *DEEPGEMM, *PAPER, CPU):
        ragged, even = draw_group_sizes(shape), draw_group_sizes(shape, aligned=True)
        assert int(ragged.sum()) == int(even.sum()) == shape.rows
        assert torch.equal(ragged, draw_group_sizes(shape))
        assert (even % 128 == 0).all()
