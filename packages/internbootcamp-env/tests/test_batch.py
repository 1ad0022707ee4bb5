import subprocess
import sys

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import Options, RequestError, ScoringError
from internbootcamp_env.batch import ScoringPool, score_batch
from internbootcamp_env.extract import wrap

# Stands in for a worker whose verifier computes without end, eats memory, or stalls.
FAULTY = """
import sys, time
from internbootcamp_env import worker
from internbootcamp_env.task import Task
honest = Task.score
def score(self, case, text, options):
    while text == "spin":
        pass
    if text == "swell":
        sys.exit(1)
    if text == "stall":
        time.sleep(600)
    return honest(self, case, text, options)
Task.score = score
sys.exit(worker.main(["0"]))
"""


def pairs(count=60):
    stream = bootcamp.stream("strings.*", "chem.*", split="test", seed=3, level=(1, 5))
    made = []
    for number, case in zip(range(count), stream, strict=False):
        oracle = bootcamp.get(case.task).oracle(case)
        made.append((case, wrap(oracle, "answer") if number % 2 else "<answer>?</answer>"))
    return made


def test_the_pool_agrees_with_scoring_in_this_process():
    work = pairs()
    with ScoringPool(2, chunk=7) as pool:
        assert pool.score_batch(work) == score_batch(work)
        assert pool.score_batch([]) == []
    assert [score.value for score in score_batch(work)] == [0.0, 1.0] * 30


def test_lone_surrogates_and_newlines_reach_the_worker():
    case = pairs(1)[0][0]
    odd = [(case, "\ud800\n\x00"), (case, "<answer>\n?\n</answer>")]
    with ScoringPool(1) as pool:
        assert pool.score_batch(odd) == score_batch(odd)


def faulty_pool(**limits):
    pool = ScoringPool(1, **limits)
    pool._all[0]._command = [sys.executable, "-c", FAULTY]
    return pool


@pytest.mark.parametrize("fault", ["spin", "swell"])
def test_a_worker_that_dies_is_replaced_and_only_its_item_is_lost(fault):
    work = pairs(6)
    work[2] = (work[2][0], fault)
    with faulty_pool(seconds=0.5) as pool:
        scores = pool.score_batch(work)
    assert scores[2].status == "over_limit"
    assert scores[2].value == 0.0
    rest = [score for place, score in enumerate(scores) if place != 2]
    assert rest == score_batch([pair for place, pair in enumerate(work) if place != 2])


def test_a_stalled_worker_is_an_internal_error_and_not_a_wrong_answer():
    case = pairs(1)[0][0]
    with faulty_pool(wall_seconds=0.5) as pool:
        score = pool.score_batch([(case, "stall")], Options(on_internal_error="flag"))[0]
        assert (score.value, score.status) == (None, "internal_error")
        with pytest.raises(ScoringError, match="stalled"):
            pool.score_batch([(case, "stall")])


def test_memory_of_a_worker_is_bounded():
    program = (
        "from internbootcamp_env.worker import limit_memory\n"
        "limit_memory(1 << 30)\n"
        "try:\n    bytearray(1 << 31)\nexcept MemoryError:\n    print('bounded')"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert run.stdout == "bounded\n"


def test_a_worker_that_does_not_start_is_reported():
    pool = ScoringPool(1)
    pool._all[0]._command = [sys.executable, "-c", ""]
    with pool, pytest.raises(ScoringError, match="did not start"):
        pool.score_batch(pairs(1))


def test_a_pool_that_cannot_be_is_refused():
    with pytest.raises(RequestError, match="at least 1"):
        ScoringPool(0)


def test_a_named_wrapper_reaches_the_workers():
    case = pairs(1)[0][0]
    oracle = bootcamp.get(case.task).oracle(case)
    with ScoringPool(1) as pool:
        assert pool.score_batch([(case, oracle)], bootcamp.PLAIN)[0].value == 1.0
        assert pool.score_batch([(case, oracle)], Options(wrapper="boxed"))[0].value == 0.0
