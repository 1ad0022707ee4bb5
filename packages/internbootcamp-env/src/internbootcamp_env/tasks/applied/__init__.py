"""Families of the field applied."""
