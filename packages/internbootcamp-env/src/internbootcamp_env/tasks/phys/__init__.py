"""Families of the field phys."""
