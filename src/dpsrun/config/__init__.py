"""YAML text becomes a validated grid and the grid a list of runs; torch-free."""
