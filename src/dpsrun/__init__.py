"""Run a grid of fine-tunes and judge whether a method is better, and whether it is stable."""

__version__ = "0.1.0"
