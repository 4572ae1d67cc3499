"""A stand-in for a fine-tune, which takes milliseconds; importing this puts it in place.

The launcher imports it, and the server of its workers. What surrounds a training is real: what
becomes of its exceptions, its conditions, its log, its result.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dpsrun.execution import devices, traces, worker
from dpsrun.execution.engine import Progress
from dpsrun.execution.local import engine, server
from dpsrun.execution.worker import Assignment
from dpsrun.runs.files import write_whole
from dpsrun.runs.frozen import digest
from dpsrun.runs.result import Evaluation, Timing
from tests.extra.extra_acts import act
from tests.standin import PROGRAM

TOLD = ("SLURMD_NODENAME", "SLURM_ARRAY_JOB_ID", "RAY_RAYLET_PID", "CUDA_VISIBLE_DEVICES")
"""Variables that say where a run is done."""


class Training:
    """Takes the steps of a run without computing anything.

    A method of `tests/extra` behaves as badly as it does in a training. The first step waits while
    the results folder has a file `wait`; `where.txt` of the attempt says where that is.
    """

    degenerate = False

    def __init__(self, task: Assignment, report: Callable[[Progress], None]) -> None:
        self.task, self.report, self.order = task, report, task.order()
        self.score = int(digest(task.run_id, 4), 16) / 16**4
        self.where = {name: os.environ.get(name, "") for name in TOLD}

    def train(self) -> None:
        where = {**self.where, "pid": os.getpid()}
        write_whole(self.task.log.with_name("where.txt"), repr(where))
        spec, steps = self.order.spec, self.order.total_steps
        for step in range(1, steps + 1):
            act(spec.method, step, spec.training.micro_batch_size or spec.training.batch_size)
            self.report(Progress(step, steps, epoch=1, loss=0.5, score=self.score, rate=100.0))
            while step == 1 and (self.task.store.root / "wait").exists():
                time.sleep(0.05)

    def write_files(self, folder: Path) -> None:
        write_whole(folder / "curve.csv", f"{self.score}\n")

    def hashes(self) -> dict[str, str]:
        names = ("weights", "predictions", "order")
        return {name: digest([self.task.run_id, name], 64) for name in names}

    def facts(self) -> dict[str, Any]:
        steps = self.order.total_steps
        last = Evaluation(
            epoch=1,
            step=steps,
            metrics={"validation": {"accuracy": self.score}},
            primary=self.score,
            train_loss=0.5,
        )
        took = {"total": 2.0, "startup": 0.5, "training": 1.0, "evaluation": 0.5}
        return {
            "evaluations": (last,),
            "best_epoch": 1,
            "timing": Timing(**took, steps=steps, tokens=9),
            "environment": self.where,
        }


def preloads(_model_types: object) -> list[str]:
    """Let the server of the workers load this, and no torch."""
    return [__name__]


worker._prepare = Training  # type: ignore[assignment]
worker._facts = Training.facts  # type: ignore[assignment]
server.preloads = preloads  # type: ignore[assignment]
engine.preloads = preloads  # type: ignore[attr-defined,assignment]
traces.PROGRAM = PROGRAM
devices._torch_has_cuda = lambda: True
