"""What a run reads: the examples it trains on, those it is scored on, and the further sets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dpsrun.runs.store import Order
from dpsrun.tasks import metrics
from dpsrun.tasks.declared import find
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.subset import stratified
from dpsrun.tasks.task import Task
from dpsrun.tasks.tokens import open_tokens
from dpsrun.training.further import FurtherSet, open_sets


@dataclass(frozen=True)
class Inputs:
    """The tokens of a run, mapped read-only.

    Attributes:
        task: what it is trained on.
        train: the training split, whole.
        rows: the examples of it that the scenario leaves.
        evaluation: the task's own evaluation splits, by name.
        further: the further evaluation sets, by name.
    """

    task: Task
    train: Encoded
    rows: tuple[int, ...]
    evaluation: Mapping[str, Encoded]
    further: Mapping[str, FurtherSet]

    @classmethod
    def open(cls, order: Order) -> Inputs:
        """Open what the order names."""
        task = find(order.spec.task, order.declared)
        splits = open_tokens(Path(order.places.tokens))
        return cls(
            task=task,
            train=splits[task.train],
            rows=_training_rows(splits[task.train], task, order),
            evaluation={split: splits[split] for split in task.evaluation},
            further=open_sets(order, task),
        )

    @property
    def further_data(self) -> dict[str, Encoded]:
        """Give the examples of the further sets, by name."""
        return {name: each.data for name, each in self.further.items()}

    @property
    def majority(self) -> dict[str, float | None]:
        """Give the share of the most frequent class of each evaluation split."""
        return {
            split: metrics.majority(self.task, data.labels)
            for split, data in self.evaluation.items()
        }

    def texts(self) -> Iterator[NDArray[np.int32]]:
        """Give the tokens of all that the model will read."""
        train = self.train
        yield from (train.tokens[train.offsets[row] : train.offsets[row + 1]] for row in self.rows)
        yield from (data.tokens for data in self.evaluation.values())
        yield from (data.tokens for data in self.further_data.values())


def _training_rows(split: Encoded, task: Task, order: Order) -> tuple[int, ...]:
    wanted = order.spec.scenario.examples
    if wanted is None:
        return tuple(range(len(split)))
    seed = order.spec.seeds.subset
    chosen = stratified(split.labels, wanted, seed, regression=task.regression)
    return tuple(int(row) for row in chosen)
