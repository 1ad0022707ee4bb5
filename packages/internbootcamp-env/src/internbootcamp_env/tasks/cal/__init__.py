"""Families of the field cal."""
