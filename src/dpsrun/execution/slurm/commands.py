"""Slurm's commands as functions. Each has a time limit, for a controller may be away."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from dpsrun.errors import UserError

PATIENCE_SECONDS = 60.0
"""Clients of a controller that is away give up after about ten seconds by themselves."""

NOT_HERE = "there is no {} on the PATH: Slurm's commands are on the login nodes of its clusters"

ENDED = frozenset(
    {
        *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL"),
        *("OUT_OF_MEMORY", "PREEMPTED", "REVOKED", "TIMEOUT"),
    }
)
"""States of jobs that are over (squeue(1), JOB STATE CODES); all others may still do something."""

WAITING = frozenset({"PENDING", "REQUEUED", "REQUEUE_HOLD", "REQUEUE_FED", "SPECIAL_EXIT"})
"""States of jobs that have no node now."""

FILTER = re.compile(r"(SQUEUE|SCANCEL)_|SBATCH_(WAIT|ARRAY_INX)$")
"""Variables by which a user sees fewer jobs, or waits for them: we have to see all of ours."""

FIELDS = "%F|%K|%T|%r|%N|%o"
"""Job, index in its array, state, reason, nodes, script (squeue(1), --format)."""


class TaskId(NamedTuple):
    """One element of a job array."""

    job: int
    element: int

    def __str__(self) -> str:
        """Write it as Slurm does."""
        return f"{self.job}_{self.element}"


@dataclass(frozen=True)
class TaskState:
    """What squeue tells of an array's element: `reason` it waits or ended, `nodes` it is on.

    `command` is its script, by the path that it was submitted with: folders have several.
    """

    id: TaskId
    state: str
    reason: str
    nodes: str
    command: str

    @property
    def script(self) -> str:
        """Name the file of its script; ours have unique names."""
        return self.command.rpartition("/")[2]

    @property
    def lives(self) -> bool:
        """Whether it runs, or may run some day."""
        return self.state not in ENDED

    @property
    def works(self) -> bool:
        """Whether it has a node now."""
        return self.lives and not self.waits

    @property
    def waits(self) -> bool:
        """Whether it has no node now and may get one."""
        return self.state in WAITING


def check_installed() -> None:
    """Raise UserError where there is no Slurm."""
    if shutil.which("sbatch") is None:
        raise UserError(NOT_HERE.format("sbatch"))


def sbatch(words: Sequence[str]) -> int:
    """Submit a job and give its number; raises UserError with Slurm's words if it is refused."""
    said = _said(["sbatch", "--parsable", *words])
    if not (found := re.match(r"\d+", said)):  # a cluster's name may follow
        raise UserError(f"sbatch: gave no number of a job, but said: {said[:200].strip()}")
    return int(found[0])


def squeue(jobs: Collection[int]) -> dict[TaskId, TaskState] | None:
    """Tell what is known of some jobs; None is no news: Slurm does not answer.

    What Slurm does not know any more is left out: it is over.
    """
    if not jobs:
        return {}
    ended = _run([*_listing(), f"--jobs={','.join(map(str, jobs))}"])
    if ended.returncode and "Invalid job id" in ended.stderr:  # said where it knows none of them
        return {}
    return None if ended.returncode else _states(ended.stdout)


def own_jobs() -> dict[TaskId, TaskState]:
    """Tell of all jobs of this user; raises UserError if Slurm does not answer."""
    return _states(_said([*_listing(), "--me"]))


def scancel(tasks: Iterable[TaskId], *, pending: bool = False) -> None:
    """Cancel elements of arrays, or those of them that have not begun.

    Raises UserError if Slurm does not answer; what is over already is none.
    """
    indices: dict[int, list[int]] = {}
    for task in tasks:
        indices.setdefault(task.job, []).append(task.element)
    names = [f"{job}_[{','.join(map(str, each))}]" for job, each in indices.items()]
    if names:
        _said(["scancel", "--quiet", *(["--state=PENDING"] if pending else []), *names])


def max_array_size() -> int:
    """Give how many elements an array may have: indices lie below `MaxArraySize`."""
    found = re.search(
        r"^MaxArraySize\s*= (\d+)$", _said(["scontrol", "show", "config"]), re.MULTILINE
    )
    return max(1, int(found[1])) if found else 1


def _listing() -> list[str]:
    return ["squeue", "--noheader", "--array", "--states=all", f"--format={FIELDS}"]


def _states(text: str) -> dict[TaskId, TaskState]:
    rows = (line.split("|", FIELDS.count("|")) for line in text.splitlines())
    states = (
        TaskState(TaskId(int(job), int(index)), *rest)
        for job, index, *rest in (row for row in rows if len(row) > FIELDS.count("|"))
        if index.isdigit()  # else it is no array, and not ours
    )
    return {state.id: state for state in states}


def _said(words: Sequence[str]) -> str:
    ended = _run(words)
    if ended.returncode:
        raise UserError(f"{words[0]}: {_reason(ended.stderr)}")
    return ended.stdout


def _reason(said: str) -> str:
    """Give what a command says, without what it repeats in each line."""
    lines = (re.sub(r"^\w+: (error|fatal): ", "", line) for line in said.splitlines())
    return "; ".join(dict.fromkeys(filter(None, lines))) or "failed without a word"


def _run(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run one of Slurm's commands; one that takes too long has failed.

    Raises UserError where Slurm is not installed.
    """
    try:
        return subprocess.run(
            words,
            env={name: value for name, value in os.environ.items() if not FILTER.match(name)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
            start_new_session=True,  # Ctrl-C is for us: a submission comes to its end
        )
    except FileNotFoundError as error:
        raise UserError(NOT_HERE.format(words[0])) from error
    except subprocess.TimeoutExpired:
        late = f"no answer within {PATIENCE_SECONDS:g} s"
        return subprocess.CompletedProcess(words, 1, "", late)
