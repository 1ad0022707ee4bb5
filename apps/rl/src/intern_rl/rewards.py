"""The rewards of a run, mixed by `oreal_rl.rewards.RewardMixture`.

Each kind of source is one function here that turns its settings into a `RewardSource`. A source
that fails abstains and is counted; an abstention is not a wrong answer. The environment's own
verifier and the veto on form are the exception: if they fail, that is a defect, and it is raised.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any

from rapidfuzz.distance import Levenshtein

from intern_rl.config import RewardConfig, RewardsConfig
from oreal_rl.errors import OrealError, VerifierError
from oreal_rl.rewards import RewardMixture, RewardSource
from oreal_rl.rewards.judge import Judge, JudgeConfig
from oreal_rl.rewards.mixture import MixtureConfig
from oreal_rl.rewards.preference import preference_source
from oreal_rl.rewards.rules import MathRule
from oreal_rl.types import Prompt, Verdict

MAX_ANSWER_CHARS = 200
MAX_COMPARED_CHARS = 4_000
MEASURES = ("asked", "gave", "right", "sum", "cost")
FAILED = ("error", "timeout", "skipped")
FAILURES = "reward_failures/"
NOBODY = Verdict(reward=None, detail="no verifier worker could tell")


@dataclass(frozen=True)
class Defect:
    """A verifier worker's answer where a source failed that must not fail."""

    text: str


class Rewards:
    """A verifier for the trainer, with counters that survive a resume.

    Args:
        config: Sources and how they are mixed.
        verifier: Mixes them elsewhere, such as on workers; by default this process does.
    """

    def __init__(
        self,
        config: RewardsConfig,
        verifier: Callable[[Sequence[Prompt], Sequence[str]], Sequence[Any]] | None = None,
    ) -> None:
        self.config = config
        self.mixture = RewardMixture(
            [BUILDERS[source.kind](source) for source in config.sources],
            router=self._route if config.routes else None,
            config=MixtureConfig(disagreement=config.disagreement, fallback_on=config.fallback_on),
        )
        self.verifier = verifier or self.mixture
        self.counts: Counter[str] = Counter()
        self._step: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    def __call__(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Verdict]:
        """One verdict per response, with its audit rows.

        Raises:
            VerifierError: If a source failed that must not fail.
        """
        answers = self.verifier(prompts, responses)
        for answer in answers:
            if isinstance(answer, Defect):
                raise VerifierError(answer.text)
        verdicts = [NOBODY if answer is None else answer for answer in answers]
        for verdict in verdicts:
            for row in verdict.audit:
                if row.status in FAILED:
                    self._failures[f"{FAILURES}{row.source}"] += 1
                threshold = self.mixture.askers[row.source].source.threshold
                self._step[f"{row.source}/asked"] += 1
                self._step[f"{row.source}/cost"] += row.cost
                if row.value is not None:
                    self._step[f"{row.source}/gave"] += 1
                    self._step[f"{row.source}/right"] += row.value >= threshold
                    self._step[f"{row.source}/sum"] += row.value
        return verdicts

    def drain_counts(self) -> Counter[str]:
        """What was lost since the last call: answers a source failed on, and what workers lost."""
        counts, self._failures = self._failures, Counter()
        drain = getattr(self.verifier, "drain_counts", None)
        if drain is not None:
            counts.update(drain())
        return counts

    def end_step(self) -> dict[str, float]:
        """Close a step and add it to the totals.

        Returns:
            Per source that was asked: mean value, and the share of answers that abstained.
        """
        metrics = {}
        for name in self.mixture.askers:
            asked, gave = self._step[f"{name}/asked"], self._step[f"{name}/gave"]
            if asked:
                metrics[f"source/{name}/abstained"] = 1 - gave / asked
            if gave:
                metrics[f"source/{name}/mean"] = self._step[f"{name}/sum"] / gave
        self.counts.update(self._step)
        self._step.clear()
        return metrics

    def abandon_step(self) -> None:
        """Forget what a step that failed has counted; it will be repeated."""
        self._step.clear()
        self._failures.clear()

    def summary(self, states: Sequence[Mapping[str, float]] = ()) -> list[dict[str, Any]]:
        """One row per source for the report.

        Args:
            states: `state_dict` of every rank; by default this one's.
        """
        counts: Counter[str] = Counter()
        for state in states or (self.counts,):
            counts.update(state)
        rows = []
        for name, asker in self.mixture.askers.items():
            asked, gave, right, total, cost = (counts[f"{name}/{measure}"] for measure in MEASURES)
            rows.append(
                {
                    "source": name,
                    "role": asker.source.role,
                    "asked": int(asked),
                    "gave": int(gave),
                    "abstained": int(asked - gave),
                    "right": f"{right / gave:.3f}" if gave else "–",
                    "mean": f"{total / gave:.3f}" if gave else "–",
                    "cost": f"{cost:g}" if cost else "–",
                }
            )
        return rows

    def state_dict(self) -> dict[str, float]:
        """The counters."""
        return dict(self.counts)

    def load_state_dict(self, state: Mapping[str, float]) -> None:
        """Restore the counters."""
        self.counts = Counter(state)

    def _route(self, prompt: Prompt) -> Sequence[str]:
        for pattern, names in self.config.routes.items():
            if fnmatchcase(prompt.task, pattern):
                return names
        return list(self.mixture.askers)


def make_verifier(
    config: RewardsConfig,
) -> Callable[[Sequence[Prompt], Sequence[str]], Sequence[Any]]:
    """What a verifier worker is made of; called inside it.

    Args:
        config: Sources of reward.

    Returns:
        A verifier; a source that must not fail gives `Defect`, which stops the run as it would in
        one process, where an error would only have another worker try.
    """
    mixture = Rewards(config).mixture

    def verify(prompts: Sequence[Prompt], responses: Sequence[str]) -> Sequence[Any]:
        try:
            return mixture(prompts, responses)
        except OrealError as error:
            return [Defect(str(error))] * len(responses)

    return verify


def score_environment(prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float | None]:
    """The question's own verifier; None where it has none, and it never gives 0 for a defect."""
    return [
        prompt.case.score(response).value if prompt.case.has_verifier else None
        for prompt, response in zip(prompts, responses, strict=True)
    ]


def score_form(prompts: Sequence[Prompt], responses: Sequence[str]) -> list[bool]:
    """Whether an answer is one short line of printable characters."""
    return [
        0 < len(text.strip()) <= MAX_ANSWER_CHARS and text.strip().isprintable()
        for text in responses
    ]


def score_closeness(
    prompts: Sequence[str], references: Sequence[str], responses: Sequence[str]
) -> list[float]:
    """Minus the number of edits from answer to reference: unbounded, like a reward model's."""
    return [
        -float(
            Levenshtein.distance(
                reference[:MAX_COMPARED_CHARS], response.strip()[:MAX_COMPARED_CHARS]
            )
        )
        for reference, response in zip(references, responses, strict=True)
    ]


def _environment(config: RewardConfig) -> RewardSource:
    return RewardSource(
        name=config.label, score=score_environment, weight=config.weight, on_error="raise"
    )


def _form(config: RewardConfig) -> RewardSource:
    return RewardSource(name=config.label, score=score_form, role="veto", on_error="raise")


def _reference(config: RewardConfig) -> RewardSource:
    return preference_source(
        config.label,
        score_closeness,
        reference=lambda prompt: prompt.case.oracle(),
        weight=config.weight,
    )


def _math(config: RewardConfig) -> RewardSource:
    rule = MathRule(seconds=config.timeout_seconds, require_box=False)

    def score(prompts: Sequence[Prompt], responses: Sequence[str]) -> list[bool | None]:
        return rule([replace(p, case=p.case.oracle()) for p in prompts], responses)

    return RewardSource(name=config.label, score=score, weight=config.weight)


def _judge(config: RewardConfig) -> RewardSource:
    judge = Judge(
        JudgeConfig(
            base_url=config.base_url, model=config.model, timeout_seconds=config.timeout_seconds
        ),
        gold=lambda prompt: prompt.case.oracle(),
        question=lambda prompt: prompt.case.prompt,
    )
    return RewardSource(
        name=config.label,
        score=judge,
        role=config.role,
        weight=config.weight,
        max_attempts=config.max_attempts,
        cost_per_response=config.cost_per_response,
        cache_size=config.cache_size,
        batch_size=64,
    )


BUILDERS: dict[str, Callable[[RewardConfig], RewardSource]] = {
    "environment": _environment,
    "form": _form,
    "reference": _reference,
    "math": _math,
    "judge": _judge,
}
