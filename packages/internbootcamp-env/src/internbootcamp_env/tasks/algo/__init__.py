"""Families of the field algo."""
