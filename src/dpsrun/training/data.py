"""The examples of a run as batches on its device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor

from dpsrun.models.batch import Batch
from dpsrun.models.layout import Layout, collate
from dpsrun.tasks.encoded import Encoded

EVALUATION_TOKENS = {"cpu": 4096, "cuda": 32768}
"""Tokens of one evaluation batch by kind of device; on a CPU more gains nothing."""


@dataclass(frozen=True)
class Feed:
    """Builds batches of one split; `rows` are positions in the split."""

    split: Encoded
    layout: Layout
    device: torch.device

    def batch(self, rows: Sequence[int]) -> Batch:
        """Lay out the examples of `rows`."""
        spans = [slice(self.split.offsets[row], self.split.offsets[row + 1]) for row in rows]
        sequences = [torch.from_numpy(self.split.tokens[span].astype(np.int64)) for span in spans]
        segments = [torch.from_numpy(self.split.segments[span].astype(np.int64)) for span in spans]
        labels = torch.from_numpy(self.split.labels[list(rows)])
        return collate(self.layout, sequences, segments, labels, self.device)

    def sorted_batches(self) -> Iterator[tuple[list[int], Batch]]:
        """Go through the split from long to short, a budget of tokens at a time."""
        rows = np.argsort(-self.split.lengths, kind="stable").tolist()
        budget = EVALUATION_TOKENS[self.device.type]
        while rows:
            count = max(1, budget // int(self.split.lengths[rows[0]]))
            head, rows = rows[:count], rows[count:]
            yield head, self.batch(head)


def training_steps(
    rows: Sequence[int], *, batch_size: int, total_steps: int, order: Generator, taken: int = 0
) -> Iterator[tuple[int, list[int], bool]]:
    """Yield `(epoch, rows of the step, last of its epoch)`; every epoch has an order of its own.

    The last batch of an epoch may be ragged; nothing is dropped. Where `taken` steps, which are
    whole epochs, are behind us, `order` must have drawn those epochs and no more.
    """
    chunks = range(0, len(rows), batch_size)
    epoch = taken // len(chunks)
    while taken < total_steps:
        epoch += 1
        shuffled = torch.randperm(len(rows), generator=order).tolist()
        for start in chunks[: total_steps - taken]:
            taken += 1
            chosen = [rows[i] for i in shuffled[start : start + batch_size]]
            yield epoch, chosen, start == chunks[-1] or taken == total_steps


def one_pass(feed: Feed, rows: Sequence[int], size: int, order: Generator) -> Iterator[Batch]:
    """Go once through the examples of `rows`, shuffled, in batches of `size`."""
    shuffled = [rows[i] for i in torch.randperm(len(rows), generator=order).tolist()]
    return map(feed.batch, micro_batches(shuffled, size))


def micro_batches(rows: Sequence[int], size: int | None) -> Iterator[Sequence[int]]:
    """Cut the rows of a step into micro-batches of at most `size` examples."""
    step = size or len(rows)
    for start in range(0, len(rows), step):
        yield rows[start : start + step]


def as_array(logits: Tensor, *, regression: bool) -> NDArray[np.float32]:
    """Give logits as the metrics take them: `[examples, classes]`, or `[examples]` scores."""
    values = logits.squeeze(-1) if regression else logits
    return values.float().cpu().numpy().astype(np.float32, copy=False)
