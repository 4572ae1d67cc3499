"""`dpsrun work RUN`: do one run here; what every engine starts."""

from __future__ import annotations

from typing import Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, ResultsOption


def work(
    run: Annotated[str, typer.Argument(help="The run's id.")],
    results: ResultsOption = DEFAULT_RESULTS,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Do one run whose order lies in the results folder."""
    from dpsrun.errors import UserError
    from dpsrun.execution.worker import work as do
    from dpsrun.runs.store import Store

    store = Store(results)
    if not (store.folder(run) / "spec.json").is_file():
        raise UserError(f"{results} has no order for a run {run!r}")
    do(store, run, device, begun=lambda _: None, report=lambda _: None)
