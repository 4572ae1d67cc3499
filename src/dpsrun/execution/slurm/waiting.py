"""What `dpsrun status` tells of Slurm's queue."""

from __future__ import annotations

from dataclasses import dataclass

from dpsrun.errors import UserError
from dpsrun.execution.slurm.submission import Records, living
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store


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


def queued(store: Store) -> list[Queued]:
    """List these runs; none where Slurm cannot be asked."""
    try:
        found = living(Records(store)) or {}
    except UserError:
        return []
    return [
        Queued(run_id, str(task.id), state.state, state.reason)
        for task, state in found.items()
        for run_id in task.runs
        if not isinstance(store.result(run_id), Result)
    ]
