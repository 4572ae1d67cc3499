"""A micro-batch on its device, ready for the encoder."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True)
class Batch:
    """Some examples as the encoder takes them.

    Attributes:
        inputs: keyword arguments of the encoder, each `[1, tokens]` (packed) or
            `[examples, longest]` (padded).
        lengths: tokens of each example.
        labels: `[examples]`, int64 classes or float32 scores.
        packed: whether all sequences lie in one row, without padding.
    """

    inputs: dict[str, Tensor]
    lengths: tuple[int, ...]
    labels: Tensor
    packed: bool
