"""Kills at drawn moments, and what must hold after each of them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dpsrun.runs.result import TRAINED, Result
from dpsrun.runs.store import Store
from tests.cli.waiting import until
from tests.command import PATIENCE, Bench
from tests.outcome import tables

MARK = "STORM"
"""A variable that tells the processes of a storm from all others."""

UNFINISHED = 3
"""The exit code of a command that leaves runs to be done."""

KINDS = ("launcher", "all", *["worker"] * 4)
"""What a kill may hit. A launcher outlives its workers: their kills need no new one."""


@dataclass(frozen=True)
class Command:
    """A command that works on the folder `results` of a bench."""

    bench: Bench
    words: Sequence[str | Path]

    @property
    def store(self) -> Store:
        """That folder."""
        return Store(self.bench.folder / "results")

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; what it says is kept in a file, so that nobody has to listen."""
        with (self.bench.folder / "said.txt").open("ab") as said:
            return subprocess.Popen(
                self.words,
                cwd=self.bench.folder,
                env=self.bench.given(**{MARK: str(self.bench.folder)}).environment,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )

    def begin(self, first: str = "worker") -> subprocess.Popen[bytes]:
        """Start it, and wait until it has a worker, or a process of another kind."""
        process = self.start()
        until(lambda: process.poll() is not None or bool(self.alive(first, process.pid)))
        return process

    def said(self) -> str:
        """Give what it has said so far, each time that it was started."""
        file = self.bench.folder / "said.txt"
        return file.read_text(encoding="utf-8") if file.exists() else ""

    def alive(self, kind: str = "all", launcher: int = 0) -> list[int]:
        """Find the processes of a kind that it started; its own is the `launcher`."""
        mark = f"{MARK}={self.bench.folder}\0".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if mark in (process / "environ").read_bytes():
                    found.append(int(process.name))
        return sorted(pid for pid in found if kind in {"all", kind_of(pid, launcher)})


@dataclass(frozen=True)
class Calm:
    """What a grid comes to that nothing disturbs: its seconds at work, and its tables."""

    seconds: float
    tables: dict[str, Any]


def calm(command: Command) -> Calm:
    """Let a command do its work in peace."""
    process, began = command.begin(), time.monotonic()
    assert process.wait(PATIENCE) == 0, command.said()
    return Calm(time.monotonic() - began, tables(command.store))


def after_kills(
    number: int, command: Callable[[], Command], span: float, seed: int
) -> Iterator[Store]:
    """Give the folders of commands that were killed so often, all together, and came to their end.

    Args:
        number: of kills; commands are taken until there were so many.
        command: makes a new one with a folder of its own.
        span: as in `Storm`.
        seed: of the moments and the victims.
    """
    draws = random.Random(seed)  # noqa: S311 (no secrets here)
    while number:
        storm = Storm(command(), draws, span)
        storm.pass_over(number)
        number -= storm.kills
        yield storm.command.store


@dataclass
class Storm:
    """Kills what works on one results folder.

    Attributes:
        draws: give the moments and the victims.
        span: seconds within which a kill comes after the start or the last kill.
        kills: how many there were.
        published: the results seen so far: the inode and the content of each file.
    """

    command: Command
    draws: random.Random
    span: float
    kills: int = 0
    published: dict[Path, tuple[int, bytes]] = field(default_factory=dict)

    def pass_over(self, most: int) -> None:
        """Start the command again and again until all is done, with so many kills at most."""
        code = UNFINISHED
        while code:
            before = self.kills
            code = self._let_it_work(most)
            allowed = (0,) if self.kills == before else (0, UNFINISHED, -signal.SIGKILL)
            assert code in allowed, self.command.said()
            self._nothing_is_lost()
        until(lambda: not self.command.alive())

    def _let_it_work(self, most: int) -> int:
        process = self.command.begin()
        while self.kills < most and not ends_within(self.draws.uniform(0, self.span), process):
            self.kills += self._strike(process.pid)
            self._nothing_is_lost()
        return process.wait(PATIENCE)

    def _strike(self, launcher: int) -> bool:
        """Kill what is drawn; False if nothing of that kind is there at this moment."""
        kind, which = self.draws.choice(KINDS), self.draws.random()
        found = self.command.alive(kind, launcher)
        victims = found if kind == "all" else found[int(which * len(found)) :][:1]
        kill(victims)
        return bool(victims)

    def _nothing_is_lost(self) -> None:
        """Each result that was published is the same file as before, and is one attempt's."""
        for path, before in self.published.items():
            assert identity(path) == before
        for path in self.command.store.root.glob("runs/*/result.json"):
            if path not in self.published:
                self.published[path] = identity(path)
                attempts = map(identity, path.parent.glob("attempts/*/result.json"))
                assert list(attempts).count(self.published[path]) == 1


def ends_within(seconds: float, process: subprocess.Popen[bytes]) -> bool:
    """Say whether a process comes to its end before so many seconds are over."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.returncode is not None


def kill(pids: Iterable[int]) -> None:
    """Kill processes that may be gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kind_of(pid: int, launcher: int) -> str:
    """Tell what a process is: workers lead sessions of their own."""
    if pid == launcher:
        return "launcher"
    with contextlib.suppress(OSError):
        if os.getsid(pid) == pid:
            return "worker"
        if b"forkserver" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return "server"
    return "other"


def identity(path: Path) -> tuple[int, bytes]:
    """Give what a file is (its inode) and what is in it."""
    return path.stat().st_ino, path.read_bytes()


def assert_done_once(store: Store) -> None:
    """Each run was trained to its end once, and that is its result."""
    for run in store.run_ids():
        left = [store.attempt_result(run, attempt) for attempt in store.attempts(run)]
        trained = [one for one in left if isinstance(one, Result) and one.outcome in TRAINED]
        assert trained == [store.result(run)]
