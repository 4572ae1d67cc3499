"""What dead attempts left behind in a results folder, and nobody will read again.

Only files that we know by name and place are leftovers, and none of a run that somebody is at.
What is younger than a lease lasts may belong to somebody whom we do not see; it is left alone.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dpsrun.runs.files import time_of
from dpsrun.runs.lease import LEASE_NAME, LEASE_SECONDS, holder
from dpsrun.runs.result import FINISHED, Result
from dpsrun.runs.store import Damaged, Store

ATTEMPT = r"\d{8}T\d+Z-[0-9a-f]+"
TEMPORARY = re.compile(rf"\.(.+\.|link-)[0-9a-f]{{8}}|\.{ATTEMPT}", re.ASCII)
"""Files about to get their name, probes of the file system, and drafts of leases."""

OF_AN_ATTEMPT = frozenset({"log.txt", "pulse.json", "curve.csv", "predictions.parquet"})
"""What an attempt may have written by the time it dies without a result."""


@dataclass(frozen=True)
class Leftover:
    """One thing that is left over.

    Attributes:
        path: the file, or the folder of an attempt; the folder itself stays, as history.
        kind: what it is, in words.
        files: what is to be removed.
        size: of these files, in bytes.
        changed: when they were changed last, by the file system's clock.
    """

    path: Path
    kind: str
    files: tuple[Path, ...]
    size: int
    changed: float


def leftovers(store: Store) -> list[Leftover]:
    """List what may be removed; removes nothing."""
    folders = [store.root, store.root / "grids", *_entries(store.root / "tables")]
    found = [each for folder in folders for each in _temporary(folder)]
    found += [each for run_id in store.run_ids() for each in _of_run(store, run_id)]
    now = time_of(store.root)
    return [each for each in found if now - each.changed >= LEASE_SECONDS]


def remove(leftover: Leftover) -> None:
    """Remove what was listed, and nothing that came since; raises OSError."""
    for file in leftover.files:
        file.unlink(missing_ok=True)


def _of_run(store: Store, run_id: str) -> Iterator[Leftover]:
    folder = store.folder(run_id)
    if not folder.is_dir() or holder(store, run_id) is not None:
        return
    yield from _temporary(folder)
    yield from _temporary(folder / "leases")
    result = store.result(run_id)
    if isinstance(result, Damaged):
        return  # nobody knows of which attempt it is
    for attempt in filter(_is_own_folder, _entries(folder / "attempts")):
        is_published = result is not None and result.attempt == attempt.name
        yield from _temporary(attempt) if is_published else _of_attempt(attempt)
    if isinstance(result, Result) and result.outcome in FINISHED:
        yield from _of_finished_run(store, run_id)


def _of_attempt(folder: Path) -> Iterator[Leftover]:
    """Give all of it; of one with a result, or with something unknown, what is temporary."""
    files = tuple(_entries(folder))
    if files and re.fullmatch(ATTEMPT, folder.name) and all(map(_is_of_an_attempt, files)):
        yield from _measured(folder, "attempt without a result", files)
    else:
        yield from _temporary(folder)


def _of_finished_run(store: Store, run_id: str) -> Iterator[Leftover]:
    """The newest lease stays: by its number an owner that wakes up late sees it was overtaken."""
    checkpoint, folder = store.checkpoint_path(run_id), store.folder(run_id) / "leases"
    yield from _measured(checkpoint, "checkpoint of a finished run", (checkpoint,))
    leases = [path for path in _entries(folder) if LEASE_NAME.fullmatch(path.name)]
    for path in sorted(leases, key=lambda path: int(path.stem))[:-1]:
        yield from _measured(path, "lease of a finished run", (path,))


def _temporary(folder: Path) -> Iterator[Leftover]:
    for file in filter(_is_temporary, _entries(folder)):
        yield from _measured(file, "temporary file", (file,))


def _is_of_an_attempt(file: Path) -> bool:
    return _is_temporary(file) or (file.name in OF_AN_ATTEMPT and _is_plain(file))


def _is_temporary(file: Path) -> bool:
    return TEMPORARY.fullmatch(file.name) is not None and _is_plain(file)


def _is_own_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _is_plain(file: Path) -> bool:
    return file.is_file() and not file.is_symlink()


def _entries(folder: Path) -> list[Path]:
    """List a folder by name; one that is gone, or is no folder, has nothing."""
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return sorted(folder.iterdir())
    return []


def _measured(path: Path, kind: str, files: tuple[Path, ...]) -> Iterator[Leftover]:
    """Describe something, unless it is gone."""
    with contextlib.suppress(FileNotFoundError):
        states = [file.lstat() for file in files]
        changed = max(state.st_mtime for state in (path.lstat(), *states))
        yield Leftover(path, kind, files, sum(state.st_size for state in states), changed)
