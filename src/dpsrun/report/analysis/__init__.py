"""What a report says beyond the statistics of single cells; pure, each question in a file."""
