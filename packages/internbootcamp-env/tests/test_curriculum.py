import json

import pytest

from internbootcamp_env import Curriculum, CurriculumConfig, RequestError


def test_levels_follow_the_pass_rate_and_stay_in_range():
    curriculum = Curriculum(CurriculumConfig(window=4))
    for _ in range(4):
        curriculum.report("a.b", 1.0)
    assert curriculum("a.b") == 2
    assert curriculum("c.d") == 1
    for value in (1.0, 0.0, 1.0, 0.0):  # half: between the bounds, no move
        curriculum.report("a.b", value)
    assert curriculum("a.b") == 2
    for _ in range(20):
        curriculum.report("a.b", 0.0)
    assert curriculum("a.b") == 1
    for _ in range(100):
        curriculum.report("a.b", 1.0)
    assert curriculum("a.b") == 10


def test_an_internal_error_says_nothing_about_the_learner():
    curriculum = Curriculum(CurriculumConfig(window=1))
    curriculum.report("a.b", None)
    assert curriculum("a.b") == 1


def test_the_state_is_plain_json():
    curriculum = Curriculum(CurriculumConfig(window=2))
    for value in (1.0, 1.0, 0.0):
        curriculum.report("a.b", value)
    other = Curriculum(CurriculumConfig(window=2))
    other.load_state_dict(json.loads(json.dumps(curriculum.state_dict())))
    assert other.state_dict() == curriculum.state_dict()


def test_bounds_that_cross_are_refused():
    with pytest.raises(RequestError, match="lower < upper"):
        CurriculumConfig(lower=0.9, upper=0.5)
