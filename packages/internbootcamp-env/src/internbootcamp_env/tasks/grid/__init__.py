"""Families of the field grid."""
