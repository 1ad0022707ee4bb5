"""pass@1 on held-out questions, with intervals that respect what was sampled.

A task's pass@1 is the mean over its held-out questions of the share of right samples. The average
over tasks weighs tasks equally; its variance is the sum of the tasks' variances over questions
(questions are the independent units, samples of one question are not), so the interval speaks of
new questions of the same tasks. The change between two policies is measured on the same questions
and paired question by question.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from intern_rl.chat import ChatFormat
from intern_rl.questions import AnyQuestion
from oreal_rl.protocols import Sampler, SamplingParams

CONFIDENCE = 0.95
BATCH_QUESTIONS = 64


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean with its 95 % interval; fractions, not percent."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{100 * self.mean:.1f} % [{100 * self.low:.1f}, {100 * self.high:.1f}]"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a policy did on the held-out questions.

    Attributes:
        rates: Per task, the share of right samples of each question.
        greedy: Per task, 1 or 0 for the greedy answer to each question.
        transcripts: Per task, some questions with the greedy answer and its verdict.
    """

    rates: dict[str, list[float]]
    greedy: dict[str, list[float]]
    transcripts: dict[str, list[dict[str, str]]]

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Evaluation":
        """Read what `to_json` gave."""
        return cls(rates=value["rates"], greedy=value["greedy"], transcripts=value["transcripts"])

    def summary(self) -> str:
        """One line for the display."""
        if not self.rates:
            return "no held-out questions"
        return f"pass@1 {average(self.rates)}, greedy {average(self.greedy)}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON, with the averages beside the raw values."""
        averages = {}
        if self.rates:
            averages = {
                "pass_at_1": vars(average(self.rates)),
                "greedy_accuracy": vars(average(self.greedy)),
            }
        return {
            **averages,
            "rates": self.rates,
            "greedy": self.greedy,
            "transcripts": self.transcripts,
        }


def evaluate(
    sampler: Sampler,
    chat: ChatFormat,
    questions: Mapping[str, Sequence[AnyQuestion]],
    *,
    num_samples: int,
    max_new_tokens: int,
    seed: int,
    num_transcripts: int = 3,
    on_batch: Callable[[int], None] = lambda done: None,
) -> Evaluation:
    """Sample answers to held-out questions and judge them.

    Args:
        sampler: Draws from the policy.
        chat: Turns questions into token ids.
        questions: Held-out questions per task.
        num_samples: Samples per question at temperature 1.
        max_new_tokens: Longest answer.
        seed: Key of the draws.
        num_transcripts: Greedy answers kept per task.
        on_batch: Called with the number of questions just done.

    Returns:
        The evaluation.
    """
    flat = [question for task in questions.values() for question in task]
    rates: dict[str, list[float]] = {task: [] for task in questions}
    greedy: dict[str, list[float]] = {task: [] for task in questions}
    transcripts: dict[str, list[dict[str, str]]] = {task: [] for task in questions}
    for start in range(0, len(flat), BATCH_QUESTIONS):
        batch = flat[start : start + BATCH_QUESTIONS]
        ids = [chat.encode_question(question.prompt) for question in batch]
        params = SamplingParams(max_new_tokens=max_new_tokens, stop_token_ids=chat.stop_token_ids)
        sampled = sampler.sample(ids, num_samples=num_samples, params=params, seed=seed + start)
        certain = sampler.sample(
            ids,
            num_samples=1,
            params=SamplingParams(
                max_new_tokens=max_new_tokens, temperature=0, stop_token_ids=chat.stop_token_ids
            ),
            seed=seed,
        )
        for question, group, (best,) in zip(batch, sampled, certain, strict=True):
            right = [_is_right(question, rollout) for rollout in group]
            rates[question.task].append(sum(right) / len(right))
            greedy[question.task].append(float(_is_right(question, best)))
            if len(transcripts[question.task]) < num_transcripts:
                transcripts[question.task].append(_transcript(question, best.text))
        on_batch(len(batch))
    return Evaluation(rates=rates, greedy=greedy, transcripts=transcripts)


def average(rates: Mapping[str, Sequence[float]], *, least: float = 0.0) -> Estimate:
    """Mean of the tasks' means, with its interval over questions.

    Args:
        rates: Per task, one value per question, at most 1.
        least: Smallest possible value.

    Returns:
        The estimate; the interval is clipped to the possible values.
    """
    means = [float(np.mean(values)) for values in rates.values()]
    variances = [
        float(np.var(values, ddof=1)) / len(values) for values in rates.values() if len(values) > 1
    ]
    error = float(np.sqrt(sum(variances))) / len(means)
    reach = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) * error
    mean = float(np.mean(means))
    return Estimate(mean=mean, low=max(mean - reach, least), high=min(mean + reach, 1.0))


def change(before: Evaluation, after: Evaluation) -> Estimate:
    """Change of pass@1, paired question by question."""
    return average(
        {
            task: [new - old for old, new in zip(rates, after.rates[task], strict=True)]
            for task, rates in before.rates.items()
        },
        least=-1.0,
    )


def _is_right(question: AnyQuestion, rollout: Any) -> bool:
    return rollout.finish_reason == "stop" and question.score(rollout.text).value == 1.0


def _transcript(question: AnyQuestion, answer: str) -> dict[str, str]:
    score = question.score(answer)
    return {
        "prompt": question.prompt,
        "answer": answer,
        "oracle": question.oracle(),
        "status": score.status,
    }
