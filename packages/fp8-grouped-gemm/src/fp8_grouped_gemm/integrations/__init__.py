"""Adapters to other libraries, one importer each."""
