"""The configuration of a run, from raw data to reinforcement learning."""

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from intern_pretrain.config import PretrainConfig
from intern_runs import ConfigError
from oreal_rl import OrealConfig


class Section(BaseModel):
    """A table of the configuration: unknown keys are errors, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class TasksConfig(Section):
    """Which tasks the policy learns.

    Attributes:
        patterns: Patterns of task ids, such as `chem.*`; a leading `!` takes tasks out, `@4` at the
            end sets their level.
        level: Difficulty of tasks whose pattern names none.
        wording: Number of the wording, or `terse`.
    """

    patterns: tuple[str, ...] = Field(min_length=1)
    level: int = Field(1, ge=1, le=10)
    wording: int | Literal["terse"] = "terse"


class ColdStartConfig(Section):
    """Supervised training on verified answers.

    Attributes:
        steps: Most updates in all.
        target_loss: Imitation of oracle answers ends when its mean over ten steps has fallen to
            this, in nats per answer token; None for all its steps. It makes runs of different
            seeds, which learn the tasks at different times, start the online stage alike.
        best_of_n_steps: The last updates, which imitate the policy's own best answers while the
            learning rate falls to zero.
        best_of_n: Answers sampled per question for them.
        best_of_n_questions: Questions that they are sampled for.
        batch_size: Questions per update.
        learning_rate: Peak rate of AdamW.
        warmup_steps: Linear warm-up.
        weight_decay: AdamW's.
        aux_loss_coef: Weight of the load-balancing loss of the experts.
        max_grad_norm: Gradients are clipped to this norm.
        max_new_tokens: Longest sampled answer.
    """

    steps: PositiveInt
    target_loss: PositiveFloat | None = None
    best_of_n_steps: int = Field(0, ge=0)
    best_of_n: PositiveInt = 4
    best_of_n_questions: PositiveInt = 512
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 2e-3
    warmup_steps: int = Field(20, ge=0)
    weight_decay: float = Field(0.01, ge=0)
    aux_loss_coef: float = Field(0.01, ge=0)
    max_grad_norm: PositiveFloat = 1.0
    max_new_tokens: PositiveInt = 16

    @model_validator(mode="after")
    def _halves_fit(self) -> Self:
        if self.best_of_n_steps > self.steps:
            raise ValueError(
                f"best_of_n_steps ({self.best_of_n_steps}) is more than steps ({self.steps}); "
                "lower it or raise steps"
            )
        return self


class RlConfig(Section):
    """Online reinforcement learning.

    Attributes:
        steps: Rollout batches.
        preset: Preset of `OrealConfig` that the rest starts from.
        oreal: Settings of `OrealConfig` to set otherwise; `num_steps` and `seed` come from the run.
    """

    steps: PositiveInt
    preset: Literal["paper", "repo", "s1"] = "s1"
    oreal: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        self.oreal_config(seed=0)
        return self

    def oreal_config(self, *, seed: int) -> OrealConfig:
        """The trainer's configuration.

        Raises:
            ValueError: For an unknown setting or an impossible value.
        """
        for name in ("num_steps", "seed"):
            if name in self.oreal:
                raise ValueError(f"oreal.{name} comes from the run: set it with --steps or --seed")
        return OrealConfig.preset(self.preset, num_steps=self.steps, seed=seed, **self.oreal)


class EvaluationConfig(Section):
    """Evaluation on held-out questions.

    Attributes:
        questions_per_task: Distinct held-out questions per task, fewer where a task has fewer.
        num_samples: Samples per question at temperature 1.
        max_new_tokens: Longest answer.
    """

    questions_per_task: PositiveInt = 32
    num_samples: PositiveInt = 8
    max_new_tokens: PositiveInt = 16


class RunConfig(Section):
    """A whole run.

    Attributes:
        seed: Key of every random draw.
        threads: CPU threads of torch.
        pretrain: Data, tokenizer, model and continual pretraining.
        tasks: What is learnt.
        cold_start: Supervised start.
        rl: Online reinforcement learning.
        evaluation: Before and after.
    """

    seed: int = Field(0, ge=0)
    threads: PositiveInt = 2
    pretrain: PretrainConfig
    tasks: TasksConfig
    cold_start: ColdStartConfig
    rl: RlConfig
    evaluation: EvaluationConfig = EvaluationConfig()


def default_config_path() -> Path:
    """Where the quickstart's configuration stands: in the wheel, or in the repository.

    Raises:
        ConfigError: If the installation lacks it.
    """
    here = Path(__file__).parent
    for folder in (here / "configs", here.parents[1] / "configs"):
        if (folder / "quickstart.toml").is_file():
            return folder / "quickstart.toml"
    raise ConfigError(f"{here}: the quickstart's configuration is missing; reinstall intern-rl")
