"""The whole matrix on a real GPU; every test here skips loudly without one."""

import pytest
import torch

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm import check, quantize
from fp8_grouped_gemm.testing import bits_equal, canaries_alive, relative_error, with_canaries

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
HOPPER = torch.cuda.is_available() and torch.cuda.get_device_capability()[0] == 9
MODES = [("triton", "masked")]
if HOPPER:
    MODES += [(b, s) for b in ("triton", "gluon") for s in ("ragged", "masked")]
    MODES.append(("triton", "pool"))
SIZES = [[5, 0, 300, 128, 0, 1, 70], [0, 0, 0], [4096, 1, 127], [64] * 16]


def operands(sizes, cols, depth, tail=9):
    torch.manual_seed(0)
    a = torch.randn(sum(sizes) + tail, depth, device="cuda", dtype=torch.bfloat16)
    b = torch.randn(len(sizes), cols, depth, device="cuda", dtype=torch.bfloat16)
    return a, b, torch.tensor(sizes, device="cuda", dtype=torch.int32)


def test_the_installation_check_passes() -> None:
    assert check.main("cuda") == 0


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("cols", "depth"), [(256, 512), (272, 400), (16, 16), (136, 144)])
def test_all_modes_give_the_same_bits_near_exact_promotion(sizes, cols, depth) -> None:
    a, b, group_sizes = operands(sizes, cols, depth)
    qa, qb = fgg.quantize_tile(a), fgg.quantize_block(b)
    assert bits_equal(qa.data, quantize.quantize_tile(a, backend="reference").data)
    assert bits_equal(qb.data, quantize.quantize_block(b, backend="reference").data)
    exact = fgg.grouped_gemm(
        qa, qb, group_sizes, zero_tail=True, out_dtype=torch.float32,
        recipe=fgg.Recipe(backend="reference"),
    )  # fmt: skip
    results = []
    for backend, store in MODES:
        recipe = fgg.Recipe(backend=backend, store=store)
        runs = [
            fgg.grouped_gemm(qa, qb, group_sizes, zero_tail=True, recipe=recipe) for _ in range(3)
        ]
        assert all(bits_equal(run, runs[0]) for run in runs)
        assert relative_error(runs[0], exact) < 1e-5
        results.append(runs[0])
    assert all(bits_equal(result, results[0]) for result in results)


@pytest.mark.parametrize(("backend", "store"), MODES)
def test_nan_neighbours_never_leak(backend, store) -> None:
    a, b, sizes = operands([5, 0, 300, 128, 70], 272, 400)
    recipe = fgg.Recipe(backend=backend, store=store)
    qb = fgg.quantize_block(b)
    qa = fgg.quantize_tile(a)
    clean = fgg.grouped_gemm(qa, qb, sizes, recipe=recipe)
    view, frame = with_canaries(qa.data)
    framed = fgg.QuantizedTensor(view, qa.scale)
    got = fgg.grouped_gemm(framed, qb, sizes, recipe=recipe)
    assert bits_equal(got[:503], clean[:503])
    assert canaries_alive(frame)
    start = 0
    for group, size in enumerate(sizes.tolist()):
        poisoned = torch.full_like(a, float("nan"))
        poisoned[start : start + size] = a[start : start + size]
        rows = fgg.grouped_gemm(fgg.quantize_tile(poisoned), qb, sizes, recipe=recipe)
        assert bits_equal(rows[start : start + size], clean[start : start + size])
        grad = fgg.grouped_gemm_wgrad(poisoned, poisoned, sizes)
        assert not grad[group].isnan().any()
        start += size


def test_gradients_follow_the_reference_and_graphs_replay() -> None:
    a, b, sizes = operands([5, 0, 300, 128, 70], 272, 400)
    results = []
    for backend in ("auto", "reference"):
        x, w = a.clone().requires_grad_(), b.clone().requires_grad_()
        recipe = fgg.Recipe(backend=backend)
        out = fgg.grouped_gemm(x, w, sizes, zero_tail=True, recipe=recipe)
        out.backward(torch.ones_like(out))
        results.append((out.detach(), x.grad, w.grad))
    for got, expected in zip(*results, strict=True):
        assert relative_error(got, expected) < 1e-5
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = fgg.grouped_gemm(a, b, sizes, zero_tail=True)
    sizes.copy_(torch.tensor([1, 2, 3, 4, 5], device="cuda", dtype=torch.int32))
    graph.replay()
    assert bits_equal(out, fgg.grouped_gemm(a, b, sizes, zero_tail=True))
