"""Runs on this machine: a fresh process per run, forked from a server with loaded libraries.

Each child pins its threads and its one visible device itself.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections import deque
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from dpsrun.execution import child
from dpsrun.execution.devices import Slot
from dpsrun.execution.elsewhere import Elsewhere
from dpsrun.execution.engine import View
from dpsrun.execution.server import STOP_SIGNALS, preloads, start_server
from dpsrun.execution.worker import log_tail
from dpsrun.runs.result import Failure, Outcome, Result
from dpsrun.runs.store import Store

SERVER_LOST = 255
"""The exit code that multiprocessing makes up when the server can no longer tell the real one."""

GRACE_SECONDS = 10.0
WAIT_SECONDS = 0.5


@dataclass
class Worker:
    """A child at work on a run."""

    run_id: str
    slot: Slot
    process: BaseProcess
    channel: Connection
    attempt: str | None = None


class LocalEngine:
    """Gives runs to slots, one at a time each.

    Args:
        store: the results folder.
        slots: where runs can be done.
        model_types: encoders whose modules the server loads in advance.
        view: is told what happens.
    """

    def __init__(
        self, store: Store, slots: Sequence[Slot], model_types: Collection[str], view: View
    ) -> None:
        self.store, self.view = store, view
        self.queue: deque[str] = deque()
        self.elsewhere = Elsewhere(store, view)
        self.idle = deque(slots)
        self.workers: list[Worker] = []
        self.cancelled = False
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(preloads(model_types))

    def describe(self) -> str:
        """Say how many runs go side by side, and where."""
        slots = [*self.idle, *(worker.slot for worker in self.workers)]
        kinds = {slot.kind for slot in slots}
        return f"{len(slots)} at a time on {' and '.join(sorted(kinds))}"

    def submit(self, run_ids: Sequence[str]) -> None:
        """Queue runs and start as many as there are slots."""
        self.queue.extend(run_ids)
        self._fill()

    def poll(self) -> Collection[str]:
        """Pass on news, collect the dead, fill their slots."""
        ends = [w.process.sentinel for w in self.workers]
        channels = [w.channel for w in self.workers if not w.channel.closed]
        wait([*ends, *channels], timeout=WAIT_SECONDS)
        for worker in list(self.workers):
            self._listen(worker)
            if not worker.process.is_alive():
                self._bury(worker)
        self.queue.extend(self.elsewhere.left())
        self._fill()
        return [*(worker.run_id for worker in self.workers), *self.queue, *self.elsewhere.runs]

    def cancel(self) -> None:
        """Ask the workers to stop, wait a little, then kill them with all they started."""
        self.cancelled = True
        self.queue.clear()
        for worker in self.workers:
            self._listen(worker)
            # One that has not begun does not hear SIGTERM yet, and has nothing to lose.
            _signal(worker.process, signal.SIGTERM if worker.attempt else signal.SIGKILL)
        deadline = time.monotonic() + GRACE_SECONDS
        for worker in self.workers:
            worker.process.join(max(0.0, deadline - time.monotonic()))
            _signal_group(worker.process, signal.SIGKILL)
            worker.process.join()
            self._listen(worker)
            self._bury(worker)

    def _fill(self) -> None:
        while self.queue and self.idle:
            run_id = self.queue.popleft()
            if not self.elsewhere.has(run_id):
                self._start(run_id, self.idle.popleft())

    def _start(self, run_id: str, slot: Slot) -> None:
        ours, theirs = multiprocessing.Pipe()
        process = self.context.Process(
            target=child.live, args=(self.store, run_id, slot, theirs), name=run_id
        )
        start_server()
        process.start()
        theirs.close()
        self.workers.append(Worker(run_id, slot, process, ours))
        self.view.started(run_id, slot.label)

    def _listen(self, worker: Worker) -> None:
        with contextlib.suppress(EOFError, OSError):
            while worker.channel.poll():
                news = worker.channel.recv()
                if isinstance(news, str):
                    worker.attempt = news
                else:
                    self.view.progressed(worker.run_id, news)

    def _bury(self, worker: Worker) -> None:
        worker.process.join()
        worker.channel.close()
        self.workers = [other for other in self.workers if other is not worker]
        self.idle.append(worker.slot)
        if worker.attempt is None and worker.process.exitcode == 0:
            self.elsewhere.runs.append(worker.run_id)  # another was faster by a moment
        else:
            self.view.ended(worker.run_id, self._result(worker))

    def _result(self, worker: Worker) -> Result | None:
        """Read what the attempt left, and publish it if its worker died before it could.

        A worker that died without a word is given a result.
        """
        if worker.attempt is not None:
            left = self.store.attempt_result(worker.run_id, worker.attempt)
            if isinstance(left, Result):
                self.store.publish(left)
                return left
        published = self.store.result(worker.run_id)
        if isinstance(published, Result):
            return published
        return self._testify(worker)

    def _testify(self, worker: Worker) -> Result:
        attempt = worker.attempt or self.store.begin(worker.run_id)
        log = self.store.log_path(worker.run_id, attempt)
        code = worker.process.exitcode
        stopped = self.cancelled or code in (SERVER_LOST, *(-number for number in STOP_SIGNALS))
        kind: Outcome = "interrupted" if stopped else "error"
        words = _last_words(code)
        failure = Failure(kind=kind, message=words, log_tail=log_tail(log))
        result = Result(run=worker.run_id, attempt=attempt, outcome=kind, failure=failure)
        self.store.finish(result)
        return result


def _signal(process: BaseProcess, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(_pid(process), number)


def _signal_group(process: BaseProcess, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(_pid(process), number)


def _pid(process: Any) -> int:  # noqa: ANN401 (typeshed leaves out that a started one has it)
    return int(process.pid)


def _last_words(exit_code: int | None) -> str:
    if exit_code == SERVER_LOST:
        return "the server that starts the workers was lost"
    if exit_code is not None and exit_code < 0:
        name = signal.Signals(-exit_code).name
        hint = " (the kernel does so when memory runs out)" if name == "SIGKILL" else ""
        return f"the worker was killed by {name}{hint}"
    return f"the worker ended with exit code {exit_code} and left no result"
