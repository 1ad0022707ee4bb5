"""Knowledge distillation of object detectors on COCO-format data."""
