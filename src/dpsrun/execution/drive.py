"""Drives an engine until all runs are at an end, or until the user stops it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence
from types import FrameType

from dpsrun.execution.engine import Engine

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
        now = time.monotonic()
        if self.asked_at is None:
            self.asked_at = now
        elif now - self.asked_at > ECHO_SECONDS:
            signal.signal(number, signal.SIG_DFL)
            os.kill(os.getpid(), number)


def drive(engine: Engine, run_ids: Sequence[str]) -> bool:
    """Do all runs; False if Ctrl-C or SIGTERM ended it before they were done."""
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        engine.submit(run_ids)
        while not stop.asked and engine.poll():
            pass
    finally:
        engine.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
    return not stop.asked
