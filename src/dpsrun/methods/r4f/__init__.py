"""R4F: R3F with a head whose matrices have spectral norm 1."""
