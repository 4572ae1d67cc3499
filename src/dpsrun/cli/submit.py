"""`dpsrun submit`: the zip that the GLUE server takes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsOption


def submit(
    runs: Annotated[
        list[str], typer.Argument(help="Runs, one for each task, by id or a part of it.")
    ],
    *,
    results: ResultsOption = DEFAULT_RESULTS,
    out: Annotated[Path, typer.Option("--out", help="The zip to write.")] = Path("glue.zip"),
    as_json: AsJson = False,
) -> None:
    """Write test predictions as gluebenchmark.com takes them; runs need `evaluate: [test]`."""
    from dpsrun.report import terminal
    from dpsrun.report.read import open_store
    from dpsrun.report.run import find_run
    from dpsrun.submission.submit import submit as written

    store = open_store(results)
    made = written(store, [find_run(store, run) for run in runs], out)
    if as_json:
        terminal.print_json(made.as_json())
        return
    terminal.print_table("submission", ("file", "run"), made.origins.items())
    lacking = f"absent: {', '.join(made.absent)}; the server wants all eleven files"
    terminal.print_lines([str(made.path), *([lacking] if made.absent else [])])
