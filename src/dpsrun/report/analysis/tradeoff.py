"""What a score costs: each method's scores beside its seconds of a step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dpsrun.report.aggregate import Cell, Row, Summary
from dpsrun.report.analysis.costs import costs
from dpsrun.report.analysis.panels import Panel, panels
from dpsrun.report.named import Place
from dpsrun.report.read import Report


@dataclass(frozen=True)
class Deal:
    """The seconds of a step, by those of vanilla, and the scores that one has for them."""

    relative_seconds: float
    scores: Summary


def tradeoffs(report: Report, found: Mapping[Place, Row]) -> tuple[Panel[Deal], ...]:
    """Give the deals of tasks with several methods; `found` are the `references`."""
    seconds = {(*cost.key, cost.task): cost.relative_seconds for cost in costs(report)}

    def deal(row: Row, cell: Cell) -> Deal | None:
        relative = seconds.get((*row.key, cell.column.task))
        return Deal(relative, cell.summary) if relative and cell.scores else None

    return tuple(panel for panel in panels(report, found, deal) if len(panel.of) > 1)
