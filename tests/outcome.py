"""What came of a results folder, to be compared with what came of another."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

COST = ("attempts", "seconds_", "peak_memory_bytes/")
"""Columns of `runs.csv` that tell what a result cost, not what it is."""


def hashes(store: Store) -> dict[str, dict[str, str]]:
    """Give the hashes of weights, predictions and order of each run."""
    found = {run: store.result(run) for run in store.run_ids()}
    return {run: result.hashes for run, result in found.items() if isinstance(result, Result)}


def tables(store: Store) -> dict[str, Any]:
    """Read the tables of all grids, but for what the results cost."""
    return {
        str(path.relative_to(store.root)): without_cost(path)
        if path.name == "runs.csv"
        else path.read_bytes()
        for path in store.root.glob("tables/*/*")
        # A killed launcher leaves the draft of what it was writing; `clean` takes it away.
        if path.stem != "costs" and not path.name.startswith(".")
    }


def without_cost(path: Path) -> list[dict[str, str]]:
    """Read the lines of a table of runs, but for the columns that tell what they cost."""
    lines = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    return [{k: v for k, v in line.items() if not k.startswith(COST)} for line in lines]
