"""What weight decay leaves alone."""

from __future__ import annotations

from torch import nn


def spared(model: nn.Module) -> set[nn.Parameter]:
    """Collect the biases and the parameters of normalisation layers.

    By module type, not by name: a filter on names would silently decay norms that are called
    otherwise than BERT's (reference: HF Trainer's rule).
    """
    return {
        parameter
        for module in model.modules()
        for name, parameter in module.named_parameters(recurse=False)
        if "bias" in name or "Norm" in type(module).__name__
    }
