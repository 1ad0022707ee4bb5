import pytest

from internbootcamp_env.errors import OverLimitAnswer, RequestError, UnparsableAnswer
from internbootcamp_env.extract import extract, unwrap, wrap
from internbootcamp_env.limits import MAX_RESPONSE_CHARS


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("<answer>42</answer>", "42"),
        ("I think <answer>41</answer>, no, <answer> 42 </answer>.", "42"),
        ("so \\boxed{42}", "42"),
        ("so \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("first \\boxed{1} then \\boxed{2", "1"),
        ("```\n42\n```", "42"),
        ("```text\n42\n```\nDone.", "42"),
        ("Answer: 42", "42"),
        ("**Answer:** 42\nThank you.", "42"),
        ("Final answer: 42", "42"),
        ("答案：42", "42"),
        ("<answer>\\boxed{42}</answer>", "42"),
        ("**Final Answer:** $\\boxed{42}$", "42"),
        ("<think><answer>41</answer></think><answer>42</answer>", "42"),
        ("<answer>41</answer>\nAnswer: 42", "42"),
        ("Answer: 41\n<answer>42</answer>", "42"),
    ],
)
def test_the_last_closed_wrapper_counts(response, answer):
    assert extract(response) == answer


@pytest.mark.parametrize(
    "response",
    ["42", "", "<answer>42", "42</answer>", "\\boxed{42", "```42", "<think>Answer: 42",
     "<answer>42</answer></think>", "My answer: 42 is the answer"],
)  # fmt: skip
def test_without_a_closed_wrapper_there_is_no_answer(response):
    with pytest.raises(UnparsableAnswer):
        extract(response)


def test_plain_mode_takes_the_whole_stripped_response():
    assert extract(" 42 \n", "plain") == "42"
    assert extract("<think>x</think>\n42", "plain") == "42"


def test_one_named_wrapper_ignores_the_others():
    assert extract("<answer>1</answer> \\boxed{2}", "answer") == "1"
    with pytest.raises(UnparsableAnswer):
        extract("<answer>1</answer>", "boxed")
    with pytest.raises(RequestError, match="wrapper must be"):
        extract("1", "xml")


def test_an_answer_of_several_lines_may_follow_the_marker():
    assert extract("Answer:\n1 2\n3 4", multiline=True) == "1 2\n3 4"
    assert extract("Answer:\n1 2\n3 4") == ""


def test_an_endless_response_is_over_the_limit():
    with pytest.raises(OverLimitAnswer, match="4000001 characters"):
        extract("a" * (MAX_RESPONSE_CHARS + 1))


def test_only_enclosing_decorations_are_taken_off():
    assert unwrap("$42$") == "42"
    assert unwrap("**`42`**") == "42"
    assert unwrap("$a$ or $b$") == "$a$ or $b$"
    assert unwrap("\\boxed{a} + \\boxed{b}") == "\\boxed{a} + \\boxed{b}"


@pytest.mark.parametrize("wrapper", ["plain", "answer", "boxed", "fence", "line"])
def test_what_is_wrapped_is_found_again(wrapper):
    kind = wrapper if wrapper == "plain" else "auto"
    assert extract("Hm.\n" * (wrapper != "plain") + wrap("4 2", wrapper), kind) == "4 2"
