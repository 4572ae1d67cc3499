"""Runs that a cluster does: what their leases, signs of life and logs tell those who watch."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from dpsrun.execution.engine import Progress, View
from dpsrun.runs import lease
from dpsrun.runs.files import tail
from dpsrun.runs.result import CODE, Failure, Outcome, Result
from dpsrun.runs.store import Store

PROGRAM = (sys.executable, "-m", "dpsrun")
"""What a cluster starts: this very installation, which its nodes see too."""

SETTLE_SECONDS = 10.0
"""So long a job must be over before its runs are given up: one that is requeued can look ended for
a moment, and a network file system shows a new file some seconds late.
"""

SOONEST, LATEST = 1.0, 15.0
"""Seconds between two looks: often at first, then rarely, for others need the cluster too."""

SLOWER = 20
"""After so many seconds the pause grows by one."""


class Pace:
    """Says when to look again."""

    def __init__(self) -> None:
        self.began = self.looked = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time; the next time is counted from a yes."""
        now = time.monotonic()
        if now - self.looked < min(LATEST, max(SOONEST, (now - self.began) / SLOWER)):
            return False
        self.looked = now
        return True


@dataclass
class Traces:
    """Follows runs by what they leave in the results folder.

    Args:
        store: the results folder.
        view: is told what is found there.
    """

    store: Store
    view: View
    begun: set[str] = field(default_factory=set, init=False)
    over: dict[str, float] = field(default_factory=dict, init=False)

    def tell(self, run_id: str, since: str, where: str = "") -> None:
        """Tell how far a run is once its job has begun it, and where: by default, on which host.

        Tokens of jobs and attempts sort by time.
        """
        owner = lease.current(self.store, run_id)
        if owner is None or owner.attempt < since:  # of an earlier job
            return
        if run_id not in self.begun:
            self.begun.add(run_id)
            self.view.started(run_id, where or owner.host)
        pulse = lease.pulse(self.store, run_id, owner.attempt)
        if pulse and pulse.loss is not None and pulse.rate is not None:
            step, total, epoch = pulse.step, pulse.total_steps, pulse.epoch
            self.view.progressed(
                run_id, Progress(step, total, epoch, pulse.loss, pulse.score, pulse.rate)
            )

    def lives(self, run_id: str) -> None:
        """Note that the job of a run is not over, or not any more."""
        self.over.pop(run_id, None)

    def settled(self, run_id: str) -> bool:
        """Say whether the job of a run has been over for so long that no result will show up."""
        now = time.monotonic()
        return now - self.over.setdefault(run_id, now) >= SETTLE_SECONDS


def has_begun(store: Store, run_ids: Iterable[str], since: str) -> bool:
    """Say whether somebody has made an attempt at one of the runs since then."""
    return any(each > since for run_id in run_ids for each in store.attempts(run_id))


def lost(run_id: str, token: str, kind: Outcome, words: str, log: Path) -> Result:
    """Word the end of a run without a result, for those who watch.

    What stays on record is what attempts left.
    """
    failure = Failure(kind=kind, message=words, log_tail=tail(log))
    return Result(run=run_id, attempt=token, code=CODE, outcome=kind, failure=failure)


def refusal(place: str, log: Path, error: str = "") -> str:
    """Say why no job could begin, as the log of one of them tells, or else the cluster's error."""
    if words := tail(log):
        return f"{place}; the others were cancelled. It said:\n{words}"
    reason = f"its log {log} is missing or empty: the nodes may not see that folder"
    said = f" ({error})" if error else ""
    return f"{place}{said}; {reason}; choose --results on a file system that they share"
