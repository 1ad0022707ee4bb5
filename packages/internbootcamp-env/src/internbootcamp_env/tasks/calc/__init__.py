"""Families of the field calc."""
