"""`dpsrun doctor`: what is missing, before a run starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, Data, Device, Model, ResultsOption

Grids = Annotated[
    list[Path] | None,
    typer.Argument(help="Grid files (YAML); none: the machine alone.", metavar="GRID..."),
]


def doctor(
    files: Grids = None,
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    data: Data = None,
    model: Model = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Name everything that is missing, of this machine and of the grids; fetch and run nothing.

    Exit code 0 when nothing is missing, 2 for a mistake in a grid file, else a sum: 4 packages,
    8 devices, 16 data, 32 models, 64 disk, 128 settings. Warnings do not count.
    """
    from dataclasses import asdict

    from dpsrun.execution.plan import Request
    from dpsrun.offline.doctor import diagnose
    from dpsrun.offline.finding import exit_code
    from dpsrun.report import terminal
    from dpsrun.runs.fingerprint import cache_folder

    request = Request(files or [], results, device, (), data or (), model or ())
    found = []
    for finding in diagnose(request, cache_folder()):
        found.append(finding)
        if not as_json:
            terminal.print_lines([str(finding)])
    if as_json:
        terminal.print_json([asdict(finding) for finding in found])
    raise typer.Exit(exit_code(found))
