"""A launcher whose runs take milliseconds; queue, workers, leases and files are real.

Only `python -m tests.storm` and the server of its workers load this: it puts in place the stand-in
for training, and one for a slow disk.
"""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import tests.standin.training  # noqa: F401 (puts it in place)
from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import drive
from dpsrun.execution.local.engine import LocalEngine
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

PAUSE_SECONDS = 0.005

P = ParamSpec("P")
T = TypeVar("T")


def slow(operation: Callable[P, T]) -> Callable[P, T]:
    """Stand in for a slow disk: kills find the time to fall between one operation and the next."""

    def slowly(*values: P.args, **options: P.kwargs) -> T:
        given = operation(*values, **options)
        time.sleep(PAUSE_SECONDS)
        return given

    return slowly


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
