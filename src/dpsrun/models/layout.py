"""From token sequences to a batch: one packed row, or rows padded to the longest."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from dpsrun.models.batch import Batch
from dpsrun.models.device import to_device
from dpsrun.models.packing import Packing
from dpsrun.models.source import position_offset

XLNET_SEGMENTS = {"xlnet": 3}
"""First text, second text, class token; it only compares them, so no configuration counts them."""


@dataclass(frozen=True)
class Layout:
    """How an encoder wants its batches.

    Attributes:
        packed: one row without padding, or one padded row an example.
        pad: token id of padding.
        segments: how many kinds of token type ids the encoder knows; 0 where it takes none.
        first_position: position id of a sequence's first token.
        model_type: the configuration's `model_type`.
        side: where padding goes.
        rows: `[vocabulary]` the row of the embedding for each token id, if not the id itself.
    """

    packed: bool
    pad: int
    segments: int
    first_position: int
    model_type: str
    side: Literal["right", "left"] = "right"
    rows: Tensor | None = field(default=None, compare=False)

    @classmethod
    def of(cls, encoder: nn.Module, *, packed: bool) -> Layout:
        """Read off an encoder what its batches must look like."""
        config = encoder.config
        model_type, pad = str(config.model_type), int(config.pad_token_id or 0)  # type: ignore[union-attr, arg-type]
        return cls(
            packed=packed,
            pad=pad,
            segments=_segments(encoder, model_type),
            first_position=position_offset(model_type, pad),
            model_type=model_type,
        )


def _segments(encoder: nn.Module, model_type: str) -> int:
    if "token_type_ids" not in inspect.signature(encoder.forward).parameters:
        return 0
    return int(getattr(encoder.config, "type_vocab_size", XLNET_SEGMENTS.get(model_type, 0)))


def collate(
    layout: Layout,
    sequences: Sequence[Tensor],
    segments: Sequence[Tensor],
    labels: Tensor,
    device: torch.device,
) -> Batch:
    """Lay out token sequences (each `[tokens]`, int64) and their segments as one batch."""
    # RoBERTa has a single kind of segment: a second one would be looked up out of range.
    kinds = [part.clamp(max=layout.segments - 1) for part in segments] if layout.segments else None
    rows = sequences if layout.rows is None else [layout.rows[ids] for ids in sequences]
    lengths = [len(sequence) for sequence in sequences]
    inputs = (_packed if layout.packed else _padded)(layout, rows, kinds)
    return Batch(
        inputs={name: to_device(tensor, device) for name, tensor in inputs.items()},
        labels=to_device(labels, device),
        packing=Packing.of(lengths, device) if layout.packed else None,
        tokens=sum(lengths),
    )


def _packed(
    layout: Layout, sequences: Sequence[Tensor], kinds: Sequence[Tensor] | None
) -> dict[str, Tensor]:
    positions = [torch.arange(len(ids)) + layout.first_position for ids in sequences]
    inputs = {"input_ids": torch.cat(list(sequences)), "position_ids": torch.cat(positions)}
    if kinds is not None:
        inputs["token_type_ids"] = torch.cat(list(kinds))
    return {name: row.unsqueeze(0) for name, row in inputs.items()}


def _padded(
    layout: Layout, sequences: Sequence[Tensor], kinds: Sequence[Tensor] | None
) -> dict[str, Tensor]:
    pad = partial(pad_sequence, batch_first=True, padding_side=layout.side)
    inputs = {
        "input_ids": pad(list(sequences), padding_value=layout.pad),
        "attention_mask": pad([torch.ones_like(sequence) for sequence in sequences]),
    }
    if kinds is not None:
        inputs["token_type_ids"] = pad(list(kinds))
    return inputs
