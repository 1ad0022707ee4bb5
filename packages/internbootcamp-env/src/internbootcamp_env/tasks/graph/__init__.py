"""Families of the field graph."""
