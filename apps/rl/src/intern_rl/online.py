"""Online reinforcement learning: OREAL with Mixture-of-Rewards on a mixture of tasks.

`oreal_rl` owns the algorithm and `internbootcamp_env` the tasks; this file joins them: questions
become prompts, verdicts become rewards, and each step leaves a line of metrics and a checkpoint.
"""

import time
from typing import Any

from intern_rl.chat import ChatFormat
from intern_rl.config import RunConfig
from intern_rl.mixture import PassRates, TaskMixture, as_prompt
from intern_rl.rewards import Rewards
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


class OnlineTraining:
    """The trainer with its tasks, rewards and state.

    Args:
        run: Where metrics and checkpoints go.
        config: The run's configuration.
        model: The policy, trained in place.
        chat: Turns text into token ids.
        mixture: The tasks.
    """

    def __init__(
        self,
        run: RunFolder,
        config: RunConfig,
        model: Any,
        chat: ChatFormat,
        mixture: TaskMixture,
    ) -> None:
        self.run, self.chat, self.mixture = run, chat, mixture
        self.pass_rates = PassRates(mixture.tasks)
        self.rewards = Rewards()
        self.settings = config.rl.oreal_config(seed=config.seed)
        self.trainer = OrealTrainer(
            policy=model,
            tokenizer=chat.tokenizer,
            prompts=self._prompts,
            verifier=self.rewards,
            config=self.settings,
            callback=self._on_event,
        )

    def train(self, display: RunDisplay) -> dict[str, Any]:
        """Run all steps that are left, each with its checkpoint.

        Returns:
            Counters of the whole stage.
        """
        restored = self.run.restore(STAGE)
        if restored is not None:
            self._load(restored[1])
        total = self.settings.num_steps
        display.begin(STAGE, total, completed=self.trainer.step_index)
        while self.trainer.step_index < total:
            started = time.perf_counter()
            metrics = self.trainer.step()
            step = self.trainer.step_index
            values = {name: metrics[name] for name in LOGGED if name in metrics}
            values |= {k: v for k, v in metrics.items() if k.startswith(("count/", "task/"))}
            self.run.log(STAGE, step, values, seconds=time.perf_counter() - started)
            self.run.save(STAGE, step, self._state())
            display.advance(STAGE, {k: metrics[k] for k in LOGGED[:4] if k in metrics})
        return {
            "counters": {name: int(count) for name, count in self.trainer.totals.items()},
            "rewards": self.rewards.summary(),
        }

    def _prompts(self, cursor: int) -> list[Prompt]:
        questions = self.mixture.draw(
            STAGE, cursor, self.settings.prompts_per_step, self.pass_rates.weights()
        )
        return [as_prompt(q, self.chat.encode_question(q.prompt)) for q in questions]

    def _on_event(self, event: Event) -> None:
        if event.kind == "step":
            self.pass_rates.update(event.groups)

    def _state(self) -> dict[str, Any]:
        return {
            "trainer": self.trainer.state_dict(),
            "pass_rates": self.pass_rates.state_dict(),
            "rewards": self.rewards.state_dict(),
        }

    def _load(self, state: dict[str, Any]) -> None:
        self.trainer.load_state_dict(state["trainer"])
        self.pass_rates.load_state_dict(state["pass_rates"])
        self.rewards.load_state_dict(state["rewards"])
