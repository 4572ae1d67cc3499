"""Runs that another launcher, perhaps on another host, is at."""

from __future__ import annotations

import time

from dpsrun.execution.engine import View
from dpsrun.runs.lease import holder
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

LOOK_SECONDS = 2.0


class Elsewhere:
    """Waits for their results, and takes over those whose owner died.

    Args:
        store: the results folder that all share.
        view: is told of their ends.
    """

    def __init__(self, store: Store, view: View) -> None:
        self.store, self.view = store, view
        self.runs: list[str] = []
        self.looked = 0.0

    def has(self, run_id: str) -> bool:
        """Say whether a run is done or at work already; if so, wait for it from now on."""
        if not self._is_taken(run_id):
            return False
        self.runs.append(run_id)
        return True

    def left(self) -> list[str]:
        """Give the runs that became free without a result; tell the view of those that ended."""
        if not self.runs or time.monotonic() - self.looked < LOOK_SECONDS:
            return []
        self.looked = time.monotonic()
        free = [run_id for run_id in self.runs if self._is_free(run_id)]
        results = {run_id: self.store.result(run_id) for run_id in self.runs if run_id not in free}
        ended = {run_id: found for run_id, found in results.items() if isinstance(found, Result)}
        self.runs = [run_id for run_id in results if run_id not in ended]
        for run_id, result in ended.items():
            self.view.ended(run_id, result)
        return free

    def _is_free(self, run_id: str) -> bool:
        """Say whether nobody is at a run and nothing came of it, not even just now."""
        return not self._is_taken(run_id) and not self.store.recover(run_id)

    def _is_taken(self, run_id: str) -> bool:
        # In this order: who ends between the two questions has left a result.
        held = holder(self.store, run_id) is not None
        return held or isinstance(self.store.result(run_id), Result)
