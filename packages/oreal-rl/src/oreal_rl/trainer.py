"""`OrealTrainer`: sample -> verify -> filter -> weigh -> update -> sync, one step at a time.

All state that a later step depends on is in `state_dict()`; every random draw is keyed by the seed
and the step, so a run that is stopped between two steps and resumed on the CPU gives the same bits
as one that never stopped.
"""

import copy
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from oreal_rl.algorithms import ALGORITHMS
from oreal_rl.collect import Collected, Collector, PromptCursor, make_items
from oreal_rl.config import OrealConfig
from oreal_rl.errors import ConfigError, StateError
from oreal_rl.optimizer import (
    load_optimizer_state,
    make_optimizer,
    optimizer_state,
    prepare_state,
    set_learning_rate,
)
from oreal_rl.partial import PartialPool
from oreal_rl.protocols import PromptSource, Sampler, Tokenizer, Verifier
from oreal_rl.ranks import OneProcess, Ranks
from oreal_rl.samplers.kv_loop import KVLoopSampler
from oreal_rl.schedule import learning_rate_at
from oreal_rl.seeding import derive_seed
from oreal_rl.step_metrics import StepClock, summarize
from oreal_rl.token_reward import make_token_reward_model
from oreal_rl.token_trainer import TokenRewardTrainer
from oreal_rl.types import RolloutGroup
from oreal_rl.update import Updater

logger = logging.getLogger(__name__)
STATE_FORMAT = 2  # raise it with every change of what a state holds


@dataclass(frozen=True, kw_only=True)
class Event:
    """What a callback is told.

    Attributes:
        kind: "phase" while a step runs, "step" when it has ended.
        step: Step, counted from 0.
        phase: "sample", "verify", "update" or "sync".
        done: Progress within the phase.
        total: End of the phase.
        metrics: Of the ended step.
        groups: All groups of the ended step, with responses and verdicts.
        kept: Indices into `groups` of those trained on.
    """

    kind: str
    step: int
    phase: str = ""
    done: int = 0
    total: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    groups: tuple[RolloutGroup, ...] = ()
    kept: tuple[int, ...] = ()


class OrealTrainer:
    """Trains a policy on outcome rewards.

    Args:
        policy: See `protocols.Policy`; trained in place.
        tokenizer: See `protocols.Tokenizer`.
        prompts: `prompts(cursor) -> list[Prompt]`, or a sequence of prompts.
        verifier: `verifier(prompts, responses) -> rewards`.
        config: All settings.
        sampler: Draws responses; default: `KVLoopSampler` on `policy`.
        reference: Policy of the KL term; default: a frozen copy of `policy` where one is needed.
        token_reward_model: Default: a copy of `policy` with a zero scalar head where one is needed.
        callback: Called with an `Event` at every phase and after every step.
        ranks: The training processes, see `oreal_rl.distributed`; default: this one alone. On
            several, counts and rewards in the metrics are this process' own, losses are of all.

    Raises:
        ConfigError: Where policy and config do not fit.
    """

    def __init__(
        self,
        *,
        policy: nn.Module,
        tokenizer: Tokenizer,
        prompts: PromptSource,
        verifier: Verifier,
        config: OrealConfig,
        sampler: Sampler | None = None,
        reference: nn.Module | None = None,
        token_reward_model: nn.Module | None = None,
        callback: Callable[[Event], None] | None = None,
        ranks: Ranks | None = None,
    ) -> None:
        self.ranks = ranks or OneProcess()
        self._check_ranks(config, sampler, reference, token_reward_model)
        if tokenizer.eos_token_id is None and tokenizer.pad_token_id is None:
            raise ConfigError(
                "the tokenizer has neither eos_token_id nor pad_token_id; set one of them"
            )
        self.policy = policy
        self.tokenizer = tokenizer
        self.config = config
        self.callback = callback
        self.sampler = sampler if sampler is not None else KVLoopSampler(policy, tokenizer)
        self.algorithm = ALGORITHMS[config.algorithm](config, config.algorithm_options)
        self.cursor = PromptCursor(prompts, seed=config.seed, ranks=self.ranks)
        self.pool: PartialPool | None = None
        if config.partial_slice_tokens:
            self.pool = PartialPool(
                sampler=self.sampler,
                tokenizer=tokenizer,
                group_size=config.group_size,
                slice_tokens=config.partial_slice_tokens,
                max_staleness=config.max_staleness,
            )
        self.collector = Collector(
            config=config,
            algorithm=self.algorithm,
            cursor=self.cursor,
            tokenizer=tokenizer,
            sampler=self.sampler,
            verifier=verifier,
            ranks=self.ranks,
            pool=self.pool,
        )
        self.token_trainer: TokenRewardTrainer | None = None
        if config.token_reward != "none":
            model = token_reward_model
            if model is None:
                model = make_token_reward_model(policy)
            self.token_trainer = TokenRewardTrainer(model, config, self.ranks)
        needs_reference = config.kl_coef > 0 and config.kl_reference == "initial"
        self.reference = _frozen(reference or copy.deepcopy(policy)) if needs_reference else None
        self.optimizer = make_optimizer(policy, config, config.learning_rate)
        pad = tokenizer.pad_token_id
        self.updater = Updater(
            config=config,
            algorithm=self.algorithm,
            policy=policy,
            optimizer=self.optimizer,
            reference=self.reference,
            token_trainer=self.token_trainer,
            pad_token_id=int(pad if pad is not None else tokenizer.eos_token_id or 0),
            ranks=self.ranks,
        )
        self.step_index = 0
        self.version = 0
        self.totals: Counter = Counter()

    def _check_ranks(self, config: OrealConfig, *parts: object) -> None:
        if self.ranks.world_size == 1:
            return
        if config.prompts_per_step % self.ranks.world_size:
            raise ConfigError(
                f"prompts_per_step is {config.prompts_per_step} on {self.ranks.world_size} "
                "processes; expected a multiple, so that each has its share"
            )
        sampler, reference, token_reward_model = parts
        needs_reference = config.kl_coef > 0 and config.kl_reference == "initial"
        if (
            sampler is None
            or (needs_reference and reference is None)
            or (config.token_reward != "none" and token_reward_model is None)
        ):
            raise ConfigError(
                "on several processes the sampler, the reference and the token reward model cannot "
                "be copied from a sharded policy; make them before sharding, see "
                "oreal_rl.distributed"
            )

    def prepare_optimizers(self) -> None:
        """Give every parameter an optimiser state, for loading in place (DCP)."""
        prepare_state(self.optimizer)
        if self.token_trainer is not None:
            prepare_state(self.token_trainer.optimizer)

    def train(self, num_steps: int | None = None) -> list[dict[str, float]]:
        """Run steps until `config.num_steps`, or `num_steps` more of them.

        Args:
            num_steps: How many more; None goes to the end.

        Returns:
            Metrics of each step run now.
        """
        left = self.config.num_steps - self.step_index if num_steps is None else num_steps
        return [self.step() for _ in range(max(left, 0))]

    def step(self) -> dict[str, float]:
        """Run one step: a rollout batch and its update.

        Returns:
            Metrics; see the package's README for their names.
        """
        step = self.step_index
        clock = StepClock()
        cursor = self.cursor.position
        in_flight = self.pool.snapshot() if self.pool is not None else None
        try:
            collected = self.collector.collect(step, self._report, version=self.version)
        except BaseException:
            self.cursor.position = cursor  # a repeated step meets the same prompts
            if self.pool is not None and in_flight is not None:
                self.pool.restore(in_flight)
            raise
        clock.mark("collect")
        self._report("update", 0, 1)
        metrics = self._update(collected, step)
        clock.mark("update")
        if metrics["updated"]:
            self.version += 1
            self._report("sync", 0, 1)
            self.sampler.sync(self.policy, self.version)
        clock.mark("sync")
        self.totals.update(collected.counts)
        self.step_index += 1
        metrics.update(summarize(collected, self.config), **clock.metrics())
        metrics["step"] = float(step)
        if self.callback is not None:
            self.callback(
                Event(
                    kind="step",
                    step=step,
                    metrics=metrics,
                    groups=collected.groups,
                    kept=collected.kept,
                )
            )
        return metrics

    def _update(self, collected: Collected, step: int) -> dict[str, float]:
        config = self.config
        rate = learning_rate_at(
            step,
            peak=config.learning_rate,
            final=config.min_learning_rate,
            warmup_steps=config.lr_warmup_steps,
            num_steps=config.num_steps,
        )
        set_learning_rate(self.optimizer, rate)
        items = make_items(collected, self.algorithm, config, step=step)
        metrics = {"learning_rate": rate, "rollouts_trained": float(len(items)), "updated": 0.0}
        if self.ranks.max(len(items)) == 0:
            logger.info("step %d: no group to train on, update skipped", step)
            return metrics
        freeze = step < (config.policy_freeze_steps or 0)
        if self.token_trainer is not None:
            self.token_trainer.set_step(step)
        # Dropout and the like draw from the global generator: key it too, and put it back after.
        devices = [self.updater.device] if self.updater.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(derive_seed("update", config.seed, step))
            metrics.update(self.updater.update(items, freeze=freeze, version=self.version))
        metrics["updated"] = float(not freeze)
        return metrics

    def _report(self, phase: str, done: int, total: int) -> None:
        if self.callback is not None:
            self.callback(
                Event(kind="phase", step=self.step_index, phase=phase, done=done, total=total)
            )

    def state_dict(self) -> dict[str, Any]:
        """Everything that later steps depend on.

        Returns:
            Nested dicts and lists of tensors (copies), numbers and strings.
        """
        state: dict[str, Any] = {
            "format": STATE_FORMAT,
            "algorithm": self.config.algorithm,
            "seed": self.config.seed,
            "step": self.step_index,
            "version": self.version,
            "prompt_cursor": self.cursor.position,
            "counters": dict(self.totals),
            "in_flight": self.pool.to_json() if self.pool is not None else "",
            "policy": _weights(self.policy),
            "optimizer": optimizer_state(self.optimizer, self.policy),
        }
        if self.reference is not None:
            state["reference"] = _weights(self.reference)
        if self.token_trainer is not None:
            trainer = self.token_trainer
            state["token_reward_model"] = _weights(trainer.model)
            state["token_reward_optimizer"] = optimizer_state(trainer.optimizer, trainer.model)
            state["token_reward_accuracy"] = -1.0 if trainer.accuracy is None else trainer.accuracy
        return state

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Continue where `state_dict` was taken.

        Args:
            state: From `state_dict` of a trainer with the same config and architecture.

        Raises:
            StateError: Where the state belongs to another kind of run.
        """
        wanted = {"format": STATE_FORMAT, "algorithm": self.config.algorithm}
        wanted["seed"] = self.config.seed
        for name, value in wanted.items():
            if state.get(name) != value:
                raise StateError(
                    f"the saved state has {name} {state.get(name)!r}; this trainer has {value!r}; "
                    "resume with the config of the saved run"
                )
        for name, part in (
            ("reference", self.reference),
            ("token_reward_model", self.token_trainer),
        ):
            if (name in state) != (part is not None):
                raise StateError(
                    f"{name} is {'in' if name in state else 'missing from'} the saved state, "
                    "unlike in this trainer; resume with the config of the saved run"
                )
        self.policy.load_state_dict(state["policy"])
        load_optimizer_state(self.optimizer, self.policy, state["optimizer"])
        if self.reference is not None:
            self.reference.load_state_dict(state["reference"])
        if self.token_trainer is not None:
            trainer = self.token_trainer
            trainer.model.load_state_dict(state["token_reward_model"])
            load_optimizer_state(trainer.optimizer, trainer.model, state["token_reward_optimizer"])
            accuracy = state["token_reward_accuracy"]
            trainer.accuracy = None if accuracy < 0 else accuracy
        self.step_index = state["step"]
        self.version = state["version"]
        self.cursor.position = state["prompt_cursor"]
        self.totals = Counter(state["counters"])
        if self.pool is not None:
            self.pool.load_json(state["in_flight"], self.cursor.at)
        self.sampler.sync(self.policy, self.version)


def _frozen(model: nn.Module) -> nn.Module:
    model.eval()
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model


def _weights(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
