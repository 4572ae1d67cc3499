"""How the classes of one task are those of another, so that one model is scored on both.

Three-way inference is coarser in two: what is neutral or a contradiction is not entailed. A model
of three classes is scored on a set of two, and the other way round, in the two that both know:
predicted classes and labels are renamed alike, as in the published evaluation of DPS, which counts
a predicted contradiction as "not entailed" (github.com/ZhangHaojie077/DPS at b8e41a8).
"""

from __future__ import annotations

from dataclasses import dataclass

from dpsrun.errors import UserError
from dpsrun.tasks.task import Task

COARSER = {"neutral": "not_entailment", "contradiction": "not_entailment"}
"""Class of a finer task -> the class of a coarser one that holds it."""


@dataclass(frozen=True)
class LabelMap:
    """The classes in which a model's predictions and a set's labels are compared.

    Attributes:
        classes: their names; none for regression.
        predicted: number of the class for each output of the model.
        labelled: number of the class for each label of the set.
    """

    classes: tuple[str, ...]
    predicted: tuple[int, ...]
    labelled: tuple[int, ...]


def label_map(trained: Task, other: Task) -> LabelMap:
    """Say how a model of `trained` is scored on `other`; raises UserError if it cannot be."""
    if trained.regression and other.regression and trained.scale == other.scale:
        return LabelMap((), (), ())
    fine, coarse = (_renamed(task.labels) for task in (trained, other))
    for classes in (other.labels, trained.labels):
        for mine in (trained.labels, fine):
            for theirs in (other.labels, coarse):
                if classes and set(mine) == set(theirs) == set(classes):
                    return LabelMap(classes, _numbers(mine, classes), _numbers(theirs, classes))
    raise UserError(
        f"a model of {trained.name} ({_described(trained)}) cannot be scored on "
        f"{other.name} ({_described(other)})"
    )


def _renamed(labels: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(COARSER.get(label, label) for label in labels)


def _numbers(names: tuple[str, ...], classes: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(classes.index(name) for name in names)


def _described(task: Task) -> str:
    low, high = task.scale
    return ", ".join(task.labels) or f"a score from {low:g} to {high:g}"
