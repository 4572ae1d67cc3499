"""When a worker has had its time: longer than the user allows, or without a sign of life."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

from dpsrun.errors import UserError
from dpsrun.runs.lease import LEASE_SECONDS, PULSE_SECONDS, silence
from dpsrun.runs.store import Store

DOUBT_SECONDS = 3 * PULSE_SECONDS
"""A machine that slept wakes up with old signs of life only; its workers get time for new ones."""


UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
TIME = re.compile(r"(\d+(?:\.\d+)?) ?([smh]?)", re.ASCII)


def seconds(words: str | None) -> float | None:
    """Read the value of `--timeout`: `90s`, `30m`, `2h`; a bare number is seconds.

    Raises UserError for another word.
    """
    if words is None:
        return None
    found = TIME.fullmatch(words.strip())
    if not found or not float(found[1]):
        raise UserError(f"--timeout {words}: write a time such as 90s, 30m or 2h")
    return float(found[1]) * UNITS[found[2]]


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
