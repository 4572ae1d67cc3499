"""`dpsrun work RUN`: do one run here; what every engine starts."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, ResultsOption

if TYPE_CHECKING:
    from dpsrun.runs.result import Result

FAILED = 3
INTERRUPTED = 130


def work(
    run: Annotated[str, typer.Argument(help="The run's id.")],
    results: ResultsOption = DEFAULT_RESULTS,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Do one run whose order lies in the results folder.

    Exit code 0 when its result is there, 3 when it ended in an error, 130 when interrupted.
    """
    from dpsrun.errors import UserError
    from dpsrun.execution.server import SERVER_ENVIRONMENT
    from dpsrun.execution.worker import work as do
    from dpsrun.runs.store import Store

    store = Store(results)
    if not (store.folder(run) / "spec.json").is_file():
        raise UserError(f"{results} has no order for a run {run!r}")
    os.environ.update(SERVER_ENVIRONMENT)  # before torch is imported
    raise typer.Exit(_exit_code(do(store, run, device, begun=_silent, report=_silent)))


def _silent(_news: object) -> None:
    """Nobody listens."""


def _exit_code(result: Result | None) -> int:
    from dpsrun.runs.result import FINISHED

    if result is None or result.outcome in FINISHED:
        return 0
    return INTERRUPTED if result.outcome == "interrupted" else FAILED
