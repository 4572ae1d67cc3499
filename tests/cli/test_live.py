"""What a grid looks like on a terminal."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from dpsrun.runs.state import state_of
from dpsrun.runs.store import Store
from tests.cli.waiting import alive, made_to_wait, until
from tests.command import PATIENCE, Bench

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A terminal of 200 columns in which a command runs; remembers all that was shown."""

    def __init__(self, bench: Bench, *words: str | Path) -> None:
        self.ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (50, 200))
        self.process = subprocess.Popen(
            [*bench.program, *map(str, words)],
            cwd=bench.folder,
            env={**bench.environment, "TERM": "xterm"},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.shown = b""

    @property
    def text(self) -> str:
        return CONTROL.sub("", self.shown.decode(errors="replace"))

    def until(self, pattern: str) -> None:
        """Read on until a text has been shown."""
        deadline = time.monotonic() + PATIENCE
        while not re.search(pattern, self.text):
            assert time.monotonic() < deadline, self.text
            assert self.read(), self.text

    def read(self) -> bool:
        """Take what is there, waiting a moment; False at the end, which Linux tells by an error."""
        if not select.select([self.ours], [], [], 1.0)[0]:
            return True
        with contextlib.suppress(OSError):
            news = os.read(self.ours, 65536)
            self.shown += news
            return bool(news)
        return False

    def end(self) -> int:
        """Read all the rest; give the exit code."""
        while self.read():
            pass
        return self.process.wait(PATIENCE)


@pytest.fixture
def terminal(bench: Bench) -> Iterator[Terminal]:
    """A terminal with a grid of two runs, of which the second waits after its first step.

    A stand-in trains: what is shown of a run is what a worker tells of it.
    """
    waiting = made_to_wait(bench.quick)
    grid = waiting.grid(methods=["vanilla", "waits"])
    terminal = Terminal(waiting, "grid", grid, "--workers", "1")
    yield terminal
    if terminal.process.poll() is None:
        terminal.process.kill()
        terminal.process.wait()
    os.close(terminal.ours)


def test_a_terminal_that_is_closed_stops_the_grid_and_loses_nothing(
    terminal: Terminal, bench: Bench
) -> None:
    terminal.until("1/2 runs")
    until(lambda: any((bench.folder / "waiting").iterdir()))
    os.close(terminal.ours)
    os.killpg(terminal.process.pid, signal.SIGHUP)
    assert terminal.process.wait(PATIENCE) == 130
    until(lambda: not alive(made_to_wait(bench)))
    store = Store(bench.folder / "results")
    assert sorted(state_of(store, run) for run in store.run_ids()) == ["done", "new"]
    terminal.ours = os.open(os.devnull, os.O_RDONLY)


def test_a_terminal_shows_the_runs_at_work_and_keeps_the_ends(
    terminal: Terminal, bench: Bench
) -> None:
    terminal.until("0/2 runs")
    terminal.until(r"1/2 runs, about [\d.]+ (s|min|h) left")
    terminal.until(r"slot +run +step +epoch +loss +score +steps/s")
    terminal.until(r"cpu:0 +mini-rte-\S+-waits-s0-\w+ +1/4 +1 +\d\.\d{3} ")
    (worker,) = (bench.folder / "waiting").iterdir()
    os.kill(int(worker.name), signal.SIGKILL)
    assert terminal.end() == 3, terminal.text
    end = terminal.text[terminal.text.rindex("2/2 runs, 1 interrupted") :]
    assert "small: last epoch" in end
    assert re.search(r"-vanilla-s0-\w+: (ok|failed), score [\d.-]+", terminal.text)
    assert re.search(r"-waits-s0-\w+: interrupted: the worker was killed by SIGKILL", terminal.text)
