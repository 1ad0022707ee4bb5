"""Families of the field plan."""
