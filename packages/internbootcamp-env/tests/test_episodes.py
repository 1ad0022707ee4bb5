import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import RequestError
from internbootcamp_env.episodes import LOST, Episode, MultiTurnTask


def guessing(lang="en"):
    task = bootcamp.get("multi.guess_number")
    case = task.generate(split="train", seed=1, index=0, level=1)
    return task, case, Episode(task, case, lang=lang)


def test_an_episode_tells_what_an_action_brings():
    task, case, episode = guessing()
    secret = case.question["secret"]
    assert str(case.question["top"]) in episode.prompt
    assert episode.step(f"<answer>{secret - 1}</answer>").observation == "higher"
    assert episode.step(f"Perhaps {secret}?").observation.startswith("Not understood")
    last = episode.step(f"<think>hm</think>{secret}")
    assert (last.reward, last.done, last.reason) == (1.0, True, "")
    assert episode.log == [str(secret - 1), LOST, str(secret)]
    assert episode.score() == task.score(case, "\n".join(episode.log), bootcamp.PLAIN)


def test_a_finished_episode_refuses_steps_and_a_log_that_goes_on_is_wrong():
    task, case, episode = guessing()
    episode.step(task.oracle(case).splitlines()[-1])
    with pytest.raises(RequestError, match="over"):
        episode.step("1")
    log = f"{task.oracle(case)}\n1"
    assert "after the end" in task.score(case, log, bootcamp.PLAIN).reason


def test_turns_run_out():
    _, _, episode = guessing("zh")
    budget = episode.turns_left
    steps = [episode.step("?") for _ in range(budget)]
    assert [step.done for step in steps] == [False] * (budget - 1) + [True]
    assert "回合已用完" in steps[-1].observation
    assert (steps[-1].reward, steps[-1].reason) == (0.0, "the turns are used up")
    assert episode.score().value == 0.0


def test_an_episode_is_rebuilt_from_its_log():
    task, case, episode = guessing()
    for action in task.oracle(case).splitlines()[:2]:
        episode.step(action)
    again = Episode.replay(task, case, episode.log)
    assert (again.log, again.turns_left) == (episode.log, episode.turns_left)
    assert again.score() == episode.score()


def test_only_tasks_played_in_turns_have_episodes():
    task = bootcamp.get("arith.add")
    case = task.generate(split="train", seed=0, index=0, level=1)
    with pytest.raises(RequestError, match="not played in turns"):
        Episode(task, case)


def test_a_log_with_an_unreadable_line_is_not_paid():
    task, case, _ = guessing()
    score = task.score(case, f"guess\n{case.question['secret']}", bootcamp.PLAIN)
    assert (score.value, score.reason) == (0.0, "line 1 of the log is not an action")


@pytest.mark.parametrize(
    "name", [name for name, entry in bootcamp.registry.INDEX.items() if entry[2] == "M"]
)
def test_the_index_letter_m_means_played_in_turns(name):
    assert isinstance(bootcamp.get(name), MultiTurnTask)
