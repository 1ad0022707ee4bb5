"""Learning rate as a function of the step, so that there is no scheduler state to save."""

import math


def learning_rate_at(
    step: int, *, peak: float, final: float, warmup_steps: int, num_steps: int
) -> float:
    """Linear warm-up, then a cosine from `peak` to `final`.

    Args:
        step: Step counted from 0.
        peak: Learning rate after warm-up.
        final: Learning rate at `num_steps` and beyond.
        warmup_steps: Steps of warm-up; step 0 already has peak / warmup_steps.
        num_steps: Length of the whole schedule in steps.

    Returns:
        Learning rate.
    """
    if step < warmup_steps:
        return peak * (step + 1) / warmup_steps
    span = max(num_steps - warmup_steps, 1)
    progress = min((step - warmup_steps) / span, 1.0)
    return final + (peak - final) * (1 + math.cos(math.pi * progress)) / 2
