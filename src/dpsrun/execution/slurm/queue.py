"""Runs that are in Slurm's queue: who looks after them, and what became of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from dpsrun.errors import UserError
from dpsrun.execution.engine import Progress, View
from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.commands import TaskId, TaskState
from dpsrun.execution.slurm.submission import Records, Task
from dpsrun.execution.slurm.verdict import (
    failed_before_it_began,
    has_begun,
    refusal,
    verdict,
)
from dpsrun.runs import lease
from dpsrun.runs.result import Result

SETTLE_SECONDS = 10.0
"""So long a job must be over before its runs are given up: one that is requeued can look ended for
a moment, and a network file system shows a new file some seconds late.
"""


@dataclass
class Queue:
    """Follows runs to their ends.

    Attributes:
        records: of the results folder.
        view: is told what happens.
        tasks: the element that does it, for each run that is not at an end.
        held: what has not begun was cancelled at our word, and needs none.
    """

    records: Records
    view: View
    tasks: dict[str, Task] = field(default_factory=dict)
    held: bool = False
    over: dict[str, float] = field(default_factory=dict, init=False)
    begun: set[str] = field(default_factory=set, init=False)
    answers: bool = field(default=True, init=False)

    @property
    def jobs(self) -> list[int]:
        """Number the jobs that are looked after."""
        return sorted({task.id.job for task in self.tasks.values()})

    def look(self) -> None:
        """Ask Slurm and the results folder for news; tell the view.

        Raises UserError where no job of ours can begin.
        """
        states = commands.squeue(self.jobs)
        if self.answers != (states is not None):
            self.answers = states is not None
            words = "answers again" if self.answers else "does not answer; its jobs go on meanwhile"
            self.view.said(f"Slurm {words}")
        if states is not None:
            self._follow_all(states)

    def _follow_all(self, states: Mapping[TaskId, TaskState]) -> None:
        for run_id, task in list(self.tasks.items()):
            state = states.get(task.id)
            if state is not None and state.waits:
                self.over.pop(run_id, None)
            else:
                self._follow(run_id, task, state)

    def _follow(self, run_id: str, task: Task, state: TaskState | None) -> None:
        """Look after a run whose job runs or is over; `state` is None if Slurm forgot it."""
        result = self.records.store.result(run_id)
        if isinstance(result, Result):
            self._end(run_id, result)
        elif state is not None and state.lives:
            self.over.pop(run_id, None)
            self._tell_progress(run_id, task, state)
        elif time.monotonic() - self.over.setdefault(run_id, time.monotonic()) >= SETTLE_SECONDS:
            self._give_up(run_id, task, state)

    def _tell_progress(self, run_id: str, task: Task, state: TaskState) -> None:
        owner = lease.current(self.records.store, run_id)
        if owner is None or owner.attempt < task.token:  # of an earlier job
            return
        if run_id not in self.begun:
            self.begun.add(run_id)
            self.view.started(run_id, f"{state.nodes} ({task.id})")
        pulse = lease.pulse(self.records.store, run_id, owner.attempt)
        if pulse and pulse.loss is not None and pulse.rate is not None:
            step, total, epoch = pulse.step, pulse.total_steps, pulse.epoch
            self.view.progressed(
                run_id, Progress(step, total, epoch, pulse.loss, pulse.score, pulse.rate)
            )

    def _give_up(self, run_id: str, task: Task, state: TaskState | None) -> None:
        """Let a run go whose job is over without its result; it stays to be done."""
        store = self.records.store
        if self.held and not has_begun(store, task):
            del self.tasks[run_id]
            return
        if state is not None and failed_before_it_began(store, task, state):
            self._give_all_up_if_none_began(task, state)
        self._end(run_id, verdict(self.records, run_id, task, state))

    def _give_all_up_if_none_began(self, task: Task, state: TaskState) -> None:
        """What keeps each job of an array from its work is the user's to mend."""
        array = {one for one in self.records.tasks() if one.token == task.token}
        if not any(has_begun(self.records.store, one) for one in array):
            self.tasks = {run: one for run, one in self.tasks.items() if one not in array}
            commands.scancel(one.id for one in array)
            raise UserError(refusal(self.records, task, state.nodes))

    def _end(self, run_id: str, result: Result) -> None:
        del self.tasks[run_id]
        self.view.ended(run_id, result)
