"""Families of the field misc."""
