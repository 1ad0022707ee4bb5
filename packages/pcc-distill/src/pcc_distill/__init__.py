"""Feature distillation by Pearson correlation for object detectors.

The losses and the `Distiller` need PyTorch alone; `pcc_distill.integrations` holds one file per
framework.
"""

from importlib.metadata import version

from pcc_distill.distiller import Distiller, FeatureMatch
from pcc_distill.errors import (
    CacheError,
    ConfigError,
    DistillError,
    FeatureError,
    ShapeError,
    TeacherError,
)
from pcc_distill.losses import (
    CWDLoss,
    DISTLoss,
    FeatureLoss,
    FGDLoss,
    MGDLoss,
    MSELoss,
    PCCLoss,
    pcc_loss,
    pcc_loss_reference,
)

__version__ = version("pcc-distill")

__all__ = [
    "CWDLoss",
    "CacheError",
    "ConfigError",
    "DISTLoss",
    "DistillError",
    "Distiller",
    "FGDLoss",
    "FeatureError",
    "FeatureLoss",
    "FeatureMatch",
    "MGDLoss",
    "MSELoss",
    "PCCLoss",
    "ShapeError",
    "TeacherError",
    "pcc_loss",
    "pcc_loss_reference",
]
