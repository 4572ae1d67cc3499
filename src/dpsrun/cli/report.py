"""`dpsrun report`: tables from whatever results there are."""

from __future__ import annotations

from enum import Enum
from typing import Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsArgument


class Select(Enum):
    """Which epoch gives a run's score."""

    LAST = "last"
    BEST = "best"
    HELD_OUT = "held-out"


Everything = Annotated[
    bool, typer.Option("--all", help="One table over all runs, whatever grid they are of.")
]
Grids = Annotated[list[str] | None, typer.Option("--grid", help="Only this grid; repeatable.")]
Against = Annotated[
    str | None,
    typer.Option("--against", help="The method that others are compared with (default: vanilla)."),
]
Tuned = Annotated[
    list[str] | None,
    typer.Option("--tuned", help="A setting chosen for each method; repeatable."),
]
Selected = Annotated[Select, typer.Option("--select", help="The epoch whose scores are compared.")]
NoBootstrap = Annotated[
    bool, typer.Option("--no-bootstrap", help="Leave out what takes resampling.")
]
NoFigures = Annotated[
    bool,
    typer.Option(
        "--no-figures",
        help="Write the tables alone, which is faster; figures of an earlier report are deleted.",
    ),
]


def report(
    results: ResultsArgument = DEFAULT_RESULTS,
    *,
    everything: Everything = False,
    grids: Grids = None,
    against: Against = None,
    tuned: Tuned = None,
    select: Selected = Select.LAST,
    no_bootstrap: NoBootstrap = False,
    no_figures: NoFigures = False,
    as_json: AsJson = False,
) -> None:
    """Write tables, comparisons and figures of each grid to DIR/tables and print the headline."""
    from dpsrun.report import produce, terminal
    from dpsrun.report.findings import Wishes

    wishes = Wishes(
        against=against,
        tuned=frozenset(tuned or ()),
        selection=select.value,
        bootstrap=not no_bootstrap,
    )
    made = produce.produce(
        results, everything=everything, names=grids or [], wishes=wishes, figures=not no_figures
    )
    if as_json:
        terminal.print_json(produce.as_json(made))
    else:
        produce.print_all(made)
