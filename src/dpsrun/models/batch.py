"""A micro-batch on its device, ready for the encoder."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from dpsrun.models.packing import Packing


@dataclass(frozen=True)
class Batch:
    """Some examples as the encoder takes them.

    Attributes:
        inputs: keyword arguments of the encoder, each `[1, tokens]` (packed) or
            `[examples, longest]` (padded).
        labels: `[examples]`, int64 classes or float32 scores.
        packing: where the sequences of a packed row begin and end; None for a padded batch.
        tokens: real tokens, padding not counted.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    packing: Packing | None
    tokens: int
