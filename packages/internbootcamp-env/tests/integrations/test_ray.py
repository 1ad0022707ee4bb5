import pytest

from internbootcamp_env import RequestError

ray = pytest.importorskip("ray", reason="the extra ray is not installed")
from internbootcamp_env.integrations.ray import RayScoringPool  # noqa: E402

# A cluster is started in examples/ray_scoring.py, which test_examples.py runs.


def test_without_a_cluster_the_remedy_is_named():
    with pytest.raises(RequestError, match=r"ray\.init"):
        RayScoringPool(1)


@pytest.mark.parametrize("numbers", [{"actors": 0}, {"workers": 0}, {"chunk": 0}, {"retries": -1}])
def test_impossible_numbers_are_refused(numbers, monkeypatch):
    monkeypatch.setattr(ray, "is_initialized", lambda: True)
    with pytest.raises(RequestError, match="at least 1"):
        RayScoringPool(**numbers)
