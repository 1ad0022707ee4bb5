"""Relations of class scores: correlate predictions between classes and within each class.

Logits of one level become scores Y of R rows (image, anchor, position) and K classes. With r the
Pearson correlation,

    loss = between · (1 - mean over rows r(Y_s[row], Y_t[row]))
         + within  · (1 - mean over classes r(Y_s[:, class], Y_t[:, class]))     times tau²

Source: Huang et al., Knowledge Distillation from A Stronger Teacher (DIST, NeurIPS 2022), equations
8 to 10. Differs: sigmoid scores by default, because one-stage detectors have no class for
background; rows or classes with constant scores count as uncorrelated and get no gradient.
"""

from typing import Literal

import torch
from torch import Tensor

from pcc_distill.errors import ConfigError, ShapeError
from pcc_distill.losses.base import FeatureLoss, positive
from pcc_distill.losses.levels import Resize

# Deviations at or below this count as constant: scores live in [0, 1], and a float32 sum over a row
# carries rounding of about 1e-7.
CONSTANT = 1e-7


class DISTLoss(FeatureLoss):
    """DIST's relation losses on a classification head's logits.

    Args:
        loss_weight: Factor of the sum over levels.
        num_classes: Classes per anchor; each level has anchors x num_classes channels, class
            fastest, as MMDetection's heads give them.
        between: Weight of the relation between classes (the paper's beta).
        within: Weight of the relation within a class (gamma).
        tau: Temperature of the logits.
        scores: "sigmoid" or "softmax".
        resize: Which side is resized where sizes differ.

    Raises:
        ConfigError: If a setting is impossible.
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        *,
        num_classes: int,
        between: float = 1.0,
        within: float = 1.0,
        tau: float = 1.0,
        scores: Literal["sigmoid", "softmax"] = "sigmoid",
        resize: Resize = "student",
    ) -> None:
        super().__init__(loss_weight, resize=resize)
        if num_classes < 1:
            raise ConfigError(f"num_classes must be at least 1; got {num_classes}")
        if scores not in ("sigmoid", "softmax"):
            raise ConfigError(f"scores must be 'sigmoid' or 'softmax'; got {scores!r}")
        self.num_classes, self.between, self.within = num_classes, between, within
        self.tau, self.scores = positive("tau", tau), scores

    def level_loss(self, student: Tensor, teacher: Tensor) -> Tensor:
        """One level of logits [N, anchors x num_classes, H, W]."""
        ours, theirs = self._rows(student), self._rows(teacher)
        loss = self.between * (1 - correlation(ours, theirs).mean())
        loss = loss + self.within * (1 - correlation(ours.T, theirs.T).mean())
        return loss * self.tau**2

    def _rows(self, logits: Tensor) -> Tensor:
        if logits.shape[1] % self.num_classes:
            raise ShapeError(
                f"{logits.shape[1]} channels are no multiple of num_classes = {self.num_classes}; "
                "name the module that gives the class logits"
            )
        logits = logits.to(torch.promote_types(logits.dtype, torch.float32)) / self.tau
        rows = logits.permute(0, 2, 3, 1).reshape(-1, self.num_classes)
        return rows.sigmoid() if self.scores == "sigmoid" else rows.softmax(1)


def correlation(ours: Tensor, theirs: Tensor) -> Tensor:
    """Pearson correlation of each row of [R, K], 0 where a row is constant; [R]."""
    ours = ours - ours.mean(1, keepdim=True)
    theirs = theirs - theirs.mean(1, keepdim=True)
    squares = ours.square().mean(1), theirs.square().mean(1)
    varies = (squares[0] > CONSTANT**2) & (squares[1] > CONSTANT**2)
    # The inner `where` keeps the gradient of unused rows finite.
    scale = torch.where(varies, squares[0] * squares[1], 1.0).sqrt()
    return torch.where(varies, (ours * theirs).mean(1) / scale, 0.0)
