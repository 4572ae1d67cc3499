"""Runs that are in Slurm's queue: who looks after them, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dpsrun.errors import UserError
from dpsrun.execution.engine import View
from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.commands import TaskId, TaskState
from dpsrun.execution.slurm.submission import Records, Task
from dpsrun.execution.traces import Traces, has_begun, lost, refusal
from dpsrun.runs.result import Outcome, Result

USUAL = frozenset(
    {"", "None", "Priority", "Resources", "JobArrayTaskLimit", "BeginTime", "Dependency"}
)
"""Reasons to wait that pass by themselves (squeue(1), JOB REASON CODES)."""

ENOUGH = 10
"""So many jobs that failed before they began speak for all."""


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
    answers: bool = field(default=True, init=False)
    reasons: set[tuple[int, str]] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.traces = Traces(self.records.store, self.view)

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
        self._give_all_up_if_none_can_begin(states)
        for run_id, task in list(self.tasks.items()):
            state = states.get(task.id)
            if state is not None and state.waits:
                self.traces.lives(run_id)
                self._tell_reason(task.id.job, state.reason)
            else:
                self._follow(run_id, task, state)

    def _tell_reason(self, job: int, reason: str) -> None:
        """Say once why a job waits, if that may be for ever."""
        if reason not in USUAL and (job, reason) not in self.reasons:
            self.reasons.add((job, reason))
            self.view.said(f"Slurm job {job} waits: {reason}")

    def _follow(self, run_id: str, task: Task, state: TaskState | None) -> None:
        """Look after a run whose job runs or is over; `state` is None if Slurm forgot it."""
        result = self.records.store.result(run_id)
        if isinstance(result, Result):
            self._end(run_id, result)
        elif state is not None and state.lives:
            self.traces.lives(run_id)
            self.traces.tell(run_id, task.token, f"{state.nodes} ({task.id})")
        elif self.traces.settled(run_id):
            self._give_up(run_id, task, state)

    def _give_up(self, run_id: str, task: Task, state: TaskState | None) -> None:
        """Let a run go whose job is over without its result; it stays to be done."""
        begun = self._has_begun(task)
        if self.held and not has_begun(self.records.store, [run_id], task.token):
            del self.tasks[run_id]
        elif state is not None and state.state == "FAILED" and not begun:
            if self._has_any_begun():
                self._lose(run_id, task, "error", "its job failed before it began")
        else:
            how = "left the queue" if state is None else f"ended with {state.state}"
            self._lose(run_id, task, "interrupted", f"its job {task.id} {how}")

    def _has_begun(self, task: Task) -> bool:
        return has_begun(self.records.store, task.runs, task.token)

    def _has_any_begun(self) -> bool:
        tokens = {task.token for task in self.tasks.values()}
        return any(self._has_begun(t) for t in self.records.tasks() if t.token in tokens)

    def _give_all_up_if_none_can_begin(self, states: Mapping[TaskId, TaskState]) -> None:
        """What keeps every job from its work is the user's to mend.

        One that is at work may yet begin, unless too many like it have failed.
        """
        tasks = set(self.tasks.values())
        failed = [t for t in tasks if t.id in states and states[t.id].state == "FAILED"]
        settled = [t for t in failed if all(map(self.traces.settled, t.runs))]
        loading = any(t.id in states and states[t.id].works for t in tasks)
        if not settled or self.held or (loading and len(failed) < ENOUGH) or self._has_any_begun():
            return
        commands.scancel(task.id for task in tasks)
        self.tasks = {}
        task = min(settled, key=lambda task: task.id)
        place = f"job {task.id} failed on {states[task.id].nodes} before it began"
        raise UserError(refusal(place, self.records.log(task)))

    def _lose(self, run_id: str, task: Task, kind: Outcome, words: str) -> None:
        self._end(run_id, lost(run_id, task.token, kind, words, self.records.log(task)))

    def _end(self, run_id: str, result: Result) -> None:
        del self.tasks[run_id]
        self.view.ended(run_id, result)
