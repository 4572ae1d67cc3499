"""Where runs stand, by their results and leases."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from dpsrun.runs.lease import holder
from dpsrun.runs.result import FINISHED, Result
from dpsrun.runs.store import Store

State = Literal["new", "running", "done", "failed", "stale"]


def state_of(store: Store, run_id: str) -> State:
    """Say whether a run is to do, at work, done, failed by the machine's fault, or stale."""
    result = store.result(run_id)
    if not isinstance(result, Result):
        return "new" if holder(store, run_id) is None else "running"
    if result.outcome not in FINISHED:
        return "failed"
    return "stale" if result.stale else "done"


def states_of(store: Store, run_ids: Iterable[str]) -> dict[str, State]:
    """Give the state of each run; most of a large plan have no folder to look into yet."""
    begun = set(store.run_ids())
    return {run_id: state_of(store, run_id) if run_id in begun else "new" for run_id in run_ids}
