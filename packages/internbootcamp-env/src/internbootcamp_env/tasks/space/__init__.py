"""Families of the field space."""
