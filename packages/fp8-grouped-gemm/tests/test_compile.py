"""The operators trace: fakes agree with results, and token counts may change freely."""

import pytest
import torch

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm import ops
from fp8_grouped_gemm.testing import bits_equal, relative_error

SIZES = torch.tensor([3, 0, 9], dtype=torch.int32)
E4M3 = torch.float8_e4m3fn
# Without test_schema: it compares inputs by arithmetic that torch has not got for float8.
CHECKS = ("test_faketensor", "test_autograd_registration")
# Dynamo of torch 2.13 instantiates autograd functions while it traces, and torch warns of that.
pytestmark = pytest.mark.filterwarnings("ignore:.*should not be instantiated.*:DeprecationWarning")


@pytest.mark.parametrize("backend", ["auto", "reference"])
def test_fake_kernels_agree_with_results(backend) -> None:
    x, w = torch.randn(14, 32), torch.randn(3, 48, 32)
    for op, args in (
        (ops.quantize_rows, (x, E4M3, False, backend)),
        (ops.quantize_columns, (x, SIZES, E4M3, False, backend)),
        (ops.quantize_dual, (x, SIZES, E4M3, True, backend)),
        (ops.quantize_blocks, (w, E4M3, False, backend)),
        (ops.quantize_blocks_dual, (w, E4M3, False, backend)),
    ):
        torch.library.opcheck(op, args, test_utils=CHECKS)
    a, b = ops.quantize_rows(x, E4M3, False, backend), ops.quantize_blocks(w, E4M3, False, backend)
    order = torch.arange(14)
    for gather, scatter, weight in ((None, None, None), (order, order, torch.rand(14))):
        args = (*a, *b, SIZES, gather, scatter, weight, 14, torch.bfloat16, True, backend, "auto")
        torch.library.opcheck(ops.gemm, args, test_utils=CHECKS)
    columns = ops.quantize_columns(x, SIZES, E4M3, False, backend)
    args = (*columns, *columns, SIZES, 14, torch.float32, backend)
    torch.library.opcheck(ops.wgrad, args, test_utils=CHECKS)


def test_routed_experts_compile_whole_for_any_token_count() -> None:
    torch.manual_seed(0)
    up = fgg.GroupedLinear(3, 32, 48, dtype=torch.float32)
    down = fgg.GroupedLinear(3, 48, 32, dtype=torch.float32)
    top_k = 2

    def experts(x, slots, weights):
        ordered, order = torch.sort(slots.reshape(-1), stable=True)
        bounds = torch.arange(4, device=x.device)
        sizes = torch.searchsorted(ordered, bounds).diff()
        hidden = up(x, sizes, gather=order // top_k, gathers_per_row=top_k).relu()
        out = down(hidden, sizes, scatter=order, row_weight=weights.reshape(-1)[order])
        return out.view(x.shape[0], top_k, -1).sum(1)

    # Not inductor, whose C++ builds would cost more than the test; graphs and fakes are the same.
    compiled = torch.compile(experts, backend="aot_eager", dynamic=True, fullgraph=True)
    for tokens in (7, 20, 33):
        results = []
        for function in (compiled, experts):
            generator = torch.Generator().manual_seed(tokens)
            x = torch.randn(tokens, 32, generator=generator, requires_grad=True)
            slots = torch.randint(0, 3, (tokens, top_k), generator=generator)
            weights = torch.rand(tokens, top_k, generator=generator, requires_grad=True)
            up.zero_grad()
            down.zero_grad()
            out = function(x, slots, weights)
            out.square().sum().backward()
            results.append((out, x.grad, weights.grad, up.weight.grad, down.weight.grad))
        for got, expected in zip(*results, strict=True):
            # Decompositions may reorder float32 sums, which can move a rounding to FP8.
            assert relative_error(got.detach(), expected.detach()) < 1e-4


def test_compiled_training_has_the_bits_of_eager_for_any_token_count() -> None:
    torch.manual_seed(0)
    module = fgg.GroupedLinear(3, 32, 48, dtype=torch.float32)
    graphs = []

    def backend(graph, _inputs):
        graphs.append(graph)
        return graph.forward

    compiled = torch.compile(
        lambda x, sizes: module(x, sizes, zero_tail=True),
        backend=backend, dynamic=True, fullgraph=True,
    )  # fmt: skip
    for rows, sizes in ((14, [3, 0, 9]), (40, [20, 1, 0]), (33, [11, 11, 11])):
        group_sizes = torch.tensor(sizes)
        results = []
        for function in (compiled, lambda x, sizes: module(x, sizes, zero_tail=True)):
            generator = torch.Generator().manual_seed(rows)
            x = torch.randn(rows, 32, generator=generator, requires_grad=True)
            module.zero_grad()
            out = function(x, group_sizes)
            out.square().sum().backward()
            results.append((out.detach(), x.grad, module.weight.grad))
        for got, expected in zip(*results, strict=True):
            assert bits_equal(got, expected)
    assert len(graphs) == 1
