"""A launcher whose runs need milliseconds and no torch; queue, workers, leases and files are real.

Only `python -m tests.storm` and the server of its workers load this: it puts stand-ins in place.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

from dpsrun.execution import worker
from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import drive
from dpsrun.execution.engine import Progress
from dpsrun.execution.local import LocalEngine
from dpsrun.execution.worker import Assignment
from dpsrun.runs.files import write_whole
from dpsrun.runs.frozen import digest
from dpsrun.runs.result import CODE, Evaluation, Metrics, Result, Timing
from dpsrun.runs.store import Store

STEPS = 3
PAUSE_SECONDS = 0.005

P = ParamSpec("P")
T = TypeVar("T")


def attempt(task: Assignment, report: Callable[[Progress], None]) -> Result:
    """Stand in for a fine-tune: all that a table shows follows from the run's id."""
    score = int(digest(task.run_id, 4), 16) / 16**4
    for step in range(1, STEPS + 1):
        report(Progress(step, STEPS, epoch=1, loss=0.5, score=score, rate=100.0))
    write_whole(task.log.with_name("curve.csv"), f"{score}\n")
    metrics: dict[str, Metrics] = {"validation": {"accuracy": score}}
    last = Evaluation(epoch=1, step=STEPS, metrics=metrics, primary=score, train_loss=0.5)
    return Result(
        run=task.run_id,
        attempt=task.attempt,
        code=CODE,
        outcome="ok",
        evaluations=(last,),
        best_epoch=1,
        timing=Timing(total=2.0, startup=0.5, training=1.0, evaluation=0.5, steps=STEPS, tokens=9),
    )


def slow(operation: Callable[P, T]) -> Callable[P, T]:
    """Stand in for a slow disk: kills find the time to fall between one operation and the next."""

    def slowly(*values: P.args, **options: P.kwargs) -> T:
        given = operation(*values, **options)
        time.sleep(PAUSE_SECONDS)
        return given

    return slowly


worker._attempt = attempt
os.fsync, os.replace, os.link = slow(os.fsync), slow(os.replace), slow(os.link)


class Unwatched:
    """A view that looks away."""

    def started(self, *_: object) -> None: ...
    def progressed(self, *_: object) -> None: ...
    def ended(self, *_: object) -> None: ...
    def said(self, *_: object) -> None: ...


def launch(results: Path) -> int:
    """Do what is missing, with two workers, and write the tables, as `dpsrun grid` does."""
    store = Store(results)
    engine = LocalEngine(store, [Slot(0, "cpu"), Slot(1, "cpu")], (), Unwatched())
    multiprocessing.get_context("forkserver").set_forkserver_preload([__name__])
    drive(engine, [run for run in undone(store) if not store.recover(run)])
    from dpsrun.report.produce import produce  # most launchers are killed before they need it

    produce(store.root, everything=False, names=())
    return 3 if undone(store) else 0


def undone(store: Store) -> list[str]:
    """Name the runs that have no result yet."""
    return [run for run in store.run_ids() if not isinstance(store.result(run), Result)]
