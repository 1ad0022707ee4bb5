import json

import pytest

import internbootcamp_env as bootcamp
from internbootcamp_env import CaseError
from internbootcamp_env.extract import wrap
from internbootcamp_env.integrations import internbootcamp, trl, verl
from internbootcamp_env.integrations.rows import rows

MIX = {"split": "train", "seed": 4, "count": 12, "level": (1, 3)}


def right(case_json: str) -> str:
    case = bootcamp.Case.from_json(case_json)
    return wrap(bootcamp.get(case.task).oracle(case), "answer")


def test_the_reward_function_scores_texts_and_messages():
    made = list(rows("strings.*", **MIX))
    cases = [row["case"] for row in made]
    texts = [right(case) for case in cases[:-1]] + ["<answer>?</answer>"]
    expected = [1.0] * 11 + [0.0]
    assert trl.bootcamp_reward(made, texts, case=cases, trainer_state=None) == expected
    chats = [[{"role": "assistant", "content": text}] for text in texts]
    assert trl.bootcamp_reward(made, chats, case=cases) == expected


def test_the_environment_takes_an_answer_through_its_tool():
    row = next(rows("arith.add", **MIX))
    environment = trl.BootcampEnvironment()
    assert environment.reset(**row) is None
    assert environment.submit(answer="nonsense") == "unparsable"
    assert environment.submit(answer="1") == "The episode is over."  # no second guess
    case = bootcamp.Case.from_json(row["case"])
    environment.reset(**row)
    assert environment.submit(answer=str(case.answer)) == "correct"
    assert environment.get_reward() == 1.0


def test_verl_rows_carry_what_its_reward_function_needs():
    row = next(verl.verl_rows("chem.*", **MIX))
    assert set(row) == {"data_source", "prompt", "ability", "reward_model", "extra_info"}
    truth = row["reward_model"]["ground_truth"]
    assert verl.compute_score(row["data_source"], right(truth), truth, row["extra_info"]) == 1.0
    assert verl.compute_score(row["data_source"], "no", truth) == 0.0


def test_internbootcamp_lines_go_out_and_come_in():
    lines = list(internbootcamp.write_lines("bio.*", **MIX))
    assert set(json.loads(lines[0])) == {"data_source", "prompt", "ground_truth"}
    read = list(internbootcamp.read_lines([*lines, ""]))
    assert [case.to_json() for _, case in read] == [row["case"] for row in rows("bio.*", **MIX)]
    with pytest.raises(CaseError, match="line 1"):
        list(internbootcamp.read_lines(["{}"]))


def test_internbootcamp_options_mean_what_they_mean_there():
    row = json.loads(next(internbootcamp.write_lines("strings.reverse", **MIX)))
    truth = row["ground_truth"]
    answer = right(json.dumps(truth))
    long = "x" * 100 + "</think>" + answer
    verify = internbootcamp.verify_score
    assert verify(long, truth) == verify(long, json.dumps(truth)) == 1.0
    assert verify("</think>" + answer, truth) == 0.0  # too short
    assert verify("</think>" + answer, truth, short_penalty=False) == 1.0
    assert verify("x" * 100 + answer, truth) == 0.0  # no end of reasoning
    assert verify("x" * 100 + answer, truth, format_penalty=False) == 1.0
    wrong = "x" * 100 + "</think><answer>zz</answer>"
    assert verify(wrong, truth, format_score=0.1) == 0.1
    assert verify("x" * 100 + "</think>", truth, format_score=0.1) == 0.0
    with pytest.raises(CaseError):
        verify(long, {})
