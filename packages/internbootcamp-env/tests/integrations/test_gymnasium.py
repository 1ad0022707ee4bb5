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
