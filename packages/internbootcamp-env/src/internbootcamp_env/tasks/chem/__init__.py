"""Families of the field chem."""
