"""Options that several commands share, stated once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

GridFiles = Annotated[
    list[Path], typer.Argument(help="Grid files (YAML).", metavar="GRID...", show_default=False)
]
ResultsArgument = Annotated[Path, typer.Argument(help="The results folder.", metavar="DIR")]
ResultsOption = Annotated[Path, typer.Option("--results", help="The results folder.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="KEY=PATTERN,...",
        help="Only runs that match, for example task=rte,method=dps-*; repeatable.",
    ),
]
Data = Annotated[
    list[str] | None,
    typer.Option("--data", metavar="FAMILY=PLACE", help="Where data lie: glue=FOLDER or a hub id."),
]
Model = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="NAME=PLACE", help="Where a model lies: a folder or hub id."),
]
Device = Annotated[
    str, typer.Option("--device", help="auto, cpu, cuda, or devices such as cuda:0,cuda:1.")
]
Workers = Annotated[
    int | None,
    typer.Option("--workers", min=1, help="Runs at a time; default: one a GPU, else one a core."),
]
Timeout = Annotated[
    str | None,
    typer.Option("--timeout", metavar="TIME", help="End a run after so long: 90s, 30m, 2h."),
]
Checkpoint = Annotated[
    bool,
    typer.Option(
        "--checkpoint", help="Save each run at the end of an epoch, to go on there if it is killed."
    ),
]
RunsPerGpu = Annotated[
    str,
    typer.Option(
        "--runs-per-gpu", metavar="K", help="Runs at a time on a GPU; auto: as many as fit."
    ),
]

DEFAULT_RESULTS = Path("results")
StopAfter = Annotated[
    int,
    typer.Option(
        "--stop-after", min=1, help="Start no more after so many failures in a row that are alike."
    ),
]
