"""One file per framework; each is the only importer of its framework."""
