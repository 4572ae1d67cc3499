"""The whole way of `dpsrun report`: choose, read, write, print."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dpsrun.errors import UserError
from dpsrun.report.notes import notes
from dpsrun.report.read import Report, choose, everything_of, open_store, read
from dpsrun.report.tables import headline, outcomes, stability_lines, write_tables
from dpsrun.report.terminal import print_lines, print_table
from dpsrun.runs.store import Damaged, Store


@dataclass(frozen=True)
class Produced:
    """The reports of a results folder, the files of each, and the unreadable grid notes."""

    reports: tuple[tuple[Report, tuple[Path, ...]], ...]
    damaged: tuple[Damaged, ...]


def produce(results: Path, *, everything: bool, names: Sequence[str]) -> Produced:
    """Make and write the reports of the named grids, of all grids, or one of everything.

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
    return Produced(tuple((one, _written(store, one)) for one in reports), tuple(damaged))


def _written(store: Store, report: Report) -> tuple[Path, ...]:
    try:
        return tuple(write_tables(store, report))
    except OSError as error:
        place = store.root / "tables" / report.grid
        raise UserError(f"{place}: cannot be written: {error.strerror}") from error


def print_all(produced: Produced) -> None:
    """Print the headline of each report, what its reader must know, and where its files lie."""
    for report, files in produced.reports:
        print_report(report, files)
    print_lines(f"{file.path} is damaged: {file.reason}" for file in produced.damaged)


def print_report(report: Report, files: Sequence[Path]) -> None:
    """Print one report; `dpsrun grid` ends with this too."""
    print_table(f"{report.grid}: last epoch, mean ± sd x 100", *headline(report.last))
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
                "notes": notes(report),
                "files": [str(path) for path in files],
            }
            for report, files in produced.reports
        ],
        "damaged": [{"path": str(file.path), "reason": file.reason} for file in produced.damaged],
    }
