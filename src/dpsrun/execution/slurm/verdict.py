"""What it means that a job is over and a run of it has no result."""

from __future__ import annotations

from dpsrun.errors import UserError
from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.commands import TaskState
from dpsrun.execution.slurm.submission import Records, Task, tasks
from dpsrun.runs.files import tail
from dpsrun.runs.result import CODE, Failure, Outcome, Result
from dpsrun.runs.store import Store


def verdict(records: Records, run_id: str, task: Task, state: TaskState | None) -> Result:
    """Word the end of a run, for those who watch: what stays on record is what attempts left.

    A job that failed before it began is an error; raises UserError if none of its array could
    begin, for then none will, and cancels them. Whatever else ended a job interrupted the run.
    """
    log = tail(records.log(task))
    if state is None:
        return _result(run_id, task, "interrupted", f"its job {task.id} left the queue", log)
    if state.state != "FAILED" or has_begun(records.store, task):
        words = f"its job {task.id} ended with {state.state}"
        return _result(run_id, task, "interrupted", words, log)
    array = [one for one in tasks(records.completed()) if one.token == task.token]
    if not any(has_begun(records.store, one) for one in array):
        commands.scancel(one.id for one in array)
        raise UserError(_refusal(records, task, state, log))
    return _result(run_id, task, "error", "its job failed before it began", log)


def has_begun(store: Store, task: Task) -> bool:
    """Say whether a job has made an attempt at one of its runs; tokens sort by time."""
    return any(attempt > task.token for run in task.runs for attempt in store.attempts(run))


def _refusal(records: Records, task: Task, state: TaskState, log: str) -> str:
    place = f"job {task.id} failed on {state.nodes or 'its node'} before it began"
    if log:
        return f"{place}; the others were cancelled. It said:\n{log}"
    path = records.log(task)
    hint = "choose --results on a file system that they share"
    return f"{place}; its log {path} is missing or empty: the nodes may not see that folder; {hint}"


def _result(run_id: str, task: Task, kind: Outcome, words: str, log: str) -> Result:
    failure = Failure(kind=kind, message=words, log_tail=log)
    return Result(run=run_id, attempt=task.token, code=CODE, outcome=kind, failure=failure)
