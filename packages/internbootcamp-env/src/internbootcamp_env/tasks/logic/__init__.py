"""Families of the field logic."""
