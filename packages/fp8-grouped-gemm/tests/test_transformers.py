"""transformers MoE models run their experts here after switching one argument."""

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    DeepseekV3Config,
    GptOssConfig,
    GraniteMoeConfig,
    MixtralConfig,
    OlmoeConfig,
    Qwen3MoeConfig,
)

from fp8_grouped_gemm.integrations.transformers import experts_forward, register
from fp8_grouped_gemm.testing import relative_error

TINY = {
    "vocab_size": 64,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 16,
    "num_experts_per_tok": 2,
    "max_position_embeddings": 64,
}


CONFIGS = {
    "qwen3_moe": lambda: Qwen3MoeConfig(
        **TINY, num_experts=4, moe_intermediate_size=48, intermediate_size=64
    ),
    "mixtral": lambda: MixtralConfig(**TINY, num_local_experts=4, intermediate_size=48),
    "olmoe": lambda: OlmoeConfig(**TINY, num_experts=4, intermediate_size=48),
    "granitemoe": lambda: GraniteMoeConfig(**TINY, num_local_experts=4, intermediate_size=48),
    # Transposed, interleaved weights with biases, and a gate of its own.
    "gpt_oss": lambda: GptOssConfig(
        **TINY, num_local_experts=4, intermediate_size=48, sliding_window=16,
        layer_types=["full_attention"],
    ),
    # Shared experts beside the routed ones, and a router with a correction bias.
    "deepseek_v3": lambda: DeepseekV3Config(
        **TINY | {"num_key_value_heads": 2}, n_routed_experts=4, moe_intermediate_size=48,
        intermediate_size=64, n_shared_experts=1, first_k_dense_replace=0, n_group=1, topk_group=1,
        kv_lora_rank=16, q_lora_rank=16, qk_nope_head_dim=16, qk_rope_head_dim=16, v_head_dim=16,
    ),
}  # fmt: skip


def build(name: str, implementation: str):
    register()
    torch.manual_seed(0)
    config = CONFIGS[name]()
    return AutoModelForCausalLM.from_config(config, experts_implementation=implementation)


@pytest.mark.parametrize("name", CONFIGS)
def test_logits_and_gradients_follow_the_eager_model(name) -> None:
    ids = torch.randint(0, 64, (2, 24), generator=torch.Generator().manual_seed(1))
    results = []
    for implementation in ("eager", "fp8_grouped_gemm"):
        model = build(name, implementation)
        assert model.config._experts_implementation == implementation
        out = model(ids, labels=ids)
        out.loss.backward()
        experts = [p.grad for n, p in model.named_parameters() if ".experts." in n]
        assert experts
        router = [p.grad for n, p in model.named_parameters() if "gate.weight" in n]
        results.append((out.logits.detach(), *experts, *router))
    for got, expected in zip(results[1], results[0], strict=True):
        # FP8 rounding of both operands in one layer of each kind, then its backward.
        assert relative_error(got, expected) < 1e-2
    assert relative_error(results[1][0], results[0][0]) < 1e-3


@pytest.mark.parametrize("name", ["qwen3_moe", "gpt_oss"])
def test_generation_with_a_cache_gives_the_logits_of_one_pass(name) -> None:
    # Rows are quantised one by one, so a token's experts see the same FP8 values alone.
    model = build(name, "fp8_grouped_gemm").eval()
    ids = torch.randint(0, 64, (1, 8), generator=torch.Generator().manual_seed(2))
    out = model.generate(
        ids, max_new_tokens=5, do_sample=False, output_logits=True, return_dict_in_generate=True,
        pad_token_id=0, eos_token_id=None,
    )  # fmt: skip
    with torch.inference_mode():
        whole = model(out.sequences).logits[0, 7:-1]
    # Attention sums in another order with a cache, which may move a rounding to FP8.
    assert relative_error(torch.cat(out.logits), whole) < 1e-4


def test_an_implementation_can_be_switched_on_a_built_model() -> None:
    model = build("qwen3_moe", "eager").eval()
    ids = torch.randint(0, 64, (2, 24), generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wide = model(ids).logits
        model.set_experts_implementation("fp8_grouped_gemm")
        narrow = model(ids).logits
        model.set_experts_implementation("eager")
        assert torch.equal(model(ids).logits, wide)
    assert not torch.equal(narrow, wide)
    assert relative_error(narrow, wide) < 1e-3


def test_experts_without_a_gate_work_too() -> None:
    experts = Experts()
    experts.has_gate = experts.has_bias = experts.is_transposed = False
    generator = torch.Generator().manual_seed(7)
    experts.up_proj = torch.nn.Parameter(torch.randn(3, 48, 32, generator=generator) / 4)
    experts.down_proj = torch.nn.Parameter(torch.randn(3, 32, 48, generator=generator) / 4)
    experts.act_fn = torch.nn.functional.relu
    x = torch.randn(12, 32, generator=generator)
    index = torch.randint(0, 3, (12, 1), generator=generator)
    weights = torch.rand(12, 1, generator=generator)
    expected = torch.stack(
        [
            weights[t] * ((x[t] @ experts.up_proj[e].T).relu() @ experts.down_proj[e].T)
            for t, e in enumerate(index[:, 0].tolist())
        ]
    )
    assert relative_error(experts_forward(experts, x, index, weights), expected.detach()) < 5e-3


class Experts(torch.nn.Module):
    """Experts with biases and transposed weights, as GPT-OSS stores them."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(4)

        def draw(*shape):
            return torch.nn.Parameter(torch.randn(*shape, generator=generator) / 4)

        self.num_experts = 3
        self.has_gate = self.has_bias = self.is_transposed = True
        self.gate_up_proj, self.gate_up_proj_bias = draw(3, 32, 64), draw(3, 64)
        self.down_proj, self.down_proj_bias = draw(3, 32, 16), draw(3, 16)
        self.down_proj = draw(3, 32, 32)
        self.down_proj_bias = draw(3, 32)

    def _apply_gate(self, x):
        gate, up = x.chunk(2, -1)
        return torch.nn.functional.silu(gate) * up


@pytest.mark.parametrize("has_bias", [True, False])
def test_slots_of_other_ranks_count_for_nothing(has_bias) -> None:
    experts = Experts()
    experts.has_bias = has_bias
    generator = torch.Generator().manual_seed(5)
    x = torch.randn(12, 32, generator=generator, requires_grad=True)
    index = torch.randint(0, 4, (12, 2), generator=generator)  # 3 is another rank's expert
    weights = torch.rand(12, 2, generator=generator)
    out = experts_forward(experts, x, index, weights)
    expected = torch.zeros(12, 32)
    for token in range(12):
        for slot in range(2):
            expert = int(index[token, slot])
            if expert == 3:
                continue
            hidden = x[token] @ experts.gate_up_proj[expert]
            hidden = hidden + (experts.gate_up_proj_bias[expert] if has_bias else 0)
            row = experts._apply_gate(hidden) @ experts.down_proj[expert]
            row = row + (experts.down_proj_bias[expert] if has_bias else 0)
            expected[token] += weights[token, slot] * row.detach()
    # Four FP8 roundings in sequence (two operands, twice), the first two amplified by the gate.
    assert relative_error(out.detach(), expected) < 5e-3
    out.sum().backward()
    assert x.grad.isfinite().all()
    nowhere = (index == 3).all(1)
    assert not x.grad[nowhere].any()
