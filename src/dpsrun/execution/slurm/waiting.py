"""What `dpsrun status` tells of Slurm's queue, and of jobs that could not begin."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from dpsrun.errors import UserError
from dpsrun.execution.slurm.commands import TaskState
from dpsrun.execution.slurm.submission import Records, Task, living
from dpsrun.execution.traces import has_begun
from dpsrun.runs.files import tail
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

SILENT = "Slurm does not answer: which of the runs to do are in its queue is not known"


CANCELLED = "it was over before it said a word"


@dataclass(frozen=True)
class Queued:
    """A run without a result that a living job is to do, or does."""

    run: str
    job: str
    state: str
    reason: str

    def __str__(self) -> str:
        """Say it in one line."""
        why = f" ({self.reason})" if self.reason not in {"", "None"} else ""
        return f"{self.run}: Slurm job {self.job}, {self.state}{why}"


@dataclass(frozen=True)
class NotBegun:
    """Runs to do whose last job, and perhaps others like it, ended before it began them."""

    runs: tuple[str, ...]
    job: str
    words: str
    log: str

    def __str__(self) -> str:
        """Say it in a line, and where there is more to read in a second one."""
        runs = "1 run" if len(self.runs) == 1 else f"{len(self.runs)} runs"
        place = f"\n  {self.log}" if self.log else ""
        return f"{runs} not begun by Slurm job {self.job}: {self.words}{place}"


@dataclass(frozen=True)
class Told:
    """What there is to tell."""

    queued: tuple[Queued, ...] = ()
    not_begun: tuple[NotBegun, ...] = ()


def look(store: Store) -> Told | None:
    """Ask Slurm, where runs of its jobs are to be done; None if it does not answer."""
    records = Records(store)
    told = (run_id for each in records.read() for runs in each.tasks for run_id in runs)
    if all(_is_done(store, run_id) for run_id in told):
        return Told()
    try:
        found = living(records)
        over = [] if found is None else _not_begun(records, found)
    except UserError:
        return None
    if found is None:
        return None
    return Told(tuple(_queued(store, found)), tuple(_alike(records, over)))


def _is_done(store: Store, run_id: str) -> bool:
    return isinstance(store.result(run_id), Result)


def _queued(store: Store, found: Mapping[Task, TaskState]) -> Iterator[Queued]:
    for task, state in found.items():
        for run_id in task.runs:
            if not _is_done(store, run_id):
                yield Queued(run_id, str(task.id), state.state, state.reason)


def _not_begun(records: Records, alive: Collection[Task]) -> list[Task]:
    """Give the jobs that are over and made no attempt, unless others took their runs on."""
    last = {run_id: task for task in records.tasks() for run_id in task.runs}
    over = [task for task in dict.fromkeys(last.values()) if task not in alive]
    begun = (has_begun(records.store, task.runs, task.token) for task in over)
    return [task for task, yes in zip(over, begun, strict=True) if not yes]


def _alike(records: Records, tasks: Iterable[Task]) -> Iterator[NotBegun]:
    """Put jobs together whose logs end alike; one without a log was cancelled in the queue."""
    groups: dict[str, list[Task]] = {}
    for task in tasks:
        lines = tail(records.log(task)).splitlines() or [CANCELLED]
        groups.setdefault(lines[-1], []).append(task)
    for words, alike in groups.items():
        left = (run for task in alike for run in task.runs if not _is_done(records.store, run))
        if runs := tuple(left):
            log = "" if words == CANCELLED else str(records.log(alike[0]))
            yield NotBegun(runs, str(alike[0].id), words, log)
