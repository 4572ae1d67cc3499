"""What the methods share that train only some parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

POOLERS = (".pooler.", "encoder.head.")
"""What pre-training made between the blocks and the head: a pooler, or the layers of ModernBERT."""


def of_pooler(name: str) -> bool:
    """Say whether a parameter of a classifier is its pooler's."""
    return any(part in name for part in POOLERS)


def train_only(model: nn.Module, wanted: Callable[[str], bool]) -> None:
    """Freeze all parameters but those whose names are wanted."""
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(wanted(name))


def describe_trained(model: nn.Module) -> dict[str, Any]:
    """Name the parameters that are trained; count their entries and those that are frozen."""
    entries = {True: 0, False: 0}
    trained = []
    for name, parameter in model.named_parameters():
        entries[parameter.requires_grad] += parameter.numel()
        if parameter.requires_grad:
            trained.append(name)
    return {
        "trained": trained,
        "entries_trained": entries[True],
        "entries_frozen": entries[False],
    }
