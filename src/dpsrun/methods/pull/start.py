"""Where weights began, and the way back there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from dpsrun.methods.hooks import State


class Start:
    """Remembers parameters as they are now, w0, and draws them back later.

    Args:
        parameters: by name; they stay as they are.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter]) -> None:
        self._copies = {name: each.detach().clone() for name, each in parameters.items()}
        self._start: dict[Tensor, Tensor] = {
            each: self._copies[name] for name, each in parameters.items()
        }

    @property
    def entries(self) -> int:
        """Count the entries of the parameters."""
        return sum(copy.numel() for copy in self._copies.values())

    @torch.no_grad()
    def draw_back(self, parameters: Iterable[nn.Parameter], fraction: float) -> None:
        """Take a fraction of the way back, w <- w - fraction (w - w0).

        Those of the parameters that are not remembered stay as they are.
        """
        weights: list[Tensor] = [each for each in parameters if each in self._start]
        if weights and fraction:  # torch refuses an empty list
            starts = [self._start[each] for each in weights]
            torch._foreach_lerp_(weights, starts, fraction)

    @torch.no_grad()
    def add_gradients(self, strength: float) -> None:
        """Add the gradient of strength / 2 |w - w0|^2 to the gradients that there are."""
        for weight, start in self._start.items():
            if weight.grad is not None:
                weight.grad.add_(weight - start, alpha=strength)

    def state_dict(self) -> State:
        """Give the weights that are remembered, by name."""
        return dict(self._copies)

    def load_state_dict(self, state: Mapping[str, Tensor]) -> None:
        """Take back what `state_dict` gave; raises KeyError if it remembered others."""
        for name, copy in self._copies.items():
            copy.copy_(state[name])
