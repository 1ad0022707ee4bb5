"""Online training of the token reward model, next to the policy.

The weights that a step uses come from the reward model as it was before the step. The gate compares
a moving average of the balanced accuracy, measured on each batch before training on it, with
`token_gate`; while it is closed every token weighs 1.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from oreal_rl.config import OrealConfig
from oreal_rl.errors import NonFiniteError
from oreal_rl.optimizer import make_optimizer, set_learning_rate
from oreal_rl.ranks import Ranks
from oreal_rl.samplers.modes import generating
from oreal_rl.schedule import learning_rate_at
from oreal_rl.scoring import token_scores
from oreal_rl.token_reward import (
    balanced_accuracy,
    calibration_bins,
    normalize_weights,
    outcome_loss,
    outcome_probability,
    threshold_weights,
    top_fraction_weights,
)
from oreal_rl.types import TrainBatch

ACCURACY_MEMORY = 0.8  # share of the old moving average that is kept per step


class TokenRewardTrainer:
    """Holds the token reward model, its optimiser and its gate.

    Args:
        model: From `token_reward.make_token_reward_model`, or the caller's own.
        config: The trainer's settings.
        ranks: The training processes.
    """

    def __init__(self, model: nn.Module, config: OrealConfig, ranks: Ranks) -> None:
        self.model = model
        self.config = config
        self.ranks = ranks
        self.optimizer = make_optimizer(model, config, config.token_learning_rate)
        self.accuracy: float | None = None
        self.calibration: list[dict[str, float]] = []

    @property
    def is_open(self) -> bool:
        """Whether the gate lets token weights through."""
        if self.config.token_gate == 0:
            return True
        return self.accuracy is not None and self.accuracy >= self.config.token_gate

    def scores(self, batch: TrainBatch) -> Tensor:
        """Token scores without gradient, logits [B, T]."""
        with generating(self.model):
            return token_scores(self.model, batch, share_prompts=self.config.share_prompts)

    def weights(self, batch: TrainBatch) -> Tensor:
        """Token weights of a batch, [B, T]; all 1 while the gate is closed."""
        if not self.is_open:
            return torch.ones_like(batch.sampling_logprobs)
        scores = self.scores(batch)
        if self.config.token_reward == "top_fraction":
            weights = top_fraction_weights(
                scores,
                batch.mask,
                batch.is_positive,
                token_score=self.config.token_score,
                fraction=self.config.token_top_fraction,
            )
        else:
            weights = threshold_weights(
                scores,
                batch.mask,
                batch.is_positive,
                token_score=self.config.token_score,
                threshold=self.config.token_threshold,
            )
        if self.config.token_normalize:
            weights = normalize_weights(weights, batch.mask, batch.is_positive)
        return weights

    def train_on(self, batches: Sequence[TrainBatch]) -> dict[str, float]:
        """Take one optimiser step on the outcome loss.

        Args:
            batches: All rollouts of the step.

        Returns:
            Metrics: loss, balanced accuracy before the step, whether the gate is open.

        Raises:
            NonFiniteError: Where the loss is not finite.
        """
        (total,) = self.ranks.sum([float(sum(b.mask.any(dim=1).sum() for b in batches))])
        self.optimizer.zero_grad(set_to_none=True)
        loss_sum = 0.0
        probabilities, outcomes = [], []
        for batch in batches:
            scores = token_scores(self.model, batch, share_prompts=self.config.share_prompts)
            loss = outcome_loss(scores, batch.mask, batch.is_positive, num_sequences=total)
            if not torch.isfinite(loss):
                raise NonFiniteError(
                    f"the token reward model's loss is {float(loss.detach())}; expected a finite "
                    "number; lower token_learning_rate"
                )
            (loss * self.ranks.world_size).backward()
            loss_sum += float(loss.detach())
            present = batch.mask.any(dim=1)
            probabilities.append(outcome_probability(scores.detach(), batch.mask)[present])
            outcomes.append(batch.is_positive[present])
        nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        (loss_sum,) = self.ranks.sum([loss_sum])
        return {"token_reward/loss": loss_sum, **self._measure(probabilities, outcomes)}

    def _measure(self, probabilities: list[Tensor], outcomes: list[Tensor]) -> dict[str, float]:
        predicted, observed = torch.cat(probabilities), torch.cat(outcomes)
        self.calibration = calibration_bins(predicted, observed)
        accuracy = self._accuracy(predicted, observed)
        metrics = {"token_reward/gate_open": float(self.is_open)}
        if accuracy is not None:
            old = accuracy if self.accuracy is None else self.accuracy
            self.accuracy = ACCURACY_MEMORY * old + (1 - ACCURACY_MEMORY) * accuracy
            metrics["token_reward/balanced_accuracy"] = accuracy
            metrics["token_reward/accuracy_average"] = self.accuracy
        return metrics

    def _accuracy(self, predicted: Tensor, observed: Tensor) -> float | None:
        """Balanced accuracy over all processes, so that their gates open together."""
        if self.ranks.world_size == 1:
            return balanced_accuracy(predicted, observed)
        hits = (predicted > 0.5).double() + (predicted == 0.5).double() / 2
        right, wrong = hits[observed], 1 - hits[~observed]
        sums = [right.sum(), right.numel(), wrong.sum(), wrong.numel()]
        good, num_right, bad, num_wrong = self.ranks.sum([float(value) for value in sums])
        if not num_right or not num_wrong:
            return None
        return (good / num_right + bad / num_wrong) / 2

    def set_step(self, step: int) -> None:
        """Set the learning rate of a step."""
        rate = learning_rate_at(
            step,
            peak=self.config.token_learning_rate,
            final=self.config.token_min_learning_rate,
            warmup_steps=self.config.lr_warmup_steps,
            num_steps=self.config.num_steps,
        )
        set_learning_rate(self.optimizer, rate)
