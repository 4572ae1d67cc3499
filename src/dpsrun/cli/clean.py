"""`dpsrun clean`: what dead attempts left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from dpsrun.cli.options import DEFAULT_RESULTS, AsJson, ResultsArgument

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from dpsrun.runs.leftovers import Leftover

Yes = Annotated[bool, typer.Option("--yes", help="Remove what is listed.")]


def clean(
    results: ResultsArgument = DEFAULT_RESULTS, *, yes: Yes = False, as_json: AsJson = False
) -> None:
    """List what dead attempts left behind; with --yes remove it. Results are never touched."""
    from dpsrun.report import terminal
    from dpsrun.report.read import open_store
    from dpsrun.runs.leftovers import leftovers

    store = open_store(results)
    found = leftovers(store)
    if yes:
        _remove(found)
    if as_json:
        terminal.print_json(_json(found, store.root, removed=yes))
    else:
        _print(found, store.root, removed=yes)


def _remove(found: Iterable[Leftover]) -> None:
    from dpsrun.errors import UserError
    from dpsrun.runs.leftovers import remove

    for each in found:
        try:
            remove(each)
        except OSError as error:
            raise UserError(f"{error.filename}: cannot be removed: {error.strerror}") from error


def _print(found: Sequence[Leftover], root: Path, *, removed: bool) -> None:
    from rich.filesize import decimal

    from dpsrun.report.terminal import print_lines, print_table

    if not found:
        print_lines([f"nothing is left over in {root}"])
        return
    lines = [(each.kind, decimal(each.size), str(each.path.relative_to(root))) for each in found]
    print_table("leftovers", ("what", "size", "where"), lines)
    total = decimal(sum(each.size for each in found))
    hint = "" if removed else f"; remove them with: dpsrun clean {root} --yes"
    print_lines([f"{len(found)} {'removed' if removed else 'found'}, {total} in all{hint}"])


def _json(found: Sequence[Leftover], root: Path, *, removed: bool) -> dict[str, Any]:
    return {
        "leftovers": [
            {"kind": each.kind, "bytes": each.size, "path": str(each.path.relative_to(root))}
            for each in found
        ],
        "bytes": sum(each.size for each in found),
        "removed": removed,
    }
