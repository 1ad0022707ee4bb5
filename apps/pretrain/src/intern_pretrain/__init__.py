"""Continual pretraining of Intern-S1 models."""
