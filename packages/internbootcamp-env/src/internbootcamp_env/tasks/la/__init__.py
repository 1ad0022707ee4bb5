"""Families of the field la."""
