"""Tasks: what they are, where their data come from, how they are scored; torch-free."""
