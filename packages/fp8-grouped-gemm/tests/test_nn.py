"""GroupedLinear holds wide weights, computes in FP8, and never serves stale FP8 weights."""

import copy
import io

import pytest
import torch

import fp8_grouped_gemm as fgg
from fp8_grouped_gemm.testing import bits_equal, relative_error

SIZES = torch.tensor([3, 0, 9])


def layer(**options) -> fgg.GroupedLinear:
    torch.manual_seed(0)
    return fgg.GroupedLinear(3, 32, 48, **options)


def test_the_module_equals_the_function() -> None:
    module = layer()
    x = torch.randn(12, 32).to(torch.bfloat16)
    assert bits_equal(module(x, SIZES), fgg.grouped_gemm(x, module.weight, SIZES))


def test_fp8_weights_are_kept_until_the_weight_changes() -> None:
    module = layer()
    x = torch.randn(12, 32).to(torch.bfloat16)
    first = module(x, SIZES).detach().clone()
    held = module._cache._prepared
    module(x, SIZES)
    assert module._cache._prepared is held
    with torch.no_grad():
        module.weight.mul_(2)
    assert relative_error(module(x, SIZES), first * 2) < 1e-12
    module.weight.data.mul_(2)  # bypasses the version counter, hence:
    module.invalidate_cache()
    assert relative_error(module(x, SIZES), first * 4) < 1e-12


@pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.AdamW, torch.optim.Adam])
def test_every_optimizer_step_is_seen(optimizer) -> None:
    module = layer()
    optimizer = optimizer(module.parameters(), lr=0.1)
    x = torch.randn(12, 32).to(torch.bfloat16)
    for _ in range(3):
        module(x, SIZES).float().square().sum().backward()
        optimizer.step()
        optimizer.zero_grad()
        assert bits_equal(
            module(x, SIZES).detach(), fgg.grouped_gemm(x, module.weight, SIZES).detach()
        )


def test_state_copies_and_pickles_hold_no_fp8() -> None:
    module = layer()
    x = torch.randn(12, 32).to(torch.bfloat16)
    expected = module(x, SIZES)
    assert list(module.state_dict()) == ["weight"]
    assert bits_equal(copy.deepcopy(module)(x, SIZES), expected)
    stream = io.BytesIO()
    torch.save(module, stream)
    stream.seek(0)
    assert bits_equal(torch.load(stream, weights_only=False)(x, SIZES), expected)


def test_inference_mode_and_training_agree() -> None:
    module = layer()
    x = torch.randn(12, 32).to(torch.bfloat16)
    with torch.inference_mode():
        quiet = module(x, SIZES).clone()
    assert bits_equal(module(x, SIZES).detach(), quiet)


def test_features_that_are_no_multiple_of_sixteen_are_refused() -> None:
    with pytest.raises(fgg.ShapeError, match="out_features is 40"):
        fgg.GroupedLinear(2, 32, 40)
