"""Fine-tuning methods, one folder each: `spec.py` (torch-free) and `hooks.py`."""
