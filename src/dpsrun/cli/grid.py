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
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from dpsrun.execution.devices import Slot
    from dpsrun.execution.plan import Plan
    from dpsrun.runs.result import Outcome, Result
    from dpsrun.runs.spec import Run
    from dpsrun.runs.store import Damaged, Store

FINISHED_WITH_FAILURES = 3
INTERRUPTED = 130

Retry = Annotated[
    list[str] | None,
    typer.Option(
        "--retry",
        metavar="KIND",
        help="Do failed runs again: error, oom, all (these two) or diverged; repeatable.",
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

    Exit code 0 when every run is done, 3 when some ended in an error or are still to be done, 130
    when interrupted.
    """
    from dpsrun.execution import devices
    from dpsrun.execution import plan as planning
    from dpsrun.execution.retry import outcomes
    from dpsrun.runs.fingerprint import cache_folder
    from dpsrun.runs.store import Store

    store, again = Store(results), outcomes(retry or [])
    request = planning.Request(files, results, device, only or (), data or (), model or ())
    plan = planning.make(request, store, cache_folder())
    slots = devices.slots(device, workers, threads=plan.threads)
    with _writing(f"--results {results}"):
        planning.write_manifests(plan, store)
        if plan.in_state("new", "running", "failed"):
            _check_links(results)
        to_do = _to_do(plan, store, again)
    complete = _run(plan, to_do, slots, store) if to_do else True
    found = _report(plan, results)
    left = _say_what_is_left([found[run_id] for run_id in plan.runs], results)
    if not complete:
        raise typer.Exit(INTERRUPTED)
    if left:
        raise typer.Exit(FINISHED_WITH_FAILURES)


@contextmanager
def _writing(place: str) -> Iterator[None]:
    """A folder that cannot be written is the user's to mend."""
    from dpsrun.errors import UserError

    try:
        yield
    except OSError as error:
        file = f" ({error.filename})" if error.filename else ""
        words = f"{place}: cannot be written: {error.strerror or error}{file}"
        raise UserError(words) from error


def _check_links(results: Path) -> None:
    """Find out before the first run whether its result can be published."""
    from dpsrun.errors import UserError
    from dpsrun.runs.files import can_link

    if not can_link(results):
        words = "results need a file system with hard links; choose a folder elsewhere"
        raise UserError(f"--results {results}: {words}")


def _to_do(plan: Plan, store: Store, kinds: Collection[Outcome]) -> list[Run]:
    """Pick the runs without a result, and those whose kind of failure is to be tried again.

    Those that another launcher is at are among them: this one waits for their end.
    """
    from dpsrun.execution.retry import withdraw

    new = plan.in_state("new", "running")
    _set_damaged_aside(new, store)
    again = withdraw(plan.runs, store, kinds) | {run.id for run in new if not store.recover(run.id)}
    return [run for run in plan.runs.values() if run.id in again]


def _set_damaged_aside(runs: list[Run], store: Store) -> None:
    """A result that cannot be read would keep the new one from its name."""
    from dpsrun.report.terminal import console
    from dpsrun.runs.store import Damaged

    for run in runs:
        if isinstance(found := store.result(run.id), Damaged):
            kept = store.set_aside(run.id).name
            words = f"{found.path} is damaged: {found.reason}; kept as {kept}"
            console(stderr=True).print(words)


def _run(plan: Plan, to_do: list[Run], slots: list[Slot], store: Store) -> bool:
    """Run everything; False if the user interrupted it."""
    from dpsrun.cli.live import Tally, view
    from dpsrun.execution import plan as planning
    from dpsrun.execution.drive import drive
    from dpsrun.execution.estimate import longest_first
    from dpsrun.execution.local import LocalEngine
    from dpsrun.execution.server import warm_up
    from dpsrun.runs.fingerprint import cache_folder

    types = {model.model_type for grid in plan.grids for model in grid.models.values()}
    warm_up(types)
    with _writing(f"--results {store.root}"):
        planning.write_orders(plan, to_do, store, cache_folder())
    tally = Tally({run.id: run for run in to_do}, store, len(slots), plan.estimate)
    with view(tally) as watching:
        engine = LocalEngine(store, slots, types, watching)
        return drive(engine, [run.id for run in longest_first(to_do, plan.estimate)])


def _report(plan: Plan, results: Path) -> dict[str, Result | Damaged | None]:
    """Write and print the tables; give what they were made from."""
    from dpsrun.report.produce import print_all, produce

    made = produce(results, everything=False, names=[grid.name for grid in plan.grids])
    print_all(made)
    return {entry.member.id: entry.result for report, _ in made.reports for entry in report.entries}


def _say_what_is_left(found: Sequence[Result | Damaged | None], results: Path) -> bool:
    """Say what failed or was not done, and which words help; False if there is nothing to say."""
    from dpsrun.report.terminal import console
    from dpsrun.runs.result import FINISHED, Result

    outcomes = [result.outcome for result in found if isinstance(result, Result)]
    failed = [outcome for outcome in outcomes if outcome not in FINISHED]
    if failed:
        retry = " ".join(f"--retry {kind}" for kind in sorted(set(failed)))
        words = f"{len(failed)} runs ended in an error; look with: dpsrun status {results}"
        console(stderr=True).print(f"{words}; do them again with: {retry}")
    undone = len(found) - len(outcomes)
    if undone:
        words = f"{undone} runs are still to be done; do them with the same command"
        console(stderr=True).print(words)
    return bool(failed or undone)
