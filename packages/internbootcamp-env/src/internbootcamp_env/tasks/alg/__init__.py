"""Families of the field alg."""
