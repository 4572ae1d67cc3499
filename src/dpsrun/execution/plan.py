"""From grid files to what is to be done: facts of data and models, runs, their states."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from dpsrun.config.expand import expand
from dpsrun.config.facts import Machine, ModelFacts, TaskFacts
from dpsrun.config.grid import Grid, relocate
from dpsrun.config.load import load
from dpsrun.config.match import select
from dpsrun.errors import MissingError, UserError
from dpsrun.execution.devices import machine, machine_elsewhere
from dpsrun.execution.estimate import Estimate, measure
from dpsrun.models import source
from dpsrun.models.files import weight_bytes
from dpsrun.models.source import ModelFolder
from dpsrun.offline import lock
from dpsrun.runs.spec import Run
from dpsrun.runs.state import State, states_of
from dpsrun.runs.store import Manifest, Member, Store
from dpsrun.tasks import registry
from dpsrun.tasks.source import TaskFiles, locate
from dpsrun.tasks.task import Task, set_parts


@dataclass(frozen=True)
class Request:
    """What the user asked for on the command line; `elsewhere`: runs are for other machines."""

    files: Sequence[Path]
    results: Path
    device: str = "auto"
    only: Sequence[str] = ()
    data: Sequence[str] = ()
    models: Sequence[str] = ()
    elsewhere: bool = False


@dataclass(frozen=True)
class PlannedGrid:
    """One grid with its runs, and where its models and data lie.

    `runs` are those asked for, `all_runs` those of the whole grid. `data` go by task, `sets` by
    name of the further evaluation set.
    """

    name: str
    file: Path
    runs: tuple[Run, ...]
    all_runs: tuple[Run, ...]
    models: Mapping[str, ModelFolder]
    data: Mapping[str, TaskFiles]
    sets: Mapping[str, TaskFiles]
    declared: Mapping[str, Task]

    def find(self, task: str) -> Task:
        """Look up a task of this grid."""
        return registry.find(task, self.declared)


@dataclass(frozen=True)
class Plan:
    """Everything that is to be done, and what is known of it already."""

    grids: tuple[PlannedGrid, ...]
    states: Mapping[str, State]
    store: Store

    @cached_property
    def estimate(self) -> Estimate:
        """How long runs take: reads every result, so it is made only where runs are to be done."""
        return measure(self.store)

    @cached_property
    def runs(self) -> dict[str, Run]:
        """All runs asked for by id, each once, in the order of the grids."""
        return {run.id: run for grid in self.grids for run in grid.runs}

    @property
    def threads(self) -> int:
        """Count the cores that one run wants, at most."""
        return max((run.spec.training.threads for run in self.runs.values()), default=1)

    @property
    def model_types(self) -> set[str]:
        """The kinds of encoders in the grids."""
        return {model.model_type for grid in self.grids for model in grid.models.values()}

    @property
    def largest_model(self) -> int:
        """Bytes of the largest weights in the grids."""
        folders = {model.folder for grid in self.grids for model in grid.models.values()}
        return max(map(weight_bytes, folders))

    def in_state(self, *states: State) -> list[Run]:
        """List the runs that are in one of the states."""
        return [run for run in self.runs.values() if self.states[run.id] in states]


def make(request: Request, store: Store, cache: Path) -> Plan:
    """Read, check and resolve everything, as lock files say; changes nothing but caches.

    Raises UserError or ConfigError for whatever would keep a run from starting.
    """
    plan = resolve(request, store, cache, lock.following)
    for grid in plan.grids:
        lock.check(grid.file, grid.all_runs)
    return plan


def resolve(
    request: Request,
    store: Store,
    cache: Path,
    opened: Callable[[Path], AbstractContextManager[object]],
) -> Plan:
    """Do the same on other terms: `opened` settles how the hub is used for each grid file."""
    there = (machine_elsewhere if request.elsewhere else machine)(request.device)
    settled = relocate(load(request.files), models=request.models, data=request.data)
    search = Search(cache)
    found = []
    for grid in settled:
        with opened(Path(grid.document.file)):
            found.append((grid, search.data(grid), search.models(grid), search.sets(grid)))
    search.check()
    chosen = _select([planned(*each, there) for each in found], request.only)
    ids = {run.id for grid in chosen for run in grid.runs}
    return Plan(chosen, states_of(store, ids), store)


def planned(
    grid: Grid,
    data: Mapping[str, TaskFiles],
    models: Mapping[str, ModelFolder],
    sets: Mapping[str, TaskFiles],
    here: Machine,
) -> PlannedGrid:
    """Make a grid and what was found for it runs; raises ConfigError."""
    prints = {name: files.fingerprint for name, files in sets.items()}
    runs = tuple(expand(grid, _task_facts(data), _model_facts(models), here, prints))
    file = Path(grid.document.file)
    return PlannedGrid(grid.name, file, runs, runs, models, data, sets, grid.declared)


def _select(grids: Sequence[PlannedGrid], only: Sequence[str]) -> tuple[PlannedGrid, ...]:
    if not only:
        return tuple(grids)
    wanted = {run.id for run in select([run for grid in grids for run in grid.runs], only)}
    return tuple(
        replace(grid, runs=tuple(run for run in grid.runs if run.id in wanted)) for grid in grids
    )


@dataclass
class Search:
    """Finds data and models; the user hears of all that is wrong with them at once.

    No place that gave nothing (`missing`) is asked twice; `options` are those that would say where
    else to look, and `faults` tell it all, each once.
    """

    cache: Path
    missing: set[object] = field(default_factory=set)
    faults: dict[str, None] = field(default_factory=dict)
    options: dict[tuple[str, str], None] = field(default_factory=dict)

    def data(self, grid: Grid) -> dict[str, TaskFiles]:
        """Find the data of a grid's tasks."""
        asked = {name: (grid.find(name), None) for name in grid.tasks}
        return self._located(grid, asked)

    def sets(self, grid: Grid) -> dict[str, TaskFiles]:
        """Find the data of a grid's further evaluation sets, by name."""
        parts = {name: set_parts(name) for name in grid.sets}
        asked = {name: (grid.find(task), (split,)) for name, (task, split) in parts.items()}
        return self._located(grid, asked)

    def _located(
        self, grid: Grid, asked: Mapping[str, tuple[Task, tuple[str, ...] | None]]
    ) -> dict[str, TaskFiles]:
        found = {}
        for name, (task, splits) in asked.items():
            place = grid.data.get(task.family)
            with self._noting((task.family, place), ("--data", task.family)) as ask:
                if ask:
                    found[name] = locate(task, place, cache=self.cache, splits=splits)
        return found

    def models(self, grid: Grid) -> dict[str, ModelFolder]:
        """Find a grid's encoders, by label."""
        found = {}
        for entry in grid.models:
            where = (entry.source, entry.revision)
            with self._noting(where, ("--model", entry.label)) as ask:
                if ask:
                    found[entry.label] = source.locate(
                        entry.source,
                        revision=entry.revision,
                        cache=self.cache,
                        remote_code=entry.remote_code,
                    )
        return found

    def check(self) -> None:
        """Raise one error for all that was found wrong."""
        if self.options:
            raise MissingError("\n".join(self.faults), self.options)
        if self.faults:
            raise UserError("\n".join(self.faults))

    @contextmanager
    def _noting(self, place: object, option: tuple[str, str]) -> Iterator[bool]:
        try:
            with readable(self.cache):
                yield place not in self.missing
        except UserError as error:
            self.faults[str(error)] = None
            if isinstance(error, MissingError):
                self.missing.add(place)
        if place in self.missing:
            self.options[option] = None


@contextmanager
def readable(cache: Path) -> Iterator[None]:
    """A cache that cannot be used, or a file that cannot be read, is the user's to mend."""
    try:
        yield
    except OSError as error:
        place = Path(str(error.filename))
        if place.is_relative_to(cache) or cache.is_relative_to(place):
            hint = "DPSRUN_CACHE can name another folder"
            reason = f"the cache {cache} cannot be used: {error.strerror}; {hint}"
            raise UserError(reason) from error
        raise UserError(str(error)) from error


def _task_facts(data: Mapping[str, TaskFiles]) -> dict[str, TaskFacts]:
    return {
        name: TaskFacts(each.fingerprint, each.train_examples, len(each.classes))
        for name, each in data.items()
    }


def _model_facts(models: Mapping[str, ModelFolder]) -> dict[str, ModelFacts]:
    return {
        label: ModelFacts(each.fingerprint, each.architecture, each.max_length, each.blocks)
        for label, each in models.items()
    }


def write_manifests(plan: Plan, store: Store) -> None:
    """Note the runs of each grid, all of them, so that what is missing shows in its tables."""
    for grid in plan.grids:
        members = tuple(
            Member(
                id=run.id,
                labels=run.labels,
                total_steps=run.total_steps,
                evaluate=tuple(each.name for each in run.spec.evaluate),
            )
            for run in grid.all_runs
        )
        store.write_manifest(Manifest(name=grid.name, members=members))
