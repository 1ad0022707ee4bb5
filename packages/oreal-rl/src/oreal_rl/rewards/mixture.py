"""Mixture-of-Rewards: several reward sources, routed per prompt, one reward and a full audit.

How the answers of a response's sources become one reward:

1. A `veto` source below its threshold makes the response wrong (0), whatever others say.
2. `verdict` sources decide. Where they disagree: "strict" takes the worst, "mean" the weighted
   mean, "abstain" gives no reward.
3. `fallback` sources are asked only where every verdict source abstained, or said wrong and
   `fallback_on="wrong"` (a judge that looks for answers the rules missed). Their answer then
   replaces the verdict.
4. `preference` sources move the reward on its side of 0.5 and never across; where no source gave a
   verdict, their weighted mean is the reward.
5. Where nobody has a say the mixture abstains. An abstention is not a wrong answer.
"""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from oreal_rl.errors import ConfigError
from oreal_rl.rewards.sources import Asker, RewardSource
from oreal_rl.types import Prompt, RewardAudit, Verdict

BOUNDARY = 0.5
BELOW_BOUNDARY = math.nextafter(BOUNDARY, 0.0)


@dataclass(frozen=True, kw_only=True)
class MixtureConfig:
    """How a mixture combines.

    Attributes:
        disagreement: "strict", "mean" or "abstain", where verdict sources differ in sign.
        fallback_on: Ask fallback sources where verdicts are "abstain" only, or also "wrong".
    """

    disagreement: Literal["strict", "mean", "abstain"] = "strict"
    fallback_on: Literal["abstain", "wrong"] = "abstain"


class RewardMixture:
    """A verifier made of several sources; call it like any `protocols.Verifier`.

    Args:
        sources: The sources; names must differ.
        routes: Names of the sources to ask, by task; "*" serves tasks that are not listed.
            None asks every source about everything.
        router: In place of `routes`: `router(prompt) -> source names`.
        config: How answers are combined.

    Raises:
        ConfigError: For a name given twice or a route to an unknown source.
    """

    def __init__(
        self,
        sources: Sequence[RewardSource],
        *,
        routes: Mapping[str, Sequence[str]] | None = None,
        router: Callable[[Prompt], Sequence[str]] | None = None,
        config: MixtureConfig | None = None,
    ) -> None:
        self.askers = {source.name: Asker(source) for source in sources}
        self.routes = routes
        self.router = router
        self.config = config or MixtureConfig()
        if len(self.askers) != len(sources) or not sources:
            raise ConfigError(
                f"sources are named {[source.name for source in sources]}; expected at least one "
                "and all names different"
            )
        for task, names in (routes or {}).items():
            self._check_names(names, f"the route of task {task!r}")

    def __call__(self, prompts: Sequence[Prompt], responses: Sequence[str]) -> list[Verdict]:
        """Score responses.

        Args:
            prompts: One per response; responses to one prompt form a group.
            responses: The responses.

        Returns:
            One verdict per response, with an audit row for each source that was asked.

        Raises:
            ConfigError: For a prompt without a route.
            VerifierError: From a source with `on_error="raise"`.
        """
        numbers: dict[str, int] = {}
        groups = [numbers.setdefault(prompt.key, len(numbers)) for prompt in prompts]
        routes = [self._route(prompt) for prompt in prompts]
        audits: list[list[RewardAudit]] = [[] for _ in prompts]
        first = [name for name, a in self.askers.items() if a.source.role != "fallback"]
        for name in first:
            places = [place for place, route in enumerate(routes) if name in route]
            self._ask(name, places, prompts, responses, groups, audits)
        for name in (name for name in self.askers if name not in first):
            places = [
                place
                for place, route in enumerate(routes)
                if name in route and self._needs_fallback(audits[place])
            ]
            self._ask(name, places, prompts, responses, groups, audits)
        return [self._combine(rows) for rows in audits]

    def totals(self) -> dict[str, Counter]:
        """Counters per source since the start: statuses, cached, cost, seconds."""
        return {name: asker.totals for name, asker in self.askers.items()}

    def _route(self, prompt: Prompt) -> Sequence[str]:
        if self.router is not None:
            names = self.router(prompt)
            self._check_names(names, f"the route of prompt {prompt.key[:60]!r}")
            return names
        if self.routes is None:
            return list(self.askers)
        route = self.routes.get(prompt.task, self.routes.get("*"))
        if route is None:
            raise ConfigError(
                f"task {prompt.task!r} has no route; expected one of {sorted(self.routes)}; add it "
                "or a route '*' for the rest"
            )
        return route

    def _check_names(self, names: Sequence[str], where: str) -> None:
        unknown = sorted(set(names) - set(self.askers))
        if unknown or not names:
            raise ConfigError(
                f"{where} names {list(names)}; expected at least one of {sorted(self.askers)}"
            )

    def _ask(
        self,
        name: str,
        places: list[int],
        prompts: Sequence[Prompt],
        responses: Sequence[str],
        groups: Sequence[int],
        audits: list[list[RewardAudit]],
    ) -> None:
        if not places:
            return
        rows = self.askers[name].ask(
            [prompts[place] for place in places],
            [responses[place] for place in places],
            [groups[place] for place in places],
        )
        for place, row in zip(places, rows, strict=True):
            audits[place].append(row)

    def _needs_fallback(self, rows: Sequence[RewardAudit]) -> bool:
        if any(row.value is not None and self._is_vetoed(row) for row in rows):
            return False
        verdicts = self._of_role(rows, "verdict")
        if not verdicts:
            return True
        return self.config.fallback_on == "wrong" and any(not right for _, _, right in verdicts)

    def _is_vetoed(self, row: RewardAudit) -> bool:
        source = self.askers[row.source].source
        return source.role == "veto" and row.value is not None and row.value < source.threshold

    def _of_role(self, rows: Sequence[RewardAudit], role: str) -> list[tuple[float, float, bool]]:
        """Value, weight and sign of each row of a role that has a say."""
        found = []
        for row in rows:
            source = self.askers[row.source].source
            if source.role == role and row.value is not None:
                found.append((row.value, source.weight, row.value >= source.threshold))
        return found

    def _combine(self, rows: Sequence[RewardAudit]) -> Verdict:
        audit = tuple(rows)
        for row in rows:
            if self._is_vetoed(row):
                return Verdict(reward=0.0, detail=f"vetoed by {row.source}", audit=audit)
        verdicts = self._of_role(rows, "fallback") or self._of_role(rows, "verdict")
        preferences = self._of_role(rows, "preference")
        if not verdicts and not preferences:
            return Verdict(reward=None, detail="every source abstained", audit=audit)
        if not verdicts:
            return Verdict(reward=_mean(preferences), detail="preference only", audit=audit)
        right, value, detail = self._decide(verdicts)
        if value is None:
            return Verdict(reward=None, detail=detail, audit=audit)
        if preferences:
            value = _mean([(value, sum(weight for _, weight, _ in verdicts), right), *preferences])
        reward = max(value, BOUNDARY) if right else min(value, BELOW_BOUNDARY)
        return Verdict(reward=reward, detail=detail, audit=audit)

    def _decide(
        self, verdicts: Sequence[tuple[float, float, bool]]
    ) -> tuple[bool, float | None, str]:
        """Right or wrong, the value, and a note."""
        signs = {right for _, _, right in verdicts}
        mean = _mean(verdicts)
        if len(signs) == 1:
            return signs.pop(), mean, ""
        if self.config.disagreement == "abstain":
            return False, None, "sources disagree: abstained"
        if self.config.disagreement == "mean":
            return mean >= BOUNDARY, mean, "sources disagree: weighted mean"
        return False, min(value for value, _, _ in verdicts), "sources disagree: the strictest"


def _mean(entries: Sequence[tuple[float, float, bool]]) -> float:
    return sum(value * weight for value, weight, _ in entries) / sum(
        weight for _, weight, _ in entries
    )
