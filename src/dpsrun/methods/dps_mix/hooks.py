"""DPS Mix computes each step with effective weights and updates the true ones."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from dpsrun.methods.dps.hooks import DpsHooks
from dpsrun.methods.dps.selection import average_, keep_
from dpsrun.methods.dps_mix.mixing import draw_columns, mix_into
from dpsrun.methods.dps_mix.spec import MixParams
from dpsrun.methods.hooks import Context
from dpsrun.models.device import to_device
from dpsrun.models.matrices import column_shape


class MixHooks(DpsHooks[MixParams]):
    """Swaps effective weights in for the passes of a step, so gradients are taken at them.

    Stage I draws `mask` anew each step, one bool per column; stage II has the selected entries.

    Attributes:
        start: per matrix `[out, in]`, the weights before the first step: the anchor of stage I.
        fam: per matrix, mostly `[in]`, in how many steps of this stage I each column was trained.
        columns: per matrix the shape of `fam`, one number for each column.
        effective: per matrix `[out, in]`, where the effective weights are written.
        true: per matrix the true weights, while effective ones stand in for them.
    """

    saved: ClassVar[tuple[str, ...]] = (*DpsHooks.saved, "start", "fam")

    def __init__(self, params: MixParams, context: Context) -> None:
        super().__init__(params, context)
        self.start: dict[str, Tensor] = {}
        self.fam: dict[str, Tensor] = {}
        self.effective: dict[str, Tensor] = {}
        self.true: dict[str, Tensor] = {}
        self.columns = {name: column_shape(name, each) for name, each in self.matrices.items()}

    @property
    def needs_anchor(self) -> bool:
        """Stage II mixes with the weights it began with."""
        return True

    def prepare(self) -> None:
        """Remember the weights before the first step, the new head's included."""
        super().prepare()
        if not self.neutral:
            weights = {name: matrix.detach() for name, matrix in self.matrices.items()}
            self.start = {name: weight.clone() for name, weight in weights.items()}
            self.effective = {name: torch.empty_like(weight) for name, weight in weights.items()}

    @torch.no_grad()
    def before_step(self) -> None:
        """Count the step and put effective weights in the place of the true ones."""
        super().before_step()
        if self.neutral:
            return
        if self.stage == 1:
            self.mask = self.draw_masks()
        anchors = self.start if self.stage == 1 else self.anchor
        for name, matrix in self.matrices.items():
            self.true[name] = matrix.data
            mix_into(
                self.effective[name],
                weight=matrix.data,
                anchor=anchors[name],
                mask=self.mask[name],
                drop_fraction=self.params.drop_fraction,
            )
            matrix.data = self.effective[name]

    def begin_stage(self) -> None:
        """Count columns anew in stage I; the counts go once stage II has its masks."""
        super().begin_stage()
        self.fam = {}
        if self.stage == 1:
            self.fam = {
                name: torch.zeros(shape, dtype=torch.int32, device=self.matrices[name].device)
                for name, shape in self.columns.items()
            }

    def draw_masks(self) -> dict[str, Tensor]:
        """Draw the columns of this step and bring them to the matrices' device in one copy."""
        widths = {name: shape.numel() for name, shape in self.columns.items()}
        drawn = draw_columns(widths, self.params.drop_fraction, self.context.noise)
        device = next(iter(self.matrices.values())).device
        row = to_device(torch.cat(list(drawn.values())), device)
        masks = zip(self.columns.items(), row.split(list(widths.values())), strict=True)
        return {name: mask.view(shape) for (name, shape), mask in masks}

    def score(self, name: str) -> Tensor:
        """Rate entries by their mean squared gradient, less for columns trained often."""
        return average_(self.gam[name], self.fam[name], self.cycle.us)

    @torch.no_grad()
    def after_backward(self, *, finite: bool) -> None:
        """Put the true weights back, then mask and observe the gradients."""
        for name, weight in self.true.items():
            self.matrices[name].data = weight
        self.true = {}
        super().after_backward(finite=finite)

    def mask_gradient(self, gradient: Tensor, mask: Tensor) -> None:
        """Set to zero what the step does not train; rescale the rest only where asked."""
        keep_(gradient, mask)
        if self.params.rescale_backward:
            gradient.div_(1 - self.params.drop_fraction)

    def observe(self, name: str, gradient: Tensor) -> None:
        """Add the step to the squared gradients and to the counts of its columns."""
        super().observe(name, gradient)
        self.fam[name].add_(self.mask[name])
