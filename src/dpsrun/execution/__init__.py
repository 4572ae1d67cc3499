"""Runs on devices: slots, fresh processes, progress; later also clusters."""
