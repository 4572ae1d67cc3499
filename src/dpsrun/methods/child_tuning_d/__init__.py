"""Child-Tuning-D: only the entries that matter for the task are trained."""
