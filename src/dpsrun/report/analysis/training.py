"""How the score grows from epoch to epoch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dpsrun.report.aggregate import Row, Summary, summarise
from dpsrun.report.analysis.panels import Panel, panels
from dpsrun.report.named import Place
from dpsrun.report.read import Entry, Report

Epochs = Mapping[int, Summary]
"""Epoch -> the scores after it, over the runs that came to their end and have one there."""


def trainings(report: Report, found: Mapping[Place, Row]) -> tuple[Panel[Epochs], ...]:
    """Give the epochs of each task on which there are several; `found` are the `references`."""
    shown = panels(report, found, lambda row, cell: _epochs(report.runs(row, cell.column.task)))
    return tuple(panel for panel in shown if any(len(epochs) > 1 for epochs in panel.of.values()))


def _epochs(entries: Iterable[Entry]) -> Epochs | None:
    scores: dict[int, list[float]] = {}
    for entry in entries:
        for evaluation in entry.trained.evaluations if entry.trained else ():
            if evaluation.primary is not None:
                scores.setdefault(evaluation.epoch, []).append(evaluation.primary)
    return {epoch: summarise(scores[epoch]) for epoch in sorted(scores)} or None
