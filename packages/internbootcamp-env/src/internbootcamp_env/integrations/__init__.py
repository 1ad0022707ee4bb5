"""Adapters to other libraries, one file each; importing the package loads none of them."""
