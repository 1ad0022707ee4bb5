"""Families of the field lang."""
