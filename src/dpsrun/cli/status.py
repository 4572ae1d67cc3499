"""`dpsrun status`: how far the grids have come."""

from __future__ import annotations

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsArgument


def status(results: ResultsArgument = DEFAULT_RESULTS, *, as_json: AsJson = False) -> None:
    """Count the runs of each grid by state and outcome; list what is at work and what failed.

    Runs in Slurm's queue are listed, and those that its jobs could not begin.
    """
    from dataclasses import asdict

    from dpsrun.execution.slurm.waiting import SILENT, look
    from dpsrun.report import describe, terminal
    from dpsrun.report.read import grids, open_store
    from dpsrun.report.status import at_work, progress, troubles

    store = open_store(results)
    manifests, damaged = grids(store)
    running = at_work(store, manifests)
    names = {one.run for one in running}
    counted = [progress(store, manifest, names) for manifest in manifests]
    found = troubles(store, manifests, names)
    told = look(store)
    queued = [one for one in told.queued if one.run not in names] if told else []
    if as_json:
        shown = describe.status_json(counted, running, found, damaged)
        waiting = [asdict(one) for one in queued] if told else None
        not_begun = [asdict(one) for one in told.not_begun] if told else None
        terminal.print_json({**shown, "queued": waiting, "not_begun": not_begun})
    else:
        describe.print_status(counted, running, found, damaged)
        terminal.print_lines(map(str, [*queued, *told.not_begun]) if told else [SILENT])
