"""Stops a grid that only produces failures."""

from __future__ import annotations

from dpsrun.execution.engine import Progress, View
from dpsrun.runs.result import FINISHED, Result


class Brake:
    """A view that passes everything on and counts failures in a row.

    Args:
        view: who is told.
        limit: failures in a row with the same words after which no run is started any more.
    """

    def __init__(self, view: View, limit: int) -> None:
        self.view, self.limit = view, limit
        self.words, self.count = "", 0

    @property
    def pulled(self) -> bool:
        """Whether nothing more is to be started."""
        return self.count >= self.limit

    def started(self, run_id: str, slot: str) -> None:
        """Pass on."""
        self.view.started(run_id, slot)

    def progressed(self, run_id: str, progress: Progress) -> None:
        """Pass on."""
        self.view.progressed(run_id, progress)

    def said(self, words: str) -> None:
        """Pass on."""
        self.view.said(words)

    def ended(self, run_id: str, result: Result | None) -> None:
        """Count a failure, or forget those counted."""
        self.view.ended(run_id, result)
        before = self.pulled
        self._count(result)
        if self.pulled and not before:
            failures = "failure" if self.limit == 1 else f"{self.limit} failures in a row"
            self.view.said(f"stopped after {failures}: {self.words}; no more runs are started")

    def _count(self, result: Result | None) -> None:
        if result is None or result.outcome == "interrupted" or self.pulled:
            return
        words = f"{result.outcome}: {result.failure.message}" if result.failure else ""
        if result.outcome in FINISHED:
            words = ""
        self.count = 0 if not words else self.count + 1 if words == self.words else 1
        self.words = words
