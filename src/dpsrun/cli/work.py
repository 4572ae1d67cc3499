"""`dpsrun work RUN...`: do runs here; what every engine of a cluster starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dpsrun.cli.options import (
    DEFAULT_RESULTS,
    Checkpoint,
    ResultsOption,
    RunsPerGpu,
    StopAfter,
    Timeout,
)

if TYPE_CHECKING:
    from dpsrun.execution.engine import Progress
    from dpsrun.runs.result import Result

Versions = Annotated[
    str | None, typer.Option("--versions", help="Refuse to work with others than these.")
]


def work(
    runs: Annotated[list[str], typer.Argument(help="Ids of runs.", metavar="RUN...")],
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    runs_per_gpu: RunsPerGpu = "1",
    timeout: Timeout = None,
    checkpoint: Checkpoint = False,
    stop_after: StopAfter = 10,
    versions: Versions = None,
) -> None:
    """Do runs whose orders lie in the results folder, on what this job was given.

    Exit code 0 when their results are there, 3 when some ended in an error, 130 when interrupted.
    """
    from dpsrun.cli.duration import seconds
    from dpsrun.execution.batch import Ways, do
    from dpsrun.execution.versions import check
    from dpsrun.runs.store import Store

    check(versions)
    ways = Ways(device, runs_per_gpu, seconds(timeout), checkpoint, stop_after)
    raise typer.Exit(do(Store(results), runs, ways, _Log()))


class _Log:
    """A view for the log of a job: a line when a run begins and ends."""

    def started(self, run_id: str, slot: str) -> None:
        """Say that a run begins."""
        typer.echo(f"start {run_id} on {slot}")

    def progressed(self, run_id: str, progress: Progress) -> None:
        """Say nothing: the sign of life of the run tells it."""

    def ended(self, run_id: str, result: Result | None) -> None:
        """Say how a run ended."""
        failure = result.failure if result else None
        why = f": {failure.message}" if failure else ""
        typer.echo(f"end   {run_id}: {result.outcome if result else 'no result'}{why}")

    def said(self, words: str) -> None:
        """Say it."""
        typer.echo(words)
