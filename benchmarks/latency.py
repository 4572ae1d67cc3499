"""How long commands take that train nothing, each as a process of its own."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks.fresh import COMMAND
from benchmarks.grids import call, plan_of, words_of, write_grid
from benchmarks.measure import Settings, Spread, interleave, ratios
from benchmarks.pretended import pretend
from benchmarks.tables import Table, at_most
from dpsrun.runs.store import Store

PYTHON = "python -c pass"
RUNS_PER_SEED = 8


def measure(settings: Settings) -> Table:
    """Time the commands in turns."""
    with tempfile.TemporaryDirectory() as folder:
        commands = _commands(Path(folder), settings)
        calls = {
            name: (lambda _, words=words: call(words)) for name, (words, _) in commands.items()
        }
        seconds = interleave(calls, settings.pick(7, 1))
    rows = [
        {
            "command": name,
            "seconds": Spread.of(seconds[name]),
            "target": at_most(Spread.of(seconds[name]), target),
            "times bare Python": ratios(seconds[name], seconds[PYTHON]),
        }
        for name, (_, target) in commands.items()
    ]
    notes = "Median (range) of whole processes, the commands in turns."
    return Table("latency", "Wall time of commands that train nothing", notes, rows)


def _commands(folder: Path, settings: Settings) -> dict[str, tuple[list[str], float | None]]:
    """Prepare grids and results; give the words of each command, and its target in seconds."""
    many, some = settings.pick(10_000, 16), settings.pick(1_000, 16)
    large, small, results = folder / "large.yaml", folder / "small.yaml", folder / "results"
    write_grid(large, settings, seeds=many // RUNS_PER_SEED)
    write_grid(small, settings, seeds=some // RUNS_PER_SEED)
    pretend(plan_of(small, results), Store(results))
    return {
        PYTHON: ([sys.executable, "-c", "pass"], None),
        "dpsrun --help": ([COMMAND, "--help"], 0.3),
        f"plan of {many} new runs": (words_of("plan", large, results), 2.0),
        f"report on {some} runs": ([COMMAND, "report", str(results)], None),
        f"grid of {some} runs, all done": (words_of("grid", small, results), 1.5),
    }
