"""Estimates against values worked out by hand."""

import math

import pytest

from intern_rl.evaluate import Evaluation, average, change
from intern_rl.mixture import FLOOR_WEIGHT, PassRates, TaskMixture


def test_the_average_weighs_tasks_equally_and_its_interval_follows_the_questions():
    # Means 0.5 and 0.25; variances over questions 1/3 and 1/4 (n - 1), of means 1/12 and 1/16.
    estimate = average({"a": [0.0, 1.0, 0.0, 1.0], "b": [0.0, 0.0, 0.0, 1.0]})
    error = math.sqrt(1 / 12 + 1 / 16) / 2
    assert estimate.mean == pytest.approx(0.375)
    assert estimate.low == pytest.approx(max(0.375 - 1.959963984540054 * error, 0.0))
    assert estimate.high == pytest.approx(0.375 + 1.959963984540054 * error)


def test_the_change_is_paired():
    before = Evaluation(rates={"a": [0.1, 0.9]}, greedy={}, transcripts={})
    after = Evaluation(rates={"a": [0.3, 1.1]}, greedy={}, transcripts={})
    gain = change(before, after)
    # Every question rises by 0.2: unpaired the interval would be wide, paired it is a point.
    assert (gain.mean, gain.low, gain.high) == pytest.approx((0.2, 0.2, 0.2))


def test_a_rate_cannot_leave_its_range():
    assert average({"a": [0.0, 0.0, 0.1]}).low == 0.0


def test_questions_of_training_and_evaluation_never_meet():
    mixture = TaskMixture.from_patterns(["logic.*", "bio.*@2"], seed=3, level=1, wording="terse")
    held_out = {q.case.fingerprint for group in mixture.held_out(20).values() for q in group}
    drawn = [q for step in range(40) for q in mixture.draw("rl", step, 32)]
    assert held_out.isdisjoint(q.case.fingerprint for q in drawn)
    assert {q.case.level for q in drawn if q.task.startswith("bio.")} == {2}
    assert mixture.draw("rl", 7, 32) == drawn[7 * 32 : 8 * 32]
    assert mixture.draw("cold-start", 7, 32) != drawn[7 * 32 : 8 * 32]


def test_a_task_that_is_always_right_or_wrong_keeps_the_floor_weight():
    rates = PassRates(["a", "b"])
    rates.load_state_dict({"a": 1.0, "b": 0.5})
    assert rates.weights() == {"a": FLOOR_WEIGHT, "b": 0.25 + FLOOR_WEIGHT}


def test_wordings_leave_out_what_differs_between_questions():
    mixture = TaskMixture.from_patterns(["bio.complement"], seed=0, level=1, wording="terse")
    assert set(mixture.wordings(5)) == {"Complement:"}
