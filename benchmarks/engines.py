"""The same grid by each engine that is at hand: what a run costs beside one on this machine."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from benchmarks.grids import call, words_of, write_grid
from benchmarks.measure import Settings, Spread, interleave, ratios
from benchmarks.tables import Row, Table
from benchmarks.workload import Workload
from dpsrun.execution.devices import cores

HERE = "local"
TASK, STEPS = "mini-cola", 2


def measure(settings: Settings) -> Table:
    """Do the same grid in turns here and on the clusters that are at hand.

    Slurm is at hand where there is `sbatch`, Ray where RAY_ADDRESS names it. Results lie in the
    working folder, which their nodes have to see.
    """
    runs = settings.pick(10, 2)
    Workload.of(TASK, replace(settings, data=None))
    with tempfile.TemporaryDirectory(dir=".") as folder:
        grid = Path(folder) / "grid.yaml"
        training = f"training: {{max_steps: {STEPS}, batch_size: 4, precision: fp32}}"
        write_grid(grid, settings, training, tasks=[TASK], methods=["vanilla"], seeds=runs)
        calls = {name: partial(_do, grid, name, options) for name, options in engines().items()}
        seconds = interleave(calls, settings.pick(3, 1))
    rows: list[Row] = [
        {
            "engine": name,
            "seconds": Spread.of(taken),
            "seconds a run": Spread.of([each / runs for each in taken]),
            "times local": ratios(taken, seconds[HERE]),
        }
        for name, taken in seconds.items()
    ]
    notes = (
        f"{runs} runs of {STEPS} steps and an evaluation on {TASK}, {cores()} at a time on this "
        "machine. Median (range) of whole commands, `dpsrun grid` to its tables, in turns."
    )
    return Table("engines", "A grid by each engine", notes, rows)


def engines() -> Mapping[str, Sequence[str]]:
    """Give the options of each engine that is at hand."""
    found: dict[str, Sequence[str]] = {HERE: ()}
    if shutil.which("sbatch"):
        found["Slurm, a run a job"] = ("--executor", "slurm")
        found["Slurm, 5 runs a job"] = ("--executor", "slurm", "--runs-per-job", "5")
    if os.environ.get("RAY_ADDRESS"):
        found["Ray"] = ("--executor", "ray")
    return found


def _do(grid: Path, name: str, options: Sequence[str], number: int) -> None:
    """Do the grid in a results folder of its own."""
    call([*words_of("grid", grid, grid.parent / f"{name} {number}"), *options])
