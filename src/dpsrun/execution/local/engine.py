"""Runs on this machine: a fresh process per run, forked from a server with loaded libraries.

Each child pins its threads and its one visible device itself.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import wait

from dpsrun.execution.devices import Slot
from dpsrun.execution.disk import free_bytes, megabytes
from dpsrun.execution.elsewhere import Elsewhere
from dpsrun.execution.engine import USUAL, Conditions, View
from dpsrun.execution.local import process
from dpsrun.execution.local.job import Job, next_try, wording
from dpsrun.execution.local.process import Worker
from dpsrun.execution.local.server import preloads
from dpsrun.runs.files import new_token, tail
from dpsrun.runs.result import CODE, Failure, Result
from dpsrun.runs.store import Store

GRACE_SECONDS = 10.0
WAIT_SECONDS = 0.5


@dataclass(frozen=True)
class Limits:
    """What runs are held to.

    Attributes:
        seconds: wall-clock time of a run; None for any.
        room: bytes that must be free before a run is started.
    """

    seconds: float | None = None
    room: int = 0


ANY = Limits()


@dataclass
class LocalEngine:
    """Gives runs to slots, one at a time each.

    Args:
        store: the results folder.
        slots: where runs can be done.
        model_types: encoders whose modules the server loads in advance.
        view: is told what happens.
        limits: what runs are held to.
        usual: how runs are done.
        special: how those are done that need other conditions.
    """

    store: Store
    slots: Sequence[Slot]
    model_types: Collection[str]
    view: View
    limits: Limits = ANY
    usual: Conditions = USUAL
    special: Mapping[str, Conditions] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.queue: deque[str] = deque()
        self.again: deque[Job] = deque()
        self.elsewhere = Elsewhere(self.store, self.view)
        self.workers: list[Worker] = []
        self.cancelled = self.full = False
        multiprocessing.get_context("forkserver").set_forkserver_preload(preloads(self.model_types))

    def describe(self) -> str:
        """Say how many runs go side by side, and where."""
        kinds = {slot.kind for slot in self.slots}
        return f"{len(self.slots)} at a time on {' and '.join(sorted(kinds))}"

    def submit(self, run_ids: Sequence[str]) -> None:
        """Queue runs; the first poll starts as many as there are slots."""
        self.queue.extend(run_ids)

    def poll(self) -> Collection[str]:
        """Fill the slots, pass on news, collect the dead, end the overdue.

        A slot that becomes free is filled by the next poll only: the caller may hold before.
        """
        self._fill()
        ends = [worker.process.sentinel for worker in self.workers]
        channels = [worker.channel for worker in self.workers if not worker.channel.closed]
        wait([*ends, *channels], timeout=WAIT_SECONDS)
        for worker in list(self.workers):
            self._listen(worker)
            if not worker.process.is_alive():
                self._bury(worker)
            else:
                self._end_if_overdue(worker)
        self.queue.extend(self.elsewhere.left())
        return [
            *(worker.run_id for worker in self.workers),
            *self.queue,
            *(job.run_id for job in self.again),
            *self.elsewhere.runs,
        ]

    def hold(self) -> None:
        """Start nothing more; what runs may come to its end."""
        self.queue.clear()
        self.again.clear()
        self.elsewhere.runs.clear()

    def leave(self) -> None:
        """Ask the workers to stop, wait a little, then kill them with all they started."""
        self.cancelled = True
        self.hold()
        for worker in self.workers:
            self._listen(worker)
            worker.ask_to_stop()
        deadline = time.monotonic() + GRACE_SECONDS
        for worker in list(self.workers):
            worker.process.join(max(0.0, deadline - time.monotonic()))
            worker.kill()
            worker.process.join()
            self._listen(worker)
            self._bury(worker)

    def _fill(self) -> None:
        self._look_at_the_disk()
        if self.full:
            return
        busy = {worker.slot for worker in self.workers}
        for slot in self.slots:
            if slot not in busy and (job := self._job_for(slot)):
                self.workers.append(process.start(self.store, job, slot, self.limits.seconds))
                self.view.started(job.run_id, slot.label)

    def _job_for(self, slot: Slot) -> Job | None:
        """Give the next run that may start on a slot; those that need a device alone come last."""
        beside = [worker for worker in self.workers if worker.slot.device == slot.device]
        if any(worker.job.alone for worker in beside):
            return None
        while self.queue:
            run_id = self.queue.popleft()
            if not self.elsewhere.has(run_id):
                return Job(run_id, self.special.get(run_id, self.usual))
        return self.again.popleft() if self.again and not beside else None

    def _look_at_the_disk(self) -> None:
        """Pause while the disk is full; what runs waits by itself where it has to write."""
        free = free_bytes(self.store.root)
        was_full, self.full = self.full, free < self.limits.room
        if self.full and not was_full:
            words = f"{megabytes(free)} free, a run needs up to {megabytes(self.limits.room)}"
            self.view.said(f"paused: the disk of {self.store.root} is full ({words})")
        elif was_full and not self.full:
            self.view.said("there is room on the disk again: going on")

    def _end_if_overdue(self, worker: Worker) -> None:
        overdue = worker.watch.overdue(self.store, worker.run_id, worker.attempt)
        if overdue and not worker.overdue:
            worker.overdue = overdue
            worker.kill()

    def _listen(self, worker: Worker) -> None:
        for progress in worker.news():
            self.view.progressed(worker.run_id, progress)

    def _bury(self, worker: Worker) -> None:
        worker.process.join()
        for progress in worker.see_the_end():
            self.view.progressed(worker.run_id, progress)
        worker.channel.close()
        self.workers.remove(worker)
        if worker.attempt is None and worker.process.exitcode == 0:
            self.elsewhere.runs.append(worker.run_id)  # another was faster by a moment
            return
        result = self._result(worker)
        if not self._try_again(worker, result):
            self.view.ended(worker.run_id, result)

    def _try_again(self, worker: Worker, result: Result) -> bool:
        """Queue a run anew that did not fit into memory, unless nothing is left to try."""
        if result.outcome != "oom" or self.cancelled:
            return False
        batch = self.store.read_order(worker.run_id).spec.training
        size = batch.micro_batch_size or batch.batch_size
        shared = sum(slot.device == worker.slot.device for slot in self.slots) > 1
        job = next_try(worker.job, size, shared=shared)
        if job is None:
            return False
        self.store.withdraw(worker.run_id)
        self.again.append(job)
        self.view.said(f"{worker.run_id} ran out of memory; it is done again {wording(job)}")
        return True

    def _result(self, worker: Worker) -> Result:
        """Read what the attempt left, and publish it if its worker died before it could.

        A worker that died without a word is given a result.
        """
        if worker.attempt is not None:
            left = self.store.attempt_result(worker.run_id, worker.attempt)
            if isinstance(left, Result):
                with contextlib.suppress(OSError):  # else the next launcher publishes it
                    self.store.publish(left)
                return left
        published = self.store.result(worker.run_id)
        return published if isinstance(published, Result) else self._testify(worker)

    def _testify(self, worker: Worker) -> Result:
        kind, words = worker.end()
        attempt = worker.attempt or new_token()
        failure = Failure(
            kind="interrupted" if self.cancelled else kind,
            message=words,
            log_tail=tail(self.store.log_path(worker.run_id, attempt)),
        )
        result = Result(
            run=worker.run_id, attempt=attempt, code=CODE, outcome=failure.kind, failure=failure
        )
        with contextlib.suppress(OSError):  # on a full disk the run stays to be done
            self.store.begin(worker.run_id, attempt)
            self.store.finish(result)
        return result
