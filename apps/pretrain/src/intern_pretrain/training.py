"""Continual pretraining, step by step; a step is a function of the state and its own number.

Shape legend: B packs, S tokens, V vocabulary, L mixture layers, E experts.
"""

import math
from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from intern_pretrain.config import TrainingConfig
from intern_pretrain.keyed import digest
from intern_pretrain.packing import IGNORED, Pack, collate, pack_order
from intern_pretrain.schedule import StepPlan, plan_steps
from intern_runs import CheckpointError, ConfigError
from intern_s1_model import tokens_per_expert


class Trainer:
    """Model, optimizer and place in the data.

    Args:
        model: An `InternS1ForConditionalGeneration` with float32 weights.
        packs: Training packs.
        config: Settings.
        seed: Of the order of packs.
    """

    def __init__(
        self, model: Any, packs: Sequence[Pack], config: TrainingConfig, *, seed: int
    ) -> None:
        self.model = model
        self.packs = packs
        self.config = config
        self.seed = seed
        self.plans = step_plans(config)
        self.num_tokens = 0
        self.device = next(model.parameters()).device
        self.optimizer = _optimizer(model, config)
        self._orders: dict[int, list[int]] = {}
        self._text = model.config.text_config
        self._is_moe = self._text.model_type == "qwen3_moe"

    def step(self, plan: StepPlan) -> dict[str, float]:
        """Do one optimizer step.

        Returns:
            Plain numbers: `loss` (weighted, without router losses), `token_loss` (nats per
            predicted token), `aux_loss`, `z_loss`, `max_violation` (most loaded expert's share over
            the mean, minus 1, of the worst layer), `grad_norm` before clipping, `learning_rate`,
            `batch_size`, `tokens` so far.

        Raises:
            ConfigError: If the loss or its gradient is not finite.
        """
        # The tiny model draws nothing in training; a model with drop-path draws from here.
        torch.manual_seed(digest("step", self.seed, plan.step))
        for group in self.optimizer.param_groups:
            group["lr"] = plan.learning_rate
        self.optimizer.zero_grad(set_to_none=True)
        chosen = [self._pack(plan.first_pack + i) for i in range(plan.batch_size)]
        metrics = self._accumulate(chosen)
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), self.config.max_grad_norm)
        if not (math.isfinite(metrics["loss"]) and bool(torch.isfinite(norm))):
            raise ConfigError(
                f"the loss diverged at step {plan.step} (loss {metrics['loss']}, gradient norm "
                f"{float(norm)}); lower training.learning_rate or raise training.warmup"
            )
        self.optimizer.step()
        return {
            **metrics,
            "grad_norm": float(norm),
            "learning_rate": plan.learning_rate,
            "batch_size": plan.batch_size,
            "tokens": self.num_tokens,
        }

    def _pack(self, index: int) -> Pack:
        """The pack at a place of the endless stream of passes over the packs."""
        epoch, place = divmod(index, len(self.packs))
        if epoch not in self._orders:
            order = pack_order(
                self.packs,
                epoch=epoch,
                seed=self.seed,
                order=self.config.order,
                group=self.config.balance_group,
            )
            self._orders = {
                **{e: o for e, o in self._orders.items() if e == epoch - 1},
                epoch: order,
            }
        return self.packs[self._orders[epoch][place]]

    def _accumulate(self, chosen: list[Pack]) -> dict[str, float]:
        """Forward and backward over the batch, in micro-batches."""
        size = self.config.micro_batch_size or len(chosen)
        total_weight = float(sum(pack.weights.sum() for pack in chosen))
        real_tokens = sum(int(pack.is_real.sum()) for pack in chosen)
        names = ["loss", "token_loss", *(["aux_loss", "z_loss"] if self._is_moe else [])]
        sums: dict[str, float] = dict.fromkeys(names, 0.0)
        predictions = 0
        counts_LE: Tensor | None = None
        for start in range(0, len(chosen), size):
            batch = collate(chosen[start : start + size], self.device)
            share = batch["num_tokens"] / real_tokens
            outputs = self.model(**batch["inputs"], output_router_logits=self._is_moe)
            nll_BS = token_losses(outputs.logits, batch["targets"])
            loss = (nll_BS * batch["weights"]).sum() / total_weight
            sums["loss"] += float(loss.detach())
            sums["token_loss"] += float(nll_BS.detach().sum())
            predictions += int((batch["targets"] != IGNORED).sum())
            if self._is_moe:
                coefficients = (
                    self._text.router_aux_loss_coef,
                    self.model.config.router_z_loss_coef,
                )
                for name, weight in zip(("aux_loss", "z_loss"), coefficients, strict=True):
                    part = getattr(outputs, name) * share
                    loss = loss + weight * part
                    sums[name] += float(part.detach())
                counts = tokens_per_expert(
                    [logits.detach() for logits in outputs.router_logits],
                    self._text.num_experts_per_tok,
                    batch["inputs"]["router_token_mask"],
                )
                counts_LE = counts if counts_LE is None else counts_LE + counts
            loss.backward()
        self.num_tokens += real_tokens
        sums["token_loss"] /= predictions
        if counts_LE is not None:
            sums["max_violation"] = max_violation(counts_LE)
        return sums

    def state_dict(self) -> dict[str, Any]:
        """What a checkpoint holds: weights, optimizer moments, tokens seen."""
        return {
            "model": dict(self.model.state_dict()),
            "optimizer": self.optimizer.state_dict()["state"],
            "tokens": self.num_tokens,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take a checkpoint's state.

        Raises:
            CheckpointError: If it belongs to another model.
        """
        try:
            self.model.load_state_dict(state["model"])
            groups = self.optimizer.state_dict()["param_groups"]
            self.optimizer.load_state_dict({"state": state["optimizer"], "param_groups": groups})
            self.num_tokens = state["tokens"]
        except (RuntimeError, KeyError, ValueError) as error:
            raise CheckpointError(
                f"the step checkpoint does not fit the model: {str(error)[:300]}; resume with the "
                "configuration that the run was made with"
            ) from None


def step_plans(config: TrainingConfig) -> list[StepPlan]:
    """Batch size, data and learning rate of every step of a configuration."""
    return plan_steps(
        steps=config.steps,
        sequence_length=config.sequence_length,
        batch_sizes=config.batch_sizes,
        unit=config.unit,
        learning_rate=config.learning_rate,
        warmup=config.warmup,
        decay_fraction=config.decay_fraction,
        decay=config.decay,
        final_ratio=config.final_ratio,
    )


def token_losses(logits_BSV: Tensor, targets_BS: Tensor) -> Tensor:
    """Cross-entropy of each prediction in nats, float32 [B, S]; 0 where there is no target."""
    losses = F.cross_entropy(
        logits_BSV.float().flatten(0, 1),
        targets_BS.flatten(),
        ignore_index=IGNORED,
        reduction="none",
    )
    return losses.view(targets_BS.shape)


def max_violation(counts_LE: Tensor) -> float:
    """Load of the busiest expert over the mean load, minus 1, of the worst layer; 0 is balance."""
    counts_LE = counts_LE.double()
    return float((counts_LE.amax(dim=1) / counts_LE.mean(dim=1) - 1).max())


@torch.no_grad()
def evaluate(
    model: Any, packs_by_modality: dict[str, list[Pack]], batch_size: int
) -> dict[str, float]:
    """Mean loss per predicted token of held-out packs.

    Args:
        model: The model; left in the mode that it was in.
        packs_by_modality: Packs whose documents are all of one modality.
        batch_size: Packs per forward pass.

    Returns:
        Nats per token, by modality.
    """
    was_training = model.training
    model.eval()
    device = next(model.parameters()).device
    losses = {}
    for modality, packs in packs_by_modality.items():
        total, predictions = 0.0, 0
        for start in range(0, len(packs), batch_size):
            batch = collate(packs[start : start + batch_size], device)
            logits = model(**batch["inputs"]).logits
            total += float(token_losses(logits, batch["targets"]).double().sum())
            predictions += int((batch["targets"] != IGNORED).sum())
        losses[modality] = total / predictions
    model.train(was_training)
    return losses


def _optimizer(model: nn.Module, config: TrainingConfig) -> torch.optim.AdamW:
    """AdamW; weight decay on matrices, none on norms and biases."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        groups, lr=config.learning_rate, betas=(config.beta1, config.beta2), fused=True
    )
