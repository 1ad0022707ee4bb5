"""Families of the field bio."""
