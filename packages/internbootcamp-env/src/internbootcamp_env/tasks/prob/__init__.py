"""Families of the field prob."""
