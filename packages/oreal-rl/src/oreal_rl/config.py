"""`OrealConfig`: every setting of the trainer, and the three named presets.

| term            | `paper`                   | `repo` (released trainer)  | `s1` (Intern-S1)    |
|-----------------|---------------------------|----------------------------|---------------------|
| rollouts used   | one right, one wrong each | one right, one wrong each  | all of mixed groups |
| right weight    | 1                         | 2 (G - c) / (G - 1)        | 1                   |
| wrong weight    | 1 - p                     | 2 c / (G - 1)              | 2 c / (G - 1)       |
| wrong form      | log(pi / pi_old)          | exp(lp - sg(lp))           | exp(lp - sg(lp))    |
| token weights   | from w(s_t)               | from the running mean of w | none                |
| KL              | k3 to the rollout policy  | k3 to the initial policy   | none                |
| entropy control | none                      | none                       | KL-Cov, 20 %, 0.01  |
| updates         | 1 per rollout batch       | 1 per rollout batch        | 8 per rollout batch |

c of G rollouts are right, p = c / G, lp a log-probability, sg stops the gradient.

Sources: OREAL (arXiv 2502.06781), section 2 and appendix, for `paper`; InternLM/OREAL
`train_oreal.py` and `oreal/configs` for `repo`; Intern-S1 (arXiv 2508.15763), online RL, for `s1`.
The Intern-S1 report does not print the weight of wrong rollouts; `s1` takes the leave-one-out one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args, get_type_hints

from oreal_rl.advantages import NegativeWeight, PositiveWeight
from oreal_rl.errors import ConfigError
from oreal_rl.kl import KlEstimator
from oreal_rl.losses import NegativeForm
from oreal_rl.token_reward import TokenScore

PresetName = Literal["paper", "repo", "s1"]
Selection = Literal["pair", "all"]
TokenReward = Literal["none", "threshold", "top_fraction"]
KlReference = Literal["initial", "rollout"]
Truncated = Literal["verify", "wrong", "mask"]
InvalidReward = Literal["abstain", "raise"]
Importance = Literal[
    "none", "truncate", "mask", "sequence_truncate", "sequence_mask", "geometric_mask"
]

PRESETS: dict[str, dict[str, Any]] = {
    "paper": {
        "positive_weight": "one",
        "negative_weight": "one_minus_p",
        "negative_form": "log_ratio",
        "token_reward": "threshold",
        "token_score": "token",
        "kl_reference": "rollout",
    },
    "repo": {
        "positive_weight": "rloo",
        "negative_weight": "rloo",
        "negative_form": "ratio",
        "token_reward": "threshold",
        "token_score": "running_mean",
        "kl_reference": "initial",
    },
    "s1": {
        "num_steps": 600,
        "prompts_per_step": 512,
        "group_size": 8,
        "num_minibatches": 8,
        "truncated": "mask",
        "selection": "all",
        "positive_weight": "one",
        "negative_weight": "rloo",
        "negative_form": "ratio",
        "negative_coef": 1.0,
        "token_reward": "none",
        "policy_freeze_steps": 0,
        "kl_coef": 0.0,
        "kl_cov_coef": 0.01,
        "kl_cov_fraction": 0.2,
        "top_p": 1.0,
        "min_learning_rate": 5e-7,
        "lr_warmup_steps": 0,
        "betas": (0.9, 0.95),
        "weight_decay": 0.1,
        "skip_grad_norm": 0.3,
    },
}

AT_LEAST = {
    "num_steps": 0,
    "prompts_per_step": 1,
    "group_size": 1,
    "oversample_cap": 1,
    "max_prompt_tokens": 1,
    "max_new_tokens": 1,
    "positive_coef": 0,
    "negative_coef": 0,
    "kl_coef": 0,
    "kl_cov_coef": 0,
    "policy_freeze_steps": 0,
    "importance_floor": 0,
    "max_staleness": 0,
    "partial_slice_tokens": 0,
    "learning_rate": 0,
    "min_learning_rate": 0,
    "lr_warmup_steps": 0,
    "token_learning_rate": 0,
    "token_min_learning_rate": 0,
    "weight_decay": 0,
    "num_minibatches": 1,
    "micro_batch_tokens": 1,
}


@dataclass(frozen=True, kw_only=True)
class OrealConfig:
    """Settings of `OrealTrainer`; the defaults are those of the released 7B run.

    Attributes:
        num_steps: Rollout batches that `train()` goes through.
        prompts_per_step: Groups wanted per step.
        group_size: Responses per prompt (G).
        oversample_cap: Most prompts sampled per step, as a multiple of `prompts_per_step`; above 1,
            further prompts are sampled while too few groups are mixed.
        max_prompt_tokens: Longer prompts are dropped and counted.
        max_new_tokens: Longest response.
        temperature: Sampling temperature, positive.
        top_p: Mass of the sampling nucleus, in (0, 1].
        truncated: What a response cut at the maximum is: "verify" it like any other, count it as
            "wrong", or "mask" it (no reward, not trained on).
        reward_range: Range in which the verifier's numbers lie; mapped linearly to [0, 1].
        success_threshold: A reward in [0, 1] at or above it is right.
        invalid_reward: What NaN, inf, a string or a value out of range does: "abstain" or "raise".
        verifier_timeout_seconds: Longest wait for one call of the verifier; None waits for ever.
        algorithm: Name in `oreal_rl.algorithms.ALGORITHMS`.
        algorithm_options: Options of a baseline, checked against its own `Config`.
        selection: OREAL: train on one random right and one random wrong rollout per group, or all.
        positive_weight: OREAL: weight of right rollouts, see `advantages.oreal_weights`.
        negative_weight: OREAL: weight of wrong rollouts.
        negative_form: OREAL: value reported for wrong rollouts, see `losses.negative_sample_loss`.
        positive_coef: OREAL: factor of the loss on right rollouts; 0 turns cloning off.
        negative_coef: OREAL: factor of the loss on wrong rollouts (eta); 0 turns it off.
        kl_coef: Factor of the KL term; 0 turns it and its forward pass off.
        kl_estimator: "k1", "k2" or "k3", see `kl.kl_per_token`.
        kl_reference: KL to the "initial" policy, or to the policy at the start of the update, which
            drew the "rollout" unless that is stale.
        kl_cov_coef: Factor of the KL-Cov term; 0 turns it off.
        kl_cov_fraction: Share of tokens that KL-Cov holds back.
        token_reward: Token weights from the token reward model: "none", "threshold" or
            "top_fraction".
        token_score: Weights from w(s_t) of the "token", or from its "running_mean".
        token_threshold: Probability at which a token weight starts, in [0, 1).
        token_top_fraction: Share of tokens kept by "top_fraction".
        token_normalize: Scale token weights to a mean of 1 per side.
        token_gate: Use token weights only while the reward model's balanced accuracy (moving
            average) is at least this; below it all weights are 1. 0 turns the gate off.
        token_learning_rate: Peak learning rate of the token reward model.
        token_min_learning_rate: Its final learning rate.
        policy_freeze_steps: First steps that train the token reward model only.
        importance: Correction for sampler and trainer disagreeing, see `importance.py`.
        importance_cap: Upper bound of the ratio.
        importance_floor: Lower bound of the ratio, for the masking kinds.
        max_staleness: Most versions a rollout's oldest token may lag behind; older tokens are
            masked.
        partial_slice_tokens: Draw responses in slices of this many tokens, so that long ones go on
            across updates (see `partial.py`); 0 draws every response whole. At most
            `oversample_cap` times `prompts_per_step` groups are in flight.
        learning_rate: Peak learning rate of the policy.
        min_learning_rate: Final learning rate of the cosine.
        lr_warmup_steps: Steps of linear warm-up.
        betas: AdamW's.
        adam_epsilon: AdamW's.
        weight_decay: AdamW's, on tensors of two or more dimensions.
        max_grad_norm: Clip the gradient to this norm.
        skip_grad_norm: Drop the update where the norm exceeds this; None never does.
        num_minibatches: Optimiser steps per rollout batch.
        micro_batch_tokens: Most token positions per forward pass.
        share_prompts: Run each prompt once per group in training, see `scoring.py`.
        seed: Key of all random draws.
    """

    num_steps: int = 90
    prompts_per_step: int = 64
    group_size: int = 16
    oversample_cap: float = 1.0
    max_prompt_tokens: int = 2384
    max_new_tokens: int = 14_000
    temperature: float = 1.0
    top_p: float = 0.9
    truncated: Truncated = "wrong"
    reward_range: tuple[float, float] = (0.0, 1.0)
    success_threshold: float = 0.5
    invalid_reward: InvalidReward = "abstain"
    verifier_timeout_seconds: float | None = None
    algorithm: str = "oreal"
    algorithm_options: Mapping[str, Any] = field(default_factory=dict)
    selection: Selection = "pair"
    positive_weight: PositiveWeight = "rloo"
    negative_weight: NegativeWeight = "rloo"
    negative_form: NegativeForm = "ratio"
    positive_coef: float = 1.0
    negative_coef: float = 0.5
    kl_coef: float = 0.01
    kl_estimator: KlEstimator = "k3"
    kl_reference: KlReference = "initial"
    kl_cov_coef: float = 0.0
    kl_cov_fraction: float = 0.0
    token_reward: TokenReward = "none"
    token_score: TokenScore = "running_mean"
    token_threshold: float = 0.5
    token_top_fraction: float = 0.25
    token_normalize: bool = False
    token_gate: float = 0.0
    token_learning_rate: float = 2e-6
    token_min_learning_rate: float = 4e-7
    policy_freeze_steps: int | None = None
    importance: Importance = "none"
    importance_cap: float = 2.0
    importance_floor: float = 0.5
    max_staleness: int = 0
    partial_slice_tokens: int = 0
    learning_rate: float = 5e-7
    min_learning_rate: float = 1e-7
    lr_warmup_steps: int = 10
    betas: tuple[float, float] = (0.9, 0.999)
    adam_epsilon: float = 1e-8
    weight_decay: float = 0.01
    max_grad_norm: float = 1.0
    skip_grad_norm: float | None = None
    num_minibatches: int = 1
    micro_batch_tokens: int = 32_768
    share_prompts: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every field and the combinations."""
        if self.policy_freeze_steps is None:
            freeze = 0 if self.token_reward == "none" else 10
            object.__setattr__(self, "policy_freeze_steps", freeze)
        object.__setattr__(self, "betas", tuple(self.betas))
        object.__setattr__(self, "reward_range", tuple(self.reward_range))
        self._check_choices()
        self._check_numbers()
        self._check_ranges()
        self._check_combinations()

    @classmethod
    def preset(cls, name: PresetName, **overrides: Any) -> "OrealConfig":
        """Make the config of a published recipe.

        Args:
            name: "paper", "repo" or "s1".
            overrides: Fields to set otherwise.

        Returns:
            The config.

        Raises:
            ConfigError: For an unknown preset or field, or an impossible value.
        """
        if name not in PRESETS:
            raise ConfigError(f"preset is {name!r}; expected one of {sorted(PRESETS)}")
        known = {item.name for item in fields(cls)}
        unknown = sorted(set(overrides) - known)
        if unknown:
            raise ConfigError(f"unknown setting(s) {unknown}; expected some of {sorted(known)}")
        return cls(**{**PRESETS[name], **overrides})

    def replace(self, **changes: Any) -> "OrealConfig":
        """Copy with some fields changed, checked again."""
        return replace(self, **changes)

    def _check_choices(self) -> None:
        hints = get_type_hints(type(self))
        for item in fields(self):
            choices = get_args(hints[item.name])
            if choices and all(isinstance(choice, str) for choice in choices):
                value = getattr(self, item.name)
                if value not in choices:
                    raise ConfigError(f"{item.name} is {value!r}; expected one of {choices}")

    def _check_numbers(self) -> None:
        for name, low in AT_LEAST.items():
            if not getattr(self, name) >= low:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected at least {low}")
        for name in ("temperature", "max_grad_norm", "importance_cap", "adam_epsilon"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected above 0")
        for name in ("skip_grad_norm", "verifier_timeout_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ConfigError(f"{name} is {value}; expected above 0, or None to turn it off")

    def _check_ranges(self) -> None:
        for name in ("success_threshold", "kl_cov_fraction", "token_gate"):
            if not 0 <= getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected within [0, 1]")
        for name in ("top_p", "token_top_fraction"):
            if not 0 < getattr(self, name) <= 1:
                raise ConfigError(f"{name} is {getattr(self, name)}; expected within (0, 1]")
        if not 0 <= self.token_threshold < 1:
            raise ConfigError(f"token_threshold is {self.token_threshold}; expected in [0, 1)")
        low, high = self.reward_range
        if not (low < high and high - low < float("inf")):
            raise ConfigError(f"reward_range is {self.reward_range}; expected finite (low, high)")

    def _check_combinations(self) -> None:
        from oreal_rl.algorithms import check_options

        check_options(self.algorithm, self.algorithm_options, group_size=self.group_size)
        if (self.kl_cov_coef > 0) != (self.kl_cov_fraction > 0):
            raise ConfigError(
                f"kl_cov_coef is {self.kl_cov_coef} and kl_cov_fraction {self.kl_cov_fraction}; "
                "expected both positive or both 0"
            )
        if self.min_learning_rate > self.learning_rate:
            raise ConfigError(
                f"min_learning_rate {self.min_learning_rate} is above learning_rate "
                f"{self.learning_rate}; lower it (0 decays to nothing)"
            )
        if self.partial_slice_tokens and not self.max_staleness:
            raise ConfigError(
                f"partial_slice_tokens is {self.partial_slice_tokens} with max_staleness 0: no "
                "rollout could go on across an update; set max_staleness to at least 1"
            )
        if self.importance_floor > self.importance_cap:
            raise ConfigError(
                f"importance_floor {self.importance_floor} is above importance_cap "
                f"{self.importance_cap}; swap them"
            )
