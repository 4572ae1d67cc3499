"""How the methods of this package behave badly; needs no torch."""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path

STEP = 2
"""The step in which they do it."""


def act(method: str, step: int, examples: int) -> None:
    """Do what a method does in a step with so many examples at a time."""
    if method == "hungry" and examples > 4:
        raise MemoryError("five examples do not fit")
    if step == STEP and method in ACTS:
        ACTS[method]()


def raises() -> None:
    """Fail."""
    raise RuntimeError("this method always fails")


def fills() -> None:
    """Fill the disk of the folder EXTRA_FILL."""
    with (Path(os.environ["EXTRA_FILL"]) / "filler").open("wb", buffering=0) as filler:
        for size in (1 << 16, 1):
            with contextlib.suppress(OSError):
                while filler.write(bytes(size)):
                    pass


def waits() -> None:
    """Say in the folder EXTRA_WAIT which process this is, and wait there for a signal."""
    if folder := os.environ.get("EXTRA_WAIT"):
        (Path(folder) / str(os.getpid())).touch()
        signal.pause()


ACTS = {"raises": raises, "fills": fills, "waits": waits}
