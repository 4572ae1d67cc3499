"""Rows of one method that differ in two numbers, fully crossed: the cells of a heat map.

What a row's settings are is read from the specs of its runs, never from its label.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dpsrun.report.aggregate import Cell, Row
from dpsrun.report.read import Report
from dpsrun.runs.spec import RunSpec

Specs = Mapping[str, RunSpec]
"""Task -> what the runs of a row do on it; the specs of a cell differ in the seeds alone."""

Known = tuple[Row, Specs]
"""A row, and what is known of its runs."""

Point = tuple[float, float]
"""A value of each of the two settings."""


@dataclass(frozen=True)
class Ablation:
    """The crossing of two settings of a method on a model in a scenario.

    Attributes:
        method: name of the method.
        names: what the two settings are called, with `params.` or `training.` before it.
        rows: a row for each pair of values.
        references: other rows of the scenario and the model that lack one of the settings.
    """

    method: str
    names: tuple[str, str]
    rows: Mapping[Point, Row]
    references: tuple[Row, ...]

    @property
    def model(self) -> str:
        """Label of the model."""
        return next(iter(self.rows.values())).model

    @property
    def scenario(self) -> str:
        """Label of the scenario."""
        return next(iter(self.rows.values())).scenario

    @property
    def settings(self) -> tuple[str, str]:
        """Names of the settings as a reader knows them."""
        first, second = (name.partition(".")[2] for name in self.names)
        return first, second

    @property
    def values(self) -> tuple[list[float], list[float]]:
        """The values of each setting, ascending."""
        return sorted({x for x, _ in self.rows}), sorted({y for _, y in self.rows})

    @property
    def crossed(self) -> bool:
        """Whether there is a row for every pair of values."""
        return set(self.rows) == set(itertools.product(*self.values))

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks that its rows have, in the order of the table."""
        cells = (cell for row in self.rows.values() for cell in row.cells if cell.expected)
        return tuple(dict.fromkeys(cell.column.task for cell in cells))

    def cell(self, x: float, y: float, task: str) -> Cell:
        """Give the cell of a task at a pair of values."""
        return cell_of(self.rows[x, y], task)


def cell_of(row: Row, task: str) -> Cell:
    """Give a row's cell of a task that its table has."""
    return next(cell for cell in row.cells if cell.column.task == task)


def ablations(report: Report) -> tuple[Ablation, ...]:
    """Find all crossings of exactly two numeric settings in a grid."""
    places: dict[tuple[str, str], list[Known]] = {}
    for row in report.last.rows:
        if specs := _specs(report, row):
            places.setdefault((row.scenario, row.model), []).append((row, specs))
    return tuple(found for rows in places.values() for found in _crossings(rows) if found.crossed)


def _specs(report: Report, row: Row) -> Specs:
    return {
        cell.column.task: entry.spec
        for cell in row.cells
        for entry in report.runs(row, cell.column.task)
        if entry.spec
    }


def _crossings(rows: Sequence[Known]) -> Iterator[Ablation]:
    """Find the methods whose rows differ in exactly two settings, numbers in every row."""
    methods: dict[str, list[Known]] = {}
    for row, specs in rows:
        methods.setdefault(next(iter(specs.values())).method, []).append((row, specs))
    for method, own in methods.items():
        match _varied([specs for _, specs in own]):
            case [first, second]:
                at = [(_value(specs, first), _value(specs, second), row) for row, specs in own]
                points = {(x, y): row for x, y, row in at if x is not None and y is not None}
                lacking = (row for row, specs in rows if not _have(specs, first, second))
                if len(points) == len(own):
                    yield Ablation(method, (first, second), points, tuple(lacking))


def _varied(rows: Sequence[Specs]) -> list[str]:
    """Name the settings that differ between rows on the same task."""
    found: dict[str, None] = {}
    for task in dict.fromkeys(task for specs in rows for task in specs):
        first, *others = (_settings(specs[task]) for specs in rows if task in specs)
        names = dict.fromkeys(name for settings in (first, *others) for name in settings)
        varied = (n for n in names if any(other.get(n) != first.get(n) for other in others))
        found |= dict.fromkeys(varied)
    return list(found)


def _settings(spec: RunSpec) -> dict[str, Any]:
    training = spec.training.model_dump(mode="json")
    return {f"params.{name}": value for name, value in spec.params.items()} | {
        f"training.{name}": value for name, value in training.items()
    }


def _have(specs: Specs, *names: str) -> bool:
    return all(name in _settings(spec) for spec in specs.values() for name in names)


def _value(specs: Specs, name: str) -> float | None:
    """Give the number that a setting has on all tasks of a row, if it is one."""
    first, *others = (_settings(spec).get(name) for spec in specs.values())
    number = isinstance(first, int | float) and not isinstance(first, bool)
    return first if number and all(other == first for other in others) else None
