import dataclasses

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import Options, RequestError
from internbootcamp_env.integrations import playing
from internbootcamp_env.integrations.playing import Play, draw_case
from internbootcamp_env.integrations.trl import BootcampEnvironment


def case_of(name):
    return bootcamp.get(name).generate(split="train", seed=0, index=0, level=2)


def test_a_single_turn_task_is_over_after_one_reply():
    case = case_of("arith.add")
    play = Play(case)
    assert not play.multi_turn
    turn = play.step(f"<answer>{case.answer}</answer>")
    assert (turn.reward, turn.done, turn.status, turn.observation) == (1.0, True, "correct", "")
    with pytest.raises(RequestError, match="over"):
        play.step("1")


def test_a_game_goes_on_until_it_is_won():
    case = case_of("multi.guess_number")
    play = Play(case, lang="zh")
    turns = [play.step(action) for action in case.answer]
    assert [turn.done for turn in turns] == [False] * (len(turns) - 1) + [True]
    assert turns[-1].reward == 1.0
    assert {turn.status for turn in turns[:-1]} == {"running"}
    assert play.turns_left == 0


def test_a_failing_verifier_gives_no_reward_when_flagged(monkeypatch):
    def fail(question, value):
        raise ZeroDivisionError("planted")

    case = case_of("strings.reverse")
    broken = dataclasses.replace(bootcamp.get("strings.reverse"), check=fail)
    monkeypatch.setattr(playing, "get", lambda name: broken)
    turn = Play(case, options=Options(on_internal_error="flag")).step("<answer>abc</answer>")
    assert (turn.reward, turn.done, turn.status) == (None, True, "internal_error")
    with pytest.raises(bootcamp.ScoringError):
        Play(case).step("<answer>abc</answer>")


def test_drawn_cases_depend_on_the_arguments_only():
    names = bootcamp.names("strings.*", "nt.*")
    first = [draw_case(names, i, split="test", seed=1, level=(1, 3)) for i in range(20)]
    again = [draw_case(names, i, split="test", seed=1, level=(1, 3)) for i in range(19, -1, -1)]
    assert first == again[::-1]
    assert {case.level for case in first} == {1, 2, 3}
    with pytest.raises(RequestError, match="split"):
        draw_case(names, 0, split="dev", seed=1, level=(1, 3))
    with pytest.raises(RequestError, match="level range"):
        draw_case(names, 0, split="test", seed=1, level=(0, 3))


def test_the_tool_plays_a_game_and_says_when_it_is_over():
    case = case_of("multi.guess_number")
    environment = BootcampEnvironment()
    with pytest.raises(RequestError, match="reset"):
        environment.submit("1")
    environment.reset(case=case.to_json())
    for action in case.answer:
        assert environment.get_reward() == 0.0
        said = environment.submit(action)
    assert "goal is reached" in said
    assert environment.get_reward() == 1.0
    assert environment.submit("1") == "The episode is over."
    assert environment.get_reward() == 1.0
