"""Pearson-correlation distillation (PKD): compare patterns, not magnitudes.

For one level, with n = N·H·W positions and, per channel, mean m and unbiased standard deviation s:

    student' = (student - m_s) / (s_s + eps)        teacher' = (teacher - m_t) / (s_t + eps)
    loss     = mean over channels and positions of ½ (student' - teacher')²
             = mean over channels of (1 - r) (n - 1) / n      (r: Pearson correlation; eps = 0)

so a positive affine change of any teacher channel changes nothing. With a finite temperature T the
normalised channels become distributions over positions, p = softmax(x' / T), and the loss is
n T² KL(p_teacher ‖ p_student) / n = T² KL, which tends to the expression above as T grows.

Three cases that the published code leaves to chance are defined here, in both implementations:

- a channel whose deviation is at most eps, or at most the rounding noise of its mean, is constant:
  it normalises to zeros and gets no gradient (published: a gradient of the order of 1 / eps);
- one position alone (n = 1) makes every channel constant, so the loss is 0 (published: NaN);
- float16 and bfloat16 features are summed in float32 (published: overflow).

`pcc_loss_reference` is the textbook. `pcc_loss` does the same with the gradient worked out by hand:
with d = student' - teacher' and a = 1 / (s_s + eps),

    d loss / d student = a / (n C) · [ d - student' · Σ(d · student') / ((n - 1) (1 - eps·a)) ]

because s_s·a = 1 - eps·a. The bracket is of order 1, so it is kept in the features' own dtype and
the rest, per channel, in float32: a gradient of 1e-9 survives half precision and loss scaling. On
a CPU the level is walked in groups of channels that stay in cache.

Source: Cao et al., PKD: General Distillation Framework for Object Detectors via Pearson Correlation
Coefficient (NeurIPS 2022), section 3; scaling as in the released PKDLoss. Differs: the three cases
above, and widths are compared as well as heights before resizing.
"""

import math
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from pcc_distill.losses.base import FeatureLoss, positive
from pcc_distill.losses.levels import Resize

EPS = 1e-6  # as released
# Elements per group of channels on a CPU, found by trying: 256 Ki float32 values are 1 MiB, so the
# few temporaries of a group stay in cache while the cost per call stays small.
CPU_GROUP = 262_144
_POSITIONS = (0, 2, 3)


def normalize_channels(features: Tensor, *, eps: float = EPS) -> Tensor:
    """Zero mean and unit deviation per channel over N, H, W; zeros where a channel is constant.

    Args:
        features: [N, C, H, W], any floating dtype.
        eps: Added to the deviation, in units of the features.

    Returns:
        [N, C, H, W] in float32, or in float64 if the features are.
    """
    features = features.to(torch.promote_types(features.dtype, torch.float32))
    centered, scale = _center(features, eps)
    return centered * scale


def pcc_loss_reference(
    student: Tensor, teacher: Tensor, *, eps: float = EPS, temperature: float = math.inf
) -> Tensor:
    """The textbook form of one level's loss, differentiated by autograd.

    Args:
        student: [N, C, H, W], any floating dtype.
        teacher: The same shape.
        eps: Added to each deviation.
        temperature: Of the softmax over positions; infinite for the published loss.

    Returns:
        A scalar in float32 or float64.
    """
    ours = normalize_channels(student, eps=eps)
    theirs = normalize_channels(teacher, eps=eps)
    if math.isinf(temperature):
        return 0.5 * functional.mse_loss(ours, theirs)
    channels = student.shape[1]
    log_p = functional.log_softmax(ours.transpose(0, 1).reshape(channels, -1) / temperature, 1)
    log_q = functional.log_softmax(theirs.transpose(0, 1).reshape(channels, -1) / temperature, 1)
    divergence = functional.kl_div(log_p, log_q, reduction="sum", log_target=True)
    return divergence * temperature**2 / channels


def pcc_loss(student: Tensor, teacher: Tensor, *, eps: float = EPS) -> Tensor:
    """One level's loss, fused: value and gradient in one walk over the features.

    Args:
        student: [N, C, H, W], any floating dtype.
        teacher: The same shape.
        eps: Added to each deviation.

    Returns:
        A scalar in float32 or float64; differentiable once, in both arguments.
    """
    return _FusedPCC.apply(student, teacher, eps)


class PCCLoss(FeatureLoss):
    """Pearson-correlation distillation, as published.

    Args:
        loss_weight: Factor of the sum over levels (the paper: 6 for most one-stage pairs).
        temperature: Of a softmax over positions; infinite for the published loss.
        eps: Added to each deviation, in units of the features.
        resize: Which side is resized where sizes differ; "student" as published.

    Raises:
        ConfigError: If a setting is impossible.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        *,
        temperature: float = math.inf,
        eps: float = EPS,
        resize: Resize = "student",
    ) -> None:
        super().__init__(loss_weight, resize=resize)
        self.temperature = temperature if temperature == math.inf else positive("T", temperature)
        self.eps = positive("eps", eps)

    def level_loss(self, student: Tensor, teacher: Tensor) -> Tensor:
        """One level: fused, or the textbook where the temperature is finite."""
        if math.isinf(self.temperature):
            return pcc_loss(student, teacher, eps=self.eps)
        return pcc_loss_reference(student, teacher, eps=self.eps, temperature=self.temperature)

    def extra_repr(self) -> str:
        """The settings, for `print(model)`."""
        return f"{super().extra_repr()}, temperature={self.temperature}, eps={self.eps}"


def _center(features: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """Centred features and, per channel, 1 / (deviation + eps), 0 where constant; [1, C, 1, 1].

    The deviation is summed from the centred values: `torch.std_mean` over these dimensions is about
    ten times slower on a CPU.
    """
    positions = features.numel() // features.shape[1]
    mean = features.mean(_POSITIONS, keepdim=True)
    centered = features - mean
    squares = centered.square().sum(_POSITIONS, keepdim=True)
    variance = squares / max(positions - 1, 1)
    noise = 8 * torch.finfo(features.dtype).eps * mean.detach().abs()
    is_constant = variance.detach().sqrt() <= noise.clamp(min=eps)
    # The inner `where` keeps autograd of the unused branch finite.
    scale = 1 / (torch.where(is_constant, 1.0, variance).sqrt() + eps)
    return centered, torch.where(is_constant, 0.0, scale)


class _FusedPCC(torch.autograd.Function):
    """Forward computes the loss and the order-1 part of each gradient that is asked for."""

    @staticmethod
    def forward(ctx: Any, student: Tensor, teacher: Tensor, eps: float) -> Tensor:
        wants = ctx.needs_input_grad[:2]
        dtype = torch.promote_types(
            torch.promote_types(student.dtype, teacher.dtype), torch.float32
        )
        units = [
            torch.empty_like(x) if want else None
            for x, want in zip((student, teacher), wants, strict=True)
        ]
        channels = student.shape[1]
        positions = student.numel() // channels
        group = channels if student.device.type != "cpu" else max(1, CPU_GROUP // positions)
        sums, scales = [], ([], [])
        for start in range(0, channels, group):
            part = slice(start, start + group)
            sides = [_normalized(x[:, part].to(dtype), eps) for x in (student, teacher)]
            difference = sides[0][0] - sides[1][0]
            sums.append(difference.square().sum(_POSITIONS))
            for side, sign in ((0, 1.0), (1, -1.0)):
                unit = units[side]
                if unit is not None:
                    values, scale = sides[side]
                    unit[:, part] = _unit_gradient(difference, values, scale, sign, positions, eps)
                    scales[side].append(scale)
        kept = [torch.cat(s, dim=1) if s else None for s in scales]
        ctx.save_for_backward(*units, *kept)
        ctx.count = positions * channels
        return torch.cat(sums).sum() / (2 * ctx.count)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        ours, theirs, our_scale, their_scale = ctx.saved_tensors
        grads = [
            None if unit is None else (unit * (scale * (grad / ctx.count))).to(unit.dtype)
            for unit, scale in ((ours, our_scale), (theirs, their_scale))
        ]
        return grads[0], grads[1], None


def _normalized(features: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    centered, scale = _center(features, eps)
    return centered.mul_(scale), scale


def _unit_gradient(
    difference: Tensor, values: Tensor, scale: Tensor, sign: float, positions: int, eps: float
) -> Tensor:
    """The bracket of the module's formula; `sign` is -1 for the teacher's side."""
    along = (difference * values).sum(_POSITIONS, keepdim=True)
    # Clamped for constant channels alone, whose scale of 0 removes them afterwards.
    along = along / (max(positions - 1, 1) * (1 - eps * scale).clamp(min=0.5))
    return torch.addcmul(difference, values, along, value=-1).mul_(sign)
