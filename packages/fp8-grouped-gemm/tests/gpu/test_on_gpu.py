"""The whole matrix on a real GPU; every test here skips loudly without one."""

import pytest
import torch

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm import bench_cuda, check, quantize
from fp8_grouped_gemm.shapes import Shape
from fp8_grouped_gemm.testing import bits_equal, canaries_alive, relative_error, with_canaries

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
MODES = check.modes_of("cuda") if torch.cuda.is_available() else [("triton", "masked")]
SIZES = [[5, 0, 300, 128, 0, 1, 70], [0, 0, 0], [4096, 1, 127], [64] * 16]
E4M3, E5M2 = torch.float8_e4m3fn, torch.float8_e5m2
EXACT = fgg.Recipe(backend="reference")


def operands(sizes, cols, depth, tail=9):
    generator = torch.Generator().manual_seed(0)
    options = {"generator": generator}
    a = torch.randn(sum(sizes) + tail, depth, **options).to(torch.bfloat16).cuda()
    b = torch.randn(len(sizes), cols, depth, **options).to(torch.bfloat16).cuda()
    return a, b, torch.tensor(sizes, device="cuda", dtype=torch.int32)


def test_the_installation_check_passes() -> None:
    assert check.main("cuda") == 0


@pytest.mark.parametrize("dtype", [E4M3, E5M2])
@pytest.mark.parametrize("power_of_two", [False, True])
@pytest.mark.parametrize("source", [torch.bfloat16, torch.float16, torch.float32])
def test_quantisers_have_the_bits_of_the_rules(dtype, power_of_two, source) -> None:
    a, b, sizes = operands([5, 0, 300, 70], 272, 400)
    a, b = a.to(source), b.to(source)
    a[7, 3], a[200, 5] = float("nan"), float("inf")
    gather = torch.randint(0, 384, (384,), device="cuda")
    weight = torch.rand(384, device="cuda")
    options = {"dtype": dtype, "power_of_two_scales": power_of_two}
    for maps in ({}, {"gather": gather, "row_weight": weight}):
        got, expected = (
            fgg.quantize_tile_dual(a, sizes, backend=backend, **maps, **options)
            for backend in ("triton", "reference")
        )
        assert bits_equal(got[0].data, expected[0].data)
        assert torch.equal(got[0].scale, expected[0].scale)
        # Behind the last group the kernel leaves the layout as it was.
        end = sum(-(-size // 16) * 16 for size in sizes.tolist())
        assert bits_equal(got[1].data[:, :end], expected[1].data[:, :end])
    got, expected = (
        fgg.quantize_block_dual(b, backend=backend, **options)
        for backend in ("triton", "reference")
    )
    for left, right in zip(got, expected, strict=True):
        assert bits_equal(left.data, right.data)
        assert torch.equal(left.scale, right.scale)


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize(("cols", "depth"), [(256, 512), (272, 400), (16, 16), (136, 144)])
def test_all_modes_give_the_same_bits_near_exact_promotion(sizes, cols, depth) -> None:
    a, b, group_sizes = operands(sizes, cols, depth)
    qa, qb = fgg.quantize_tile(a), fgg.quantize_block(b)
    assert bits_equal(qa.data, quantize.quantize_tile(a, backend="reference").data)
    assert bits_equal(qb.data, quantize.quantize_block(b, backend="reference").data)
    options = {"zero_tail": True}
    exact = fgg.grouped_gemm(qa, qb, group_sizes, out_dtype=torch.float32, recipe=EXACT, **options)
    results = []
    for backend, store in MODES:
        recipe = fgg.Recipe(backend=backend, store=store)
        runs = [fgg.grouped_gemm(qa, qb, group_sizes, recipe=recipe, **options) for _ in range(3)]
        assert all(bits_equal(run, runs[0]) for run in runs)
        assert relative_error(runs[0], exact) < 1e-5
        results.append(runs[0])
    assert all(bits_equal(result, results[0]) for result in results)


@pytest.mark.parametrize(("backend", "store"), MODES)
@pytest.mark.parametrize("dtypes", [(E5M2, E4M3), (E4M3, E5M2), (E5M2, E5M2)])
@pytest.mark.parametrize("out_dtype", [torch.float16, torch.float32])
def test_every_element_type_is_right(backend, store, dtypes, out_dtype) -> None:
    a, b, sizes = operands([5, 0, 300, 70], 272, 400)
    qa, qb = fgg.quantize_tile(a, dtype=dtypes[0]), fgg.quantize_block(b, dtype=dtypes[1])
    recipe = fgg.Recipe(backend=backend, store=store)
    options = {"zero_tail": True, "out_dtype": out_dtype}
    got = fgg.grouped_gemm(qa, qb, sizes, recipe=recipe, **options)
    exact = fgg.grouped_gemm(qa, qb, sizes, recipe=EXACT, **options)
    # Hopper's tensor cores add FP8 products with about 14 bits; 2**-28 squared is far below.
    assert relative_error(got, exact) < 1e-5


@pytest.mark.parametrize(("backend", "store"), MODES)
def test_a_ragged_run_has_the_bits_of_its_padded_run(backend, store) -> None:
    from fp8_grouped_gemm.kernels.pad import pad_rows

    a, b, sizes = operands([5, 0, 300, 128, 70], 272, 400, tail=0)
    qa, qb = fgg.quantize_tile(a), fgg.quantize_block(b)
    padded = (sizes + 127) // 128 * 128
    total = int(padded.sum())
    full = fgg.QuantizedTensor(*pad_rows(qa.data, qa.scale, sizes, total), "tile")
    shift = (torch.cumsum(padded, 0) - padded) - (torch.cumsum(sizes, 0) - sizes)
    rows = torch.arange(len(a), device="cuda") + torch.repeat_interleave(shift, sizes.long())
    recipe = fgg.Recipe(backend=backend, store=store)
    ragged = fgg.grouped_gemm(qa, qb, sizes, recipe=recipe)
    assert bits_equal(ragged, fgg.grouped_gemm(full, qb, padded, recipe=recipe)[rows])


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


@pytest.mark.parametrize("store", sorted({store for _, store in MODES}))
@pytest.mark.parametrize("backend", sorted({backend for backend, _ in MODES}))
def test_nothing_is_written_outside_a_result(backend, store) -> None:
    from fp8_grouped_gemm.kernels import gemm, gluon_gemm

    if (backend, store) not in MODES:
        pytest.skip(f"{backend} has no {store} store")
    a, b, sizes = operands([5, 0, 300, 128, 70], 272, 400)
    qa, qb = fgg.quantize_tile(a), fgg.quantize_block(b)
    result, frame = with_canaries(torch.full((len(a), 272), 7.0, device="cuda"))
    tensors = (qa.data, qa.scale, qb.data, qb.scale, sizes, result)
    hopper, sms = gemm.device_facts(a.device)
    if backend == "gluon":
        gluon_gemm.launch_gemm(*tensors, store=store, programs=sms)
    else:
        gemm.launch_gemm(*tensors, store=store, programs=sms, hopper=hopper)
    assert canaries_alive(frame)
    assert (result[503:] == 7).all(), "wrote behind the last group"


def test_routed_training_follows_the_reference_and_repeats_bit_for_bit() -> None:
    generator = torch.Generator().manual_seed(1)
    tokens, top_k, experts = 200, 4, 6
    slots = torch.randint(0, experts + 1, (tokens * top_k,), generator=generator).cuda()
    ordered, order = torch.sort(slots, stable=True)
    sizes = torch.bincount(ordered, minlength=experts + 1)[:experts]
    a = torch.randn(tokens, 256, generator=generator).to(torch.bfloat16).cuda()
    b = torch.randn(experts, 144, 256, generator=generator).to(torch.bfloat16).cuda()
    weight = torch.rand(tokens * top_k, generator=generator).cuda()
    grad = torch.randn(tokens * top_k, 144, generator=generator).to(torch.bfloat16).cuda()
    results = []
    for recipe in (fgg.Recipe(), fgg.Recipe(), EXACT):
        inputs = [x.clone().requires_grad_() for x in (a, b, weight)]
        out = fgg.grouped_gemm(
            *inputs[:2], sizes, gather=order // top_k, gathers_per_row=top_k, scatter=order,
            row_weight=inputs[2], recipe=recipe,
        )  # fmt: skip
        out.backward(grad)
        results.append([out.detach(), *(x.grad for x in inputs)])
    for first, second, expected in zip(*results, strict=True):
        assert bits_equal(first, second)
        assert relative_error(first, expected) < 1e-5


def test_gradients_follow_the_reference_and_graphs_replay() -> None:
    a, b, sizes = operands([5, 0, 300, 128, 70], 272, 400)
    results = []
    for recipe in (fgg.Recipe(), EXACT):
        x, w = a.clone().requires_grad_(), b.clone().requires_grad_()
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


def test_no_call_waits_for_the_device() -> None:
    a, b, sizes = operands([5, 0, 300, 128, 70], 272, 400)
    x, w = a.clone().requires_grad_(), b.clone().requires_grad_()
    grad = torch.ones(len(a), 272, device="cuda", dtype=a.dtype)
    fgg.grouped_gemm(x, w, sizes, zero_tail=True).backward(grad)  # compiles the kernels
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        fgg.grouped_gemm(x, w, sizes, zero_tail=True).backward(grad)
    finally:
        torch.cuda.set_sync_debug_mode("default")


@pytest.mark.slow
def test_compiled_training_equals_eager_training() -> None:
    module = fgg.GroupedLinear(3, 256, 144, device="cuda")
    compiled = torch.compile(lambda x, s: module(x, s, zero_tail=True), dynamic=True)
    for sizes in ([3, 0, 90], [200, 1, 0]):
        group_sizes = torch.tensor(sizes, device="cuda")
        results = []
        for function in (compiled, lambda x, s: module(x, s, zero_tail=True)):
            generator = torch.Generator().manual_seed(0)
            x = torch.randn(sum(sizes), 256, generator=generator).to(torch.bfloat16).cuda()
            x.requires_grad_()
            module.zero_grad()
            out = function(x, group_sizes)
            out.float().square().sum().backward()
            results.append((out.detach(), x.grad, module.weight.grad))
        for got, expected in zip(*results, strict=True):
            assert relative_error(got, expected) < 1e-5


def test_the_benchmark_measures_every_own_mode_and_finds_them_equal() -> None:
    record = bench_cuda.run_shape(Shape("small", 2048, 8, 512, 1024))
    for backend, store in MODES:
        assert f"{backend} {store}" in record["seconds"], record["refused"]
    assert list(record["same bits"].values()) == [True]
