"""Which linear layers of an encoder get a low-rank update."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from torch import nn

from dpsrun.models.depth import blocks
from dpsrun.models.matrices import matrices

Updated = Literal["query-value", "attention", "all"]

ATTENTION = re.compile(r"att(entio)?n")
QUERY_OR_VALUE = re.compile(r"(q|v|query|value)(_lin|_proj)?")
"""What encoders call the layers of their queries and values."""


def find_targets(encoder: nn.Module, updated: Updated) -> list[str]:
    """Name the linear layers of the blocks that are updated, in the encoder's order.

    Raises ValueError, worded for the user, where the encoder does not have them.
    """
    layers = _layers(encoder)
    if updated == "all":
        return layers
    attention = [name for name in layers if ATTENTION.search(name.lower())]
    if updated == "attention" and attention:
        return attention
    found = [name for name in attention if QUERY_OR_VALUE.fullmatch(_last(name))]
    if not found:
        raise ValueError(f"updated {updated}: {_lack(attention)}")
    return found


def _layers(encoder: nn.Module) -> list[str]:
    """Name the linear layers of the blocks; raises ValueError where they are not all linear."""
    inside = tuple(f"{block}." for block in blocks(encoder))
    weights = [name for name in matrices(encoder) if name.startswith(inside)]
    bare = [name for name in weights if not name.endswith(".weight")]
    if bare:
        raise ValueError(
            f"lora updates linear layers, and the attention of this encoder has none: {bare[0]} "
            "is a parameter of its own"
        )
    return [name.removesuffix(".weight") for name in weights]


def _lack(attention: Sequence[str]) -> str:
    if not attention:
        return "the encoder has no attention that is known; updated: all takes all of its blocks"
    names = ", ".join(sorted({_last(name) for name in attention}))
    return (
        "the encoder has no matrices for queries and values alone; those of its attention are "
        f"{names}, and updated: attention takes them all"
    )


def _last(name: str) -> str:
    return name.rpartition(".")[2]
