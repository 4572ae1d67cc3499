"""From grid files to what is to be done: facts of data and models, runs, their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dpsrun.config.expand import expand
from dpsrun.config.facts import ModelFacts, TaskFacts
from dpsrun.config.grid import Grid, relocate
from dpsrun.config.load import load
from dpsrun.config.match import select
from dpsrun.execution.devices import choose, native_precision
from dpsrun.execution.estimate import Estimate, measure
from dpsrun.models import source
from dpsrun.models.source import ModelFolder
from dpsrun.runs.spec import Places, Run
from dpsrun.runs.store import Manifest, Member, State, Store
from dpsrun.tasks import registry
from dpsrun.tasks.source import TaskFiles, locate

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass(frozen=True)
class Request:
    """What the user asked for on the command line."""

    files: Sequence[Path]
    results: Path
    device: str = "auto"
    only: Sequence[str] = ()
    data: Sequence[str] = ()
    models: Sequence[str] = ()


@dataclass(frozen=True)
class PlannedGrid:
    """One grid with its runs, and where its models and data lie.

    `runs` are those asked for, `all_runs` those of the whole grid.
    """

    name: str
    runs: tuple[Run, ...]
    all_runs: tuple[Run, ...]
    models: Mapping[str, ModelFolder]
    data: Mapping[str, TaskFiles]


@dataclass(frozen=True)
class Plan:
    """Everything that is to be done, and what is known of it already."""

    grids: tuple[PlannedGrid, ...]
    states: Mapping[str, State]
    estimate: Estimate

    @property
    def runs(self) -> dict[str, Run]:
        """All runs asked for by id, each once, in the order of the grids."""
        return {run.id: run for grid in self.grids for run in grid.runs}

    def in_state(self, *states: State) -> list[Run]:
        """List the runs that are in one of the states."""
        return [run for run in self.runs.values() if self.states[run.id] in states]


def make(request: Request, store: Store, cache: Path) -> Plan:
    """Read, check and resolve everything; changes nothing but caches.

    Raises UserError or ConfigError for whatever would keep a run from starting.
    """
    kind, _ = choose(request.device)
    precision = native_precision(kind)
    settled = relocate(load(request.files), models=request.models, data=request.data)
    _check_names(settled)
    grids = []
    for grid in settled:
        data, models = _find_data(grid, cache), _find_models(grid, cache)
        runs = expand(grid, _task_facts(data), _model_facts(models), precision)
        grids.append(PlannedGrid(grid.name, tuple(runs), tuple(runs), models, data))
    chosen = _select(grids, request.only)
    ids = {run.id for grid in chosen for run in grid.runs}
    return Plan(chosen, {run_id: store.state(run_id) for run_id in ids}, measure(store))


def _check_names(grids: Iterable[Grid]) -> None:
    from dpsrun.errors import UserError  # noqa: PLC0415

    names: set[str] = set()
    for grid in grids:
        if grid.name in names:
            raise UserError(f"two grids are called {grid.name!r}; give one another name:")
        names.add(grid.name)


def _select(grids: Sequence[PlannedGrid], only: Sequence[str]) -> tuple[PlannedGrid, ...]:
    if not only:
        return tuple(grids)
    wanted = {run.id for run in select([run for grid in grids for run in grid.runs], only)}
    return tuple(
        PlannedGrid(
            grid.name,
            tuple(run for run in grid.runs if run.id in wanted),
            grid.all_runs,
            grid.models,
            grid.data,
        )
        for grid in grids
    )


def _find_data(grid: Grid, cache: Path) -> dict[str, TaskFiles]:
    tasks = [registry.find(name) for name in grid.tasks]
    return {task.name: locate(task, grid.data.get(task.family), cache=cache) for task in tasks}


def _find_models(grid: Grid, cache: Path) -> dict[str, ModelFolder]:
    return {
        entry.label: source.locate(entry.source, revision=entry.revision, cache=cache)
        for entry in grid.models
    }


def _task_facts(data: Mapping[str, TaskFiles]) -> dict[str, TaskFacts]:
    return {name: TaskFacts(each.fingerprint, each.train_examples) for name, each in data.items()}


def _model_facts(models: Mapping[str, ModelFolder]) -> dict[str, ModelFacts]:
    return {
        label: ModelFacts(each.fingerprint, each.architecture, each.max_length)
        for label, each in models.items()
    }


def write_manifests(plan: Plan, store: Store) -> None:
    """Note the runs of each grid, all of them, so that what is missing shows in its tables."""
    for grid in plan.grids:
        members = tuple(
            Member(id=run.id, labels=run.labels, total_steps=run.total_steps)
            for run in grid.all_runs
        )
        store.write_manifest(Manifest(name=grid.name, members=members))


def write_orders(plan: Plan, runs: Sequence[Run], store: Store, cache: Path) -> None:
    """Tokenise what the runs need, once, and write down each run's order."""
    from dpsrun.tasks.tokens import prepare  # noqa: PLC0415 (the tokenisers are slow to load)

    places = {run.id: grid for grid in plan.grids for run in grid.runs}
    for run in runs:
        grid = places[run.id]
        model = grid.models[run.labels.model]
        tokens = prepare(
            registry.find(run.spec.task),
            grid.data[run.spec.task],
            model.folder,
            max_length=run.spec.training.max_length,
            cache=cache,
        )
        store.order(run, Places(model=str(model.folder), tokens=str(tokens)))
