"""Pre-trained encoders: where they come from, how they are loaded, padding-free batches."""
