"""What a run takes beside its training and evaluation steps."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.fresh import in_worker
from benchmarks.latency import plan_of, write_grid
from benchmarks.measure import Settings, Spread
from benchmarks.tables import Row, Table
from dpsrun.execution import plan as planning
from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import drive
from dpsrun.execution.engine import Progress
from dpsrun.execution.local import LocalEngine
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Result, Timing
from dpsrun.runs.store import Store


class Stopwatch:
    """A view that notes the wall time and the timing of each run."""

    def __init__(self) -> None:
        self.began = 0.0
        self.runs: list[tuple[float, Timing]] = []

    def started(self, run_id: str, slot: str) -> None:  # noqa: ARG002 (as engines call it)
        """Note the start of the one run at work."""
        self.began = time.perf_counter()

    def progressed(self, run_id: str, progress: Progress) -> None:
        """Wait for the end."""

    def ended(self, run_id: str, result: Result | None) -> None:
        """Note the end; raises RuntimeError for a run that failed."""
        if result is None or result.timing is None:
            raise RuntimeError(f"run {run_id} left no timing: {result}")
        self.runs.append((time.perf_counter() - self.began, result.timing))


def measure(settings: Settings) -> Table:
    """Do short runs, one at a time, through the server that a grid uses."""
    in_worker(time.sleep, 0)  # the server has loaded its modules before the first run
    steps, repeats, watch = settings.pick(20, 2), settings.pick(8, 2), Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "results")
        runs = _order(Path(folder) / "startup.yaml", store, steps)[:repeats]
        drive(LocalEngine(store, [Slot(0, "cpu")], ["bert"], watch), runs)
    walls = [wall for wall, _ in watch.runs]
    work = [timing.training + timing.evaluation for _, timing in watch.runs]
    inside = [timing.total - seconds for (_, timing), seconds in zip(watch.runs, work, strict=True)]
    outside = [wall - timing.total for wall, timing in watch.runs]
    parts = {"the whole run": walls, "training, evaluation": work}
    parts |= {"preparing, recording": inside, "starting, ending the process": outside}
    rows: list[Row] = [
        {
            "part": name,
            "seconds": Spread.of(values),
            "share": Spread.of([v / wall for v, wall in zip(values, walls, strict=True)]),
        }
        for name, values in parts.items()
    ]
    notes = (
        f"Median (range) of {repeats} runs of {steps} steps on mini tasks, one at a time; the "
        "last two parts are the overhead. The server had loaded its modules before, which a grid "
        "waits for once."
    )
    return Table("startup", "Overhead of a run", notes, rows)


def _order(grid: Path, store: Store, steps: int) -> list[str]:
    write_grid(grid, seeds=1)
    with grid.open("a", encoding="utf-8") as file:
        file.write(f"training: {{max_steps: {steps}}}\n")
    plan = plan_of(grid, store.root)
    planning.write_orders(plan, list(plan.runs.values()), store, cache_folder())
    return list(plan.runs)
