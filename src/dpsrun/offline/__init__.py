"""What is made sure of before a run: everything fetched and fixed, nothing missing."""
