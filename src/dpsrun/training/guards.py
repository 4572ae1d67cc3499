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


def check_finite(value: Tensor, *, step: int, name: str) -> None:
    """Raise DivergedError unless all of `value` is finite."""
    if not bool(torch.isfinite(value).all()):
        raise DivergedError(step, name)


def check_gradients(model: nn.Module, *, step: int) -> None:
    """Raise DivergedError naming the first parameter whose gradient is not finite."""
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            check_finite(parameter.grad, step=step, name=f"gradient of {name}")


def check_parameters(model: nn.Module, *, step: int) -> None:
    """Raise DivergedError naming the first parameter that is not finite."""
    for name, parameter in model.named_parameters():
        check_finite(parameter.detach(), step=step, name=name)
