"""Where the spread of a cell comes from, if its grid crosses seeds of the head and of the order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.named import Named
from dpsrun.report.read import Report
from dpsrun.report.statistics.sources import Shares, variance_shares


@dataclass(frozen=True)
class Sources(Named):
    """The parts of a cell's variance; heads and orders count the crossed seeds."""

    task: str
    heads: int
    orders: int
    shares: Shares


def sources(report: Report) -> tuple[Sources, ...]:
    """Part the variance of each cell whose runs cross both seeds without a gap."""
    found = (_sources(report, row, cell) for row in report.main.rows for cell in row.cells)
    return tuple(each for of_cell in found for each in of_cell)


def _sources(report: Report, row: Row, cell: Cell) -> Iterator[Sources]:
    seeds = {
        entry.member.labels.seed: (entry.spec.seeds.init, entry.spec.seeds.order)
        for entry in report.runs(row, cell.column.task)
        if entry.spec
    }
    crossed = {seeds[label]: score for label, score in cell.scores.items() if label in seeds}
    shares = variance_shares(crossed) if len(crossed) == len(cell.scores) else None
    if shares:
        heads, orders = (len({key[axis] for key in crossed}) for axis in (0, 1))
        yield Sources(*row.key, cell.column.title, heads, orders, shares)
