"""Families of the field geom."""
