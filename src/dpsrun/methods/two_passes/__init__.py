"""What R3F, R4F and R-Drop share: a second pass over each batch that agrees with the first."""
