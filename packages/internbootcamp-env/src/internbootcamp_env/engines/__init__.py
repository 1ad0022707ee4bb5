"""Named engines that families share: chemistry, genetics, graphs, grids and the like."""
