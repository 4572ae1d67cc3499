"""`dpsrun grid`: run what is missing, then print the tables."""

from __future__ import annotations

from dataclasses import dataclass
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
    from pathlib import Path

    from dpsrun.execution.devices import Slot
    from dpsrun.execution.plan import Plan
    from dpsrun.runs.result import Result
    from dpsrun.runs.spec import Run
    from dpsrun.runs.store import Damaged, Store

FINISHED_WITH_FAILURES = 3
INTERRUPTED = 130

Retry = Annotated[
    list[str] | None,
    typer.Option(
        "--retry",
        metavar="KIND",
        help="Do ended runs again: error, oom, timeout, all (these three), diverged or stale; "
        "repeatable.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Do every run again, finished ones too.")]
FailFast = Annotated[
    bool, typer.Option("--fail-fast", help="After the first failure start no more runs.")
]
StopAfter = Annotated[
    int,
    typer.Option(
        "--stop-after", min=1, help="Start no more after so many failures in a row that are alike."
    ),
]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="TIME", help="End a run after so long: 90s, 30m, 2h."),
]
Checkpoint = Annotated[
    bool,
    typer.Option(
        "--checkpoint", help="Save each run at the end of an epoch, to go on there if it is killed."
    ),
]
RunsPerGpu = Annotated[
    str,
    typer.Option(
        "--runs-per-gpu", metavar="K", help="Runs at a time on a GPU; auto: as many as fit."
    ),
]
Progress = Annotated[
    str, typer.Option("--progress", metavar="VIEW", help="auto, rich, plain or none.")
]


@dataclass(frozen=True)
class _Ways:
    """How the user wants runs to be done."""

    slots: list[Slot]
    checkpoint: bool
    seconds: float | None
    fail_fast: bool
    stop_after: int
    progress: str


def grid(
    files: GridFiles,
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    only: Only = None,
    data: Data = None,
    model: Model = None,
    device: Device = "auto",
    workers: Workers = None,
    runs_per_gpu: RunsPerGpu = "1",
    retry: Retry = None,
    force: Force = False,
    fail_fast: FailFast = False,
    stop_after: StopAfter = 10,
    timeout: Timeout = None,
    checkpoint: Checkpoint = False,
    progress: Progress = "auto",
) -> None:
    """Do the runs of the grids that are missing, then print and write their tables.

    Exit code 0 when every run is done, 3 when some ended in an error, are stale or still to be
    done, 130 when interrupted.
    """
    from dpsrun.cli.live import check
    from dpsrun.cli.results_folder import to_do, writing
    from dpsrun.execution import plan as planning
    from dpsrun.execution.retry import kinds
    from dpsrun.execution.watch import seconds
    from dpsrun.runs.fingerprint import cache_folder
    from dpsrun.runs.store import Store

    store, again, limit = Store(results), kinds(retry or []), seconds(timeout)
    check(progress)
    request = planning.Request(files, results, device, only or (), data or (), model or ())
    plan = planning.make(request, store, cache_folder())
    slots = _slots(plan, device, workers, runs_per_gpu)
    ways = _Ways(slots, checkpoint, limit, fail_fast, stop_after, progress)
    with writing(results):
        planning.write_manifests(plan, store)
        missing = to_do(plan, store, again, force=force)
    complete = _run(plan, missing, ways, store) if missing else True
    with writing(results):
        found = _report(plan, results)
    if _say_what_is_left(plan, found, results) and complete:
        raise typer.Exit(FINISHED_WITH_FAILURES)
    if not complete:
        raise typer.Exit(INTERRUPTED)


def _slots(plan: Plan, device: str, workers: int | None, runs_per_gpu: str) -> list[Slot]:
    from dpsrun.execution import devices
    from dpsrun.execution.estimate import peak_memory

    peak = peak_memory(plan.store, plan.runs.values()) if runs_per_gpu == "auto" else None
    per_gpu = devices.runs_per_gpu(device, runs_per_gpu, peak)
    return devices.slots(device, workers, threads=plan.threads, per_gpu=per_gpu)


def _run(plan: Plan, missing: list[Run], ways: _Ways, store: Store) -> bool:
    """Run everything; False if the user interrupted it."""
    from dpsrun.cli.live import Tally, view
    from dpsrun.cli.results_folder import check_links, check_room, writing
    from dpsrun.execution.brake import Brake
    from dpsrun.execution.disk import run_bytes
    from dpsrun.execution.drive import drive
    from dpsrun.execution.engine import Conditions
    from dpsrun.execution.estimate import longest_first
    from dpsrun.execution.local import Limits, LocalEngine
    from dpsrun.execution.orders import write_orders
    from dpsrun.execution.server import warm_up
    from dpsrun.runs.fingerprint import cache_folder

    room = run_bytes(plan.largest_model, checkpoint=ways.checkpoint)
    with writing(store.root):
        check_links(store.root)
        check_room(store.root, room * min(len(ways.slots), len(missing)))
    warm_up(plan.model_types)
    with writing(store.root):
        write_orders(plan, missing, store, cache_folder())
    tally = Tally({run.id: run for run in missing}, store, len(ways.slots), plan.estimate)
    with view(tally, ways.progress) as watching:
        brake = Brake(watching, limit=ways.stop_after, fail_fast=ways.fail_fast)
        limits, usual = Limits(ways.seconds, room), Conditions(checkpoint=ways.checkpoint)
        engine = LocalEngine(store, ways.slots, plan.model_types, brake, limits, usual)
        order = [run.id for run in longest_first(missing, plan.estimate)]
        return drive(engine, order, lambda: brake.pulled)


def _report(plan: Plan, results: Path) -> dict[str, Result | Damaged | None]:
    """Write and print the tables; give what they were made from."""
    from dpsrun.report.produce import print_all, produce

    made = produce(results, everything=False, names=[grid.name for grid in plan.grids])
    print_all(made)
    entries = (entry for each in made.reports for entry in each.report.entries)
    return {entry.member.id: entry.result for entry in entries}


def _say_what_is_left(plan: Plan, found: dict[str, Result | Damaged | None], results: Path) -> bool:
    """Say what of the runs asked for is not done; False if all are."""
    from dpsrun.cli.ending import what_is_left
    from dpsrun.execution.outdated import note, outdated
    from dpsrun.report.terminal import console

    left = list(what_is_left({run_id: found[run_id] for run_id in plan.runs}, results))
    for words in [*note(outdated(plan.runs, plan.store)), *left]:
        console(stderr=True).print(words)
    return bool(left)
