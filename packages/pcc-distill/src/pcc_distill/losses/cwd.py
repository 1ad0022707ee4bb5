"""Channel-wise distillation: each channel is a distribution over positions.

With p = softmax over H·W of a channel at a temperature tau, the loss of a level is
tau² · KL(p_teacher ‖ p_student), averaged over images and channels.

Source: Shu et al., Channel-wise Knowledge Distillation for Dense Prediction (ICCV 2021),
equations 4 and 5; scaled as in their released code (divided by N·C, multiplied by tau²).
"""

import torch
from torch import Tensor
from torch.nn import functional

from pcc_distill.losses.base import FeatureLoss, positive
from pcc_distill.losses.levels import Resize


class CWDLoss(FeatureLoss):
    """Kullback–Leibler divergence of softened channels.

    Args:
        loss_weight: Factor of the sum over levels.
        tau: Temperature in the units of the features, above 0.
        resize: Which side is resized where sizes differ.
    """

    def __init__(
        self, loss_weight: float = 1.0, *, tau: float = 1.0, resize: Resize = "student"
    ) -> None:
        super().__init__(loss_weight, resize=resize)
        self.tau = positive("tau", tau)

    def level_loss(self, student: Tensor, teacher: Tensor) -> Tensor:
        """One level; the softmax runs in float32 or wider."""
        dtype = torch.promote_types(student.dtype, torch.float32)
        ours = functional.log_softmax(student.to(dtype).flatten(2) / self.tau, dim=2)
        theirs = functional.log_softmax(teacher.to(dtype).flatten(2) / self.tau, dim=2)
        divergence = functional.kl_div(ours, theirs, reduction="sum", log_target=True)
        return divergence * self.tau**2 / (student.shape[0] * student.shape[1])

    def extra_repr(self) -> str:
        """The settings, for `print(model)`."""
        return f"{super().extra_repr()}, tau={self.tau}"
