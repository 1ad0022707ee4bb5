"""Families of the field ind."""
