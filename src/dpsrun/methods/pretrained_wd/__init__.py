"""Weight decay towards the pre-trained weights."""
