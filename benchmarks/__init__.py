"""Measurements of speed and memory: `python -m benchmarks`; ratios taken within one run."""
