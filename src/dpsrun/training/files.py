"""The files that an attempt leaves beside its result: the learning curve and the predictions."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from torch import Tensor

from dpsrun.tasks.encoded import Encoded
from dpsrun.training.evaluation import Outputs
from dpsrun.training.loop import StepReport

CURVE_POINTS = 100
"""Rows of the learning curve; each is the mean over a group of steps."""


@dataclass(frozen=True)
class CurvePoint:
    """One optimiser step of the learning curve."""

    epoch: int
    taken: StepReport


def write_curve(path: Path, curve: Sequence[CurvePoint], total_steps: int) -> None:
    """Write the curve as CSV, loss and gradient norm as means over groups of steps."""
    size = max(1, total_steps // CURVE_POINTS)
    groups = [curve[i : i + size] for i in range(0, len(curve), size)]
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["step", "epoch", "loss", "gradient_norm", "learning_rate"])
        writer.writerows(_curve_row(group) for group in groups)


def _curve_row(group: Sequence[CurvePoint]) -> list[float]:
    end = group[-1]
    loss = float(np.mean([point.taken.loss for point in group]))
    norm = float(np.mean([point.taken.gradient_norm for point in group]))
    return [end.taken.step, end.epoch, loss, norm, end.taken.learning_rate]


def pack_curve(curve: Sequence[CurvePoint]) -> Tensor:
    """Put a curve into numbers, `[steps, 6]` float64, for it is as long as the run."""
    rows = [(point.epoch, *astuple(point.taken)) for point in curve]
    return torch.tensor(rows, dtype=torch.float64)


def unpack_curve(rows: Tensor) -> list[CurvePoint]:
    """Give the curve that `pack_curve` was given."""
    return [
        CurvePoint(int(epoch), StepReport(int(step), loss, norm, rate, int(tokens)))
        for epoch, step, loss, norm, rate, tokens in rows.tolist()
    ]


def write_predictions(
    path: Path, outputs: Mapping[str, Outputs], splits: Mapping[str, Encoded]
) -> None:
    """Write every evaluated example at the last and the best epoch, by its row in the data set.

    `outputs`: selection (`last`, `best`) -> split -> logits or scores.
    """
    tables = [
        _table(selection, split, splits[split], values)
        for selection, of_splits in outputs.items()
        for split, values in of_splits.items()
    ]
    pq.write_table(pa.concat_tables(tables), path, write_page_checksum=True)


def _table(selection: str, split: str, data: Encoded, values: NDArray[np.float32]) -> pa.Table:
    outputs = values.reshape(len(data), -1)
    return pa.table(
        {
            "selection": [selection] * len(data),
            "split": [split] * len(data),
            "index": np.asarray(data.index),
            "label": np.asarray(data.labels, dtype=np.float64),
            "outputs": pa.array(list(outputs), type=pa.list_(pa.float32())),
        }
    )
