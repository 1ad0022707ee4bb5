"""Families of the field arith."""
