"""A report of ten thousand runs: how long it takes, and how much memory."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.grids import call, plan_of, timed, words_of, write_grid
from benchmarks.measure import Settings, Spread
from benchmarks.pretended import pretend
from benchmarks.tables import Row, Table, at_most
from dpsrun.runs.result import Result
from dpsrun.runs.store import Store

SECONDS, MIB = 6.0, 500.0
SEEDS = 5
FRACTIONS = [round(0.03 * n, 2) for n in range(1, 26)]
RATIOS = [round(0.02 * n, 2) for n in range(1, 21)]


def measure(settings: Settings) -> Table:
    """Report an ablation's results again and again, each time in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store(folder / "many")
        runs = publish(store, folder / "ablation.yaml", settings)
        taken = [_report(store, folder / "peak") for _ in range(settings.pick(5, 1))]
    seconds, mib = (Spread.of(values) for values in zip(*taken, strict=True))
    row: Row = {
        "runs": str(runs),
        "seconds": seconds,
        "time target": at_most(seconds, SECONDS),
        "MiB": mib,
        "memory target": at_most(mib, MIB),
    }
    notes = (
        "`dpsrun report --no-bootstrap --no-figures` on an ablation of DPS Mix beside vanilla, "
        f"{SEEDS} seeds a cell; each result is a copy of that of one real run, with made-up "
        "scores. Median (range) of whole processes, and their largest resident memory."
    )
    return Table("reporting", "A report of many runs", notes, [row])


def publish(store: Store, file: Path, settings: Settings) -> int:
    """Write an ablation and a result for each of its runs; give their number."""
    sweep = {"drop_fraction": FRACTIONS, "update_ratio": RATIOS}
    lines = [f"  params.{key}: {found[: settings.pick(25, 2)]}" for key, found in sweep.items()]
    write_grid(file, settings, "sweep:", *lines, methods=["vanilla", "dps-mix"], seeds=SEEDS)
    plan = plan_of(file, store.root)
    pretend(plan, store, _real(file.with_name("one.yaml"), settings))
    return len(plan.runs)


def _real(file: Path, settings: Settings) -> Result:
    """Do one run of DPS Mix; give its result."""
    one = Store(file.with_name("one"))
    length = f"training: {{epochs: {settings.pick(3, 1)}}}"
    write_grid(file, settings, length, tasks=["mini-cola"], methods=["dps-mix"])
    call(words_of("grid", file, one.root))
    (run,) = one.run_ids()
    return timed(one.result(run))[0]


def _report(store: Store, peak: Path) -> tuple[float, float]:
    """Report once; give the seconds, and the MiB at their peak."""
    words = ["report", str(store.root), "--no-bootstrap", "--no-figures"]
    began = time.perf_counter()
    call([sys.executable, "-m", "benchmarks.launcher", str(peak), *words])
    return time.perf_counter() - began, int(peak.read_text(encoding="utf-8")) / 1024
