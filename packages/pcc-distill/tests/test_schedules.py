import pytest

from pcc_distill import ConfigError
from pcc_distill.schedules import constant, cosine, linear, make_schedule, stop_after


def test_values_at_start_middle_and_end():
    assert [linear(2, 1)(p) for p in (0, 0.5, 1)] == [2, 1.5, 1]
    assert [cosine(2, 0)(p) for p in (0, 0.5, 1)] == pytest.approx([2, 1, 0])
    assert [constant(3)(p) for p in (0, 1)] == [3, 3]
    assert [stop_after(0.5)(p) for p in (0, 0.49, 0.5, 1)] == [1, 1, 0, 0]


def test_schedules_come_from_configurations():
    assert make_schedule({"type": "stop_after", "fraction": 0.25, "factor": 2})(0.1) == 2
    assert make_schedule(None)(0.7) == 1
    own = make_schedule(lambda progress: progress)
    assert own(0.3) == 0.3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"type": "step"}, "schedule type must be one of constant, linear, .*; got 'step'"),
        ({}, "schedule type must be one of .*; got None"),
        ({"type": "linear", "from": 1}, "schedule 'linear': .*unexpected keyword argument 'from'"),
        ({"type": "linear", "start": -1}, "start must be finite and not negative; got -1"),
        ({"type": "stop_after", "fraction": 0}, "needs a fraction above 0 and at most 1; got 0"),
        ({"type": "stop_after"}, "missing 1 required positional argument: 'fraction'"),
    ],
)
def test_impossible_settings_are_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        make_schedule(setting)
