"""How far scores would move with other evaluation examples, beside how far with other seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.analysis.measured import task_of
from dpsrun.report.analysis.measures import SEED
from dpsrun.report.named import Named
from dpsrun.report.predictions import Archive
from dpsrun.report.read import Entry, Report
from dpsrun.report.statistics.examples import Noise, example_noise
from dpsrun.tasks.task import Task


@dataclass(frozen=True)
class CellNoise(Named):
    """The noise of a cell's scores from the choice of its evaluation examples.

    Attributes:
        task: title of the column.
        examples: how many there are, over all evaluation splits.
        runs: whose predictions can be read.
        scored: runs that have a score.
        over_seeds: sample standard deviation of the scores; None for one run.
        over_examples: standard error of one run's score.
        of_the_mean: standard error of the mean, all runs on the same examples; None where some
            predictions cannot be read.
    """

    task: str
    examples: int
    runs: int
    scored: int
    over_seeds: float | None
    over_examples: float
    of_the_mean: float | None


@dataclass(frozen=True)
class SplitNoise:
    """The noise of one evaluation split, of so many examples, over runs that have predictions."""

    examples: int
    runs: int
    noise: Noise


def noises(report: Report, archive: Archive) -> tuple[CellNoise, ...]:
    """Draw examples anew for each cell of a report whose predictions are in the archive."""
    found = (
        _noise(report, row, cell, archive)
        for row in report.main.rows
        for cell in row.cells
        if cell.scores
    )
    return tuple(each for each in found if each)


def _noise(report: Report, row: Row, cell: Cell, archive: Archive) -> CellNoise | None:
    entries = [
        entry
        for entry in report.runs(row, cell.column.task)
        if entry.member.labels.seed in cell.scores
    ]
    task = next((task for entry in entries if (task := task_of(entry))), None)
    splits = [_of_split(task, split, entries, archive) for split in task.evaluation] if task else []
    known = [split for split in splits if split]
    if not known or len(known) < len(splits):
        return None
    return CellNoise(
        *row.key,
        task=cell.column.title,
        examples=sum(each.examples for each in known),
        runs=(runs := min(each.runs for each in known)),
        scored=len(cell.scores),
        over_seeds=cell.summary.sd,
        over_examples=_of_the_average([each.noise.of_a_run for each in known]),
        of_the_mean=_of_the_average([each.noise.of_the_mean for each in known])
        if runs == len(cell.scores)
        else None,
    )


def _of_the_average(errors: Sequence[float]) -> float:
    """Splits have examples of their own: the variance of their average is that of a mean."""
    return math.sqrt(fmean(error**2 for error in errors) / len(errors))


def _of_split(
    task: Task, split: str, entries: Sequence[Entry], archive: Archive
) -> SplitNoise | None:
    """Give the noise of a split's examples, if all runs were put to the same ones."""
    found = [each for entry in entries if (each := archive.find(entry, split))]
    labels = [each.labels for each in found]
    if not labels or not all(np.array_equal(each, labels[0]) for each in labels):
        return None
    guesses = [each.guesses for each in found]
    noise = example_noise(task.primary, labels[0], guesses, np.random.default_rng(SEED))
    return SplitNoise(len(labels[0]), len(found), noise) if noise else None
