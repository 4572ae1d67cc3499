"""What was submitted: a record in the results folder for each job array.

DIR/engine/slurm/<token>.json        the record: the job's number and the runs of each element
DIR/engine/slurm/<token>.sh          the script that Slurm runs
DIR/engine/slurm/<token>-<i>.log     what element i said

The record is written before the job is submitted and completed after it. Whoever finds one without
a number asks Slurm for the job with its script, so that nothing is lost or submitted twice if the
submitter is killed in between.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.commands import TaskId, TaskState
from dpsrun.runs.files import write_whole
from dpsrun.runs.frozen import Frozen
from dpsrun.runs.store import Store


@dataclass(frozen=True)
class Task:
    """One element of a submitted array, and the runs that it does."""

    id: TaskId
    token: str
    runs: tuple[str, ...]


class Submission(Frozen):
    """One job array: `tasks` are the runs of each element, `job` its number once Slurm gave one."""

    schema_number: Annotated[int, Field(ge=1, le=1)] = 1
    token: str
    tasks: tuple[tuple[str, ...], ...]
    job: int | None = None

    @property
    def elements(self) -> list[Task]:
        """The elements, once Slurm has taken the array."""
        if self.job is None:
            return []
        return [Task(TaskId(self.job, n), self.token, runs) for n, runs in enumerate(self.tasks)]


@dataclass(frozen=True)
class Records:
    """The records of a results folder."""

    store: Store

    @property
    def folder(self) -> Path:
        """Where they lie; absolute, for jobs may begin in another folder."""
        return self.store.root.absolute() / "engine" / "slurm"

    def script(self, token: str) -> Path:
        """Give the script of an array."""
        return self.folder / f"{token}.sh"

    def log(self, task: Task) -> Path:
        """Give the log of an element."""
        return self.folder / f"{task.token}-{task.id.element}.log"

    def write(self, submission: Submission) -> None:
        """Write a record down, or complete it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{submission.token}.json"
        write_whole(path, submission.model_dump_json(indent=1))

    def read(self) -> list[Submission]:
        """Read all records, oldest first; what cannot be read adopts nothing."""
        found = []
        for path in sorted(self.folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError):
                text = path.read_text(encoding="utf-8")
                found.append(Submission.model_validate_json(text))
        return found

    def tasks(self) -> list[Task]:
        """List the elements of all arrays that Slurm has taken; completes records on the way.

        Raises UserError if Slurm must be asked for that and does not answer.
        """
        found = self.read()
        if any(each.job is None for each in found):
            jobs = {state.script: state.id.job for state in commands.own_jobs().values()}
            found = [self._complete(each, jobs.get(f"{each.token}.sh")) for each in found]
        return [task for each in found for task in each.elements]

    def _complete(self, submission: Submission, job: int | None) -> Submission:
        if submission.job is not None or job is None:
            return submission
        completed = submission.model_copy(update={"job": job})
        self.write(completed)
        return completed


def living(records: Records) -> dict[Task, TaskState] | None:
    """Give the elements that run or wait, and what Slurm tells of them; None if it is silent."""
    known = {task.id: task for task in records.tasks()}
    states = commands.squeue({task.job for task in known})
    if states is None:
        return None
    found = {known[state.id]: state for state in states.values() if state.id in known}
    return {task: state for task, state in found.items() if _is_still(task, state)}


def _is_still(task: Task, state: TaskState) -> bool:
    """Say whether a job lives and is ours: numbers of jobs are given again some day."""
    return state.lives and state.script == f"{task.token}.sh"


def deal(run_ids: Sequence[str], runs_per_job: int, most: int) -> list[list[tuple[str, ...]]]:
    """Deal runs out to arrays of at most `most` elements of `runs_per_job` runs each.

    The runs come longest first; as with cards, no element gets all of the long ones.
    """
    number = -(-len(run_ids) // runs_per_job)
    hands = [tuple(run_ids[first::number]) for first in range(number)]
    return [hands[first : first + most] for first in range(0, number, most)]
