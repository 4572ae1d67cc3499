"""`dpsrun verify`: repeat finished runs and compare what must be the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, Device, ResultsOption, Workers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dpsrun.execution.devices import Slot
    from dpsrun.execution.estimate import Estimate
    from dpsrun.execution.verify import Original
    from dpsrun.report.agreement import Agreement

DIFFERENT = 3
INTERRUPTED = 130

Runs = Annotated[
    list[str],
    typer.Argument(
        help="Run ids, their beginnings or parts of them.", metavar="RUN", show_default=False
    ),
]


def verify(
    runs: Runs,
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    device: Device = "auto",
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Repeat finished runs; compare hashes of final weights, predictions and batch order.

    The results folder stays as it is. Exit code 0 when all is the same, 3 when something is not,
    130 when interrupted.
    """
    from dpsrun.execution.estimate import measure
    from dpsrun.execution.verify import original, slots_for
    from dpsrun.report import agreement, terminal
    from dpsrun.report.read import open_store
    from dpsrun.report.run import find_run

    store = open_store(results)
    ids = dict.fromkeys(find_run(store, text) for text in runs)
    originals = [original(store, run_id) for run_id in ids]
    slots = slots_for(originals, device, workers)
    complete, found = _repeat(originals, slots, measure(store))
    if as_json:
        terminal.print_json([agreement.agreement_json(one) for one in found])
    else:
        terminal.print_lines(line for one in found for line in agreement.agreement_lines(one))
    if not complete:
        raise typer.Exit(INTERRUPTED)
    if not all(one.agrees for one in found):
        raise typer.Exit(DIFFERENT)


def _repeat(
    originals: Sequence[Original], slots: Sequence[Slot], estimate: Estimate
) -> tuple[bool, list[Agreement]]:
    """Repeat the runs where nothing is kept; say whether they came to an end, and compare."""
    from pathlib import Path
    from tempfile import TemporaryDirectory

    from dpsrun.cli.live import view
    from dpsrun.cli.repeating import Repetitions
    from dpsrun.execution.verify import last_end, repeat
    from dpsrun.report.agreement import compare
    from dpsrun.runs.store import Store

    with TemporaryDirectory(prefix="dpsrun-verify-") as folder:
        store = Store(Path(folder))
        runs = {one.run.id: one.run for one in originals}
        with view(Repetitions(runs, store, len(slots), estimate), "auto") as watching:
            complete = repeat(originals, store, slots, watching)
        return complete, [compare(o.result, last_end(store, o.run.id)) for o in originals]
