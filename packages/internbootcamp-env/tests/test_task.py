import dataclasses
import itertools

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import CaseError, Options, RequestError, ScoringError, UnknownTaskError


def make(name="strings.reverse", **changes):
    request = {"split": "train", "seed": 7, "index": 3, "level": 1} | changes
    return bootcamp.get(name).generate(**request)


def test_names_may_be_written_as_paths():
    assert bootcamp.get("strings/sort-letters") is bootcamp.get("strings.sort_letters")
    assert set(bootcamp.names("bio/*")) == set(bootcamp.names("bio.*"))


def test_an_unknown_name_suggests_near_ones():
    with pytest.raises(UnknownTaskError, match=r"strings\.reverse"):
        bootcamp.get("strings.revers")
    with pytest.raises(UnknownTaskError, match="no task matches"):
        bootcamp.names("nothing.*")


def test_scores_tell_wrong_from_unreadable():
    task, case = bootcamp.get("strings.reverse"), make()
    right = case.question["text"][::-1]
    assert task.score(case, f"<answer>{right}</answer>").status == "correct"
    assert task.score(case, f"<answer>{right}x</answer>").status == "wrong"
    assert task.score(case, f"<answer>{right} x</answer>").status == "unparsable"
    assert task.score(case, right).status == "unparsable"
    assert task.score(case, right, bootcamp.PLAIN).value == 1.0
    assert task.score(case, "<answer>" + "a" * 70_000 + "</answer>").status == "over_limit"


def test_a_failing_verifier_is_never_a_zero():
    def fail(question, value):
        raise ZeroDivisionError("planted")

    task = dataclasses.replace(bootcamp.get("strings.reverse"), check=fail)
    case = make()
    with pytest.raises(ScoringError, match="ZeroDivisionError: planted"):
        task.score(case, "<answer>abc</answer>")
    score = task.score(case, "<answer>abc</answer>", Options(on_internal_error="flag"))
    assert score.value is None
    assert score.status == "internal_error"


def test_a_case_of_another_task_is_refused():
    with pytest.raises(CaseError, match=r"strings\.reverse"):
        bootcamp.get("strings.rotate").oracle(make())


def test_a_case_survives_json_and_refuses_other_json():
    case = make()
    assert bootcamp.Case.from_json(case.to_json()) == case
    for text in ("", "[]", "{}", "[" * 100_000):
        with pytest.raises(CaseError):
            bootcamp.Case.from_json(text)


@pytest.mark.parametrize(
    "changes", [{"split": "dev"}, {"level": 0}, {"level": 11}, {"seed": "7"}, {"index": 1.5}]
)
def test_bad_requests_say_what_was_expected(changes):
    with pytest.raises(RequestError, match=r"must be|got"):
        make(**changes)


def test_prompts_come_in_two_languages_and_several_wordings():
    task, case = bootcamp.get("strings.reverse"), make()
    texts = {task.prompt(case, lang=lang, wording=n) for lang in ("en", "zh") for n in range(3)}
    assert len(texts) == 6
    assert task.prompt(case, wording="terse") == f"Reverse: {case.question['text']}"
    assert "\\boxed" in task.prompt(case, wrapper="boxed")
    assert task.prompt(case, wording="any") in texts
    with pytest.raises(RequestError):
        task.prompt(case, wording=99)
    with pytest.raises(RequestError):
        task.prompt(case, lang="fr")


def test_a_stream_is_reproducible_and_can_start_anywhere():
    def take(count, start=0):
        stream = bootcamp.stream(
            "strings.*", "bio.*", split="test", seed=5, level=(1, 4), start=start
        )
        return list(itertools.islice(stream, count))

    assert take(20)[10:] == take(10, start=10)
    assert len({case.task for case in take(60)}) > 10
    assert {case.level for case in take(60)} == {1, 2, 3, 4}


def test_weights_steer_a_mixture():
    stream = bootcamp.stream(
        "strings.reverse", "arith.add", split="train", seed=1, weights={"arith.*": 9}
    )
    picked = [case.task for case in itertools.islice(stream, 300)]
    # Binomial(300, 0.9): five standard deviations are 26.
    assert abs(picked.count("arith.add") - 270) < 26
    with pytest.raises(RequestError, match="positive integer"):
        bootcamp.stream("arith.add", split="train", seed=1, weights={"arith.*": 0})


@pytest.mark.parametrize("strata", ["field", "task"])
def test_every_block_of_a_stratified_mixture_has_each_stratum_once(strata):
    patterns = ("strings.*", "arith.add", "nt.*")
    stream = bootcamp.stream(*patterns, split="train", seed=1, strata=strata, weights=None)
    tasks = [case.task for case in itertools.islice(stream, 120)]
    keys = [task.split(".")[0] if strata == "field" else task for task in tasks]
    every = set(bootcamp.names(*patterns))
    every = {task.split(".")[0] for task in every} if strata == "field" else every
    blocks = [keys[i : i + len(every)] for i in range(0, 120 - len(every), len(every))]
    assert all(set(block) == every for block in blocks)
    assert len({tuple(block) for block in blocks}) > 1
    later = bootcamp.stream(*patterns, split="train", seed=1, strata=strata, start=7)
    assert [case.task for case in itertools.islice(later, 20)] == tasks[7:27]


@pytest.mark.parametrize(
    "arguments",
    [
        {"strata": "colour"},
        {"strata": "task", "weights": {"arith.*": 2}},
        {"level": 2, "curriculum": lambda task: 3},
        {"level": (3, 2)},
    ],
)
def test_mixtures_that_contradict_themselves_are_refused(arguments):
    with pytest.raises(RequestError):
        bootcamp.stream("arith.*", split="train", seed=1, **arguments)


def test_a_curriculum_may_choose_levels():
    stream = bootcamp.stream("arith.add", split="train", seed=1, curriculum=lambda task: 4)
    assert next(stream).level == 4
    stream = bootcamp.stream("arith.add", split="train", seed=1, level=lambda task: 3)
    assert next(stream).level == 3
