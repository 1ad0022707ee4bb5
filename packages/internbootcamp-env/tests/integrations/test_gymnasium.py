import pytest

import internbootcamp_env as bootcamp

gymnasium = pytest.importorskip("gymnasium", reason="the extra gym is not installed")
from gymnasium.utils.env_checker import check_env  # noqa: E402

from internbootcamp_env.integrations.gymnasium import BootcampEnv  # noqa: E402


def test_the_environment_satisfies_gymnasium():
    check_env(BootcampEnv("strings.*", "chem.*", level=(1, 3)), skip_render_check=True)


def test_a_right_answer_earns_one_and_ends_the_episode():
    env = BootcampEnv("arith.add")
    prompt, info = env.reset(seed=7)
    assert env.reset(seed=7)[0] == prompt
    case = bootcamp.Case.from_json(info["case"])
    _, reward, terminated, truncated, _ = env.step(f"<answer>{case.answer}</answer>")
    assert (reward, terminated, truncated) == (1.0, True, False)


def test_a_step_before_reset_is_refused():
    with pytest.raises(gymnasium.error.ResetNeeded):
        BootcampEnv("arith.add").step("1")


def test_a_task_played_in_turns_takes_several_steps():
    env = BootcampEnv("multi.guess_number", lang="zh")
    prompt, info = env.reset(seed=3)
    case = bootcamp.Case.from_json(info["case"])
    assert info["multi_turn"]
    assert info["turns_left"] == case.question["budget"]
    assert env.observation_space.contains(prompt)
    for number, action in enumerate(case.answer):
        seen, reward, terminated, truncated, info = env.step(f"<answer>{action}</answer>")
        assert env.observation_space.contains(seen)
        last = number + 1 == len(case.answer)
        assert (reward, terminated, truncated) == (float(last), last, False)
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step("1")


def test_every_prompt_lies_in_the_observation_space():
    env = BootcampEnv("arith.add")
    for name in bootcamp.names():
        task = bootcamp.get(name)
        case = task.generate(split="train", seed=0, index=0, level=2)
        for lang in bootcamp.LANGS:
            assert env.observation_space.contains(task.prompt(case, lang=lang)), name


def test_turns_that_run_out_end_an_episode_unpaid():
    env = BootcampEnv("multi.guess_number")
    _, info = env.reset(seed=3)
    for left in range(info["turns_left"] - 1, -1, -1):
        _, reward, terminated, _, info = env.step("-")
        assert (reward, terminated, info["turns_left"]) == (0.0, left == 0, left)
    assert info["status"] == "wrong"
