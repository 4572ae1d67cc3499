"""The worker's side of the local engine: a process forked from the server, doing one run."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from multiprocessing.connection import Connection

from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import STOP_SIGNALS
from dpsrun.execution.engine import Conditions, Progress
from dpsrun.execution.worker import work
from dpsrun.runs.store import Store

REPORT_EVERY = 0.2


def live(
    store: Store, run_id: str, slot: Slot, conditions: Conditions, channel: Connection
) -> None:
    """Do a run in a session of our own: the whole group can be ended, and Ctrl-C stays away."""
    os.setsid()
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
    os.environ.update(slot.environment())
    threading.Thread(target=_end_with_parent, args=(channel,), daemon=True).start()
    report = _Throttle(channel)
    work(store, run_id, slot.kind, conditions=conditions, begun=channel.send, report=report)


def _end_with_parent(channel: Connection) -> None:
    """Wait for the end of the launcher, whatever ended it, and follow."""
    with contextlib.suppress(EOFError, OSError):
        channel.recv()
    os.killpg(os.getpgid(0), signal.SIGKILL)


class _Throttle:
    """Sends progress on, at most a few times a second."""

    def __init__(self, channel: Connection) -> None:
        self.channel, self.sent = channel, 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if now - self.sent >= REPORT_EVERY or progress.step == progress.total_steps:
            self.sent = now
            with contextlib.suppress(OSError):
                self.channel.send(progress)
