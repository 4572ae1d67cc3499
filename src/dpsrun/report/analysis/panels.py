"""What figures show of each method: a panel for each task in each scenario and on each model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.named import Place
from dpsrun.report.read import Report

T = TypeVar("T")


@dataclass(frozen=True)
class Panel(Generic[T]):
    """What the methods of a place come to on a task.

    Attributes:
        place: labels of the scenario and the model.
        task: title of the column.
        order: labels of all methods of the place, in the order of the grid.
        of: method -> what is shown of it, for those of which there is something.
        reference: label of the method that others are compared with; None without such.
        chance: the score of a constant guess, where it is known and shown.
    """

    place: Place
    task: str
    order: tuple[str, ...]
    of: Mapping[str, T]
    reference: str | None
    chance: float | None = None


def panels(
    report: Report, found: Mapping[Place, Row], of: Callable[[Row, Cell], T | None]
) -> tuple[Panel[T], ...]:
    """Give the panels in which there is something to show.

    Args:
        report: read from a results folder.
        found: the `references` of it.
        of: gives what is shown of a method on a task; None for nothing.
    """
    orders: dict[Place, list[str]] = {}
    shown: dict[tuple[Place, str], dict[str, T]] = {}
    for row in report.main.rows:
        orders.setdefault(row.place, []).append(row.method)
        for cell in row.cells:
            if (value := of(row, cell)) is not None:
                shown.setdefault((row.place, cell.column.title), {})[row.method] = value
    return tuple(
        Panel(place, column.title, tuple(order), shown[place, column.title], _label(found, place))
        for place, order in orders.items()
        for column in report.main.columns
        if (place, column.title) in shown
    )


def _label(found: Mapping[Place, Row], place: Place) -> str | None:
    return found[place].method if place in found else None
