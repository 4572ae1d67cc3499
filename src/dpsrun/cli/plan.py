"""`dpsrun plan`: every run with its state, steps and expected time; runs nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from dpsrun.cli.executors.options import (
    CpusPerRun,
    Executor,
    GpusPerRun,
    MaxParallel,
    RayAddress,
    RunsPerJob,
    Sbatch,
)
from dpsrun.cli.options import (
    DEFAULT_RESULTS,
    AsJson,
    Data,
    Device,
    GridFiles,
    Model,
    Only,
    ResultsOption,
    RunsPerGpu,
    Workers,
)

if TYPE_CHECKING:
    from dpsrun.execution.plan import Plan, PlannedGrid
    from dpsrun.runs.spec import Run
    from dpsrun.runs.state import State

HEADER = ("run", "method", "state", "steps", "estimate")
STATES: tuple[State, ...] = ("new", "running", "done", "failed", "stale")


@dataclass(frozen=True)
class Summary:
    """What a plan comes to.

    Attributes:
        states: state -> how many runs are in it.
        steps: optimiser steps of the runs to do.
        seconds: how long those may take, all in all; None if nothing like them was measured.
        slots: how many are done at a time.
    """

    states: dict[State, int]
    steps: int
    seconds: float | None
    slots: int

    def __str__(self) -> str:
        """Say it in one line."""
        counts = ", ".join(f"{count} {state}" for state, count in self.states.items() if count)
        words = f"{sum(self.states.values())} runs: {counts}; {self.steps} steps to do"
        if not self.states["new"]:
            return words
        if self.seconds is None:
            return f"{words}; no run like these has been measured yet"
        return f"{words}, about {duration(self.seconds)} with {self.slots} at a time"


def plan(
    files: GridFiles,
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    only: Only = None,
    data: Data = None,
    model: Model = None,
    device: Device = "auto",
    workers: Workers = None,
    runs_per_gpu: RunsPerGpu = "1",
    executor: Executor = "local",
    sbatch: Sbatch = None,
    runs_per_job: RunsPerJob = None,
    max_parallel: MaxParallel = None,
    ray_address: RayAddress = None,
    cpus_per_run: CpusPerRun = None,
    gpus_per_run: GpusPerRun = None,
    as_json: AsJson = False,
) -> None:
    """Show every run of the grids with its state, steps and estimated time; run nothing."""
    from dpsrun.cli.executors import choose
    from dpsrun.cli.executors.options import Asked, AskedOfRay, AskedOfSlurm
    from dpsrun.cli.executors.place import Ways
    from dpsrun.execution import plan as planning
    from dpsrun.execution.outdated import note, outdated
    from dpsrun.report import terminal
    from dpsrun.runs.fingerprint import cache_folder
    from dpsrun.runs.store import Store

    asked = Asked(
        AskedOfSlurm(tuple(sbatch or ()), runs_per_job, max_parallel),
        AskedOfRay(ray_address, cpus_per_run, gpus_per_run),
    )
    place = choose(executor, Ways(device, workers, runs_per_gpu), asked)
    request = planning.Request(
        files, results, place.device, only or (), data or (), model or (), place.elsewhere
    )
    made = planning.make(request, Store(results), cache_folder())
    other = outdated(made.runs, made.store)
    rows = [_row(made, grid, run) for grid in made.grids for run in grid.runs]
    total = summary(made, place.at_a_time(made))
    if as_json:
        terminal.print_json({"runs": rows, "summary": asdict(total), "outdated": other})
    else:
        terminal.print_table("plan", HEADER, map(_line, rows))
        terminal.print_lines([str(total), *note(other)])


def _row(made: Plan, grid: PlannedGrid, run: Run) -> dict[str, Any]:
    return {
        "grid": grid.name,
        "run": run.id,
        **run.labels.model_dump(),
        "state": made.states[run.id],
        "steps": run.total_steps,
        "seconds": made.estimate.seconds(run),
    }


def _line(row: dict[str, Any]) -> tuple[str, ...]:
    estimate = "?" if row["seconds"] is None else duration(row["seconds"])
    return row["run"], row["method"], row["state"], str(row["steps"]), estimate


def summary(made: Plan, slots: int) -> Summary:
    """Count the runs by state, and say how long those to do may take."""
    new = made.in_state("new")
    known = [seconds for run in new if (seconds := made.estimate.seconds(run)) is not None]
    expected = sum(known) / len(known) * len(new) / slots if known else None
    return Summary(
        states={state: len(made.in_state(state)) for state in STATES},
        steps=sum(run.total_steps for run in new),
        seconds=expected if new else 0.0,
        slots=slots,
    )


def duration(seconds: float) -> str:
    """Write seconds as a person would: `45 s`, `12 min`, `3.5 h`."""
    if seconds < 90:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"  # noqa: PLR2004
