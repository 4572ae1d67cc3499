"""What a run takes beside its training and evaluation steps."""

from __future__ import annotations

import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.fresh import COMMAND, in_worker
from benchmarks.latency import plan_of, write_grid
from benchmarks.measure import Settings, Spread, interleave, ratios
from benchmarks.tables import Row, Table
from dpsrun.execution import plan as planning
from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import drive
from dpsrun.execution.local import LocalEngine
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Result, Timing
from dpsrun.runs.store import Store
from dpsrun.training.finetune import Progress

SERVER, INTERPRETER = "forkserver", "new interpreter"


def measure(settings: Settings) -> Table:
    """Do runs of two steps in turns: through the server, and each in a new interpreter."""
    rounds = settings.pick(4, 1)
    in_worker(time.sleep, 0)  # the server has loaded its modules before the first run
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "results")
        runs = _order(Path(folder) / "startup.yaml", store)
        ways = {SERVER: runs[:rounds], INTERPRETER: runs[rounds : 2 * rounds]}
        turns = {
            SERVER: lambda i: _through_server(store, ways[SERVER][i]),
            INTERPRETER: lambda i: _alone(store, ways[INTERPRETER][i]),
        }
        walls = interleave(turns, rounds)
        timings = {way: [_timing(store, run) for run in done] for way, done in ways.items()}
    beside = {way: _beside(walls[way], timings[way]) for way in ways}
    rows: list[Row] = [
        {
            "process": way,
            "seconds beside steps": Spread.of(beside[way]),
            "of these, preparing the run": Spread.of([each.startup for each in timings[way]]),
            f"beside steps / {SERVER}": ratios(beside[way], beside[SERVER]),
        }
        for way in ways
    ]
    notes = (
        f"Median (range) of the wall time of {rounds} runs each way, in turns, one at a time, "
        "without their training and evaluation steps. The server had loaded its modules before, "
        "which a grid waits for once."
    )
    return Table("startup", "Start and end of a run", notes, rows)


class Silent:
    """A view that shows nothing."""

    def started(self, run_id: str, slot: str) -> None:
        """Show nothing."""

    def progressed(self, run_id: str, progress: Progress) -> None:
        """Show nothing."""

    def ended(self, run_id: str, result: Result | None) -> None:
        """Show nothing."""


def _order(grid: Path, store: Store) -> list[str]:
    write_grid(grid, seeds=1)
    with grid.open("a", encoding="utf-8") as file:
        file.write("training: {max_steps: 2}\n")
    plan = plan_of(grid, store.root)
    planning.write_orders(plan, list(plan.runs.values()), store, cache_folder())
    return list(plan.runs)


def _through_server(store: Store, run: str) -> None:
    drive(LocalEngine(store, [Slot(0, "cpu")], ["bert"], Silent()), [run])


def _alone(store: Store, run: str) -> None:
    subprocess.run([COMMAND, "work", run, "--results", str(store.root)], check=True)


def _timing(store: Store, run: str) -> Timing:
    result = store.result(run)
    if not isinstance(result, Result) or result.timing is None:
        raise RuntimeError(f"run {run} left no timing: {result}")
    return result.timing


def _beside(walls: list[float], timings: list[Timing]) -> list[float]:
    pairs = zip(walls, timings, strict=True)
    return [wall - timing.training - timing.evaluation for wall, timing in pairs]
