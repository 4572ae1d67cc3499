"""Preparing grids: everything is fetched, checked, tokenised and locked, once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from dpsrun import hub
from dpsrun.errors import UserError
from dpsrun.execution import plan as planning
from dpsrun.execution.orders import tokenise
from dpsrun.offline import lock as locking
from dpsrun.offline.lock import Contents, Lock, Pin
from dpsrun.runs.store import Store

LIBRARIES = ("dpsrun", "transformers", "tokenizers")


@dataclass(frozen=True)
class Prepared:
    """A grid that is prepared.

    Attributes:
        lock_file: where its lock lies.
        written: whether that is new, or was changed.
        runs: how many runs it has.
        folders: where the cache has each hub repository; the folder's name is the commit.
    """

    lock_file: Path
    written: bool
    runs: int
    folders: Mapping[hub.Repository, Path]


def prepare(
    request: planning.Request, store: Store, cache: Path, *, update: bool = False
) -> list[Prepared]:
    """Fetch, check and tokenise what the runs of all grids need, and write their lock files.

    Commits that are locked stay; with `update` every revision is resolved anew.
    Raises UserError for whatever would keep a run from starting, if locked contents have changed,
    and if an update cannot ask the hub; then no lock file is touched.
    """
    if update and (reason := hub.unreachable()):
        raise UserError(f"--update: the hub does not answer: {reason}")
    old = {file: None if update else locking.read(file) for file in request.files}
    terms = {
        file: hub.Access(commits=dict(lock.commits) if lock else {}) for file, lock in old.items()
    }
    plan = planning.resolve(request, store, cache, lambda file: hub.using(terms[file]))
    new = {grid.file: _lock(grid, terms[grid.file]) for grid in plan.grids}
    _check(old, new)
    tokenise(plan.grids, plan.runs.values(), cache)
    return [
        Prepared(
            lock_file=locking.place(grid.file),
            written=_write(grid.file, new[grid.file]),
            runs=len(grid.runs),
            folders=terms[grid.file].folders,
        )
        for grid in plan.grids
    ]


def _lock(grid: planning.PlannedGrid, terms: hub.Access) -> Lock:
    pins = [
        Pin(kind=asked.kind, id=asked.id, revision=asked.revision, commit=folder.name)
        for asked, folder in terms.folders.items()
    ]
    return Lock(
        repositories=tuple(sorted(pins, key=lambda pin: (pin.kind, pin.id, pin.revision or ""))),
        contents=Contents.of(grid.all_runs),
        versions={name: version(name) for name in LIBRARIES},
    )


def _check(old: Mapping[Path, Lock | None], new: Mapping[Path, Lock]) -> None:
    """What is locked changes on demand alone; what is new in a grid is added."""
    for file, lock in old.items():
        found = lock.differences(new[file].contents) if lock else []
        if changed := [each for each in found if each.known]:
            raise locking.differ(file, changed)


def _write(file: Path, lock: Lock) -> bool:
    try:
        return locking.write(file, lock)
    except OSError as error:
        reason = error.strerror or str(error)
        raise UserError(f"{locking.place(file)}: cannot be written: {reason}") from error


def size(folder: Path) -> int:
    """Count the bytes of all files in a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
