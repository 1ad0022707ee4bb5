"""Families of the field comb."""
