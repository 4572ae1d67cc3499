"""BitFit: only biases and the head are trained."""
