"""Layer-wise learning-rate decay."""
