"""How a grid grows: wall time a run and the launcher's memory, for 1, 2, 4 and 8 times the runs."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.grids import call, timed, words_of, write_grid
from benchmarks.measure import Settings
from benchmarks.tables import Row, Table, at_most
from benchmarks.workload import Workload
from dpsrun.execution.devices import cores
from dpsrun.runs.store import Store

FACTORS = (1, 2, 4, 8)
TARGET = 1.05
TASK, STEPS = "mini-cola", 2


@dataclass(frozen=True)
class Grown:
    """What a grid of some runs took: seconds from its first run to its last, launcher's peak."""

    runs: int
    seconds: float
    peak_kib: int


def measure(settings: Settings) -> Table:
    """Do grids of equal runs, from small to large, and the smallest once more at the end.

    The machine is not equally fast all the time: the others are compared with the mean of both.
    """
    factors = FACTORS[: settings.pick(len(FACTORS), 2)]
    first = settings.pick(10, 1) * cores()
    rows = rows_of([grow(settings, factor * first) for factor in (*factors, 1)])
    notes = (
        f"Runs of {STEPS} steps and an evaluation on {TASK}, {cores()} at a time, by "
        "`dpsrun grid`. Seconds: from the start of the first run to the end of the last, without "
        "the commands' own start and tables. Memory: the largest resident memory of the process of "
        "`dpsrun grid` itself, tables included, without those of its runs."
    )
    return Table("scaling", "A grid of more and more runs", notes, rows)


def rows_of(grown: Sequence[Grown]) -> list[Row]:
    """Compare all grids with the first and the last, which are equally large."""
    base, rows = grown[0], list[Row]()
    pace = (base.seconds + grown[-1].seconds) / 2 / base.runs
    for each in grown:
        target = None if each.runs == base.runs else TARGET
        ratio = each.seconds / each.runs / pace
        memory = each.peak_kib / base.peak_kib
        rows.append(
            {
                "runs": str(each.runs),
                "seconds": each.seconds,
                "seconds a run": each.seconds / each.runs,
                "a run / smallest grids'": ratio,
                "time target": at_most(ratio, target),
                "launcher MiB": each.peak_kib / 1024,
                "launcher / smallest grid's": memory,
                "memory target": at_most(memory, target),
            }
        )
    return rows


def grow(settings: Settings, runs: int) -> Grown:
    """Do a grid of so many runs in a results folder of its own, on tokens that are there."""
    Workload.of(TASK, replace(settings, data=None))
    with tempfile.TemporaryDirectory() as folder:
        file, results, peak = (Path(folder) / name for name in ("grid.yaml", "results", "peak"))
        training = f"training: {{max_steps: {STEPS}, batch_size: 4}}"
        write_grid(file, settings, training, tasks=[TASK], methods=["vanilla"], seeds=runs)
        _, *words = words_of("grid", file, results)
        call([sys.executable, "-m", "benchmarks.launcher", str(peak), *words])
        return Grown(runs, span(Store(results), runs), int(peak.read_text(encoding="utf-8")))


def span(store: Store, runs: int) -> float:
    """Give the seconds from the first run's start to the last run's end, by the result files."""
    found = [timed(store.result(run)) for run in store.run_ids()]
    if len(found) != runs:
        raise RuntimeError(f"{len(found)} runs instead of {runs}")
    ends = [_written(store, result.run) for result, _ in found]
    starts = [end - timing.total for end, (_, timing) in zip(ends, found, strict=True)]
    return max(ends) - min(starts)


def _written(store: Store, run: str) -> float:
    return (store.folder(run) / "result.json").stat().st_mtime
