"""All that is known of one run."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from pathlib import Path

from dpsrun.errors import UserError, nearest
from dpsrun.report.read import grids
from dpsrun.report.status import log_path
from dpsrun.runs.result import Result
from dpsrun.runs.spec import Labels
from dpsrun.runs.state import State, state_of
from dpsrun.runs.store import Damaged, Order, Store

LISTED = 10
"""How many candidates an ambiguous name lists."""


@dataclass(frozen=True)
class Attempt:
    """One try at a run; without a result it still goes on or was killed."""

    name: str
    result: Result | Damaged | None
    log: Path


@dataclass(frozen=True)
class Dossier:
    """One run: `order` is None where `spec.json` is absent or unreadable."""

    run: str
    state: State
    labels: dict[str, Labels]
    order: Order | None
    result: Result | Damaged | None
    attempts: tuple[Attempt, ...]


def find_run(store: Store, text: str) -> str:
    """Find a run by its id, its beginning or a part that no other run has; else UserError."""
    known = _known(store)
    if text in known:
        return text
    begins = [run for run in known if run.startswith(text)]
    found = begins if len(begins) == 1 else [run for run in known if text in run]
    if len(found) == 1:
        return found[0]
    if not found:
        raise UserError(f"there is no run {text!r} in {store.root}: {_hint(text, known, store)}")
    more = f"\n  and {len(found) - LISTED} more" if len(found) > LISTED else ""
    listing = "".join(f"\n  {run}" for run in found[:LISTED])
    raise UserError(f"{text!r} means {len(found)} runs; give more of the id:{listing}{more}")


def _hint(text: str, known: list[str], store: Store) -> str:
    """Name the nearest run; where none is near, all of them if that is a short list."""
    close = difflib.get_close_matches(text, known, n=1, cutoff=0.5)
    if close or len(known) <= LISTED:
        return nearest(text, known)
    return f"its {len(known)} runs lie in {store.root / 'runs'}"


def _known(store: Store) -> list[str]:
    members = (member.id for grid in grids(store)[0] for member in grid.members)
    return sorted({*store.run_ids(), *members})


def dossier(store: Store, run_id: str) -> Dossier:
    """Read everything about a run."""
    return Dossier(
        run=run_id,
        state=state_of(store, run_id),
        labels={
            grid.name: member.labels
            for grid in grids(store)[0]
            for member in grid.members
            if member.id == run_id
        },
        order=_order(store, run_id),
        result=store.result(run_id),
        attempts=tuple(
            Attempt(name, store.attempt_result(run_id, name), log_path(store, run_id, name))
            for name in store.attempts(run_id)
        ),
    )


def _order(store: Store, run_id: str) -> Order | None:
    try:
        return store.read_order(run_id)
    except (OSError, ValueError):
        return None
