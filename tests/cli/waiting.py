"""Commands that are watched while they run; the method `waits` of another package holds them."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.command import PATIENCE, Bench
from tests.standin import EXTRA


def made_to_wait(bench: Bench) -> Bench:
    """Install the badly behaved methods of another package, and let `waits` really wait."""
    folder = bench.folder / "waiting"
    folder.mkdir(exist_ok=True)
    return bench.finding(EXTRA).given(EXTRA_WAIT=str(folder))


def until(condition: Callable[[], bool], process: subprocess.Popen[str] | None = None) -> None:
    """Wait for a condition; a process that ended meanwhile will not bring it about."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        assert process is None or process.poll() is None, process.communicate()
        time.sleep(0.05)


def workers(waiting: Bench, number: int, process: subprocess.Popen[str]) -> list[int]:
    """Give the processes that wait, once there are so many."""
    folder = Path(waiting.environment["EXTRA_WAIT"])
    until(lambda: len(list(folder.iterdir())) == number, process)
    return [int(path.name) for path in folder.iterdir()]


def alive(waiting: Bench) -> list[str]:
    """Name every process that was started from this bench, the launcher's server too."""
    mark = f"EXTRA_WAIT={waiting.environment['EXTRA_WAIT']}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found
