"""`dpsrun grid`: run what is missing, then print the tables."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from dpsrun.cli.options import (
    DEFAULT_RESULTS,
    Data,
    Device,
    GridFiles,
    Model,
    Only,
    ResultsOption,
    Workers,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dpsrun.execution.devices import Slot
    from dpsrun.execution.plan import Plan
    from dpsrun.runs.spec import Run
    from dpsrun.runs.store import Store

FINISHED_WITH_FAILURES = 3
INTERRUPTED = 130

Retry = Annotated[
    list[str] | None,
    typer.Option(
        "--retry",
        metavar="KIND",
        help="Do failed runs again: error, oom, timeout, diverged or all; repeatable.",
    ),
]


def grid(
    files: GridFiles,
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    only: Only = None,
    data: Data = None,
    model: Model = None,
    device: Device = "auto",
    workers: Workers = None,
    retry: Retry = None,
) -> None:
    """Do the runs of the grids that are missing, then print and write their tables.

    Exit code 0 when every run is done, 3 when some ended in an error, 130 when interrupted.
    """
    from dpsrun.execution import devices
    from dpsrun.execution import plan as planning
    from dpsrun.report.terminal import console
    from dpsrun.runs.fingerprint import cache_folder
    from dpsrun.runs.store import Store

    store = Store(results)
    request = planning.Request(files, results, device, only or (), data or (), model or ())
    plan = planning.make(request, store, cache_folder())
    slots = devices.slots(device, workers, threads=plan.threads)
    with _writing(results):
        planning.write_manifests(plan, store)
        to_do = _to_do(plan, store, retry or [])
    complete = _run(plan, to_do, slots, store) if to_do else True
    _report(plan, results)
    failed = [run for run in plan.runs.values() if store.state(run.id) == "failed"]
    if failed:
        kinds = f"{len(failed)} runs ended in an error; look with: dpsrun status {results}"
        console(stderr=True).print(f"{kinds}; do them again with: --retry all")
    if not complete:
        raise typer.Exit(INTERRUPTED)
    if failed:
        raise typer.Exit(FINISHED_WITH_FAILURES)


@contextmanager
def _writing(results: Path) -> Iterator[None]:
    """A results folder that cannot be written is the user's to mend."""
    from dpsrun.errors import UserError

    try:
        yield
    except OSError as error:
        raise UserError(f"--results {results}: cannot be written: {error.strerror}") from error


def _to_do(plan: Plan, store: Store, retry: list[str]) -> list[Run]:
    """Pick the runs that have no result, and those whose kind of failure is to be tried again."""
    from dpsrun.execution.retry import withdraw

    again = withdraw(plan.runs, store, retry)
    to_do = [run for run in plan.runs.values() if plan.states[run.id] == "new" or run.id in again]
    _set_damaged_aside(to_do, store)
    return to_do


def _set_damaged_aside(runs: list[Run], store: Store) -> None:
    """A result that cannot be read would keep the new one from its name."""
    from dpsrun.report.terminal import console
    from dpsrun.runs.store import Damaged

    for run in runs:
        if isinstance(found := store.result(run.id), Damaged):
            kept = store.set_aside(run.id).name
            words = (
                f"{found.path} is damaged: {found.reason}; kept as {kept}, the run is done again"
            )
            console(stderr=True).print(words)


def _run(plan: Plan, to_do: list[Run], slots: list[Slot], store: Store) -> bool:
    """Run everything; False if the user interrupted it."""
    from dpsrun.cli.live import Tally, view
    from dpsrun.execution import plan as planning
    from dpsrun.execution.drive import drive
    from dpsrun.execution.estimate import longest_first
    from dpsrun.execution.local import LocalEngine, warm_up
    from dpsrun.runs.fingerprint import cache_folder

    types = {model.model_type for grid in plan.grids for model in grid.models.values()}
    warm_up(types)
    planning.write_orders(plan, to_do, store, cache_folder())
    tally = Tally({run.id: run for run in to_do}, store, len(slots), plan.estimate)
    with view(tally) as watching:
        engine = LocalEngine(store, slots, types, watching)
        return drive(engine, [run.id for run in longest_first(to_do, plan.estimate)])


def _report(plan: Plan, results: Path) -> None:
    from dpsrun.report.produce import print_all, produce

    print_all(produce(results, everything=False, names=[grid.name for grid in plan.grids]))
