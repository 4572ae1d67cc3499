"""Runs as job arrays of Slurm: submitted, then watched through squeue and the results folder.

Jobs need nobody who watches: who goes leaves them in the queue, and who comes adopts them.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from dpsrun.errors import UserError
from dpsrun.execution import traces
from dpsrun.execution.engine import View
from dpsrun.execution.slurm import commands, script
from dpsrun.execution.slurm.queue import Queue
from dpsrun.execution.slurm.submission import Records, Submission, Task, deal, living
from dpsrun.execution.slurm.turn import turn
from dpsrun.runs import lease
from dpsrun.runs.files import new_token, write_whole
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

WAIT_SECONDS = 0.2

RUNS_PER_ARRAY = 30_000
"""So many names make a script of 1.5 MB: Slurm refuses larger ones, from 4 MB on by default."""


@dataclass(frozen=True)
class Demand:
    """What the user asks of Slurm.

    Attributes:
        options: words for sbatch, as they are.
        runs_per_job: runs that one element of an array does.
        max_parallel: elements of an array at work at a time; None for as many as Slurm lets.
    """

    options: tuple[str, ...] = ()
    runs_per_job: int = 1
    max_parallel: int | None = None


ANY = Demand()


@dataclass
class SlurmEngine:
    """Gives runs to Slurm.

    Args:
        store: the results folder, which the nodes see too.
        view: is told what happens.
        demand: what is asked of Slurm.
        work: options of `dpsrun work` for the jobs.
    """

    store: Store
    view: View
    demand: Demand = ANY
    work: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.records = Records(self.store)
        self.queue = Queue(self.records, self.view)
        self.pace = traces.Pace()

    def describe(self) -> str:
        """Name the jobs."""
        jobs = self.queue.jobs
        return f"Slurm {'job' if len(jobs) == 1 else 'jobs'} {', '.join(map(str, jobs))}"

    def submit(self, run_ids: Sequence[str]) -> None:
        """Adopt the runs that are in Slurm's queue already, and submit the others.

        Raises UserError if Slurm does not answer or refuses the demand.
        """
        with turn(self.records.folder, self.view):
            self._adopt(frozenset(run_ids))
            if self.queue.tasks:
                self.view.said(f"{_runs(self.queue.tasks)} in the queue already: {self.describe()}")
            new = [run_id for run_id in run_ids if run_id not in self.queue.tasks]
            self._submit([run_id for run_id in new if not self._is_done(run_id)])

    def _is_done(self, run_id: str) -> bool:
        """Say, and tell the view, whether a run has come to its end since it was planned."""
        result = self.store.result(run_id)
        if isinstance(result, Result):
            self.view.ended(run_id, result)
        return isinstance(result, Result)

    def _submit(self, run_ids: Sequence[str]) -> None:
        """Submit runs; arrays of which only so many elements may work at a time wait in a row."""
        size = commands.max_array_size() if run_ids else 1
        most = min(size, max(1, RUNS_PER_ARRAY // self.demand.runs_per_job))
        before = None
        for hands in deal(run_ids, self.demand.runs_per_job, most):
            job = self._submit_array(Submission(token=new_token(), tasks=tuple(hands)), before)
            before = job if self.demand.max_parallel else None

    def poll(self) -> Collection[str]:
        """Wait a moment; now and then look what became of the runs."""
        time.sleep(WAIT_SECONDS)
        if self.pace.due:
            self.queue.look()
        return list(self.queue.tasks)

    def hold(self) -> None:
        """Cancel what has not begun; where Slurm does not answer the next call tries again."""
        if not self.queue.held:
            with contextlib.suppress(UserError):
                commands.scancel({t.id for t in self.queue.tasks.values()}, pending=True)
                self.queue.held = True

    def leave(self) -> None:
        """Let the jobs go on; say how to come back to them, and how to end them."""
        if self.queue.tasks:
            back = "the same command watches them again"
            end = f"`dpsrun cancel {self.store.root}` ends them"
            self.view.said(f"{self.describe()}: left in the queue; {back}, {end}")

    def _adopt(self, run_ids: Collection[str]) -> None:
        found = living(self.records)
        if found is None:
            raise UserError("squeue does not answer; without it runs could be submitted twice")
        for task, state in found.items():
            ours = (run_id for run_id in task.runs if run_id in run_ids)
            for run_id in ours:
                if state.waits or not self._is_behind(task, run_id):
                    self.queue.tasks[run_id] = task
        self._tell_of_others(found, run_ids)

    def _tell_of_others(self, found: Iterable[Task], run_ids: Collection[str]) -> None:
        """Tell of runs that are not asked for, of an older form of the grid, say."""
        others = {
            run_id: task.id.job
            for task in found
            for run_id in task.runs
            if run_id not in run_ids and not isinstance(self.store.result(run_id), Result)
        }
        if others:
            jobs = ", ".join(map(str, sorted(set(others.values()))))
            end = f"`dpsrun cancel {self.store.root}` ends all"
            words = f"{_runs(others)} of this folder that nobody asks for now"
            self.view.said(f"{words} in the queue too: Slurm {jobs}; {end}")

    def _is_behind(self, task: Task, run_id: str) -> bool:
        """Say whether a job at work has made its attempt at a run, which is to be done again."""
        owner = lease.current(self.store, run_id)
        if owner is None or owner.attempt < task.token:
            return False
        return self.store.attempt_result(run_id, owner.attempt) is not None

    def _submit_array(self, submission: Submission, after: int | None) -> int:
        self.records.write(submission)
        content = script.text(submission, traces.PROGRAM, self._options())
        write_whole(self.records.script(submission.token), content)
        demand = self.demand
        most = demand.max_parallel
        words = script.words(submission, self.records, demand.options, most, after)
        job = commands.sbatch(words)
        taken = submission.model_copy(update={"job": job})
        self.records.write(taken)
        added = {run_id: task for task in taken.elements for run_id in task.runs}
        self.queue.tasks |= added
        self.view.said(f"submitted {_runs(added)} as Slurm job {job}")
        return job

    def _options(self) -> list[str]:
        return ["--results", str(self.store.root.absolute()), *self.work]


def _runs(found: Collection[str]) -> str:
    return "1 run" if len(found) == 1 else f"{len(found)} runs"
