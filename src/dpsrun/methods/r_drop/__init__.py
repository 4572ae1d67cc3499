"""R-Drop: two passes with different dropout must agree."""
