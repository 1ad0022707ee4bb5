"""Plain imitation: the mean squared difference of raw features.

It compares magnitudes as well as patterns, so it breaks where teacher and student work at
different scales.

Source: Romero et al., FitNets: Hints for Thin Deep Nets (2015), equation 3, here as a mean instead
of a sum so that the weight does not depend on the map's size.
"""

import torch
from torch import Tensor
from torch.nn import functional

from pcc_distill.losses.base import FeatureLoss


class MSELoss(FeatureLoss):
    """Mean over N, C, H, W of (student - teacher)², summed over levels."""

    def level_loss(self, student: Tensor, teacher: Tensor) -> Tensor:
        """One level; half precision is compared in float32."""
        dtype = torch.promote_types(student.dtype, torch.float32)
        return functional.mse_loss(student.to(dtype), teacher.to(dtype))
