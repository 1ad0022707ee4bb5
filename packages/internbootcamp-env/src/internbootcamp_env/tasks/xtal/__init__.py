"""Families of the field xtal."""
