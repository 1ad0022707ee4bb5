"""Feature distillation by Pearson correlation for object detectors, usable from MMDetection configs alone."""
