"""Families of the field prog."""
