"""Evaluation: accuracy, pass@k and their intervals."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from oreal_rl.errors import ConfigError
from oreal_rl.protocols import Sampler, SamplingParams, Tokenizer, Verifier
from oreal_rl.rewards.verdicts import verify_all
from oreal_rl.seeding import derive_generator, derive_seed
from oreal_rl.types import Prompt

Z_95 = 1.959963984540054  # two-sided 95 % of a normal distribution
BOOTSTRAP_ROUNDS = 2_000


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes:
        value: The mean.
        low: Lower end.
        high: Upper end.
        count: Prompts behind it.
    """

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Result of `evaluate`.

    Attributes:
        by_task: Per task (and "all"): "pass@1", "pass@k" and so on.
        pass_rates: Share of right samples per prompt, None where all abstained.
        abstained: Samples without a reward.
        truncated: Samples cut at the maximum length.
        texts: Sampled responses per prompt.
    """

    by_task: dict[str, dict[str, Estimate]]
    pass_rates: tuple[float | None, ...]
    abstained: int
    truncated: int
    texts: tuple[tuple[str, ...], ...]


def wilson_interval(successes: float, count: int) -> tuple[float, float]:
    """95 % interval of a proportion; sound near 0 and 1, where the normal one is not.

    Args:
        successes: Number (or sum) of successes.
        count: Trials.

    Returns:
        Lower and upper end; (0, 1) without trials.

    Source: Wilson (1927), as published.
    """
    if count == 0:
        return 0.0, 1.0
    share, z2 = successes / count, Z_95**2
    center = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = Z_95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2)) / (1 + z2 / count)
    return max(0.0, center - half), min(1.0, center + half)


def pass_at_k(num_samples: int, num_right: int, k: int) -> float:
    """Unbiased chance that at least one of k samples is right.

    Args:
        num_samples: Samples drawn, at least k.
        num_right: Right ones among them.
        k: Samples allowed.

    Returns:
        1 - C(n - c, k) / C(n, k).

    Raises:
        ConfigError: For k above the samples drawn.

    Source: Chen et al. (arXiv 2107.03374), equation 1, as published.
    """
    if not 1 <= k <= num_samples:
        raise ConfigError(f"k is {k}; expected between 1 and the {num_samples} samples drawn")
    return 1 - math.comb(num_samples - num_right, k) / math.comb(num_samples, k)


def bootstrap_interval(values: Sequence[float], *, seed: int = 0) -> tuple[float, float]:
    """95 % percentile interval of the mean over prompts.

    Args:
        values: One value per prompt.
        seed: Key of the resampling.

    Returns:
        Lower and upper end; (0, 1) without values.
    """
    if not values:
        return 0.0, 1.0
    data = torch.tensor(values, dtype=torch.float64)
    generator = derive_generator("bootstrap", seed)
    index = torch.randint(len(values), (BOOTSTRAP_ROUNDS, len(values)), generator=generator)
    means = data[index].mean(dim=1)
    low, high = means.quantile(torch.tensor([0.025, 0.975], dtype=torch.float64)).tolist()
    return low, high


def evaluate(
    sampler: Sampler,
    tokenizer: Tokenizer,
    prompts: Sequence[Prompt],
    verifier: Verifier,
    *,
    params: SamplingParams,
    num_samples: int = 1,
    ks: Sequence[int] = (1,),
    success_threshold: float = 0.5,
    reward_range: tuple[float, float] = (0.0, 1.0),
    seed: int = 0,
) -> Evaluation:
    """Sample, verify and estimate.

    An abstention counts as not right in pass@k (a model earns nothing by confusing the verifier)
    and is reported; prompts whose samples all abstained are left out.

    Args:
        sampler: Draws responses.
        tokenizer: Encodes prompts without token ids.
        prompts: What to evaluate on.
        verifier: Gives rewards.
        params: How to draw; temperature 0 with one sample is greedy accuracy.
        num_samples: Samples per prompt.
        ks: Which pass@k to report.
        success_threshold: A reward in [0, 1] at or above it is right.
        reward_range: Range of the verifier's numbers.
        seed: Key of the draws.

    Returns:
        Estimates per task; pass@1 of one sample has a Wilson interval, all else a bootstrap one.

    Raises:
        ConfigError: For a k above `num_samples`.
    """
    for k in ks:
        pass_at_k(num_samples, 0, k)
    encoded = [
        tuple(tokenizer.encode(prompt.text, add_special_tokens=False))
        if prompt.token_ids is None
        else prompt.token_ids
        for prompt in prompts
    ]
    groups = sampler.sample(
        encoded,
        num_samples=num_samples,
        params=params,
        seed=derive_seed("evaluate", seed),
        prompts=prompts,
    )
    texts = tuple(tuple(rollout.text for rollout in group) for group in groups)
    verdicts = verify_all(
        verifier,
        [prompt for prompt in prompts for _ in range(num_samples)],
        [text for group in texts for text in group],
        value_range=reward_range,
    )
    rows = [verdicts[i : i + num_samples] for i in range(0, len(verdicts), num_samples)]
    counts: defaultdict[str, list[int]] = defaultdict(list)
    rates: list[float | None] = []
    for prompt, row in zip(prompts, rows, strict=True):
        rewards = [verdict.reward for verdict in row if verdict.reward is not None]
        right = sum(reward >= success_threshold for reward in rewards)
        rates.append(right / num_samples if rewards else None)
        if rewards:
            counts[prompt.task].append(right)
    everything = [right for task in counts.values() for right in task]
    return Evaluation(
        by_task={
            task: _estimates(values, num_samples, ks, seed)
            for task, values in {**counts, "all": everything}.items()
        },
        pass_rates=tuple(rates),
        abstained=sum(verdict.reward is None for verdict in verdicts),
        truncated=sum(r.finish_reason == "length" for group in groups for r in group),
        texts=texts,
    )


def _estimates(
    counts: Sequence[int], num_samples: int, ks: Sequence[int], seed: int
) -> dict[str, Estimate]:
    estimates = {}
    for k in ks:
        values = [pass_at_k(num_samples, right, k) for right in counts]
        if num_samples == 1:
            low, high = wilson_interval(sum(values), len(values))
        else:
            low, high = bootstrap_interval(values, seed=seed)
        mean = sum(values) / len(values) if values else 0.0
        estimates[f"pass@{k}"] = Estimate(value=mean, low=low, high=high, count=len(values))
    return estimates
