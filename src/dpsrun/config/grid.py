"""A `Grid`: everything about its runs that needs no data and no model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from dpsrun.config.layer import Layer
from dpsrun.config.places import ModelEntry, pairs
from dpsrun.config.yaml import Document, Key
from dpsrun.errors import UserError, nearest
from dpsrun.methods.spec import Params
from dpsrun.runs.spec import Scenario, Seeds, Training
from dpsrun.tasks import registry
from dpsrun.tasks.task import OWN, Task, set_parts

MAX_RUNS = 100_000
"""A grid with more runs is taken for a mistake."""


@dataclass(frozen=True)
class Origin:
    """Where a cell's parts stand in the file, so that late findings can name a line."""

    model: Key
    method: Key
    scenario: Key
    training: Layer
    params: Layer


@dataclass(frozen=True)
class Cell:
    """All runs of a grid that differ only in their seeds.

    Attributes:
        task: name of the task.
        model: label of the model.
        label: what the tables call the method with these settings.
        method: name of the method.
        params: its parameters, complete.
        scenario: what the data are.
        evaluate: further sets that the trained model is put to, as `task:split`.
        training: the training settings, complete; `precision` may still be `auto`.
        seeds: the runs.
        origin: where all that was written.
    """

    task: str
    model: str
    label: str
    method: str
    params: Params
    scenario: Scenario
    evaluate: tuple[str, ...]
    training: Training
    seeds: tuple[Seeds, ...]
    origin: Origin


@dataclass(frozen=True)
class Grid:
    """One grid file, validated.

    Attributes:
        name: of its tables and its manifest.
        models: the encoders that its cells use, each label once.
        data: family of tasks -> folder or hub id; a family left out lies where it usually does.
        cells: its runs, gathered by cell, in the order of the file.
        document: the file with its lines.
        declared: the tasks that the file itself declares, by name.
    """

    name: str
    models: tuple[ModelEntry, ...]
    data: Mapping[str, str]
    cells: tuple[Cell, ...]
    document: Document
    declared: Mapping[str, Task]

    @property
    def tasks(self) -> tuple[str, ...]:
        """Name the tasks that its cells train on, each once."""
        return tuple(dict.fromkeys(cell.task for cell in self.cells))

    @property
    def sets(self) -> tuple[str, ...]:
        """Name the further evaluation sets of its cells, each once."""
        return tuple(dict.fromkeys(name for cell in self.cells for name in cell.evaluate))

    def find(self, task: str) -> Task:
        """Look up a task of this grid, registered or declared."""
        return registry.find(task, self.declared)

    def __len__(self) -> int:
        """Count the runs."""
        return sum(len(cell.seeds) for cell in self.cells)


def seed_label(seeds: Seeds) -> str:
    """Name a run's seeds: `3` where all streams agree, else `i0o3n0u0`."""
    return seeds.slug.removeprefix("s")


def relocate(
    grids: Sequence[Grid], *, models: Iterable[str] = (), data: Iterable[str] = ()
) -> tuple[Grid, ...]:
    """Move models and data to where the command line says: `NAME=PLACE`, `FAMILY=PLACE`.

    NAME is a label or a source of a model. Raises UserError for a name that no grid knows.
    """
    try:
        moved_models, moved_data = dict(pairs(models, "--model")), dict(pairs(data, "--data"))
    except ValueError as error:
        raise UserError(str(error)) from error
    known = {
        name for grid in grids for entry in grid.models for name in (entry.label, entry.source)
    }
    _check_names("--model", moved_models, known)
    _check_names("--data", moved_data, families(grids))
    return tuple(
        replace(
            grid,
            models=tuple(_moved(entry, moved_models) for entry in grid.models),
            data={**grid.data, **moved_data},
        )
        for grid in grids
    )


def families(grids: Iterable[Grid]) -> frozenset[str]:
    """Name the families of the tasks that the grids use."""
    return frozenset(
        grid.find(task).family
        for grid in grids
        for task in (*grid.tasks, *(set_parts(name)[0] for name in grid.sets))
    ) - {OWN}


def _check_names(option: str, given: Iterable[str], known: frozenset[str] | set[str]) -> None:
    for name in given:
        if name not in known:
            raise UserError(f"{option} {name}=...: no grid uses {name!r}; {nearest(name, known)}")


def _moved(entry: ModelEntry, places: Mapping[str, str]) -> ModelEntry:
    place = places.get(entry.label) or places.get(entry.source)
    return entry.moved(place) if place else entry
