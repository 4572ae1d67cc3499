"""DPS Mix computes each step with effective weights and updates the true ones."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from dpsrun.methods.dps.hooks import DpsHooks
from dpsrun.methods.dps.selection import average_, keep_
from dpsrun.methods.dps_mix.spec import MixParams
from dpsrun.methods.hooks import Context
from dpsrun.methods.mixing import EffectiveWeights, draw_columns
from dpsrun.models.matrices import column_shape


class MixHooks(DpsHooks[MixParams]):
    """Swaps effective weights in for the passes of a step, so gradients are taken at them.

    Stage I draws `mask` anew each step, one bool per column; stage II has the selected entries.

    Attributes:
        start: per matrix `[out, in]`, the weights before the first step: the anchor of stage I.
        fam: per matrix, mostly `[in]`, in how many steps of this stage I each column was trained.
        effective: what stands in for the matrices during the passes of a step.
    """

    effective: EffectiveWeights
    saved: ClassVar[tuple[str, ...]] = (*DpsHooks.saved, "start", "fam")

    def __init__(self, params: MixParams, context: Context) -> None:
        super().__init__(params, context)
        self.start: dict[str, Tensor] = {}
        self.fam: dict[str, Tensor] = {}

    @property
    def needs_anchor(self) -> bool:
        """Stage II mixes with the weights it began with."""
        return True

    def prepare(self) -> None:
        """Remember the weights before the first step, the new head's included."""
        super().prepare()
        if not self.neutral:
            self.start = {name: matrix.detach().clone() for name, matrix in self.matrices.items()}
            self.effective = EffectiveWeights(self.matrices)

    @torch.no_grad()
    def before_step(self, examples: int) -> None:
        """Count the step and put effective weights in the place of the true ones."""
        super().before_step(examples)
        if self.neutral:
            return
        drop_fraction = self.params.drop_fraction
        if self.stage == 1:
            self.mask = draw_columns(self.matrices, drop_fraction, self.context.noise)
        anchors = self.start if self.stage == 1 else self.anchor
        self.effective.put_in(anchors, self.mask, drop_fraction)

    def begin_stage(self) -> None:
        """Count columns anew in stage I; the counts go once stage II has its masks."""
        super().begin_stage()
        self.fam = {}
        if self.stage == 1:
            self.fam = {
                name: matrix.new_zeros(column_shape(name, matrix), dtype=torch.int32)
                for name, matrix in self.matrices.items()
            }

    def score(self, name: str) -> Tensor:
        """Rate entries by their mean squared gradient, less for columns trained often."""
        return average_(self.gam[name], self.fam[name], self.cycle.us)

    @torch.no_grad()
    def after_backward(self, *, finite: bool) -> None:
        """Put the true weights back, then mask and observe the gradients."""
        if not self.neutral:
            self.effective.take_out()
        super().after_backward(finite=finite)

    def held_bytes(self) -> int:
        """Count the state and the effective weights."""
        return super().held_bytes() + (0 if self.neutral else self.effective.held_bytes())

    def mask_gradient(self, gradient: Tensor, mask: Tensor) -> None:
        """Set to zero what the step does not train; rescale the rest only where asked."""
        keep_(gradient, mask)
        if self.params.rescale_backward:
            gradient.div_(1 - self.params.drop_fraction)

    def observe(self, name: str, gradient: Tensor) -> None:
        """Add the step to the squared gradients and to the counts of its columns."""
        super().observe(name, gradient)
        self.fam[name].add_(self.mask[name])
