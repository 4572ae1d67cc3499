"""Non-finite numbers end a run as diverged; they can never look like a good score."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DivergedError(Exception):
    """A loss, logit, gradient or parameter is not finite.

    Attributes:
        step: the optimiser step, counted from 1; 0 before the first.
        tensor: what was not finite.
    """

    def __init__(self, step: int, tensor: str) -> None:
        self.step = step
        self.tensor = tensor
        super().__init__(f"{tensor} is not finite at step {step}")


def check_gradients(model: nn.Module, *, step: int) -> None:
    """Raise DivergedError naming the first parameter whose gradient is not finite."""
    named = model.named_parameters()
    _check({f"gradient of {name}": p.grad for name, p in named if p.grad is not None}, step)


def check_parameters(model: nn.Module, *, step: int) -> None:
    """Raise DivergedError naming the first parameter that is not finite."""
    _check({name: parameter.detach() for name, parameter in model.named_parameters()}, step)


def _check(tensors: dict[str, Tensor], step: int) -> None:
    if not tensors:
        return
    finite = torch.stack([torch.isfinite(tensor).all() for tensor in tensors.values()])
    for name, fine in zip(tensors, finite.tolist(), strict=True):
        if not fine:
            raise DivergedError(step, name)
