"""`dpsrun status`: how far the grids have come."""

from __future__ import annotations

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsArgument


def status(results: ResultsArgument = DEFAULT_RESULTS, *, as_json: AsJson = False) -> None:
    """Count the runs of each grid by state and outcome; list what is at work and what failed.

    Runs in Slurm's queue are listed where it can be asked.
    """
    from dataclasses import asdict

    from dpsrun.execution.slurm.waiting import queued
    from dpsrun.report import describe, terminal
    from dpsrun.report.read import choose, open_store
    from dpsrun.report.status import at_work, progress, troubles

    store = open_store(results)
    manifests, damaged = choose(store, [])
    running = at_work(store, manifests)
    names = {one.run for one in running}
    counted = [progress(store, manifest, names) for manifest in manifests]
    found = troubles(store, manifests)
    waiting = [one for one in queued(store) if one.run not in names]
    if as_json:
        shown = describe.status_json(counted, running, found, damaged)
        terminal.print_json({**shown, "queued": [asdict(one) for one in waiting]})
    else:
        describe.print_status(counted, running, found, damaged)
        terminal.print_lines(map(str, waiting))
