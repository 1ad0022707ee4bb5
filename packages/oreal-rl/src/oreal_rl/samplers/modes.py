"""Running a training model in evaluation mode for a moment."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def generating(model: torch.nn.Module) -> Iterator[None]:
    """Switch to evaluation and no gradients; put each module's mode back afterwards.

    Args:
        model: The policy.
    """
    training = [module for module in model.modules() if module.training]
    for module in training:
        module.training = False
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True
