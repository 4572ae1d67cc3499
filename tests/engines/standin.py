"""What `dpsrun work` is without torch: jobs, workers, leases and files are real, training is not.

The jobs of a test load this, and the servers of their workers: it puts stand-ins in place.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from typing import Any

from dpsrun.execution import devices, local, traces, worker
from dpsrun.execution.engine import Progress
from dpsrun.execution.worker import Assignment
from dpsrun.runs.files import write_whole
from dpsrun.runs.frozen import digest
from dpsrun.runs.result import CODE, Evaluation, Result
from tests.engines.grids import PROGRAM

STEPS = 3


def attempt(task: Assignment, report: Callable[[Progress], None]) -> Result:
    """Stand in for a fine-tune: the score follows from the run's id.

    It says where it is done, and waits there while the results folder has a file `wait`.
    """
    score = int(digest(task.run_id, 4), 16) / 16**4
    names = ("SLURMD_NODENAME", "SLURM_ARRAY_JOB_ID", "RAY_RAYLET_PID", "CUDA_VISIBLE_DEVICES")
    where = {name: os.environ.get(name, "") for name in names}
    write_whole(task.log.with_name("where.txt"), repr({**where, "pid": os.getpid()}))
    report(Progress(1, STEPS, epoch=1, loss=0.5, score=None, rate=100.0))
    try:
        while (task.store.root / "wait").exists():
            time.sleep(0.05)
    except KeyboardInterrupt as stop:
        failure = worker.describe(stop, task.log)
        facts: dict[str, Any] = {"run": task.run_id, "attempt": task.attempt, "code": CODE}
        return Result(**facts, outcome=failure.kind, failure=failure)
    last = Evaluation(
        epoch=1, step=STEPS, metrics={"validation": {"accuracy": score}}, primary=score,
        train_loss=0.5,
    )  # fmt: skip
    return Result(
        run=task.run_id,
        attempt=task.attempt,
        code=CODE,
        outcome="ok",
        evaluations=(last,),
        best_epoch=1,
        environment=where,
    )


def preloads(model_types: Collection[str]) -> list[str]:
    """Let the server of the workers load this, and no torch."""
    return [__name__]


worker._attempt = attempt
local.preloads = preloads  # type: ignore[attr-defined]
traces.PROGRAM = PROGRAM
devices._torch_has_cuda = lambda: True
