"""Families of the field nt."""
