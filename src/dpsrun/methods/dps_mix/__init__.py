"""DPS Mix: the forward pass mixes the weights with an anchor, in both stages."""
