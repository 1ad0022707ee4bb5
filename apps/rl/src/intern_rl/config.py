"""The configuration of a run, from raw data to reinforcement learning."""

import re
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


class PolicyConfig(Section):
    """A saved model to start from, in place of one that the run pretrains.

    Attributes:
        path: Folder or hub name of the model and its tokenizer, as `from_pretrained` takes it.
        dtype: Of the weights in training.
        freeze: Patterns of parameter names that are not trained, such as `*.mlp.gate.*`.
        architecture: Fields of its transformers configuration, `model_type` among them, or
            `preset` for one of `intern_s1_model`; `plan` builds the model from them without
            weights. Not needed where `path` is a folder.
    """

    path: str = Field(min_length=1)
    dtype: Literal["float32", "bfloat16"] = "float32"
    freeze: tuple[str, ...] = ()
    architecture: dict[str, Any] = Field(default_factory=dict)


class PromptsConfig(Section):
    """A file of questions with wanted answers, in the OREAL-RL-Prompts format.

    Attributes:
        path: JSON lines with `question`, `gold_answer` and, optionally, `pass_rate`.
        held_out: File of the same format that evaluations read; None evaluates tasks only.
        template: Text around a question; `{question}` is replaced.
        task: Name of the prompts in routes and reports.
        repeat_by_pass_rate: Repeat hard prompts and leave out easy ones, as OREAL does.
        share: Share of the prompts of a step that come from the file, where there are tasks too.
    """

    path: str
    held_out: str | None = None
    template: str = "{question}"
    task: str = "math"
    repeat_by_pass_rate: bool = True
    share: float = Field(0.5, gt=0, le=1)


class RewardConfig(Section):
    """One source of the Mixture-of-Rewards.

    Attributes:
        kind: "environment" (the task's own verifier), "math" (math-verify against the wanted
            answer), "form" (veto on answers that are not one short printable line), "reference"
            (preference for answers close to the right one, unbounded, compared within a group) or
            "judge" (a model behind an OpenAI-compatible endpoint).
        name: Name in routes and audits; by default the kind.
        weight: Share among sources of its role.
        base_url: Endpoint of a judge, such as "http://127.0.0.1:8000/v1".
        model: Name of the judge's model there.
        role: Of a judge: "fallback" is asked where others abstain or say wrong, "verdict" always.
        timeout_seconds: Longest wait per request to a judge, and per answer of math-verify.
        max_attempts: Requests before a judge abstains.
        cost_per_response: Of a judge, in any unit; summed in the audit.
        cache_size: Judgements remembered.
    """

    kind: Literal["environment", "math", "form", "reference", "judge"]
    name: str = ""
    weight: PositiveFloat = 1.0
    base_url: str = ""
    model: str = ""
    role: Literal["fallback", "verdict"] = "fallback"
    timeout_seconds: PositiveFloat = 30.0
    max_attempts: PositiveInt = 2
    cost_per_response: float = Field(0.0, ge=0)
    cache_size: int = Field(4096, ge=0)

    @model_validator(mode="after")
    def _judge_is_reachable(self) -> Self:
        if self.kind == "judge" and not (
            self.base_url.startswith(("http://", "https://")) and self.model
        ):
            raise ValueError(
                f"a judge needs base_url and model; got base_url {self.base_url!r}, model "
                f"{self.model!r}; base_url starts with http(s)://, often ends with /v1"
            )
        return self

    @property
    def label(self) -> str:
        """Name in routes and audits."""
        return self.name or self.kind


class RewardsConfig(Section):
    """The Mixture-of-Rewards.

    Attributes:
        sources: Every source; their names differ.
        routes: Sources to ask by pattern of task ids, the first that matches; without routes all
            are asked about everything.
        disagreement: What happens where verdicts differ: "strict", "mean" or "abstain".
        fallback_on: Ask fallback sources where the verdicts "abstain" only, or also say "wrong".
    """

    sources: tuple[RewardConfig, ...] = (
        RewardConfig(kind="environment"),
        RewardConfig(kind="form"),
    )
    routes: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    disagreement: Literal["strict", "mean", "abstain"] = "strict"
    fallback_on: Literal["abstain", "wrong"] = "abstain"

    @model_validator(mode="after")
    def _names_fit(self) -> Self:
        names = [source.label for source in self.sources]
        if len(set(names)) < len(names) or not names:
            raise ValueError(
                f"sources are named {names}; expected at least one, all names different"
            )
        for pattern, route in self.routes.items():
            unknown = sorted(set(route) - set(names))
            if unknown or not route:
                raise ValueError(
                    f"route {pattern!r} names {list(route)}; expected some of {sorted(names)}"
                )
        return self


class ClusterConfig(Section):
    """The machine that `plan` checks a run for; `train` takes its ranks from torchrun.

    Attributes:
        nodes: Machines.
        devices_per_node: Accelerators in each.
        device_memory_gib: Memory of one, GiB.
        expert_parallel: Give each rank its own experts, as `oreal_rl.distributed.shard` does; the
            number of ranks must then divide the number of experts.
        train_dtype: Of parameters and gradients on the device.
        optimizer_bytes: Bytes per parameter that the optimiser keeps: 12 for AdamW with fp32
            master weights and moments.
        rollout_parallel: Ranks that hold one copy of the policy for rollouts.
        rollout_dtype: Of the rollout copy's weights and KV cache.
        rollouts_in_flight: Responses that one rollout copy generates at once.
        micro_batch_tokens: Tokens per rank and forward pass.
        checkpointing: Recompute activations: only a layer's input is kept.
    """

    nodes: PositiveInt
    devices_per_node: PositiveInt = 8
    device_memory_gib: PositiveFloat = 80.0
    expert_parallel: bool = False
    train_dtype: Literal["float32", "bfloat16"] = "bfloat16"
    optimizer_bytes: float = Field(12.0, ge=0)
    rollout_parallel: PositiveInt = 1
    rollout_dtype: Literal["float32", "bfloat16", "float8"] = "bfloat16"
    rollouts_in_flight: PositiveInt = 64
    micro_batch_tokens: PositiveInt = 32_768
    checkpointing: bool = True


class WorkersConfig(Section):
    """Ray workers that draw and verify the rollouts of the online stage; needs `intern-rl[ray]`.

    Attributes:
        rollout: Rollout workers; 0 draws in the training process.
        verifier: Verifier workers, each with its own caches of judgements; 0 verifies there.
        address: "local" starts Ray on this machine for this run; "auto" or host:port joins a
            cluster. Under torchrun all ranks share the workers.
        rollout_gpus: Accelerators per rollout worker, of those that Ray manages; 0 draws on a CPU.
            Ray knows nothing of the ranks' accelerators: start it with others.
        chunk_prompts: Prompts, with all their responses, per piece of work; key of the draws.
        timeout_seconds: Longest wait for one piece of work; its worker is then replaced.
        max_attempts: Tries per piece of work. After them its rollouts are left out, its
            verifications are abstentions.
        sync_tolerance: Largest difference of a token's log-probability between policy and rollout
            worker after a weight sync, nats. Float32 agrees to about 1e-6; raise it for bfloat16.
    """

    rollout: int = Field(0, ge=0)
    verifier: int = Field(0, ge=0)
    address: str = "local"
    rollout_gpus: float = Field(0.0, ge=0)
    chunk_prompts: PositiveInt = 4
    timeout_seconds: PositiveFloat = 600.0
    max_attempts: PositiveInt = 3
    sync_tolerance: PositiveFloat = 1e-4

    @model_validator(mode="after")
    def _address_is_one(self) -> Self:
        if not re.fullmatch(r"local|auto|[^\s/]+:\d+", self.address):
            raise ValueError(
                f"address is {self.address!r}; expected 'local', 'auto' or host:port of a Ray "
                "cluster"
            )
        return self

    @property
    def are_used(self) -> bool:
        """Whether there are any."""
        return self.rollout + self.verifier > 0


class RlConfig(Section):
    """Online reinforcement learning.

    Attributes:
        steps: Rollout batches.
        preset: Preset of `OrealConfig` that the rest starts from.
        oreal: Settings of `OrealConfig` to set otherwise; `num_steps` and `seed` come from the run.
        record_every: Steps between those whose groups are kept for reading; 0 keeps none.
        record_groups: Groups kept of such a step.
    """

    steps: PositiveInt
    preset: Literal["paper", "repo", "s1"] = "s1"
    oreal: dict[str, Any] = Field(default_factory=dict)
    record_every: int = Field(25, ge=0)
    record_groups: PositiveInt = 3

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
    """A whole run: a policy that is pretrained or loaded, an optional cold start, then RL.

    Attributes:
        seed: Key of every random draw.
        threads: CPU threads of torch.
        pretrain: Data, tokenizer, model and continual pretraining; or
        policy: a saved model to start from.
        tasks: Tasks of `internbootcamp_env` to learn, and/or
        prompts: a file of questions.
        cold_start: Supervised start; None goes without.
        rewards: Who judges the answers.
        rl: Online reinforcement learning.
        workers: Who draws and verifies its rollouts.
        evaluation: Before and after.
        cluster: The machine that `plan` checks the run for.
    """

    seed: int = Field(0, ge=0)
    threads: PositiveInt = 2
    pretrain: PretrainConfig | None = None
    policy: PolicyConfig | None = None
    tasks: TasksConfig | None = None
    prompts: PromptsConfig | None = None
    cold_start: ColdStartConfig | None = None
    rewards: RewardsConfig = RewardsConfig()
    rl: RlConfig
    workers: WorkersConfig = WorkersConfig()
    evaluation: EvaluationConfig = EvaluationConfig()
    cluster: ClusterConfig | None = None

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if (self.pretrain is None) == (self.policy is None):
            both = "both" if self.pretrain is not None else "neither"
            raise ValueError(
                f"a run has one policy: a table [pretrain] that makes it, or a table [policy] that "
                f"loads it; got {both}"
            )
        if self.tasks is None and self.prompts is None:
            raise ValueError("nothing to learn: add a table [tasks] or a table [prompts]")
        if self.cold_start is not None and self.tasks is None:
            raise ValueError(
                "a cold start imitates answers to tasks, and there is no table [tasks]; add one "
                "or remove [cold_start]"
            )
        kinds = {source.kind for source in self.rewards.sources}
        if self.prompts is not None and not kinds & {"math", "judge"}:
            raise ValueError(
                f"nobody judges the answers to {self.prompts.path}: rewards.sources are "
                f"{sorted(kinds)}; add a source of kind 'math' or 'judge'"
            )
        return self


def shipped_config_path(name: str = "quickstart") -> Path:
    """Where a shipped configuration stands: in the wheel, or in the repository.

    Args:
        name: File name without `.toml`.

    Raises:
        ConfigError: If there is none of that name.
    """
    here = Path(__file__).parent
    for folder in (here / "configs", here.parents[1] / "configs"):
        if (folder / f"{name}.toml").is_file():
            return folder / f"{name}.toml"
    raise ConfigError(f"{here}: no shipped configuration {name!r}; reinstall intern-rl")
