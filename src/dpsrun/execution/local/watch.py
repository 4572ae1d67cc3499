"""When a worker has had its time: longer than the user allows, or without a sign of life."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from dpsrun.runs.lease import LEASE_SECONDS, PULSE_SECONDS, silence
from dpsrun.runs.store import Store

DOUBT_SECONDS = 3 * PULSE_SECONDS
"""A machine that slept wakes up with old signs of life only; its workers get time for new ones."""


@dataclass
class Watch:
    """Watches one worker.

    Args:
        limit: wall-clock seconds that its run may take; None for any.
        started: `time.monotonic()` at its start.
    """

    limit: float | None
    started: float = field(default_factory=time.monotonic)
    looked: float = 0.0
    silent_since: float | None = None

    def overdue(self, store: Store, run_id: str, attempt: str | None) -> str:
        """Say why the worker is to be killed; empty if it is not."""
        now = time.monotonic()
        if self.limit is not None and now - self.started > self.limit:
            return f"took longer than {self.limit:g} s"
        if attempt is None or now - self.looked < PULSE_SECONDS:
            return ""
        self.looked = now
        seconds = silence(store, run_id, attempt)
        if seconds < LEASE_SECONDS:
            self.silent_since = None
            return ""
        self.silent_since = self.silent_since or now
        hung = now - self.silent_since >= DOUBT_SECONDS
        return f"gave no sign of life for {seconds:.0f} s" if hung else ""
