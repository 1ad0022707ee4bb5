import sys

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import Options, RequestError
from internbootcamp_env.batch import ScoringPool, score_batch
from internbootcamp_env.extract import wrap

# Stands in for a worker whose verifier hangs, or eats memory, on certain responses.
FAULTY = """
import sys, time
from internbootcamp_env import worker
honest = worker.score_chunk
def score_chunk(chunk):
    for _, text in chunk["items"]:
        if text == "hang":
            time.sleep(60)
        if text == "swell":
            x = bytearray(1 << 40)
    return honest(chunk)
worker.score_chunk = score_chunk
sys.exit(worker.main(["1000000000"]))
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


@pytest.mark.parametrize("fault", ["hang", "swell"])
def test_a_worker_that_hangs_or_swells_is_replaced_and_only_its_item_is_lost(fault):
    work = pairs(6)
    work[2] = (work[2][0], fault)
    pool = ScoringPool(1, seconds=0.4)
    pool._start_seconds = 1.0
    pool._all[0]._command = [sys.executable, "-c", FAULTY]
    with pool:
        scores = pool.score_batch(work)
    assert scores[2].status == "over_limit"
    assert scores[2].value == 0.0
    rest = [score for place, score in enumerate(scores) if place != 2]
    assert rest == score_batch([pair for place, pair in enumerate(work) if place != 2])


def test_a_pool_that_cannot_be_is_refused():
    with pytest.raises(RequestError, match="at least 1"):
        ScoringPool(0)


def test_a_named_wrapper_reaches_the_workers():
    case = pairs(1)[0][0]
    oracle = bootcamp.get(case.task).oracle(case)
    with ScoringPool(1) as pool:
        assert pool.score_batch([(case, oracle)], bootcamp.PLAIN)[0].value == 1.0
        assert pool.score_batch([(case, oracle)], Options(wrapper="boxed"))[0].value == 0.0
