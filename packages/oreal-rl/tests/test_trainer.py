"""The loop: learning, resuming bit for bit, and the defined outcomes at the edges."""

import copy
import dataclasses

import pytest
import torch

from oreal_rl import Event, OrealConfig, OrealTrainer, Prompt
from oreal_rl.errors import (
    ConfigError,
    NonFiniteError,
    PromptError,
    RewardValueError,
    StateError,
    VerifierError,
)
from oreal_rl.rewards import RewardMixture, RewardSource
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy
from oreal_rl.types import Rollout

TASK = SortTask(num_digits=2)
TOKENIZER = CharTokenizer(TASK.alphabet)


def make_policy(seed=0):
    return TinyPolicy(TOKENIZER.vocabulary_size, width=32, seed=seed)


def make_config(preset="repo", **overrides):
    small = {
        "num_steps": 6,
        "prompts_per_step": 8,
        "group_size": 8,
        "max_new_tokens": 4,
        "top_p": 1.0,
        "learning_rate": 1e-3,
        "min_learning_rate": 1e-3,
        "lr_warmup_steps": 0,
        "truncated": "verify",
        "token_reward": "none",
        "num_minibatches": 1,
        "skip_grad_norm": None,
        "policy_freeze_steps": 0,
    }
    return OrealConfig.preset(preset, **{**small, **overrides})


def make_trainer(config, policy=None, verifier=None, prompts=None, **kwargs):
    return OrealTrainer(
        policy=policy if policy is not None else make_policy(),
        tokenizer=TOKENIZER,
        prompts=prompts or (lambda cursor: TASK.prompts(cursor, config.prompts_per_step)),
        verifier=verifier or first_digit,
        config=config,
        **kwargs,
    )


def first_digit(prompts, responses):
    """A reward that a fresh model meets by chance: the response starts with the smallest digit."""
    return [r[:1] == p.case[:1] for p, r in zip(prompts, responses, strict=True)]


def same_bits(left, right):
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same_bits(left[k], right[k]) for k in left)
    if isinstance(left, torch.Tensor):
        return torch.equal(left, right)
    return left == right


def weights_of(trainer):
    return {name: value.clone() for name, value in trainer.policy.state_dict().items()}


@pytest.mark.parametrize(
    "algorithm", ["oreal", "reinforce", "rloo", "rloo_pairs", "grpo", "dapo", "gspo", "best_of_n"]
)
def test_every_algorithm_learns_a_bandit(algorithm):
    # One prompt, reward 1 for the answer "7": from a chance of about 1 in 13.
    options = {"clip_low": 0.2, "clip_high": 0.2} if algorithm == "gspo" else {}
    config = make_config(
        "s1", algorithm=algorithm, algorithm_options=options, num_steps=30, prompts_per_step=4,
        group_size=32, max_new_tokens=1, learning_rate=1e-2, min_learning_rate=1e-2,
        kl_cov_coef=0.0, kl_cov_fraction=0.0,
    )  # fmt: skip
    trainer = make_trainer(
        config,
        prompts=[Prompt(text="1>")],
        verifier=lambda prompts, responses: [r == "7" for r in responses],
    )
    metrics = trainer.train()
    assert metrics[0]["pass_rate"] < 0.3
    assert metrics[-1]["pass_rate"] > 0.7


@pytest.mark.parametrize(
    "overrides",
    [
        {"preset": "repo"},
        {"preset": "paper", "token_reward": "threshold", "policy_freeze_steps": 2},
        {"preset": "s1", "num_minibatches": 2},
        {"preset": "repo", "top_p": 0.9, "importance": "truncate", "oversample_cap": 2.0},
    ],
)
def test_a_resumed_run_gives_the_same_bits(overrides, tmp_path):
    config = make_config(**overrides)
    straight = make_trainer(config)
    straight_metrics = straight.train()

    first = make_trainer(config)
    first.train(3)
    torch.save(first.state_dict(), tmp_path / "state.pt")
    torch.rand(7)  # the global generator must not matter
    second = make_trainer(config, policy=make_policy(seed=5))
    second.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    second_metrics = second.train()

    assert same_bits(straight.state_dict(), second.state_dict())
    for left, right in zip(straight_metrics[3:], second_metrics, strict=True):
        for name in left:
            if "seconds" not in name:
                assert left[name] == right[name], name


def test_the_state_is_made_of_plain_parts_only():
    trainer = make_trainer(make_config("paper", token_reward="threshold"))
    trainer.train(1)

    def check(value):
        if isinstance(value, dict):
            assert all(isinstance(key, str) for key in value)
            list(map(check, value.values()))
        elif isinstance(value, list):
            list(map(check, value))
        else:
            assert isinstance(value, (torch.Tensor, int, float, str))

    check(trainer.state_dict())


def test_a_state_of_another_run_is_refused():
    state = make_trainer(make_config()).state_dict()
    with pytest.raises(StateError, match="seed"):
        make_trainer(make_config(seed=1)).load_state_dict(state)
    with pytest.raises(StateError, match="algorithm"):
        make_trainer(make_config(algorithm="grpo")).load_state_dict(state)
    with pytest.raises(StateError, match="reference"):
        make_trainer(make_config(kl_coef=0.0)).load_state_dict(state)


@pytest.mark.parametrize("preset", ["paper", "repo", "s1"])
def test_rewards_of_plus_minus_one_and_of_zero_one_give_the_same_update(preset):
    results = []
    for low in (0.0, -1.0):
        config = make_config(preset, reward_range=(low, 1.0))

        def verify(prompts, responses, low=low):
            return [1.0 if hit else low for hit in first_digit(prompts, responses)]

        trainer = make_trainer(config, verifier=verify)
        trainer.train(2)
        results.append(weights_of(trainer))
    assert same_bits(*results)


@pytest.mark.parametrize("share", [True, False])
def test_micro_batches_change_nothing_but_rounding(share):
    results = []
    for budget in (100_000, 1):
        trainer = make_trainer(
            make_config(selection="all", micro_batch_tokens=budget, share_prompts=share)
        )
        trainer.train(1)
        results.append(weights_of(trainer))
    for name in results[0]:
        # AdamW's first step is lr * sign(gradient): rounding may show where a gradient is near 0.
        gap = (results[0][name] - results[1][name]).abs()
        assert float(gap.mean()) < 1e-5, name


@pytest.mark.parametrize(
    ("answer", "reason"), [(True, "count/groups_all_right"), (False, "count/groups_all_wrong")]
)
def test_a_batch_of_equal_groups_is_counted_and_changes_nothing(answer, reason):
    trainer = make_trainer(make_config(), verifier=lambda p, r: [answer] * len(r))
    before = weights_of(trainer)
    metrics = trainer.step()
    assert metrics["updated"] == 0.0
    assert metrics[reason] == 8.0
    assert metrics["count/groups_kept"] == 0.0
    assert same_bits(before, weights_of(trainer))
    assert trainer.step_index == 1


def test_oversampling_stops_at_its_cap():
    config = make_config(oversample_cap=3.0)
    trainer = make_trainer(config, verifier=lambda p, r: [True] * len(r))
    assert trainer.step()["count/prompts_taken"] == 24.0


def test_oversampling_fills_the_batch_from_a_sequence():
    prompts = [Prompt(text=f"{i % 10}>", case=str(i % 10), uid=str(i)) for i in range(40)]
    config = make_config(oversample_cap=5.0, max_new_tokens=1)

    def odd_only(asked, responses):  # half of the prompts can never be mixed
        return [
            r == p.case if int(p.uid) % 2 else False for p, r in zip(asked, responses, strict=True)
        ]

    metrics = make_trainer(config, prompts=prompts, verifier=odd_only).step()
    assert metrics["count/prompts_taken"] > 8
    assert 0 < metrics["count/groups_kept"] <= 8


@pytest.mark.parametrize(
    "bad", [None, float("nan"), float("inf"), -float("inf"), "1.0", 1e4, -1e4, object()]
)
def test_an_unusable_reward_abstains_and_is_counted(bad):
    def verify(prompts, responses):
        good = first_digit(prompts, responses)
        return [bad if index % 8 == 0 else value for index, value in enumerate(good)]

    trainer = make_trainer(make_config(), verifier=verify)
    metrics = trainer.step()
    assert metrics["count/rewards_abstained"] == 8.0
    assert all(torch.isfinite(value).all() for value in weights_of(trainer).values())


def test_an_unusable_reward_can_raise():
    trainer = make_trainer(
        make_config(invalid_reward="raise"), verifier=lambda p, r: ["x"] * len(r)
    )
    with pytest.raises(RewardValueError, match="a str: 'x'"):
        trainer.step()


def test_all_abstaining_drops_every_group():
    metrics = make_trainer(make_config(), verifier=lambda p, r: [None] * len(r)).step()
    assert metrics["count/groups_too_small"] == 8.0
    assert metrics["updated"] == 0.0


def test_rewards_of_the_wrong_length_or_shape_raise():
    for answer in ([True], "yes", 1.0):
        with pytest.raises(VerifierError, match="expected 64 rewards"):
            make_trainer(make_config(), verifier=lambda p, r, a=answer: a).step()


def test_a_raising_verifier_is_not_a_reward_of_zero():
    def verify(prompts, responses):
        raise KeyError("gold")

    with pytest.raises(VerifierError, match="KeyError"):
        make_trainer(make_config(), verifier=verify).step()


def test_a_hanging_verifier_is_given_up():
    import threading

    release = threading.Event()
    trainer = make_trainer(
        make_config(verifier_timeout_seconds=0.2), verifier=lambda p, r: release.wait(30)
    )
    with pytest.raises(VerifierError, match=r"no answer within 0\.2 seconds"):
        trainer.step()
    release.set()


def test_a_failed_step_can_be_repeated_with_the_same_result():
    healthy = make_trainer(make_config())
    healthy.step()
    calls = []

    def flaky(prompts, responses):
        calls.append(1)
        if len(calls) == 1:
            raise OSError("judge away")
        return first_digit(prompts, responses)

    trainer = make_trainer(make_config(), verifier=flaky)
    with pytest.raises(VerifierError):
        trainer.step()
    trainer.step()
    assert same_bits(weights_of(healthy), weights_of(trainer))


def test_prompts_that_do_not_fit_are_dropped_and_counted():
    prompts = [Prompt(text="1>"), Prompt(text="123456>"), Prompt(text="")]
    trainer = make_trainer(
        make_config(max_prompt_tokens=4, prompts_per_step=3),
        prompts=prompts,
        verifier=lambda p, r: [x[:1] == "7" for x in r],
    )
    metrics = trainer.step()
    assert metrics["count/prompts_too_long"] == 1.0
    assert metrics["count/prompts_empty"] == 1.0
    assert metrics["count/rollouts"] == 8.0


@pytest.mark.parametrize("provided", [[], ["text"], None])
def test_a_provider_that_gives_no_prompts_is_told_so(provided):
    error = PromptError if provided is not None else TypeError
    with pytest.raises(error):
        make_trainer(make_config(), prompts=lambda cursor: provided).step()


@pytest.mark.parametrize(
    ("truncated", "abstained", "right"),
    [("wrong", 0.0, 0.0), ("mask", 64.0, 0.0), ("verify", 0.0, 64.0)],
)
def test_responses_cut_at_the_maximum(truncated, abstained, right):
    class NeverEnds(CharTokenizer):
        def __init__(self):
            super().__init__(TASK.alphabet)
            self.eos_token_id = None

    trainer = OrealTrainer(
        policy=make_policy(),
        tokenizer=NeverEnds(),
        prompts=lambda cursor: TASK.prompts(cursor, 8),
        verifier=lambda p, r: [True] * len(r),
        config=make_config(truncated=truncated),
    )
    metrics = trainer.step()
    assert metrics["count/rollouts_truncated"] == 64.0
    assert metrics["count/rewards_abstained"] == abstained
    assert metrics.get("pass_rate", 0.0) * 64 == right


def test_a_group_of_one_needs_an_algorithm_without_a_baseline():
    with pytest.raises(ConfigError, match="reinforce"):
        make_config(group_size=1)
    metrics = make_trainer(make_config(group_size=1, algorithm="reinforce")).step()
    assert metrics["updated"] == 1.0


def test_a_policy_that_turns_nan_stops_with_an_error():
    policy = make_policy()
    trainer = make_trainer(make_config(), policy=policy)
    trainer.step()

    def broken(prompts, responses):
        with torch.no_grad():
            policy.lm_head.weight.fill_(float("nan"))
        return first_digit(prompts, responses)

    other = make_trainer(make_config(), policy=policy, verifier=broken)
    with pytest.raises(NonFiniteError):
        other.step()


def test_half_precision_parameters_are_refused():
    with pytest.raises(ConfigError, match="bfloat16"):
        make_trainer(make_config(), policy=make_policy().bfloat16())


def test_the_reference_stays_where_it_was():
    policy = make_policy()
    before = copy.deepcopy(policy.state_dict())
    trainer = make_trainer(make_config(kl_coef=0.1), policy=policy)
    trainer.train(2)
    assert same_bits(dict(before), dict(trainer.reference.state_dict()))
    assert not same_bits(dict(before), dict(policy.state_dict()))


def test_frozen_token_reward_steps_leave_the_policy_alone():
    config = make_config("paper", token_reward="threshold", policy_freeze_steps=1)
    trainer = make_trainer(config)
    before = weights_of(trainer)
    metrics = trainer.step()
    assert metrics["updated"] == 0.0
    assert metrics["token_reward/loss"] == pytest.approx(0.6931, abs=1e-4)  # ln 2 of a zero head
    assert same_bits(before, weights_of(trainer))
    assert trainer.step()["updated"] == 1.0


def test_callbacks_see_phases_and_the_groups():
    events: list[Event] = []
    trainer = make_trainer(make_config(), callback=events.append)
    trainer.step()
    assert [e.phase for e in events] == ["sample", "verify", "update", "sync", ""]
    last = events[-1]
    assert last.kind == "step"
    assert len(last.groups) == 8
    assert len(last.groups[0].rollouts) == len(last.groups[0].verdicts) == 8
    assert set(last.kept) <= set(range(8))


def test_settings_are_checked():
    for bad in (
        {"temperature": 0.0}, {"top_p": 0.0}, {"selection": "some"}, {"kl_cov_coef": 0.1},
        {"algorithm": "ppo"}, {"algorithm_options": {"clip": 1}}, {"reward_range": (1.0, 0.0)},
        {"min_learning_rate": 1.0}, {"group_size": 0}, {"token_threshold": 1.0},
        {"no_such_setting": 1},
    ):  # fmt: skip
        with pytest.raises(ConfigError):
            OrealConfig.preset("repo", **bad)
    with pytest.raises(ConfigError, match="paper"):
        OrealConfig.preset("grpo")


class StaleSampler:
    """Stamps every rollout as drawn by weights some versions ago; the first token is fresh."""

    def __init__(self, inner, lag):
        self.inner, self.lag, self.version = inner, lag, 0

    def sync(self, policy, version):
        self.version = version

    def sample(self, *args, **kwargs):
        return [
            [
                dataclasses.replace(r, policy_versions=(self.version - self.lag,) * r.num_tokens)
                for r in group
            ]
            for group in self.inner.sample(*args, **kwargs)
        ]


@pytest.mark.parametrize(("lag", "updated"), [(1, True), (2, False)])
def test_tokens_of_weights_too_old_are_masked(lag, updated):
    policy = make_policy()
    sampler = StaleSampler(KVLoopSampler(policy, TOKENIZER), lag)
    trainer = make_trainer(make_config(max_staleness=1), policy=policy, sampler=sampler)
    before = weights_of(trainer)
    metrics = trainer.step()
    assert same_bits(before, weights_of(trainer)) != updated
    assert metrics["updates_skipped"] == float(not updated)


def test_the_gate_keeps_an_undecided_reward_model_out():
    results = []
    for overrides in ({"token_reward": "none"}, {"token_reward": "threshold", "token_gate": 0.99}):
        config = make_config("repo", policy_freeze_steps=0, **overrides)
        trainer = make_trainer(config)
        metrics = trainer.train(2)
        results.append(weights_of(trainer))
    assert same_bits(*results)
    assert metrics[-1]["token_reward/gate_open"] == 0.0
    assert 0.0 <= metrics[-1]["token_reward/balanced_accuracy"] <= 1.0


def test_the_token_reward_model_learns_to_tell_right_from_wrong():
    # Right means "starts with an odd digit": visible in one token, and right about as often as not.
    config = make_config(
        "repo", token_reward="threshold", policy_freeze_steps=1000, num_steps=40, selection="all",
        token_learning_rate=3e-3, token_min_learning_rate=3e-3, prompts_per_step=16, group_size=16,
    )  # fmt: skip
    trainer = make_trainer(config, verifier=lambda p, r: [x[:1] in tuple("13579") for x in r])
    metrics = trainer.train()
    assert metrics[0]["token_reward/balanced_accuracy"] == 0.5
    assert metrics[-1]["token_reward/accuracy_average"] > 0.7
    assert sum(b["count"] for b in trainer.token_trainer.calibration) > 0


def test_identical_completions_give_no_signal():
    policy = make_policy()
    with torch.no_grad():
        policy.lm_head.weight.mul_(1e4)  # all the mass on one token: every sample is the same
    metrics = make_trainer(make_config(), policy=policy).step()
    assert metrics["count/groups_kept"] == 0.0
    assert metrics["updated"] == 0.0


def test_one_positive_in_64_trains_on_one_pair():
    config = make_config(prompts_per_step=1, group_size=64)
    trainer = make_trainer(config, verifier=lambda p, r: [place == 17 for place in range(len(r))])
    metrics = trainer.step()
    assert metrics["rollouts_trained"] == 2.0
    assert metrics["pass_rate"] == 1 / 64
    assert metrics["updated"] == 1.0


class ScriptedSampler:
    """Gives the same responses to every prompt."""

    def __init__(self, *rollouts):
        self.rollouts = rollouts

    def sync(self, policy, version):
        pass

    def sample(self, prompt_ids, *, num_samples, **kwargs):
        return [list(self.rollouts)[:num_samples] for _ in prompt_ids]


def test_what_samplers_and_verifiers_lost_is_reported_once():
    class Lossy(ScriptedSampler):
        lost = 5

        def drain_counts(self):
            lost, self.lost = self.lost, 0
            return {"rollouts_repeated": lost} if lost else {}

    right = Rollout(response_ids=(9, 1), logprobs=(-2.0, -2.0), finish_reason="stop", text="7")
    wrong = Rollout(response_ids=(8, 1), logprobs=(-2.0, -2.0), finish_reason="stop", text="6")

    def broken(prompts, responses):
        raise OSError("away")

    mixture = RewardMixture(
        [
            RewardSource(name="rule", score=lambda p, r: [x == "7" for x in r]),
            RewardSource(name="judge", score=broken, max_attempts=1),
        ]
    )
    sampler = Lossy(*[right] * 4, *[wrong] * 4)
    trainer = make_trainer(make_config(), verifier=mixture, sampler=sampler)
    first, second = trainer.train(2)
    assert first["count/rollouts_repeated"] == 5.0
    assert "count/rollouts_repeated" not in second
    assert trainer.totals["rollouts_repeated"] == 5
    assert first["source/rule/scored"] == 64.0
    assert first["source/judge/error"] == 64.0
    assert first["updated"] == second["updated"] == 1.0  # the judge is away; training goes on


def test_empty_completions_are_verified_counted_and_never_trained_on():
    empty = Rollout(response_ids=(), logprobs=(), finish_reason="stop")
    right = Rollout(response_ids=(9, 1), logprobs=(-2.0, -2.0), finish_reason="stop", text="7")
    asked = []

    def verify(prompts, responses):
        asked.extend(responses)
        return [r == "7" for r in responses]

    trainer = make_trainer(
        make_config(selection="all"), verifier=verify,
        sampler=ScriptedSampler(*[empty] * 6, right, right),
    )  # fmt: skip
    metrics = trainer.step()
    assert metrics["count/rollouts_empty"] == 48.0
    assert asked.count("") == 48  # an empty answer may be right; the verifier says
    assert metrics["pass_rate"] == 0.25
    assert metrics["rollouts_trained"] == 16.0  # of the wrong ones no token is left to push down
    assert metrics["updated"] == 1.0
    assert all(torch.isfinite(value).all() for value in weights_of(trainer).values())


def test_a_response_that_ends_at_once_is_trained_on_through_its_end_token():
    at_once = Rollout(response_ids=(1,), logprobs=(-2.0,), finish_reason="stop")
    right = Rollout(response_ids=(9, 1), logprobs=(-2.0, -2.0), finish_reason="stop", text="7")
    policy = make_policy()
    ids = torch.tensor([TOKENIZER.encode("1>")])

    def end_probability():
        with torch.no_grad():
            return float(policy(ids).logits[0, -1].softmax(-1)[1])

    before = end_probability()
    trainer = make_trainer(
        make_config(selection="all"), policy=policy, prompts=[Prompt(text="1>")],
        verifier=lambda p, r: [x == "7" for x in r],
        sampler=ScriptedSampler(*[at_once] * 4, *[right] * 4),
    )  # fmt: skip
    metrics = trainer.step()
    assert metrics["rollouts_trained"] == 64.0
    assert end_probability() < before


def test_a_batch_of_aborted_rollouts_changes_nothing():
    aborted = Rollout(response_ids=(), logprobs=(), finish_reason="abort")
    trainer = make_trainer(make_config(), sampler=ScriptedSampler(*[aborted] * 8))
    before = weights_of(trainer)
    metrics = trainer.step()
    assert metrics["count/rollouts_aborted"] == 64.0
    assert metrics["count/rewards_abstained"] == 64.0
    assert metrics["updated"] == 0.0
    assert same_bits(before, weights_of(trainer))


# Python 3.13 tells of the error that torch's half-written stream meets again when it is collected.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored.*NoCloseWriter:pytest.PytestUnraisableExceptionWarning"
)
def test_a_full_disk_leaves_the_run_and_older_checkpoints_as_they_were(tmp_path):
    import resource

    from oreal_rl.distributed import load_checkpoint, save_checkpoint

    trainer = make_trainer(make_config())
    trainer.step()
    save_checkpoint(trainer, tmp_path / "old")
    trainer.step()
    before = weights_of(trainer)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))  # the kernel refuses longer files
    try:
        with pytest.raises(StateError, match="free some space"):
            save_checkpoint(trainer, tmp_path / "new")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    assert same_bits(before, weights_of(trainer))
    save_checkpoint(trainer, tmp_path / "new")  # space again: the same name works
    straight = trainer.step()
    for name, steps in (("old", 2), ("new", 1)):
        other = make_trainer(make_config(), policy=make_policy(seed=3))
        load_checkpoint(other, tmp_path / name)
        metrics = other.train(steps)[-1]
        assert metrics["loss"] == straight["loss"]
        assert other.totals == trainer.totals


def test_outliers_beyond_the_declared_range_never_reach_the_loss():
    config = make_config("s1", algorithm="grpo")
    trainer = make_trainer(
        config, verifier=lambda p, r: [[1e4, -1e4, 0.0, 1.0][i % 4] for i in range(len(r))]
    )
    metrics = trainer.step()
    assert metrics["count/rewards_abstained"] == 32.0
    assert metrics["reward_mean"] == 0.5
