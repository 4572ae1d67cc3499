"""How much of what a selection keeps is new, counted on selections packed to a bit an entry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

BITS = 8


def pack(mask: Tensor) -> Tensor:
    """Pack a bool mask of n entries, of any shape, into uint8 `[ceil(n / 8)]` on its device."""
    flat = mask.flatten().view(torch.uint8)
    # Eight long rows, not n / 8 short ones: the sum then runs along memory.
    rows = functional.pad(flat, (0, -len(flat) % BITS)).view(BITS, -1)
    return (rows << _places(mask.device)).sum(0, dtype=torch.uint8)


def unpack(packed: Tensor, shape: torch.Size) -> Tensor:
    """Give the bool mask of a shape that `pack` was given."""
    rows = packed >> _places(packed.device) & 1
    return rows.flatten()[: shape.numel()].view(shape).view(torch.bool)


def _places(device: torch.device) -> Tensor:
    return torch.arange(BITS, dtype=torch.uint8, device=device).unsqueeze(1)


def count(mask: Tensor, before: Tensor | None) -> Tensor:
    """Count what a selection keeps of a matrix, and what of that is new.

    Args:
        mask: `[out, in]` bool, the selection.
        before: the selection before it, packed; None if this is the first: all is new.

    Returns:
        `[1, 2]` int64, on the device of the mask.
    """
    new = mask if before is None else mask & ~unpack(before, mask.shape)
    return torch.stack([mask.count_nonzero(), new.count_nonzero()]).unsqueeze(0)


def describe_cycles(
    steps: Sequence[int], counts: Iterable[Tensor], entries: int
) -> list[dict[str, Any]]:
    """Tell of each selection what it kept of all matrices together (JSON).

    Args:
        steps: at which the selections were made.
        counts: per matrix `[selections, 2]`, what `count` gave for each.
        entries: of all matrices.

    Returns:
        `step`; `kept`, a fraction of the entries; `turnover`, the share of the kept entries that
        the selection before had not kept, None for the first.
    """
    totals = torch.stack([*counts]).sum(0).tolist() if steps else []
    return [
        {"step": step, "kept": kept / entries, "turnover": new / kept if number else None}
        for number, (step, (kept, new)) in enumerate(zip(steps, totals, strict=True))
    ]
