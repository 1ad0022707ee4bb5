"""First half of a step: prompts -> rollouts -> verdicts -> groups that can be trained on.

Every prompt and rollout that is left out is counted under its reason in `Counters`.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch

from oreal_rl.algorithms import Algorithm
from oreal_rl.config import OrealConfig
from oreal_rl.errors import SamplerError
from oreal_rl.partial import PartialPool
from oreal_rl.prompt_cursor import PromptCursor
from oreal_rl.protocols import Sampler, SamplingParams, Tokenizer, Verifier
from oreal_rl.ranks import Ranks
from oreal_rl.rewards.verdicts import verify_all
from oreal_rl.seeding import derive_generator, derive_seed
from oreal_rl.types import Prompt, Rollout, RolloutGroup, TrainItem, Verdict

Report = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Collected:
    """What a step's sampling brought.

    Attributes:
        groups: Every verified group, kept or not, for reports.
        kept: Indices into `groups` of those to train on.
        counts: How many prompts and rollouts went which way.
    """

    groups: tuple[RolloutGroup, ...]
    kept: tuple[int, ...]
    counts: Counter


@dataclass(frozen=True, kw_only=True)
class Collector:
    """Samples and verifies until enough groups can be trained on, or the cap is reached."""

    config: OrealConfig
    algorithm: Algorithm
    cursor: PromptCursor
    tokenizer: Tokenizer
    sampler: Sampler
    verifier: Verifier
    ranks: Ranks
    pool: PartialPool | None = None

    def collect(self, step: int, report: Report, *, version: int = 0) -> Collected:
        """Collect the groups of one step.

        Args:
            step: Step from 0; key of the draws.
            report: Called as `report(phase, done, total)`.
            version: Version of the weights now.

        Returns:
            Groups and counts; with what samplers and verifiers on other machines lost.
        """
        if self.pool is not None:
            collected = self._collect_partial(self.pool, step, report, version)
        else:
            collected = self._collect_whole(step, report)
        for part in (self.sampler, self.verifier):
            drain = getattr(part, "drain_counts", None)
            if callable(drain):
                collected.counts.update(drain())
        return collected

    def _collect_whole(self, step: int, report: Report) -> Collected:
        wanted = self.config.prompts_per_step // self.ranks.world_size
        cap = int(wanted * self.config.oversample_cap)
        groups: list[RolloutGroup] = []
        kept: list[int] = []
        counts: Counter = Counter()
        taken = fetch = 0
        while len(kept) < wanted and taken < cap:
            prompts = self.cursor.take(min(wanted - len(kept), cap - taken))
            taken += len(prompts)
            counts["prompts_taken"] += len(prompts)
            for group in self._sample(prompts, step, fetch, counts, report):
                groups.append(group)
                if self._is_useful(group, counts):
                    kept.append(len(groups) - 1)
            fetch += 1
        if len(kept) > wanted:
            counts["groups_over_wanted"] += len(kept) - wanted
            kept = kept[:wanted]
        counts["groups_kept"] += len(kept)
        return Collected(groups=tuple(groups), kept=tuple(kept), counts=counts)

    def _collect_partial(
        self, pool: PartialPool, step: int, report: Report, version: int
    ) -> Collected:
        """Advance what is in flight, slice by slice, until enough groups have landed."""
        wanted = self.config.prompts_per_step // self.ranks.world_size
        cap = int(wanted * self.config.oversample_cap)
        groups: list[RolloutGroup] = []
        kept: list[int] = []
        counts: Counter = Counter()
        taken = fetch = 0
        while len(kept) < wanted:
            room = min(cap - len(pool), cap - taken)
            if room > 0:
                taken += self._launch(pool, room, counts)
            if len(pool) == 0:
                if taken >= cap:
                    break
                continue
            report("sample", len(kept), wanted)
            key = derive_seed("sample", self.config.seed, step, fetch, self.ranks.rank)
            counts += pool.advance(self.sampling_params(), seed=key, version=version)
            landed = list(pool.take(wanted - len(kept)))
            fetch += 1
            if not landed:
                continue
            report("verify", len(kept), wanted)
            sampled = [flight.rollouts for flight in landed]
            _check_rollouts(sampled, len(landed))
            prompts = [flight.prompt for flight in landed]
            encoded = [flight.prompt_ids for flight in landed]
            for group in self._verify(prompts, encoded, sampled, counts):
                groups.append(group)
                if self._is_useful(group, counts):
                    kept.append(len(groups) - 1)
        counts["groups_kept"] += len(kept)
        counts["groups_in_flight"] += len(pool)
        return Collected(groups=tuple(groups), kept=tuple(kept), counts=counts)

    def _launch(self, pool: PartialPool, count: int, counts: Counter) -> int:
        """Put the next prompts in flight; returns how many were taken."""
        addressed = self.cursor.take_addressed(count)
        counts["prompts_taken"] += len(addressed)
        for address, prompt in addressed:
            ids = self._usable_ids(prompt, counts)
            if ids is not None:
                pool.add(address, prompt, ids)
        return len(addressed)

    def _usable_ids(self, prompt: Prompt, counts: Counter) -> tuple[int, ...] | None:
        """Token ids of a prompt, or None (and a count) where it cannot be used."""
        ids = self._encode(prompt)
        if len(ids) == 0:
            counts["prompts_empty"] += 1
        elif len(ids) > self.config.max_prompt_tokens:
            counts["prompts_too_long"] += 1
        else:
            return ids
        return None

    def _encode(self, prompt: Prompt) -> tuple[int, ...]:
        if prompt.token_ids is not None:
            return tuple(prompt.token_ids)
        return tuple(self.tokenizer.encode(prompt.text, add_special_tokens=False))

    def _sample(
        self, prompts: Sequence[Prompt], step: int, fetch: int, counts: Counter, report: Report
    ) -> list[RolloutGroup]:
        usable, encoded = [], []
        for prompt in prompts:
            ids = self._usable_ids(prompt, counts)
            if ids is not None:
                usable.append(prompt)
                encoded.append(ids)
        if not usable:
            return []
        report("sample", 0, len(usable))
        sampled = self.sampler.sample(
            encoded,
            num_samples=self.config.group_size,
            params=self.sampling_params(),
            seed=derive_seed("sample", self.config.seed, step, fetch, self.ranks.rank),
            prompts=usable,
        )
        _check_rollouts(sampled, len(usable))
        report("verify", 0, len(usable))
        return self._verify(usable, encoded, sampled, counts)

    def sampling_params(self) -> SamplingParams:
        """Sampling settings of training rollouts."""
        eos = self.tokenizer.eos_token_id
        return SamplingParams(
            max_new_tokens=self.config.max_new_tokens,
            temperature=self.config.temperature,
            top_p=self.config.top_p,
            stop_token_ids=() if eos is None else (eos,),
            record_support=self.config.importance != "none" and self.config.top_p < 1,
        )

    def _verify(
        self,
        prompts: Sequence[Prompt],
        encoded: Sequence[tuple[int, ...]],
        sampled: Sequence[Sequence[Rollout]],
        counts: Counter,
    ) -> list[RolloutGroup]:
        questions = [p for p, group in zip(prompts, sampled, strict=True) for _ in group]
        rollouts = [rollout for group in sampled for rollout in group]
        counts["rollouts"] += len(rollouts)
        counts["response_tokens"] += sum(rollout.num_tokens for rollout in rollouts)
        asked = [place for place, rollout in enumerate(rollouts) if self._is_asked(rollout)]
        verdicts = [self._unasked(rollout) for rollout in rollouts]
        if asked:
            answers = verify_all(
                self.verifier,
                [questions[place] for place in asked],
                [rollouts[place].text for place in asked],
                value_range=self.config.reward_range,
                invalid=self.config.invalid_reward,
                timeout_seconds=self.config.verifier_timeout_seconds,
            )
            for place, verdict in zip(asked, answers, strict=True):
                verdicts[place] = verdict
        for rollout, verdict in zip(rollouts, verdicts, strict=True):
            counts["rollouts_truncated"] += rollout.finish_reason == "length"
            counts["rollouts_aborted"] += rollout.finish_reason == "abort"
            counts["rollouts_empty"] += rollout.num_tokens == 0
            counts["rewards_abstained"] += verdict.reward is None
        groups, start = [], 0
        for prompt, ids, group in zip(prompts, encoded, sampled, strict=True):
            end = start + len(group)
            groups.append(
                RolloutGroup(
                    prompt=prompt,
                    prompt_ids=ids,
                    rollouts=tuple(group),
                    verdicts=tuple(verdicts[start:end]),
                )
            )
            start = end
        return groups

    def _is_asked(self, rollout: Rollout) -> bool:
        if rollout.finish_reason == "abort":
            return False
        return rollout.finish_reason == "stop" or self.config.truncated == "verify"

    def _unasked(self, rollout: Rollout) -> Verdict:
        if rollout.finish_reason == "length" and self.config.truncated == "wrong":
            return Verdict(reward=0.0, detail="cut at the maximum length: counted as wrong")
        return Verdict(reward=None, detail=f"not verified: finish reason {rollout.finish_reason}")

    def _is_useful(self, group: RolloutGroup, counts: Counter) -> bool:
        rewards = [reward for reward in group.rewards if reward is not None]
        if len(rewards) < max(self.algorithm.min_group_size, 1):
            counts["groups_too_small"] += 1
            return False
        right = sum(reward >= self.config.success_threshold for reward in rewards)
        counts["groups_all_right"] += right == len(rewards)
        counts["groups_all_wrong"] += right == 0
        if not self.algorithm.drops_equal_groups:
            return True
        return self.algorithm.is_mixed(rewards)


def _check_rollouts(sampled: Sequence[Sequence[Rollout]], count: int) -> None:
    if len(sampled) != count:
        raise SamplerError(f"the sampler gave {len(sampled)} groups; expected {count}")
    for group in sampled:
        for rollout in group:
            if len(rollout.logprobs) != len(rollout.response_ids):
                raise SamplerError(
                    f"a rollout has {len(rollout.response_ids)} tokens but "
                    f"{len(rollout.logprobs)} log-probabilities; expected one each"
                )


def make_items(
    collected: Collected,
    algorithm: Algorithm,
    config: OrealConfig,
    *,
    step: int,
) -> list[TrainItem]:
    """Choose and weigh the rollouts of the kept groups.

    Args:
        collected: From `Collector.collect`.
        algorithm: Chooses and weighs.
        config: Success threshold and seed.
        step: Step from 0; key of the choice.

    Returns:
        Rollouts with a reward, at least one token and a non-zero weight.
    """
    items = []
    for number, index in enumerate(collected.kept):
        group = collected.groups[index]
        scored = [
            (rollout, reward)
            for rollout, reward in zip(group.rollouts, group.rewards, strict=True)
            if reward is not None
        ]
        rewards = torch.tensor([reward for _, reward in scored], dtype=torch.float64)
        is_positive = (rewards >= config.success_threshold).tolist()
        advantages = algorithm.advantages(rewards).tolist()
        generator = derive_generator("select", config.seed, step, number)
        for place in algorithm.select(is_positive, generator):
            rollout, reward = scored[place]
            if rollout.num_tokens == 0 or advantages[place] == 0:
                continue
            items.append(
                TrainItem(
                    group=number,
                    prompt_ids=group.prompt_ids,
                    rollout=rollout,
                    reward=reward,
                    is_positive=is_positive[place],
                    advantage=advantages[place],
                    extras=group.prompt.extras,
                )
            )
    return items
