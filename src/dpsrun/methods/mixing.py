"""Effective weights: a mixture of weight matrices and their anchors that stands in for a step."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor, nn

from dpsrun.methods.dps.selection import keep_
from dpsrun.models.device import to_device
from dpsrun.models.matrices import column_shape


def draw_columns(
    matrices: Mapping[str, Tensor], drop_fraction: float, noise: Generator
) -> dict[str, Tensor]:
    """Draw the columns (input neurons) that each matrix keeps in a step.

    One uniform number per column, the matrices one after the other; a column stays where its
    number is at least `drop_fraction`.

    Args:
        matrices: all on one device.
        drop_fraction: p, the probability to drop a column.
        noise: the method's random numbers, on the CPU.

    Returns:
        Per matrix bool on its device, mostly `[in]`: `column_shape` of it.
    """
    shapes = {name: column_shape(name, matrix) for name, matrix in matrices.items()}
    widths = [shape.numel() for shape in shapes.values()]
    kept = torch.rand(sum(widths), generator=noise) >= drop_fraction
    row = to_device(kept, next(iter(matrices.values())).device)
    masks = zip(shapes.items(), row.split(widths), strict=True)
    return {name: mask.view(shape) for (name, shape), mask in masks}


def mix_into(
    out: Tensor, *, weight: Tensor, anchor: Tensor, mask: Tensor, drop_fraction: float
) -> None:
    """Write `anchor + mask * (weight - anchor) / (1 - p)` to `out`.

    Masked entries are the anchor's, bit for bit; so are all where weight and anchor agree.

    Args:
        out: `[out, in]`, overwritten.
        weight: `[out, in]`, the trained weights.
        anchor: `[out, in]`, the weights to fall back to.
        mask: bool, True where an entry is kept: `[in]`, or another shape that broadcasts over
            the matrix and has a number for each of its columns, or `[out, in]`.
        drop_fraction: p.
    """
    scale = 1 / (1 - drop_fraction)
    if mask.shape != weight.shape:  # one pass over memory instead of three
        torch.lerp(anchor, weight, mask.to(weight.dtype) * scale, out=out)
        return
    keep_(torch.sub(weight, anchor, out=out), mask)
    torch.add(anchor, out, alpha=scale, out=out)


class EffectiveWeights:
    """Lets mixtures stand in for matrices during the passes of a step, which see nothing else.

    Attributes:
        matrices: the parameters that are replaced.
        weights: per matrix, where its effective weights are written.
        true: per matrix the trained weights, while effective ones stand in for them.
    """

    def __init__(self, matrices: Mapping[str, nn.Parameter]) -> None:
        self.matrices = matrices
        self.weights = {name: torch.empty_like(matrix.data) for name, matrix in matrices.items()}
        self.true: dict[str, Tensor] = {}

    def held_bytes(self) -> int:
        """Count the bytes of the effective weights."""
        return sum(weight.nbytes for weight in self.weights.values())

    def put_in(
        self, anchors: Mapping[str, Tensor], masks: Mapping[str, Tensor], drop_fraction: float
    ) -> None:
        """Mix every matrix with its anchor (`mix_into`) and put the mixture in its place."""
        for name, matrix in self.matrices.items():
            self.true[name] = matrix.data
            mix_into(
                self.weights[name],
                weight=matrix.data,
                anchor=anchors[name],
                mask=masks[name],
                drop_fraction=drop_fraction,
            )
            matrix.data = self.weights[name]

    def take_out(self) -> None:
        """Put the trained weights back."""
        for name, weight in self.true.items():
            self.matrices[name].data = weight
        self.true = {}
