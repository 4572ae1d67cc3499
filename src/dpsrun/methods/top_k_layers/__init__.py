"""Top-K-layer tuning: all below the last K blocks is frozen."""
