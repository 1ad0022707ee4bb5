"""Families of the field table."""
