"""Rewards: turning verifier answers into verdicts, and mixing several sources."""
