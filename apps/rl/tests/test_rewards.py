"""The sources of reward and how a run mixes them."""

import pytest
from pydantic import ValidationError

from intern_rl.config import RewardConfig, RewardsConfig
from intern_rl.groups import pass_rate_histogram
from intern_rl.prompt_file import FileQuestion
from intern_rl.questions import as_prompt
from intern_rl.rewards import Rewards, score_closeness
from oreal_rl.types import Prompt, RolloutGroup, Verdict


class Sum:
    """A question whose verifier wants the exact sum."""

    has_verifier = True

    def __init__(self, task: str, a: int, b: int) -> None:
        self.task, self.prompt, self.wanted = task, f"{a}+{b}", str(a + b)
        self.uid = self.prompt

    def oracle(self) -> str:
        return self.wanted

    def score(self, response: str):
        return Verdict(reward=None) if response == "abstain" else Value(response == self.wanted)


class Value:
    def __init__(self, right: bool) -> None:
        self.value = float(right)


def mixture(*kinds: str, **settings) -> Rewards:
    return Rewards(RewardsConfig(sources=[RewardConfig(kind=kind) for kind in kinds], **settings))


def ask(rewards: Rewards, question, answers: list[str]) -> list[float | None]:
    return [v.reward for v in rewards([as_prompt(question, ())] * len(answers), answers)]


def test_a_verdict_decides_and_form_vetoes():
    rewards = mixture("environment", "form")
    answers = ["7", "8", "7\n7", "x" * 201, ""]
    assert ask(rewards, Sum("add", 3, 4), answers) == [1.0, 0.0, 0.0, 0.0, 0.0]


def test_closeness_counts_edits_and_has_no_lower_bound():
    assert score_closeness([""] * 3, ["1234"] * 3, ["1234", "1243", "9" * 30]) == [0, -2, -30]


def test_a_preference_orders_answers_on_their_side_of_the_verdict():
    rewards = mixture("environment", "reference")
    right, near, far = ask(rewards, Sum("add", 600, 34), ["634", "635", "9999999"])
    assert right >= 0.5 > near > far


def test_routes_choose_sources_by_the_first_pattern_that_matches():
    rewards = mixture(
        "environment", "form", routes={"arith.*": ["environment"], "*": ["environment", "form"]}
    )
    sources = [
        {row.source for row in rewards([as_prompt(Sum(task, 1, 1), ())], ["2"])[0].audit}
        for task in ("arith.add", "other.add")
    ]
    assert sources == [{"environment"}, {"environment", "form"}]


def test_a_question_of_a_file_is_judged_by_math_and_never_by_the_environment():
    question = FileQuestion("math", "What is 1/2 + 1/4?", "3/4", "file:1")
    rewards = mixture("environment", "math")
    assert ask(rewards, question, ["\\boxed{3/4}", "\\boxed{5}"]) == [1.0, 0.0]
    assert question.score("\\boxed{3/4}").status == "correct"


def test_counters_close_with_the_step_and_a_failed_step_counts_nothing():
    rewards = mixture("environment", "form")
    ask(rewards, Sum("add", 3, 4), ["7", "8"])
    rewards.abandon_step()
    ask(rewards, Sum("add", 3, 4), ["7", "8", "9", "9"])
    metrics = rewards.end_step()
    assert metrics["source/environment/mean"] == 0.25
    assert metrics["source/environment/abstained"] == 0.0
    row = next(row for row in rewards.summary() if row["source"] == "environment")
    assert (row["asked"], row["gave"], row["right"]) == (4, 4, "0.250")

    again = mixture("environment", "form")
    again.load_state_dict(rewards.state_dict())
    assert again.summary() == rewards.summary()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sources": [{"kind": "judge"}]}, "a judge needs base_url and model"),
        ({"sources": [{"kind": "form"}, {"kind": "form"}]}, "all names different"),
        ({"routes": {"*": ["judge"]}}, "route '\\*' names \\['judge'\\]"),
        ({"sources": []}, "expected at least one"),
    ],
)
def test_an_impossible_mixture_is_named(settings, message):
    with pytest.raises(ValidationError, match=message):
        RewardsConfig.model_validate(settings)


def test_the_histogram_keeps_none_and_all_apart_from_the_bins_between():
    def group(*rewards):
        verdicts = tuple(Verdict(reward=reward) for reward in rewards)
        return RolloutGroup(
            prompt=Prompt(text="q"), prompt_ids=(1,), rollouts=(), verdicts=verdicts
        )

    groups = [group(0, 0), group(1, 1), group(0, 1), group(*[0] * 7, 1), group(*[1] * 7, 0)]
    assert pass_rate_histogram(groups, 0.5) == [1, 0, 1, 0, 0, 1, 0, 0, 1, 1]
    assert sum(pass_rate_histogram([group(None, None)], 0.5)) == 0
