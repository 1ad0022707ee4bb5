"""The embedded samplers: distributions, log-probabilities, cache handling, determinism."""

from dataclasses import replace

import pytest
import torch

from oreal_rl.errors import ConfigError, SamplerError
from oreal_rl.protocols import Sampler, SamplingParams
from oreal_rl.router_replay import find_routers, recording, replaying
from oreal_rl.samplers import GenerateSampler, KVLoopSampler
from oreal_rl.samplers.drawing import draw_tokens
from oreal_rl.scoring import (
    make_batch,
    response_logits,
    supported_logprobs,
    token_logprobs,
    token_scores,
)
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy
from oreal_rl.token_reward import make_token_reward_model
from oreal_rl.types import TrainItem

TOKENIZER = CharTokenizer(SortTask.alphabet)
PROMPTS = [(2, 3, 4, 12), (5, 12), (6, 7, 8, 9, 2, 12)]
ROUNDING = 2e-6  # float32 log-softmax over 13 tokens, two orders of summation


def make_model(**kwargs):
    return TinyPolicy(TOKENIZER.vocabulary_size, **kwargs)


def make_qwen():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.Qwen3MoeConfig(
        vocab_size=TOKENIZER.vocabulary_size, hidden_size=32, intermediate_size=64,
        moe_intermediate_size=32, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, head_dim=16, num_experts=4, num_experts_per_tok=2,
        max_position_embeddings=128, pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    return transformers.Qwen3MoeForCausalLM(config)


def as_items(rollouts):
    return [
        TrainItem(
            group=g, prompt_ids=PROMPTS[g], rollout=r, reward=1.0, is_positive=i % 2 == 0,
            advantage=1.0,
        )
        for g, group in enumerate(rollouts)
        for i, r in enumerate(group)
    ]  # fmt: skip


@pytest.mark.parametrize("make", [make_model, make_qwen])
@pytest.mark.parametrize("top_p", [1.0, 0.7])
@pytest.mark.parametrize("temperature", [1.0, 0.6])
def test_sampled_logprobs_are_those_of_the_training_forward(make, top_p, temperature):
    model = make()
    params = SamplingParams(
        max_new_tokens=12, stop_token_ids=(1,), top_p=top_p, temperature=temperature,
        record_support=True,
    )  # fmt: skip
    rollouts = KVLoopSampler(model, TOKENIZER).sample(PROMPTS, num_samples=4, params=params, seed=0)
    items = as_items(rollouts)
    batch = make_batch(items, pad_token_id=0)
    with torch.no_grad():
        results = {}
        for share in (True, False):
            logits = response_logits(model, batch, share_prompts=share)
            results[share], _ = token_logprobs(logits, batch, temperature=temperature)
            if top_p < 1:
                exact = supported_logprobs(logits, batch, temperature=temperature)
                torch.testing.assert_close(exact, batch.sampling_logprobs, atol=ROUNDING, rtol=0)
    torch.testing.assert_close(results[True], results[False], atol=ROUNDING, rtol=0)
    full = batch.sampling_logprobs + batch.support_logmass
    torch.testing.assert_close(full, results[True], atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("make", [make_model, make_qwen])
def test_both_training_layouts_have_the_same_gradient(make):
    model = make().double()
    if make is make_qwen:
        model.set_experts_implementation("eager")  # the grouped product takes no float64
    params = SamplingParams(max_new_tokens=6, stop_token_ids=(1,))
    rollouts = KVLoopSampler(model, TOKENIZER).sample(PROMPTS, num_samples=3, params=params, seed=1)
    batch = make_batch(as_items(rollouts), pad_token_id=0)
    grads = []
    for share in (True, False):
        model.zero_grad()
        logprobs, _ = token_logprobs(response_logits(model, batch, share_prompts=share), batch)
        (logprobs * torch.arange(logprobs.numel()).view_as(logprobs)).sum().backward()
        grads.append([p.grad.clone() for p in model.parameters() if p.grad is not None])
    for left, right in zip(*grads, strict=True):
        # Qwen's norms and rotary tables work in float32 inside, which bounds agreement to ~1e-6.
        tolerance = 1e-9 if make is make_model else 1e-4
        torch.testing.assert_close(left, right, atol=tolerance * float(right.abs().max()), rtol=0)


def test_token_scores_agree_between_layouts_and_start_at_zero():
    model = make_model()
    reward_model = make_token_reward_model(model)
    params = SamplingParams(max_new_tokens=6, stop_token_ids=(1,))
    rollouts = KVLoopSampler(model, TOKENIZER).sample(PROMPTS, num_samples=3, params=params, seed=1)
    batch = make_batch(as_items(rollouts), pad_token_id=0)
    with torch.no_grad():
        assert torch.equal(
            token_scores(reward_model, batch), torch.zeros_like(batch.sampling_logprobs)
        )
        reward_model.lm_head.weight.normal_(generator=torch.Generator().manual_seed(0))
        left = token_scores(reward_model, batch, share_prompts=True)
        right = token_scores(reward_model, batch, share_prompts=False)
    gap = (left - right).abs()[batch.mask]
    assert float(gap.max()) < 1e-5  # float32, width 32
    assert reward_model.embed.weight.data_ptr() != model.embed.weight.data_ptr()


def test_greedy_equals_argmax_without_a_cache():
    model = make_model()
    params = SamplingParams(max_new_tokens=8, temperature=0.0)
    rollouts = KVLoopSampler(model, TOKENIZER).sample(PROMPTS, num_samples=2, params=params, seed=0)
    for ids, group in zip(PROMPTS, rollouts, strict=True):
        tokens = list(ids)
        for _ in range(8):
            with torch.no_grad():
                tokens.append(int(model(torch.tensor([tokens])).logits[0, -1].argmax()))
        assert [list(r.response_ids) for r in group] == [tokens[len(ids) :]] * 2
        assert all(r.finish_reason == "length" for r in group)


def test_dropping_ended_rows_does_not_change_what_the_others_see():
    model = make_model()
    params = SamplingParams(max_new_tokens=10, temperature=0.0, stop_token_ids=(1, 5, 6, 7))
    runs = [
        KVLoopSampler(model, TOKENIZER, compact_below=share).sample(
            PROMPTS, num_samples=2, params=params, seed=0
        )
        for share in (1.0, 1e-9)
    ]
    assert [[r.response_ids for r in g] for g in runs[0]] == [
        [r.response_ids for r in g] for g in runs[1]
    ]


def test_the_end_token_ends_a_response_and_belongs_to_it():
    params = SamplingParams(max_new_tokens=30, stop_token_ids=(1,))
    sampler = KVLoopSampler(make_model(), TOKENIZER)
    rollouts = [
        r for g in sampler.sample(PROMPTS, num_samples=32, params=params, seed=0) for r in g
    ]
    ended = [r for r in rollouts if r.finish_reason == "stop"]
    assert len(ended) > 48  # each of 30 draws ends with a chance of about 1 in 13
    for rollout in rollouts:
        assert (1 in rollout.response_ids) == (rollout.finish_reason == "stop")
        assert 1 not in rollout.response_ids[:-1]
        assert rollout.finish_reason == "stop" or rollout.num_tokens == 30
    at_once = [r for r in ended if r.response_ids == (1,)]  # immediate end: one token, empty text
    assert at_once
    assert all(r.text == "" for r in at_once)


def test_the_seed_decides_the_rollouts_and_the_global_generator_does_not():
    sampler = KVLoopSampler(make_model(), TOKENIZER)
    params = SamplingParams(max_new_tokens=6)

    def draw(seed):
        torch.rand(1)
        return [
            r.response_ids
            for g in sampler.sample(PROMPTS, num_samples=3, params=params, seed=seed)
            for r in g
        ]

    assert draw(0) == draw(0)
    assert draw(0) != draw(1)


def test_draws_follow_the_nucleus_distribution():
    logits = torch.tensor([0.5, 0.3, 0.15, 0.05]).log().expand(20_000, 4)
    params = SamplingParams(max_new_tokens=1, top_p=0.75)
    draw = draw_tokens(logits, params, torch.Generator().manual_seed(0))
    assert draw.support[0].tolist() == [True, True, False, False]
    share = float((draw.token_ids == 0).double().mean())
    assert share == pytest.approx(0.5 / 0.8, abs=0.014)  # 4 standard errors of 20,000 draws
    torch.testing.assert_close(
        draw.logprobs[draw.token_ids == 1][:1], torch.tensor([0.3 / 0.8]).log()
    )
    torch.testing.assert_close(draw.support_logmass[:1], torch.tensor([0.8]).log())


def test_generate_sampler_agrees_with_the_loop():
    model = make_qwen()
    loop, generate = KVLoopSampler(model, TOKENIZER), GenerateSampler(model, TOKENIZER)
    assert isinstance(loop, Sampler)
    assert isinstance(generate, Sampler)
    params = SamplingParams(max_new_tokens=6, temperature=0.0, stop_token_ids=(1,))
    left = loop.sample(PROMPTS, num_samples=1, params=params, seed=0)
    right = generate.sample(PROMPTS, num_samples=1, params=params, seed=0)
    assert [g[0].response_ids for g in left] == [g[0].response_ids for g in right]
    params = SamplingParams(max_new_tokens=6, top_p=0.8, stop_token_ids=(1,))
    rollouts = generate.sample(PROMPTS, num_samples=3, params=params, seed=0)
    batch = make_batch(as_items(rollouts), pad_token_id=0)
    with torch.no_grad():
        full, _ = token_logprobs(response_logits(model, batch), batch)
    torch.testing.assert_close(
        batch.sampling_logprobs + batch.support_logmass, full, atol=ROUNDING, rtol=0
    )
    assert float(batch.support_logmass.min()) < -0.01


def test_modes_are_put_back_and_misuse_is_told():
    model = make_model().train()
    model.blocks[0].eval()
    sampler = KVLoopSampler(model, TOKENIZER)
    sampler.sample(PROMPTS, num_samples=1, params=SamplingParams(max_new_tokens=1), seed=0)
    assert model.training
    assert not model.blocks[0].training
    with pytest.raises(SamplerError, match="no tokens"):
        sampler.sample([()], num_samples=1, params=SamplingParams(max_new_tokens=1), seed=0)
    with pytest.raises(SamplerError, match="another"):
        sampler.sync(make_model(), 1)
    with pytest.raises(SamplerError, match="generate"):
        GenerateSampler(model, TOKENIZER)


@pytest.mark.parametrize("share", [True, False])
def test_recorded_experts_are_replayed_in_training(share):
    model = make_qwen()
    params = SamplingParams(max_new_tokens=5)
    rollouts = KVLoopSampler(model, TOKENIZER).sample(PROMPTS, num_samples=2, params=params, seed=0)
    items = as_items(rollouts)
    batch = make_batch(items, pad_token_id=0)
    with recording(model) as picked, torch.no_grad():
        plain = response_logits(model, batch, share_prompts=True)
    # calls: prompts, then responses; the last response token is never fed
    routes = torch.stack([calls[1].view(len(items), 4, 2) for calls in picked], dim=2)
    recorded = [
        replace(item, rollout=replace(item.rollout, routed_experts=routes[row]))
        for row, item in enumerate(items)
    ]
    batch = make_batch(recorded, pad_token_id=0)
    with torch.no_grad():
        same = response_logits(model, batch, share_prompts=share)
        torch.testing.assert_close(same, plain, atol=ROUNDING, rtol=0)
        for router in find_routers(model):
            router.weight.mul_(-1)  # now the routers themselves would pick the other experts
        with recording(model) as free, replaying(model, None):
            response_logits(model, make_batch(items, pad_token_id=0), share_prompts=True)
        assert not torch.equal(free[0][1], picked[0][1])
        inside = batch.attention[:, :4, None].expand(-1, -1, 2)
        with replaying(model, routes.flatten(0, 1)), recording(model) as replayed:
            model(batch.response_ids[:, :4])
        for calls, layer in zip(replayed, range(2), strict=True):
            got = calls[0].view(len(items), 4, 2)
            assert torch.equal(got[inside], routes[:, :, layer][inside])
    response_logits(model, batch, share_prompts=share).sum().backward()
    assert all(float(r.weight.grad.abs().sum()) > 0 for r in find_routers(model))


def test_routes_of_another_architecture_are_refused():
    with (
        pytest.raises(ConfigError, match="routers"),
        replaying(make_model(), torch.zeros(1, 3, 2, dtype=torch.long)),
    ):
        pass
