"""The whole way of `dpsrun report`: choose, read, write, print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dpsrun.errors import UserError
from dpsrun.report.formats.spreadsheets import cost_lines, stability_lines
from dpsrun.report.formats.tables import further, headline, outcomes
from dpsrun.report.notes import notes
from dpsrun.report.read import Report, choose, everything_of, open_store, read
from dpsrun.report.terminal import print_lines, print_table
from dpsrun.report.write import write_figures, write_tables
from dpsrun.runs.store import Damaged, Store

UNDRAWN = "figures were not drawn, they need matplotlib: pip install 'dpsrun[report]'"


@dataclass(frozen=True)
class Produced:
    """The reports of a results folder, the files of each, and the unreadable grid notes.

    `undrawn` says whether there are figures that could not be drawn for want of matplotlib.
    """

    reports: tuple[tuple[Report, tuple[Path, ...]], ...]
    damaged: tuple[Damaged, ...]
    undrawn: bool = False


def produce(
    results: Path, *, everything: bool, names: Sequence[str], figures: bool = False
) -> Produced:
    """Make and write the reports of the named grids, of all grids, or one of everything.

    Figures take seconds, so they are drawn only where they are asked for.
    Raises UserError for a folder without runs, an unknown grid, a folder that cannot be written.
    """
    if everything and names:
        raise UserError("--all and --grid exclude each other")
    store = open_store(results)
    if everything:
        combined, damaged = everything_of(store)
        manifests = [combined]
    else:
        manifests, damaged = choose(store, names)
    reports = [read(store, manifest) for manifest in manifests]
    made = [(report, *_written(store, report, figures=figures)) for report in reports]
    return Produced(
        reports=tuple((report, files) for report, files, _ in made),
        damaged=tuple(damaged),
        undrawn=not all(drawn for *_, drawn in made),
    )


def _written(store: Store, report: Report, *, figures: bool) -> tuple[tuple[Path, ...], bool]:
    """Write a report's files; say whether all its figures that were asked for are among them."""
    try:
        tables = write_tables(store, report)
        try:
            return (*tables, *(write_figures(store, report) if figures else ())), True
        except ModuleNotFoundError:
            return tuple(tables), False
    except OSError as error:
        place = store.root / "tables" / report.grid
        raise UserError(f"{place}: cannot be written: {error.strerror}") from error


def print_all(produced: Produced) -> None:
    """Print the headline of each report, what its reader must know, and where its files lie."""
    for report, files in produced.reports:
        print_report(report, files)
    print_lines(f"{file.path} is damaged: {file.reason}" for file in produced.damaged)
    print_lines([UNDRAWN] if produced.undrawn else [])


def print_report(report: Report, files: Sequence[Path]) -> None:
    """Print one report; `dpsrun grid` ends with this too."""
    print_table(f"{report.grid}: last epoch, mean ± sd x 100", *headline(report.last))
    if report.transfer.table.columns:
        print_table("further evaluation sets, after the last step", *further(report.transfer))
    counted = ", ".join(f"{number} {outcome}" for outcome, number in outcomes(report).items())
    print_lines([f"{len(report.entries)} runs: {counted}", *map(str, files), ""])


def as_json(produced: Produced) -> dict[str, Any]:
    """Give all the numbers, raw, for machines."""
    return {
        "grids": [
            {
                "grid": report.grid,
                "runs": len(report.entries),
                "outcomes": outcomes(report),
                "cells": list(stability_lines(report)),
                "costs": list(cost_lines(report)),
                "notes": notes(report),
                "files": [str(path) for path in files],
            }
            for report, files in produced.reports
        ],
        "damaged": [{"path": str(file.path), "reason": file.reason} for file in produced.damaged],
        "undrawn": produced.undrawn,
    }
