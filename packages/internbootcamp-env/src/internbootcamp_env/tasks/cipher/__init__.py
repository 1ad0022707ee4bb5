"""Families of the field cipher."""
