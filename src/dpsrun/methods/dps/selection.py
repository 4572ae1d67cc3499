"""Which entries of a matrix stage II trains."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

PENALTY_FROM = 50
"""Stages of at least so many steps (`us`) also penalise columns that were trained often."""


def kept_entries(size: int, drop_fraction: float) -> int:
    """Count the entries of a matrix that are kept: at least one."""
    return math.ceil(size * (1 - drop_fraction))


def select(score: Tensor, drop_fraction: float, *, exact: bool = False) -> Tensor:
    """Mark the best entries of one matrix.

    Args:
        score: `[out, in]`, finite, larger is better.
        drop_fraction: p; ceil(n (1 - p)) of the n entries are kept.
        exact: keep no more than that where entries tie, the first ones; by default all are kept.

    Returns:
        `[out, in]` bool, True where an entry is kept.
    """
    keep = kept_entries(score.numel(), drop_fraction)
    worst = worst_kept(score, keep)
    if not exact:
        return score >= worst
    mask = score > worst
    ties = (score == worst).flatten().nonzero().squeeze(1)
    mask.view(-1)[ties[: keep - int(mask.sum())]] = True
    return mask


def worst_kept(score: Tensor, keep: int) -> Tensor:
    """Find the smallest of the `keep` largest scores, a scalar.

    NumPy divides with the processor's vectors where torch's `topk` and `kthvalue` sort one number
    at a time: a fifth of their time on a CPU.
    """
    place = score.numel() - keep
    if score.device.type == "cpu":
        return torch.tensor(np.partition(score.numpy().ravel(), place)[place])
    return score.flatten().kthvalue(place + 1).values


def average_(gam: Tensor, fam: Tensor, us: int) -> Tensor:
    """Turn the sums of DPS Mix into scores, in place.

    With c = max(count, 1), the score is sum / c, for `us` from 50 on times exp(-c / us).

    Args:
        gam: `[out, in]` sums of squared gradients; becomes the score.
        fam: `[in]` in how many steps of stage I each column was trained.
        us: steps of a stage.
    """
    counts = fam.clamp(min=1).to(gam.dtype)
    gam.div_(counts)
    return gam.mul_(penalty(counts, us)) if us >= PENALTY_FROM else gam


def penalty(counts: Tensor, us: int) -> Tensor:
    """Give exp(-c / us) for the counts c of the columns."""
    return torch.exp(-counts / us)


def keep_(values: Tensor, mask: Tensor) -> Tensor:
    """Set to zero, in place, what a bool mask of the same or of row shape does not keep."""
    return values.mul_(mask.view(torch.uint8))  # on a CPU three times as fast as by bool
