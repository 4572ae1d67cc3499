"""The scores of single runs, method by method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.analysis.panels import Panel, panels
from dpsrun.report.analysis.sizes import chance
from dpsrun.report.named import Place
from dpsrun.report.read import Report


def distributions(report: Report, found: Mapping[Place, Row]) -> tuple[Panel[Cell], ...]:
    """Give the cells of each task that has a score; `found` are the `references`."""
    cells = panels(report, found, lambda _, cell: cell if cell.expected else None)
    scored = (panel for panel in cells if any(cell.scores for cell in panel.of.values()))
    return tuple(replace(panel, chance=_chance(report, panel)) for panel in scored)


def _chance(report: Report, panel: Panel[Cell]) -> float | None:
    keys = ((*panel.place, method, cell.column.task) for method, cell in panel.of.items())
    entries = (entry for key in keys for entry in report.entries_of[key])
    return chance([entry.trained for entry in entries if entry.trained])
