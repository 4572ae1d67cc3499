"""Predictions and scores of a model on the evaluation splits of a task."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from dpsrun.models.classifier import Classifier
from dpsrun.models.precision import autocast
from dpsrun.runs.result import Metrics
from dpsrun.runs.spec import Precision
from dpsrun.tasks import metrics
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.task import Task
from dpsrun.training.data import Feed, as_array
from dpsrun.training.guards import DivergedError

Outputs = dict[str, NDArray[np.float32]]
"""Split -> logits `[examples, classes]` or scores `[examples]`, in the split's own order."""


def predict(
    model: Classifier, feeds: Mapping[str, Feed], *, precision: Precision, regression: bool
) -> Outputs:
    """Run the model over every split, without dropout; leaves it in training mode."""
    model.eval()
    with torch.inference_mode():
        found = {
            split: _predict_split(model, feed, precision, regression=regression)
            for split, feed in feeds.items()
        }
    model.train()
    return found


def _predict_split(
    model: Classifier, feed: Feed, precision: Precision, *, regression: bool
) -> NDArray[np.float32]:
    rows: list[int] = []
    parts = []
    for chosen, batch in feed.sorted_batches():
        with autocast(precision, feed.device):
            parts.append(model(batch))
        rows += chosen
    found = as_array(torch.cat(parts), regression=regression)  # the one wait for a GPU
    in_order = np.empty_like(found)
    in_order[rows] = found
    return in_order


def score(
    task: Task, splits: Mapping[str, Encoded], outputs: Outputs, *, step: int
) -> dict[str, Metrics]:
    """Score the outputs of every split; raises DivergedError for a non-finite output."""
    check(outputs, step=step)
    return {
        split: metrics.score(task, splits[split].labels, values)
        for split, values in outputs.items()
    }


def halves(
    task: Task, splits: Mapping[str, Encoded], outputs: Outputs
) -> tuple[float | None, float | None]:
    """Give the primary score on either half of the examples, so that one can select for the other.

    The halves are the same for all runs: by a bit of the SHA-256 of an example's row.
    None where a half has no examples, or no defined score.
    """
    first, second = (_half(task, splits, outputs, bit) for bit in (0, 1))
    return first, second


def _half(task: Task, splits: Mapping[str, Encoded], outputs: Outputs, bit: int) -> float | None:
    found: dict[str, Metrics] = {}
    for split, values in outputs.items():
        rows = [_bit(row) == bit for row in splits[split].index.tolist()]
        if not any(rows):
            return None
        found[split] = metrics.score(task, splits[split].labels[rows], values[rows])
    return metrics.primary(task, found)


@cache
def _bit(row: int) -> int:
    return hashlib.sha256(b"%d" % row).digest()[0] & 1


def check(outputs: Outputs, *, step: int) -> None:
    """Raise DivergedError for a non-finite output."""
    for split, values in outputs.items():
        if not np.isfinite(values).all():
            raise DivergedError(step, f"logits on {split}")
