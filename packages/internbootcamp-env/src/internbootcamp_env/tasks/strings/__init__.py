"""Families of the field strings."""
