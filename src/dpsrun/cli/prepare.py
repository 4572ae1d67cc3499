"""`dpsrun prepare`: fetch, check, tokenise and lock what grids need, where there is a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, Data, Device, GridFiles, Model

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from dpsrun.offline.prepare import Prepared

HEADER = ("from the hub", "revision", "commit", "size")

Update = Annotated[
    bool, typer.Option("--update", help="Take what is newest now, instead of what is locked.")
]


def prepare(
    files: GridFiles,
    *,
    data: Data = None,
    model: Model = None,
    device: Device = "auto",
    update: Update = False,
) -> None:
    """Fetch, check and tokenise what the grids need; write a lock file beside each.

    From then on `dpsrun plan` and `dpsrun grid` use exactly that, and no network.
    """
    from dpsrun.execution.plan import Request
    from dpsrun.offline.prepare import prepare as do
    from dpsrun.report import terminal
    from dpsrun.runs.fingerprint import cache_folder
    from dpsrun.runs.store import Store

    request = Request(files, DEFAULT_RESULTS, device, (), data or (), model or ())
    prepared = do(request, Store(DEFAULT_RESULTS), cache_folder(), update=update)
    if fetched := dict(line for grid in prepared for line in _fetched(grid)):
        terminal.print_table("prepared", HEADER, fetched.values())
    terminal.print_lines(map(_line, prepared))
    terminal.print_lines(_to_copy(cache_folder(), hub=bool(fetched)))


def _fetched(grid: Prepared) -> Iterator[tuple[Path, tuple[str, ...]]]:
    from dpsrun.execution.disk import megabytes
    from dpsrun.offline.prepare import size

    for asked, folder in grid.folders.items():
        name = f"{asked.kind} {asked.id}"
        yield folder, (name, asked.revision or "newest", folder.name[:12], megabytes(size(folder)))


def _line(grid: Prepared) -> str:
    state = "written" if grid.written else "unchanged"
    return f"{grid.lock_file}: {state}; runs that are ready: {grid.runs}"


def _to_copy(cache: Path, *, hub: bool) -> Iterator[str]:
    """Say what a machine without a network needs beside the grid and its lock file."""
    from dpsrun.hub import cache_folder

    yield "for a machine without a network, beside the grid files and their lock files:"
    if hub:
        yield f"  copy {cache_folder().absolute()} (with its links: cp -a) to hub in its HF_HOME"
    yield f"  copy {cache.absolute()} to its DPSRUN_CACHE"
