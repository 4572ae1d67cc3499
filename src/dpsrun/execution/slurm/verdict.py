"""What it means that a job is over and a run of it has no result."""

from __future__ import annotations

from dpsrun.execution.slurm.commands import TaskState
from dpsrun.execution.slurm.submission import Records, Task
from dpsrun.runs.files import tail
from dpsrun.runs.result import CODE, Failure, Outcome, Result
from dpsrun.runs.store import Store


def verdict(records: Records, run_id: str, task: Task, state: TaskState | None) -> Result:
    """Word the end of a run, for those who watch: what stays on record is what attempts left.

    A job that failed before it began is an error; whatever else ended one interrupted its run.
    """
    kind: Outcome = "interrupted"
    if state is None:
        words = f"its job {task.id} left the queue"
    elif failed_before_it_began(records.store, task, state):
        kind, words = "error", "its job failed before it began"
    else:
        words = f"its job {task.id} ended with {state.state}"
    failure = Failure(kind=kind, message=words, log_tail=tail(records.log(task)))
    return Result(run=run_id, attempt=task.token, code=CODE, outcome=kind, failure=failure)


def failed_before_it_began(store: Store, task: Task, state: TaskState | None) -> bool:
    """Say whether a job failed by itself, and did so before its first attempt at a run."""
    return state is not None and state.state == "FAILED" and not has_begun(store, task)


def has_begun(store: Store, task: Task) -> bool:
    """Say whether a job has made an attempt at one of its runs; tokens sort by time."""
    return any(attempt > task.token for run in task.runs for attempt in store.attempts(run))


def refusal(records: Records, task: Task, nodes: str) -> str:
    """Say why none of an array's jobs could begin, as the log of one of them tells."""
    place = f"job {task.id} failed on {nodes} before it began"
    if log := tail(records.log(task)):
        return f"{place}; the others were cancelled. It said:\n{log}"
    reason = f"its log {records.log(task)} is missing or empty: the nodes may not see that folder"
    return f"{place}; {reason}; choose --results on a file system that they share"
