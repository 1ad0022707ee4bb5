"""Intern-S1 on current transformers: vision, MoE text, time series, dynamic tokenizer, hub-exact checkpoints."""
