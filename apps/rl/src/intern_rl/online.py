"""Online reinforcement learning: OREAL with Mixture-of-Rewards on a mixture of tasks.

`oreal_rl` owns the algorithm and `internbootcamp_env` the tasks; this file joins them: questions
become prompts, verdicts become rewards, and each step leaves a line of metrics and a checkpoint.
"""

import time
from typing import Any

from intern_rl.chat import ChatFormat
from intern_rl.config import RunConfig
from intern_rl.groups import pass_rate_histogram, record_groups, shown_groups
from intern_rl.mixture import PassRates, group_rates
from intern_rl.placement import Placement, merged
from intern_rl.questions import Questions, as_prompt
from intern_rl.rewards import Rewards
from intern_rl.workers import LOST, Workers
from intern_runs import RunDisplay, RunFolder
from oreal_rl import Event, OrealTrainer
from oreal_rl.types import Prompt

STAGE = "rl"
LOGGED = (
    "reward_mean",
    "pass_rate",
    "loss",
    "kl",
    "entropy",
    "grad_norm",
    "learning_rate",
    "rollouts_trained",
    "response_tokens_mean",
)
PREFIXES = ("count/", "task/", "token_reward/")


class OnlineTraining:
    """The trainer with its tasks, rewards and state.

    Args:
        run: Where metrics and checkpoints go.
        config: The run's configuration.
        placement: Where the policy lives.
        chat: Turns text into token ids.
        questions: What is asked.
        workers: Who draws and verifies; by default this process.
    """

    def __init__(
        self,
        run: RunFolder,
        config: RunConfig,
        placement: Placement,
        chat: ChatFormat,
        questions: Questions,
        workers: Workers | None = None,
    ) -> None:
        self.run, self.chat, self.questions, self.placement = run, chat, questions, placement
        self.record_every, self.record_count = config.rl.record_every, config.rl.record_groups
        self.pass_rates = PassRates(questions.tasks)
        workers = workers or Workers()
        self.rewards = Rewards(config.rewards, workers.verifier)
        self.workers = workers
        self.extra_metrics: dict[str, Any] = {}
        self.settings = config.rl.oreal_config(seed=config.seed)
        parts = placement.parts()
        if workers.sampler is not None:
            parts["sampler"] = workers.sampler
        self.trainer = OrealTrainer(
            **parts,
            tokenizer=chat.tokenizer,
            prompts=self._prompts,
            verifier=self.rewards,
            config=self.settings,
            callback=self._on_event,
        )

    def train(self, display: RunDisplay) -> dict[str, Any]:
        """Run all steps that are left, each with its checkpoint.

        Returns:
            Counters of the whole stage; on several ranks, of this one.
        """
        own = self.placement.restore(self.run, STAGE, self.trainer)
        if own is not None:
            self.pass_rates.load_state_dict(own["pass_rates"])
            self.rewards.load_state_dict(own["rewards"])
        elif self.workers.sampler is not None:  # they have no weights yet
            self.workers.sampler.sync(self.trainer.policy, self.trainer.version)
        total = self.settings.num_steps
        display.begin(STAGE, total, completed=self.trainer.step_index)
        while self.trainer.step_index < total:
            started = time.perf_counter()
            self.rewards.abandon_step()
            metrics = self.trainer.step()
            step = self.trainer.step_index
            values = {name: metrics[name] for name in LOGGED if name in metrics}
            values |= {k: v for k, v in metrics.items() if k.startswith(PREFIXES)}
            values = merged(self.placement.together(values | self.extra_metrics))
            if self.placement.is_first:
                self.run.log(STAGE, step, values, seconds=time.perf_counter() - started)
            own = {
                "pass_rates": self.pass_rates.state_dict(),
                "rewards": self.rewards.state_dict(),
            }
            self.placement.save(self.run, STAGE, step, self.trainer, own)
            if lost := [
                f"{text}: {values[key]:.0f}" for key, text in LOST.items() if key in values
            ]:
                display.console.print(f"step {step}: {'; '.join(lost)}", highlight=False)
            display.advance(STAGE, {k: values[k] for k in LOGGED[:4] if k in values})
        return {
            "counters": {name: int(count) for name, count in self.trainer.totals.items()},
            "rewards": self.rewards.summary(),
        }

    def _prompts(self, cursor: int) -> list[Prompt]:
        drawn = self.questions.draw(
            STAGE,
            cursor,
            self.settings.prompts_per_step // self.placement.world_size,
            self.pass_rates.weights(),
        )
        return [as_prompt(q, self.chat.encode_question(q.prompt)) for q in drawn]

    def _on_event(self, event: Event) -> None:
        if event.kind != "step":
            return
        threshold = self.settings.success_threshold
        # Every rank takes in the groups of all, so that all draw tasks by the same weights.
        for rates in self.placement.together(group_rates(event.groups, threshold)):
            self.pass_rates.update(rates)
        self.extra_metrics = self.rewards.end_step()
        self.extra_metrics["pass_rate_histogram"] = pass_rate_histogram(event.groups, threshold)
        number = event.step + 1
        is_kept = self.record_every and (number == 1 or number % self.record_every == 0)
        if is_kept:
            shown = self.placement.together(shown_groups(self.trainer, event, self.record_count))
            if self.placement.is_first:
                record_groups(self.run, number, shown, self.record_count)
