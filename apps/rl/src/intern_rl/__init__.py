"""Reinforcement learning of Intern-S1 models with verifiable rewards, from raw data to report."""
