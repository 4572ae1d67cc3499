"""Re-initialised top blocks."""
