"""Masked generative distillation: the student must give back what was hidden from its features.

Random positions of the student's map are set to zero; two 3x3 convolutions then have to produce the
teacher's whole map. The loss of a level is the summed squared difference per image.

Source: Yang et al., Masked Generative Distillation (ECCV 2022), equations 3 to 5; default weight
2e-5 and mask share 0.65 as in their one-stage detection settings.
"""

from hashlib import sha256

import torch
from torch import Tensor, nn

from pcc_distill.errors import ConfigError
from pcc_distill.losses.base import FeatureLoss
from pcc_distill.losses.levels import Resize


class MGDLoss(FeatureLoss):
    """Masked generative distillation.

    Args:
        loss_weight: Factor of the sum over levels.
        channels: Of the features of both sides.
        mask_share: Probability that a position is hidden, in [0, 1).
        seed: Of the masks, which depend on it and on the number of calls alone; the count is part
            of the state dict, so a resumed run goes on with the masks it would have had.
        resize: Which side is resized where sizes differ.

    Raises:
        ConfigError: If a setting is impossible.
    """

    def __init__(
        self,
        loss_weight: float = 2e-5,
        *,
        channels: int,
        mask_share: float = 0.65,
        seed: int = 0,
        resize: Resize = "student",
    ) -> None:
        super().__init__(loss_weight, resize=resize)
        if channels < 1:
            raise ConfigError(f"channels must be at least 1; got {channels}")
        if not 0 <= mask_share < 1:
            raise ConfigError(f"mask_share must be at least 0 and below 1; got {mask_share!r}")
        self.mask_share, self.seed = mask_share, seed
        self.generation = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.calls: Tensor
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))

    def level_loss(self, student: Tensor, teacher: Tensor) -> Tensor:
        """One level."""
        batch, _, height, width = student.shape
        key = f"pcc-distill/mgd/{self.seed}/{int(self.calls)}".encode()
        draws = torch.Generator().manual_seed(int.from_bytes(sha256(key).digest()[:7], "little"))
        self.calls += 1
        kept = torch.rand(batch, 1, height, width, generator=draws) >= self.mask_share
        made = self.generation(student * kept.to(student.device, student.dtype))
        return (made.float() - teacher.float()).square().sum() / batch
