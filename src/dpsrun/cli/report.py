"""`dpsrun report`: tables from whatever results there are."""

from __future__ import annotations

from typing import Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsArgument


def report(
    results: ResultsArgument = DEFAULT_RESULTS,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="One table over all runs, whatever grid they are of.")
    ] = False,
    grids: Annotated[
        list[str] | None, typer.Option("--grid", help="Only this grid; repeatable.")
    ] = None,
    no_figures: Annotated[
        bool, typer.Option("--no-figures", help="Write the tables alone, which is faster.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the tables and figures of each grid to DIR/tables and print the headline."""
    from dpsrun.report import produce, terminal

    made = produce.produce(
        results, everything=everything, names=grids or [], figures=not no_figures
    )
    if as_json:
        terminal.print_json(produce.as_json(made))
    else:
        produce.print_all(made)
