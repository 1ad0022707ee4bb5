"""Families of the field multi."""
