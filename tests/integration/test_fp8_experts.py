"""The Intern-S1 model with the experts of fp8-grouped-gemm: training and generation."""

import copy

import pytest
import torch

import intern_s1_model as im
from fp8_grouped_gemm.integrations.transformers import NAME, register
from fp8_grouped_gemm.testing import relative_error


@pytest.fixture
def models():
    """The tiny preset twice, same weights: experts in float32, and in FP8."""
    register()
    torch.manual_seed(0)
    wide = im.InternS1ForConditionalGeneration(im.InternS1Config.preset("tiny"))
    narrow = copy.deepcopy(wide)
    wide.set_experts_implementation("eager")
    narrow.set_experts_implementation(NAME)
    return wide, narrow


def draw_ids(model) -> torch.Tensor:
    high = min(model.config.text_config.vocab_size, 200)
    return torch.randint(0, high, (2, 24), generator=torch.Generator().manual_seed(1))


def test_a_training_step_follows_the_wide_experts(models) -> None:
    results = []
    for model in models:
        ids = draw_ids(model)
        out = model.train()(input_ids=ids, labels=ids)
        out.loss.backward()
        experts = [p.grad for n, p in model.named_parameters() if ".experts." in n]
        assert len(experts) >= 2
        results.append((out.loss.detach()[None], out.logits.detach(), experts))
    (wide_loss, wide_logits, wide_grads), (loss, logits, grads) = results
    assert not torch.equal(logits, wide_logits)
    assert relative_error(loss, wide_loss) < 1e-6
    # FP8 rounds both operands of every product to 3 bits of mantissa, in each layer.
    assert relative_error(logits, wide_logits) < 1e-3
    for got, expected in zip(grads, wide_grads, strict=True):
        assert relative_error(got, expected) < 2e-2


def test_generation_with_a_cache_gives_the_logits_of_one_pass(models) -> None:
    model = models[1].eval()
    out = model.generate(
        input_ids=draw_ids(model)[:1, :8], max_new_tokens=4, do_sample=False, output_logits=True,
        return_dict_in_generate=True, pad_token_id=0, eos_token_id=None,
    )  # fmt: skip
    with torch.inference_mode():
        whole = model(input_ids=out.sequences).logits[0, 7:-1]
    # Attention sums in another order with a cache, which may move a rounding to FP8.
    assert relative_error(torch.cat(out.logits), whole) < 1e-4
