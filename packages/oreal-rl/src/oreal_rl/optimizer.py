"""AdamW with its state saved by parameter name."""

from typing import Any

import torch
from torch import nn

from oreal_rl.config import OrealConfig
from oreal_rl.errors import ConfigError, StateError


def make_optimizer(
    model: nn.Module, config: OrealConfig, learning_rate: float
) -> torch.optim.AdamW:
    """AdamW over trainable parameters; matrices decay, vectors do not.

    Args:
        model: Its parameters with `requires_grad`.
        config: betas, epsilon, weight decay.
        learning_rate: Initial value; the trainer sets it anew every step.

    Returns:
        The optimiser.

    Raises:
        ConfigError: Where nothing is trainable, or half-precision parameters would swallow updates.
    """
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable:
        raise ConfigError("no parameter of the policy requires a gradient; unfreeze some")
    narrow = {p.dtype for p in trainable} & {torch.float16, torch.bfloat16}
    if narrow:
        raise ConfigError(
            f"the policy's trainable parameters are {sorted(map(str, narrow))}; expected float32, "
            "for steps of a learning rate near 1e-6 vanish in 16 bits; keep float32 parameters and "
            "run the forward pass under autocast or FSDP2 mixed precision"
        )
    groups = [
        {"params": [p for p in trainable if p.dim() >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in trainable if p.dim() < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(
        [group for group in groups if group["params"]],
        lr=learning_rate,
        betas=config.betas,
        eps=config.adam_epsilon,
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    """Set the learning rate of every parameter group."""
    for group in optimizer.param_groups:
        group["lr"] = learning_rate


def optimizer_state(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Any]:
    """State by parameter name: `{name: {"step", "exp_avg", "exp_avg_sq"}}`, tensors only."""
    return {
        name: {key: value.detach().clone() for key, value in optimizer.state[parameter].items()}
        for name, parameter in model.named_parameters()
        if parameter in optimizer.state
    }


def prepare_state(optimizer: torch.optim.AdamW) -> None:
    """Give every parameter its (zero) state, so that a checkpoint has somewhere to load into."""
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            if parameter not in optimizer.state:
                optimizer.state[parameter] = {
                    "step": torch.zeros((), dtype=torch.float32, device=parameter.device),
                    "exp_avg": torch.zeros_like(parameter),
                    "exp_avg_sq": torch.zeros_like(parameter),
                }


def load_optimizer_state(
    optimizer: torch.optim.Optimizer, model: nn.Module, state: dict[str, Any]
) -> None:
    """Put back what `optimizer_state` gave.

    Args:
        optimizer: Made for `model`.
        model: Gives the names.
        state: Saved state.

    Raises:
        StateError: For a name that the model does not have.
    """
    parameters = dict(model.named_parameters())
    unknown = sorted(set(state) - set(parameters))
    if unknown:
        raise StateError(
            f"the saved optimiser knows parameters {unknown[:3]} that the model lacks; load it "
            "into the model it was saved from"
        )
    optimizer.state.clear()
    for name, values in state.items():
        parameter = parameters[name]
        optimizer.state[parameter] = {
            key: value.clone() if key == "step" else value.to(parameter.device, copy=True)
            for key, value in values.items()
        }
