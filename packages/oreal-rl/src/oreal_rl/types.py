"""What flows through the loop: prompts, rollouts, groups and the batch that is trained on.

Shape legend: B rollouts in a batch, T response positions, S longest prompt, P prompts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from jaxtyping import Bool, Float, Int
from torch import Tensor

FinishReason = Literal["stop", "length", "abort"]


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One question to the policy.

    Attributes:
        text: Prompt text; tokenised by the trainer where `token_ids` is None.
        token_ids: Prompt token ids, where the caller tokenises itself.
        task: Name of the task, for routing of rewards and for metrics per task.
        case: Payload that the verifier needs (a gold answer, a puzzle); opaque to this package.
        uid: Stable identity for caches and audits; empty means the text serves.
        extras: Further model inputs of the prompt (such as `pixel_values`); tensors are
            concatenated along dim 0 over the prompts of a forward pass.
        pass_rate: Pass rate measured before training, in [0, 1], or None where unknown.
    """

    text: str = ""
    token_ids: tuple[int, ...] | None = None
    task: str = "default"
    case: Any = None
    uid: str = ""
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    pass_rate: float | None = None

    @property
    def key(self) -> str:
        """Identity of the prompt: its uid, else its text, else its token ids."""
        return self.uid or self.text or repr(self.token_ids)


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """One sampled response.

    Attributes:
        response_ids: Sampled token ids, the end token included where one was drawn.
        logprobs: Log-probability of each token under the distribution it was drawn from
            (temperature and top_p applied), in nats.
        support_logmass: Log of the probability mass inside the top_p nucleus at each position,
            in nats, all 0 where top_p is 1; `logprobs + support_logmass` is the log-probability
            under the full softmax.
        finish_reason: "stop" (end token), "length" (cut at the maximum) or "abort".
        text: Decoded response without special tokens.
        policy_versions: Version of the weights that drew each token.
        support_ids: Token ids of the nucleus per position, where the sampler records them.
        routed_experts: Expert ids per position and layer, int tensor [tokens, layers, top_k],
            where the sampler returns them (router replay).
    """

    response_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: FinishReason
    text: str = ""
    support_logmass: tuple[float, ...] = ()
    policy_versions: tuple[int, ...] = ()
    support_ids: tuple[tuple[int, ...], ...] | None = None
    routed_experts: Tensor | None = None

    @property
    def num_tokens(self) -> int:
        """Number of response tokens."""
        return len(self.response_ids)


@dataclass(frozen=True, kw_only=True)
class RewardAudit:
    """One source's answer about one response.

    Attributes:
        source: Name of the reward source.
        status: "scored", "abstained", "invalid", "error", "timeout" or "skipped".
        raw: The number it gave, None where it gave none.
        value: After calibration, in [0, 1], None where it has no say.
        cached: Whether the answer came from the cache.
        attempts: Calls made for it.
        seconds: Wall time of the call that answered, divided by its responses.
        cost: What the call cost, in the source's unit.
        detail: Error text or the like.
    """

    source: str
    status: str
    raw: float | None = None
    value: float | None = None
    cached: bool = False
    attempts: int = 1
    seconds: float = 0.0
    cost: float = 0.0
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """Outcome of verifying one response.

    Attributes:
        reward: Reward in [0, 1], or None where the verifier abstains.
        detail: What the verifier has to say, for the audit.
        audit: One row per reward source that was asked.
    """

    reward: float | None
    detail: str = ""
    audit: tuple[RewardAudit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RolloutGroup:
    """All responses sampled for one prompt, with their verdicts in the same order."""

    prompt: Prompt
    prompt_ids: tuple[int, ...]
    rollouts: tuple[Rollout, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def rewards(self) -> tuple[float | None, ...]:
        """Rewards in [0, 1], None for abstentions."""
        return tuple(verdict.reward for verdict in self.verdicts)


@dataclass(frozen=True, kw_only=True)
class TrainItem:
    """One rollout chosen for training.

    Attributes:
        group: Index of the rollout's group among the kept groups.
        prompt_ids: Prompt token ids.
        rollout: The response.
        reward: Reward in [0, 1].
        is_positive: Whether the reward reaches the success threshold.
        advantage: Weight of the rollout; its sign says whether it is pushed up or down.
        extras: Further model inputs of the prompt.
    """

    group: int
    prompt_ids: tuple[int, ...]
    rollout: Rollout
    reward: float
    is_positive: bool
    advantage: float
    extras: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class TrainBatch:
    """Padded tensors of some rollouts; prompts padded on the left, responses on the right.

    Attributes:
        prompt_ids: One row per distinct prompt, [P, S].
        prompt_mask: True at real prompt tokens, [P, S].
        prompt_index: Row of `prompt_ids` that each rollout continues, [B].
        response_ids: [B, T].
        mask: True at response tokens that are trained on, [B, T].
        attention: True at response tokens, [B, T].
        advantages: [B].
        rewards: In [0, 1], [B].
        is_positive: [B].
        sampling_logprobs: Under the sampling distribution, nats, [B, T], 0 at padding.
        support_logmass: Log-mass of the nucleus, nats, [B, T], 0 at padding.
        extras: Further model inputs of the distinct prompts.
        routed_experts: Expert ids to replay, [B, T, layers, top_k], or None.
        support_ids: Token ids of the sampler's nucleus, -1 as padding, [B, T, K], or None.
        token_versions: Version of the weights that drew each token, [B, T].
    """

    prompt_ids: Int[Tensor, "P S"]
    prompt_mask: Bool[Tensor, "P S"]
    prompt_index: Int[Tensor, "B"]
    response_ids: Int[Tensor, "B T"]
    mask: Bool[Tensor, "B T"]
    attention: Bool[Tensor, "B T"]
    advantages: Float[Tensor, "B"]
    rewards: Float[Tensor, "B"]
    is_positive: Bool[Tensor, "B"]
    sampling_logprobs: Float[Tensor, "B T"]
    support_logmass: Float[Tensor, "B T"]
    extras: Mapping[str, Tensor] = field(default_factory=dict)
    routed_experts: Int[Tensor, "B T layers k"] | None = None
    support_ids: Int[Tensor, "B T K"] | None = None
    token_versions: Int[Tensor, "B T"] | None = None
