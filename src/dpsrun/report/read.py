"""Reads from a results folder what a report is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dpsrun.errors import UserError, nearest
from dpsrun.report.aggregate import Table, aggregate
from dpsrun.report.everything import combine
from dpsrun.runs.result import Result
from dpsrun.runs.spec import RunSpec
from dpsrun.runs.store import Damaged, Manifest, Member, Store


@dataclass(frozen=True)
class Entry:
    """One run of a grid with all that is known of it; `spec` is None where it is unreadable."""

    member: Member
    spec: RunSpec | None
    result: Result | Damaged | None
    attempts: int


@dataclass(frozen=True)
class Report:
    """All that the files of one grid's report say.

    `damaged` holds the unreadable results, their paths relative to the results folder.
    """

    grid: str
    entries: tuple[Entry, ...]
    last: Table
    best: Table
    damaged: tuple[Damaged, ...]


def open_store(results: Path) -> Store:
    """Open a results folder; raises UserError if it does not exist or holds no runs."""
    store = Store(results)
    if not results.is_dir():
        raise UserError(f"{results}: there is no such folder; `dpsrun grid` makes one")
    if not store.run_ids() and not store.manifests():
        raise UserError(f"{results}: no runs in this folder; name the one given to `dpsrun grid`")
    return store


def grids(store: Store) -> tuple[list[Manifest], list[Damaged]]:
    """Read the manifests of all grids, the unreadable ones apart."""
    found = store.manifests()
    return (
        [manifest for manifest in found if isinstance(manifest, Manifest)],
        [manifest for manifest in found if isinstance(manifest, Damaged)],
    )


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
    return combine(readable, {run_id: _spec(store, run_id) for run_id in begun}), damaged


def read(store: Store, manifest: Manifest) -> Report:
    """Read the results of a grid and aggregate them."""
    entries = tuple(
        Entry(
            member=member,
            spec=_spec(store, member.id),
            result=store.result(member.id),
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
        damaged=tuple(
            Damaged(result.path.relative_to(store.root), result.reason)
            for result in results.values()
            if isinstance(result, Damaged)
        ),
    )


def _spec(store: Store, run_id: str) -> RunSpec | None:
    try:
        return store.read_order(run_id).spec
    except (OSError, ValueError):
        return None
