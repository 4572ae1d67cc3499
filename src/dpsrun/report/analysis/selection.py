"""What DPS selects in the course of training: how much it keeps, and how much of that is new."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dpsrun.report.aggregate import Row
from dpsrun.report.analysis.panels import Panel, panels
from dpsrun.report.named import Place
from dpsrun.report.read import Entry, Report


@dataclass(frozen=True)
class Choice:
    """One selection.

    Attributes:
        progress: the share of the optimiser steps that were done when it was made.
        kept: the share of the weights that it lets through.
        turnover: the share of those that the selection before had not let through; None for the
            first.
    """

    progress: float
    kept: float
    turnover: float | None


@dataclass(frozen=True)
class Selections:
    """The selections of each run of a cell, and the mean of those made at the same time."""

    runs: tuple[tuple[Choice, ...], ...]
    mean: tuple[Choice, ...]


def selections(report: Report, found: Mapping[Place, Row]) -> tuple[Panel[Selections], ...]:
    """Give the selections of cells whose results tell them; `found` are the `references`."""
    return panels(report, found, lambda row, cell: _all(report.runs(row, cell.column.task)))


def _all(entries: Iterable[Entry]) -> Selections | None:
    recorded = (_choices(entry.trained.method) for entry in entries if entry.trained)
    runs = tuple(choices for choices in recorded if choices)
    return Selections(runs, tuple(_means(runs))) if runs else None


def _choices(method: Mapping[str, Any]) -> tuple[Choice, ...]:
    """Read the record of a method, or that of the part of a combination that selects."""
    for record in (method, *method.values()):
        if isinstance(record, Mapping) and record.get("cycles") and record.get("steps"):
            steps = record["steps"]
            return tuple(
                Choice(cycle["step"] / steps, cycle["kept"], cycle["turnover"])
                for cycle in record["cycles"]
            )
    return ()


def _means(runs: Sequence[Sequence[Choice]]) -> Iterator[Choice]:
    together: dict[float, list[Choice]] = {}
    for choice in (choice for choices in runs for choice in choices):
        together.setdefault(choice.progress, []).append(choice)
    for progress, choices in sorted(together.items()):
        changed = [choice.turnover for choice in choices if choice.turnover is not None]
        kept = fmean(choice.kept for choice in choices)
        yield Choice(progress, kept, fmean(changed) if changed else None)
