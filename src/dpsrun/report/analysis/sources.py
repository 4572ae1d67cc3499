"""Where the spread of a cell comes from, if its grid crosses seeds of the head and of the order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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

    def by_chance(self, seeds: int) -> float:
        """Give the share that either source has on average where scores are noise alone."""
        return (seeds - 1) / (self.heads * self.orders - 1)


def sources(report: Report) -> tuple[Sources, ...]:
    """Part the variance of each cell whose runs cross both seeds without a gap."""
    found = (_sources(report, row, cell) for row in report.main.rows for cell in row.cells)
    return tuple(each for of_cell in found for each in of_cell)


def gaps(report: Report) -> tuple[tuple[Row, Cell], ...]:
    """Give the cells that cross both seeds and have no parts, for a run of them has no score."""
    cells = ((row, cell) for row in report.main.rows for cell in row.cells if cell.scores)
    lacking = ((row, cell) for row, cell in cells if len(cell.scores) < cell.expected)
    return tuple(each for each in lacking if _is_crossed(_seeds(report, *each).values()))


def _is_crossed(seeds: Iterable[tuple[int, int]]) -> bool:
    known = set(seeds)
    heads, orders = ({seed[axis] for seed in known} for axis in (0, 1))
    return min(len(heads), len(orders)) > 1 and len(known) == len(heads) * len(orders)


def _seeds(report: Report, row: Row, cell: Cell) -> Mapping[str, tuple[int, int]]:
    return {
        entry.member.labels.seed: (entry.spec.seeds.init, entry.spec.seeds.order)
        for entry in report.runs(row, cell.column.task)
        if entry.spec
    }


def _sources(report: Report, row: Row, cell: Cell) -> Iterator[Sources]:
    seeds = _seeds(report, row, cell)
    crossed = {seeds[label]: score for label, score in cell.scores.items() if label in seeds}
    shares = variance_shares(crossed) if len(crossed) == len(cell.scores) else None
    if shares:
        heads, orders = (len({key[axis] for key in crossed}) for axis in (0, 1))
        yield Sources(*row.key, cell.column.title, heads, orders, shares)
