"""Reads from a results folder what a report is made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dpsrun.errors import UserError, nearest
from dpsrun.report.aggregate import Row, Selection, Table, aggregate, repeated
from dpsrun.report.analysis.transfer import Transfer, transfer
from dpsrun.report.everything import combine
from dpsrun.report.named import row_key
from dpsrun.runs.result import TRAINED, Result
from dpsrun.runs.spec import RunSpec
from dpsrun.runs.store import Damaged, Manifest, Member, Order, Store

BY_MATRIX = {"kept", "matrices"}
"""What the record of a method tells of each weight matrix."""

CellKey = tuple[str, str, str, str]
"""Labels of the scenario, the model, the method and the task."""


@dataclass(frozen=True)
class Entry:
    """One run of a grid with all that is known of it; `order` is None where it is unreadable."""

    member: Member
    order: Order | None
    result: Result | Damaged | None
    attempts: int

    @property
    def spec(self) -> RunSpec | None:
        """The spec of the run, as its order has it."""
        return self.order.spec if self.order else None

    @property
    def trained(self) -> Result | None:
        """The result, if the training came to its end."""
        if isinstance(self.result, Result) and self.result.outcome in TRAINED:
            return self.result
        return None


@dataclass(frozen=True)
class Report:
    """All that the files of one grid's report say.

    `damaged` holds the unreadable results, their paths relative to the results folder; `selection`
    names the table whose scores are compared.
    """

    grid: str
    entries: tuple[Entry, ...]
    last: Table
    best: Table
    held_out: Table
    transfer: Transfer
    damaged: tuple[Damaged, ...]
    selection: Selection = "last"

    @property
    def main(self) -> Table:
        """The table whose scores are compared."""
        return {"last": self.last, "best": self.best, "held-out": self.held_out}[self.selection]

    @property
    def selections(self) -> tuple[Table, ...]:
        """Give the tables of the tasks' own scores: held out only where results have halves."""
        scored = any(cell.scores for row in self.held_out.rows for cell in row.cells)
        return (self.last, self.best, *([self.held_out] if scored else ()))

    @cached_property
    def entries_of(self) -> Mapping[CellKey, Sequence[Entry]]:
        """The runs of each cell that has any."""
        found: dict[CellKey, list[Entry]] = {}
        for entry in self.entries:
            labels = entry.member.labels
            found.setdefault((*row_key(labels), labels.task), []).append(entry)
        return found

    def runs(self, row: Row, task: str) -> Sequence[Entry]:
        """Give the runs of a row's task."""
        return self.entries_of.get((*row.key, task), ())


def open_store(results: Path) -> Store:
    """Open a results folder; raises UserError if it does not exist or holds no runs."""
    store = Store(results)
    if not results.is_dir():
        raise UserError(f"{results}: there is no such folder; `dpsrun grid` makes one")
    if not store.run_ids() and not store.manifests():
        raise UserError(f"{results}: no runs in this folder; name the one given to `dpsrun grid`")
    return store


def grids(store: Store) -> tuple[list[Manifest], list[Damaged]]:
    """Read the manifests of all grids; apart, those that are unreadable or repeat their labels."""
    found = [_distinct(store, manifest) for manifest in store.manifests()]
    return (
        [manifest for manifest in found if isinstance(manifest, Manifest)],
        [manifest for manifest in found if isinstance(manifest, Damaged)],
    )


def _distinct(store: Store, manifest: Manifest | Damaged) -> Manifest | Damaged:
    if isinstance(manifest, Manifest) and (repetition := repeated(manifest)):
        return Damaged(store.root / "grids" / f"{manifest.name}.json", repetition)
    return manifest


def choose(store: Store, names: Sequence[str]) -> tuple[list[Manifest], list[Damaged]]:
    """Give the named grids, or all; raises UserError if there is none or a name is unknown."""
    readable, damaged = grids(store)
    if not readable and not damaged:
        raise UserError(f"{store.root}: no grid is noted here; `--all` makes one table of all runs")
    known = {manifest.name: manifest for manifest in readable}
    for name in names:
        _check_known(name, known, damaged)
    return ([known[name] for name in dict.fromkeys(names)] if names else readable), damaged


def _check_known(name: str, known: dict[str, Manifest], damaged: list[Damaged]) -> None:
    for file in damaged:
        if file.path.stem == name:
            raise UserError(f"{file.path}: damaged: {file.reason}; run the grid again")
    if name not in known:
        raise UserError(f"there is no grid {name!r}: {nearest(name, known)}")


def everything_of(store: Store) -> tuple[Manifest, list[Damaged]]:
    """Put every run of the folder into one manifest, those that no grid names too."""
    readable, damaged = grids(store)
    begun = [run_id for run_id in store.run_ids() if store.folder(run_id).is_dir()]
    orders = {run_id: _order(store, run_id) for run_id in begun}
    specs = {run_id: order.spec if order else None for run_id, order in orders.items()}
    return combine(readable, specs), damaged


def read(store: Store, manifest: Manifest) -> Report:
    """Read the results of a grid and aggregate them."""
    entries = tuple(
        Entry(
            member=member,
            order=_order(store, member.id),
            result=_lean(store.result(member.id)),
            attempts=len(store.attempts(member.id)),
        )
        for member in manifest.members
    )
    results = {entry.member.id: entry.result for entry in entries}
    return Report(
        grid=manifest.name,
        entries=entries,
        last=aggregate(manifest, results, "last"),
        best=aggregate(manifest, results, "best"),
        held_out=aggregate(manifest, results, "held-out"),
        transfer=transfer(manifest, results),
        damaged=tuple(
            Damaged(result.path.relative_to(store.root), result.reason)
            for result in results.values()
            if isinstance(result, Damaged)
        ),
    )


def _lean(result: Result | Damaged | None) -> Result | Damaged | None:
    """Leave out what a method told of each weight matrix: half of the memory of a large report."""
    if isinstance(result, Result):
        _drop_matrices(result.method)
    return result


def _drop_matrices(record: dict[str, Any]) -> None:
    for name, value in list(record.items()):
        if not isinstance(value, dict):
            continue
        if name in BY_MATRIX:
            del record[name]
        else:  # a part of a combination
            _drop_matrices(value)


def _order(store: Store, run_id: str) -> Order | None:
    try:
        return store.read_order(run_id)
    except (OSError, ValueError):
        return None
