"""What a run takes beside its training and evaluation steps."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.fresh import in_worker
from benchmarks.grids import plan_of, timed, write_grid
from benchmarks.measure import Settings, Spread, ratios
from benchmarks.tables import Table, at_most
from dpsrun.execution.devices import Slot
from dpsrun.execution.drive import drive
from dpsrun.execution.engine import Progress
from dpsrun.execution.local.engine import LocalEngine
from dpsrun.execution.orders import write_orders
from dpsrun.runs.fingerprint import cache_folder
from dpsrun.runs.result import Result, Timing
from dpsrun.runs.store import Store

OVERHEAD = "overhead"
TARGETS = {OVERHEAD: 1.0}


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

    def ended(self, run_id: str, result: Result | None) -> None:  # noqa: ARG002
        """Note the end; raises RuntimeError for a run that failed."""
        self.runs.append((time.perf_counter() - self.began, timed(result)[1]))

    def said(self, words: str) -> None:
        """Look away."""


def measure(settings: Settings) -> Table:
    """Do short runs, one at a time, through the server that a grid uses."""
    in_worker(time.sleep, 0)  # the server has loaded its modules before the first run
    steps, repeats, watch = settings.pick(20, 2), settings.pick(8, 2), Stopwatch()
    with tempfile.TemporaryDirectory() as folder:
        store = Store(Path(folder) / "results")
        runs = _order(Path(folder) / "startup.yaml", store, settings, steps)[:repeats]
        drive(LocalEngine(store, [Slot(0, "cpu")], ["bert"], watch), runs)
    parts = _parts(watch.runs)
    rows = [
        {
            "part": name,
            "seconds": Spread.of(values),
            "share": ratios(values, parts["the whole run"]),
            "target": at_most(Spread.of(values), TARGETS.get(name)),
        }
        for name, values in parts.items()
    ]
    notes = (
        f"Median (range) of {repeats} runs of {steps} steps on mini tasks, one at a time; the "
        "overhead is the sum of the last two parts. The server had loaded its modules before, "
        "which a grid waits for once."
    )
    return Table("startup", "Overhead of a run", notes, rows)


def _parts(runs: list[tuple[float, Timing]]) -> dict[str, list[float]]:
    """Divide the wall time of each run."""
    work = [timing.training + timing.evaluation for _, timing in runs]
    return {
        "the whole run": [wall for wall, _ in runs],
        "training, evaluation": work,
        OVERHEAD: [wall - steps for (wall, _), steps in zip(runs, work, strict=True)],
        "preparing, recording": [t.total - s for (_, t), s in zip(runs, work, strict=True)],
        "starting, ending the process": [wall - timing.total for wall, timing in runs],
    }


def _order(grid: Path, store: Store, settings: Settings, steps: int) -> list[str]:
    write_grid(grid, settings, f"training: {{max_steps: {steps}}}")
    plan = plan_of(grid, store.root)
    write_orders(plan, list(plan.runs.values()), store, cache_folder())
    return list(plan.runs)
