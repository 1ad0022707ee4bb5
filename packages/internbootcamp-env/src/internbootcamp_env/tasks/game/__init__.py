"""Families of the field game."""
