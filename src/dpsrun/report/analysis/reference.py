"""The row that others are compared with: one for each scenario and model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dpsrun.errors import UserError, nearest
from dpsrun.report.aggregate import Row, Table
from dpsrun.report.named import Place, by_place
from dpsrun.report.read import Report

BASELINE = "vanilla"
"""The method that others are compared with unless another is named."""


def references(report: Report, against: str | None = None) -> Mapping[Place, Row]:
    """Give the reference of each place of a report that has several rows.

    It is the row with the label `against`; without one, that called vanilla, else the first row of
    that method, else the first.
    Raises UserError if no place has that label.
    """
    places = by_place(report.main.rows)
    found = {place: _reference(report, rows, against) for place, rows in places.items()}
    if against is not None and not any(found.values()):
        labels = dict.fromkeys(row.method for row in report.main.rows)
        near = nearest(against, labels)
        raise UserError(f"--against: grid {report.grid} has no method {against!r}: {near}")
    return {place: row for place, row in found.items() if row and len(places[place]) > 1}


def _reference(report: Report, rows: list[Row], against: str | None) -> Row | None:
    if against is not None:
        return next((row for row in rows if row.method == against), None)
    vanilla = [row for row in rows if _method(report, row) == BASELINE]
    return next((row for row in vanilla if row.method == BASELINE), (vanilla or rows)[0])


def _method(report: Report, row: Row) -> str | None:
    """Name the method that a row's label stands for."""
    entries = (entry for cell in row.cells for entry in report.runs(row, cell.column.task))
    return next((entry.spec.method for entry in entries if entry.spec), None)


def pairs(table: Table, found: Mapping[Place, Row]) -> Iterator[tuple[Row, Row]]:
    """Give each row that has a reference with it, in the order of the table."""
    for row in table.rows:
        reference = found.get(row.place)
        if reference is not None and reference is not row:
            yield row, reference
