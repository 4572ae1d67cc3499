"""Where a row cannot be compared with its reference, for one of them has no score."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from dpsrun.report.aggregate import Cell, Row, Table
from dpsrun.report.analysis.reference import pairs
from dpsrun.report.named import Named, Place


@dataclass(frozen=True)
class Lack(Named):
    """A task on which there is nothing to compare.

    Attributes:
        task: title of the column.
        reference: label of the reference's row.
        own: the row's cell.
        other: the reference's; one of the two has no score.
    """

    task: str
    reference: str
    own: Cell
    other: Cell


def lacks(table: Table, found: Mapping[Place, Row]) -> Iterator[Lack]:
    """List the cells of the grid that have no difference; `found` are the `references`."""
    for row, reference in pairs(table, found):
        for own, other in zip(row.cells, reference.cells, strict=True):
            if own.expected and not (own.scores and other.scores):
                yield Lack(*row.key, own.column.title, reference.method, own, other)
