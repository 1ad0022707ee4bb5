"""Outcome-reward reinforcement learning (OREAL), token-level reward model and Mixture-of-Rewards."""
