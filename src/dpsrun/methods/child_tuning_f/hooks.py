"""Child-Tuning-F masks the gradients of a step at random."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from dpsrun.methods.child_tuning_f.spec import ChildFParams
from dpsrun.methods.dps.selection import keep_
from dpsrun.methods.hooks import Context, Group, Hooks, State
from dpsrun.methods.noise import draw_kept, generator_on

PART = 1 << 20
"""Entries masked at once: what they take beside the gradient stays in a processor's cache."""


class ChildFHooks(Hooks[ChildFParams]):
    """Multiplies every entry of every clipped gradient by a Bernoulli(p) of its own, over p.

    Attributes:
        steps: updates whose gradients were masked.
    """

    def __init__(self, params: ChildFParams, context: Context) -> None:
        super().__init__(params, context)
        self.neutral = params.keep_probability == 1
        self.steps = 0

    @torch.no_grad()
    def after_clipping(self, groups: Sequence[Group]) -> None:  # noqa: ARG002 (all alike)
        """Mask the gradients of all parameters, in the model's order."""
        if self.neutral:
            return
        self.steps += 1
        kept = self.params.keep_probability
        device = next(self.context.model.parameters()).device
        numbers = generator_on(device, self.context.noise)
        for part in self._parts():
            keep_(part, draw_kept(part.numel(), kept, numbers)).div_(kept)

    def _parts(self) -> Iterator[Tensor]:
        for parameter in self.context.model.parameters():
            if parameter.grad is not None:
                row = parameter.grad.view(-1)
                yield from row.split(PART if row.device.type == "cpu" else row.numel())

    def describe(self) -> dict[str, Any]:
        """Give the updates so far that were masked."""
        return {"masked_updates": self.steps}

    def state_dict(self) -> State:
        """Give the count of steps and the state of the noise generator."""
        return {"steps": self.steps, "noise": self.context.noise.get_state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave."""
        self.steps = state["steps"]
        self.context.noise.set_state(state["noise"])
