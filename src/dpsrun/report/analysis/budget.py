"""What the best of several runs is worth, method by method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.analysis.panels import Panel, panels
from dpsrun.report.named import Place
from dpsrun.report.read import Report
from dpsrun.report.statistics.budget import Best, expected_best

FEWEST = 3
"""Fewer scores than this show no growth worth a line."""


@dataclass(frozen=True)
class Budget:
    """The expected best score of 1 to n runs, and between which scores it must lie.

    Runs without a score are none of the n of the `expected` ones.
    """

    best: tuple[Best, ...]
    low: float
    high: float
    expected: int


def budgets(report: Report, found: Mapping[Place, Row]) -> tuple[Panel[Budget], ...]:
    """Give the budgets of cells that have enough scores; `found` are the `references`."""
    return panels(report, found, lambda _, cell: _budget(cell))


def _budget(cell: Cell) -> Budget | None:
    scores = tuple(cell.scores.values())
    if len(scores) < FEWEST:
        return None
    return Budget(tuple(expected_best(scores)), min(scores), max(scores), cell.expected)
