"""Feature losses; each file holds one and names its source."""

from pcc_distill.losses.base import FeatureLoss
from pcc_distill.losses.cwd import CWDLoss
from pcc_distill.losses.mse import MSELoss
from pcc_distill.losses.pcc import PCCLoss, normalize_channels, pcc_loss, pcc_loss_reference

LOSSES = {"PCCLoss": PCCLoss, "MSELoss": MSELoss, "CWDLoss": CWDLoss}

__all__ = [
    "LOSSES",
    "CWDLoss",
    "FeatureLoss",
    "MSELoss",
    "PCCLoss",
    "normalize_channels",
    "pcc_loss",
    "pcc_loss_reference",
]
