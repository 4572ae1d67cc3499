"""Mixout computes each step with weights of which a random part is the pre-trained one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from dpsrun.methods.hooks import Context, Hooks, State
from dpsrun.methods.mixing import EffectiveWeights, draw_columns
from dpsrun.methods.mixout.spec import MixoutParams
from dpsrun.methods.noise import draw_kept, generator_on


class MixoutHooks(Hooks[MixoutParams]):
    """Swaps mixtures in for the passes of a step: `start + mask * (weight - start) / (1 - p)`.

    Attributes:
        steps: optimiser steps started.
        matrices: the matrices that are mixed.
        start: per matrix `[out, in]`, the weights before the first step.
        mask: per matrix bool, mostly `[in]`, what the step at work keeps of the trained weights.
    """

    effective: EffectiveWeights

    def __init__(self, params: MixoutParams, context: Context) -> None:
        super().__init__(params, context)
        self.neutral = params.mix_probability == 0
        self.steps = 0
        self.matrices: dict[str, nn.Parameter] = {}
        self.start: dict[str, Tensor] = {}
        self.mask: dict[str, Tensor] = {}

    def prepare(self) -> None:
        """Remember the weights before the first step; raises ValueError if there is no matrix."""
        if self.neutral:
            return
        model = self.context.model
        self.matrices = {
            name: matrix
            for name, matrix in model.matrices().items()
            if self.params.mix_head or not model.is_new(name)
        }
        self.start = {name: matrix.detach().clone() for name, matrix in self.matrices.items()}
        self.effective = EffectiveWeights(self.matrices)

    @torch.no_grad()
    def before_step(self, examples: int) -> None:  # noqa: ARG002 (all steps alike)
        """Draw what this step keeps, and put mixtures in the place of the trained weights."""
        if self.neutral:
            return
        self.steps += 1
        self.mask = self._draw()
        self.effective.put_in(self.start, self.mask, self.params.mix_probability)

    def _draw(self) -> dict[str, Tensor]:
        probability, noise = self.params.mix_probability, self.context.noise
        if self.params.mixed == "columns":
            return draw_columns(self.matrices, probability, noise)
        numbers = generator_on(next(iter(self.matrices.values())).device, noise)
        return {
            name: draw_kept(matrix.numel(), 1 - probability, numbers).view(matrix.shape)
            for name, matrix in self.matrices.items()
        }

    @torch.no_grad()
    def after_backward(self, *, finite: bool) -> None:  # noqa: ARG002 (a skipped step has them too)
        """Put the trained weights back and give them the gradients of the mixtures."""
        if self.neutral:
            return
        self.effective.take_out()
        scale = 1 / (1 - self.params.mix_probability) if self.params.rescale_backward else 1.0
        for name, matrix in self.matrices.items():
            if matrix.grad is not None:
                matrix.grad.mul_(self.mask[name].to(matrix.dtype) * scale)

    def describe(self) -> dict[str, Any]:
        """Give the steps so far and the matrices that were mixed."""
        return {
            "steps": self.steps,
            "matrices": {name: list(matrix.shape) for name, matrix in self.matrices.items()},
            "weights": sum(matrix.numel() for matrix in self.matrices.values()),
        }

    def state_dict(self) -> State:
        """Give the first weights, live tensors, and the state of the noise generator."""
        noise = self.context.noise.get_state()
        return {"steps": self.steps, "start": dict(self.start), "noise": noise}

    def held_bytes(self) -> int:
        """Count the state and the effective weights."""
        return super().held_bytes() + (0 if self.neutral else self.effective.held_bytes())

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take back what `state_dict` gave, after `prepare`."""
        self.steps = state["steps"]
        for name, weight in state["start"].items():
            self.start[name].copy_(weight)
        self.context.noise.set_state(state["noise"])
