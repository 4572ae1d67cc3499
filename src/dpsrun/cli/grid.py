"""`dpsrun grid`: run what is missing, then print the tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dpsrun.cli.executors.options import (
    CpusPerRun,
    Detach,
    Executor,
    GpusPerRun,
    MaxParallel,
    RayAddress,
    RunsPerJob,
    Sbatch,
)
from dpsrun.cli.options import (
    DEFAULT_RESULTS,
    Checkpoint,
    Data,
    Device,
    GridFiles,
    Model,
    Only,
    ResultsOption,
    RunsPerGpu,
    StopAfter,
    Timeout,
    Workers,
)

if TYPE_CHECKING:
    from pathlib import Path

    from dpsrun.cli.executors.place import Place
    from dpsrun.execution.brake import Brake
    from dpsrun.execution.engine import Engine
    from dpsrun.execution.plan import Plan
    from dpsrun.runs.result import Result
    from dpsrun.runs.spec import Run
    from dpsrun.runs.store import Damaged

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
Progress = Annotated[
    str, typer.Option("--progress", metavar="VIEW", help="auto, rich, plain or none.")
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
    runs_per_gpu: RunsPerGpu = "1",
    retry: Retry = None,
    force: Force = False,
    fail_fast: FailFast = False,
    stop_after: StopAfter = 10,
    timeout: Timeout = None,
    checkpoint: Checkpoint = False,
    progress: Progress = "auto",
    executor: Executor = "local",
    sbatch: Sbatch = None,
    runs_per_job: RunsPerJob = None,
    max_parallel: MaxParallel = None,
    detach: Detach = False,
    ray_address: RayAddress = None,
    cpus_per_run: CpusPerRun = None,
    gpus_per_run: GpusPerRun = None,
) -> None:
    """Do the runs of the grids that are missing, then print and write their tables.

    Exit code 0 when every run is done, 3 when some ended in an error, are stale or still to be
    done, 130 when interrupted; with --detach 0 once the jobs are submitted, without tables.
    """
    from dpsrun.cli.executors import choose
    from dpsrun.cli.executors.options import Asked, AskedOfRay, AskedOfSlurm
    from dpsrun.cli.executors.place import Ways
    from dpsrun.cli.live import check
    from dpsrun.cli.results_folder import to_do, writing
    from dpsrun.execution import plan as planning
    from dpsrun.execution.retry import kinds
    from dpsrun.runs.fingerprint import cache_folder
    from dpsrun.runs.store import Store

    store, again = Store(results), kinds(retry or [])
    check(progress)
    enough = 1 if fail_fast else stop_after
    ways = Ways(device, workers, runs_per_gpu, timeout, checkpoint, enough, progress)
    asked = Asked(
        AskedOfSlurm(tuple(sbatch or ()), runs_per_job, max_parallel, detach),
        AskedOfRay(ray_address, cpus_per_run, gpus_per_run),
    )
    place = choose(executor, ways, asked)
    request = planning.Request(
        files, results, place.device, only or (), data or (), model or (), place.elsewhere
    )
    plan = planning.make(request, store, cache_folder())
    at_a_time = place.at_a_time(plan)
    with writing(results):
        planning.write_manifests(plan, store)
        missing = to_do(plan, store, again, force=force)
    complete = _run(plan, missing, place, at_a_time) if missing else True
    with writing(results):
        found = _report(plan, results)
    if _say_what_is_left(plan, found, results) and complete:
        raise typer.Exit(FINISHED_WITH_FAILURES)
    if not complete:
        raise typer.Exit(INTERRUPTED)


def _run(plan: Plan, missing: list[Run], place: Place, at_a_time: int) -> bool:
    """Run everything; False if the user interrupted it."""
    from dpsrun.cli.live import Tally, view
    from dpsrun.cli.results_folder import check_links, check_room, writing
    from dpsrun.execution.brake import Brake
    from dpsrun.execution.disk import run_bytes
    from dpsrun.execution.estimate import longest_first
    from dpsrun.execution.orders import write_orders
    from dpsrun.runs.fingerprint import cache_folder

    store, ways = plan.store, place.ways
    room = run_bytes(plan.largest_model, checkpoint=ways.checkpoint)
    with writing(store.root):
        check_links(store.root)
        check_room(store.root, room * min(at_a_time, len(missing)))
    place.get_ready(plan)
    with writing(store.root):
        write_orders(plan, missing, store, cache_folder())
    tally = Tally({run.id: run for run in missing}, store, at_a_time, plan.estimate)
    with view(tally, ways.progress) as watching:
        brake = Brake(watching, ways.stop_after)
        order = [run.id for run in longest_first(missing, plan.estimate)]
        return _drive(place.engine(plan, room, brake), order, brake, detach=place.detach)


def _drive(engine: Engine, run_ids: list[str], brake: Brake, *, detach: bool) -> bool:
    """Wait for the runs, unless the user does not want to."""
    from dpsrun.execution.drive import drive

    if not detach:
        return drive(engine, run_ids, lambda: brake.pulled)
    engine.submit(run_ids)
    engine.leave()
    typer.echo(engine.describe())
    raise typer.Exit


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
