"""`dpsrun status`: how far the grids have come."""

from __future__ import annotations

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsArgument


def status(results: ResultsArgument = DEFAULT_RESULTS, *, as_json: AsJson = False) -> None:
    """Count the runs of each grid by state and outcome; list what is at work and what failed."""
    from dpsrun.report import describe, terminal
    from dpsrun.report.read import choose, open_store
    from dpsrun.report.status import at_work, progress, troubles

    store = open_store(results)
    manifests, damaged = choose(store, [])
    running = at_work(store, manifests)
    names = {one.run for one in running}
    counted = [progress(store, manifest, names) for manifest in manifests]
    found = troubles(store, manifests)
    if as_json:
        terminal.print_json(describe.status_json(counted, running, found, damaged))
    else:
        describe.print_status(counted, running, found, damaged)
