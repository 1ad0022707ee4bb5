"""Router losses: hand-computed values, masks, transformers' own, several ranks."""

import pytest
import torch
from transformers.integrations.moe import grouped_mm_experts_forward
from transformers.models.qwen3_moe.configuration_qwen3_moe import Qwen3MoeConfig
from transformers.models.qwen3_moe.modeling_qwen3_moe import (
    Qwen3MoeExperts,
    load_balancing_loss_func,
)

from intern_s1_model import load_balancing_loss, router_z_loss, tokens_per_expert
from intern_s1_model.experts import sorted_loop_experts_forward


def test_balance_is_top_k_when_even_and_experts_when_crowded():
    even = torch.eye(4).repeat(2, 1) * 50.0
    assert load_balancing_loss([even], 1) == pytest.approx(1.0)
    crowded = torch.tensor([[50.0, 0, 0, 0]]).repeat(8, 1)
    assert load_balancing_loss([crowded], 1) == pytest.approx(4.0)


def test_layers_do_not_cancel_each_other():
    one = torch.tensor([[50.0, 0]]).repeat(4, 1)
    other = one.flip(1)
    assert load_balancing_loss([one, other], 1) == pytest.approx(2.0)
    assert load_balancing_loss_func((one, other), 2, 1) == pytest.approx(1.0)  # what it hides


@pytest.mark.parametrize("masked", [False, True])
def test_one_layer_equals_transformers(masked):
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(12, 5, generator=generator)
    mask = torch.tensor([[1, 1, 1, 1, 0, 0], [1, 1, 1, 1, 1, 1]]) if masked else None
    expected = load_balancing_loss_func((logits,), 5, 2, mask)
    torch.testing.assert_close(load_balancing_loss([logits], 2, mask), expected)


def test_z_loss_by_hand():
    logits = torch.tensor([[0.0, 0.0], [3.0, -100.0]])
    expected = (torch.log(torch.tensor(2.0)) ** 2 + 9.0) / 2
    torch.testing.assert_close(router_z_loss([logits]), expected)
    only_second = router_z_loss([logits], torch.tensor([[0, 1]]))
    torch.testing.assert_close(only_second, torch.tensor(9.0))


def test_masked_tokens_change_neither_value_nor_gradient():
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(6, 4, generator=generator, requires_grad=True)
    mask = torch.tensor([[1, 1, 0, 1, 0, 1]])
    for loss in (load_balancing_loss([logits], 2, mask), router_z_loss([logits], mask)):
        (gradient,) = torch.autograd.grad(loss, logits)
        assert not gradient[[2, 4]].any()
    kept = logits[[0, 1, 3, 5]]
    torch.testing.assert_close(
        load_balancing_loss([logits], 2, mask), load_balancing_loss([kept], 2)
    )
    torch.testing.assert_close(router_z_loss([logits], mask), router_z_loss([kept]))


def test_gradients_pass_gradcheck_in_float64():
    logits = torch.randn(5, 4, dtype=torch.float64, requires_grad=True)
    # The losses are float32 inside; gradcheck's step is chosen for that.
    assert torch.autograd.gradcheck(
        lambda x: router_z_loss([x]), logits, eps=1e-3, atol=1e-3, check_undefined_grad=False
    )


def test_tokens_are_counted_per_expert():
    logits = torch.tensor([[3.0, 2, 1], [3, 1, 2], [1, 2, 3]])
    assert tokens_per_expert([logits], 2).tolist() == [[2, 2, 2]]
    assert tokens_per_expert([logits], 2, torch.tensor([[1, 1, 0]])).tolist() == [[2, 1, 1]]


def test_bad_calls_are_refused():
    with pytest.raises(ValueError, match="No router logits"):
        load_balancing_loss([], 2)
    with pytest.raises(ValueError, match="the router saw 4 tokens"):
        router_z_loss([torch.zeros(4, 2)], torch.ones(1, 3))


@pytest.mark.parametrize("shape", [(1, 1), (37, 2), (200, 5)])
def test_the_sorted_loop_sums_what_each_expert_gives(shape):
    experts = Qwen3MoeExperts(
        Qwen3MoeConfig(hidden_size=16, moe_intermediate_size=8, num_experts=6)
    )
    generator = torch.Generator().manual_seed(2)
    for parameter in experts.parameters():
        parameter.data.normal_(std=0.3, generator=generator)
    tokens, top_k = shape
    x = torch.randn(tokens, 16, generator=generator)
    index = torch.rand(tokens, 6, generator=generator).topk(top_k).indices
    index[index == 3] = 6  # another rank computes it; expert 3 is left without tokens
    weights = torch.rand(tokens, top_k, generator=generator)
    expected = torch.zeros_like(x)
    for n in range(tokens):
        for k in range(top_k):
            if index[n, k] < 6:
                gate, up = (experts.gate_up_proj[index[n, k]] @ x[n]).chunk(2)
                inner = torch.nn.functional.silu(gate) * up
                expected[n] += weights[n, k] * (experts.down_proj[index[n, k]] @ inner)
    with torch.no_grad():
        got = sorted_loop_experts_forward(experts, x, index, weights)
    torch.testing.assert_close(got, expected.detach(), rtol=1e-5, atol=1e-6)


def test_the_sorted_loop_trains_through_grouped_mm():
    experts = Qwen3MoeExperts(
        Qwen3MoeConfig(hidden_size=16, moe_intermediate_size=8, num_experts=4)
    )
    for parameter in experts.parameters():
        torch.nn.init.normal_(parameter)
    arguments = torch.randn(5, 16), torch.randint(0, 4, (5, 2)), torch.rand(5, 2)
    gradients = []
    for function in (sorted_loop_experts_forward, grouped_mm_experts_forward):
        loss = function(experts, *arguments).square().sum()
        gradients.append(torch.autograd.grad(loss, list(experts.parameters())))
    for ours, theirs in zip(*gradients, strict=True):
        assert torch.equal(ours, theirs)
