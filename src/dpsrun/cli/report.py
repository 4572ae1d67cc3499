"""`dpsrun report`: tables from whatever results there are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsArgument

if TYPE_CHECKING:
    from dpsrun.report.aggregate import Selection

Everything = Annotated[
    bool, typer.Option("--all", help="One table over all runs, whatever grid they are of.")
]
Grids = Annotated[list[str] | None, typer.Option("--grid", help="Only this grid; repeatable.")]
Against = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="LABEL",
        help="Label of the method that others are compared with (default: vanilla).",
    ),
]
Tuned = Annotated[
    list[str] | None,
    typer.Option(
        "--tuned",
        metavar="CONDITION",
        help="A condition that was chosen for each method, such as learning_rate: rows that differ "
        "in it alone are not marked; repeatable.",
    ),
]
Select = Annotated[
    str,
    typer.Option(
        "--select",
        metavar="EPOCH",
        help="The epoch whose scores are compared: last, best or held-out.",
    ),
]
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
    select: Select = "last",
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
        selection=_selection(select),
        bootstrap=not no_bootstrap,
    )
    made = produce.produce(
        results, everything=everything, names=grids or [], wishes=wishes, figures=not no_figures
    )
    if as_json:
        terminal.print_json(produce.as_json(made))
    else:
        produce.print_all(made)


def _selection(word: str) -> Selection:
    from typing import get_args

    from dpsrun.errors import UserError, nearest
    from dpsrun.report.aggregate import Selection

    known: dict[str, Selection] = {each: each for each in get_args(Selection)}
    if word not in known:
        raise UserError(f"--select {word}: {nearest(word, known)}")
    return known[word]
