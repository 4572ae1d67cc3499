"""Plain fine-tuning: the reference of every comparison."""
