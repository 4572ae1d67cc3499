"""What becomes of runs by what Slurm tells of their jobs, without a Slurm."""

from __future__ import annotations

from pathlib import Path

import pytest

from dpsrun.errors import UserError
from dpsrun.execution import traces
from dpsrun.execution.slurm import commands
from dpsrun.execution.slurm.commands import TaskId, TaskState
from dpsrun.execution.slurm.queue import ENOUGH, Queue
from dpsrun.execution.slurm.submission import Submission
from dpsrun.runs.files import new_token
from tests.engines.grids import OnSlurm


class Slurm:
    """Tells of the elements of job 7 what the test says, and remembers what was cancelled."""

    def __init__(self, work: OnSlurm) -> None:
        self.work, self.cancelled = work, set[TaskId]()
        array = Submission(token=new_token(), tasks=tuple((run,) for run in work.runs), job=7)
        self.queue = Queue(work.engine.records, work.seen)
        self.queue.records.write(array)
        self.queue.tasks = {task.runs[0]: task for task in array.elements}
        self.states = dict.fromkeys((task.id for task in array.elements), "RUNNING")

    def squeue(self, _: object) -> dict[TaskId, TaskState]:
        return {task: TaskState(task, state, "", "n1", "") for task, state in self.states.items()}

    def look(self, *states: str) -> None:
        """Let the elements be in these states, and look."""
        self.states = dict(zip(self.states, states, strict=True))
        self.queue.look()


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Slurm:
    found = Slurm(OnSlurm.of(tmp_path, 3))
    monkeypatch.setattr(traces, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(commands, "squeue", found.squeue)
    monkeypatch.setattr(commands, "scancel", found.cancelled.update)
    return found


def test_a_node_that_cannot_work_does_not_end_jobs_that_still_load(slurm: Slurm) -> None:
    slurm.look("FAILED", "RUNNING", "PENDING")
    assert (slurm.cancelled, slurm.work.seen.ends) == (set(), {})
    slurm.work.store.begin(slurm.work.runs[1])
    slurm.look("FAILED", "RUNNING", "PENDING")
    assert slurm.work.seen.ends == {slurm.work.runs[0]: "error"}
    assert slurm.work.seen.failures == ["its job failed before it began"]


def test_once_no_job_can_begin_those_that_wait_are_cancelled(slurm: Slurm) -> None:
    with pytest.raises(UserError, match=r"job 7_0 failed on n1 before it .* is missing"):
        slurm.look("FAILED", "FAILED", "PENDING")
    assert slurm.cancelled == set(slurm.states)
    assert slurm.queue.tasks == {}


def test_many_jobs_that_failed_alike_speak_for_those_that_still_load(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slurm = Slurm(OnSlurm.of(tmp_path, ENOUGH + 1))
    monkeypatch.setattr(traces, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(commands, "squeue", slurm.squeue)
    monkeypatch.setattr(commands, "scancel", slurm.cancelled.update)
    with pytest.raises(UserError, match="before it began"):
        slurm.look(*["FAILED"] * ENOUGH, "RUNNING")


def test_what_the_user_sees_of_the_queue_does_not_hide_our_jobs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tool = tmp_path / "squeue"
    tool.write_text(
        '#!/bin/sh\necho "7|0|${SQUEUE_PARTITION:-RUNNING}|None|n1|/a|b.sh"\necho "torn|"\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setenv("SQUEUE_PARTITION", "none")
    found = commands.squeue([7])
    assert found == {TaskId(7, 0): TaskState(TaskId(7, 0), "RUNNING", "None", "n1", "/a|b.sh")}
    assert found[TaskId(7, 0)].script == "a|b.sh".rpartition("/")[2]
