"""Child-Tuning-F: each step trains random entries."""
