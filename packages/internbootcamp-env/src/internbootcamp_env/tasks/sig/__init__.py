"""Families of the field sig."""
