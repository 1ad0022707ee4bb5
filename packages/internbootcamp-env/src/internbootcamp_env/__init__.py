"""Verifiable task environments: generator, prompt, oracle, verifier and difficulty for each task."""
