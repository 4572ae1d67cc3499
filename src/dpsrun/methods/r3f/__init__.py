"""R3F: predictions must not change when the word embeddings do, a little."""
