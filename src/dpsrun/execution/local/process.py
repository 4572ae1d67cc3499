"""One worker process, seen from the launcher: its start, its words, its end."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import STOP_SIGNALS
from dpsrun.execution.engine import Progress
from dpsrun.execution.local import child
from dpsrun.execution.local.job import Job
from dpsrun.execution.local.server import start_server
from dpsrun.execution.local.watch import Watch
from dpsrun.execution.memory import kernel_kills
from dpsrun.runs.result import Outcome
from dpsrun.runs.store import Store

STARTS = 3
"""How often a child is started whose server is lost meanwhile."""

SERVER_LOST = 255
"""The exit code that multiprocessing makes up when the server can no longer tell the real one."""

REAPING_SECONDS = 0.1
"""A killed server hangs up before the kernel says that it is gone."""

END_SECONDS = 10.0
"""How long the kernel may take to end what was killed."""


@dataclass
class Worker:
    """A child at work on a job.

    Attributes:
        process: whose group it leads, once it has begun.
        channel: tells the name of the attempt and its progress; its end ends the child.
        watch: tells when it has had its time.
        attempt: the attempt, once it has begun.
        overdue: why we killed it, if we did.
        kills: how often the kernel had killed for want of memory when it was started.
    """

    job: Job
    slot: Slot
    process: BaseProcess
    channel: Connection
    watch: Watch
    attempt: str | None = None
    overdue: str = ""
    hung_up: bool = False
    kills: int | None = field(default_factory=kernel_kills)

    @property
    def run_id(self) -> str:
        """The run that it does."""
        return self.job.run_id

    def news(self) -> list[Progress]:
        """Read what it said since; remembers the attempt when it is told."""
        heard: list[Progress] = []
        try:
            while self.channel.poll():
                word = self.channel.recv()
                if isinstance(word, str):
                    self.attempt = word
                else:
                    heard.append(word)
        except (EOFError, OSError):
            self.hung_up = True
        return heard

    def see_the_end(self) -> list[Progress]:
        """Make sure that it has ended, and read its last words.

        A lost server says that its children have ended when they have not. The channel is right:
        it hangs up when the last process that holds it is gone.
        """
        if self.process.exitcode == SERVER_LOST:
            self.kill()
            self._send(os.kill, signal.SIGKILL)
        heard = self.news()
        while not self.hung_up and self.channel.poll(END_SECONDS):
            heard += self.news()
        return heard

    def ask_to_stop(self) -> None:
        """Send SIGTERM; a child that has not begun does not hear it and has nothing to lose."""
        self._send(os.kill, signal.SIGTERM if self.attempt else signal.SIGKILL)

    def kill(self) -> None:
        """End it with all that it started, at once."""
        self._send(os.killpg, signal.SIGKILL)
        if self.process.is_alive():  # it has no group of its own yet
            self._send(os.kill, signal.SIGKILL)

    def _send(self, how: Any, number: signal.Signals) -> None:  # noqa: ANN401 (kill or killpg)
        with contextlib.suppress(ProcessLookupError):
            how(self.process.pid, number)

    def end(self) -> tuple[Outcome, str]:
        """Say what the end of a process without a result means, and word it."""
        code = self.process.exitcode
        if self.overdue:
            return "timeout", self.overdue
        if code == SERVER_LOST:
            return "interrupted", "the server that starts the workers was lost"
        if code == -signal.SIGKILL:
            return self._killed()
        if code is not None and code < 0:
            stopped = -code in STOP_SIGNALS
            words = f"the worker was killed by {signal.Signals(-code).name}"
            return "interrupted" if stopped else "error", words
        return "error", f"the worker ended with exit code {code} and left no result"

    def _killed(self) -> tuple[Outcome, str]:
        """Tell the kernel's kill for want of memory from somebody's, where the kernel counts."""
        now = kernel_kills()
        if now is not None and now == self.kills:
            return "interrupted", "the worker was killed by SIGKILL, not for want of memory"
        return "oom", "the worker was killed by SIGKILL, as the kernel does when memory runs out"


def start(store: Store, job: Job, slot: Slot, limit: float | None) -> Worker:
    """Start a child on a job that may take `limit` seconds.

    The server that it is forked from is started where there is none; its loading does not count.
    One that is killed in this very moment is replaced; raises EOFError or OSError if that does
    not help.
    """
    for _ in range(STARTS):
        ours, theirs = multiprocessing.Pipe()
        told = (store, job.run_id, slot, job.conditions, theirs)
        process = multiprocessing.get_context("forkserver").Process(target=child.live, args=told)
        start_server()
        try:
            process.start()
            return Worker(job, slot, process, ours, Watch(limit))
        except (EOFError, OSError) as error:
            ours.close()  # a child that was forked all the same ends by this
            lost = error
            time.sleep(REAPING_SECONDS)
        finally:
            theirs.close()
    raise lost
