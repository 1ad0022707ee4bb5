"""Preference models: unbounded scores for open answers, compared within a group.

A POLAR-like model scores an answer against a reference answer; its numbers have no fixed scale
(-0.6 and -11 both occur), so they mean something only next to the other answers to the same prompt.
`preference_source` therefore calibrates within the group, and a prompt without a reference
abstains.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from oreal_rl.rewards.calibration import GroupCalibration
from oreal_rl.rewards.sources import RewardSource
from oreal_rl.types import Prompt

PreferenceScorer = Callable[[Sequence[str], Sequence[str], Sequence[str]], Sequence[float]]
"""`scorer(prompts, references, responses) -> scores`, higher is better, any finite numbers."""


class PreferenceModel:
    """Scoring function around a preference scorer.

    Args:
        scorer: The model.
        reference: Reference answer of a prompt, or None where it has none; default: `prompt.case`
            where that is text.
    """

    def __init__(
        self,
        scorer: PreferenceScorer,
        *,
        reference: Callable[[Prompt], str | None] | None = None,
    ) -> None:
        self.scorer = scorer
        self.reference = reference or (lambda p: p.case if isinstance(p.case, str) else None)

    def __call__(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[float | None]:
        """Score responses whose prompt has a reference.

        Args:
            prompts: One per response.
            responses: The responses.

        Returns:
            Scores, None without a reference.
        """
        references = [self.reference(prompt) for prompt in prompts]
        places = [place for place, text in enumerate(references) if text is not None]
        results: list[float | None] = [None] * len(responses)
        if not places:
            return results
        scores = self.scorer(
            [prompts[place].text for place in places],
            [references[place] or "" for place in places],
            [responses[place] for place in places],
        )
        for place, score in zip(places, scores, strict=True):
            results[place] = score
        return results


def preference_source(
    name: str,
    scorer: PreferenceScorer,
    *,
    reference: Callable[[Prompt], str | None] | None = None,
    clip: float = 3.0,
    **settings: Any,
) -> RewardSource:
    """Make a source with an unbounded range and calibration within the group.

    Args:
        name: Name of the source.
        scorer: The model.
        reference: See `PreferenceModel`.
        clip: Robust z-score that maps to 0 or 1.
        settings: Further fields of `RewardSource`.

    Returns:
        A source with the role "preference" unless `settings` says otherwise.
    """
    return RewardSource(
        **{
            "name": name,
            "score": PreferenceModel(scorer, reference=reference),
            "role": "preference",
            "value_range": (-math.inf, math.inf),
            "calibration": GroupCalibration(clip=clip),
            **settings,
        }
    )
