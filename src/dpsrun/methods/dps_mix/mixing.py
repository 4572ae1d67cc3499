"""Effective weights: a mixture of a weight matrix and its anchor."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Generator, Tensor

from dpsrun.methods.dps.selection import keep_


def draw_columns(
    widths: Mapping[str, int], drop_fraction: float, noise: Generator
) -> dict[str, Tensor]:
    """Draw the columns (input neurons) that each matrix keeps in a step of stage I.

    One uniform number per column, the matrices one after the other; a column stays where its
    number is at least `drop_fraction`.

    Args:
        widths: columns of each matrix.
        drop_fraction: p, the probability to drop a column.
        noise: the method's random numbers, on the CPU.

    Returns:
        Per matrix `[in]` bool on the CPU.
    """
    kept = torch.rand(sum(widths.values()), generator=noise) >= drop_fraction
    return dict(zip(widths, torch.split(kept, list(widths.values())), strict=True))


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
