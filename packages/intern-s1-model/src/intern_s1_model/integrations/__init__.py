"""Adapters to other programs, one module each; none is imported by the package itself."""
