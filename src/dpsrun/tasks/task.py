"""What a task is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

LABEL = "label"
"""The column of the class number or score, the same in every data set."""

HIDDEN = -1
"""The label of an example whose class or score is not told."""

OWN = "own"
"""The family of the tasks that grid files declare."""

AVERAGE = "average"
"""The column of averages in tables; no task may be called so."""

CLASS_METRICS = ("accuracy", "f1", "matthews")
SCORE_METRICS = ("pearson", "spearman")
"""What `tasks.metrics` computes for classes and for regression; the first tells a failed run."""


@dataclass(frozen=True)
class Task:
    """A sentence (pair) classification or regression task.

    Attributes:
        name: what a grid file calls it.
        family: where its data come from as a group (`glue`, `mini`).
        config: the task's folder within its family (`stsb`).
        summary: one line for `dpsrun tasks`.
        text: names of the one or two text columns.
        labels: names of the classes in the order of their numbers; empty for regression.
        metrics: what is computed for each evaluation split, the names of `tasks.metrics`.
        primary: the metrics whose mean over metrics and splits is the primary score.
        train: name of the training split; empty for a task that can only be evaluated on.
        evaluation: names of the splits scored after each epoch.
        test: names of the splits that are never scored here; their labels may be hidden (-1).
        scale: lowest and highest score of a regression task.
        options: settings of a generated task.
        files: split -> absolute path, for a task that a grid file declares.
        label: the column of the class or score in files that are not in the hub's layout.
        aliases: what the data may call a class -> its name.
        drop_unlabelled: whether examples without a label (-1) are left out of every split.
        quoted: whether the fields of a TSV file may stand in quotation marks.
    """

    name: str
    family: str
    config: str
    summary: str
    text: tuple[str, ...]
    labels: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ("accuracy",)
    primary: tuple[str, ...] = ("accuracy",)
    train: str = "train"
    evaluation: tuple[str, ...] = ("validation",)
    test: tuple[str, ...] = ("test",)
    scale: tuple[float, float] = (0.0, 5.0)
    options: Mapping[str, object] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)
    label: str = LABEL
    aliases: Mapping[str, str] = field(default_factory=dict)
    drop_unlabelled: bool = False
    quoted: bool = False

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that a run reads: training and evaluation."""
        return (self.train, *self.evaluation) if self.train else self.evaluation

    @property
    def regression(self) -> bool:
        """Whether the label is a number on a scale."""
        return not self.labels

    @property
    def outputs(self) -> int:
        """How many numbers the head gives for an example."""
        return len(self.labels) or 1


def set_name(task: Task, split: str) -> str:
    """Name a split of a task as an evaluation set: `sick:test`."""
    return f"{task.name}:{split}"


def set_parts(name: str) -> tuple[str, str]:
    """Give the task and the split that `set_name` joined."""
    task, _, split = name.partition(":")
    return task, split
