"""Drives an engine until all runs are at an end, or until the user stops it."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from types import FrameType

from dpsrun.execution.engine import Engine


class Stop:
    """Remembers that a signal asked us to stop; a second one takes its usual course."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Note the signal and let the next one through."""
        self.asked = True
        signal.signal(number, signal.SIG_DFL)


def drive(engine: Engine, run_ids: Sequence[str]) -> bool:
    """Do all runs; False if Ctrl-C or SIGTERM ended it before they were done."""
    stop = Stop()
    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        engine.submit(run_ids)
        while engine.poll() and not stop.asked:
            pass
    finally:
        engine.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)
    return not stop.asked
