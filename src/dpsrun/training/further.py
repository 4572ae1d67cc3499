"""The further sets that a trained model is put to: other tasks' splits, and test splits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dpsrun.runs.result import SetScore
from dpsrun.runs.store import Order
from dpsrun.tasks import metrics
from dpsrun.tasks.declared import find
from dpsrun.tasks.encoded import Encoded
from dpsrun.tasks.labels import LabelMap, label_map
from dpsrun.tasks.task import HIDDEN, Task, set_parts
from dpsrun.tasks.tokens import open_tokens


@dataclass(frozen=True)
class FurtherSet:
    """One split with the classes in which a model of another task is scored on it."""

    task: Task
    data: Encoded
    classes: LabelMap

    def score(self, outputs: NDArray[np.float32]) -> SetScore:
        """Score the model's outputs, `[examples, classes]` or `[examples]`."""
        if (self.data.labels == HIDDEN).all():
            return SetScore(examples=len(self.data))
        if self.task.regression:
            found = metrics.score(self.task, self.data.labels, outputs)
            return SetScore(
                examples=len(self.data), metrics=found, primary=metrics.mean(self.task, found)
            )
        labels = np.asarray(self.classes.labelled)[self.data.labels]
        predictions = np.asarray(self.classes.predicted)[outputs.argmax(axis=1)]
        found = metrics.compare(self.task.metrics, labels, predictions)
        return SetScore(
            examples=len(self.data),
            metrics=found,
            primary=metrics.mean(self.task, found),
            majority=metrics.majority(self.task, labels),
            classes=self.classes.classes,
        )


def open_sets(order: Order, trained: Task) -> Mapping[str, FurtherSet]:
    """Map the tokens of a run's further sets, by name."""
    return {
        name: _open(name, Path(folder), order, trained)
        for name, folder in order.places.evaluate.items()
    }


def _open(name: str, folder: Path, order: Order, trained: Task) -> FurtherSet:
    task_name, split = set_parts(name)
    task = find(task_name, order.declared)
    return FurtherSet(task, open_tokens(folder)[split], label_map(trained, task))
