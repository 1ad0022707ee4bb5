"""OREAL: clone right responses, push reweighted wrong ones down.

Objective, with w+ and w- the token weights, A the weights of `advantages.oreal_weights`, N+ and N-
the trained tokens of right and wrong responses in the update:

    positive_coef / N+ * sum A+ w+ (-logprob)  +  negative_coef / N- * sum |A-| w- f(logprob)

plus the KL terms, which the trainer adds for every algorithm. OREAL (arXiv 2502.06781), section 2.
Which weights, which form f and which selection: see the table in `oreal_rl.config`.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from oreal_rl.advantages import oreal_weights
from oreal_rl.algorithms.base import Algorithm, LossInputs, random_pair
from oreal_rl.losses import negative_sample_loss, policy_gradient_loss


class Oreal(Algorithm):
    """OREAL with the settings of `OrealConfig`."""

    def select(self, is_positive: list[bool], generator: torch.Generator) -> list[int]:
        """Choose a pair or all, after `config.selection`."""
        if self.config.selection == "pair":
            return random_pair(is_positive, generator)
        return list(range(len(is_positive)))

    def is_mixed(self, rewards: list[float]) -> bool:
        """Whether there is a right and a wrong rollout."""
        right = sum(reward >= self.config.success_threshold for reward in rewards)
        return 0 < right < len(rewards)

    def advantages(self, rewards: Float[Tensor, "G"]) -> Float[Tensor, "G"]:
        """Weigh by which rollouts are right; how right does not matter."""
        return oreal_weights(
            rewards >= self.config.success_threshold,
            positive=self.config.positive_weight,
            negative=self.config.negative_weight,
        )

    def policy_loss(self, inputs: LossInputs) -> tuple[Tensor, dict[str, Tensor]]:
        """Add the two halves, each over its own token count."""
        batch, totals = inputs.batch, inputs.totals
        weights = batch.advantages.abs()[:, None] * inputs.token_weights * inputs.importance
        right = batch.mask & batch.is_positive[:, None]
        wrong = batch.mask & ~batch.is_positive[:, None]
        positive = policy_gradient_loss(
            inputs.logprobs, right, weights, num_tokens=totals.positive_tokens
        )
        negative = negative_sample_loss(
            inputs.logprobs,
            inputs.old_logprobs,
            wrong,
            weights,
            num_tokens=totals.negative_tokens,
            form=self.config.negative_form,
        )
        loss = self.config.positive_coef * positive + self.config.negative_coef * negative
        return loss, {"positive_loss": positive.detach(), "negative_loss": negative.detach()}
