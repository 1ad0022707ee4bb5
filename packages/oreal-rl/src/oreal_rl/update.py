"""Second half of a step: from chosen rollouts to optimiser steps.

Counts that normalise the loss are taken over the whole optimiser step first, so the split into
micro-batches changes nothing but rounding.
"""

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from oreal_rl.algorithms import Algorithm, LossInputs, Totals
from oreal_rl.config import OrealConfig
from oreal_rl.errors import NonFiniteError
from oreal_rl.importance import importance_weights
from oreal_rl.kl import kl_cov_loss, kl_loss, kl_per_token, select_high_covariance
from oreal_rl.ranks import Ranks
from oreal_rl.samplers.modes import generating
from oreal_rl.scoring import make_batch, response_logits, supported_logprobs, token_logprobs
from oreal_rl.token_trainer import TokenRewardTrainer
from oreal_rl.types import Rollout, TrainBatch, TrainItem


@dataclass(frozen=True, kw_only=True)
class MicroBatch:
    """A forward pass' worth of rollouts and all that is known before the policy's forward.

    Attributes:
        batch: The rollouts.
        old_logprobs: At the start of the update, nats; None where this forward itself gives them.
        reference_logprobs: Under the reference, nats; None where there is no KL to it.
        token_weights: From the token reward model.
        held_back: Tokens under KL-Cov; None where it is off.
    """

    batch: TrainBatch
    old_logprobs: Tensor | None
    reference_logprobs: Tensor | None
    token_weights: Tensor
    held_back: Tensor | None


@dataclass(frozen=True, kw_only=True)
class Updater:
    """Turns rollouts into optimiser steps on the policy."""

    config: OrealConfig
    algorithm: Algorithm
    policy: nn.Module
    optimizer: torch.optim.Optimizer
    reference: nn.Module | None
    token_trainer: TokenRewardTrainer | None
    pad_token_id: int
    ranks: Ranks

    @property
    def device(self) -> torch.device:
        """Where the policy lives."""
        return next(self.policy.parameters()).device

    def update(self, items: Sequence[TrainItem], *, freeze: bool, version: int) -> dict[str, float]:
        """Take `num_minibatches` optimiser steps.

        Args:
            items: The chosen rollouts.
            freeze: Train the token reward model only.
            version: Version of the policy's weights now, for the staleness of tokens.

        Returns:
            Metrics, means over the optimiser steps.

        Raises:
            NonFiniteError: Where the loss or the gradient norm is not finite.
        """
        parts = split_groups(items, self.config.num_minibatches)
        prepared = [micros for part in parts if (micros := self._prepare(part, version))]
        sums: defaultdict[str, float] = defaultdict(float)
        for micro_batches in prepared:
            if freeze:
                continue
            for name, value in self._optimizer_step(micro_batches).items():
                sums[name] += value / len(prepared)
        if self.token_trainer is not None:
            batches = [micro.batch for micro_batches in prepared for micro in micro_batches]
            sums.update(self.token_trainer.train_on(batches))
        return dict(sums)

    def _prepare(self, items: Sequence[TrainItem], version: int) -> list[MicroBatch]:
        micro_batches = []
        chunks = list(split_tokens(items, self.config.micro_batch_tokens))
        # A sharded forward pass is a collective: all processes run equally many.
        count = self.ranks.max(len(chunks))
        for number in range(count):
            chunk = chunks[number] if number < len(chunks) else [self.filler()]
            batch = make_batch(
                chunk,
                pad_token_id=self.pad_token_id,
                device=self.device,
                version=version,
                max_staleness=self.config.max_staleness,
            )
            if number >= len(chunks):
                batch = replace(batch, mask=torch.zeros_like(batch.mask))
            weights = torch.ones_like(batch.sampling_logprobs)
            if self.token_trainer is not None:
                weights = self.token_trainer.weights(batch)
            micro_batches.append(
                MicroBatch(
                    batch=batch,
                    old_logprobs=self._frozen_logprobs(self.policy, batch)
                    if self.config.num_minibatches > 1
                    else None,
                    reference_logprobs=self._frozen_logprobs(self.reference, batch)
                    if self.reference is not None
                    else None,
                    token_weights=weights,
                    held_back=None,
                )
            )
        if micro_batches and self.config.kl_cov_fraction > 0:
            return self._hold_back(micro_batches)
        return micro_batches

    def filler(self) -> TrainItem:
        """A rollout for a process that has run out of them; all of it is masked."""
        rollout = Rollout(response_ids=(self.pad_token_id,), logprobs=(0.0,), finish_reason="abort")
        return TrainItem(
            group=0,
            prompt_ids=(self.pad_token_id,),
            rollout=rollout,
            reward=0.0,
            is_positive=False,
            advantage=0.0,
        )

    def _frozen_logprobs(self, model: nn.Module, batch: TrainBatch) -> Tensor:
        with generating(model):
            logits = response_logits(model, batch, share_prompts=self.config.share_prompts)
            return token_logprobs(logits, batch, temperature=self.config.temperature)[0]

    def _hold_back(self, micro_batches: list[MicroBatch]) -> list[MicroBatch]:
        """Choose KL-Cov's tokens over the whole optimiser step."""
        width = max(micro.batch.mask.shape[1] for micro in micro_batches)

        def pad(values: Tensor) -> Tensor:
            return nn.functional.pad(values, (0, width - values.shape[1]))

        logprobs = [
            micro.batch.sampling_logprobs + micro.batch.support_logmass
            if micro.old_logprobs is None
            else micro.old_logprobs
            for micro in micro_batches
        ]
        chosen = select_high_covariance(
            torch.cat([pad(values) for values in logprobs]),
            torch.cat([micro.batch.advantages for micro in micro_batches])[:, None],
            torch.cat([pad(micro.batch.mask) for micro in micro_batches]),
            fraction=self.config.kl_cov_fraction,
        )
        results, start = [], 0
        for micro, values in zip(micro_batches, logprobs, strict=True):
            rows, length = micro.batch.mask.shape
            results.append(
                MicroBatch(
                    batch=micro.batch,
                    old_logprobs=values,
                    reference_logprobs=micro.reference_logprobs,
                    token_weights=micro.token_weights,
                    held_back=chosen[start : start + rows, :length],
                )
            )
            start += rows
        return results

    def _optimizer_step(self, micro_batches: list[MicroBatch]) -> dict[str, float]:
        totals = count_totals([micro.batch for micro in micro_batches], self.ranks)
        if totals.tokens == 0:  # nothing left after masking: no step, no decay, no momentum
            return {"updates_skipped": 1.0}
        self.optimizer.zero_grad(set_to_none=True)
        sums: defaultdict[str, float] = defaultdict(float)
        for micro in micro_batches:
            loss, terms = self._loss(micro, totals)
            if not torch.isfinite(loss):
                raise NonFiniteError(
                    f"the loss is {float(loss.detach())}; expected a finite number; lower "
                    "learning_rate or look at the reported log-probabilities"
                )
            # FSDP2 averages gradients over processes; the counts are already those of all.
            (loss * self.ranks.world_size).backward()
            for name, value in {"loss": loss.detach(), **terms}.items():
                sums[name] += float(value)
        sums = defaultdict(float, zip(sums, self.ranks.sum(list(sums.values())), strict=True))
        sums.update(self._apply())
        present = sum(int(micro.batch.attention.sum()) for micro in micro_batches)
        (present,) = self.ranks.sum([present])
        sums["tokens_trained"] = totals.tokens
        sums["tokens_stale"] = present - totals.tokens
        return dict(sums)

    def _loss(self, micro: MicroBatch, totals: Totals) -> tuple[Tensor, dict[str, Tensor]]:
        batch, config = micro.batch, self.config
        logits = response_logits(self.policy, batch, share_prompts=config.share_prompts)
        logprobs, entropy = token_logprobs(logits, batch, temperature=config.temperature)
        old = logprobs.detach() if micro.old_logprobs is None else micro.old_logprobs
        importance = self._importance(logits, old, batch)
        loss, terms = self.algorithm.policy_loss(
            LossInputs(
                logprobs=logprobs,
                old_logprobs=old,
                token_weights=micro.token_weights,
                importance=importance,
                batch=batch,
                totals=totals,
            )
        )
        if config.kl_coef > 0:
            reference = old if micro.reference_logprobs is None else micro.reference_logprobs
            kl = kl_loss(
                logprobs,
                reference,
                batch.mask,
                estimator=config.kl_estimator,
                num_tokens=totals.tokens,
            )
            loss = loss + config.kl_coef * kl
            terms["kl"] = kl.detach()
        if micro.held_back is not None:
            held = kl_cov_loss(logprobs, old, micro.held_back, num_tokens=totals.tokens)
            loss = loss + config.kl_cov_coef * held
            terms["kl_cov"] = held.detach()
        with torch.no_grad():
            count = max(totals.tokens, 1.0)
            sampler = batch.sampling_logprobs + batch.support_logmass
            gap = kl_per_token(sampler, old, estimator="k3")
            terms["entropy"] = entropy.sum() / count
            terms["sampler_kl"] = torch.where(batch.mask, gap, torch.zeros_like(gap)).sum() / count
            terms["importance_mean"] = (importance * batch.mask).sum() / count
        return loss, terms

    def _importance(self, logits: Tensor, old: Tensor, batch: TrainBatch) -> Tensor:
        train = old - batch.support_logmass
        if batch.support_ids is not None:
            train = supported_logprobs(logits, batch, temperature=self.config.temperature)
        return importance_weights(
            train,
            batch.sampling_logprobs,
            batch.mask,
            kind=self.config.importance,
            cap=self.config.importance_cap,
            floor=self.config.importance_floor,
        )

    def _apply(self) -> dict[str, float]:
        parameters = [p for group in self.optimizer.param_groups for p in group["params"]]
        norm = nn.utils.clip_grad_norm_(parameters, self.config.max_grad_norm)
        value = float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)
        if not math.isfinite(value):
            self.optimizer.zero_grad(set_to_none=True)
            raise NonFiniteError(
                f"the gradient norm is {value}; expected a finite number; lower learning_rate"
            )
        limit = self.config.skip_grad_norm
        skipped = limit is not None and value > limit
        if not skipped:
            self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return {"grad_norm": value, "updates_skipped": float(skipped)}


def count_totals(batches: Sequence[TrainBatch], ranks: Ranks) -> Totals:
    """Count trained tokens and rollouts over the batches of one optimiser step.

    Args:
        batches: This process' batches.
        ranks: The processes to sum over.

    Returns:
        Counts over all processes.
    """
    tokens = positive = sequences = 0.0
    for batch in batches:
        tokens += float(batch.mask.sum())
        positive += float((batch.mask & batch.is_positive[:, None]).sum())
        sequences += float(batch.mask.any(dim=1).sum())
    tokens, positive, sequences = ranks.sum([tokens, positive, sequences])
    return Totals(
        tokens=tokens,
        positive_tokens=positive,
        negative_tokens=tokens - positive,
        sequences=sequences,
    )


def split_groups(items: Sequence[TrainItem], count: int) -> list[list[TrainItem]]:
    """Split rollouts into `count` parts of whole groups, as even as it goes.

    Args:
        items: Rollouts, those of a group next to each other.
        count: Number of parts.

    Returns:
        Parts; the last ones are empty where there are fewer groups than parts.
    """
    groups = sorted({item.group for item in items})
    part_of = {group: place * count // len(groups) for place, group in enumerate(groups)}
    parts: list[list[TrainItem]] = [[] for _ in range(count)]
    for item in items:
        parts[part_of[item.group]].append(item)
    return parts


def split_tokens(items: Sequence[TrainItem], budget: int) -> Iterator[list[TrainItem]]:
    """Split into micro-batches of similar length within a budget of padded positions.

    Groups stay together (they share their prompt's forward pass); a group beyond the budget makes a
    micro-batch of its own.

    Args:
        items: Rollouts.
        budget: Most padded token positions per micro-batch, counted as rows x (prompt + response).

    Yields:
        Micro-batches.
    """
    groups: defaultdict[int, list[TrainItem]] = defaultdict(list)
    for item in items:
        groups[item.group].append(item)

    def size(members: list[TrainItem]) -> int:
        return len(members[0].prompt_ids) + max(item.rollout.num_tokens for item in members)

    chunk: list[TrainItem] = []
    width = 0
    for members in sorted(groups.values(), key=lambda members: (-size(members), members[0].group)):
        width = max(width, size(members))
        if chunk and width * (len(chunk) + len(members)) > budget:
            yield chunk
            chunk, width = [], size(members)
        chunk = chunk + members
    if chunk:
        yield chunk
