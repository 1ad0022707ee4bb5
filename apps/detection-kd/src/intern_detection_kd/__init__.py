"""Knowledge distillation of object detectors on COCO-format data."""

from importlib.metadata import version

__version__ = version("intern-detection-kd")
