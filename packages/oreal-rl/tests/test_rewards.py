"""Mixture-of-Rewards: combination rules, calibration, failures, audits; and the rule verifiers."""

import threading
from decimal import Decimal

import pytest

from oreal_rl import Prompt
from oreal_rl.errors import ConfigError, VerifierError
from oreal_rl.rewards import (
    GroupCalibration,
    LogisticCalibration,
    MixtureConfig,
    RewardMixture,
    RewardSource,
)
from oreal_rl.rewards.rules import (
    MathRule,
    exact_match,
    final_answer,
    last_boxed,
    number_match,
    parse_number,
)

ONE = [Prompt(text="q", uid="q")]
UNBOUNDED = (float("-inf"), float("inf"))


def constant(name, answer, **kwargs):
    return RewardSource(name=name, score=lambda p, r: [answer] * len(r), **kwargs)


def reward(*sources, **config):
    return RewardMixture(sources, config=MixtureConfig(**config))(ONE, ["r"])[0].reward


def test_veto_beats_preference_and_verdict():
    assert (
        reward(
            constant("rule", True),
            constant("taste", 5.0, role="preference", value_range=(0, 5)),
            constant("safety", False, role="veto"),
        )
        == 0.0
    )
    assert reward(constant("rule", True), constant("safety", True, role="veto")) == 1.0


def test_preference_moves_but_never_crosses_the_verdict():
    taste = {"role": "preference", "weight": 100.0}
    assert reward(constant("rule", True), constant("taste", 0.0, **taste)) == 0.5
    wrong = reward(constant("rule", False), constant("taste", 1.0, **taste))
    assert 0.49 < wrong < 0.5
    assert reward(constant("rule", True), constant("taste", 0.0, role="preference")) == 0.5
    assert reward(constant("taste", 0.75, role="preference")) == 0.75


def test_abstaining_is_not_wrong():
    assert reward(constant("rule", None)) is None
    assert reward(constant("rule", None), constant("judge", True)) == 1.0


@pytest.mark.parametrize(("rule", "wanted"), [("strict", 0.0), ("mean", 0.75), ("abstain", None)])
def test_sources_that_disagree(rule, wanted):
    sources = (constant("a", True, weight=3.0), constant("b", False))
    assert reward(*sources, disagreement=rule) == wanted


def test_a_fallback_is_asked_only_where_it_is_needed():
    asked = []

    def judge(prompts, responses):
        asked.extend(responses)
        return [True] * len(responses)

    rule = RewardSource(name="rule", score=lambda p, r: [{"y": True, "n": False}.get(x) for x in r])
    fallback = RewardSource(name="judge", score=judge, role="fallback")
    prompts = ONE * 3
    mixture = RewardMixture([rule, fallback])
    assert [v.reward for v in mixture(prompts, ["y", "n", "?"])] == [1.0, 0.0, 1.0]
    assert asked == ["?"]
    asked.clear()
    mixture = RewardMixture([rule, fallback], config=MixtureConfig(fallback_on="wrong"))
    assert [v.reward for v in mixture(prompts, ["y", "n", "?"])] == [1.0, 1.0, 1.0]
    assert asked == ["n", "?"]


def test_outliers_do_not_drown_the_group():
    scores = [-1e4, 0.1, 0.2, 0.3, 0.4, 1e4]
    source = RewardSource(
        name="pref", score=lambda p, r: scores, role="preference", value_range=UNBOUNDED,
        calibration=GroupCalibration(),
    )  # fmt: skip
    values = [v.reward for v in RewardMixture([source])(ONE * 6, list("abcdef"))]
    assert values[0] == 0.0
    assert values[-1] == 1.0
    assert values == sorted(values)
    assert values[3] - values[2] > 0.02  # the ordinary scores stay apart
    assert sum(v >= 0.5 for v in values) == 3


def test_group_calibration_of_equal_and_lonely_scores():
    calibration = GroupCalibration()
    assert calibration.calibrate([2.0, 2.0, None], [0, 0, 0], UNBOUNDED) == [0.5, 0.5, None]
    assert calibration.calibrate([2.0, 2.0, 2.0, 9.0], [0] * 4, UNBOUNDED) == [0.5, 0.5, 0.5, 1.0]
    assert calibration.calibrate([2.0], [0], UNBOUNDED) == [None]


def test_logistic_calibration_by_hand():
    values = LogisticCalibration(center=-5.0, scale=2.0).calibrate(
        [-5.0, -3.0, 1e4, -1e4], [0] * 4, UNBOUNDED
    )
    assert values == pytest.approx([0.5, 1 / (1 + 2.718281828459045**-1), 1.0, 0.0])


def test_an_unbounded_range_needs_a_calibration_for_it():
    with pytest.raises(ConfigError, match="GroupCalibration"):
        constant("pref", 0.0, value_range=UNBOUNDED)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), "yes", 2.0, -1e4, object(), [1]])
def test_an_invalid_answer_abstains_and_is_written_down(bad):
    verdict = RewardMixture([constant("rule", bad)])(ONE, ["r"])[0]
    assert verdict.reward is None
    assert verdict.audit[0].status == "invalid"
    assert verdict.audit[0].detail


def test_errors_are_retried_with_growing_pauses_then_abstain():
    calls, pauses = [], []

    def flaky(prompts, responses):
        calls.append(1)
        if len(calls) < 3:
            raise OSError("connection reset")
        return [True] * len(responses)

    source = RewardSource(name="judge", score=flaky, max_attempts=3, retry_wait_seconds=0.5)
    mixture = RewardMixture([source])
    mixture.askers["judge"].sleep = pauses.append
    row = mixture(ONE, ["r"])[0].audit[0]
    assert (row.status, row.attempts, row.value) == ("scored", 3, 1.0)
    assert pauses == [0.5, 1.0]

    calls.clear()
    source = RewardSource(name="judge", score=flaky, max_attempts=2)
    verdict = RewardMixture([source])(ONE, ["r"])[0]
    assert verdict.reward is None
    assert verdict.audit[0].status == "error"
    assert "connection reset" in verdict.audit[0].detail


def test_a_source_may_be_told_to_raise():
    def broken(prompts, responses):
        raise KeyError("gold")

    with pytest.raises(VerifierError, match="gold"):
        RewardMixture([RewardSource(name="r", score=broken, on_error="raise")])(ONE, ["r"])


def test_a_hanging_source_abstains_and_the_rest_is_skipped():
    release = threading.Event()
    source = RewardSource(
        name="judge", score=lambda p, r: release.wait(30), timeout_seconds=0.05, batch_size=1,
        give_up_after=2,
    )  # fmt: skip
    mixture = RewardMixture([source, constant("rule", True)])
    verdicts = mixture(ONE * 5, list("abcde"))
    release.set()
    assert [v.reward for v in verdicts] == [1.0] * 5
    assert [v.audit[0].status for v in verdicts] == ["timeout"] * 2 + ["skipped"] * 3
    assert mixture.totals()["judge"]["timeout"] == 2


def test_a_wrong_number_of_answers_is_an_error():
    row = RewardMixture([RewardSource(name="r", score=lambda p, r: [True])])(ONE * 2, ["a", "b"])
    assert [v.audit[0].status for v in row] == ["error", "error"]


def test_answers_are_remembered_up_to_the_cache_size():
    asked = []

    def judge(prompts, responses):
        asked.extend(responses)
        return [True] * len(responses)

    source = RewardSource(name="judge", score=judge, cache_size=2, cost_per_response=0.25)
    mixture = RewardMixture([source])
    mixture(ONE * 2, ["a", "b"])
    again = mixture(ONE * 2, ["a", "c"])
    assert asked == ["a", "b", "c"]
    assert [v.audit[0].cached for v in again] == [True, False]
    assert mixture.totals()["judge"]["cost"] == 0.75
    mixture(ONE, ["b"])  # pushed out by "c"
    assert asked[-1] == "b"


def test_routes_by_task_and_by_function():
    sources = [constant("math", True), constant("chat", False)]
    prompts = [Prompt(text="1", task="math"), Prompt(text="2", task="talk")]
    mixture = RewardMixture(sources, routes={"math": ["math"], "*": ["chat"]})
    verdicts = mixture(prompts, ["a", "b"])
    assert [v.reward for v in verdicts] == [1.0, 0.0]
    assert [[row.source for row in v.audit] for v in verdicts] == [["math"], ["chat"]]
    mixture = RewardMixture(sources, router=lambda p: ["chat"] if p.task == "math" else ["math"])
    assert [v.reward for v in mixture(prompts, ["a", "b"])] == [0.0, 1.0]
    with pytest.raises(ConfigError, match="no route"):
        RewardMixture(sources, routes={"math": ["math"]})(prompts, ["a", "b"])
    with pytest.raises(ConfigError, match="names"):
        RewardMixture(sources, routes={"math": ["maths"]})


def test_threshold_sign_rule_makes_a_yes_or_no():
    source = constant("graded", 0.7, sign_rule="threshold", threshold=0.6)
    assert reward(source) == 1.0
    assert reward(constant("graded", 0.7, sign_rule="threshold", threshold=0.8)) == 0.0


def test_answers_are_cut_from_the_end():
    assert last_boxed(r"\boxed{1} then \boxed{\frac{1}{2}}") == r"\frac{1}{2}"
    assert last_boxed(r"\boxed{1} then \boxed{2") == "1"
    assert last_boxed("none") is None
    assert last_boxed("\\boxed{" * 3000) is None
    assert final_answer("<think>\\boxed{3}</think> it is \\boxed{4}") == "4"
    assert final_answer("x **Final Answer** 7 ") == "7"
    assert final_answer("x" * 5000) is None
    assert final_answer("7", require_box=True) is None


def test_numbers_are_parsed_without_evaluating():
    assert parse_number("-1,234.50") == Decimal("-1234.5")
    assert parse_number("$3$") == 3
    for junk in ("1+1", "__import__('os')", "1,23", "9" * 101, "", ".", "nan", "1e9999"):
        assert parse_number(junk) is None


def test_number_and_exact_match():
    prompts = [Prompt(case="12"), Prompt(case="12"), Prompt(case="x")]
    assert number_match(prompts, [r"\boxed{12.0}", "11", "12"]) == [True, False, None]
    assert exact_match(prompts[:2], [" 12\n", "12 13"]) == [True, False]


def test_symbolic_answers_are_compared_within_bounds():
    pytest.importorskip("math_verify", reason="needs the extra oreal-rl[math]")
    rule = MathRule(seconds=8.0)  # wall time, on machines that may be busy
    cases = [
        ("1/2", r"\boxed{0.5}", True),
        (r"\frac{1}{2}", r"\boxed{\frac{2}{4}}", True),
        ("x^2-1", r"\boxed{(x-1)(x+1)}", True),
        ("3", r"\boxed{4}", False),
        ("10", r"\boxed{9^{9^{9^{9}}}}", None),  # too long or too much memory: abstain
        ("3", r"\boxed{3}", True),  # and the next answer is judged again
        ("7", "", False),
        ("3", "3", False),  # not boxed
    ]
    try:
        got = rule([Prompt(case=gold) for gold, _, _ in cases], [text for _, text, _ in cases])
    finally:
        rule.close()
    for value, (_, text, wanted) in zip(got, cases, strict=True):
        assert value is wanted or (wanted is None and value is False), text


def test_a_missing_extra_is_told(monkeypatch):
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(VerifierError, match=r"oreal-rl\[math\]"):
        MathRule()([Prompt(case="1")], [r"\boxed{2}"])
