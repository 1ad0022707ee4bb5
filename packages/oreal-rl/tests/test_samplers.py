"""The embedded samplers: distributions, log-probabilities, cache handling, determinism."""

from dataclasses import replace

import pytest
import torch

from oreal_rl.errors import ConfigError, SamplerError
from oreal_rl.protocols import Sampler, SamplingParams
from oreal_rl.router_replay import find_routers, recording, replaying
from oreal_rl.samplers import GenerateSampler, KVLoopSampler, fused_decoding
from oreal_rl.samplers.decoding import text_stack
from oreal_rl.samplers.drawing import draw_tokens
from oreal_rl.samplers.fused_decoding import FusedSteps
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


def make_dense_qwen():
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.Qwen3Config(
        vocab_size=TOKENIZER.vocabulary_size, hidden_size=32, intermediate_size=64,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
        attention_bias=True, tie_word_embeddings=True, max_position_embeddings=128,
        pad_token_id=0, eos_token_id=1, bos_token_id=None,
    )  # fmt: skip
    return transformers.Qwen3ForCausalLM(config)


def make_normalising_qwen():
    model = make_qwen()
    for router in find_routers(model):
        router.norm_topk_prob = True
    return model


def randomise(model):
    """Weights far from their start: norms that are not 1, biases that are not 0, clear routing."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.copy_(parameter + (0.3 if parameter.dim() == 1 else 0.1) * noise)
    return model


def both_ways(model, *, prompts=PROMPTS, num_samples=4, **settings):
    """Rollouts through fused steps and through the model's own forward."""
    params = SamplingParams(**settings)
    samplers = [KVLoopSampler(model, TOKENIZER, fused_steps=fused) for fused in (True, False)]
    results = [s.sample(prompts, num_samples=num_samples, params=params, seed=3) for s in samplers]
    assert samplers[0].fused_steps  # the self-check did not turn it off
    return [[rollout for group in groups for rollout in group] for groups in results]


def assert_same_rollouts(left, right, tolerance=1e-5):
    for one, other in zip(left, right, strict=True):
        assert one.response_ids == other.response_ids
        assert one.finish_reason == other.finish_reason
        assert one.support_ids == other.support_ids
        assert one.logprobs == pytest.approx(other.logprobs, abs=tolerance)
        assert one.support_logmass == pytest.approx(other.support_logmass, abs=tolerance)


@pytest.mark.parametrize("make", [make_dense_qwen, make_qwen, make_normalising_qwen])
@pytest.mark.parametrize("top_p", [1.0, 0.7])
@pytest.mark.parametrize("temperature", [1.0, 0.0])
def test_fused_steps_draw_the_same_tokens_as_the_model(make, top_p, temperature):
    model = randomise(make())
    assert text_stack(model) is not None
    left, right = both_ways(
        model, max_new_tokens=40, top_p=top_p, temperature=temperature, record_support=True,
        stop_token_ids=(1, 5),
    )  # fmt: skip
    assert_same_rollouts(left, right)
    # rows end at different steps, so the grid was made anew, and it grew past its first size
    lengths = {rollout.num_tokens for rollout in left}
    assert len(lengths) > 3 or temperature == 0


@pytest.mark.parametrize("make", [make_dense_qwen, make_qwen])
@pytest.mark.parametrize("num_samples", [1, 9])
def test_fused_steps_agree_for_one_prompt_and_beyond_their_first_room(make, num_samples):
    left, right = both_ways(
        randomise(make()), prompts=PROMPTS[:1], num_samples=num_samples, max_new_tokens=70
    )
    assert_same_rollouts(left, right)
    assert left[0].num_tokens == 70


def test_fused_steps_agree_in_float64_to_its_rounding():
    model = randomise(make_qwen().double())
    model.set_experts_implementation("eager")  # the grouped product takes no float64
    left, right = both_ways(model, max_new_tokens=20, stop_token_ids=(1,))
    # log-probabilities are kept in float32, and Qwen's norms work in float32 inside
    assert_same_rollouts(left, right, tolerance=2e-6)


def test_fused_steps_call_the_experts_of_the_layer_when_rows_are_many(monkeypatch):
    monkeypatch.setattr(fused_decoding, "_DENSE_LIMIT", 0)
    left, right = both_ways(randomise(make_qwen()), max_new_tokens=12, stop_token_ids=(1, 5))
    assert_same_rollouts(left, right)


def test_fused_steps_read_the_weights_of_now():
    model = randomise(make_qwen())
    params = SamplingParams(max_new_tokens=6)
    sampler = KVLoopSampler(model, TOKENIZER)
    sampler.sample(PROMPTS, num_samples=2, params=params, seed=0)
    for parameter in model.parameters():
        parameter.data.mul_(-1.1)
    after = sampler.sample(PROMPTS, num_samples=2, params=params, seed=0)
    own = KVLoopSampler(model, TOKENIZER, fused_steps=False)
    wanted = own.sample(PROMPTS, num_samples=2, params=params, seed=0)
    assert_same_rollouts([r for g in after for r in g], [r for g in wanted for r in g])


def test_the_first_call_with_its_check_gives_the_bits_of_later_ones():
    model = randomise(make_qwen())
    sampler = KVLoopSampler(model, TOKENIZER)
    params = SamplingParams(max_new_tokens=8, top_p=0.9, stop_token_ids=(1,))
    first, second = (
        sampler.sample(PROMPTS, num_samples=3, params=params, seed=0) for _ in range(2)
    )
    assert first == second


class Adapter(torch.nn.Module):
    """Stands in a projection's place, as adapters and quantised layers do."""

    def __init__(self, base):
        super().__init__()
        self.base = base

    def forward(self, x):
        return 2 * self.base(x)


def with_hook(model):
    model.model.layers[0].mlp.register_forward_hook(lambda module, inputs, output: 2 * output)


def with_adapter(model):
    attention = model.model.layers[1].self_attn
    attention.q_proj = Adapter(attention.q_proj)


def with_replaced_forward(model):
    norm = model.model.norm
    norm.forward = lambda x: 2 * x


def with_window(model):
    model.model.layers[0].self_attn.sliding_window = 4


def with_half_weights(model):
    model.bfloat16()


def with_another_activation(model):
    model.config.hidden_act = "gelu"


@pytest.mark.parametrize(
    "change",
    [
        with_hook, with_adapter, with_replaced_forward, with_window, with_half_weights,
        with_another_activation,
    ],
)  # fmt: skip
def test_a_changed_model_is_read_through_its_own_forward(change):
    model = make_qwen()
    assert text_stack(model) is not None
    change(model)
    assert text_stack(model) is None


def test_hooks_on_the_output_of_the_model_are_called():
    model = randomise(make_qwen())

    def silence(module, inputs, output):
        output.logits.index_fill_(-1, torch.tensor([2, 3, 4]), -1e4)

    def cool(module, inputs, output):
        output.logits.div_(2)
        return output

    model.register_forward_hook(silence)
    model.register_forward_hook(cool)
    left, right = both_ways(model, max_new_tokens=10)
    assert_same_rollouts(left, right)
    assert not {2, 3, 4} & {token for rollout in left for token in rollout.response_ids}


def test_a_hook_that_wants_more_than_logits_takes_the_model_s_own_forward(caplog):
    model = make_qwen()
    lengths = []
    model.register_forward_hook(
        lambda module, inputs, output: lengths.append(output.past_key_values.get_seq_length())
    )
    sampler = KVLoopSampler(model, TOKENIZER)
    params = SamplingParams(max_new_tokens=3)
    sampler.sample(PROMPTS, num_samples=1, params=params, seed=0)
    assert "going on with the model's own forward" in caplog.text
    assert lengths[-1] == max(map(len, PROMPTS)) + 2


def test_recorders_that_transformers_left_behind_are_no_change():
    model = make_qwen()
    model(torch.tensor([[2, 3]]), output_router_logits=True)
    assert any(module._forward_hooks for module in model.modules())
    assert text_stack(model) is not None


def test_a_bare_model_is_read_through_its_own_forward_and_so_are_autocast_and_routes():
    assert text_stack(make_model()) is None
    model = make_qwen()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert text_stack(model) is None
    params = SamplingParams(max_new_tokens=5)
    sampler = KVLoopSampler(model, TOKENIZER, record_routes=True)
    recorded = sampler.sample(PROMPTS, num_samples=2, params=params, seed=0)
    plain = KVLoopSampler(model, TOKENIZER).sample(PROMPTS, num_samples=2, params=params, seed=0)
    assert_same_rollouts([r for g in recorded for r in g], [r for g in plain for r in g])
    assert recorded[0][0].routed_experts.shape == (4, 2, 2)


def test_steps_that_disagree_with_the_model_are_given_up_with_a_warning(monkeypatch, caplog):
    model = randomise(make_dense_qwen())
    read = FusedSteps.read
    monkeypatch.setattr(FusedSteps, "read", lambda self, ids, step: 1.01 * read(self, ids, step))
    sampler = KVLoopSampler(model, TOKENIZER)
    params = SamplingParams(max_new_tokens=6)
    found = sampler.sample(PROMPTS, num_samples=2, params=params, seed=0)
    assert "do not give the model's logits" in caplog.text
    assert not sampler.fused_steps
    own = KVLoopSampler(model, TOKENIZER, fused_steps=False)
    wanted = own.sample(PROMPTS, num_samples=2, params=params, seed=0)
    assert found == wanted


def test_logits_that_are_not_numbers_are_told():
    model = make_model()
    with torch.no_grad():
        model.lm_head.weight[3] = float("nan")
    sampler = KVLoopSampler(model, TOKENIZER)
    with pytest.raises(SamplerError, match="not finite"):
        sampler.sample(PROMPTS, num_samples=2, params=SamplingParams(max_new_tokens=3), seed=0)


def test_draws_are_those_of_multinomial():
    logits = torch.randn(50, 11, generator=torch.Generator().manual_seed(1))
    generators = [torch.Generator().manual_seed(2) for _ in range(2)]
    draw = draw_tokens(logits, SamplingParams(max_new_tokens=1), generators[0])
    wanted = torch.multinomial(logits.softmax(dim=-1), 1, generator=generators[1])[:, 0]
    assert torch.equal(draw.token_ids, wanted)
