"""What the caller supplies: a policy, a tokenizer, a sampler, a verifier, prompts.

All are structural: anything with these methods will do, no base class is asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch

from oreal_rl.errors import ConfigError
from oreal_rl.types import Prompt, Rollout


class Policy(Protocol):
    """A causal language model in the calling convention of Hugging Face transformers.

    `model(input_ids=..., attention_mask=..., position_ids=..., past_key_values=..., use_cache=...)`
    returns an object with `.logits` [rows, positions, vocabulary] and, with `use_cache=True`,
    `.past_key_values`: a cache with `batch_select_indices(indices)` over its rows. A forward that
    takes `logits_to_keep: int` is asked for the last positions only.
    """

    def __call__(self, **inputs: Any) -> Any:
        """Run a forward pass."""
        ...


class Tokenizer(Protocol):
    """The part of a tokenizer that the trainer uses."""

    eos_token_id: int | None
    pad_token_id: int | None

    def encode(self, text: str, *, add_special_tokens: bool = ...) -> list[int]:
        """Turn a prompt into token ids."""
        ...

    def decode(self, token_ids: Sequence[int], *, skip_special_tokens: bool = ...) -> str:
        """Turn response token ids into text."""
        ...


@dataclass(frozen=True, kw_only=True)
class SamplingParams:
    """How to draw responses.

    Attributes:
        max_new_tokens: Most tokens to draw, at least 1.
        temperature: Divides the logits; 0 means greedy.
        top_p: Mass of the nucleus, in (0, 1].
        stop_token_ids: Token ids that end a response; they are part of it.
        record_support: Return the nucleus of every position, for exact support correction.
    """

    max_new_tokens: int
    temperature: float = 1.0
    top_p: float = 1.0
    stop_token_ids: tuple[int, ...] = ()
    record_support: bool = False

    def __post_init__(self) -> None:
        """Refuse values that no sampler can follow."""
        if self.max_new_tokens < 1:
            raise ConfigError(
                f"max_new_tokens is {self.max_new_tokens}; expected at least 1; "
                "raise it or skip sampling"
            )
        if not self.temperature >= 0:
            raise ConfigError(
                f"temperature is {self.temperature}; expected 0 (greedy) or a positive number"
            )
        if not 0 < self.top_p <= 1:
            raise ConfigError(
                f"top_p is {self.top_p}; expected a number in (0, 1]; use 1 to turn it off"
            )


@runtime_checkable
class Sampler(Protocol):
    """Draws responses from the current policy."""

    def sample(
        self,
        prompt_ids: Sequence[tuple[int, ...]],
        *,
        num_samples: int,
        params: SamplingParams,
        seed: int,
        prompts: Sequence[Prompt] | None = None,
    ) -> list[list[Rollout]]:
        """Draw `num_samples` responses per prompt; results in the order of the prompts."""
        ...

    def sync(self, policy: torch.nn.Module, version: int) -> None:
        """Make the sampler use the weights of `policy`; `version` counts the updates."""
        ...


Verifier = Callable[[Sequence[Prompt], Sequence[str]], Sequence[Any]]
"""Takes prompts and responses of equal length; gives one reward each.

A reward is a number or bool in the declared range, None (abstain), a `Verdict`, or any object with
a `reward`, `value` or `score` attribute that is one of these.
"""

PromptSource = Callable[[int], Sequence[Prompt]] | Sequence[Prompt]
"""`prompts(cursor) -> prompts`, cursor counting the calls from 0; or a sequence, gone through in
a new order every epoch."""
