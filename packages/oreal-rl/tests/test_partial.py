"""Rollouts that go on across updates: versions per token, bounded staleness, resume."""

import pytest
import torch
from transformers import Qwen3MoeConfig, Qwen3MoeForCausalLM

from oreal_rl import OrealConfig, OrealTrainer, Prompt
from oreal_rl.errors import ConfigError, PromptError, SamplerError, StateError
from oreal_rl.partial import Flight, PartialPool, join_rollouts
from oreal_rl.protocols import SamplingParams
from oreal_rl.router_replay import FREE
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.scoring import make_batch, response_logits, token_logprobs
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy
from oreal_rl.types import Rollout, TrainItem

TASK = SortTask(num_digits=2)
TOKENIZER = CharTokenizer(TASK.alphabet)
PARAMS = SamplingParams(max_new_tokens=12, stop_token_ids=(1,))


def make_policy(seed=0):
    return TinyPolicy(TOKENIZER.vocabulary_size, seed=seed)


def make_config(**overrides):
    settings = {
        "num_steps": 6, "prompts_per_step": 4, "group_size": 8, "max_new_tokens": 12,
        "oversample_cap": 3.0, "top_p": 1.0, "learning_rate": 3e-3, "min_learning_rate": 3e-3,
        "lr_warmup_steps": 0, "truncated": "verify", "token_reward": "none",
        "partial_slice_tokens": 3, "max_staleness": 4, "importance": "truncate",
    }  # fmt: skip
    return OrealConfig.preset("repo", **{**settings, **overrides})


def first_digit(prompts, responses):
    return [r[:1] == p.case[:1] for p, r in zip(prompts, responses, strict=True)]


def make_trainer(config, verifier=first_digit, prompts=None, events=None, seed=0):
    return OrealTrainer(
        policy=make_policy(seed), tokenizer=TOKENIZER, verifier=verifier, config=config,
        prompts=prompts or (lambda cursor: TASK.prompts(cursor, 4)),
        callback=None if events is None else events.append,
    )  # fmt: skip


def groups_of(events):
    return [group for event in events if event.kind == "step" for group in event.groups]


def test_slices_of_frozen_weights_have_the_probabilities_of_the_whole():
    policy = make_policy()
    pool = PartialPool(
        sampler=KVLoopSampler(policy, TOKENIZER), tokenizer=TOKENIZER, group_size=6,
        slice_tokens=5, max_staleness=1,
    )  # fmt: skip
    prompt = Prompt(text="31>")
    pool.add((0, 0), prompt, tuple(TOKENIZER.encode(prompt.text)))
    rounds = 0
    while pool.flights:
        pool.advance(PARAMS, seed=rounds, version=0)
        rounds += 1
    assert rounds == 3  # 5 + 5 + 2 tokens
    (flight,) = pool.take(9)
    lengths = {r.num_tokens for r in flight.rollouts}
    assert max(lengths) == 12
    items = [
        TrainItem(group=0, prompt_ids=flight.prompt_ids, rollout=r, reward=1.0, is_positive=True,
                  advantage=1.0)
        for r in flight.rollouts
    ]  # fmt: skip
    batch = make_batch(items, pad_token_id=0)
    with torch.no_grad():
        logprobs, _ = token_logprobs(response_logits(policy, batch), batch)
    torch.testing.assert_close(logprobs, batch.sampling_logprobs, atol=1e-5, rtol=0)
    for rollout in flight.rollouts:
        assert rollout.finish_reason == ("stop" if 1 in rollout.response_ids else "length")
        assert 1 not in rollout.response_ids[:-1]
        assert rollout.text == TOKENIZER.decode(rollout.response_ids)


def test_long_responses_go_on_under_new_weights_and_every_token_knows_its_version():
    events = []
    trainer = make_trainer(make_config(), events=events)
    metrics = trainer.train()
    assert sum(m["updated"] for m in metrics) >= 4
    assert sum(m.get("count/rollouts_continued", 0) for m in metrics) > 0
    mixed = 0
    for event in (e for e in events if e.kind == "step"):
        for rollout in (r for group in event.groups for r in group.rollouts):
            versions = rollout.policy_versions
            assert len(versions) == len(rollout.logprobs) == rollout.num_tokens
            assert list(versions) == sorted(versions)
            assert versions[0] >= event.step - 4  # the bound, for versions never outrun steps
            mixed += len(set(versions)) > 1
    assert mixed > 0


def test_the_importance_ratio_sees_the_probabilities_the_tokens_were_drawn_with():
    metrics = make_trainer(make_config()).train()
    assert max(m.get("sampler_kl", 0.0) for m in metrics) > 1e-6  # stale tokens disagree
    fresh = make_trainer(make_config(partial_slice_tokens=0)).train()
    assert max(m.get("sampler_kl", 0.0) for m in fresh) < 1e-8


def test_rollouts_beyond_the_bound_are_drawn_again_and_counted():
    pool = PartialPool(
        sampler=KVLoopSampler(make_policy(), TOKENIZER), tokenizer=TOKENIZER, group_size=4,
        slice_tokens=2, max_staleness=1,
    )  # fmt: skip
    pool.add((0, 0), Prompt(text="31>"), tuple(TOKENIZER.encode("31>")))
    pool.advance(PARAMS, seed=0, version=0)
    unfinished = sum(r.finish_reason == "length" for f in pool.flights for r in f.rollouts)
    counts = pool.advance(PARAMS, seed=1, version=1)
    assert counts["rollouts_continued"] == unfinished
    counts = pool.advance(PARAMS, seed=2, version=2)
    assert counts["rollouts_expired"] == 4
    # All of them, the ended ones too: a group is trained on as a whole.
    assert {r.num_tokens for f in [*pool.flights, *pool.landed] for r in f.rollouts} <= {1, 2}


@pytest.mark.parametrize("kind", ["provider", "sequence"])
def test_a_resumed_run_with_rollouts_in_flight_gives_the_same_bits(kind, tmp_path):
    prompts = None if kind == "provider" else [
        Prompt(text=p.text, case=p.case, uid=str(i)) for i, p in enumerate(TASK.prompts(0, 11))
    ]  # fmt: skip
    config = make_config(partial_slice_tokens=2, num_steps=4)
    straight = make_trainer(config, prompts=prompts)
    straight.train()
    first = make_trainer(config, prompts=prompts)
    first.train(2)
    assert any(r for flight in first.pool.flights for r in flight.rollouts)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    second = make_trainer(config, prompts=prompts, seed=5)
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    second.train()
    left, right = straight.state_dict(), second.state_dict()
    assert left["in_flight"] == right["in_flight"]
    assert left["prompt_cursor"] == right["prompt_cursor"]
    assert all(torch.equal(left["policy"][n], right["policy"][n]) for n in left["policy"])


def test_no_prompt_is_lost_or_repeated():
    seen = []

    def provide(cursor):
        return [Prompt(text=f"{i}>", case=str(i), uid=f"{cursor}.{i}") for i in range(4)]

    events = []
    trainer = make_trainer(make_config(), prompts=provide, events=events)
    trainer.train()
    seen = [group.prompt.uid for group in groups_of(events)]
    flying = [f.prompt.uid for f in [*trainer.pool.landed, *trainer.pool.flights]]
    taken = [f"{cursor}.{i}" for cursor in range(trainer.cursor.position) for i in range(4)]
    assert sorted(seen + flying) == sorted(taken)


def test_a_failed_step_leaves_what_is_in_flight_as_it_was():
    calls = []

    def flaky(prompts, responses):
        calls.append(1)
        if len(calls) == 3:
            raise OSError("away")
        return first_digit(prompts, responses)

    trainer = make_trainer(make_config(), verifier=flaky)
    before = None
    for _ in range(4):
        before = trainer.pool.to_json()
        try:
            trainer.step()
        except Exception:
            assert trainer.pool.to_json() == before
            break
    else:
        pytest.fail("the verifier never failed")
    trainer.step()
    healthy = make_trainer(make_config())
    healthy.train(trainer.step_index)
    assert healthy.pool.to_json() == trainer.pool.to_json()


def test_joined_rollouts_keep_what_both_parts_have():
    routes = torch.ones(1, 2, 2, dtype=torch.long)
    head = Rollout(
        response_ids=(3, 4), logprobs=(-1.0, -2.0), finish_reason="length",
        support_logmass=(-0.1, -0.2), policy_versions=(0, 0), support_ids=((3,), (4, 5)),
        routed_experts=routes,
    )  # fmt: skip
    tail = Rollout(
        response_ids=(5, 1), logprobs=(-3.0, -4.0), finish_reason="stop", policy_versions=(2, 2),
        support_ids=((5,), (1,)), routed_experts=routes * 3,
    )  # fmt: skip
    whole = join_rollouts(head, tail, TOKENIZER)
    assert whole.response_ids == (3, 4, 5, 1)
    assert whole.logprobs == (-1.0, -2.0, -3.0, -4.0)
    assert whole.support_logmass == (-0.1, -0.2, 0.0, 0.0)
    assert whole.policy_versions == (0, 0, 2, 2)
    assert whole.support_ids == ((3,), (4, 5), (5,), (1,))
    assert whole.routed_experts[:, 0, 0].tolist() == [1, FREE, 3]
    assert whole.finish_reason == "stop"
    bare = Rollout(response_ids=(5,), logprobs=(-3.0,), finish_reason="stop")
    assert join_rollouts(head, bare, TOKENIZER).support_ids is None


def make_moe():
    torch.manual_seed(0)
    return Qwen3MoeForCausalLM(
        Qwen3MoeConfig(
            vocab_size=TOKENIZER.vocabulary_size, hidden_size=16, intermediate_size=32,
            moe_intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
            num_key_value_heads=1, head_dim=8, num_experts=4, num_experts_per_tok=2,
            max_position_embeddings=64, initializer_range=0.2,
            pad_token_id=0, eos_token_id=1, bos_token_id=None,
        )
    )  # fmt: skip


def test_the_sampler_records_the_experts_that_training_replays():
    model = make_moe()
    sampler = KVLoopSampler(model, TOKENIZER, record_routes=True)
    prompts = [tuple(TOKENIZER.encode(text)) for text in ("31>", "4>")]
    groups = sampler.sample(prompts, num_samples=6, params=PARAMS, seed=0)
    items = [
        TrainItem(group=g, prompt_ids=prompts[g], rollout=r, reward=1.0, is_positive=True,
                  advantage=1.0)
        for g, group in enumerate(groups) for r in group
    ]  # fmt: skip
    for item in items:
        assert item.rollout.routed_experts.shape == (item.rollout.num_tokens - 1, 2, 2)
    batch = make_batch(items, pad_token_id=0)
    reported = batch.sampling_logprobs
    with torch.no_grad():
        same, _ = token_logprobs(response_logits(model, batch), batch)
        torch.testing.assert_close(same, reported, atol=1e-5, rtol=0)
        for layer in model.model.layers:  # a trainer whose routers have gone elsewhere
            layer.mlp.gate.weight.mul_(0.9).add_(0.05 * torch.randn_like(layer.mlp.gate.weight))
        replayed, _ = token_logprobs(response_logits(model, batch), batch)
        bare = [
            TrainItem(group=i.group, prompt_ids=i.prompt_ids, reward=1.0, is_positive=True,
                      advantage=1.0, rollout=Rollout(
                          response_ids=i.rollout.response_ids, logprobs=i.rollout.logprobs,
                          finish_reason=i.rollout.finish_reason))
            for i in items
        ]  # fmt: skip
        free, _ = token_logprobs(response_logits(model, make_batch(bare, pad_token_id=0)), batch)
    assert float((replayed - reported).abs().max()) < float((free - reported).abs().max())


def test_routes_survive_a_weight_update_and_a_trip_through_the_state():
    config = make_config(prompts_per_step=2, num_steps=3)
    model = make_moe()
    events = []
    trainer = OrealTrainer(
        policy=model, tokenizer=TOKENIZER, verifier=first_digit, config=config,
        prompts=lambda cursor: TASK.prompts(cursor, 2), callback=events.append,
        sampler=KVLoopSampler(model, TOKENIZER, record_routes=True),
    )  # fmt: skip
    trainer.train()
    joined = [r for group in groups_of(events) for r in group.rollouts if r.num_tokens > 3]
    assert joined
    for rollout in joined:
        routes = rollout.routed_experts
        assert routes.shape == (rollout.num_tokens - 1, 2, 2)
        assert bool((routes[2] == FREE).all())  # the third token was read as prompt
        assert bool((routes[:2] >= 0).all())
    copy = PartialPool(
        sampler=trainer.sampler, tokenizer=TOKENIZER, group_size=8, slice_tokens=3, max_staleness=4
    )
    copy.load_json(trainer.pool.to_json(), trainer.cursor.at)
    assert copy.to_json() == trainer.pool.to_json()
    assert all(isinstance(flight, Flight) for flight in copy.flights)


def test_misuse_is_told():
    with pytest.raises(ConfigError, match="max_staleness"):
        make_config(max_staleness=0)
    with pytest.raises(SamplerError, match="router"):
        KVLoopSampler(make_policy(), TOKENIZER, record_routes=True)
    trainer = make_trainer(make_config())
    with pytest.raises(StateError, match="in flight"):
        trainer.pool.load_json("[]", trainer.cursor.at)
    with pytest.raises(PromptError, match="pure"):
        trainer.cursor.at((0, 99))
