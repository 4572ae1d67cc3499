"""What the GLUE server takes: predictions of test sets in one zip; torch-free."""
