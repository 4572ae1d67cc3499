"""`dpsrun cancel`: end the jobs of a results folder."""

from __future__ import annotations

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, ResultsArgument


def cancel(results: ResultsArgument = DEFAULT_RESULTS) -> None:
    """Cancel all jobs of Slurm that do runs of this folder; what they did stays.

    Tasks of Ray end with the command that waits for them.

    Exit code 0, also where there is none.
    """
    from dpsrun.errors import UserError
    from dpsrun.execution.slurm import commands
    from dpsrun.execution.slurm.submission import Records, living
    from dpsrun.report.read import open_store

    commands.check_installed()
    found = living(Records(open_store(results)))
    if found is None:
        raise UserError("squeue does not answer: try again when Slurm's controller is back")
    commands.scancel(task.id for task in found)
    runs = {run_id for task in found for run_id in task.runs}
    typer.echo(f"cancelled {_count(len(found), 'job')} with {_count(len(runs), 'run')}")


def _count(number: int, what: str) -> str:
    return f"1 {what}" if number == 1 else f"{number} {what}s"
