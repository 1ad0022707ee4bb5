"""The prompt format, pass-rate repetition, and evaluation numbers."""

import math

import pytest

from oreal_rl import Prompt
from oreal_rl.errors import ConfigError, PromptError
from oreal_rl.evaluation import (
    bootstrap_interval,
    evaluate,
    pass_at_k,
    wilson_interval,
)
from oreal_rl.prompt_data import (
    PassRateBin,
    PromptStream,
    filter_by_pass_rate,
    load_prompts,
    repeat_by_pass_rate,
)
from oreal_rl.protocols import SamplingParams
from oreal_rl.samplers import KVLoopSampler
from oreal_rl.testing import CharTokenizer, SortTask, TinyPolicy


def write(tmp_path, *lines):
    path = tmp_path / "prompts.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_prompts_are_read_with_answers_and_pass_rates(tmp_path):
    path = write(
        tmp_path,
        '{"question": "1+1?", "gold_answer": 2, "pass_rate": 0.25}',
        "",
        '{"question": "é {question}", "gold_answer": "x"}',
    )
    prompts = load_prompts(path, template="Q: {question} A:")
    assert prompts[0].text == "Q: 1+1? A:"
    assert (prompts[0].case, prompts[0].pass_rate, prompts[0].uid) == ("2", 0.25, "prompts.jsonl:1")
    assert prompts[1].text == "Q: é {question} A:"
    assert prompts[1].pass_rate is None


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[]",
        '{"question": "x"}',
        '{"question": 3, "gold_answer": "x"}',
        '{"question": "x", "gold_answer": "x", "pass_rate": 1.5}',
        '{"question": "x", "gold_answer": "x", "pass_rate": "0.5"}',
        '{"question": "x", "gold_answer": "x", "pass_rate": NaN}',
        "[" * 100_000,
    ],
)
def test_a_bad_line_is_named(tmp_path, line):
    path = write(tmp_path, '{"question": "1", "gold_answer": "1"}', line)
    with pytest.raises(PromptError, match="line 2"):
        load_prompts(path)


def test_an_empty_file_is_an_error(tmp_path):
    with pytest.raises(PromptError, match="no prompts"):
        load_prompts(write(tmp_path, ""))


def test_harder_prompts_are_repeated_as_published():
    rates = [0.0, 0.19, 0.2, 0.5, 0.6, 0.79, 0.8, 1.0, None]
    prompts = [Prompt(text=str(rate), pass_rate=rate) for rate in rates]
    repeated, counts = repeat_by_pass_rate(prompts)
    times = [sum(p is q for q in repeated) for p in prompts]
    assert times == [6, 6, 4, 4, 2, 2, 0, 0, 1]
    assert counts["outside"] == 2
    assert repeated[:7] == [p for p, n in zip(prompts, times, strict=True) if n]
    with pytest.raises(ConfigError, match="overlap"):
        repeat_by_pass_rate(
            prompts,
            bins=[PassRateBin(low=0, high=0.5, repeats=1), PassRateBin(low=0.4, high=1, repeats=1)],
        )


def test_a_stream_gives_each_prompt_once_per_epoch():
    prompts = tuple(Prompt(text=str(n)) for n in range(10))
    stream = PromptStream(prompts, 4, 0)
    seen = [p.text for cursor in range(5) for p in stream(cursor)]
    assert sorted(seen[:10], key=int) == [p.text for p in prompts]
    assert sorted(seen[10:], key=int) == [p.text for p in prompts]
    assert seen[:10] != seen[10:]
    assert [p.text for p in stream(3)] == seen[12:16]


def test_pass_rate_filter_drops_both_ends():
    prompts = [Prompt(text=str(n)) for n in range(4)]
    kept = filter_by_pass_rate(prompts, [0.0, 0.25, 0.5, 1.0], low=0.25, high=0.99)
    assert [(p.text, p.pass_rate) for p in kept] == [("2", 0.5)]
    with pytest.raises(PromptError, match="expected one each"):
        filter_by_pass_rate(prompts, [0.0], low=0.0, high=1.0)


def test_pass_at_k_by_hand():
    assert pass_at_k(4, 1, 2) == pytest.approx(0.5)
    assert pass_at_k(4, 3, 2) == 1.0
    assert pass_at_k(8, 0, 8) == 0.0
    with pytest.raises(ConfigError):
        pass_at_k(4, 1, 5)


def test_intervals():
    # Wilson for 8 of 10: center (0.8 + 0.19207) / 1.38415, a textbook value
    low, high = wilson_interval(8, 10)
    assert (low, high) == (pytest.approx(0.4902, abs=1e-4), pytest.approx(0.9433, abs=1e-4))
    assert wilson_interval(0, 0) == (0.0, 1.0)
    assert wilson_interval(5, 5)[1] == 1.0
    low, high = bootstrap_interval([0.0, 1.0] * 50)
    # Standard error 0.05; the percentile interval of 2,000 rounds is within 0.01 of +-1.96 of it.
    assert (low, high) == (pytest.approx(0.402, abs=0.012), pytest.approx(0.598, abs=0.012))


def test_evaluation_counts_per_task_and_reports_abstentions():
    task = SortTask(num_digits=2)
    tokenizer = CharTokenizer(task.alphabet)
    sampler = KVLoopSampler(TinyPolicy(tokenizer.vocabulary_size), tokenizer)
    prompts = [Prompt(text="12>", task="yes"), Prompt(text="21>", task="no"), Prompt(text="3>")]

    def verify(asked, responses):
        return [{"yes": True, "no": False}.get(p.task) for p in asked]

    result = evaluate(
        sampler, tokenizer, prompts, verify, params=SamplingParams(max_new_tokens=3),
        num_samples=4, ks=(1, 4),
    )  # fmt: skip
    assert result.by_task["yes"]["pass@1"].value == 1.0
    assert result.by_task["no"]["pass@4"].value == 0.0
    assert result.by_task["all"]["pass@1"].value == 0.5
    assert result.pass_rates == (1.0, 0.0, None)
    assert result.abstained == 4
    assert math.isfinite(result.by_task["all"]["pass@1"].low)
    assert [len(texts) for texts in result.texts] == [4, 4, 4]
