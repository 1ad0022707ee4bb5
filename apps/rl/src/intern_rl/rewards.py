"""The rewards of the quickstart, mixed by `oreal_rl.rewards.RewardMixture`.

Two sources judge each answer: the environment's own verifier decides whether it is right, and a
veto on form makes an answer wrong that is not one short printable line, whatever it says. A source
that fails abstains and is counted; an abstention is not a wrong answer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from oreal_rl.rewards import RewardMixture, RewardSource
from oreal_rl.types import Prompt, Verdict

MAX_ANSWER_CHARS = 200


class Rewards:
    """A verifier for the trainer, with counters that survive a resume."""

    def __init__(self) -> None:
        self.mixture = RewardMixture(
            [
                RewardSource(name="environment", score=score_environment, on_error="raise"),
                RewardSource(name="form", score=score_form, role="veto", on_error="raise"),
            ]
        )
        self.counts: Counter[str] = Counter()

    def __call__(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Verdict]:
        """One verdict per response, with its audit rows."""
        verdicts = self.mixture(prompts, responses)
        for verdict in verdicts:
            for row in verdict.audit:
                self.counts[f"{row.source}/asked"] += 1
                if row.value is not None:
                    self.counts[f"{row.source}/gave"] += 1
                    self.counts[f"{row.source}/passed"] += row.value >= 0.5
        return verdicts

    def summary(self) -> list[dict[str, Any]]:
        """One row per source for the report."""
        rows = []
        for name in self.mixture.askers:
            asked, gave = self.counts[f"{name}/asked"], self.counts[f"{name}/gave"]
            rows.append(
                {
                    "source": name,
                    "asked": asked,
                    "gave": gave,
                    "abstained": asked - gave,
                    "mean": f"{self.counts[f'{name}/passed'] / gave:.3f}" if gave else "–",
                }
            )
        return rows

    def state_dict(self) -> dict[str, int]:
        """The counters."""
        return dict(self.counts)

    def load_state_dict(self, state: Mapping[str, int]) -> None:
        """Restore the counters."""
        self.counts = Counter(state)


def score_environment(prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float | None]:
    """The task's own verifier; a verifier that fails raises, it never gives 0."""
    return [
        prompt.case.score(response).value
        for prompt, response in zip(prompts, responses, strict=True)
    ]


def score_form(prompts: Sequence[Prompt], responses: Sequence[str]) -> list[bool]:
    """Whether an answer is one short line of printable characters."""
    return [
        0 < len(text.strip()) <= MAX_ANSWER_CHARS and text.strip().isprintable()
        for text in responses
    ]
