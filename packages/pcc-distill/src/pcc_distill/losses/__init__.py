"""Feature losses; each file holds one and names its source."""

from pcc_distill.losses.base import FeatureLoss
from pcc_distill.losses.cwd import CWDLoss
from pcc_distill.losses.dist import DISTLoss
from pcc_distill.losses.fgd import FGDLoss
from pcc_distill.losses.mgd import MGDLoss
from pcc_distill.losses.mse import MSELoss
from pcc_distill.losses.pcc import PCCLoss, normalize_channels, pcc_loss, pcc_loss_reference

LOSSES: dict[str, type[FeatureLoss]] = {
    "PCCLoss": PCCLoss,
    "MSELoss": MSELoss,
    "CWDLoss": CWDLoss,
    "FGDLoss": FGDLoss,
    "MGDLoss": MGDLoss,
    "DISTLoss": DISTLoss,
}

__all__ = [
    "LOSSES",
    "CWDLoss",
    "DISTLoss",
    "FGDLoss",
    "FeatureLoss",
    "MGDLoss",
    "MSELoss",
    "PCCLoss",
    "normalize_channels",
    "pcc_loss",
    "pcc_loss_reference",
]
