"""The labels of a row, by which everything that is said of it is found again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from dpsrun.runs.spec import Labels

Place = tuple[str, str]
"""Labels of the scenario and the model: what rows that are compared have in common."""

RowKey = tuple[str, str, str]
"""Labels of the scenario, the model and the method."""

T = TypeVar("T", bound="Named")


@dataclass(frozen=True)
class Named:
    """A row of a table, or something that is said of one; its fields are labels of the grid."""

    scenario: str
    model: str
    method: str

    @property
    def place(self) -> Place:
        """What it shares with the rows that it may be compared with."""
        return self.scenario, self.model

    @property
    def key(self) -> RowKey:
        """What no other row of the table has."""
        return self.scenario, self.model, self.method


def row_key(labels: Labels) -> RowKey:
    """Give the key of the row that a run of a grid belongs to."""
    return labels.scenario, labels.model, labels.method


def by_place(found: Iterable[T]) -> dict[Place, list[T]]:
    """Part rows, or what is said of them, by scenario and model; the order stays."""
    places: dict[Place, list[T]] = {}
    for each in found:
        places.setdefault(each.place, []).append(each)
    return places
