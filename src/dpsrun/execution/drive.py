"""Drives an engine until all runs are at an end, or until the user stops it."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from types import FrameType

from dpsrun.execution.engine import Engine

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What the launcher answers for all its processes."""

ECHO_SECONDS = 1.0
"""`timeout` signals its command and then the whole group: two signals that mean one."""


class Stop:
    """Remembers that a signal asked us to stop; a later one takes its usual course."""

    def __init__(self) -> None:
        self.asked_at: float | None = None

    @property
    def asked(self) -> bool:
        """Whether a signal came."""
        return self.asked_at is not None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note the first signal, pass over its echo, give way to a second one."""
        if number == signal.SIGHUP:
            _leave_the_terminal()
        now = time.monotonic()
        if self.asked_at is None:
            self.asked_at = now
        elif now - self.asked_at > ECHO_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def drive(
    engine: Engine, run_ids: Sequence[str], enough: Callable[[], bool] = lambda: False
) -> bool:
    """Do all runs; False if a signal ended it before they were done.

    Once `enough` says so no more are started, and those at work come to their end.
    """
    stop = Stop()
    with _hearing(stop):
        try:
            engine.submit(run_ids)
            while not stop.asked and engine.poll():
                if enough():
                    engine.hold()
        finally:
            engine.leave()
    return not stop.asked


@contextlib.contextmanager
def _hearing(stop: Stop) -> Iterator[None]:
    """Let signals ask for the stop; what `nohup` has told us to ignore stays ignored."""
    heard = [n for n in STOP_SIGNALS if signal.getsignal(n) != signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave_the_terminal() -> None:
    """Say the rest to nobody: writing to a terminal that was closed is an error."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (1, 2):
        if stat.S_ISCHR(os.fstat(number).st_mode):
            os.dup2(nowhere, number)
    os.close(nowhere)
