"""After every weight sync: does the engine really hold the weights it was sent?

An engine can accept new weights and go on with some old ones; tied output heads left stale are a
known case, and nothing in its answers says so. `CheckedSampler` draws a few tokens on probe prompts
after each sync and compares the log-probabilities that the engine reports with those of the policy.
Beyond the tolerance it refuses to go on.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from oreal_rl.errors import ConfigError, WeightSyncError
from oreal_rl.protocols import Sampler, SamplingParams
from oreal_rl.samplers.modes import generating
from oreal_rl.scoring import make_batch, response_logits, token_logprobs
from oreal_rl.seeding import derive_seed
from oreal_rl.types import Prompt, Rollout, TrainItem


@dataclass(frozen=True, kw_only=True)
class SyncGap:
    """Difference between engine and policy on the probe.

    Attributes:
        max_gap: Largest absolute difference of a token's log-probability, nats.
        mean_gap: Mean absolute difference, nats.
        num_tokens: Tokens compared.
    """

    max_gap: float
    mean_gap: float
    num_tokens: int


def measure_gap(
    policy: nn.Module, prompt_ids: Sequence[tuple[int, ...]], rollouts: Sequence[Rollout]
) -> SyncGap:
    """Compare reported log-probabilities with the policy's own.

    Args:
        policy: The trained policy.
        prompt_ids: One prompt per rollout.
        rollouts: Drawn by the engine at temperature 1 and top_p 1.

    Returns:
        The gap; NaN or missing log-probabilities give an infinite one.
    """
    items = [
        TrainItem(
            group=place,
            prompt_ids=ids,
            rollout=rollout,
            reward=0.0,
            is_positive=False,
            advantage=0.0,
        )
        for place, (ids, rollout) in enumerate(zip(prompt_ids, rollouts, strict=True))
        if rollout.num_tokens
    ]
    if not items:
        return SyncGap(max_gap=math.inf, mean_gap=math.inf, num_tokens=0)
    device = next(policy.parameters()).device
    batch = make_batch(items, pad_token_id=0, device=device)
    with generating(policy):
        logprobs, _ = token_logprobs(response_logits(policy, batch), batch)
    gaps = (logprobs - batch.sampling_logprobs).abs()[batch.mask]
    gaps = gaps.nan_to_num(nan=math.inf)
    return SyncGap(
        max_gap=float(gaps.max()), mean_gap=float(gaps.mean()), num_tokens=int(gaps.numel())
    )


class CheckedSampler:
    """Wraps a sampler; its `sync` ends with the self-check.

    Args:
        inner: The engine's sampler.
        probe_prompt_ids: A few prompts; their responses cover the comparison.
        stop_token_ids: Tokens that end a response.
        tolerance: Largest allowed `max_gap` in nats. Float32 engines agree to about 1e-6; 1e-5 is
            the default. Engines in bfloat16 differ by some 1e-2 per token: raise it, and watch
            `last_gap.mean_gap`.
        max_new_tokens: Tokens drawn per probe prompt.
        num_retries: Syncs tried again before refusing.

    Raises:
        ConfigError: Without probe prompts or with a tolerance that is not positive.
    """

    def __init__(
        self,
        inner: Sampler,
        *,
        probe_prompt_ids: Sequence[tuple[int, ...]],
        stop_token_ids: tuple[int, ...] = (),
        tolerance: float = 1e-5,
        max_new_tokens: int = 16,
        num_retries: int = 1,
    ) -> None:
        if not probe_prompt_ids or not tolerance > 0:
            raise ConfigError(
                f"{len(probe_prompt_ids)} probe prompts and tolerance {tolerance}; expected at "
                "least one prompt and a positive tolerance"
            )
        self.inner = inner
        self.probe_prompt_ids = tuple(probe_prompt_ids)
        self.tolerance = tolerance
        self.num_retries = num_retries
        self.params = SamplingParams(max_new_tokens=max_new_tokens, stop_token_ids=stop_token_ids)
        self.last_gap: SyncGap | None = None

    def sample(
        self,
        prompt_ids: Sequence[tuple[int, ...]],
        *,
        num_samples: int,
        params: SamplingParams,
        seed: int,
        prompts: Sequence[Prompt] | None = None,
    ) -> list[list[Rollout]]:
        """Draw with the wrapped sampler; see `protocols.Sampler`.

        Args:
            prompt_ids: Token ids of each prompt.
            num_samples: Responses per prompt.
            params: How to draw.
            seed: Key of the draws.
            prompts: The prompts themselves.

        Returns:
            Rollouts per prompt, in order.
        """
        return self.inner.sample(
            prompt_ids, num_samples=num_samples, params=params, seed=seed, prompts=prompts
        )

    def drain_counts(self) -> Counter:
        """What the wrapped sampler lost since the last call; see `RaySampler.drain_counts`."""
        drain = getattr(self.inner, "drain_counts", None)
        return Counter(drain()) if callable(drain) else Counter()

    def sync(self, policy: nn.Module, version: int) -> None:
        """Send the weights, then check them.

        Args:
            policy: The trained policy.
            version: Number of updates so far.

        Raises:
            WeightSyncError: Where the gap stays beyond the tolerance.
        """
        for _ in range(self.num_retries + 1):
            self.inner.sync(policy, version)
            gap = self.check(policy, version)
            if gap.max_gap <= self.tolerance:
                return
        raise WeightSyncError(
            f"after the sync of version {version} the engine's log-probabilities differ from the "
            f"policy's by up to {gap.max_gap:.3g} nats (mean {gap.mean_gap:.3g}, {gap.num_tokens} "
            f"tokens); expected at most {self.tolerance:.3g}. Some weights are stale or the "
            "engine computes in another precision: look at tied heads first, then raise the "
            "tolerance"
        )

    def check(self, policy: nn.Module, version: int) -> SyncGap:
        """Measure the gap on the probe.

        Args:
            policy: The trained policy.
            version: Keys the draws.

        Returns:
            The gap, also kept in `last_gap`.
        """
        groups = self.inner.sample(
            self.probe_prompt_ids,
            num_samples=1,
            params=self.params,
            seed=derive_seed("selfcheck", version),
        )
        with torch.random.fork_rng(devices=[]):
            self.last_gap = measure_gap(
                policy, self.probe_prompt_ids, [group[0] for group in groups]
            )
        return self.last_gap
