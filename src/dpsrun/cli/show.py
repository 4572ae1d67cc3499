"""`dpsrun show`: everything about one run."""

from __future__ import annotations

from typing import Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsOption


def show(
    run: Annotated[str, typer.Argument(help="A run id, its beginning or a part of it.")],
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    as_json: AsJson = False,
) -> None:
    """Show one run: spec, attempts, scores, effective settings, environment, failure."""
    from dpsrun.report import describe, terminal
    from dpsrun.report.read import open_store
    from dpsrun.report.run import dossier, find_run

    store = open_store(results)
    found = dossier(store, find_run(store, run))
    if as_json:
        terminal.print_json(describe.dossier_json(found))
    else:
        describe.print_dossier(found)
