"""Questions from a file: order, repetition, errors with their line."""

import json
from collections import Counter

import pytest

from intern_rl.config import PromptsConfig
from intern_rl.prompt_file import PromptFile
from intern_runs import DataError


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "prompts.jsonl"
    rows = [
        {"question": f"What is {i} + {i}?", "gold_answer": str(2 * i), "pass_rate": i / 10}
        for i in range(10)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_an_epoch_asks_hard_questions_more_often_and_leaves_easy_ones_out(path):
    file = PromptFile(PromptsConfig(path=str(path)), seed=0)
    # Pass rates .0 and .1 six times, .2 to .5 four times, .6 and .7 twice, .8 and .9 never.
    asked = Counter(question.gold for question in file.draw(0, len(file.questions)))
    assert asked == {"0": 6, "2": 6, "4": 4, "6": 4, "8": 4, "10": 4, "12": 2, "14": 2}


def test_draws_are_a_function_of_their_place(path):
    config = PromptsConfig(path=str(path), repeat_by_pass_rate=False)
    file = PromptFile(config, seed=1)
    drawn = file.draw(0, 25)
    assert drawn[7:15] == PromptFile(config, seed=1).draw(7, 8)
    assert {question.uid for question in drawn[:10]} == {question.uid for question in drawn[10:20]}
    assert drawn[:10] != drawn[10:20]


def test_the_template_stands_around_the_question(path):
    config = PromptsConfig(path=str(path), held_out=str(path), template="Q: {question} A:")
    file = PromptFile(config, seed=0)
    assert [question.prompt for question in file.held_out(2)] == [
        "Q: What is 0 + 0? A:",
        "Q: What is 1 + 1? A:",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"question": "1+1?", "gold_answer": "2"}\n{broken\n', "line 2"),
        ('{"question": "1+1?"}\n', "gold_answer"),
        ("", "no prompts"),
        ('{"question": "1+1?", "gold_answer": "2", "pass_rate": 0.9}\n', "no question is left"),
    ],
)
def test_a_wrong_file_is_named_with_its_line(tmp_path, text, message):
    path = tmp_path / "prompts.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        PromptFile(PromptsConfig(path=str(path)), seed=0)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="no such file of prompts"):
        PromptFile(PromptsConfig(path=str(tmp_path / "none.jsonl")), seed=0)
