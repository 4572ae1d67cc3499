"""The score by the number of training examples, where a grid has more than one size of a task.

A method that was trained with one number of examples alone has no curve.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.read import Entry, Report
from dpsrun.runs.result import Evaluation, Result
from dpsrun.runs.spec import Scenario

CORRELATIONS = ("matthews", "pearson", "spearman")
"""Metrics in which a guess that is the same for all examples has, or is given, 0."""


@dataclass(frozen=True)
class Size:
    """A scenario of a task: its label, and its training examples."""

    scenario: str
    examples: int


@dataclass(frozen=True)
class Curve:
    """What a method on a model comes to with more and more examples."""

    model: str
    method: str
    points: tuple[tuple[Size, Cell], ...]


@dataclass(frozen=True)
class Panel:
    """The curves of a task; `chance` is the score of a constant guess, if the runs tell."""

    task: str
    sizes: tuple[Size, ...]
    curves: tuple[Curve, ...]
    chance: float | None


def panels(report: Report) -> tuple[Panel, ...]:
    """Give the tasks that were trained with different numbers of examples, with their curves."""
    tasks = (column.task for column in report.last.columns)
    found = (_panel(report, task, tuple(_rows(report, task))) for task in tasks)
    return tuple(panel for panel in found if panel.curves)


def _rows(report: Report, task: str) -> Iterator[tuple[Row, Cell, Size]]:
    """Give the rows that have the task, those of fewer examples first."""
    rows = [
        (row, cell, Size(row.scenario, examples))
        for row in report.last.rows
        for cell in row.cells
        if cell.column.task == task and (examples := _examples(report.runs(row, task)))
    ]
    yield from sorted(rows, key=lambda found: found[2].examples)


def _examples(entries: Iterable[Entry]) -> int | None:
    """Count the training examples: as ordered, else as the scenario's label says."""
    for entry in entries:
        if entry.order:
            return entry.order.train_examples
        try:
            return Scenario.parse(entry.member.labels.scenario).examples
        except ValueError:
            continue
    return None


def _panel(report: Report, task: str, rows: Sequence[tuple[Row, Cell, Size]]) -> Panel:
    points: dict[tuple[str, str], list[tuple[Size, Cell]]] = {
        (row.model, row.method): [] for row in report.last.rows
    }
    for row, cell, size in rows:
        points[row.model, row.method].append((size, cell))
    curves = (Curve(*name, tuple(own)) for name, own in points.items())
    results = [e.trained for row, *_ in rows for e in report.runs(row, task) if e.trained]
    return Panel(
        task=task,
        sizes=tuple(dict.fromkeys(size for *_, size in rows)),
        curves=tuple(c for c in curves if len({size.examples for size, _ in c.points}) > 1),
        chance=chance(results),
    )


def chance(results: Sequence[Result]) -> float | None:
    """Give the score of a constant guess; None where the primary score is a mean with F1.

    A result does not name its primary metric: it is the one that is the primary score in all.
    """
    evaluations = [r.last for r in results if r.last and r.last.primary is not None]
    shares = list(results[0].majority.values()) if evaluations else []
    known = [share for share in shares if share is not None]
    if shares and (not known or any(_is_primary(name, evaluations) for name in CORRELATIONS)):
        return 0.0
    return fmean(known) if known and _is_primary("accuracy", evaluations) else None


def _is_primary(name: str, evaluations: Iterable[Evaluation]) -> bool:
    return all(_is_score(name, evaluation) for evaluation in evaluations)


def _is_score(name: str, evaluation: Evaluation) -> bool:
    values = [metrics.get(name) for metrics in evaluation.metrics.values()]
    defined = [value for value in values if value is not None]
    primary = evaluation.primary
    return bool(defined) and primary is not None and math.isclose(primary, fmean(defined))
